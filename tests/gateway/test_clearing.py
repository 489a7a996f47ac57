"""What is refused has cancelled nothing; what lost its protection for a close is called out."""

from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import Action, MarketPosition, StopLoss, StrategyPosition, TimeInForce
from alertwire.wire.control import ControlRequest, HaltRequest, ReconcileRequest, StatusRequest
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway.events import ControlReceived
from tests.gateway.bench import Bench, outcome, refused
from tests.gateway.build import command, limit, on, void
from tests.gateway.processes import until
from tests.gateway.test_bracket_process import bracket as real_bracket
from tests.gateway.test_brackets import open_position

D = Decimal


def adopt(bench: Bench, **tables) -> None:
    bench.desk.rules.adopt(ConfigurationFile.model_validate(tables))


def halt(bench: Bench) -> None:
    asked = ControlRequest(halt=HaltRequest(block_exits=True, by="anna@desk"))
    bench.turn(ControlReceived(asked, (b"operator",)))


def told(bench: Bench) -> list[str]:
    return [n.fields["detail"] for n in bench.notes if n.event == "position_unprotected"]


@pytest.fixture
def held(bench):
    """Long 10, and a limit to buy 5 that rests."""
    bench.send(command(Action.BUY, 10, key="1"))
    bench.fill(1)
    bench.send(command(Action.BUY, 5, entry=limit(100), key="2"))
    bench.acknowledge(2)
    return bench


STOP = StopLoss(price=D(300))
FLAT = StrategyPosition(previous_side=MarketPosition.FLAT, previous_size=D(0))


@pytest.mark.parametrize(
    ("fields", "tables", "says"),
    [
        ({"action": Action.FLATTEN}, None, "halted since"),
        ({"action": Action.TARGET, "quantity": 0}, None, "halted since"),
        (
            {"action": Action.BUY, "quantity": 9, "cancel_working_first": True},
            {"limits": {"order_quantity_max": 8}},
            "order_quantity_max",
        ),
        ({"action": Action.TARGET, "quantity": 90}, {"limits": {"order_quantity_max": 8}}, "limit"),
        (
            {"action": Action.TARGET, "quantity": 20, "route": "r", "position": FLAT},
            {"routes": {"r": {"position_mismatch": "refuse"}}},
            "position_mismatch says refuse",
        ),
        (
            {"action": Action.REVERSE, "time_in_force": TimeInForce.GTD},
            {},
            "time_in_force gtd",
        ),
        (
            {"action": Action.TARGET, "quantity": 20, "stop_loss": STOP, "entry": limit(101)},
            {},
            "stop_loss",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused_has_cancelled_no_order_that_rests(held, fields, tables, says):
    if tables is None:
        halt(held)
    else:
        adopt(held, **tables)

    reply = held.send(command(**fields, key="3"))
    held.wait(4)

    reply = reply or held.replies[-1][1]
    assert reply.outcome is Outcome.REJECTED, reply
    assert says in reply.detail
    assert held.broker.cancels == []
    assert len(held.broker.placed) == 2


def test_a_limit_does_not_count_the_orders_that_make_room(held):
    adopt(held, limits={"open_orders_max": 1, "position_quantity_max": 15})

    held.send(command(Action.BUY, 5, entry=limit(120), cancel_working_first=True, key="3"))
    held.end(2)

    assert [o.quantity for o in held.broker.placed] == [10, 5, 5]


def test_an_exit_that_cannot_be_written_leaves_the_protection(bench):
    open_position(bench)

    reply = bench.send(command(Action.EXIT, time_in_force=TimeInForce.GTD))

    assert reply.outcome is Outcome.REJECTED
    assert bench.broker.cancels == []


def test_an_exit_under_a_halt_leaves_the_protection(bench):
    open_position(bench)
    halt(bench)

    assert bench.send(command(Action.EXIT)).outcome is Outcome.REJECTED
    assert bench.broker.cancels == []


def leave(bench: Bench):
    """Begin an exit whose protective orders are being cancelled."""
    one = command(Action.EXIT, route="main", key="leave")
    bench.send(one)
    assert sorted(bench.broker.cancels) == [2, 3]
    return one


def test_an_exit_that_is_refused_after_its_stop_was_cancelled_calls_a_person(bench):
    open_position(bench)
    one = leave(bench)

    halt(bench)
    bench.end(2)
    bench.end(3)

    assert outcome(bench, one.command_id) is Outcome.REJECTED
    bench.wait(2)
    (said,) = told(bench)
    assert said.startswith("10 AAPL are held without their stop loss")
    assert "was cancelled for a close that did not go out; protect or close it" in said
    bench.wait(60)
    assert len(told(bench)) == 1


def test_nobody_is_called_while_the_exit_waits_or_works(bench):
    open_position(bench)
    leave(bench)

    bench.end(3)
    bench.wait(2)
    bench.end(2)
    bench.wait(5)
    bench.acknowledge(4)
    bench.wait(60)
    bench.fill(4)
    bench.wait(5)

    assert told(bench) == []
    assert bench.broker.position == 0


def test_a_close_that_the_broker_refuses_is_called_out(bench):
    open_position(bench)
    leave(bench)
    for leg in (2, 3):
        bench.end(leg)

    bench.turn(refused(4))
    bench.wait(2)

    assert len(told(bench)) == 1


def policy() -> Bench:
    bench = Bench()
    adopt(bench, routes={"main": {"unprotected": "close"}})
    bench.connect()
    return bench


def test_the_route_closes_what_a_voided_exit_left_bare():
    bench = policy()
    open_position(bench, route="main")
    one = leave(bench)

    bench.send(void(one))
    bench.end(2)
    bench.end(3)
    bench.wait(2)
    bench.wait(2)

    assert "it is being closed" in told(bench)[0]
    (close,) = bench.broker.placed[3:]
    assert (close.side, close.quantity) == (Side.SELL, 10)
    bench.fill(4)
    bench.wait(5)
    assert len(bench.broker.placed) == 4


def test_a_close_by_the_route_that_is_refused_is_called_out_again():
    bench = policy()
    open_position(bench, route="main")
    leave(bench)
    halt(bench)
    bench.end(2)
    bench.end(3)

    for _ in range(3):
        bench.wait(2)

    first, second = told(bench)
    assert "it is being closed" in first
    assert "the close of it did not go through: halted since" in second


def test_a_stop_that_was_cancelled_for_an_exit_that_died_is_found_after_the_restart(bench):
    open_position(bench)
    leave(bench)
    bench.end(2)
    bench.crash_at = "intended"
    with pytest.raises(Exception, match="intended"):
        bench.end(3)
    bench.crash()
    bench.connect()

    bench.wait(2)

    assert len(told(bench)) == 1


def test_what_is_bought_after_the_close_is_not_taken_for_what_was_left(bench):
    open_position(bench)
    leave(bench)
    for leg in (2, 3):
        bench.end(leg)
    bench.fill(4)
    bench.send(command(Action.BUY, 10, key="again"))
    bench.fill(5)

    bench.wait(5)
    bench.crash()
    bench.connect()
    bench.wait(5)

    assert told(bench) == []


def listed(bench: Bench, **request) -> list[str]:
    bench.turn(ControlReceived(ControlRequest(**request), (b"operator",)))
    if "reconcile" in request:
        bench.answer_inquiry()
    return [line for line in bench.answers[-1].findings if "without their stop loss" in line]


@pytest.mark.parametrize(
    "request_", [{"status": StatusRequest()}, {"reconcile": ReconcileRequest()}], ids=str
)
def test_a_position_without_its_stop_is_listed_until_it_is_closed(bench, request_):
    buy = open_position(bench)
    assert listed(bench, **request_) == []

    bench.end(3)

    for restarts in (False, True):
        if restarts:
            bench.crash()
            bench.connect()
        (line,) = listed(bench, **request_)
        assert f"10 AAPL are held without their stop loss: {buy.command_id}b is" in line

    bench.wait(4)
    bench.send(command(Action.EXIT, key="out"))
    bench.end(2)
    bench.fill(4)
    assert listed(bench, **request_) == []
    bench.wait(1)
    bench.send(command(Action.BUY, 10, key="again"))
    bench.fill(5)
    assert listed(bench, **request_) == []


def test_the_broker_is_asked_to_cancel_nothing_for_an_exit_that_cannot_be(executor, booked, priced):
    symbol = priced("GM")
    ref = real_bracket(symbol)
    assert executor.ask(ref).outcome is Outcome.ACCEPTED
    until(lambda: booked(ref.command_id)["status"] == "Filled", "the entry")
    rest = on(symbol, Action.BUY, 5, entry=limit(50), key="rest")
    assert executor.ask(rest).outcome is Outcome.ACCEPTED

    bad = [
        on(symbol, action, *size, key=symbol, time_in_force=TimeInForce.GTD)
        for action, size in ((Action.EXIT, ()), (Action.TARGET, (3,)), (Action.FLATTEN, ()))
    ]

    assert {executor.insist(one).outcome for one in bad} == {Outcome.REJECTED}
    legs = [f"{ref.command_id}{leg}" for leg in "ab"]
    ends = {"Cancelled", "PendingCancel"}
    assert not ends.intersection(booked(one)["status"] for one in (*legs, rest.command_id))
    assert executor.insist(on(symbol, Action.FLATTEN, key=symbol)).outcome is Outcome.ACCEPTED
