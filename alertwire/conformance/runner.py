"""Runs cases side by side, those of one setup on one executor where they may."""

import json
import shlex
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import Case, all_cases
from alertwire.conformance.subject import Deviation
from alertwire.faults import ConfigurationError

JOBS: Final = 8
"""Executors that run at the same time; most of their time is waiting."""
FIRST: Final = "EX-020"
"""Where this one is to be run and fails, the others are not worth their waits."""


@dataclass(frozen=True, slots=True)
class Result:
    """How one case went."""

    id: str
    title: str
    deviation: str
    """What the executor did instead; empty: it did what it must."""
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.deviation


@dataclass(frozen=True, slots=True)
class Program:
    """What is tested: its command, and that of the executor that it works beside."""

    command: tuple[str, ...]
    peer: tuple[str, ...]


def read_command(text: str) -> tuple[str, ...]:
    """Take a command line apart; its program may be a path from here.

    Raises ConfigurationError where it is empty or cannot be run.
    """
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise ConfigurationError(f"the executor's command {text}: {error}") from error
    if not parts:
        raise ConfigurationError("name the executor: its path, or its command in quotes")
    if "/" in parts[0]:
        # The executor runs in a folder of its own.
        parts[0] = str(Path(parts[0]).absolute())
    if shutil.which(parts[0]) is None:
        raise ConfigurationError(
            f"{parts[0]} is no program that can be run; build ours with make executors"
        )
    return tuple(parts)


def chosen(words: Iterable[str]) -> list[Case]:
    """Return the cases of these ids; none given: all. Raises ConfigurationError for an unknown."""
    every = all_cases()
    words = list(words)
    for word in words:
        if not any(word in {case.id, case.number} for case in every):
            raise ConfigurationError(f"{word} is no case: alertwire conformance --list")
    return [case for case in every if not words or {case.id, case.number} & set(words)]


def run(
    program: Program, cases: Sequence[Case], tell: Callable[[Result], None] = lambda _: None
) -> list[Result]:
    """Run cases; `tell` hears of each as it ends. The results are in the order of the cases."""
    (first,) = chosen([FIRST])
    # Who names a few cases, for a program that is not done yet, wants to see those.
    if first in cases and not (started := _one(program, first)).passed:
        reason = f"{FIRST} failed, so it was not tried"
        results = [
            started if case is first else Result(case.id, case.title, reason, 0.0) for case in cases
        ]
        for result in results:
            tell(result)
        return results
    found: dict[str, Result] = {}
    with ThreadPoolExecutor(JOBS) as pool:
        for done in as_completed([pool.submit(_job, program, job) for job in _jobs(cases)]):
            for result in done.result():
                found[result.id] = result
                tell(result)
    return [found[case.id] for case in cases]


def read_known_failures(path: Path) -> dict[str, str]:
    """Read which cases an executor is known to fail: `EX-110 why` on each line, # comments."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    rows = [line.split(maxsplit=1) for line in lines if line.strip() and line[0] != "#"]
    return {row[0]: row[1] if len(row) > 1 else "" for row in rows}


def as_json(results: Iterable[Result]) -> str:
    """Write results as JSON lines."""
    return "\n".join(
        json.dumps(
            {
                "id": result.id,
                "title": result.title,
                "passed": result.passed,
                "deviation": result.deviation,
                "seconds": round(result.seconds, 2),
            }
        )
        for result in results
    )


def _jobs(cases: Sequence[Case]) -> list[list[Case]]:
    """Group what may share an executor; what waits longest begins first."""
    shared: dict[Setup, list[Case]] = {}
    alone = []
    for case in cases:
        if case.is_alone:
            alone.append([case])
        else:
            shared.setdefault(case.setup, []).append(case)
    alone.sort(key=lambda job: not job[0].is_slow)
    slow = [job for job in alone if job[0].is_slow]
    return [*slow, *shared.values(), *alone[len(slow) :]]


def _job(program: Program, cases: list[Case]) -> list[Result]:
    results = []
    bench: Bench | None = None
    try:
        for case in cases:
            bench = bench or Bench(program.command, program.peer, case.setup)
            results.append(_try(bench, case))
            if not results[-1].passed:
                # It may be dead, or have something in hand: the next one gets a fresh one.
                bench.close()
                bench = None
    finally:
        if bench:
            bench.close()
    return results


def _one(program: Program, case: Case) -> Result:
    return _job(program, [case])[0]


def _try(bench: Bench, case: Case) -> Result:
    started_s = time.monotonic()
    deviation = ""
    try:
        case.body(bench)
    except Deviation as seen:
        given = bench.given()
        deviation = f"{seen}\n    it was given {given}" if given else str(seen)
    except OSError as error:
        deviation = f"it cannot be run: {error}"
    return Result(case.id, case.title, deviation, time.monotonic() - started_s)
