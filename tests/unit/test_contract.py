"""The contract's checks can fail, and what is generated from it has not drifted."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def buf(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["buf", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "proto", tmp_path / "tree" / "proto"))


def test_the_generated_python_is_that_of_the_proto_files(contract: Path) -> None:
    made = buf(contract, "generate", "--path", "alertwire")

    assert made.returncode == 0, made.stderr
    fresh = contract.parent / "alertwire" / "v1"
    kept = ROOT / "alertwire" / "v1"
    assert {p.name: p.read_text() for p in fresh.glob("*_pb2*")} == {
        p.name: p.read_text() for p in kept.glob("*_pb2*")
    }, "run make generate"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  string key = 4;", "  string key = 44;"),
        ("  uint64 seq = 5;", "  int32 seq = 5;"),
        ("MODE_VOID = 2;", "MODE_CANCELLED = 2;"),
    ],
)
def test_a_change_that_breaks_others_is_caught(contract: Path, before: str, after: str) -> None:
    path = contract / "alertwire" / "v1" / "delivery.proto"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))

    assert buf(contract, "breaking", "--against", "baseline.binpb").returncode != 0


def test_an_undescribed_field_is_caught(contract: Path) -> None:
    path = contract / "alertwire" / "v1" / "delivery.proto"
    path.write_text(path.read_text().replace("  // When, UTC.\n", ""))

    assert "COMMENT" in buf(contract, "lint").stdout.upper()
