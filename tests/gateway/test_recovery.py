"""After a crash, a lost connection, a silence."""

from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.events import Tick
from gateway.messages import BrokerError, MessageDropped
from tests.gateway.bench import Crash, outcome, placed_limit, refused
from tests.gateway.build import ACCOUNT, NOW, command

# Recovery


@pytest.mark.parametrize(
    ("where", "is_known", "outcome_after"),
    [("intended", False, None), ("committed", True, None), ("placed", True, Outcome.ACCEPTED)],
)
def test_a_crash_anywhere_is_found_out_at_the_reconnect(bench, where, is_known, outcome_after):
    buy = command(Action.BUY, 10)
    bench.crash_at = where
    with pytest.raises(Crash):
        bench.send(buy)
    bench.crash()
    bench.connect()

    kept = bench.kept["commands"].get(buy.command_id)

    assert (kept is not None) is is_known
    assert (kept and kept.outcome) is outcome_after
    assert len(bench.broker.placed) == is_known
    assert bench.alarms == []


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


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize(
    ("status", "filled", "end"),
    [
        ("Submitted", 0, Outcome.ACCEPTED),
        ("Filled", 10, Outcome.ACCEPTED),
        ("Cancelled", 0, Outcome.ACCEPTED),
        ("Inactive", 0, Outcome.ACCEPTED),
    ],
)
def test_an_unknown_command_is_answered_with_what_a_reconnect_proves(
    bench, status, filled, end, crashes
):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    hidden = bench.broker.placed.pop()
    bench.wait(11)
    bench.answer_inquiry()
    bench.lose()
    if crashes:
        bench.crash()
    assert bench.send(buy).outcome is Outcome.UNKNOWN
    bench.broker.placed.append(hidden)
    hidden.status, hidden.filled = status, Decimal(filled)

    bench.connect()
    bench.wait(1)

    assert bench.send(buy).outcome is end
    assert bench.kept["commands"][buy.command_id].outcome is end
    assert len(bench.broker.placed) == 1


def test_a_crash_just_before_an_unknown_command_is_decided_anew_changes_nothing(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.broker.placed.pop()
    bench.wait(11)
    bench.answer_inquiry()
    bench.acknowledge(1, "Cancelled")
    bench.crash()

    bench.wait(1)

    reply = bench.send(buy)
    assert (reply.outcome, reply.detail[:17]) == (Outcome.ACCEPTED, "cancelled at once")


def test_an_unknown_cancel_is_answered_with_what_became_of_its_orders(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.wait(11)
    bench.answer_inquiry()
    assert bench.send(cancel).outcome is Outcome.UNKNOWN

    bench.acknowledge(1, "Cancelled")

    assert bench.send(cancel).outcome is Outcome.ACCEPTED


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
    assert bench.desk.why_not_ready(bench.now)
    bench.answer_inquiry()

    assert not bench.desk.why_not_ready(bench.now)


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
