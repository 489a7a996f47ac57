"""The executor in Go: its own tests and checks, and that what is generated has not drifted."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import get_type_hints

import pytest

from alertwire.wire import alert, command, delivery
from alertwire.wire.hints import without_none
from tests.executors.conftest import GO_FOLDER, ROOT
from tests.executors.known_names import FILE, known_names

CHECKS = {
    "form": ("vet", "./..."),
    "static": ("tool", "staticcheck", "./..."),
    "tests": ("test", "-count=1", "-race", "./..."),
    "modules": ("mod", "verify"),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("check", CHECKS)
def test_its_own_checks_pass(go: Path, check: str) -> None:
    done = subprocess.run(
        [go, *CHECKS[check]],
        cwd=GO_FOLDER,
        env={**os.environ, "CGO_ENABLED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_its_code_is_in_gos_form(go: Path) -> None:
    gofmt = shutil.which("gofmt", path=f"{go.parent}:{os.environ['PATH']}")
    assert gofmt

    assert subprocess.check_output([gofmt, "-l", "."], cwd=GO_FOLDER, text=True) == ""


def test_the_names_it_knows_are_those_of_the_settings() -> None:
    assert FILE.read_text(encoding="ascii") == known_names(), "run make generate"


def required(kind: type) -> set[str]:
    """Name the fields whose absence the reference refuses, see alertwire/wire/reader.py."""
    found = set()
    for field in fields(kind):
        hint, is_optional = without_none(get_type_hints(kind)[field.name])
        is_enum = isinstance(hint, type) and issubclass(hint, Enum)
        has_default = field.default is not MISSING or field.default_factory is not MISSING
        if hint not in {int, bool} and not is_optional and (is_enum or not has_default):
            found.add(field.name)
    return found


def test_it_asks_for_the_fields_that_the_reference_asks_for() -> None:
    table = (GO_FOLDER / "internal/wire/check.go").read_text().partition("var required =")[2]
    asked = {
        name: set(re.findall(r'"(\w+)"', listed))
        for name, listed in re.findall(r'"(\w+)": +\{([^}]*)\}', table.partition("\n}\n")[0])
    }
    parts = (*vars(alert).values(), *vars(delivery).values(), command.CommandReply)
    kinds = {part for part in parts if isinstance(part, type) and is_dataclass(part)}
    kinds -= {delivery.Ack, delivery.CommandOutcome}

    assert asked == {kind.__name__: required(kind) for kind in kinds if required(kind)}


@pytest.mark.timeout(900)
def test_the_generated_go_is_that_of_the_proto_files(go: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "proto", tree / "proto")
    (tree / "consumer" / "go").mkdir(parents=True)
    for name in ("go.mod", "go.sum"):
        shutil.copy(GO_FOLDER / name, tree / "consumer" / "go")
    path = f"{Path(sys.executable).parent}:{go.parent}:{os.environ['PATH']}"

    made = subprocess.run(
        ["buf", "generate", "--path", "alertwire", "--template", "buf.gen.go.yaml"],
        cwd=tree / "proto",
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert made.returncode == 0, made.stderr
    fresh, kept = tree / "consumer/go/alertwire/v1", GO_FOLDER / "alertwire/v1"
    assert {p.name: p.read_text() for p in fresh.iterdir()} == {
        p.name: p.read_text() for p in kept.iterdir()
    }, "run make generate-go"
