"""What a person decides: the commands that nobody else can."""

from datetime import timedelta

import pytest

from alertwire.settings import Settings
from alertwire.wire.alert import Action
from alertwire.wire.control import (
    ControlRequest,
    HaltRequest,
    ResolveRequest,
    ResumeRequest,
    StatusRequest,
)
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.control import status_of
from gateway.events import ControlReceived
from tests.gateway.bench import outcome, placed_limit
from tests.gateway.build import command, limit, opened, units, void
from tests.gateway.test_exits import sizes


def unknown(bench, one=None):
    """A command whose order the broker may or may not have; it has it, and tells nobody."""
    one = one or command(Action.BUY, 10)
    bench.send(one)
    bench.hidden = bench.broker.hide(bench.broker.placed[-1].order_id)
    bench.wait(11)
    bench.answer_inquiry()
    assert bench.send(one).outcome is Outcome.UNKNOWN
    return one


def resolve(bench, command_id, *, placed):
    """Say whether the broker has it; return the refusal and what was said."""
    kept = bench.kept["commands"].get(command_id)
    request = ControlRequest(resolve=ResolveRequest(command_id=command_id, placed=placed))
    bench.turn(ControlReceived(request, (b"person",), (kept,) if kept else ()))
    answer = bench.answers[-1]
    return answer.error, " ".join(answer.findings)


CRASHES = pytest.mark.parametrize("crashes", [False, True])


@CRASHES
def test_placed_is_accepted_and_no_more_alarm(bench, crashes):
    one = unknown(bench)
    if crashes:
        bench.crash()
        bench.connect()

    error, said = resolve(bench, one.command_id, placed=True)

    assert (error, "later alerts of its key go on" in said) == ("", True)
    reply = bench.send(one)
    assert reply.outcome is Outcome.ACCEPTED
    assert reply.detail == "resolved by a person: the broker has it"
    assert bench.state(one.command_id) is OrderState.UNKNOWN
    bench.notes.clear()
    bench.lose()
    bench.crash()
    bench.connect()
    assert bench.alarms == []
    assert bench.send(one).outcome is Outcome.ACCEPTED


@CRASHES
def test_an_order_that_a_person_vouched_for_follows_what_the_broker_says(bench, crashes):
    one = unknown(bench)
    resolve(bench, one.command_id, placed=True)
    if crashes:
        bench.crash()
        bench.connect()

    bench.broker.placed.append(bench.hidden)
    bench.fill(1)

    assert bench.state(one.command_id) is OrderState.FILLED
    assert bench.desk.positions.quantity(one.account, 265598) == 10
    assert "resolved_order_found" not in bench.alarms


def test_what_a_person_vouched_for_keeps_no_exit_in(bench):
    bench.send(command(Action.BUY, 10, key="entry"))
    bench.fill(1)
    close = unknown(bench, command(Action.EXIT, key="a"))
    resolve(bench, close.command_id, placed=True)

    bench.send(command(Action.EXIT, key="b"))
    bench.acknowledge(3)

    assert sizes(bench) == [10, -10]
    assert "still working, cancel it" in bench.replies[-1][1].detail
    assert bench.alarms[-1] == "order_beside_lost_order"


@CRASHES
def test_not_placed_is_voided_and_its_order_is_over(bench, crashes):
    one = unknown(bench)
    if crashes:
        bench.crash()
        bench.connect()

    error, said = resolve(bench, one.command_id, placed=False)

    assert error == ""
    assert "resolved_order_found" in said
    assert "later alerts of its key go on" in said
    reply = bench.send(one)
    assert (reply.outcome, reply.detail) == (
        Outcome.VOIDED,
        "resolved by a person: the broker does not have it",
    )
    assert bench.state(one.command_id) is OrderState.CANCELLED
    assert bench.send(void(one)).outcome is Outcome.VOIDED


def test_the_close_of_what_a_person_denied_only_reduces(bench):
    resolve(bench, unknown(bench).command_id, placed=False)

    assert bench.send(command(Action.SELL, 10)).outcome is Outcome.ACCEPTED
    assert sizes(bench) == []


@CRASHES
@pytest.mark.parametrize("how", ["fill", "status", "open order", "list", "completed"])
def test_what_a_person_denied_and_the_broker_has_is_a_loud_alarm_and_followed(bench, how, crashes):
    one = unknown(bench)
    resolve(bench, one.command_id, placed=False)
    bench.notes.clear()
    if crashes:
        bench.crash()
        bench.connect()
        if how in {"fill", "status", "open order"}:
            bench.load(one.command_id)
    bench.broker.placed.append(bench.hidden)

    if how == "fill":
        bench.fill(1, 4)
    elif how == "status":
        bench.acknowledge(1)
    elif how == "open order":
        bench.turn(opened(bench.desk.book.orders[one.command_id]))
    else:
        if how == "completed":
            bench.broker.fill(bench.hidden, bench.hidden.quantity, bench.now)
        bench.lose()
        bench.connect()

    assert bench.alarms == ["resolved_order_found"]
    states = {"fill": OrderState.PARTIALLY_FILLED, "completed": OrderState.FILLED}
    assert bench.state(one.command_id) is states.get(how, OrderState.WORKING)
    assert bench.send(one).outcome is Outcome.VOIDED
    bench.acknowledge(1)
    assert bench.alarms == ["resolved_order_found"]


def test_only_what_is_unknown_can_be_resolved(bench):
    done = placed_limit(bench)
    under_way = command(Action.BUY, 1, key="k")
    bench.send(under_way)

    assert "is not UNKNOWN: it is ACCEPTED: buy 10 AAPL LMT" in resolve(bench, done, placed=True)[0]
    assert "still on its way" in resolve(bench, under_way.command_id, placed=False)[0]
    assert resolve(bench, "nobody", placed=True)[0] == "no command nobody is known"
    assert outcome(bench, under_way.command_id) is None


def unknown_cancel(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.wait(11)
    bench.answer_inquiry()
    assert bench.send(cancel).outcome is Outcome.UNKNOWN
    return cancel


@pytest.mark.parametrize(("placed", "end"), [(True, Outcome.ACCEPTED), (False, Outcome.VOIDED)])
def test_a_cancel_can_be_resolved_and_its_order_lives_on(bench, placed, end):
    cancel = unknown_cancel(bench)

    assert resolve(bench, cancel.command_id, placed=placed)[0] == ""

    assert bench.send(cancel).outcome is end
    assert len(list(bench.desk.book.all_live())) == 1


def test_a_resolved_cancel_leaves_an_unknown_order_as_it_is(bench):
    one = unknown(bench, command(Action.BUY, 10, entry=limit(100)))
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.wait(11)
    bench.answer_inquiry()

    resolve(bench, cancel.command_id, placed=False)

    assert bench.state(one.command_id) is OrderState.UNKNOWN
    assert bench.send(one).outcome is Outcome.UNKNOWN


@CRASHES
def test_an_unknown_cancel_ends_with_its_orders_seen_at_the_next_connection(bench, crashes):
    cancel = unknown_cancel(bench)
    bench.lose()
    if crashes:
        bench.crash()
    bench.broker.by_id(1).status = "Cancelled"

    bench.connect()

    reply = bench.send(cancel)
    assert (reply.outcome, reply.detail) == (Outcome.ACCEPTED, "its orders have ended")


@CRASHES
def test_an_unknown_cancel_is_followed_over_a_new_connection(bench, crashes):
    cancel = unknown_cancel(bench)
    bench.lose()
    if crashes:
        bench.crash()
    bench.connect()
    assert bench.send(cancel).outcome is Outcome.UNKNOWN
    bench.now += timedelta(seconds=1)
    placed_limit(bench, key="later")
    bench.lose()
    bench.connect()

    bench.acknowledge(1, "Cancelled")

    assert bench.send(cancel).outcome is Outcome.ACCEPTED


def test_its_history_says_who_resolved_it(bench):
    one = unknown(bench)
    resolve(bench, one.command_id, placed=False)

    last = bench.steps[-1]
    assert (last.order_ref, last.state.name) == (one.command_id, "CANCELLED")
    assert last.detail == "resolved by a person: the broker does not have it"


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (ControlRequest(status=StatusRequest()), ""),
        (ControlRequest(halt=HaltRequest()), ""),
        (ControlRequest(resume=ResumeRequest()), "no halt of all orders is in force"),
        (ControlRequest(), "the request asks for nothing"),
    ],
)
def test_other_requests_are_answered_at_once(bench, request_, error):
    bench.turn(ControlReceived(request_, (b"person",)))

    assert [(a.reply_to, a.error) for a in bench.answers] == [((b"person",), error)]


def lost_exit(bench, **fields):
    """An exit that the broker acknowledged, and lists nowhere at the next connection."""
    bench.send(command(Action.BUY, 10, key="entry"))
    bench.fill(1)
    close = command(Action.EXIT, key="a", **fields)
    bench.send(close)
    bench.acknowledge(2, "PreSubmitted")
    bench.lose()
    bench.hidden = bench.broker.hide(2)
    bench.now += timedelta(seconds=10)
    bench.connect()
    assert bench.state(close.command_id) is OrderState.UNKNOWN
    assert bench.send(close).outcome is Outcome.ACCEPTED
    bench.notes.clear()
    return close


@pytest.mark.parametrize(("action", "quantity"), [(Action.EXIT, None), (Action.TARGET, 0)])
def test_a_close_beside_a_lost_one_is_never_said_to_be_done(bench, action, quantity):
    close = lost_exit(bench)

    reply = bench.send(command(action, quantity, key="b"))

    assert reply.outcome is Outcome.REJECTED
    assert "sell 10 market (order 2, unknown)" in reply.detail
    assert f"alertwire resolve {close.command_id}" in reply.detail
    assert bench.alarms == ["order_beside_lost_order"]
    assert sizes(bench) == [10]


def test_only_the_part_that_a_lost_close_cannot_fill_goes_out(bench):
    lost_exit(bench, sizing=units(4))

    bench.send(command(Action.EXIT, key="b"))
    bench.acknowledge(3)

    assert sizes(bench) == [10, -6]
    assert "4 of it may already be on its way" in bench.replies[-1][1].detail
    assert bench.alarms == ["order_beside_lost_order"]


@CRASHES
@pytest.mark.parametrize("placed", [True, False])
def test_a_lost_order_of_an_accepted_command_can_be_resolved(bench, placed, crashes):
    close = lost_exit(bench)
    if crashes:
        bench.crash()
        bench.connect()

    error, said = resolve(bench, close.command_id, placed=placed)

    assert (error, "its own answer stays ACCEPTED" in said) == ("", True)
    assert bench.send(close).outcome is Outcome.ACCEPTED
    bench.send(command(Action.EXIT, key="b"))
    assert sizes(bench) == [10, -10]
    # A person may have been wrong, and what was vouched for may never come.
    bench.broker.placed.append(bench.hidden)
    bench.fill(2)
    assert bench.state(close.command_id) is OrderState.FILLED
    assert ("resolved_order_found" in bench.alarms) is not placed


def test_what_was_vouched_for_can_be_denied_later(bench):
    close = lost_exit(bench)
    resolve(bench, close.command_id, placed=True)

    resolve(bench, close.command_id, placed=False)

    assert bench.state(close.command_id) is OrderState.CANCELLED
    assert "is not UNKNOWN" in resolve(bench, close.command_id, placed=False)[0]


@CRASHES
def test_the_status_counts_a_lost_order_until_a_person_decides(bench, crashes):
    """`alertwire doctor` would call everything fine, with an order that may fill any moment."""

    def waiting() -> int:
        return status_of(bench.desk, "", Settings(), "g", 176, bench.now).unknown_commands

    ref = placed_limit(bench)
    assert waiting() == 0
    bench.broker.hide(1)
    if crashes:
        bench.crash()
    else:
        bench.lose()
    bench.connect()
    assert bench.state(ref) is OrderState.UNKNOWN

    assert waiting() == 1
    resolve(bench, ref, placed=True)
    assert waiting() == 0
