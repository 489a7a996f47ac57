"""Group commit: alerts per second and per sync, with as many callers at once as asked for.

Beside it the same producer in which each alert syncs for itself.
"""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from loadtest.chain import Chain, scrape
from loadtest.histogram import Latencies
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved
from loadtest.sender import ClosedLoop, Exchange, send
from loadtest.webhook import answers_per_s

SUBJECT: Final = "group commit"
LONE: Final = {"producer": "loadtest.unprotected.lone_commits"}
_WARM_UP_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run measures."""

    rounds: int
    seconds: float
    callers: tuple[int, ...]
    symbols: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn showed."""

    answered: list[Exchange]
    alerts: float
    commits: float


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure both with each number of callers and fill the report; the floor syncs each alone."""
    for callers in plan.callers:
        leg = f"{callers} at once"
        progress.subject(leg)
        runs = {
            SUBJECT: partial(_turn, plan, callers, {}, folder, progress),
            FLOOR: partial(_turn, plan, callers, LONE, folder, progress),
        }
        alerts = commits = 0.0
        for turn in interleaved(runs, plan.rounds, progress.turn):
            answered = turn.result.answered
            report.add_rate(leg, turn.contestant, answers_per_s(answered))
            report.add_latencies(
                f"{leg}, to the answer",
                turn.contestant,
                Latencies(one.answered_ns - one.due_ns for one in answered),
            )
            if turn.contestant == SUBJECT:
                alerts, commits = alerts + turn.result.alerts, commits + turn.result.commits
        report.add_note(f"{leg}: {alerts / max(commits, 1):.1f} alerts per commit.")
    report.add_note("floor: the same producer, each alert in a commit of its own.")


def _turn(
    plan: Plan, callers: int, programs: dict[str, str], folder: Path, progress: Progress
) -> Turn:
    with Chain(Path(mkdtemp(dir=folder)), processes=("producer",), programs=programs) as chain:
        port = chain.ports["producer"]

        def hammer(name: str, seconds: float) -> list[Exchange]:
            loop = ClosedLoop(None, callers, gap_ms=0, limit_s=seconds)
            return send(port, chain.requests(name, plan.symbols), loop, folder, progress)

        hammer("warm-up", _WARM_UP_S)
        before = _counts(port)
        exchanges = hammer("turn", plan.seconds)
        after = _counts(port)
    answered = [one for one in exchanges if one.status == 200]
    return Turn(answered, after[0] - before[0], after[1] - before[1])


def _counts(port: int) -> tuple[float, float]:
    """Read how many alerts were accepted so far, in how many commits."""
    text = scrape(port)
    return _count("alertwire_commit_callers", text), _count("alertwire_commits", text)


def _count(name: str, text: str) -> float:
    found = re.search(rf"^{name}_total (\S+)", text, re.MULTILINE)
    return float(found[1]) if found else 0.0
