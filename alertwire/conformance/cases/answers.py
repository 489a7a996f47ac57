"""EX-300 to EX-390: acks, heartbeats, and how several answers become one outcome."""

import time
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any, Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.cases.start import SLOTS
from alertwire.conformance.subject import expect
from alertwire.wire import codec
from alertwire.wire.delivery import AckKind, Delivery, Mode, Outcome, Stage

TWO: Final = Setup(
    toml='[routes.default]\naccounts = ["DU1234567", {id = "DU7654321", multiplier = "0.5"}]\n'
)
THREE_OF: Final = tuple(
    (f"{first.name.lower()}_{second.name.lower()}", (first, second), told)
    for first, second, told in (
        (Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED),
        (Outcome.REJECTED, Outcome.ACCEPTED, Outcome.ACCEPTED),
        (Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.UNKNOWN),
        (Outcome.UNKNOWN, Outcome.REJECTED, Outcome.UNKNOWN),
        (Outcome.EXPIRED, Outcome.REJECTED, Outcome.REJECTED),
        (Outcome.VOIDED, Outcome.EXPIRED, Outcome.EXPIRED),
        (Outcome.VOIDED, Outcome.VOIDED, Outcome.VOIDED),
    )
)
_HEARTBEATS: Final = 5


@case("EX-300", "A heartbeat comes every half second")
def beats(bench: Bench) -> None:
    bench.ready()
    arrived = []
    for _ in range(_HEARTBEATS):
        bench.heartbeat()
        arrived.append(time.monotonic())
    gaps_s = [after - before for before, after in pairwise(arrived)]
    expect(
        0.25 < median(gaps_s) < 1.5,
        f"the heartbeats came {', '.join(f'{gap:.2f}' for gap in gaps_s)} s apart",
    )


@case("EX-310", "RECEIVED comes at once, with the attempt and the executor's own id")
def receives(bench: Bench) -> None:
    delivery = replace(vectors.alert(), attempt=4)
    bench.ready().deliver(delivery)
    ack = bench.received(delivery)
    known = {ack.executor_id for ack in bench.producer.history if ack.kind is AckKind.HEARTBEAT}
    expect({ack.executor_id} == known, "RECEIVED has another executor_id than the heartbeats")
    bench.asked(delivery).reply()
    bench.decided(delivery, Outcome.ACCEPTED)


@cases(
    "EX-320",
    "DECIDED tells outcome, account and words of the gateway, and its trace",
    ((outcome.name.lower(), Setup(), outcome) for outcome in Outcome),
)
def tells_the_outcome(bench: Bench, outcome: Outcome) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    at = asked.command.trace.stamps[-1].at
    trace = asked.command.trace.stamped(Stage.TAKEN, at).stamped(Stage.ACKNOWLEDGED, at)
    asked.reply(outcome, account="DU1111111", detail="201: no margin", trace=trace)
    ack = bench.decided(delivery, outcome)
    (told,) = ack.commands
    expect(
        (told.command_id, told.account, told.outcome, told.detail)
        == (asked.command.command_id, "DU1111111", outcome, "201: no margin"),
        f"the command was told as {told}",
    )
    expect("201: no margin" in ack.detail, f"detail was {ack.detail!r}")
    expect(ack.trace == trace, "the reply's trace was not passed on")


@cases(
    "EX-330",
    "Of several outcomes: UNKNOWN, ACCEPTED, REJECTED, EXPIRED, VOIDED, the first that occurs",
    ((name, TWO, (given, told)) for name, given, told in THREE_OF),
)
def tells_the_outcome_that_counts(bench: Bench, given: Any) -> None:
    outcomes, told = given
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = [bench.asked(delivery) for _ in outcomes]
    for one, outcome in zip(asked, outcomes, strict=True):
        one.reply(outcome, detail=f"{one.command.account} says so")
    ack = bench.decided(delivery, told)
    ends = {(end.account, end.outcome) for end in ack.commands}
    expect(
        ends == {(o.command.account, outcome) for o, outcome in zip(asked, outcomes, strict=True)},
        f"the commands were told as {ends}",
    )
    for one in asked:
        expect(f"{one.command.account} says so" in ack.detail, f"detail was {ack.detail!r}")


@case("EX-340", "An alert for two accounts is decided when both have answered", TWO)
def waits_for_all(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = [bench.asked(delivery), bench.asked(delivery)]
    asked[1].reply()
    bench.carry_one()
    expect(not bench.acks_of(delivery, AckKind.DECIDED), "it decided after the first answer")
    # The same answer again is no answer of the other account.
    asked[1].reply()
    bench.carry_one()
    expect(not bench.acks_of(delivery, AckKind.DECIDED), "one account's answer counted twice")
    asked[0].reply()
    bench.decided(delivery, Outcome.ACCEPTED)


@case("EX-350", "An answer that decides nothing hands the alert back, with the gateway's words")
def hands_back(bench: Bench) -> None:
    delivery = replace(vectors.alert(), attempt=2)
    bench.ready().deliver(delivery)
    bench.asked(delivery).reply(decided=False, detail="not connected to the broker")
    ack = bench.handed_back(delivery)
    expect("not connected to the broker" in ack.detail, f"detail was {ack.detail!r}")
    again = replace(delivery, attempt=3)
    bench.deliver(again)
    bench.asked(again).reply()
    bench.decided(again, Outcome.ACCEPTED)


@case("EX-360", "free_slots tells what it can take beside what it has in hand", alone=True)
def counts_slots(bench: Bench) -> None:
    bench.ready()
    deliveries = [vectors.alert() for _ in range(10)]
    for delivery in deliveries:
        bench.deliver(delivery)
    asked = [bench.asked(delivery) for delivery in deliveries]
    bench.heartbeat(lambda ack: ack.free_slots == SLOTS - len(deliveries))
    for one in asked:
        one.reply()
    for delivery in deliveries:
        bench.decided(delivery, Outcome.ACCEPTED)
    bench.heartbeat(lambda ack: ack.free_slots == SLOTS)


@case("EX-370", "More deliveries than slots are carried out all the same, answered in any order")
def takes_more_than_its_slots(bench: Bench) -> None:
    bench.ready()
    deliveries = [vectors.alert() for _ in range(SLOTS + 16)]
    for delivery in deliveries:
        bench.deliver(delivery)
    asked = [bench.asked(delivery) for delivery in deliveries]
    bench.heartbeat(lambda ack: ack.free_slots == 0)
    for one in reversed(asked):
        one.reply()
    for delivery in deliveries:
        bench.decided(delivery, Outcome.ACCEPTED)
    bench.heartbeat(lambda ack: ack.free_slots == SLOTS)


@case("EX-380", "A second delivery of an alert in hand asks again and is decided once")
def takes_a_duplicate(bench: Bench) -> None:
    first = vectors.alert()
    second = replace(first, attempt=2)
    bench.ready().deliver(first)
    one = bench.asked(first)
    bench.deliver(second)
    bench.received(second)
    two = bench.asked(second)
    expect(one.command.command_id == two.command.command_id, "the duplicate got another command_id")
    two.reply()
    bench.decided(second, Outcome.ACCEPTED)
    one.reply()
    bench.carry_one()
    count = len(bench.acks_of(first, AckKind.DECIDED))
    expect(count == 1, f"DECIDED came {count} times")


def _void(delivery: Delivery) -> Delivery:
    return replace(delivery, mode=Mode.VOID, attempt=6)


@cases(
    "EX-390",
    "VOID: asked of the gateway, told as it answers",
    ((outcome.name.lower(), Setup(), outcome) for outcome in Outcome),
)
def voids(bench: Bench, outcome: Outcome) -> None:
    delivery = _void(vectors.alert())
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    expect(asked.command.command_id == delivery.alert_id, "a VOID's command_id is the alert's")
    asked.reply(outcome)
    bench.decided(delivery, outcome)


@case("EX-395", "VOID of an alert that cannot be read: from the envelope alone, told as answered")
def voids_the_unreadable(bench: Bench) -> None:
    delivery = _void(vectors.alert())
    message = codec.to_message(delivery)
    message.alert.action = 99
    bench.ready().deliver(message.SerializeToString())
    asked = bench.asked(delivery)
    expect(asked.command.mode is Mode.VOID, f"it sent {asked.command.mode.name}")
    asked.reply(Outcome.VOIDED)
    bench.decided(delivery, Outcome.VOIDED)
