"""The whole chain with keys: alerts pass, processes die and come back, strangers stay outside."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from alertwire import keys
from simulator.control import SimulatorControl
from tests.end_to_end.installation import Installation

BUY = {"strategy": "locked", "symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1"}
SYMBOLS = ("AAPL", "MSFT", "IBM", "NVDA", "TSLA", "AMD", "INTC", "CSCO")
TIMEOUT_S = 90


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.stop()


def orders(installation: Installation) -> list[str]:
    with SimulatorControl("127.0.0.1", installation.control_port) as control:
        return sorted(order["orderRef"][:26] for order in control.call("book")["orders"])


def are_decided(installation: Installation, count: int) -> bool:
    rows = installation.listed("alerts")
    return len(rows) == count and {row["state"] for row in rows} <= {"DONE", "PARKED"}


@pytest.mark.timeout(300)
def test_with_keys_alerts_pass_through_kills_and_a_stranger_places_no_order(
    installation: Installation,
) -> None:
    made = installation.run("keys", "new")
    assert made.returncode == 0, made.stderr
    installation.start("simulator", "gateway", "consumer", "producer")
    installation.wait_ready()
    ids = [installation.post({**BUY, "symbol": SYMBOLS[0]})[1]["alert_id"]]
    installation.wait(lambda: are_decided(installation, 1), "the first is decided", TIMEOUT_S)
    assert orders(installation) == ids

    with zmq.Context() as context, context.socket(zmq.DEALER) as stranger:
        stranger.linger = 0
        stranger.immediate = True
        stranger.connect(installation.environment["ALERTWIRE_COMMANDS_ENDPOINT"])
        installation.wait(
            lambda: "peer_refused" in (installation.home / "gateway.out").read_text(),
            "the gateway tells of the stranger",
            TIMEOUT_S,
        )
        with pytest.raises(zmq.Again):
            stranger.send(b"an order", zmq.NOBLOCK)

    for number, victim in enumerate(("gateway", "consumer", "producer"), start=1):
        installation.kill(victim)
        if victim != "producer":
            ids.append(installation.post({**BUY, "symbol": SYMBOLS[number]})[1]["alert_id"])
        installation.start(victim)
        if victim == "producer":
            installation.wait_ready()
            ids.append(installation.post({**BUY, "symbol": SYMBOLS[number]})[1]["alert_id"])
    installation.wait(lambda: are_decided(installation, len(ids)), "all are decided", TIMEOUT_S)

    assert orders(installation) == sorted(ids)
    found = {row["subject"]: row for row in map(json.loads, doctor(installation))}
    assert found["bus"]["found"] == "encrypted; keys say who may connect"
    said = "".join(path.read_text() for path in installation.home.glob("*.out"))
    for path in installation.home.glob("keys/bus/*.key_secret"):
        assert path.read_text().strip() not in said


def doctor(installation: Installation) -> list[str]:
    return installation.run("doctor", "--json").stdout.splitlines()


@pytest.mark.parametrize(
    ("process", "setting"),
    [
        ("producer", "ALERTWIRE_ALERTS_ENDPOINT"),
        ("producer", "ALERTWIRE_ACKS_ENDPOINT"),
        ("gateway", "ALERTWIRE_COMMANDS_ENDPOINT"),
        ("gateway", "ALERTWIRE_REPORTS_ENDPOINT"),
        ("gateway", "ALERTWIRE_CONTROL_ENDPOINT"),
        ("consumer", "ALERTWIRE_COMMANDS_ENDPOINT"),
    ],
)
def test_off_loopback_nothing_starts_without_keys(
    installation: Installation, process: str, setting: str
) -> None:
    installation.environment |= {setting: "tcp://0.0.0.0:1", "ALERTWIRE_LOG_LEVEL": "error"}

    done = installation.run(process)

    lines = (done.stdout + done.stderr).strip().splitlines()
    assert done.returncode == 78, lines
    assert len(lines) == 1, lines
    assert setting in lines[0]
    assert "alertwire keys new" in lines[0]


def test_a_secret_key_that_others_can_read_is_exit_78_with_the_remedy(
    installation: Installation,
) -> None:
    installation.run("keys", "new")
    path = installation.home / "keys" / "bus" / "gateway.key_secret"
    path.chmod(0o644)

    done = installation.run("gateway")

    assert done.returncode == 78
    assert f"chmod 600 {path}" in done.stderr
    assert path.read_text().strip() not in done.stderr


@pytest.mark.timeout(200)
def test_a_control_endpoint_over_tcp_is_asked_with_the_operators_key(
    installation: Installation,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    installation.environment["ALERTWIRE_CONTROL_ENDPOINT"] = f"tcp://127.0.0.1:{port}"
    installation.run("keys", "new")
    installation.start("simulator", "gateway")

    def gateway_answers() -> bool:
        found = {row["subject"]: row["found"] for row in map(json.loads, doctor(installation))}
        return found["gateway"] != "does not answer"

    installation.wait(gateway_answers, "the gateway answers the operator", TIMEOUT_S)
    keys.revoke(installation.home / "keys" / "bus", keys.OPERATOR)
    assert not gateway_answers()
