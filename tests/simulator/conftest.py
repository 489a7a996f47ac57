"""One simulator process for the whole folder, begun anew before each test, and real clients."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator

import ib_insync as ibi
import pytest

from simulator.control import SimulatorControl
from tests.simulator.processes import StartedSimulator, started_simulator

STATUSES = ("PreSubmitted", "Submitted", "Filled", "Cancelled", "Inactive")


class Desk:
    """An ib_insync connection with what a test wants to know of it."""

    def __init__(self, port: int, client_id: int = 1, **connection) -> None:
        self.port, self.client_id = port, client_id
        self.ib = ibi.IB()
        self.errors: list[tuple[int, int, str]] = []
        self.statuses: list[tuple[int, str]] = []
        self.complaints: list[str] = []
        self.ib.errorEvent += lambda number, code, text, _: self.errors.append((number, code, text))
        self.log = logging.Handler()
        self.log.emit = lambda record: self.complaints.append(record.getMessage())
        for name in ("ib_insync.Decoder", "eventkit"):
            logging.getLogger(name).addHandler(self.log)
        self.connect(**connection)

    def connect(self, timeout: float = 5, **connection) -> None:
        self.ib.connect("127.0.0.1", self.port, self.client_id, timeout, **connection)

    def reconnect(self) -> None:
        """Leave, and come back once ib_insync has noticed that it left."""
        self.ib.disconnect()
        self.settle(0.03)
        self.connect()

    def contract(self, contract):
        (found,) = self.ib.qualifyContracts(contract)
        return found

    def until(self, condition: Callable[[], bool], what: str, timeout_s: float = 3.0) -> None:
        ends = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < ends, f"{what} did not come about"
            # ib_insync raises from whatever runs while its socket ends.
            with contextlib.suppress(ConnectionError):
                self.ib.sleep(0.003)

    def until_status(self, trade, *statuses: str) -> None:
        self.until(
            lambda: trade.orderStatus.status in statuses,
            f"{statuses}, now {trade.orderStatus.status},",
        )

    def until_error(self, code: int) -> tuple[int, int, str]:
        self.until(lambda: any(error[1] == code for error in self.errors), f"error {code}")
        return next(error for error in self.errors if error[1] == code)

    def place(self, contract, order, *statuses: str):
        trade = self.ib.placeOrder(contract, order)
        if statuses:
            self.until_status(trade, *statuses)
        return trade

    def cancel(self, trade) -> None:
        self.ib.cancelOrder(trade.order)
        self.until_status(trade, "Cancelled")

    def settle(self, seconds: float = 0.15) -> None:
        """Give something that must not happen the time to happen."""
        with contextlib.suppress(ConnectionError):
            self.ib.sleep(seconds)

    def close(self) -> None:
        for name in ("ib_insync.Decoder", "eventkit"):
            logging.getLogger(name).removeHandler(self.log)
        # A connection the simulator ended must be noticed before it is left.
        self.settle(0.01)
        with contextlib.suppress(OSError):
            self.ib.disconnect()
        self.settle(0.01)
        assert not self.complaints, self.complaints[:3]


@pytest.fixture(scope="session")
def event_loop_of_ib_insync() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(autouse=True)
def _current_loop(event_loop_of_ib_insync) -> None:
    """ib_insync runs the thread's current loop, which `asyncio.run` elsewhere takes away."""
    asyncio.set_event_loop(event_loop_of_ib_insync)


@pytest.fixture(scope="session")
def simulator() -> Iterator[StartedSimulator]:
    with started_simulator(
        *("--tick-interval", "0", "--accounts", "DU1234567,DU1234568")
    ) as started:
        yield started


@pytest.fixture
def control(simulator) -> Iterator[SimulatorControl]:
    """The control port of a simulator as new, with AAPL at 200."""
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        control.call("reset")
        control.call("set_price", symbol="AAPL", price=200)
        yield control


@pytest.fixture
def desks(simulator, control) -> Iterator[Callable[..., Desk]]:
    """Connect as many clients as a test wants."""
    opened: list[Desk] = []

    def connect(client_id: int = 1, **connection) -> Desk:
        desk = Desk(simulator.port, client_id, account="DU1234567", **connection)
        opened.append(desk)
        return desk

    yield connect
    for desk in opened:
        desk.close()


@pytest.fixture
def desk(desks) -> Desk:
    return desks()


@pytest.fixture
def aapl(desk):
    return desk.contract(ibi.Stock("AAPL", "SMART", "USD"))


@pytest.fixture
def booked(control) -> Callable[[str], dict]:
    """The one order in the simulator's book with this reference."""

    def find(ref: str) -> dict:
        (row,) = control.call("book", orderRef=ref)["orders"]
        return row

    return find


@pytest.fixture
def order() -> Callable[..., ibi.Order]:
    """An order for the first account; words as ib_insync has them."""

    def make(action: str, quantity: float, order_type: str, **terms) -> ibi.Order:
        terms = {"account": "DU1234567", "orderRef": "ref"} | terms
        return ibi.Order(action=action, totalQuantity=quantity, orderType=order_type, **terms)

    return make


@pytest.fixture
def wire(desk) -> list[str]:
    """Messages about orders as they come from the socket."""
    seen: list[str] = []
    interpret = desk.ib.client.decoder.interpret
    words = {"11": "execution", "59": "commission"}

    def record(fields):
        if fields[0] == "3":
            seen.append(f"status {fields[2]}")
        elif fields[0] == "5":
            status = next(one for one in fields[60:] if one in STATUSES)
            seen.append(f"openOrder {status}")
        elif fields[0] in words:
            seen.append(words[fields[0]])
        elif fields[0] == "4":
            seen.append(f"error {fields[3]}")
        interpret(fields)

    desk.ib.client.decoder.interpret = record
    return seen
