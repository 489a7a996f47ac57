"""The dispatcher's rules, one by one, without a clock or a socket."""

from datetime import UTC, datetime, timedelta

from alertwire.wire.delivery import Mode, Outcome
from producer.dispatcher import (
    DECIDED_TIMEOUT_S,
    HEARTBEAT_TIMEOUT_S,
    PARKED_ASK_S,
    RECEIVED_TIMEOUT_S,
    RETRY_MAX_S,
    RETRY_MIN_S,
    SILENCES_MAX,
    WINDOW_MAX,
    Close,
    Send,
)
from tests.producer.bench import Bench

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def test_nothing_is_sent_before_an_executor_was_heard() -> None:
    bench = Bench()
    bench.speaking.clear()
    bench.add("a")

    assert bench.sends() == []
    bench.speaking.add("x")
    assert bench.sends() == [("a", 1)]


def test_a_send_asks_for_its_write_ahead() -> None:
    bench = Bench()
    bench.add("a", seq=7, not_after=NOW + timedelta(days=1))

    sends = bench.plan().sends

    assert sends == [Send("a", "k", 7, 1, Mode.EXECUTE, NOW + timedelta(days=1), is_written=False)]


def test_what_the_door_wrote_ahead_is_sent_without_another_commit() -> None:
    bench = Bench()
    bench.add("a", attempts=1, is_written=True)

    (send,) = bench.plan().sends

    assert send.is_written
    assert send.attempt == 1


def test_one_alert_of_a_key_is_in_flight_and_the_next_follows_its_decision() -> None:
    bench = Bench()
    bench.add("a1", "a", 1)
    bench.add("a2", "a", 2)
    bench.add("b1", "b", 1)

    assert bench.sends() == [("a1", 1), ("b1", 1)]
    bench.decide("b1")
    assert bench.sends() == []
    bench.decide("a1")
    assert bench.sends() == [("a2", 1)]


def test_the_window_is_twice_the_slots_and_never_over_its_limit() -> None:
    few, many = Bench(slots=2), Bench(slots=1000)
    for bench in (few, many):
        for number in range(100):
            bench.add(f"a{number}", f"k{number}")

    assert len(few.sends()) == 4
    assert len(many.sends()) == WINDOW_MAX


def test_slots_in_use_count_as_an_executors_own() -> None:
    bench = Bench(slots=2)
    for number in range(10):
        bench.add(f"a{number}", f"k{number}")
    bench.sends()
    bench.receive("a0")
    bench.receive("a1")
    bench.slots = 0

    assert bench.sends() == []
    bench.decide("a2")
    assert bench.sends() == [("a4", 1)]


def test_without_received_it_is_sent_again_after_a_second() -> None:
    bench = Bench()
    bench.add("a")
    bench.sends()

    assert bench.wait(RECEIVED_TIMEOUT_S - 0.01) == []
    assert bench.wait(0.02) == [("a", 2)]


def test_without_a_decision_it_is_sent_again_ten_seconds_after_received() -> None:
    bench = Bench()
    bench.add("a")
    bench.sends()
    bench.receive("a")

    assert bench.wait(DECIDED_TIMEOUT_S - 0.01) == []
    assert bench.wait(0.02) == [("a", 2)]


def test_what_a_silent_executor_held_is_sent_again_at_once() -> None:
    bench = Bench()
    bench.speaking.add("y")
    bench.add("a", "a")
    bench.add("b", "b")
    bench.sends()
    bench.receive("a", executor="x")
    bench.receive("b", executor="y")
    bench.speaking.remove("x")

    assert bench.wait(HEARTBEAT_TIMEOUT_S + 0.1) == [("a", 2)]
    assert bench.dispatcher.executors.keys() == {"y"}


def test_an_alert_handed_back_waits_longer_each_time() -> None:
    bench = Bench()
    bench.add("a")
    attempt, pause_s = 1, RETRY_MIN_S
    bench.sends()

    for _ in range(8):
        bench.dispatcher.retry("a", "x", attempt, bench.now_s)
        assert bench.wait(pause_s - 0.01) == []
        attempt += 1
        assert bench.wait(0.02) == [("a", attempt)]
        pause_s = min(2 * pause_s, RETRY_MAX_S)


def test_being_handed_back_is_no_poison_and_leaves_room_for_others() -> None:
    bench = Bench(slots=1)
    bench.add("a", "a")
    bench.add("b", "b")
    bench.add("c", "c")
    assert bench.sends() == [("a", 1), ("b", 1)]
    bench.dispatcher.retry("a", "x", 1, bench.now_s)

    assert bench.sends() == [("c", 1)]
    assert not bench.plan().voided


def test_a_late_answer_to_an_older_attempt_restarts_nothing() -> None:
    bench = Bench()
    bench.add("a")
    bench.sends()
    assert bench.wait(RECEIVED_TIMEOUT_S + 0.01) == [("a", 2)]
    bench.receive("a", attempt=1)
    bench.dispatcher.retry("a", "x", 1, bench.now_s)

    assert bench.wait(RECEIVED_TIMEOUT_S + 0.01) == [("a", 3)]


def test_a_decision_of_any_attempt_ends_the_alert() -> None:
    bench = Bench()
    bench.add("a")
    bench.sends()
    bench.wait(3)

    assert bench.decide("a", Outcome.REJECTED) == Close("a", Outcome.REJECTED, "")
    assert bench.wait(30) == []
    assert bench.decide("a") is None


def test_a_decision_while_it_waits_to_be_sent_again_ends_it() -> None:
    bench = Bench()
    bench.add("a")
    bench.sends()
    bench.dispatcher.retry("a", "x", 1, bench.now_s)
    assert bench.decide("a")
    assert bench.wait(10) == []

    bench.add("b")
    bench.sends()
    bench.speaking.clear()
    bench.wait(3)
    assert bench.decide("b")
    bench.speaking.add("x")
    assert bench.wait(10) == []


def test_answers_to_what_is_not_known_or_was_not_sent_are_ignored() -> None:
    bench = Bench()
    bench.speaking.clear()
    bench.add("a")

    assert bench.decide("a") is None
    assert bench.decide("nobody") is None
    bench.receive("nobody")
    bench.dispatcher.retry("nobody", "x", 1, bench.now_s)
    bench.speaking.add("x")
    assert bench.sends() == [("a", 1)]


def test_an_answer_to_what_stands_behind_another_one_is_ignored() -> None:
    # Sent by a producer before this one, and numbered behind one that is undecided.
    bench = Bench()
    bench.add("a1", "a", 1)
    bench.add("a2", "a", 2, attempts=1, was_sent=True)

    assert bench.decide("a2") is None
    assert bench.sends() == [("a1", 1)]
    bench.decide("a1")
    assert bench.sends() == [("a2", 2)]


def test_an_unknown_outcome_parks_the_alert_and_halts_its_key() -> None:
    bench = Bench()
    bench.add("a1", "a", 1)
    bench.add("a2", "a", 2)
    bench.sends()

    assert bench.decide("a1", Outcome.UNKNOWN) == Close("a1", Outcome.UNKNOWN, "")
    assert bench.wait(PARKED_ASK_S - 1) == []
    assert bench.dispatcher.parked == 1
    assert bench.wait(1.5) == [("a1", 2)]
    assert bench.decide("a1", Outcome.UNKNOWN) is None
    assert bench.wait(PARKED_ASK_S - 1) == []
    assert bench.decide("a1", Outcome.ACCEPTED)
    assert bench.dispatcher.parked == 0
    assert bench.sends() == [("a2", 1)]


def test_a_parked_alert_of_the_journal_halts_its_key_after_a_restart() -> None:
    bench = Bench()
    bench.add("a1", "a", 1, attempts=3, was_sent=True, is_parked=True)
    bench.add("a2", "a", 2)

    assert bench.sends() == [("a1", 4)]
    assert bench.decide("a1", Outcome.UNKNOWN) is None
    assert bench.dispatcher.parked == 1


def test_an_alert_handed_over_twice_is_sent_once_and_a_late_one_finds_its_place() -> None:
    bench = Bench()
    bench.add("a1", "a", 1)
    bench.add("a3", "a", 3)
    bench.add("a2", "a", 2)
    bench.add("a1", "a", 1)

    sent = []
    while sends := bench.sends():
        sent += sends
        bench.decide(sends[0][0])
    assert sent == [("a1", 1), ("a2", 1), ("a3", 1)]
    assert bench.dispatcher.undecided == 0


def test_an_alert_of_the_journal_that_was_in_flight_is_sent_again_first() -> None:
    bench = Bench()
    bench.add("new", "a", 1)
    bench.add("old", "b", 1, attempts=2, was_sent=True)

    assert bench.sends() == [("old", 3), ("new", 1)]


def test_what_is_too_old_is_delivered_all_the_same_and_halts_its_key() -> None:
    # The gateway must know of every entry that was not carried out: only it says EXPIRED.
    bench = Bench()
    past = NOW - timedelta(days=1)
    bench.add("a1", "a", 1, not_after=past)
    bench.add("a2", "a", 2)
    bench.add("b1", "b", 1, attempts=1, is_written=True, not_after=past)

    assert bench.sends() == [("a1", 1), ("b1", 1)]
    assert bench.decide("a1", Outcome.EXPIRED) == Close("a1", Outcome.EXPIRED, "")
    assert bench.sends() == [("a2", 1)]


def test_received_and_then_silence_five_times_is_voided() -> None:
    bench = Bench()
    bench.add("a")
    bench.sends()
    for attempt in range(1, SILENCES_MAX + 1):
        bench.receive("a", attempt)
        bench.now_s += DECIDED_TIMEOUT_S
        plan = bench.plan()
        (send,) = plan.sends
        is_last = attempt == SILENCES_MAX
        assert send.mode is (Mode.VOID if is_last else Mode.EXECUTE)
        assert plan.voided == (["a"] if is_last else [])
    assert bench.decide("a", Outcome.VOIDED)


def test_silence_without_received_is_no_poison() -> None:
    bench = Bench()
    bench.add("a")
    modes = []
    for _ in range(20):
        modes += [send.mode for send in bench.plan().sends]
        bench.now_s += RECEIVED_TIMEOUT_S

    assert modes == [Mode.EXECUTE] * 20


def test_an_attempt_that_nobody_could_take_is_tried_again_as_the_same() -> None:
    bench = Bench()
    bench.add("a")
    assert bench.sends() == [("a", 1)]
    bench.dispatcher.fail_send("a")

    (send,) = bench.plan().sends

    assert send.attempt == 1
    assert send.is_written


def test_a_hint_of_room_is_given_for_idle_keys_only() -> None:
    bench = Bench(slots=1)
    assert not bench.dispatcher.would_send("a")
    bench.plan()
    assert bench.dispatcher.would_send("a")
    bench.add("a1", "a")
    assert not bench.dispatcher.would_send("a")
    bench.add("b1", "b")
    bench.plan()
    assert not bench.dispatcher.would_send("c")


def test_a_turn_costs_no_more_with_a_hundred_thousand_keys_waiting() -> None:
    bench = Bench()
    for number in range(100_000):
        bench.add(f"a{number}", f"k{number}")
    bench.plan()
    looked_at = 0

    class Counting(dict):  # type: ignore[type-arg]
        def values(self):
            nonlocal looked_at
            looked_at += len(self)
            return super().values()

    bench.dispatcher._known = Counting(bench.dispatcher._known)
    bench.dispatcher._heads = Counting(bench.dispatcher._heads)
    bench.dispatcher._behind = Counting(bench.dispatcher._behind)
    bench.dispatcher._flying = Counting(bench.dispatcher._flying)
    for number in range(64):
        bench.decide(f"a{number}")
        assert len(bench.plan().sends) == 1

    assert looked_at <= 64 * 4 * WINDOW_MAX


def test_what_waits_is_told_by_key() -> None:
    bench = Bench()
    bench.add("a1", "a", 1)
    bench.add("a2", "a", 2)

    head = bench.dispatcher.head("a")
    assert head is not None
    assert (head.alert_id, bench.dispatcher.backlog("a")) == ("a1", 2)
    assert (bench.dispatcher.head("b"), bench.dispatcher.backlog("b")) == (None, 0)
    bench.sends()
    bench.decide("a1")
    assert [waiting.alert_id for waiting in bench.dispatcher.heads()] == ["a2"]
    bench.sends()
    bench.decide("a2")
    assert (bench.dispatcher.backlog("a"), bench.dispatcher.undecided) == (0, 0)


def test_an_exit_passes_the_entries_that_wait_and_not_its_own_key() -> None:
    bench = Bench()
    for number in range(WINDOW_MAX + 2):
        bench.add(f"entry{number}", f"k{number}", 1)
    assert len(bench.sends()) == WINDOW_MAX
    bench.add("exit", "other", 1, goes_first=True)
    bench.add("exit of an entry that flies", "k0", 2, goes_first=True)

    bench.decide("entry1")
    assert bench.sends() == [("exit", 1)]
    bench.decide("entry0")
    assert bench.sends() == [("exit of an entry that flies", 1)]
    bench.decide("entry2")
    assert bench.sends() == [(f"entry{WINDOW_MAX}", 1)]
