"""What the producer hears of an executor between alerts."""

from datetime import UTC

import pytest

from alertwire.wire.delivery import AckKind
from consumer.executor import SLOTS
from tests.conformance.samples import alert, delivery
from tests.consumer.test_executor import Bench


def test_heartbeats_tell_the_free_slots() -> None:
    bench = Bench()
    bench.executor.tick()
    assert (bench.last.kind, bench.last.free_slots) == (AckKind.HEARTBEAT, SLOTS)

    bench.deliver(delivery(alert()))
    bench.clock.elapsed_s = 0.5
    bench.executor.tick()

    assert (bench.last.kind, bench.last.free_slots) == (AckKind.HEARTBEAT, SLOTS - 1)
    assert bench.clock.now().tzinfo is UTC


def test_a_heartbeat_that_nobody_took_is_tried_again_soon() -> None:
    bench = Bench(is_heard=False)
    bench.executor.tick()
    assert bench.executor.next_tick_s() == pytest.approx(0.05)

    bench.is_heard = True
    bench.clock.elapsed_s = 0.05
    bench.executor.tick()

    assert [ack.kind for ack in bench.acks] == [AckKind.HEARTBEAT] * 2
    assert bench.executor.next_tick_s() == pytest.approx(0.5)
