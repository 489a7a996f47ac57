"""Is the webhook reached while others besiege it: time to the answer, in peace and under siege.

Slow senders hold thousands of connections and a flood of wrong tokens comes from one address, each
from a loopback address of its own; alerts come from a third one.
"""

import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from loadtest.chain import Chain
from loadtest.children import ChildFailed, Children
from loadtest.histogram import Latencies
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved
from loadtest.sender import Exchange, OpenLoop, send

NAME: Final = "to the answer"
SUBJECT: Final = "besieged"
_BUILD_UP_S: Final = 30.0
_POLL_S: Final = 0.2
_SYMBOLS: Final = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What one turn measures."""

    rounds: int
    seconds: float
    rate_per_s: float
    connections: int
    flooders: int


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure both in turn and fill the report; the floor is the same webhook in peace."""
    progress.subject(NAME)
    runs = {
        SUBJECT: partial(_turn, plan, folder, report, progress, is_besieged=True),
        FLOOR: partial(_turn, plan, folder, report, progress, is_besieged=False),
    }
    for turn in interleaved(runs, plan.rounds, progress.turn):
        answered = [one for one in turn.result if one.status == 200]
        report.add_latencies(
            NAME,
            turn.contestant,
            Latencies(one.answered_ns - one.due_ns for one in answered),
        )
        counts = Counter(one.status for one in turn.result)
        report.add_counts(
            turn.contestant,
            {"sent": len(turn.result), "accepted": counts[200], "unanswered": counts[0]},
        )


def slowest_s(report: Report) -> float:
    """Return the longest wait for an answer, in seconds."""
    turns = report.latencies[NAME][SUBJECT]
    return max(latencies.at_percentile_us(100) for latencies in turns) / 1e6


def _turn(
    plan: Plan, folder: Path, report: Report, progress: Progress, *, is_besieged: bool
) -> list[Exchange]:
    place = Path(mkdtemp(dir=folder))
    with Chain(place, processes=("producer",)) as chain, Children(place) as children:
        port = chain.ports["producer"]
        if is_besieged:
            report.add_note(_besiege(plan, port, place, children))
        count = max(round(plan.rate_per_s * plan.seconds), 1)
        loop = OpenLoop(count, plan.rate_per_s)
        return send(port, chain.requests("turn", _SYMBOLS), loop, folder, progress)


def _besiege(plan: Plan, port: int, place: Path, children: Children) -> str:
    """Start the besiegers and wait until they hold what they can; return what that is."""
    program = [sys.executable, "-m", "loadtest.besieger", str(port)]
    size = ["--connections", str(plan.connections), "--flooders", str(plan.flooders)]
    children.start("besieger", [*program, *size])
    give_up_s = time.monotonic() + _BUILD_UP_S
    held = 0
    while held < plan.connections * 0.9 and time.monotonic() < give_up_s:
        time.sleep(_POLL_S)
        children.check()
        lines = (place / "besieger.log").read_text(encoding="ascii").splitlines()
        if lines and lines[-1].startswith("open="):
            held = int(lines[-1].split()[0].removeprefix("open="))
    if not held:
        raise ChildFailed(f"no connection could be held:\n{children.log_tail('besieger')}")
    return f"{SUBJECT}: {held} slow connections held when the alerts began."
