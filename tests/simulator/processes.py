"""A simulator in a process of its own, as an operator starts it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alertwire.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class StartedSimulator:
    process: subprocess.Popen[str]
    ready_line: str
    port: int
    control_port: int


def launch(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def started_simulator(*options: str) -> Iterator[StartedSimulator]:
    """Start on free ports, wait for the line that says it is ready, stop by SIGTERM."""
    process = launch("--port", str(free_port()), *options)
    try:
        line = process.stdout.readline()
        found = re.search(r"protocol on [\d.]+:(\d+), control on [\d.]+:(\d+)", line)
        assert found, process.stderr.read()
        yield StartedSimulator(process, line, int(found[1]), int(found[2]))
    finally:
        process.terminate()
        process.communicate(timeout=10)
