"""One turn of one executor: start, a paced flow, as fast as it can, stop."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtest.children import Children, environment_with
from loadtest.compare.contestants import Contestant
from loadtest.compare.ends import Ends
from loadtest.histogram import Latencies

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Plan:
    """What one turn does."""

    rate_per_s: float
    seconds: float
    flood: int
    """Alerts sent as fast as they are decided."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What was measured of it."""

    start_s: float
    """From its start to its first heartbeat."""
    idle_mib: float
    peak_mib: float
    planned: Latencies
    acked: Latencies
    added: Latencies
    paced_cpu_us: float
    """Of one alert at the pace, heartbeats included."""
    flood_per_s: float
    flood_cpu_us: float
    flood_busy: float
    """How busy the measuring side was in the flood."""


def measure(contestant: Contestant, plan: Plan, folder: Path) -> Turn:
    """Run one turn. Raises ChildFailed where the executor ends or falls silent."""
    folder.mkdir(parents=True, exist_ok=True)
    with Ends() as ends, Children(folder) as children:
        begun_ns = time.monotonic_ns()
        child = children.start(
            contestant.name, contestant.command, environment_with(dict(ends.settings(folder)))
        )
        start_s = (ends.wait_for_heartbeat() - begun_ns) / 1e9
        ends.warm_up()
        idle_mib = _memory_mib(child.pid, "VmRSS")
        before_s = _cpu_s(child.pid)
        paced_count = max(1, round(plan.rate_per_s * plan.seconds))
        paced = ends.carry(paced_count, rate_per_s=plan.rate_per_s)
        between_s = _cpu_s(child.pid)
        flood = ends.carry(plan.flood)
        after_s = _cpu_s(child.pid)
        children.check()
        return Turn(
            start_s=start_s,
            idle_mib=idle_mib,
            peak_mib=_memory_mib(child.pid, "VmHWM"),
            planned=paced.planned,
            acked=paced.acked,
            added=paced.added,
            paced_cpu_us=(between_s - before_s) / paced_count * 1e6,
            flood_per_s=plan.flood / flood.seconds,
            flood_cpu_us=(after_s - between_s) / plan.flood * 1e6,
            flood_busy=flood.busy,
        )


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _memory_mib(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0
