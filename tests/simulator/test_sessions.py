"""Connections: versions, several clients, several accounts, ids, and bytes that are no protocol."""

import socket
import struct

import ib_insync as ibi
import pytest

from simulator.control import SimulatorControl
from tests.simulator.conftest import Desk
from tests.simulator.processes import started_simulator


def frame(*fields: object) -> bytes:
    payload = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(payload)) + payload


HELLO = b"API\0" + struct.pack(">I", 9) + b"v157..178"


class RawClient:
    """A socket and nothing else."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 3)
        self.file = self.socket.makefile("rb")

    def read(self) -> list[str]:
        size = int.from_bytes(self.file.read(4), "big")
        return self.file.read(size).decode().split("\0")[:-1]

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@pytest.fixture
def raw(simulator, control):
    client = RawClient(simulator.port)
    yield client
    client.close()


@pytest.mark.parametrize(
    ("newest", "agreed"),
    [
        (157, 157),
        (158, 157),
        (163, 163),
        (164, 164),
        (169, 169),
        (170, 170),
        (174, 174),
        (176, 176),
    ],
)
def test_every_version_is_spoken(desks, simulator, control, order, monkeypatch, newest, agreed):
    monkeypatch.setattr(ibi.Client, "MaxClientVersion", newest)
    desk = desks()
    aapl = desk.contract(ibi.Stock("AAPL", "SMART", "USD"))
    assert desk.ib.client.serverVersion() == agreed

    trade = desk.place(aapl, order("BUY", 1, "MKT", orderRef="first"), "Filled")
    resting = order("SELL", 1, "TRAIL LIMIT", trailStopPrice=150, auxPrice=9, lmtPriceOffset=0.5)
    desk.place(aapl, resting, "PreSubmitted")
    (shown,) = desk.ib.reqAllOpenOrders()
    assert (shown.order.trailStopPrice, shown.order.lmtPriceOffset) == (150, 0.5)
    (done,) = desk.ib.reqCompletedOrders(False)
    assert (done.order.orderRef, done.orderStatus.status) == ("first", "Filled")
    (fill,) = desk.ib.reqExecutions()
    assert abs(fill.execution.time.timestamp() - trade.log[0].time.timestamp()) < 5
    (details,) = desk.ib.reqContractDetails(aapl)
    assert (details.minTick, details.contract.primaryExchange) == (0.01, "NASDAQ")
    # Field by field: the last thing read of the details comes after every gate.
    assert details.stockType == "COMMON"
    bars = desk.ib.reqHistoricalData(aapl, "", "3600 S", "5 mins", "TRADES", False)
    assert len(bars) == 12


def test_a_server_may_be_older(order):
    with (
        started_simulator("--server-version", "163", "--tick-interval", "0") as old,
        SimulatorControl("127.0.0.1", old.control_port) as control,
    ):
        desk = Desk(old.port)
        assert desk.ib.client.serverVersion() == 163
        desk.close()
        assert control.call("status")["version"] == 163


def test_a_master_client_hears_of_all_orders(order):
    with started_simulator("--master-client-id", "9", "--tick-interval", "0") as simulator:
        master, other = Desk(simulator.port, 9), Desk(simulator.port, 3)
        aapl = other.contract(ibi.Stock("AAPL", "SMART", "USD"))
        other.place(aapl, order("BUY", 2, "MKT"), "Filled")
        master.until(lambda: len(master.ib.fills()) == 1, "the other's fill")
        (trade,) = master.ib.trades()
        assert (trade.order.clientId, trade.order.orderRef) == (3, "ref")
        master.until_status(trade, "Filled")
        master.close()
        other.close()


def test_two_clients_have_ids_and_orders_of_their_own(desks, order):
    one, two = desks(1), desks(2)
    aapl = one.contract(ibi.Stock("AAPL", "SMART", "USD"))
    for desk, ref in ((one, "one"), (two, "two")):
        wanted = order("BUY", 1, "LMT", lmtPrice=150, orderRef=ref, orderId=500)
        desk.place(aapl, wanted, "Submitted")
    assert [trade.order.orderRef for trade in one.ib.reqOpenOrders()] == ["one"]
    assert {trade.order.orderRef for trade in two.ib.reqAllOpenOrders()} == {"one", "two"}

    two.ib.reqGlobalCancel()
    one.until(lambda: not one.ib.reqAllOpenOrders(), "global cancel")


def test_ids_go_on_after_a_reconnection(desk, aapl, order):
    trade = desk.place(aapl, order("BUY", 1, "MKT", orderId=700), "Filled")
    desk.reconnect()
    told = []
    desk.ib.client.wrapper.nextValidId = told.append
    desk.ib.client.reqIds(1)
    desk.until(lambda: told, "nextValidId")

    assert told == [trade.order.orderId + 1]


def test_permanent_ids_are_unique_over_clients_and_resets(desks, control, order):
    one = desks(1)
    aapl = one.contract(ibi.Stock("AAPL", "SMART", "USD"))
    first = one.place(aapl, order("BUY", 1, "MKT"), "Filled").order.permId
    control.call("reset")
    one.until(lambda: not one.ib.isConnected(), "the end of the connection")
    two = desks(2)
    second = two.place(aapl, order("BUY", 1, "MKT"), "Filled").order.permId

    assert 0 < first < second


def test_orders_go_to_the_account_they_name(desk, aapl, order, control):
    for account, quantity in (("DU1234567", 1), ("DU1234568", 2)):
        desk.place(aapl, order("BUY", quantity, "MKT", account=account, orderRef=account), "Filled")
    rows = control.call("positions")["positions"]

    assert {row["account"]: row["quantity"] for row in rows} == {
        "DU1234567": "1",
        "DU1234568": "2",
    }
    assert {one.account: one.position for one in desk.ib.positions()} == {
        "DU1234567": 1,
        "DU1234568": 2,
    }


def test_a_connection_gets_back_what_it_left(desk, aapl, order):
    desk.place(aapl, order("BUY", 3, "MKT", orderRef="filled"), "Filled")
    desk.place(aapl, order("BUY", 1, "LMT", lmtPrice=150, orderRef="open"), "Submitted")
    desk.cancel(
        desk.place(aapl, order("BUY", 1, "LMT", lmtPrice=149, orderRef="gone"), "Submitted")
    )
    desk.reconnect()

    assert [trade.order.orderRef for trade in desk.ib.openTrades()] == ["open"]
    assert [fill.execution.orderRef for fill in desk.ib.fills()] == ["filled"]
    assert desk.ib.positions()[0].position == 3
    done = {trade.order.orderRef: trade.orderStatus.status for trade in desk.ib.trades()}
    assert done["gone"] == "Cancelled"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"symbol": "AAPL"}, 1),
        ({"symbol": "MSFT"}, 0),
        ({"side": "SELL"}, 0),
        ({"acctCode": "DU1234568"}, 0),
        ({"clientId": 1}, 1),
        ({"clientId": 2}, 0),
        ({"time": "20991231 00:00:00 UTC"}, 0),
        ({"secType": "FUT"}, 0),
    ],
)
def test_executions_are_filtered(desk, aapl, order, wanted, found):
    desk.place(aapl, order("BUY", 1, "MKT"), "Filled")

    assert len(desk.ib.reqExecutions(ibi.ExecutionFilter(**wanted))) == found


def test_the_handshake_may_come_byte_by_byte(raw):
    for number in range(len(HELLO)):
        raw.socket.sendall(HELLO[number : number + 1])
    version, when = raw.read()

    assert version == "178"
    assert when.endswith(" EST")


def test_start_and_first_request_may_share_a_segment(raw):
    raw.socket.sendall(HELLO)
    raw.read()
    raw.socket.sendall(frame(49, 1) + frame(71, 2, 44, "") + frame(49, 1))
    told = [raw.read()[0] for _ in range(6)]

    # What comes before startApi is ignored: one time, not two.
    assert told == ["15", "9", "4", "4", "4", "49"]


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"API\0" + struct.pack(">I", 3) + b"abc",
        b"API\0" + struct.pack(">I", 8) + b"v100.150",
        b"API\0" + struct.pack(">I", 9) + b"v100..150",
        HELLO + b"\xff\xff\xff\xff",
    ],
)
def test_what_is_no_tws_client_is_shown_out(raw, control, noise):
    raw.socket.sendall(noise)
    while raw.file.read(1):
        pass

    assert control.call("status")["clients"] == []


def test_a_broken_request_does_not_end_the_connection(raw):
    raw.socket.sendall(HELLO)
    raw.read()
    raw.socket.sendall(frame(71, 2, 45, ""))
    for _ in range(5):
        raw.read()
    for broken in (frame(3, "x", "y"), frame("", ""), frame("NaN"), frame(9, 8, "id"), frame(-5)):
        raw.socket.sendall(broken)
    raw.socket.sendall(frame(49, 1))
    told = []
    while not told or told[-1][0] != "49":
        told.append(raw.read())

    assert {message[0] for message in told[:-1]} == {"4"}
    assert len(told) == 6


def test_nul_bytes_cannot_be_told_from_fields(raw, control):
    """The wire has no escape for NUL: a client that lets one through shifts its own fields."""
    raw.socket.sendall(HELLO)
    raw.read()
    raw.socket.sendall(frame(71, 2, 46, ""))
    fields = [3, 1, 0, "AAPL", "STK", "", "", "", "", "SMART", "", "USD", "", "", "", ""]
    fields += ["BUY", 1, "MKT", "", "", "DAY", "", "DU1234567", "O", 0, "innocent\0000", 1, 0]
    raw.socket.sendall(frame(*fields, *[""] * 90) + frame(49, 1))
    while raw.read()[0] != "49":
        pass

    # The digit behind the NUL is read as transmit, and transmit as the id of a parent.
    (row,) = control.call("refused")["refused"]
    assert (row["orderRef"], row["code"]) == ("innocent", 135)
