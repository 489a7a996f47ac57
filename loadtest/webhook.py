"""Sustained alerts per second at the webhook, beside a bare WSGI hello on the same server.

A closed set of callers, a new connection for each alert. Each turn gets processes of its own: what
one leaves behind in its journal must not slow the next, nor the floor.
"""

import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from alertwire.ports import free_port
from loadtest.chain import PROCESSES, Chain, answers
from loadtest.children import ChildFailed, Children, environment_with
from loadtest.histogram import Latencies
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved
from loadtest.samples import body
from loadtest.sender import NUMBER, ClosedLoop, Exchange, request, send

NAME: Final = "webhook"
SUBJECT: Final = "alertwire"
_WARM_UP_S: Final = 0.5
_START_TIMEOUT_S: Final = 20.0
_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """What one turn measures."""

    rounds: int
    seconds: float
    connections: int
    symbols: int
    has_chain: bool
    """Whether simulator, gateway and consumer run as well and take what is accepted."""


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure both in turn and fill the report."""
    progress.subject(NAME)
    runs = {
        SUBJECT: partial(_subject, plan, folder, progress),
        FLOOR: partial(_floor, plan, folder, progress),
    }
    for turn in interleaved(runs, plan.rounds, progress.turn):
        answered = [one for one in turn.result if one.status == 200]
        others = Counter(one.status for one in turn.result if one.status != 200)
        if not answered:
            raise ChildFailed(f"the {turn.contestant} answered no request with 200: {others}")
        report.add_rate(NAME, turn.contestant, answers_per_s(answered))
        latencies = Latencies(one.answered_ns - one.due_ns for one in answered)
        report.add_latencies(f"{NAME}, to the answer", turn.contestant, latencies)
        # The run ends while the callers' last requests are under way.
        others[0] = max(others[0] - plan.connections, 0)
        for status, number in sorted((+others).items()):
            report.add_note(
                f"{NAME}, {turn.contestant}, round {turn.round}: {number} answered with "
                f"{status or 'nothing'}."
            )


def _subject(plan: Plan, folder: Path, progress: Progress) -> list[Exchange]:
    processes = PROCESSES if plan.has_chain else ("producer",)
    with Chain(Path(mkdtemp(dir=folder)), processes=processes) as chain:
        port = chain.ports["producer"]
        _hammer(port, chain.requests("warm-up", plan.symbols), plan, folder, _WARM_UP_S)
        requests = chain.requests("turn", plan.symbols)
        return _hammer(port, requests, plan, folder, plan.seconds, progress)


def _floor(plan: Plan, folder: Path, progress: Progress) -> list[Exchange]:
    with Children(folder) as children:
        port = free_port()
        settings = environment_with({"ALERTWIRE_PRODUCER_PORT": str(port)})
        children.start("hello", [sys.executable, "-m", "loadtest.hello"], settings)
        give_up_s = time.monotonic() + _START_TIMEOUT_S
        while not answers(port, "/"):
            children.check()
            if time.monotonic() > give_up_s:
                raise ChildFailed(f"hello was not ready:\n{children.log_tail('hello')}")
            time.sleep(_POLL_S)
        requests = [
            request(port, f"/webhook/{'x' * 32}", body(number, f"turn-{NUMBER}"))
            for number in range(plan.symbols)
        ]
        _hammer(port, requests, plan, folder, _WARM_UP_S)
        return _hammer(port, requests, plan, folder, plan.seconds, progress)


def _hammer(
    port: int,
    requests: list[bytes],
    plan: Plan,
    folder: Path,
    seconds: float,
    progress: Progress | None = None,
) -> list[Exchange]:
    loop = ClosedLoop(None, plan.connections, gap_ms=0, limit_s=seconds)
    return send(port, requests, loop, folder, progress)


def answers_per_s(answered: list[Exchange]) -> float:
    """Return the rate from the first request due to the last answer."""
    times_ns = [one.answered_ns for one in answered]
    return len(answered) * 1e9 / max(max(times_ns) - min(one.due_ns for one in answered), 1)
