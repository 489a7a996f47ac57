"""The whole-path load test runs, with every process real and every floor beside it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest import toolchain

COUNTS = {"sent": 7, "accepted": 7, "arrived": 7, "refused": 0, "lost": 0, "doubled": 0}
TIMEOUT_S = 90


def has_floor(folder: Path) -> bool:
    if toolchain.compiler() is None:
        return False
    probe = folder / "probe.c"
    probe.write_text("#include <zmq.h>\nint main(void) { return 0; }\n")
    command = [str(toolchain.compiler()), str(probe), "-lzmq", "-o", str(folder / "probe")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def loadtest(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadtest", *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_five_alerts_go_the_whole_way_beside_the_floor(tmp_path: Path) -> None:
    if not has_floor(tmp_path):
        pytest.skip("no C compiler or no libzmq header")
    found = tmp_path / "found.json"
    tiny = ["--rounds", "1", "--symbols", "2", "--webhook-seconds", "0", "--gateway-orders", "3"]

    done = loadtest("path", "--one-by-one", "5", *tiny, "--json", str(found))

    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(found.read_text())
    assert report["counts"]["alerts"] == {**COUNTS, "unasked": 0}
    assert report["latencies"]["one by one"]["alertwire"]["count"] == 5
    assert report["latencies"]["one by one"]["floor"]["count"] == 5
    assert report["latencies"]["gateway, to the frame"]["gateway"]["count"] == 3
    assert "PLACED → ARRIVED" in report["hops"]["one by one"]
    assert "to floor" in done.stdout


def test_a_machine_without_a_compiler_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    done = loadtest("zmq", "--rounds", "1")

    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert "apt-get install build-essential libzmq3-dev" in done.stderr
