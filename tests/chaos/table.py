"""The outcome in words: Markdown rows for docs/reliability.md, and JSON."""

from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Any

from tests.chaos.campaign import Outcome

HEAD = (
    "| broker, executors | alerts | orders | kills | lost | doubled | out of order | untrue |"
    " UNKNOWN, parked | of them at the broker | halted behind them |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)
RULE_OF_THREE = 3
"""No case in n trials: below 3/n with 95 % confidence (Hanley, Lippman-Hand, JAMA 1983)."""


def summary(name: str, outcome: Outcome) -> str:
    verdict, plan = outcome.verdict, outcome.plan
    cells = (
        f"{name}, {plan.executors}",
        verdict.alerts,
        verdict.orders,
        outcome.kills.total(),
        len(verdict.lost),
        len(verdict.doubled),
        len(verdict.disordered),
        len(verdict.untrue),
        len(verdict.parked),
        verdict.parked_at_broker,
        verdict.halted,
    )
    return (
        "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in cells) + " |"
    )


def bound(outcomes: Iterable[Outcome]) -> str:
    alerts = sum(outcome.verdict.alerts for outcome in outcomes)
    if not alerts:
        return ""
    return (
        f"None seen in {alerts:,} alerts: with 95 % confidence fewer than {RULE_OF_THREE} in"
        f" {alerts:,} ({RULE_OF_THREE / alerts:.2%}) are lost, doubled, out of order or untrue"
        f" under such faults."
    )


def steps_table(outcomes: list[Outcome]) -> str:
    kills, others, missed = (
        sum((getattr(outcome, name) for outcome in outcomes), Counter())
        for name in ("kills", "others", "missed")
    )
    names = sorted({*kills, *others, *missed})
    rows = ["| step | times | not reached in 5 s |", "|---|---|---|"]
    rows += [f"| {name} | {kills[name] + others[name]} | {missed[name]} |" for name in names]
    return "\n".join(rows)


def recovery_table(outcomes: list[Outcome]) -> str:
    rows = ["| killed | recovered | p50 s | max s |", "|---|---|---|---|"]
    for name in ("producer", "consumer", "gateway"):
        times = sorted(t for outcome in outcomes for t in outcome.recovery_s.get(name, []))
        if times:
            rows.append(f"| {name} | {len(times)} | {median(times):.2f} | {times[-1]:.2f} |")
    return "\n".join(rows)


def attempts_line(outcomes: list[Outcome]) -> str:
    attempts: Counter[int] = sum((o.verdict.attempts for o in outcomes), Counter())
    total, alerts = sum(n * count for n, count in attempts.items()), attempts.total()
    if not alerts:
        return ""
    once = attempts[1] / alerts
    return (
        f"Deliveries per alert: {total / alerts:.2f} on average, {once:.0%} once, most"
        f" {max(attempts)}."
    )


def as_json(name: str, outcome: Outcome) -> dict[str, Any]:
    verdict, plan = outcome.verdict, outcome.plan
    return {
        "broker": name,
        "executors": plan.executors,
        "seed": plan.seed,
        "seconds": round(outcome.seconds, 1),
        "is_unsafe": plan.is_unsafe,
        "alerts": verdict.alerts,
        "not_accepted": verdict.not_accepted,
        "orders": verdict.orders,
        "outcomes": verdict.outcomes,
        "kills": outcome.kills,
        "stops_and_cuts": outcome.others,
        "missed": outcome.missed,
        "troubles": outcome.troubles,
        "starts_refused": outcome.refused_starts,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "out_of_order": verdict.disordered,
        "untrue": verdict.untrue,
        "parked": verdict.parked,
        "parked_at_broker": verdict.parked_at_broker,
        "halted": verdict.halted,
        "placed_again": outcome.repeated,
        "refused_as_duplicates": outcome.duplicates_refused,
        "crashes": outcome.crashes,
        "attempts": {str(n): count for n, count in sorted(verdict.attempts.items())},
        "recovery_s": outcome.recovery_s,
    }
