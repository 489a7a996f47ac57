"""Unmodified client libraries, each in its own environment, against the simulator."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.environments import python_of
from tests.simulator.processes import started_simulator

HERE = Path(__file__).parent
# Environment, script, first arguments, server version offered, and the number of checks.
CASES = [
    ("", "checks_ib_insync_api.py", ["ib_insync"], 176, 30),
    ("ib_async", "checks_ib_insync_api.py", ["ib_async"], 178, 30),
    ("ibapi-9.81", "checks_ibapi.py", [], 178, 25),
    ("ibapi-10.19", "checks_ibapi.py", [], 178, 25),
    ("ibapi-10.30", "checks_ibapi.py", [], 178, 25),
    ("ibapi-10.46", "checks_ibapi.py", [], 178, 25),
]


@pytest.mark.parametrize(
    ("environment", "script", "arguments", "version", "count"),
    CASES,
    ids=[environment or "ib_insync" for environment, *_ in CASES],
)
# Making an environment downloads packages the first time.
@pytest.mark.timeout(600)
def test_a_client_library_passes_every_check(environment, script, arguments, version, count):
    python = str(python_of(environment)) if environment else sys.executable
    with started_simulator("--tick-interval", "0", "--server-version", str(version)) as simulator:
        ports = (str(simulator.port), str(simulator.control_port))
        done = subprocess.run(
            [python, str(HERE / script), *arguments, "127.0.0.1", *ports],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    lines = done.stdout.splitlines()
    passed = [line.removeprefix("ok ") for line in lines if line.startswith("ok ")]
    named = [
        line.split("(")[0].removeprefix("def check_")
        for line in (HERE / script).read_text().splitlines()
        if line.startswith("def check_")
    ]

    assert [line for line in lines if not line.startswith("ok ")] == [], done.stderr
    assert passed == named, done.stderr
    assert len(passed) == count
    assert done.returncode == 0
