"""An executor of another language between the real processes: nothing lost, nothing twice."""

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertwire.ports import free_ports
from simulator.control import SimulatorControl
from tests.end_to_end.installation import Installation

BUY = {"strategy": "foreign", "symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1"}
SYMBOLS = ("AAPL", "MSFT", "IBM", "NVDA", "TSLA", "AMD", "INTC", "CSCO")
TIMEOUT_S = 90
NAME = "executor"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    (port,) = free_ports(1)
    made = Installation(tmp_path, ALERTWIRE_CONSUMER_HEALTH_PORT=str(port))
    yield made
    made.stop()


def start(installation: Installation, executor: Path) -> None:
    with (installation.home / f"{NAME}.out").open("ab") as out:
        installation.processes[NAME] = subprocess.Popen(
            [executor], env=installation.environment, cwd=installation.home, stdout=out, stderr=out
        )


def post(installation: Installation, symbol: str, quantity: int = 1) -> str:
    status, answer = installation.post({**BUY, "symbol": symbol, "quantity": str(quantity)})
    assert status == 200, answer
    return str(answer["alert_id"])


def wait_decided(installation: Installation, ids: list[str]) -> None:
    def are_decided() -> bool:
        rows = installation.listed("alerts")
        return len(rows) == len(ids) and {row["state"] for row in rows} == {"DONE"}

    installation.wait(are_decided, "all alerts are decided", TIMEOUT_S)


def orders(installation: Installation) -> list[str]:
    with SimulatorControl("127.0.0.1", installation.control_port) as control:
        return sorted(order["orderRef"][:26] for order in control.call("book")["orders"])


def page(installation: Installation, path: str) -> str:
    port = installation.environment["ALERTWIRE_CONSUMER_HEALTH_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.timeout(900)
@pytest.mark.parametrize("with_keys", [False, True], ids=["plain", "with keys"])
def test_no_alert_is_lost_or_ordered_twice_when_it_is_killed(
    installation: Installation, executor: Path, with_keys: bool
) -> None:
    if with_keys:
        made = installation.run("keys", "new")
        assert made.returncode == 0, made.stderr
    installation.start("simulator", "gateway", "producer")
    start(installation, executor)
    installation.wait_ready()
    ids = [post(installation, SYMBOLS[0])]
    wait_decided(installation, ids)

    for symbol in SYMBOLS[1:4]:
        ids.append(post(installation, symbol))
        installation.kill(NAME)
        ids.append(post(installation, symbol, quantity=2))
        start(installation, executor)
    wait_decided(installation, ids)

    assert orders(installation) == sorted(ids)
    said = "".join(path.read_text() for path in installation.home.glob("*.out"))
    for path in installation.home.glob("keys/bus/*.key_secret"):
        assert path.read_text().strip() not in said


@pytest.mark.timeout(900)
def test_it_shows_itself_as_the_others_do(installation: Installation, executor: Path) -> None:
    installation.start("simulator", "gateway", "producer")
    start(installation, executor)
    installation.wait_ready()
    ids = [post(installation, SYMBOLS[0])]
    wait_decided(installation, ids)

    assert (page(installation, "/healthz"), page(installation, "/readyz")) == ("ok\n", "ready\n")
    metrics = page(installation, "/metrics")
    assert 'alertwire_executor_acks_total{kind="decided"} 1' in metrics
    assert re.search(r"^alertwire_executor_commands_total [1-9]", metrics, re.MULTILINE)
    assert "alertwire_executor_alerts_in_hand 0" in metrics
    assert installation.kill(NAME, signal.SIGTERM) == 0
    lines = [
        json.loads(line) for line in (installation.home / f"{NAME}.out").read_text().splitlines()
    ]
    by_event = {line["event"]: line for line in lines}
    assert next(iter(by_event)) == "process_started"
    assert list(by_event)[-1] == "process_stopped"
    assert {"at", "level", "process"} <= lines[0].keys()
    for event in ("commands_sent", "alert_decided"):
        assert by_event[event]["alert_id"] == ids[0]


@pytest.mark.timeout(900)
def test_at_sighup_it_trades_the_accounts_of_the_new_file(
    installation: Installation, executor: Path
) -> None:
    config = Path(installation.environment["ALERTWIRE_CONFIG"])
    config.write_text('[routes.default]\naccounts = ["DU7777777"]\n')
    installation.start("simulator", "gateway", "producer")
    start(installation, executor)
    installation.wait_ready()
    # The gateway reads the same file at its start: no line of it changes before it has answered.
    ids = [post(installation, SYMBOLS[0])]
    wait_decided(installation, ids)
    assert orders(installation) == []

    def reload(text: str, event: str) -> None:
        config.write_text(text)
        installation.processes[NAME].send_signal(signal.SIGHUP)
        out = installation.home / f"{NAME}.out"
        installation.wait(lambda: event in out.read_text(), event)

    reload('[routes.default]\naccount = ["DU1234567"]\n', "routes_kept")
    reload('[routes.default]\naccounts = ["DU1234567"]\n', "routes_reloaded")
    # The producer names the accounts in the alert; those that are not the route's are refused.
    installation.processes["producer"].send_signal(signal.SIGHUP)
    producer = installation.home / "producer.out"
    installation.wait(lambda: "routes_reloaded" in producer.read_text(), "the producer reloads")
    ids.append(post(installation, SYMBOLS[1]))
    wait_decided(installation, ids)

    assert orders(installation) == ids[1:]
