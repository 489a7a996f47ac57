"""Why an alert is sent again, and what of it is noted."""

from alertwire.wire.delivery import Outcome
from producer.dispatcher import (
    ASKED_AGAIN,
    ATTEMPT_ROWS_MAX,
    DECIDED_TIMEOUT_S,
    HEARTBEAT_TIMEOUT_S,
    PARKED_ASK_S,
    RECEIVED_TIMEOUT_S,
    RETRY_MAX_S,
    Plan,
)
from tests.producer.bench import Bench


def reasons(plan: Plan) -> list[tuple[int, str, bool]]:
    return [(send.attempt, send.reason, send.is_noted) for send in plan.sends]


def test_each_send_again_says_why() -> None:
    bench = Bench()
    bench.speaking.add("y")
    bench.add("a")
    bench.add("b", "kb", attempts=2, was_sent=True)
    assert reasons(bench.plan()) == [(3, "the producer restarted", True), (1, "", False)]
    bench.decide("b")

    bench.now_s += RECEIVED_TIMEOUT_S
    assert reasons(bench.plan()) == [(2, "no RECEIVED within 1 s", True)]
    bench.receive("a", 2)
    bench.now_s += DECIDED_TIMEOUT_S
    assert reasons(bench.plan()) == [(3, "no decision within 10 s", True)]
    bench.receive("a", 3, executor="y")
    bench.speaking.remove("y")
    bench.now_s += HEARTBEAT_TIMEOUT_S
    assert reasons(bench.plan()) == [(4, "executor y fell silent", True)]
    bench.dispatcher.retry("a", "x", 4, bench.now_s, "not connected")
    bench.now_s += RETRY_MAX_S
    assert reasons(bench.plan()) == [(5, "handed back: not connected", True)]


def test_a_parked_alert_asked_for_days_is_noted_once_for_each_reason() -> None:
    bench = Bench()
    bench.add("a")
    bench.plan()
    noted = []
    for _ in range(50):
        bench.decide("a", Outcome.UNKNOWN)
        bench.now_s += PARKED_ASK_S
        noted += [send.reason for send in bench.plan().sends if send.is_noted]

    assert noted == [ASKED_AGAIN]


def test_the_notes_of_one_alert_are_bounded_and_its_sends_are_not() -> None:
    bench = Bench()
    bench.add("a")
    bench.plan()
    sends = []
    for attempt in range(1, ATTEMPT_ROWS_MAX + 50):
        bench.dispatcher.retry("a", "x", attempt, bench.now_s, f"reason {attempt}")
        bench.now_s += RETRY_MAX_S
        sends += bench.plan().sends

    assert len(sends) == ATTEMPT_ROWS_MAX + 49
    assert sum(send.is_noted for send in sends) == ATTEMPT_ROWS_MAX
