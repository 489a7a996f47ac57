"""Cancelling the orders of a strategy."""

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from gateway.events import CommandReceived, Effects
from gateway.pacer import Priority
from tests.gateway.bench import outcome, placed_limit, refused
from tests.gateway.build import command, void


def test_a_cancel_is_answered_when_the_orders_are_gone(bench):
    placed_limit(bench)
    placed_limit(bench)
    cancel = command(Action.CANCEL)

    assert bench.send(cancel) is None
    assert bench.broker.cancels == [1, 2]
    bench.acknowledge(1, "Cancelled")
    assert outcome(bench, cancel.command_id) is None
    bench.acknowledge(2, "Cancelled")

    assert outcome(bench, cancel.command_id) is Outcome.ACCEPTED
    assert bench.replies[-1][1].detail == "2 cancelled"


def test_a_cancel_that_came_too_late_ends_too(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)

    bench.turn(refused(1, 10148, "cannot be cancelled, state: Filled"))

    assert outcome(bench, cancel.command_id) is Outcome.ACCEPTED


def test_a_cancel_leaves_other_strategies_and_orders_alone(bench):
    placed_limit(bench, strategy="other")
    placed_limit(bench, order_id="Long")
    placed_limit(bench, order_id="Short")

    bench.send(command(Action.CANCEL, order_id="Short"))

    assert bench.broker.cancels == [3]


def test_nothing_to_cancel_is_accepted(bench):
    assert bench.send(command(Action.CANCEL)).detail == "nothing to cancel"


def test_a_cancel_that_a_crash_interrupted_is_sent_again(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.crash()
    bench.broker.cancels.clear()

    bench.connect()

    assert bench.broker.cancels == [1]
    assert bench.send(void(cancel)) is None
    bench.acknowledge(1, "Cancelled")
    assert outcome(bench, cancel.alert_id) is Outcome.ACCEPTED


def test_a_void_between_a_crash_and_its_cancel_waits_for_the_cancel(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.crash()

    assert bench.send(void(cancel)) is None
    bench.connect()
    bench.acknowledge(1, "Cancelled")

    assert outcome(bench, cancel.alert_id) is Outcome.ACCEPTED


def test_closing_goes_before_opening(bench):
    bench.send(command(Action.BUY, 1, key="warm"))
    bench.fill(1)
    wanted = {
        (Action.BUY, 1): Priority.ENTRY,
        (Action.EXIT, None): Priority.REDUCE,
        (Action.TARGET, 0): Priority.REDUCE,
        (Action.TARGET, 5): Priority.ENTRY,
        (Action.CANCEL, None): Priority.CANCEL,
    }
    for number, ((action, quantity), priority) in enumerate(wanted.items()):
        effects = Effects()
        event = CommandReceived(command(action, quantity, key=f"k{number}"), b"x")
        bench.desk.step(event, bench.now, effects)
        assert [p for p, _ in effects.requests] == [priority]
