"""From the door to a decision: a real producer, executors in the test's hands."""

import json
import time

from alertwire.wire.alert import Action
from alertwire.wire.delivery import AckKind, Mode, Outcome, Stage
from producer.dispatcher import PARKED_ASK_S
from tests.producer.processes import Executor, Producer, eventually


def ready_executor(producer: Producer, name: str = "x", **more: int) -> Executor:
    """Return an executor that the producer has heard."""
    executor = Executor(producer, name, **more)
    executor.settle(producer)
    return executor


def test_an_alert_is_delivered_and_its_decision_journaled_with_every_step(
    shared: Producer,
) -> None:
    with ready_executor(shared) as executor:
        alert_id = shared.accept(strategy="whole")
        delivery = executor.take()
        executor.receive(delivery)
        executor.decide(delivery)
        row = shared.wait_for(alert_id, "DONE")

    assert delivery.alert_id == alert_id
    assert (delivery.seq, delivery.attempt, delivery.mode) == (1, 1, Mode.EXECUTE)
    assert delivery.alert is not None
    assert delivery.alert.action is Action.BUY
    assert delivery.not_after is not None
    (stream,) = shared.rows("SELECT stream_id FROM streams")
    assert delivery.stream_id == stream["stream_id"]
    assert (row["outcome"], row["detail"], row["attempts"]) == ("ACCEPTED", "as told", 1)
    stages = [stage for stage, _ in json.loads(row["trace"])["stamps"]]
    assert stages == [stage.name for stage in Stage]
    assert json.loads(row["trace"])["traceparent"] == delivery.trace.traceparent


def test_it_is_in_flight_on_disk_before_it_is_on_the_wire(shared: Producer) -> None:
    with ready_executor(shared) as executor:
        for number in range(5):
            shared.accept(strategy=f"s{number}")
            delivery = executor.take()
            row = shared.row(delivery.alert_id)
            assert (row["state"], row["attempts"]) == ("INFLIGHT", delivery.attempt)


def test_alerts_of_one_key_come_one_after_the_other_and_keys_in_parallel(
    shared: Producer,
) -> None:
    with ready_executor(shared) as executor:
        first = shared.accept(strategy="a3", quantity="1")
        second = shared.accept(strategy="a3", quantity="2")
        other = shared.accept(strategy="b3")
        deliveries = {}
        for _ in range(2):
            delivery = executor.take()
            executor.receive(delivery)
            deliveries[delivery.alert_id] = delivery
        assert deliveries.keys() == {first, other}
        assert executor.take_any(0.4) is None
        executor.decide(deliveries[first])
        assert executor.take().alert_id == second


def test_a_killed_producer_delivers_after_its_restart(producer: Producer) -> None:
    ids = [producer.accept(strategy="k", quantity=str(n + 1)) for n in range(3)]
    other = producer.accept(strategy="other")
    producer.kill()
    producer.start()

    with Executor(producer) as executor:
        seen = []
        while len(seen) < 4:
            delivery = executor.take()
            executor.receive(delivery)
            executor.decide(delivery)
            if delivery.alert_id not in seen:
                seen.append(delivery.alert_id)
        for alert_id in (*ids, other):
            producer.wait_for(alert_id, "DONE")
    assert [alert_id for alert_id in seen if alert_id != other] == ids


def test_what_was_in_flight_at_the_kill_is_sent_again_in_the_same_stream(
    producer: Producer,
) -> None:
    with ready_executor(producer) as executor:
        alert_id = producer.accept()
        before = executor.take()
        executor.receive(before)
        producer.kill()
        producer.start()
        after = executor.take()
        executor.receive(after)
        executor.decide(before)
        row = producer.wait_for(alert_id, "DONE")

    assert after.alert_id == before.alert_id == alert_id
    assert after.stream_id == before.stream_id
    assert after.attempt == before.attempt + 1
    assert after.alert == before.alert
    assert row["outcome"] == "ACCEPTED"


def test_an_alert_handed_back_comes_again(shared: Producer) -> None:
    with ready_executor(shared) as executor:
        shared.accept(strategy="t4")
        first = executor.take()
        executor.receive(first)
        executor.retry(first)
        again = executor.take()

    assert again.alert_id == first.alert_id
    assert again.attempt == 2


def test_what_a_dead_executor_held_goes_to_another(shared: Producer) -> None:
    with ready_executor(shared, "lame") as lame:
        alert_id = shared.accept(strategy="t5")
        lame.receive(lame.take())
    with Executor(shared, "fit") as fit:
        delivery = fit.take()
        fit.receive(delivery)
        fit.decide(delivery)
        shared.wait_for(alert_id, "DONE")

    assert delivery.alert_id == alert_id
    eventually(lambda: shared.events("executor_lost"), "the loss in the log")


def test_an_unknown_outcome_parks_the_key_also_over_a_restart(producer: Producer) -> None:
    with ready_executor(producer) as executor:
        parked = producer.accept(strategy="p", quantity="1")
        producer.accept(strategy="p", quantity="2")
        delivery = executor.take()
        executor.receive(delivery)
        executor.decide(delivery, Outcome.UNKNOWN)
        producer.wait_for(parked, "PARKED")
        assert executor.take_any(0.5) is None
        producer.kill()
        producer.start()
        # The gateway is asked again: it may have learned the truth meanwhile.
        again = executor.take()
        assert again.alert_id == parked
        executor.receive(again)
        executor.decide(again, Outcome.UNKNOWN)
        assert executor.take_any(0.5) is None
        other = producer.accept(strategy="q")
        assert executor.take().alert_id == other

    assert producer.events("alert_parked")[0]["alert_id"] == parked


def test_what_waited_too_long_unsent_is_delivered_and_expires_at_the_gateway(
    producer: Producer,
) -> None:
    old = producer.accept(strategy="e", max_age_s="0.2")
    following = producer.accept(strategy="e", action="exit")
    time.sleep(0.3)

    with Executor(producer) as executor:
        first = executor.take()
        executor.receive(first)
        executor.decide(first, Outcome.EXPIRED)
        second = executor.take()
        row = producer.wait_for(old, "DONE")

    assert (first.alert_id, second.alert_id) == (old, following)
    assert first.not_after is not None
    assert second.not_after is None
    assert (row["outcome"], row["attempts"]) == ("EXPIRED", 1)


def attempts_of(producer: Producer, alert_id: str) -> list[tuple[int, str, str]]:
    rows = producer.rows(f"SELECT * FROM attempts WHERE alert_id = '{alert_id}' ORDER BY attempt")
    return [(row["attempt"], row["mode"], row["reason"]) for row in rows]


def test_every_send_again_is_in_the_journal_with_its_reason_before_it_is_on_the_wire(
    producer: Producer,
) -> None:
    with ready_executor(producer) as executor:
        alert_id = producer.accept()
        first = executor.take()
        assert attempts_of(producer, alert_id) == []
        executor.ack(AckKind.RETRY, alert_id=alert_id, attempt=1, detail="not connected")
        executor.receive(executor.take())
        assert attempts_of(producer, alert_id) == [(2, "EXECUTE", "handed back: not connected")]
        producer.kill()
        producer.start()
        third = executor.take()
        assert attempts_of(producer, alert_id)[1:] == [(3, "EXECUTE", "the producer restarted")]
        executor.decide(third)
        assert producer.wait_for(alert_id, "DONE")["attempts"] == 3

    assert first.attempt == 1


def test_a_resolved_alert_is_asked_for_within_ten_seconds_and_its_asks_leave_one_row(
    producer: Producer,
) -> None:
    assert PARKED_ASK_S == 10
    with ready_executor(producer) as executor:
        alert_id = producer.accept(strategy="r")
        executor.decide(executor.take(), Outcome.UNKNOWN)
        producer.wait_for(alert_id, "PARKED")
        executor.decide(executor.take(), Outcome.UNKNOWN)
        executor.decide(executor.take(), Outcome.ACCEPTED)
        producer.wait_for(alert_id, "DONE")

    assert [reason for _, _, reason in attempts_of(producer, alert_id)] == ["parked: asked again"]


def test_a_closed_window_holds_back_and_opens_with_the_next_decision(
    shared: Producer,
) -> None:
    with ready_executor(shared, slots=1) as executor:
        for number in range(4):
            shared.accept(strategy=f"w{number}")
        first, second = executor.take(), executor.take()
        executor.slots = 0
        executor.receive(first)
        executor.receive(second)
        executor.ack(AckKind.HEARTBEAT, free_slots=0)
        executor.decide(first)
        executor.decide(second)
        third = executor.take()

    assert len({first.alert_id, second.alert_id, third.alert_id}) == 3


def test_a_burst_is_decided_to_the_last(shared: Producer) -> None:
    with ready_executor(shared, slots=64) as executor:
        ids = {shared.accept(strategy=f"b{n % 10}", id=f"b-{n}") for n in range(60)}
        started_s = time.monotonic()
        orders: dict[str, list[int]] = {}
        while ids and time.monotonic() - started_s < 15:
            delivery = executor.take()
            executor.receive(delivery)
            executor.decide(delivery)
            if delivery.alert_id in ids:
                ids.remove(delivery.alert_id)
                orders.setdefault(delivery.key, []).append(delivery.seq)
        eventually(
            lambda: not shared.rows("SELECT 1 FROM alerts WHERE state <> 'DONE'"),
            "the last decision",
        )

    assert not ids
    assert all(seqs == sorted(seqs) for seqs in orders.values())


def test_bytes_that_are_no_ack_are_ignored(shared: Producer) -> None:
    with ready_executor(shared) as executor:
        for frame in (b"", b"\xff" * 40, b"hello"):
            executor.push.send(frame)
        executor.ack(AckKind.DECIDED, alert_id="nobody", attempt=1, outcome=Outcome.ACCEPTED)
        executor.ack(AckKind.RECEIVED, alert_id="nobody", attempt=1)
        alert_id = shared.accept(strategy="t8")
        delivery = executor.take()
        executor.receive(delivery)
        executor.decide(delivery)
        shared.wait_for(alert_id, "DONE")

    assert shared.events("ack_unreadable")
    assert shared.get("/readyz")[0] == 200
