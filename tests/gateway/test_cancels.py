"""Cancelling the orders of a strategy."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alertwire.wire.alert import Action, MarketPosition
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.events import CommandReceived, Effects
from gateway.pacer import Priority
from tests.gateway.bench import outcome, placed_limit, refused
from tests.gateway.build import AAPL, command, limit, stock, void


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

    filled = bench.broker.by_id(1)
    bench.broker.fill(filled, filled.quantity, bench.now)
    assert bench.turn(refused(1, 10148, "cannot be cancelled, state: Filled")).inquire
    assert outcome(bench, cancel.command_id) is None
    bench.answer_inquiry()

    assert outcome(bench, cancel.command_id) is Outcome.ACCEPTED
    assert bench.replies[-1][1].detail == "1 filled"


def test_a_cancel_leaves_other_strategies_and_orders_alone(bench):
    placed_limit(bench, strategy="other")
    placed_limit(bench, order_id="Long")
    placed_limit(bench, order_id="Short")

    bench.send(command(Action.CANCEL, order_id="Short"))

    assert bench.broker.cancels == [3]


@pytest.mark.parametrize(
    ("closes", "cancelled"),
    [(MarketPosition.LONG, [1]), (MarketPosition.SHORT, [2]), (None, [1, 2])],
)
def test_a_cancel_of_one_side_leaves_the_other_alone(bench, closes, cancelled):
    for action in (Action.BUY, Action.SELL):
        bench.send(command(action, 10, entry=limit(150), key=action.name))
        bench.acknowledge(len(bench.broker.placed))
    cancel = command(Action.CANCEL, closes=closes)

    bench.send(cancel)

    assert bench.broker.cancels == cancelled
    for order_id in cancelled:
        bench.acknowledge(order_id, "Cancelled")
    assert outcome(bench, cancel.command_id) is Outcome.ACCEPTED


def test_a_cancel_of_one_side_that_a_crash_interrupted_keeps_to_its_side(bench):
    for action in (Action.BUY, Action.SELL):
        bench.send(command(action, 10, entry=limit(150), key=action.name))
        bench.acknowledge(len(bench.broker.placed))
    bench.send(command(Action.CANCEL, closes=MarketPosition.SHORT))
    bench.crash()
    bench.broker.cancels.clear()

    bench.connect()

    assert bench.broker.cancels == [2]


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


@pytest.mark.parametrize("is_final", [True, False])
def test_a_cancel_written_down_ends_even_where_its_contract_is_not_found(bench, is_final):
    placed_limit(bench)
    placed_limit(bench, instrument=stock("MSFT"), key="s|MSFT")
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.crash()
    bench.broker.cancels.clear()
    bench.answers_queries = False

    bench.connect()
    bench.fail_query("no security definition (200)", is_final=is_final)

    assert bench.broker.cancels == [1, 2]
    assert bench.send(cancel) is None
    bench.acknowledge(1, "Cancelled")
    assert outcome(bench, cancel.command_id) is Outcome.ACCEPTED


def test_a_cancel_asks_for_no_contract_where_the_instruments_are_the_same(bench):
    placed_limit(bench)
    bench.crash()
    bench.connect()
    bench.answers_queries = False
    bench.queries.clear()

    bench.send(command(Action.CANCEL))

    assert bench.queries == []
    assert bench.broker.cancels == [1]


def test_a_cancel_by_another_name_of_the_contract_is_asked_about(bench):
    placed_limit(bench, instrument=replace(AAPL, exchange="NASDAQ"))

    bench.crash()
    bench.connect()
    bench.send(command(Action.CANCEL))

    assert bench.broker.cancels == [1]


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_refused_cancel_of_an_order_never_acknowledged_says_nothing_about_the_order(
    bench, is_lost
):
    buy = command(Action.BUY, 10, entry=limit(150), key="a")
    bench.send(buy)
    if is_lost:
        hidden = bench.broker.placed.pop()
        bench.wait(11)
        bench.answer_inquiry()
        bench.broker.placed.append(hidden)
    was = outcome(bench, buy.command_id)
    state = bench.desk.book.orders[buy.command_id].state
    cancel = command(Action.CANCEL, key="b")
    bench.send(cancel)
    assert outcome(bench, buy.command_id) is was

    bench.turn(refused(1, 10147, "OrderId 1 that needs to be cancelled is not found"))

    assert outcome(bench, buy.command_id) is was
    assert bench.desk.book.orders[buy.command_id].state is state
    bench.answer_inquiry()
    reply = bench.send(cancel)
    assert reply.outcome is Outcome.REJECTED
    assert reply.detail.startswith("1 working; the broker refused it (10147)")
    assert bench.send(buy).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("code", [321, 10147, 10148])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_refused_cancel_is_decided_by_what_the_lists_say(bench, code, is_there):
    buy = placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    if not is_there:
        bench.broker.by_id(1).status = "Cancelled"

    effects = bench.turn(refused(1, code, "not valid"))

    assert effects.inquire
    assert bench.desk.book.orders[buy].state is OrderState.WORKING
    assert outcome(bench, cancel.command_id) is None
    bench.answer_inquiry()
    reply = bench.send(cancel)
    if is_there:
        expected = (Outcome.REJECTED, f"1 working; the broker refused it ({code}): not valid")
    else:
        expected = (Outcome.ACCEPTED, "1 cancelled")
    assert (reply.outcome, reply.detail) == expected


def test_a_cancel_of_an_order_that_is_nowhere_is_a_persons(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.broker.hide(1)
    bench.turn(refused(1, 10147, "not found"))
    bench.answer_inquiry()

    bench.wait(11)
    bench.answer_inquiry()

    assert bench.send(cancel).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("is_told", [True, False])
def test_a_validation_error_of_a_new_order_still_refuses_it(bench, is_told):
    buy = command(Action.BUY, 10, entry=limit(150))
    bench.send(buy)
    if is_told:
        bench.acknowledge(1)

    effects = bench.turn(refused(1, 321, "not valid"))

    assert effects.inquire is is_told
    assert bench.state(buy.command_id) is (OrderState.WORKING if is_told else OrderState.REJECTED)


def test_a_cancel_that_goes_on_after_a_reconnect_leaves_younger_orders_alone(bench):
    placed_limit(bench)
    bench.now += timedelta(seconds=1)
    cancel = command(Action.CANCEL, key="c")
    bench.send(cancel)
    bench.now += timedelta(seconds=1)
    placed_limit(bench)
    bench.lose()
    bench.broker.cancels.clear()

    bench.connect()

    assert bench.broker.cancels == [1]
    bench.acknowledge(1, "Cancelled")
    assert bench.send(cancel).detail == "1 cancelled"


def under_another_client_id(bench):
    """Start again with client id 2, of which the broker knows nothing yet."""
    for order in bench.kept["orders"].values():
        order.client_id = 7
    bench.crash()
    bench.connect()


def test_a_cancel_never_hits_another_order_that_has_the_same_number(bench):
    placed_limit(bench)
    under_another_client_id(bench)
    assert bench.alarms == ["order_of_other_client_id"]
    bench.lose()
    bench.connect()
    assert bench.alarms == ["order_of_other_client_id"]
    bench.notes.clear()

    placed_limit(bench)
    cancel = command(Action.CANCEL)
    reply = bench.send(cancel)

    assert bench.broker.cancels == [2]
    assert reply.outcome is Outcome.UNKNOWN
    assert "cancel it in TWS" in reply.detail
    assert bench.alarms == ["order_of_other_client_id", "command_unknown"]
    bench.acknowledge(2, "Cancelled")
    bench.lose()
    bench.broker.by_id(1).status = bench.broker.by_id(2).status = "Cancelled"
    bench.connect()
    assert bench.send(cancel).outcome is Outcome.ACCEPTED


def test_a_question_about_a_contract_goes_as_early_as_what_needs_it(bench):
    asked = []
    for number, action in enumerate((Action.BUY, Action.BUY, Action.EXIT, Action.EXIT)):
        effects = Effects()
        one = command(action, 1, key=f"k{number}", instrument=stock("MSFT"))
        bench.desk.step(CommandReceived(one, b"x"), bench.now, effects)
        asked.append([priority for priority, _ in effects.requests])

    assert asked == [[Priority.FIND_TO_ENTER], [], [Priority.FIND_TO_REDUCE], []]
