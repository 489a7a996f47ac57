"""From the door to a decision: a real producer, executors in the test's hands."""

import json
import time

from alertwire.wire.alert import Action
from alertwire.wire.delivery import AckKind, Mode, Outcome, Stage
from tests.producer.processes import Executor, Producer, eventually


def ready_executor(producer: Producer, name: str = "x", **more: int) -> Executor:
    """Return an executor that the producer has heard."""
    executor = Executor(producer, name, **more)

    def is_heard() -> bool:
        executor.speak()
        return any(event["executor"] == name for event in producer.events("executor_heard"))

    eventually(is_heard, "the first heartbeat")
    return executor


def test_an_alert_is_delivered_and_its_decision_journaled_with_every_step(
    producer: Producer,
) -> None:
    with ready_executor(producer) as executor:
        alert_id = producer.accept(strategy="whole")
        delivery = executor.take()
        executor.receive(delivery)
        executor.decide(delivery)
        row = producer.wait_for(alert_id, "DONE")

    assert delivery.alert_id == alert_id
    assert (delivery.seq, delivery.attempt, delivery.mode) == (1, 1, Mode.EXECUTE)
    assert delivery.alert is not None
    assert delivery.alert.action is Action.BUY
    assert delivery.not_after is not None
    (stream,) = producer.rows("SELECT stream_id FROM streams")
    assert delivery.stream_id == stream["stream_id"]
    assert (row["outcome"], row["detail"], row["attempts"]) == ("ACCEPTED", "as told", 1)
    stages = [stage for stage, _ in json.loads(row["trace"])["stamps"]]
    assert stages == [stage.name for stage in Stage]
    assert json.loads(row["trace"])["traceparent"] == delivery.trace.traceparent


def test_it_is_in_flight_on_disk_before_it_is_on_the_wire(producer: Producer) -> None:
    with ready_executor(producer) as executor:
        for number in range(5):
            producer.accept(strategy=f"s{number}")
            delivery = executor.take()
            row = producer.row(delivery.alert_id)
            assert (row["state"], row["attempts"]) == ("INFLIGHT", delivery.attempt)


def test_alerts_of_one_key_come_one_after_the_other_and_keys_in_parallel(
    producer: Producer,
) -> None:
    with ready_executor(producer) as executor:
        first = producer.accept(strategy="a", quantity="1")
        second = producer.accept(strategy="a", quantity="2")
        other = producer.accept(strategy="b")
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


def test_an_alert_handed_back_comes_again(producer: Producer) -> None:
    with ready_executor(producer) as executor:
        producer.accept()
        first = executor.take()
        executor.receive(first)
        executor.retry(first)
        again = executor.take()

    assert again.alert_id == first.alert_id
    assert again.attempt == 2


def test_what_a_dead_executor_held_goes_to_another(producer: Producer) -> None:
    with ready_executor(producer, "lame") as lame:
        alert_id = producer.accept()
        lame.receive(lame.take())
    with ready_executor(producer, "fit") as fit:
        delivery = fit.take()
        fit.receive(delivery)
        fit.decide(delivery)
        producer.wait_for(alert_id, "DONE")

    assert delivery.alert_id == alert_id
    eventually(lambda: producer.events("executor_lost"), "the loss in the log")


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
        assert executor.take_any(1.5) is None
        other = producer.accept(strategy="q")
        assert executor.take().alert_id == other

    assert producer.events("alert_parked")[0]["alert_id"] == parked


def test_what_waited_too_long_unsent_expires_and_the_next_is_delivered(
    producer: Producer,
) -> None:
    late = producer.accept(strategy="e", max_age_s="0.2")
    following = producer.accept(strategy="e", action="exit")

    row = producer.wait_for(late, "DONE")

    assert (row["outcome"], row["attempts"]) == ("EXPIRED", 0)
    with Executor(producer) as executor:
        delivery = executor.take()
    assert delivery.alert_id == following
    assert delivery.not_after is None


def test_a_closed_window_holds_back_and_opens_with_the_next_decision(
    producer: Producer,
) -> None:
    with ready_executor(producer, slots=1) as executor:
        for number in range(4):
            producer.accept(strategy=f"w{number}")
        first, second = executor.take(), executor.take()
        executor.slots = 0
        executor.receive(first)
        executor.receive(second)
        executor.ack(AckKind.HEARTBEAT, free_slots=0)
        executor.decide(first)
        executor.decide(second)
        third = executor.take()

    assert len({first.alert_id, second.alert_id, third.alert_id}) == 3


def test_a_burst_is_decided_to_the_last(producer: Producer) -> None:
    with ready_executor(producer, slots=64) as executor:
        ids = {producer.accept(strategy=f"b{n % 10}", id=f"b-{n}") for n in range(60)}
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
            lambda: (
                producer.rows("SELECT count(*) AS n FROM alerts WHERE state = 'DONE'")[0]["n"] == 60
            ),
            "the last decision",
        )

    assert not ids
    assert all(seqs == sorted(seqs) for seqs in orders.values())


def test_bytes_that_are_no_ack_are_ignored(producer: Producer) -> None:
    with ready_executor(producer) as executor:
        for frame in (b"", b"\xff" * 40, b"hello"):
            executor.push.send(frame)
        executor.ack(AckKind.DECIDED, alert_id="nobody", attempt=1, outcome=Outcome.ACCEPTED)
        executor.ack(AckKind.RECEIVED, alert_id="nobody", attempt=1)
        alert_id = producer.accept()
        delivery = executor.take()
        executor.receive(delivery)
        executor.decide(delivery)
        producer.wait_for(alert_id, "DONE")

    assert producer.events("ack_unreadable")
    assert producer.get("/readyz")[0] == 200
