"""One executor's column: the suite's cases as tests, all run at once and looked up one by one."""

import shlex
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from alertwire.conformance import runner
from alertwire.conformance.case import Case, all_cases
from alertwire.conformance.runner import Program, Result

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = f"{shlex.quote(sys.executable)} -m consumer"
TIMEOUT_S: Final = 600
"""The first test of a column waits for all of it."""


@dataclass(frozen=True)
class Executor:
    """One of ours. `command` is empty where it was not built."""

    name: str
    command: str

    @property
    def known_failures(self) -> dict[str, str]:
        path = Path(__file__).parent / "known_failures" / f"{self.name}.txt"
        return runner.read_known_failures(path) if path.exists() else {}


def executor(name: str) -> Executor:
    """Return one of our executors by its language."""
    if name == "python":
        return Executor(name, PYTHON)
    built = ROOT / "build" / f"executor-{name}"
    return Executor(name, str(built) if built.exists() else "")


def of_another_make(mine: str) -> Executor:
    """Return the executor that works beside this one: in another language, where there is one."""
    others = [executor(name) for name in ("go", "cpp", "python") if name != mine]
    return next((other for other in others if other.command), executor("python"))


def params() -> list[object]:
    return [pytest.param(case, id=case.id) for case in all_cases()]


def check(name: str, case: Case, request: pytest.FixtureRequest) -> None:
    """Hold a case's result against what is known of this executor."""
    tested = executor(name)
    if not tested.command:
        pytest.skip(f"build/executor-{name} is not there: make executors")
    result = results(name, chosen_of(request.session.items, name))[case.id]
    if case.id in tested.known_failures:
        assert not result.passed, f"{case.id} passes: take it off the known failures of {name}"
    else:
        assert result.passed, f"{case.id} {case.title}: {result.deviation}"


def chosen_of(items: list[pytest.Item], name: str) -> tuple[str, ...]:
    """Return the ids of the cases that this session asks of one executor."""
    column = Path(__file__).parent / f"test_{name}.py"
    return tuple(
        item.callspec.params["case"].id
        for item in items
        if isinstance(item, pytest.Function) and item.path == column
    )


@cache
def results(name: str, ids: tuple[str, ...]) -> dict[str, Result]:
    """Run these cases on an executor, once."""
    program = Program(
        runner.read_command(executor(name).command),
        runner.read_command(of_another_make(name).command),
    )
    return {result.id: result for result in runner.run(program, runner.chosen(ids))}
