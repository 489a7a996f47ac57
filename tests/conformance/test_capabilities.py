"""The capability table, and the suite as it ships."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alertwire.cli.main import app
from alertwire.conformance import runner, vectors
from alertwire.conformance.case import all_cases
from alertwire.faults import ConfigurationError
from tests.conformance import capabilities, column
from tests.conformance.vectors import FOLDER


def test_the_table_of_capabilities_has_not_drifted() -> None:
    assert capabilities.PAGE.read_text(encoding="utf-8") == capabilities.page(), "make generate"


def test_every_known_failure_is_a_case_and_has_a_reason() -> None:
    ids = {case.id for case in all_cases()}
    for name in capabilities.NAMES:
        known = column.executor(name).known_failures
        assert known.keys() <= ids
        assert all(known.values())


def test_every_plan_and_every_invalid_delivery_is_a_case() -> None:
    ids = {case.id for case in all_cases()}

    assert {f"EX-100/{path.stem}" for path in (FOLDER / "plans").glob("*.json")} <= ids
    assert {f"EX-200/{path.stem}" for path in (FOLDER / "invalid").glob("*.json")} <= ids


def test_the_wheel_holds_the_vectors_where_the_suite_looks_for_them() -> None:
    settings = (column.ROOT / "pyproject.toml").read_text(encoding="utf-8")

    for folder in ("plans", "invalid"):
        assert f'"proto/vectors/{folder}" = "alertwire/conformance/golden/{folder}"' in settings
    assert Path(vectors.__file__).parent / "golden" == vectors.SHIPPED


def test_the_verb_tells_each_case_as_json_and_exits_with_1_for_a_failure(tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    silent.chmod(0o755)

    done = CliRunner().invoke(app, ["conformance", str(silent), "--case", "EX-010", "--json"])

    (told,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert (told["id"], told["passed"]) == ("EX-010", False)
    assert "--help ended with 3" in told["deviation"]


def test_a_known_failure_that_passes_is_an_error(tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    known.write_text("# what it cannot do yet\nEX-310 is not there\n")
    command = [
        *(sys.executable, "-c", "from alertwire.cli.main import main; main()"),
        *("conformance", column.PYTHON, "--case", "EX-310", "--known-failures", str(known)),
    ]

    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)

    assert done.returncode == 1
    assert "1 unexpected" in done.stdout


def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="EX-001 is no case"):
        runner.chosen(["EX-001"])
