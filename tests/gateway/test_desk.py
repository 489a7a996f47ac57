"""What the desk decides, event by event."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, QuantityType, Sizing, StopLoss, TakeProfit
from alertwire.wire.delivery import Outcome, Stage
from alertwire.wire.report import OrderState
from gateway.events import CommandReceived, Effects, Tick
from gateway.messages import BrokerError, MessageDropped, OrderStatus
from gateway.pacer import Priority
from tests.gateway.bench import Bench, Crash, PaperBroker
from tests.gateway.build import ACCOUNT, NOW, command, limit, void


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.connect()
    return bench


def refused(order_id: int, code: int = 201, text: str = "no margin") -> BrokerError:
    return BrokerError(about=order_id, code=code, text=text)


def outcome(bench: Bench, command_id: str) -> Outcome | None:
    return next((r.outcome for _, r in reversed(bench.replies) if r.command_id == command_id), None)


# The way of one command


def test_a_buy_is_written_down_placed_and_answered_when_the_broker_has_it(bench):
    buy = command(Action.BUY, 10)

    assert bench.send(buy) is None
    bench.acknowledge(1)

    (order,) = bench.broker.placed
    assert (order.ref, order.order_id, order.quantity) == (buy.command_id, 1, 10)
    reply = bench.replies[-1][1]
    assert (reply.decided, reply.outcome, reply.account) == (True, Outcome.ACCEPTED, ACCOUNT)
    stages = [stamp.stage for stamp in reply.trace.stamps]
    assert stages == [Stage.TAKEN, Stage.INTENDED, Stage.PLACED, Stage.ACKNOWLEDGED]


def test_an_execution_alone_is_an_acknowledgement(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.fill(1)

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED
    assert bench.state(buy.command_id) is OrderState.FILLED


def test_the_same_command_again_is_answered_the_same_and_ordered_once(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.acknowledge(1)
    first = bench.replies[-1][1]

    assert bench.send(buy, b"another executor") == first
    bench.crash()
    bench.connect()
    assert bench.send(buy).outcome is Outcome.ACCEPTED
    assert len(bench.broker.placed) == 1


def test_everyone_who_asked_is_answered(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy, b"one")
    bench.send(buy, b"two")
    bench.send(buy, b"two")

    bench.acknowledge(1)

    assert sorted(address for address, _ in bench.replies) == [b"one", b"two"]
    assert len(bench.broker.placed) == 1


def test_an_order_that_the_broker_refuses_is_rejected_with_its_text(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.turn(refused(1))

    assert outcome(bench, buy.command_id) is Outcome.REJECTED
    assert "no margin" in bench.replies[-1][1].detail
    assert bench.state(buy.command_id) is OrderState.REJECTED


@pytest.mark.parametrize("word", ["Inactive", "Cancelled"])
def test_a_refusal_whose_status_comes_first_is_still_a_refusal(bench, word):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.acknowledge(1, word)
    assert outcome(bench, buy.command_id) is None
    bench.turn(refused(1))

    assert outcome(bench, buy.command_id) is Outcome.REJECTED


def test_an_order_cancelled_at_once_was_accepted(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.acknowledge(1, "Cancelled")

    bench.wait(0.3)

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED
    assert "cancelled at once" in bench.replies[-1][1].detail


@pytest.mark.parametrize("code", [399, 10349, 2109, 103, 105, 404, 31337])
def test_a_warning_is_no_refusal(bench, code):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.turn(refused(1, code, "just so you know"))
    bench.acknowledge(1)

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED


def test_an_error_about_a_request_never_meets_an_order(bench):
    bench.send(command(Action.BUY, 10))

    bench.turn(refused(1_000_000_001, 200, "no security definition"))

    assert bench.replies == []


# What is not ordered


def test_a_command_past_its_time_expires_by_the_gateways_clock(bench):
    late = command(Action.BUY, 10, not_after=NOW - timedelta(seconds=1))

    assert bench.send(late).outcome is Outcome.EXPIRED
    assert bench.broker.placed == []
    assert bench.send(late).outcome is Outcome.EXPIRED


def test_a_command_expires_even_while_not_connected():
    bench = Bench()

    reply = bench.send(command(Action.BUY, 10, not_after=NOW - timedelta(seconds=1)))

    assert reply.outcome is Outcome.EXPIRED


def test_nothing_is_decided_while_not_connected():
    bench = Bench()
    buy = command(Action.BUY, 10)

    reply = bench.send(buy)

    assert (reply.decided, reply.detail) == (False, "not connected to the broker yet")
    bench.connect()
    bench.send(buy)
    assert len(bench.broker.placed) == 1


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"action": Action.FLATTEN}, "flatten"),
        ({"sizing": Sizing(type=QuantityType.CASH, value=Decimal(5))}, "cash"),
        ({"take_profits": (TakeProfit(price=Decimal(1)),)}, "take_profit"),
        ({"stop_loss": StopLoss(price=Decimal(1))}, "stop_loss"),
        ({"cancel_working_first": True}, "cancel_working_first"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(bench, fields, word):
    reply = bench.send(replace(command(Action.BUY, 10), **fields))

    assert reply.outcome is Outcome.REJECTED
    assert f"{word} is not supported yet" in reply.detail


def test_an_account_that_the_broker_does_not_manage_is_refused_with_the_list(bench):
    reply = bench.send(command(Action.BUY, 10, account="DU9"))

    assert reply.outcome is Outcome.REJECTED
    assert ACCOUNT in reply.detail


def test_no_account_is_the_only_one():
    bench = Bench()
    bench.connect()
    bench.send(command(Action.BUY, 10, account=""))
    bench.acknowledge(1)

    assert bench.replies[-1][1].account == ACCOUNT


def test_no_account_among_two_is_refused():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()

    assert bench.send(command(Action.BUY, 10, account="")).outcome is Outcome.REJECTED


@pytest.mark.parametrize("field", ["command_id", "alert_id", "strategy", "account"])
def test_a_name_that_would_break_the_protocol_is_refused(bench, field):
    bad = replace(command(Action.BUY, 10), **{field: "a\0b"})

    assert bench.send(bad).outcome is Outcome.REJECTED
    assert bench.kept["commands"] == {}


def test_an_unknown_contract_is_refused_and_not_remembered(bench):
    bench.answers_queries = False
    bench.send(command(Action.BUY, 10))
    bench.fail_query("AAPL: no security definition (200)", is_final=True)
    assert bench.replies[-1][1].outcome is Outcome.REJECTED

    bench.send(command(Action.BUY, 10))
    assert len(bench.queries) == 1


def test_a_query_that_got_no_answer_is_no_refusal(bench):
    bench.answers_queries = False
    bench.send(command(Action.BUY, 10))

    bench.fail_query("no answer in time", is_final=False)

    assert bench.replies[-1][1].decided is False


def test_a_contract_is_asked_for_once(bench):
    for number in range(3):
        bench.send(command(Action.BUY, 1, key=f"k{number}"))

    assert len(bench.queries) == 1
    assert len(bench.broker.placed) == 3


# Fences


def test_a_command_below_the_fence_is_voided(bench):
    early, late = command(Action.BUY, 1, seq=1), command(Action.BUY, 2, seq=2)
    bench.send(late)
    bench.acknowledge(1)

    assert bench.send(early).outcome is Outcome.VOIDED
    bench.crash()
    bench.connect()
    assert bench.send(early).outcome is Outcome.VOIDED
    assert len(bench.broker.placed) == 1


def test_another_account_of_the_same_alert_passes_the_fence():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()
    first = command(Action.BUY, 1, seq=5, account="DU1")
    second = replace(first, command_id=f"{first.alert_id}-2", account="DU2")

    bench.send(first)
    bench.send(second)

    assert len(bench.broker.placed) == 2


def test_a_voided_alert_is_never_carried_out(bench):
    buy = command(Action.BUY, 1)

    assert bench.send(void(buy)).outcome is Outcome.VOIDED
    assert bench.send(buy).outcome is Outcome.VOIDED
    bench.crash()
    bench.connect()
    assert bench.send(buy).outcome is Outcome.VOIDED
    assert bench.broker.placed == []


def test_a_void_works_while_not_connected():
    bench = Bench()

    assert bench.send(void(command(Action.BUY, 1))).outcome is Outcome.VOIDED


def test_a_void_of_a_placed_order_is_answered_with_its_end(bench):
    buy = command(Action.BUY, 1)
    bench.send(buy)
    assert bench.send(void(buy)) is None

    bench.acknowledge(1)

    assert outcome(bench, buy.alert_id) is Outcome.ACCEPTED


def test_a_void_stops_a_command_that_still_waits_for_its_contract(bench):
    bench.answers_queries = False
    buy = command(Action.BUY, 1)
    bench.send(buy)

    bench.send(void(buy))

    assert outcome(bench, buy.alert_id) is Outcome.VOIDED
    assert outcome(bench, buy.command_id) is Outcome.VOIDED


def test_a_void_tells_the_most_telling_end():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()
    first = command(Action.BUY, 1, account="DU1")
    second = replace(first, command_id=f"{first.alert_id}-2", account="DU2")
    bench.send(first)
    bench.send(second)
    bench.turn(refused(1))
    bench.acknowledge(2)

    assert bench.send(void(first)).outcome is Outcome.ACCEPTED


def test_one_open_command_per_key_and_account(bench):
    bench.send(command(Action.BUY, 1))

    reply = bench.send(command(Action.BUY, 2))

    assert reply.decided is False
    assert "still open" in reply.detail
    assert bench.send(command(Action.BUY, 2, key="another")) is None


# Sizes from the truth


def test_an_exit_waits_for_the_fill_of_the_entry_before_it(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.acknowledge(1)
    bench.send(command(Action.EXIT, key="b"))
    assert len(bench.broker.placed) == 1

    bench.fill(1)

    assert [order.quantity for order in bench.broker.placed] == [10, 10]


def test_an_exit_waits_no_longer_than_three_seconds(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.acknowledge(1)
    bench.fill(1, 4)
    exit_ = command(Action.EXIT, key="b")
    bench.send(exit_)

    bench.wait(2.9)
    assert len(bench.broker.placed) == 1
    bench.wait(0.2)

    assert bench.broker.placed[1].quantity == 4


def test_a_broker_that_tells_fills_by_status_only(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.turn(OrderStatus(order_id=1, client_id=1, perm_id=9, status="Filled", filled=Decimal(10)))

    bench.send(command(Action.EXIT, key="b"))

    assert bench.broker.placed[1].quantity == 10


def test_an_exit_of_nothing_is_accepted_without_an_order(bench):
    reply = bench.send(command(Action.EXIT))

    assert (reply.outcome, reply.detail) == (Outcome.ACCEPTED, "no position: nothing to close")
    assert bench.broker.placed == []


# Cancels


def placed_limit(bench: Bench, **fields) -> str:
    buy = command(Action.BUY, 10, entry=limit(150), **fields)
    bench.send(buy)
    bench.acknowledge(len(bench.broker.placed))
    return buy.command_id


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


# Recovery


@pytest.mark.parametrize(
    ("where", "outcome_after", "orders"),
    [("intended", None, 0), ("committed", Outcome.UNKNOWN, 0), ("placed", Outcome.ACCEPTED, 1)],
)
def test_a_crash_anywhere_is_found_out_at_the_reconnect(bench, where, outcome_after, orders):
    buy = command(Action.BUY, 10)
    bench.crash_at = where
    with pytest.raises(Crash):
        bench.send(buy)
    bench.crash()
    bench.connect()

    kept = bench.kept["commands"].get(buy.command_id)

    assert (kept and kept.outcome) is outcome_after
    assert len(bench.broker.placed) == orders
    assert ("order_not_found" in bench.alarms) is (outcome_after is Outcome.UNKNOWN)


def test_an_order_never_handed_to_the_socket_is_sent_after_the_reconnect(bench):
    buy = command(Action.BUY, 10)
    bench.send(command(Action.BUY, 1, key="a"))
    bench.acknowledge(1)
    bench.is_connected = False
    bench.send(buy)
    assert len(bench.broker.placed) == 1
    bench.lose()

    bench.connect()

    assert [order.ref for order in bench.broker.placed][1:] == [buy.command_id]
    bench.acknowledge(2)
    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED


def test_an_order_never_handed_to_the_socket_expires(bench):
    bench.send(command(Action.BUY, 1, key="a"))
    bench.acknowledge(1)
    bench.is_connected = False
    buy = command(Action.BUY, 10, not_after=NOW + timedelta(seconds=5))
    bench.send(buy)
    bench.lose()
    bench.now += timedelta(seconds=6)

    bench.connect()

    assert len(bench.broker.placed) == 1
    assert outcome(bench, buy.command_id) is Outcome.EXPIRED
    assert bench.state(buy.command_id) is OrderState.CANCELLED


def test_fills_missed_while_away_are_booked_once(bench):
    ref = placed_limit(bench)
    bench.lose()
    bench.broker.fill(bench.broker.by_id(1), Decimal(10), NOW)

    bench.connect()
    bench.lose()
    bench.connect()

    assert bench.state(ref) is OrderState.FILLED
    assert len(bench.kept["fills"]) == 1
    assert bench.desk.positions.quantity(ACCOUNT, 265598) == 10


def test_an_order_that_vanished_is_unknown_and_an_alarm(bench):
    ref = placed_limit(bench)
    bench.lose()
    bench.broker.placed.clear()

    bench.connect()

    assert bench.state(ref) is OrderState.UNKNOWN
    assert bench.alarms == ["order_not_found"]


def test_an_order_of_ours_that_the_ledger_does_not_know_is_an_alarm(bench):
    placed_limit(bench)
    bench.kept = {name: {} for name in bench.kept}
    bench.crash()

    bench.connect()

    assert bench.alarms == ["order_not_in_ledger"]


def test_order_ids_never_go_back(bench):
    placed_limit(bench)
    placed_limit(bench)
    bench.broker.placed.clear()
    bench.crash()
    bench.connect()

    placed_limit(bench)

    assert bench.broker.placed[0].order_id == 3


def test_an_order_without_acknowledgement_is_asked_about_then_unknown(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.broker.placed.clear()
    bench.wait(9)
    assert not bench.turn().inquire

    bench.now += timedelta(seconds=2)
    assert bench.turn(Tick()).inquire
    bench.answer_inquiry()

    assert outcome(bench, buy.command_id) is Outcome.UNKNOWN
    assert bench.send(buy).outcome is Outcome.UNKNOWN
    assert bench.broker.placed == []


def test_an_inquiry_that_finds_the_order_accepts_it(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.broker.by_id(1).status = "Inactive"
    bench.wait(11)

    bench.answer_inquiry()

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED


def test_an_unknown_order_that_shows_up_is_accepted_after_all(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    hidden = bench.broker.placed.pop()
    bench.wait(11)
    bench.answer_inquiry()
    assert outcome(bench, buy.command_id) is Outcome.UNKNOWN

    bench.broker.placed.append(hidden)
    bench.fill(1)

    assert bench.send(buy).outcome is Outcome.ACCEPTED


def test_error_103_is_asked_about_at_once(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.turn(refused(1, 103, "Duplicate order id"))
    bench.wait(0.05)

    assert bench.desk.link._is_inquiring
    assert outcome(bench, buy.command_id) is None


# The link


def test_nothing_is_ordered_while_tws_has_lost_ib(bench):
    bench.turn(BrokerError(about=-1, code=1100, text="lost"))
    reply = bench.send(command(Action.BUY, 10))
    assert (reply.decided, "1100" in reply.detail) == (False, True)

    effects = bench.turn(BrokerError(about=-1, code=1102, text="restored"))
    assert effects.inquire
    assert not bench.desk.is_ready
    bench.answer_inquiry()

    assert bench.desk.is_ready


def test_a_message_that_could_not_be_read_is_an_alarm_and_asked_for_once_a_minute(bench):
    assert bench.turn(MessageDropped(detail="openOrder")).inquire
    bench.answer_inquiry()
    assert not bench.turn(MessageDropped(detail="openOrder")).inquire

    assert bench.alarms == ["broker_message_dropped"] * 2


def test_a_lost_connection_sends_back_what_was_not_written_down(bench):
    bench.answers_queries = False
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.lose()

    assert bench.replies[-1][1].decided is False
    bench.answers_queries = True
    bench.connect()
    bench.send(buy)
    assert len(bench.broker.placed) == 1
