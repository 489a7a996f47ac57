"""Dead letters over HTTP: replayed once only, dropped, refused in words."""

import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from alertwire.wire.alert import Extra
from alertwire.wire.delivery import Mode, Outcome
from tests.producer.processes import TOKEN, Executor, Producer, eventually

ALERT = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1"}
OTHER_TOKEN = "the-token-of-another-route"


@pytest.fixture
def producer(tmp_path: Path) -> Iterator[Producer]:
    home = tmp_path / "home"
    home.mkdir()
    (home / "alertwire.toml").write_text(
        f'[routes.default]\ntoken = "{TOKEN}"\n[routes.other]\ntoken = "{OTHER_TOKEN}"\n'
    )
    started = Producer(home).start()
    yield started
    started.close()


def ask(
    producer: Producer, verb: str, letter: str, body: Any = None, *, bearer: str = TOKEN
) -> tuple[int, Any]:
    raw = json.dumps(body).encode() if isinstance(body, dict) else body or b""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return producer.request("POST", f"/alerts/{letter}/{verb}", raw, headers)[:2]


def end(producer: Producer, outcome: Outcome, **fields: Any) -> str:
    """Post an alert and let an executor end it."""
    with Executor(producer) as executor:
        executor.speak()
        alert_id = producer.accept(**fields)
        executor.decide(executor.take(), outcome)
        state = "PARKED" if outcome is Outcome.UNKNOWN else "DONE"
        producer.wait_for(alert_id, state)
    return alert_id


def refused(producer: Producer, body: Any) -> str:
    assert producer.post(body)[0] in {400, 422}
    (row,) = producer.rows("SELECT refusal_id FROM refusals ORDER BY refusal_id DESC LIMIT 1")
    refusal_id: str = row["refusal_id"]
    return refusal_id


def count(producer: Producer) -> int:
    number: int = producer.rows("SELECT count(*) AS n FROM alerts WHERE void_of IS NULL")[0]["n"]
    return number


def replayed(producer: Producer) -> list[dict[str, Any]]:
    return producer.rows("SELECT alert_id, identity FROM alerts WHERE identity LIKE 'replay/%'")


def late(producer: Producer) -> str:
    """Post an alert that fired before the last one of its key."""
    producer.accept(strategy="late", id="first", time="2026-11-20T14:30:20Z")
    alert_id = producer.accept(strategy="late", id="second", time="2026-11-20T14:30:10Z")
    assert producer.row(alert_id)["state"] == "LATE"
    return alert_id


@pytest.mark.parametrize("outcome", [Outcome.EXPIRED, Outcome.VOIDED, Outcome.REJECTED])
def test_a_replay_is_a_new_alert_that_is_delivered(producer: Producer, outcome: Outcome) -> None:
    dead = end(producer, outcome, id="mine", max_age_s="1")
    before_us = time.time_ns() // 1000

    status, answer = ask(producer, "replay", dead)

    assert status == 200
    assert answer == {"alert_id": answer["alert_id"], "status": "accepted", "duplicate": False}
    assert answer["alert_id"] != dead
    with Executor(producer) as executor:
        delivery = executor.take()
        assert delivery.alert_id == answer["alert_id"]
        assert delivery.mode is Mode.EXECUTE
        assert delivery.alert is not None
        assert Extra(name="replay_of", value=dead) in delivery.alert.extras
        executor.decide(delivery)
        producer.wait_for(answer["alert_id"], "DONE")
    row = producer.row(answer["alert_id"])
    assert row["not_after"] >= before_us + 1_000_000
    assert (row["seq"], row["raw_body"]) == (2, producer.row(dead)["raw_body"])
    assert producer.row(dead)["handled_as"] == f"replayed as {answer['alert_id']}"
    assert producer.row(dead)["outcome"] == outcome.name


def test_a_letter_is_replayed_once_however_often_it_is_asked_for(producer: Producer) -> None:
    dead = end(producer, Outcome.EXPIRED)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(producer, "replay", dead), range(16)))
    producer.kill()
    producer.start()
    answers.append(ask(producer, "replay", dead, {**ALERT, "quantity": "7"}))

    assert {status for status, _ in answers} == {200}
    assert len({answer["alert_id"] for _, answer in answers}) == 1
    assert sorted(answer["duplicate"] for _, answer in answers) == [False] + [True] * 16
    assert count(producer) == 2


def test_a_producer_killed_while_it_replays_has_done_all_or_nothing(producer: Producer) -> None:
    dead = [end(producer, Outcome.EXPIRED, strategy=f"s{n}") for n in range(3)]
    refusals = [refused(producer, {**ALERT, "quantity": f"-{n}"}) for n in range(1, 150)]

    def replay(letter: str) -> None:
        try:
            ask(producer, "replay", letter, {**ALERT, "strategy": letter})
        except (OSError, ValueError):
            return

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(replay, letter) for letter in (*dead, *refusals)]
        eventually(lambda: replayed(producer), "some are replayed")
        assert producer.process is not None
        producer.process.send_signal(signal.SIGKILL)
        producer.process.wait()
    assert all(each.done() for each in asked)

    marks = producer.rows(
        "SELECT alert_id AS id, handled_as FROM alerts WHERE handled_as IS NOT NULL "
        "UNION SELECT refusal_id, handled_as FROM refusals WHERE handled_as IS NOT NULL"
    )
    replays = replayed(producer)
    assert {f"replayed as {row['alert_id']}" for row in replays} == {m["handled_as"] for m in marks}
    assert {row["identity"] for row in replays} == {f"replay/{mark['id']}" for mark in marks}
    assert replays


def test_a_refused_request_is_replayed_once_it_is_mended(producer: Producer) -> None:
    letter = refused(producer, {**ALERT, "quantity": "-1"})

    status, answer = ask(producer, "replay", letter)
    assert (status, answer["error"]["field"]) == (422, "quantity")
    assert len(producer.rows("SELECT 1 FROM refusals")) == 1, "a second letter of the same"

    status, answer = ask(producer, "replay", letter, ALERT)
    assert (status, answer["duplicate"]) == (200, False)
    (row,) = producer.rows("SELECT handled_as, handled_at FROM refusals")
    assert row["handled_as"] == f"replayed as {answer['alert_id']}"
    assert row["handled_at"]
    assert ask(producer, "replay", letter)[1]["alert_id"] == answer["alert_id"]


def test_a_late_alert_ends_with_its_replay(producer: Producer) -> None:
    letter = late(producer)

    _, answer = ask(producer, "replay", letter)

    row = producer.row(letter)
    assert (row["state"], row["outcome"]) == ("DONE", "VOIDED")
    assert row["detail"] == f"late, replayed as {answer['alert_id']}"
    assert row["decided_at"]
    assert producer.row(answer["alert_id"])["state"] == "NEW"


@pytest.mark.parametrize("verb", ["replay", "drop"])
def test_what_a_person_did_with_a_late_alert_makes_no_later_one_punctual(
    producer: Producer, verb: str
) -> None:
    ask(producer, verb, late(producer))

    between = producer.accept(strategy="late", id="third", time="2026-11-20T14:30:15Z")

    assert producer.row(between)["state"] == "LATE"


@pytest.mark.parametrize(
    ("outcome", "verb", "code", "said"),
    [
        (Outcome.ACCEPTED, "replay", "ordered", "was ordered"),
        (Outcome.ACCEPTED, "drop", "ordered", "was ordered"),
        (Outcome.UNKNOWN, "replay", "parked", "alertwire resolve"),
        (Outcome.UNKNOWN, "drop", "parked", "alertwire resolve"),
        (None, "replay", "undecided", "on its way"),
    ],
)
def test_what_may_be_ordered_is_neither_replayed_nor_dropped(
    producer: Producer, outcome: Outcome | None, verb: str, code: str, said: str
) -> None:
    letter = end(producer, outcome) if outcome else producer.accept()

    status, answer = ask(producer, verb, letter)

    assert (status, answer["error"]["code"]) == (409, code)
    assert said in answer["error"]["message"]
    assert count(producer) == 1
    assert producer.row(letter)["handled_as"] is None


def test_what_was_dealt_with_says_how(producer: Producer) -> None:
    dropped = end(producer, Outcome.EXPIRED)
    assert ask(producer, "drop", dropped, {"reason": "by hand"})[1]["duplicate"] is False
    assert ask(producer, "drop", dropped)[1] == {
        "alert_id": dropped,
        "status": "dropped",
        "duplicate": True,
    }
    status, answer = ask(producer, "replay", dropped)
    assert (status, answer["error"]["code"]) == (409, "handled")
    assert "dropped: by hand" in answer["error"]["message"]

    replayed = end(producer, Outcome.EXPIRED, strategy="x")
    new = ask(producer, "replay", replayed)[1]["alert_id"]
    status, answer = ask(producer, "drop", replayed)
    assert (status, answer["error"]["code"]) == (409, "handled")
    assert f"replayed as {new}" in answer["error"]["message"]


def test_dropping_ends_what_waits_for_a_person(producer: Producer) -> None:
    letter, refusal = late(producer), refused(producer, b"{")

    assert ask(producer, "drop", letter, {"reason": "too late\x1b"})[0] == 200
    assert ask(producer, "drop", refusal)[0] == 200

    row = producer.row(letter)
    assert (row["state"], row["outcome"]) == ("DONE", "VOIDED")
    assert row["detail"] == "dropped by a person: too late"
    assert producer.rows("SELECT handled_as FROM refusals") == [{"handled_as": "dropped"}]


@pytest.mark.parametrize("is_killed", [False, True])
def test_an_alert_that_waits_is_dropped_by_a_void_delivery(
    producer: Producer, is_killed: bool
) -> None:
    head = end(producer, Outcome.UNKNOWN)
    behind = [producer.accept(id=f"{n}") for n in range(2)]

    status, answer = ask(producer, "drop", behind[0], {"reason": "by hand"})
    assert (status, answer["status"], answer["duplicate"]) == (200, "voiding", False)
    assert producer.row(behind[0])["state"] == "NEW", "only the gateway may end it"
    if is_killed:
        producer.kill()
        producer.start()

    with Executor(producer) as executor:
        first = executor.take()
        assert first.alert_id == head
        executor.decide(first, Outcome.REJECTED)
        second = executor.take()
        assert (second.alert_id, second.mode) == (behind[0], Mode.VOID)
        executor.decide(second, Outcome.VOIDED)
        row = producer.wait_for(behind[0], "DONE")
        third = executor.take()
        assert (third.alert_id, third.mode) == (behind[1], Mode.EXECUTE)
        executor.decide(third)
        producer.wait_for(behind[1], "DONE")
    assert (row["outcome"], row["detail"]) == ("VOIDED", "dropped by a person: by hand")


def test_a_dropped_alert_that_was_ordered_first_says_so(producer: Producer) -> None:
    with Executor(producer) as executor:
        executor.speak()
        alert_id = producer.accept()
        delivery = executor.take()
        assert ask(producer, "drop", alert_id)[1]["status"] == "voiding"
        executor.decide(delivery, Outcome.ACCEPTED)
        row = producer.wait_for(alert_id, "DONE")

    assert (row["outcome"], row["detail"]) == ("ACCEPTED", "as told")
    assert ask(producer, "replay", alert_id)[0] == 409


@pytest.mark.parametrize("verb", ["replay", "drop"])
@pytest.mark.parametrize(
    ("bearer", "status"), [("", 401), ("wrong", 401), (TOKEN[:-1], 401), (OTHER_TOKEN, 404)]
)
def test_only_the_routes_own_token_opens_a_letter(
    producer: Producer, verb: str, bearer: str, status: int
) -> None:
    letter = refused(producer, {**ALERT, "quantity": "-1"})

    got, answer = ask(producer, verb, letter, ALERT if verb == "replay" else None, bearer=bearer)

    assert got == status
    assert answer["error"].keys() == {"code", "message", "field"}
    assert count(producer) == 0
    assert producer.rows("SELECT handled_as FROM refusals") == [{"handled_as": None}]


def test_requests_of_one_address_are_counted_here_too(tmp_path: Path) -> None:
    flooded = Producer(tmp_path / "home", ALERTWIRE_ADDRESS_REQUESTS_PER_MINUTE_MAX="5").start()
    try:
        found = [ask(flooded, "drop", "x", bearer="wrong")[0] for _ in range(8)]
        headers = flooded.request("POST", "/alerts/x/drop")[2]
    finally:
        flooded.close()

    assert set(found) == {401, 429}
    assert "retry-after" in {name.lower() for name in headers}


def test_what_is_not_there_is_404_and_what_cannot_be_read_is_told(producer: Producer) -> None:
    letter = refused(producer, b"{")

    assert ask(producer, "replay", "01KAPRT3M2W8Y4ZC9N5QJ7XH6D")[0] == 404
    assert ask(producer, "undo", letter)[0] == 404
    assert producer.get(f"/alerts/{letter}/replay")[0] == 405
    assert ask(producer, "drop", letter, b"why not")[0] == 400
    assert ask(producer, "replay", letter, b"x" * 70_000)[0] == 413
    assert producer.rows("SELECT handled_as FROM refusals") == [{"handled_as": None}]
