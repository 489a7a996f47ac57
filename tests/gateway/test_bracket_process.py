"""Brackets through a gateway and the real client, as the simulator carries them out."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, Entry, OrderType, StopLoss, TakeProfit
from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.gateway.build import limit, on, units
from tests.gateway.processes import until

D = Decimal
GOAL, STOP = TakeProfit(price=D(110)), StopLoss(price=D(90))


def bracket(symbol, entry=None, **fields):
    given = {"take_profits": (GOAL,), "stop_loss": STOP, "key": symbol}
    entry = entry or Entry(type=OrderType.MARKET)
    return on(symbol, Action.BUY, 10, entry=entry, **(given | fields))


def held(control, symbol) -> Decimal:
    rows = control.call("positions")["positions"]
    return sum((D(row["quantity"]) for row in rows if row["symbol"] == symbol), D(0))


def accepted(executor, one) -> str:
    reply = executor.ask(one)
    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    return one.command_id


STOPS = [
    (STOP, {"orderType": "STP", "auxPrice": "90"}),
    (
        StopLoss(price=D(90), limit_price=D(89)),
        {"orderType": "STP LMT", "auxPrice": "90", "limitPrice": "89"},
    ),
    (StopLoss(trail_amount=D(5)), {"orderType": "TRAIL", "auxPrice": "5"}),
    (StopLoss(trail_percent=D(5)), {"orderType": "TRAIL"}),
    (StopLoss(percent=D(10), break_even_trigger=D(4)), {"orderType": "STP"}),
    (StopLoss(percent=D(10), trail_trigger=D(4), trail_amount=D(2)), {"orderType": "STP"}),
]


@pytest.mark.parametrize(("stop", "fields"), STOPS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize(
    ("kind", "symbol"),
    [(OrderType.MARKET, "KO"), (OrderType.LIMIT, "JNJ"), (OrderType.STOP, "PG")],
)
def test_each_stop_under_each_entry_reaches_the_broker(
    executor, booked, priced, kind, symbol, stop, fields
):
    entry = Entry(type=kind, limit_price=D(95), stop_price=D(105))
    ref = accepted(executor, bracket(priced(symbol), entry, stop_loss=stop, price=D(100)))

    main, goal, guard = (booked(ref + leg) for leg in ("", "a", "b"))

    assert (goal["orderType"], goal["action"], goal["tif"]) == ("LMT", "SELL", "GTC")
    assert D(goal["limitPrice"]) == 110
    assert goal["parentId"] == guard["parentId"] == main["orderId"]
    assert goal["ocaGroup"] == guard["ocaGroup"] == f"{ref}/1"
    assert D(goal["quantity"]) == D(guard["quantity"]) == 10
    for name, value in fields.items():
        told = guard[name]
        assert told == value or D(told) == D(value)


@pytest.mark.parametrize(("price", "filled", "cancelled"), [(112, "a", "b"), (88, "b", "a")])
def test_one_leg_that_fills_ends_the_other(
    executor, booked, priced, control, price, filled, cancelled
):
    symbol = priced("PEP")
    before = held(control, symbol)
    ref = accepted(executor, bracket(symbol))
    until(lambda: booked(ref)["status"] == "Filled", "what was asked")

    priced("PEP", price)

    until(lambda: booked(ref + filled)["status"] == "Filled", "what was asked")
    until(lambda: booked(ref + cancelled)["status"] == "Cancelled", "what was asked")
    assert held(control, symbol) == before


def test_an_exit_leaves_neither_a_position_nor_an_order(executor, booked, priced, control):
    symbol = priced("MCD")
    ref = accepted(executor, bracket(symbol))
    until(lambda: booked(ref)["status"] == "Filled", "what was asked")

    accepted(executor, on(symbol, Action.EXIT, key=symbol))

    until(lambda: held(control, symbol) == 0, "what was asked")
    assert {booked(ref + leg)["status"] for leg in "ab"} == {"Cancelled"}


def test_an_exit_of_a_part_leaves_the_rest_protected(executor, booked, priced, control):
    symbol = priced("NKE")
    ref = accepted(executor, bracket(symbol))
    until(lambda: booked(ref)["status"] == "Filled", "what was asked")

    accepted(executor, on(symbol, Action.EXIT, 4, key=symbol))

    until(lambda: held(control, symbol) == 6, "what was asked")
    assert [D(booked(ref + leg)["quantity"]) for leg in "ab"] == [6, 6]
    priced("NKE", 80)
    until(lambda: held(control, symbol) == 0, "what was asked")


def test_a_stop_is_moved_at_the_broker(executor, booked, priced):
    symbol = priced("DIS")
    ref = accepted(executor, bracket(symbol))
    until(lambda: booked(ref)["status"] == "Filled", "what was asked")

    accepted(executor, on(symbol, Action.MODIFY, stop_loss=StopLoss(price=D(95)), key=symbol))

    assert D(booked(f"{ref}b")["auxPrice"]) == 95


def test_the_broker_moves_a_stop_to_break_even(executor, booked, priced, control):
    symbol = priced("WMT")
    stop = StopLoss(price=D(90), break_even_trigger=D(4))
    ref = accepted(executor, bracket(symbol, limit(101), stop_loss=stop, take_profits=()))
    until(lambda: booked(ref)["status"] == "Filled", "what was asked")

    priced("WMT", 106)
    priced("WMT", 100)

    until(lambda: booked(f"{ref}a")["status"] == "Filled", "what was asked")
    assert held(control, symbol) == 0


def test_a_trailing_stop_stays_where_it_is_when_a_part_is_closed(executor, booked, priced, control):
    symbol = priced("ADBE")
    stop = StopLoss(price=D(90), trail_amount=D(10))
    ref = accepted(executor, bracket(symbol, stop_loss=stop))
    until(lambda: booked(ref)["status"] == "Filled", "what was asked")
    # What it has come to is 98, and stays when the market falls back.
    priced(symbol, 108)
    priced(symbol, 100)

    accepted(executor, on(symbol, Action.EXIT, 4, key=symbol))

    guard = booked(f"{ref}b")
    assert (D(guard["quantity"]), D(guard["stopPrice"])) == (6, 98)
    priced(symbol, 97)
    until(lambda: held(control, symbol) == 0, "what was asked")


@pytest.fixture
def slow(control):
    """Let the market fill the half of an order, and the rest much later."""
    control.call("partial", parts=2, delay_s=600)
    yield control
    control.call("clear_faults")


def test_a_trailing_stop_grows_back_where_it_is_when_an_exit_fills_in_part(
    executor, booked, priced, control, request
):
    symbol = priced("ORCL")
    ref = accepted(executor, bracket(symbol, stop_loss=StopLoss(price=D(90), trail_amount=D(10))))
    until(lambda: booked(ref)["status"] == "Filled", "what was asked")
    priced(symbol, 108)
    priced(symbol, 100)
    request.getfixturevalue("slow")
    leave = accepted(executor, on(symbol, Action.EXIT, 4, key=symbol))
    until(lambda: D(booked(leave)["filled"]) == 2, "half of the exit")
    assert [D(booked(ref + leg)["quantity"]) for leg in "ab"] == [6, 6]

    accepted(executor, on(symbol, Action.CANCEL, key=f"{symbol} cancel"))

    until(lambda: [D(booked(ref + leg)["quantity"]) for leg in "ab"] == [8, 8], "all protected")
    assert D(booked(f"{ref}b")["stopPrice"]) == 98
    control.call("clear_faults")
    priced(symbol, 97)
    until(lambda: held(control, symbol) == 0, "what was asked")


def test_protection_grows_back_over_a_restart_too(own_simulator, run, connect):
    simulator = own_simulator()
    gateway = run(simulator.port).ready()
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        executor = connect(gateway)

        def quantities(ref: str) -> list[Decimal]:
            rows = [control.call("book", orderRef=ref + leg)["orders"][0] for leg in "ab"]
            return [D(row["quantity"]) for row in rows]

        control.call("set_price", symbol="AAPL", price="100")
        ref = accepted(executor, bracket("AAPL"))
        until(lambda: held(control, "AAPL") == 10, "what was asked")
        control.call("hold", symbol="AAPL")
        accepted(executor, on("AAPL", Action.EXIT, 4, key="out"))
        assert quantities(ref) == [6, 6]

        gateway.kill()
        gateway.start().ready()
        assert quantities(ref) == [6, 6]
        accepted(executor, on("AAPL", Action.CANCEL, key="cancel"))

        until(lambda: quantities(ref) == [10, 10], "all protected")
        assert "position_unprotected" not in gateway.log


def test_parts_that_do_not_divide_are_whole_shares(executor, booked, priced):
    goals = (TakeProfit(price=D(110)), TakeProfit(price=D(120)))
    ref = accepted(executor, bracket(priced("HD"), limit(95), take_profits=goals, sizing=units(5)))

    legs = [booked(f"{ref}{letter}") for letter in "abcd"]
    assert [leg["quantity"] for leg in legs] == ["2", "2", "3", "3"]
    assert {leg["status"] for leg in legs} == {"PreSubmitted"}
