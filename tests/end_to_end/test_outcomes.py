"""Every alert ends in one outcome with a reason, or waits for a person who can deal with it."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.end_to_end.installation import COMMAND, Installation
from tests.producer.processes import Executor

# Verbs are processes: on a busy machine each takes seconds to start.
pytestmark = pytest.mark.timeout(300)
BUY = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "10"}


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.stop()


def start(installation: Installation) -> None:
    installation.start("simulator", "gateway", "consumer", "producer")
    installation.wait_ready()


def post(installation: Installation, **fields: str) -> str:
    status, answer = installation.post({**BUY, **fields})
    assert status == 200, answer
    alert_id: str = answer["alert_id"]
    return alert_id


def rows(installation: Installation, file: str, query: str) -> list[tuple[Any, ...]]:
    """Ask the file itself: starting a command each time takes long on a busy machine."""
    with closing(sqlite3.connect(f"file:{installation.home}/{file}?mode=ro", uri=True)) as opened:
        return opened.execute(query).fetchall()


def wait_for(installation: Installation, alert_id: str, state: str) -> None:
    query = f"SELECT state FROM alerts WHERE alert_id = '{alert_id}'"
    installation.wait(
        lambda: rows(installation, "journal.db", query) == [(state,)], f"{alert_id} is {state}"
    )


def park(installation: Installation, alert_id: str) -> None:
    """Tell the producer, as an executor, that nobody knows whether the broker has it."""
    endpoints = SimpleNamespace(
        alerts_endpoint=installation.environment["ALERTWIRE_ALERTS_ENDPOINT"],
        acks_endpoint=installation.environment["ALERTWIRE_ACKS_ENDPOINT"],
    )
    with Executor(endpoints) as executor:  # type: ignore[arg-type]
        delivery = executor.take()
        assert delivery.alert_id == alert_id
        executor.decide(delivery, Outcome.UNKNOWN)
        wait_for(installation, alert_id, "PARKED")


def book(installation: Installation) -> list[str]:
    with SimulatorControl("127.0.0.1", installation.control_port) as control:
        return sorted(order["orderRef"][:26] for order in control.call("book")["orders"])


def test_each_alert_ends_in_one_outcome_with_a_reason_or_waits_for_a_person(
    installation: Installation,
) -> None:
    start(installation)
    ids = {
        "ACCEPTED": post(installation, strategy="a", time="2026-11-20T14:30:20Z"),
        "LATE": post(installation, strategy="a", id="2", time="2026-11-20T14:30:10Z"),
        "REJECTED": post(installation, strategy="b", symbol="NASDAQ:NOSUCHX"),
    }
    assert installation.post({**BUY, "quantity": "-1"})[0] == 422
    for name in ("ACCEPTED", "REJECTED"):
        wait_for(installation, ids[name], "DONE")

    installation.kill("consumer")
    ids["EXPIRED"] = post(installation, strategy="c", max_age_s="0.001")
    ids["VOIDED"] = post(installation, strategy="d")
    dropped = installation.run("drop", ids["VOIDED"], "--reason", "changed my mind")
    assert json.loads(dropped.stdout)["status"] == "voiding"
    installation.start("consumer")
    for name in ("EXPIRED", "VOIDED"):
        wait_for(installation, ids[name], "DONE")
    installation.kill("consumer")
    ids["PARKED"] = post(installation, strategy="e")
    park(installation, ids["PARKED"])

    ends = {row["alert_id"]: row for row in installation.listed("alerts")}
    assert ends.keys() == set(ids.values())
    for name, alert_id in ids.items():
        row = ends[alert_id]
        assert (row["outcome"] if row["state"] == "DONE" else row["state"]) == name
        assert row["detail"] or name == "LATE", row
    assert ends[ids["VOIDED"]]["detail"] == "dropped by a person: changed my mind"

    dead = installation.listed("alerts", "--dead")
    assert {row["outcome"] for row in dead} == {*ids} - {"ACCEPTED", "VOIDED"} | {"REFUSED"}
    assert all(row["reason"] for row in dead)
    verified = installation.run("journal", "verify")
    assert verified.returncode == 0, verified.stdout
    # With the two by which the gateway is told of what came late or was refused.
    assert "8 alerts" in verified.stdout
    assert book(installation) == [ids["ACCEPTED"]]


def test_dead_letters_are_replayed_once_and_the_trace_shows_all_of_their_way(
    installation: Installation,
) -> None:
    start(installation)
    installation.post({**BUY, "quantity": "-1"})
    (letter,) = (row["letter_id"] for row in installation.listed("alerts", "--dead"))

    failed = installation.run("replay", letter)
    assert failed.returncode == 1
    assert "quantity" in failed.stdout
    mended = installation.home / "mended.json"
    mended.write_text(json.dumps({**BUY, "comment": "mended"}))
    first = json.loads(installation.run("replay", letter, "--body", str(mended)).stdout)
    again = installation.run("replay", letter)
    assert again.returncode == 0
    assert json.loads(again.stdout) == {**first, "duplicate": True}

    new = first["alert_id"]
    installation.wait(
        lambda: rows(installation, "ledger.db", "SELECT state FROM orders") == [("FILLED",)],
        "it is filled",
    )
    (told,) = installation.listed("trace", new)
    assert told["replayed"]["of"] == letter
    assert told["alert"]["outcome"] == "ACCEPTED"
    assert [event["state"] for event in told["events"]][-1] == "FILLED"
    said = installation.run("trace", new).stdout
    sources = ("door", "dispatcher", "executor", "gateway", "broker")
    assert all(f" {source} " in said for source in sources), said
    shown = said.splitlines()
    assert " received " in shown[shown.index("") + 2], "the first that happened"
    (refusal,) = installation.listed("trace", letter)
    assert refusal["refusal"]["handled_as"] == f"replayed as {new}"
    assert installation.listed("alerts", "--dead") == []
    assert installation.run("drop", letter).returncode == 1
    assert book(installation) == [new]


def test_pruning_beside_a_running_producer_loses_and_refuses_no_alert(
    installation: Installation,
) -> None:
    installation.environment["ALERTWIRE_IB_MESSAGES_PER_S"] = "0"
    start(installation)
    with closing(sqlite3.connect(installation.home / "journal.db")) as journal:
        old = post(installation, strategy="old")
        wait_for(installation, old, "DONE")
        names = [row[1] for row in journal.execute("PRAGMA table_info(alerts)")]
        changed = {
            "alert_id": "printf('01KAPRT3M2W8Y4ZC9N5Q%06d', n)",
            "seq": "n",
            "key": "'old key'",
            "accepted_at": "1000000",
            "decided_at": "1000000",
            "identity": "n",
        }
        columns = ", ".join(changed.get(name, name) for name in names)
        journal.execute(
            f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers "
            f"WHERE n < 2000) INSERT INTO alerts SELECT {columns} FROM alerts, numbers "
            f"WHERE alert_id = ?",
            (old,),
        )
        journal.commit()

    pruning = subprocess.Popen(
        [COMMAND, "journal", "prune", "--before", "30d", "--yes"],
        env=installation.environment,
        cwd=installation.home,
        stdout=subprocess.PIPE,
    )
    posted = []
    while pruning.poll() is None:
        posted.append(post(installation, strategy="new", id=str(len(posted))))
        time.sleep(0.02)
    assert pruning.stdout is not None
    said = pruning.stdout.read().decode()
    pruning.stdout.close()

    assert "removed 1999 alerts" in said
    assert len(posted) == len(set(posted)) > 5
    states = "SELECT DISTINCT state FROM alerts"
    installation.wait(
        lambda: rows(installation, "journal.db", states) == [("DONE",)], "all are decided"
    )
    verified = installation.run("journal", "verify")
    # The old rows were copies: only their messages are another alert's.
    assert verified.returncode == 1
    assert verified.stdout.count("its message is that of") == 1, verified.stdout
    assert book(installation) == sorted([old, *posted])
