"""What protection costs and what group commit saves, with every process real."""

import json
from pathlib import Path

import pytest

from tests.loadtest.test_path import has_floor, loadtest


@pytest.fixture(autouse=True)
def _tools(tmp_path: Path) -> None:
    if not has_floor(tmp_path):
        pytest.skip("no C compiler or no libzmq header")


def test_the_protected_pipeline_and_the_bare_one_take_turns(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    tiny = ["--rounds", "1", "--one-by-one", "3", "--symbols", "3", "--rate", "5", "--seconds", "1"]

    done = loadtest("cost", *tiny, "--json", str(found))

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(found.read_text())
    assert report["latencies"]["one by one"]["alertwire"]["count"] == 3
    assert report["counts"]["alertwire"]["arrived"] == 3 + 3 + 5 + 3
    assert report["counts"]["alertwire"]["lost"] == 0
    # The other one loses what comes before its executor has connected: nothing protects it.
    assert report["latencies"]["one by one"]["floor"]["count"]


def test_many_callers_share_a_commit_and_a_lone_one_does_not_wait(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    callers = ["--callers", "1", "--callers", "32"]

    done = loadtest("commits", "--rounds", "1", "--seconds", "1", *callers, "--json", str(found))

    assert done.returncode == 0, done.stdout + done.stderr
    notes = json.loads(found.read_text())["notes"]
    per_commit = {note.split()[0]: float(note.split()[3]) for note in notes if "per commit" in note}
    assert per_commit["1"] == 1
    assert per_commit["32"] > 2
