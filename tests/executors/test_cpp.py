"""The executor in C++: its own tests under sanitizers, its form, what it knows of the contract."""

import re
import shutil
import subprocess
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from alertwire.conformance import runner
from alertwire.conformance.runner import Program
from alertwire.settings import env_example
from alertwire.wire import alert, command, delivery
from tests.executors import cpp

SANITIZED_TIMEOUT_S = 1800
"""Building it takes a minute on two cores that are free."""


@pytest.mark.timeout(SANITIZED_TIMEOUT_S)
def test_its_own_tests_pass_under_the_address_and_undefined_behaviour_sanitizers() -> None:
    cpp.require()
    cpp.built("sanitize")

    done = cpp.run("ctest", "--preset", "sanitize")

    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("executor_tests", "thread_tests", "fuzz_decode"):
        assert name in done.stdout


@pytest.mark.timeout(SANITIZED_TIMEOUT_S)
def test_its_threads_have_no_race(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpp.require()
    program = str(cpp.built("thread") / "executor-cpp")
    own = cpp.run("ctest", "--preset", "thread")
    assert own.returncode == 0, own.stdout + own.stderr
    assert "thread_tests" in own.stdout

    suppressions = cpp.CPP_FOLDER / "thread-suppressions.txt"
    monkeypatch.setenv("TSAN_OPTIONS", f"suppressions={suppressions} log_path={tmp_path / 'race'}")
    results = runner.run(Program((program,), (program,)), runner.chosen(()))

    assert [path.read_text() for path in tmp_path.glob("race*")] == []
    assert [f"{result.id} {result.deviation}" for result in results if not result.passed] == []


def test_its_code_is_in_form() -> None:
    if not shutil.which("clang-format"):
        pytest.skip("clang-format is not installed")
    sources = [str(path) for path in cpp.CPP_FOLDER.rglob("*.[ch]pp")]
    sources += [str(path) for path in cpp.CPP_FOLDER.rglob("*.h")]

    done = subprocess.run(
        ["clang-format", "--dry-run", "-Werror", *sources],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_it_requires_the_fields_that_the_value_classes_require() -> None:
    source = (cpp.CPP_FOLDER / "src" / "decode.cpp").read_text(encoding="utf-8")
    table = source.partition("kRequired")[2].partition("});")[0]
    kinds: list[type] = [
        delivery.Delivery,
        delivery.Stamp,
        command.CommandReply,
        *(kind for kind in vars(alert).values() if _is_value_class(kind)),
    ]
    expected = {name for kind in kinds for name in _required(kind)}

    assert set(re.findall(r'"(\w+\.\w+)"', table)) == expected


def test_the_settings_it_knows_are_those_of_the_kernel() -> None:
    kept = (cpp.ROOT / ".env.example").read_text(encoding="utf-8")

    assert kept == env_example(), "run make generate"


def _is_value_class(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "__dataclass_fields__")


def _required(kind: type) -> set[str]:
    """Name the fields that must be set, by the rules of `alertwire.wire.reader`."""
    hints = get_type_hints(kind)
    found = set()
    for field in fields(kind):
        hint = hints[field.name]
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        is_number = hint in {int, bool}
        is_enum = isinstance(hint, type) and issubclass(hint, Enum)
        may_be_absent = NoneType in get_args(hint) or get_origin(hint) is tuple or is_number
        if not may_be_absent and (is_enum or not has_default):
            found.add(f"{kind.__name__}.{field.name}")
    return found
