"""EX-100 to EX-190: alerts become commands as the golden plans say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.subject import expect
from alertwire.conformance.toml import table
from alertwire.wire import codec
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome, Stage

_OURS: Final = (Stage.PULLED, Stage.COMMANDED)
"""The stamps of an executor."""


def _plans() -> Iterator[tuple[str, Setup, Any]]:
    for name in vectors.plan_names():
        routes, gateways = vectors.configured(name)
        toml = table("routes", routes) if routes else ""
        if gateways:
            toml += table("gateways", {g: {"commands_endpoint": f"@{g}@"} for g in gateways})
        yield name, Setup(toml=toml, gateways=gateways), name


@cases("EX-100", "A golden plan of proto/vectors/plans", _plans())
def makes_a_golden_plan(bench: Bench, name: str) -> None:
    golden = vectors.golden(name)
    bench.ready().deliver(golden.delivery)
    asked = []
    for number, (gateway, should) in enumerate(golden.commands, start=1):
        one = bench.asked(golden.delivery, bench.others.get(gateway, bench.gateway))
        is_ = _meaning(one.command)
        expect(is_ == should, f"command {number} differs: {_difference(is_, should)}")
        asked.append(one)
    for one in asked:
        one.reply(Outcome.VOIDED if golden.refused else Outcome.ACCEPTED)
    outcome = Outcome.REJECTED if golden.refused else Outcome.ACCEPTED
    ack = bench.decided(golden.delivery, outcome)
    expect(not golden.refused or ack.detail, "a plan that is refused needs its reason in `detail`")
    bench.carry_one()
    count = sum(len(bench.commands_of(golden.delivery, each)) for each in bench.gateways)
    expect(count == len(golden.commands), f"{count} commands came, not {len(golden.commands)}")


@case("EX-110", "Each command is stamped PULLED and COMMANDED; the trace goes on unchanged")
def stamps(bench: Bench) -> None:
    delivery = vectors.alert()
    before = datetime.now(UTC) - timedelta(seconds=1)
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    asked.reply()
    trace = asked.command.trace
    expect(
        trace.traceparent == delivery.trace.traceparent,
        f"traceparent was {trace.traceparent!r}, not {delivery.trace.traceparent!r}",
    )
    given = len(delivery.trace.stamps)
    expect(trace.stamps[:given] == delivery.trace.stamps, "the stamps of others were changed")
    added = [stamp.stage for stamp in trace.stamps[given:]]
    expect(
        added == list(_OURS),
        f"the stamps added were {[stage.name for stage in added]}, not PULLED, COMMANDED",
    )
    after = datetime.now(UTC) + timedelta(seconds=1)
    times = [stamp.at for stamp in trace.stamps[given:]]
    expect(before <= times[0] <= times[1] <= after, f"the stamps' times are not true: {times}")


@case("EX-120", "not_after is passed on to the microsecond, and its passing is not its business")
def passes_expiry_on(bench: Bench) -> None:
    for not_after in (datetime(2020, 1, 1, 0, 0, 0, 123_456, UTC), None):
        delivery = replace(vectors.alert(), not_after=not_after)
        bench.ready().deliver(delivery)
        asked = bench.asked(delivery)
        expect(
            asked.command.not_after == not_after,
            f"not_after was {asked.command.not_after}, not {not_after}",
        )
        asked.reply(Outcome.EXPIRED)
        bench.decided(delivery, Outcome.EXPIRED)


@case("EX-130", "What cannot be planned names its reason and is VOIDED at the gateway first")
def names_the_reason(bench: Bench) -> None:
    for name, delivery in (
        ("no-such-route", vectors.alert(route="no-such-route")),
        ("no-such-route", vectors.alert(route="no-such-route", accounts=("DU1",))),
    ):
        bench.ready().deliver(delivery)
        asked = bench.asked(delivery)
        expect(asked.command.mode.name == "VOID", f"it sent {asked.command.mode.name}, not VOID")
        asked.reply(Outcome.VOIDED)
        ack = bench.decided(delivery, Outcome.REJECTED)
        expect(name in ack.detail, f"the reason does not name {name}: {ack.detail!r}")


@case("EX-140", "What cannot be planned but was carried out before is told as the gateway says")
def believes_the_gateway(bench: Bench) -> None:
    for outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.EXPIRED):
        delivery = vectors.alert(route="no-such-route")
        bench.ready().deliver(delivery)
        bench.asked(delivery).reply(outcome)
        bench.decided(delivery, outcome)


@case("EX-150", "The same alert planned again has the same command ids")
def plans_the_same_again(bench: Bench) -> None:
    first = vectors.alert()
    made = []
    for attempt in (1, 2, 3):
        delivery = replace(first, attempt=attempt)
        bench.ready().deliver(delivery)
        bench.received(delivery)
        asked = bench.asked(delivery)
        made.append(_meaning(asked.command))
        asked.reply()
        bench.decided(delivery, Outcome.ACCEPTED)
    expect(made[0] == made[1] == made[2], "a redelivery was planned differently")


def _meaning(command: OrderCommand) -> dict[str, Any]:
    """Return a command as the vectors have it: without the stamps of the executor."""
    stamps = tuple(stamp for stamp in command.trace.stamps if stamp.stage not in _OURS)
    return codec.to_json(replace(command, trace=replace(command.trace, stamps=stamps)))


def _difference(is_: dict[str, Any], should: dict[str, Any]) -> str:
    parts = [
        f"{name} is {is_.get(name, 'absent')!r}, should be {should.get(name, 'absent')!r}"
        for name in sorted({*is_, *should})
        if is_.get(name) != should.get(name)
    ]
    return "; ".join(parts)
