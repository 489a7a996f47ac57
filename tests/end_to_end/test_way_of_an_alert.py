"""The main job, end to end on the simulator: HTTP in, a filled order out, the fill back."""

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.control import SimulatorControl
from tests.end_to_end.installation import COMMAND, TOKEN, Installation

BUY = {"strategy": "first", "symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "10"}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.stop()


def book(installation: Installation) -> list[dict]:
    with SimulatorControl("127.0.0.1", installation.control_port) as control:
        return control.call("book")["orders"]


def states(installation: Installation) -> list[str]:
    return [row["state"] for row in installation.listed("alerts")]


def start_all(installation: Installation) -> None:
    installation.start("simulator", "gateway", "consumer", "producer")
    installation.wait_ready()


def test_the_demo_fills_every_order_once_and_says_so() -> None:
    done = subprocess.run(
        [COMMAND, "demo"], capture_output=True, text=True, timeout=110, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    found = re.fullmatch(r"demo: (\d+) alerts, (\d+) orders, (\d+) filled, 0 lost, 0 doubled", last)
    assert found, last
    assert int(found[1]) == int(found[2]) == int(found[3]) >= 10


def test_an_alert_becomes_a_filled_order_and_the_fill_comes_back(
    installation: Installation,
) -> None:
    start_all(installation)
    status, answer = installation.post(BUY)
    assert (status, answer["status"], answer["duplicate"]) == (200, "accepted", False)

    installation.wait(
        lambda: [o["state"] for o in installation.listed("orders")] == ["FILLED"],
        "the order is filled in our ledger",
    )

    ours, theirs = installation.listed("orders")[0], book(installation)[0]
    assert (theirs["symbol"], theirs["action"], theirs["quantity"]) == ("AAPL", "BUY", "10")
    assert ours["order_ref"] == theirs["orderRef"]
    assert ours["order_ref"].startswith(answer["alert_id"])
    assert installation.listed("positions")[0]["quantity"] == "10"
    told = installation.listed("trace", answer["alert_id"])[0]
    assert [step["step"] for step in told["steps"]] == [
        "received",
        "journaled",
        "pushed",
        "pulled",
        "commanded",
        "taken",
        "intended",
        "placed",
        "acknowledged",
    ]
    assert told["alert"]["outcome"] == "ACCEPTED"
    assert sum(float(fill["quantity"]) for fill in told["fills"]) == 10


def test_the_same_alert_twice_is_one_order(installation: Installation) -> None:
    start_all(installation)
    first = installation.post(BUY)[1]
    second = installation.post(BUY)[1]

    assert (second["alert_id"], second["duplicate"]) == (first["alert_id"], True)
    installation.wait(lambda: states(installation) == ["DONE"], "the alert is decided")
    assert len(book(installation)) == 1


@pytest.mark.parametrize("victim", ["producer", "consumer", "gateway"])
def test_a_process_killed_with_alerts_on_their_way_loses_and_doubles_none(
    installation: Installation, victim: str
) -> None:
    installation.environment["ALERTWIRE_IB_MESSAGES_PER_S"] = "20"
    start_all(installation)
    bodies = [
        {**BUY, "symbol": symbol, "id": f"{symbol}-{n}"}
        for n in range(3)
        for symbol in ("AAPL", "MSFT", "IBM", "NVDA", "TSLA")
    ]
    ids = [installation.post(body)[1]["alert_id"] for body in bodies[:10]]

    installation.kill(victim)
    installation.start(victim)
    if victim == "producer":
        installation.wait_ready()
    ids += [installation.post(body)[1]["alert_id"] for body in bodies[10:]]

    installation.wait(
        lambda: set(states(installation)) <= {"DONE", "PARKED"}, "all are decided", timeout_s=60
    )
    ordered = sorted(order["orderRef"][:26] for order in book(installation))
    parked = [r["alert_id"] for r in installation.listed("alerts") if r["state"] == "PARKED"]
    assert ordered == sorted(set(ordered)), "doubled"
    # Where nobody can tell whether the broker has it, a person is asked: never more than were sent.
    assert set(ids) <= {*ordered, *parked}, "lost"
    assert len(parked) <= 1 if victim == "gateway" else parked == []


def test_alerts_wait_for_a_broker_that_is_down(installation: Installation) -> None:
    installation.start("gateway", "consumer", "producer")
    installation.wait_ready()
    assert installation.post(BUY)[0] == 200

    done = installation.run("doctor")
    assert done.returncode == 1
    assert "nothing listens on 127.0.0.1" in done.stdout
    installation.start("simulator")

    installation.wait(lambda: states(installation) == ["DONE"], "the alert is decided")
    assert len(book(installation)) == 1


def test_up_runs_everything_until_it_is_told_to_stop(installation: Installation) -> None:
    installation.start("up")
    installation.wait_ready()
    sent = installation.run("send", "symbol=MSFT", "action=buy", "quantity=2", "--wait")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert "ACCEPTED" in sent.stdout

    assert installation.run("doctor").returncode == 0
    assert installation.kill("up", signal.SIGTERM) == 0
    assert installation.run("doctor").returncode == 1


def test_up_runs_two_executors_of_any_make(installation: Installation) -> None:
    installation.start_with("up", "--executor", "python", "--executor", f"{COMMAND} consumer")
    installation.wait_ready()

    sent = installation.run("send", "symbol=MSFT", "action=buy", "quantity=2", "--wait")

    assert "ACCEPTED" in sent.stdout
    for name in ("consumer-1", "consumer-2"):
        assert "process_started" in (installation.home / "logs" / f"{name}.log").read_text()
    assert installation.kill("up", signal.SIGTERM) == 0


def test_up_refuses_an_executor_that_is_not_there(installation: Installation) -> None:
    done = installation.run("up", "--executor", "build/no-such-executor")

    assert done.returncode == 78
    assert "--executor" in done.stderr


def test_up_stops_on_sigterm_where_a_shell_started_it_in_the_background(
    installation: Installation,
) -> None:
    # Shells start background jobs with SIGINT ignored; children inherit that.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        installation.start("up")
    finally:
        signal.signal(signal.SIGINT, before)
    installation.wait_ready()

    assert installation.kill("up", signal.SIGTERM) == 0


def test_up_says_which_process_died_and_why(installation: Installation) -> None:
    installation.environment["ALERTWIRE_JOURNAL_URL"] = "sqlite:////proc/nowhere/journal.db"
    installation.start("up")

    assert installation.processes["up"].wait(60) != 0

    said = (installation.home / "up.out").read_text()
    assert "producer" in said
    assert "ALERTWIRE_JOURNAL_URL" in said


def test_a_dry_run_tells_the_plan_and_orders_nothing(installation: Installation) -> None:
    start_all(installation)

    status, answer = installation.post(BUY, query="?dry_run=1")

    assert status == 200
    assert "AAPL" in str(answer)
    assert installation.listed("alerts") == []
    assert book(installation) == []


BAD = {
    "malformed JSON": (b'{"symbol": "AAPL", "action"', 400, ""),
    "NaN": (b'{"symbol": "AAPL", "action": "buy", "quantity": NaN}', 400, ""),
    "missing symbol": (b'{"action": "buy", "quantity": 1}', 422, "symbol"),
    "negative size": (b'{"symbol": "AAPL", "action": "buy", "quantity": -1}', 422, "quantity"),
    "unknown action": (b'{"symbol": "AAPL", "action": "yolo", "quantity": 1}', 422, "action"),
    "a stop loss below zero": (
        b'{"symbol":"AAPL","action":"buy","quantity":1,"stop_loss":{"percent":-1}}',
        422,
        "stop_loss.percent",
    ),
    "5 MB": (b'{"symbol": "' + b"A" * 5_000_000 + b'"}', 413, ""),
}


def test_bad_input_is_refused_with_the_field_and_kept(installation: Installation) -> None:
    start_all(installation)
    for name, (body, status, field) in BAD.items():
        answered, answer = installation.post(body)
        assert answered == status, (name, answer)
        assert answer["error"]["message"], name
        assert answer["error"]["field"] == field or not field, (name, answer)
    assert installation.post(BUY, token="not-the-token-at-all")[0] == 401

    kept = installation.listed("alerts", "--refused")
    assert sorted(row["status"] for row in kept) == [400, 400, 422, 422, 422, 422]
    assert installation.post(BUY)[0] == 200
    installation.wait(lambda: states(installation) == ["DONE"], "the good one is decided")
    assert len(book(installation)) == 1


@pytest.mark.parametrize(
    ("process", "changes", "said"),
    [
        ("producer", {"ALERTWIRE_PRODUCER_PORT": "{webhook}"}, "ALERTWIRE_PRODUCER_PORT"),
        ("producer", {"ALERTWIRE_JOURNAL_URL": "sqlite:////proc/x/j.db"}, "ALERTWIRE_JOURNAL_URL"),
        ("gateway", {"ALERTWIRE_LEDGER_URL": "sqlite:////proc/x/l.db"}, "ALERTWIRE_LEDGER_URL"),
        ("gateway", {"ALERTWIRE_HOME": "/proc/x"}, "ALERTWIRE_HOME"),
        ("producer", {"ALERTWIRE_PRODUCR_PORT": "1"}, "did you mean ALERTWIRE_PRODUCER_PORT?"),
        ("consumer", {"ALERTWIRE_ALERTS_ENDPOINT": "5555"}, "ALERTWIRE_ALERTS_ENDPOINT"),
        ("simulator", {"ALERTWIRE_SIMULATOR_PORT": "{webhook}"}, "ALERTWIRE_SIMULATOR_PORT"),
    ],
)
def test_a_wrong_configuration_is_one_clear_line_and_exit_78(
    installation: Installation, process: str, changes: dict[str, str], said: str
) -> None:
    import socket

    taken = socket.create_server(("127.0.0.1", installation.webhook_port))
    installation.environment |= {
        name: value.format(webhook=installation.webhook_port) for name, value in changes.items()
    } | {"ALERTWIRE_LOG_LEVEL": "error"}

    done = installation.run(process)

    taken.close()
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert done.returncode == 78, lines
    assert said in lines[-1]
    assert len(lines) == 1, lines


def test_the_token_stands_in_no_log(installation: Installation) -> None:
    start_all(installation)
    installation.post(BUY)
    installation.post(b"{", token=TOKEN)
    installation.wait(lambda: states(installation) == ["DONE"], "the alert is decided")
    installation.stop()

    assert all(TOKEN not in path.read_text() for path in installation.home.glob("*.out"))
