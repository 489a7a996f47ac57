"""EX-600 to EX-690: several executors at one producer, and what a dead one leaves behind."""

import signal
import time
from dataclasses import replace
from typing import Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench
from alertwire.conformance.case import case
from alertwire.conformance.ends import Asked
from alertwire.conformance.subject import DEADLINE_S, Deviation, expect
from alertwire.wire.delivery import AckKind, Delivery, Outcome

_ALERTS: Final = 40


@case("EX-600", "Beside an executor of another make: both take alerts, each decided", alone=True)
def shares_with_another(bench: Bench) -> None:
    ids = _start_both(bench)
    deliveries = [vectors.alert() for _ in range(_ALERTS)]
    for delivery in deliveries:
        bench.deliver(delivery)
    for delivery in deliveries:
        bench.asked(delivery).reply()
        bench.decided(delivery, Outcome.ACCEPTED)
    took = {ack.executor_id for d in deliveries for ack in bench.acks_of(d, AckKind.DECIDED)}
    expect(took == ids, f"of {ids} only {took} took alerts")


@case(
    "EX-610",
    "Killed with work in hand beside another: the other makes the same commands",
    alone=True,
)
def is_replaced_by_another(bench: Bench) -> None:
    _start_both(bench)
    deliveries = [vectors.alert() for _ in range(8)]
    for delivery in deliveries:
        bench.deliver(delivery)
    first = {d.alert_id: bench.asked(d).command.command_id for d in deliveries}
    bench.subjects[0].kill()
    for delivery in deliveries:
        asked = _asked_again(bench, delivery)
        expect(
            asked.command.command_id == first[delivery.alert_id],
            "the other executor made another command_id of the same alert",
        )
        asked.reply()


@case(
    "EX-620", "Killed with work in hand and started again: the same commands, a new id", alone=True
)
def starts_again(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    before = bench.received(delivery)
    asked = bench.asked(delivery)
    bench.subject.kill()
    bench.start()
    bench.heartbeat(lambda ack: ack.executor_id != before.executor_id)
    again = _asked_again(bench, delivery)
    expect(again.command.command_id == asked.command.command_id, "it made another command_id of it")
    again.reply()


@case(
    "EX-630",
    "Stopped for a while and woken: what was sent to it meanwhile is still answered",
    alone=True,
)
def wakes_up(bench: Bench) -> None:
    bench.ready()
    bench.subject.signal(signal.SIGSTOP)
    deliveries = [vectors.alert() for _ in range(3)]
    for delivery in deliveries:
        bench.deliver(delivery)
    time.sleep(1.0)
    bench.subject.signal(signal.SIGCONT)
    for delivery in deliveries:
        bench.asked(delivery).reply()
        bench.decided(delivery, Outcome.ACCEPTED)


def _start_both(bench: Bench) -> set[str]:
    """Start the program and the other one; return both ids."""
    bench.ready()
    mine = bench.heartbeat().executor_id
    bench.start(command=bench.peer, changes={"ALERTWIRE_CONSUMER_HEALTH_PORT": "0"})
    other = bench.heartbeat(lambda ack: ack.executor_id != mine).executor_id
    # Both in reach of the gateway before anything counts.
    give_up_s = time.monotonic() + DEADLINE_S
    deciders: set[str] = set()
    while deciders != {mine, other}:
        expect(time.monotonic() < give_up_s, f"only {deciders} of {mine}, {other} takes alerts")
        deciders.add(bench.carry_one().executor_id)
    return deciders


def _asked_again(bench: Bench, delivery: Delivery) -> Asked:
    """Send an alert until it is taken: what was sent into a dead one's pipe is lost."""
    alert_id = delivery.alert_id
    give_up_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < give_up_s:
        delivery = replace(delivery, attempt=delivery.attempt + 1)
        bench.deliver(delivery)
        asked = bench.gateway.next(lambda command: command.alert_id == alert_id, 0.5)
        if asked is not None:
            return asked
    raise Deviation(f"nobody took the alert again; {bench.said()}")
