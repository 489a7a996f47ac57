"""ib_async, the maintained successor, in ib_insync's place: an environment of its own."""

import fcntl
import hashlib
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from tests.gateway.build import command, limit
from tests.gateway.processes import ROOT, GatewayProcess

LIBRARY = "ib_async==2.1.0"


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of an environment with everything that runs, but ib_insync."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        LIBRARY,
        *(one for one in project["dependencies"] if not one.startswith(("ib_insync", "tzdata"))),
    ]
    home = ROOT / ".envs" / "gateway-ib_async"
    marker = home / "made"
    recipe = [sys.version, Path(__file__).read_text(), *wanted]
    digest = hashlib.sha256("\n".join(recipe).encode()).hexdigest()
    interpreter = home / "bin" / "python"
    home.parent.mkdir(exist_ok=True)
    # Two test runs may want the same environment at once.
    with (home.parent / "gateway-ib_async.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (marker.exists() and marker.read_text() == digest):
            uv = [sys.executable, "-m", "uv", "--quiet"]
            install = [*uv, "pip", "install", "--python", str(interpreter)]
            for step in (
                [*uv, "venv", "--clear", "--python", sys.executable, str(home)],
                [*install, *wanted],
                # The project itself, without what it would pull in: ib_insync.
                [*install, "--no-deps", "--editable", str(ROOT)],
            ):
                subprocess.run(step, check=True)
            marker.write_text(digest)
    return interpreter


@pytest.mark.timeout(600)
def test_the_way_of_an_order_through_ib_async(python, run, own_simulator, connect):
    gateway: GatewayProcess = run(own_simulator().port, python=str(python)).ready()
    executor = connect(gateway)
    missing = subprocess.run(
        [python, "-c", "import ib_insync"], capture_output=True, text=True, check=False
    )
    assert "No module named 'ib_insync'" in missing.stderr

    bought = executor.ask(command(quantity=10))
    resting = executor.ask(command(quantity=5, entry=limit(1)))
    cancelled = executor.ask(command(Action.CANCEL))
    closed = executor.ask(command(Action.EXIT))

    ends = [reply.outcome for reply in (bought, resting, cancelled, closed)]
    assert ends == [Outcome.ACCEPTED] * 4, gateway.log
    assert cancelled.detail == "1 cancelled"
    assert closed.detail == "sell 10 AAPL"
    assert [p for p in gateway.status().positions if p.quantity != Decimal(0)] == []
    assert gateway.status().server_version == 178
