"""Real processes for the gateway's tests: a simulator and gateways on data folders of their own."""

import itertools
from collections.abc import Callable, Iterator

import pytest

from alertwire.ports import free_port
from simulator.control import SimulatorControl
from tests.gateway.bench import Bench
from tests.gateway.coins import trading
from tests.gateway.processes import Executor, GatewayProcess, Subscriber
from tests.simulator.processes import StartedSimulator, started_simulator

SETTINGS = ("--tick-interval", "0", "--accounts")


@pytest.fixture(scope="module")
def simulator() -> Iterator[StartedSimulator]:
    with started_simulator(*SETTINGS, "DU1234567,DU1234568") as started:
        yield started


@pytest.fixture(scope="module")
def control(simulator) -> Iterator[SimulatorControl]:
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        yield control


@pytest.fixture(scope="module")
def gateway(simulator, tmp_path_factory) -> Iterator[GatewayProcess]:
    """One gateway for the tests that leave it as it was."""
    process = GatewayProcess(tmp_path_factory.mktemp("g"), simulator.port).start()
    try:
        yield process.ready()
    finally:
        assert process.stop() == 0, process.log


@pytest.fixture
def connect() -> Iterator[Callable[[GatewayProcess], Executor]]:
    """Connect an executor to a gateway."""
    connected: list[Executor] = []

    def make(gateway: GatewayProcess) -> Executor:
        connected.append(Executor(gateway))
        return connected[-1]

    yield make
    for executor in connected:
        executor.close()


@pytest.fixture
def executor(gateway, connect) -> Executor:
    return connect(gateway)


@pytest.fixture
def subscriber(gateway) -> Iterator[Subscriber]:
    subscriber = Subscriber(gateway)
    yield subscriber
    subscriber.close()


@pytest.fixture
def run(tmp_path) -> Iterator[Callable[..., GatewayProcess]]:
    """Start a gateway of the test's own, stopped at its end."""
    started: list[GatewayProcess] = []
    numbers = itertools.count()

    def start(ib_port: int, **fields) -> GatewayProcess:
        home = tmp_path / f"g{next(numbers)}"
        started.append(GatewayProcess(home, ib_port, **fields).start())
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def own_simulator() -> Iterator[Callable[..., StartedSimulator]]:
    """Start a simulator of the test's own, at the port that it names."""
    with_exits = []

    def start(accounts: str = "DU1234567", port: int = 0) -> StartedSimulator:
        manager = started_simulator("--port", str(port or free_port()), *SETTINGS, accounts)
        with_exits.append(manager)
        return manager.__enter__()

    yield start
    for manager in with_exits:
        manager.__exit__(None, None, None)


@pytest.fixture
def closed_port() -> int:
    return free_port()


@pytest.fixture
def bench() -> Bench:
    """A desk that is connected to a broker of paper."""
    bench = Bench()
    bench.connect()
    return bench


@pytest.fixture
def coins(bench) -> Bench:
    """A desk that trades Bitcoin at 79,000 to 80,000 USD."""
    return trading(bench)


@pytest.fixture
def booked(control):
    def find(ref: str) -> dict:
        (row,) = control.call("book", orderRef=ref)["orders"]
        return row

    return find


@pytest.fixture
def priced(control):
    def put(symbol: str, price: object = 100) -> str:
        control.call("set_price", symbol=symbol, price=str(price))
        return symbol

    return put
