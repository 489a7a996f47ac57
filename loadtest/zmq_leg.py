"""The ZeroMQ load test: both legs with the real messages, beside libzmq in C.

Three contestants: `codec`, the kernel's sockets and codec, a new message each time; `frames`, the
same sockets with a ready frame, which shows what the codec costs; `floor`, C against libzmq.
"""

import sys
from array import array
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from alertwire.ports import free_port
from alertwire.wire import codec
from loadtest import samples, toolchain
from loadtest.children import Children
from loadtest.histogram import Latencies
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved

SUBJECTS: Final = ("codec", "frames")
_WINDOW: Final = 100
"""Round trips under way where their rate is measured; where their time is, one."""
_WARM_UP_SHARE: Final = 0.1
_TIMEOUT_S: Final = 120


@dataclass(frozen=True, slots=True)
class Plan:
    """How much one turn measures."""

    rounds: int
    messages: int
    seconds: float
    rate_per_s: float
    round_trips: int


@dataclass(frozen=True, slots=True)
class Leg:
    """Two ends of one leg, and what travels. `extra` is the rate of a push, a dealer's window."""

    name: str
    sender: str
    receiver: str
    frame_bytes: int
    count: int
    extra: float
    is_timed: bool


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure both legs and fill the report."""
    programs = {
        **{name: [sys.executable, "-m", "loadtest.zmq_peer", name] for name in SUBJECTS},
        FLOOR: [str(toolchain.build(toolchain.LEG, folder))],
    }
    delivery_bytes = len(codec.encode(samples.delivery(0)))
    command_bytes = len(codec.encode(samples.command(0)))
    report.add_note(f"A Delivery has {delivery_bytes} bytes, an OrderCommand {command_bytes}.")
    push = ("push", "pull", delivery_bytes)
    dealer = ("dealer", "router", command_bytes)
    timed = max(int(plan.seconds * plan.rate_per_s), 20)
    for leg in (
        Leg("PUSH/PULL", *push, plan.messages, 0, is_timed=False),
        Leg("DEALER/ROUTER", *dealer, max(plan.messages // 4, 2), _WINDOW, is_timed=False),
        Leg("PUSH/PULL one way", *push, timed, plan.rate_per_s, is_timed=True),
        Leg("DEALER/ROUTER round trip", *dealer, plan.round_trips, 1, is_timed=True),
    ):
        progress.subject(leg.name)
        runs = {name: partial(_measure, leg, program, folder) for name, program in programs.items()}
        for turn in interleaved(runs, plan.rounds, progress.turn):
            per_s, latencies = turn.result
            if leg.is_timed:
                report.add_latencies(leg.name, turn.contestant, latencies)
            else:
                report.add_rate(leg.name, turn.contestant, per_s)


def _measure(leg: Leg, program: list[str], folder: Path) -> tuple[float, Latencies]:
    """Run the two ends once; return messages per second and the latencies."""
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    sent, received = folder / "sent.times", folder / "received.times"
    sized = [endpoint, str(leg.frame_bytes), str(leg.count), f"{leg.extra:g}"]
    for path in (sent, received):
        path.unlink(missing_ok=True)
    with Children(folder) as children:
        receiver = children.start(leg.receiver, [*program, leg.receiver, *sized, str(received)])
        sender = children.start(leg.sender, [*program, leg.sender, *sized, str(sent)])
        children.wait(sender if leg.sender == "dealer" else receiver, _TIMEOUT_S)
        children.wait_for(sent, _TIMEOUT_S)
    if leg.sender == "dealer":
        durations = _times(sent)
        elapsed_ns = durations.pop()
        counted = leg.count - 1
    else:
        arrivals = _times(received)
        elapsed_ns = arrivals.pop()
        durations = array("q", (b - a for a, b in zip(_times(sent), arrivals, strict=False)))
        counted = leg.count - 2  # Number 0 waited for the connection, number 1 starts the watch.
    warm_up = max(int(leg.count * _WARM_UP_SHARE), 1)
    return counted * 1e9 / max(elapsed_ns, 1), Latencies(
        durations[warm_up:] if leg.is_timed else ()
    )


def _times(path: Path) -> "array[int]":
    return array("q", path.read_bytes())
