"""The door over HTTP: a real producer, without any executor."""

import contextlib
import http.client
import json
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.producer.processes import TOKEN, Producer, eventually

ALERT = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1"}


ALERTS = "alerts WHERE void_of IS NULL"
"""Without the rows by which the gateway is told of what was refused."""


def count(producer: Producer, table: str = ALERTS) -> int:
    number: int = producer.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
    return number


def test_an_alert_is_on_disk_before_its_answer(shared: Producer) -> None:
    status, answer = shared.post({**ALERT, "strategy": "on-disk"})

    row = shared.row(answer["alert_id"])
    assert status == 200
    assert answer == {"alert_id": row["alert_id"], "status": "accepted", "duplicate": False}
    assert json.loads(row["raw_body"])["strategy"] == "on-disk"
    assert (row["state"], row["seq"], row["action"]) == ("NEW", 1, "buy")
    assert row["symbol"] == "NASDAQ:AAPL"
    assert row["not_after"] - row["accepted_at"] == 60_000_000


@pytest.mark.parametrize(
    ("changes", "has_age"),
    [
        ({"action": "buy"}, True),
        ({"action": "exit", "quantity": None}, False),
        ({"action": "target", "quantity": "0"}, False),
        ({"action": "target", "quantity": None, "position": "flat", "position_size": "0"}, False),
        ({"action": "target", "quantity": "-1"}, True),
        ({"action": "sell", "position": "flat", "position_size": 0}, False),
        ({"action": "sell", "position": "short", "position_size": 10}, True),
    ],
)
def test_what_closes_a_position_does_not_grow_too_old_however_it_is_said(
    shared: Producer, changes: dict[str, object], has_age: bool
) -> None:
    body = {k: v for k, v in {**ALERT, "id": str(changes), **changes}.items() if v is not None}

    status, answer = shared.post(body)

    assert status == 200, answer
    assert (shared.row(answer["alert_id"])["not_after"] is not None) is has_age


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "application/json", "x/y", ""])
def test_the_content_type_does_not_matter(shared: Producer, kind: str) -> None:
    body = json.dumps({**ALERT, "strategy": f"kind {kind}"})

    status, _, _ = shared.request("POST", f"/webhook/{TOKEN}", body, {"Content-Type": kind})

    assert status == 200


def test_the_same_alert_again_is_the_first_one(shared: Producer) -> None:
    first = shared.accept(strategy="again", time="2026-11-20T14:30:01Z")

    status, answer = shared.post({**ALERT, "strategy": "again", "time": "2026-11-20T14:30:06Z"})
    other = shared.accept(strategy="again", quantity="2")

    assert status == 200
    assert answer == {"alert_id": first, "status": "accepted", "duplicate": True}
    assert other != first
    assert shared.row(other)["seq"] == 2


def test_the_senders_id_makes_a_duplicate_whatever_the_fire_time(shared: Producer) -> None:
    first = shared.accept(strategy="ids", id="one", time="2026-11-20T14:30:01Z")

    again = {**ALERT, "strategy": "ids", "id": "one", "time": "2026-11-20T14:30:06Z"}
    _, answer = shared.post(again)

    assert answer["alert_id"] == first
    assert answer["duplicate"]
    assert shared.accept(strategy="ids", id="two") != first


def test_an_id_that_another_alert_has_is_refused_aloud_and_not_taken_for_done(
    shared: Producer,
) -> None:
    long = {**ALERT, "strategy": "named", "id": "Long"}
    first = shared.accept(strategy="named", id="Long")

    status, answer = shared.post({**long, "action": "exit", "quantity": ""})

    assert status == 422
    assert (answer["error"]["code"], answer["error"]["field"]) == ("id_taken", "id")
    assert first in answer["error"]["message"]
    [refusal] = shared.rows("SELECT raw_body FROM refusals WHERE code = 'id_taken'")
    assert json.loads(refusal["raw_body"])["action"] == "exit"
    [alarm] = eventually(lambda: shared.events("sender_id_taken"), "the alarm in the log")
    assert (alarm["alarm"], alarm["twin"]) == (True, first)
    assert shared.post(long)[1]["duplicate"]


def test_equal_alerts_at_the_same_instant_are_kept_once(shared: Producer) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shared.post({**ALERT, "strategy": "burst"}), range(32)))

    assert {status for status, _ in answers} == {200}
    assert len({answer["alert_id"] for _, answer in answers}) == 1
    assert sum(not answer["duplicate"] for _, answer in answers) == 1


def test_a_burst_of_one_key_is_numbered_without_a_gap(shared: Producer) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: shared.accept(strategy="many", id=f"many-{n}"), range(64)))

    rows = shared.rows("SELECT seq FROM alerts WHERE strategy = 'many' ORDER BY seq")
    assert [row["seq"] for row in rows] == list(range(1, 65))


@pytest.mark.parametrize("token", ["wrong", TOKEN[:-1], TOKEN + "x", "%C3%A4", "%00"])
def test_a_wrong_token_is_401_and_nothing_is_kept(shared: Producer, token: str) -> None:
    before = count(shared), count(shared, "refusals")

    status, answer = shared.post(ALERT, token=token)

    assert status == 401
    assert answer["error"]["code"] == "token"
    assert (count(shared), count(shared, "refusals")) == before


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ('{"symbol": "AAPL", "action": "buy"', 400, ""),
        ('{"symbol": "AAPL", "action": "buy", "quantity": NaN}', 400, "quantity"),
        ("AAPL crossing up", 400, ""),
        (b"\xff\xfe", 400, ""),
        ("", 400, ""),
        ({"action": "buy", "quantity": 1}, 422, "symbol"),
        ({**ALERT, "quantity": "-1"}, 422, "quantity"),
        ({**ALERT, "action": "moon"}, 422, "action"),
        ({**ALERT, "stop_loss": {"percent": -1}}, 422, "stop_loss.percent"),
    ],
)
def test_bad_input_is_answered_in_words_and_its_body_kept(
    shared: Producer, body: object, status: int, field: str
) -> None:
    alerts, refusals = count(shared), count(shared, "refusals")

    got, answer = shared.post(body)

    assert got == status
    assert answer["error"].keys() == {"code", "message", "field"}
    assert answer["error"]["field"] == field
    assert answer["error"]["message"]
    assert count(shared) == alerts
    assert count(shared, "refusals") == refusals + 1
    kept = shared.rows("SELECT * FROM refusals ORDER BY at DESC LIMIT 1")[0]
    raw = json.dumps(body) if isinstance(body, dict) else body
    assert kept["raw_body"] == (raw.encode() if isinstance(raw, str) else raw)
    assert (kept["status"], kept["detail"]) == (status, answer["error"]["message"])


def test_a_body_of_five_megabytes_is_413_whatever_its_length_says(shared: Producer) -> None:
    assert shared.post(b"x" * 5_000_000)[0] == 413
    chunks = (b"y" * 50_000 for _ in range(100))
    status, answer, _ = shared.request(
        "POST", f"/webhook/{TOKEN}", chunks, {"Transfer-Encoding": "chunked"}
    )

    assert status == 413
    assert answer["error"]["code"] == "too_large"
    assert shared.post({**ALERT, "strategy": "full", "x": "y" * 65_000})[0] == 200


def test_a_body_cut_short_is_not_taken_for_the_whole(shared: Producer) -> None:
    before = count(shared)
    body = json.dumps({**ALERT, "strategy": "cut"}).encode()
    with socket.create_connection(("127.0.0.1", shared.port), timeout=5) as sender:
        head = f"POST /webhook/{TOKEN} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 1}\r\n"
        sender.sendall(head.encode() + b"\r\n" + body)
        sender.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            sender.recv(1000)
    time.sleep(0.2)

    assert count(shared) == before


def test_slow_senders_do_not_keep_others_waiting(shared: Producer) -> None:
    with contextlib.ExitStack() as stack:
        for token in [TOKEN] * 60 + ["wrong"] * 60:
            sender = socket.create_connection(("127.0.0.1", shared.port), timeout=5)
            stack.callback(sender.close)
            sender.sendall(
                f"POST /webhook/{token} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode()
            )
        started_s = time.monotonic()
        shared.accept(strategy="amid slow ones")

        assert time.monotonic() - started_s < 2


def test_a_dry_run_says_what_would_be_ordered_and_keeps_nothing(shared: Producer) -> None:
    before = count(shared), count(shared, "refusals")

    status, answer = shared.post({**ALERT, "strategy": "dry", "quantity": "1,5"}, "?dry_run=1")
    assert status == 422
    status, answer = shared.post({**ALERT, "strategy": "dry"}, "?dry_run=1")

    assert status == 200
    assert answer["alert"]["instrument"]["symbol"] == "AAPL"
    assert answer["alert"]["sizing"]["value"]["value"] == "1"
    assert answer["key"] == "dry|stock AAPL USD"
    assert answer["not_after"]
    assert (count(shared), count(shared, "refusals")) == before


@pytest.mark.parametrize(
    "query",
    [
        *("dry_run", "dry_run=", "dry_run=on", "dry_run=y", "dry_run=t", "dry_run=TRUE"),
        *("Dry_Run=1", "dryrun=1", "dry-run=1", "dry%20run=1", "dryRun=yes"),
        *("x=1&dry_run=%201", "dry_run=1&dry_run=1"),
    ],
)
def test_a_dry_run_is_one_however_it_is_spelled(shared: Producer, query: str) -> None:
    before = count(shared)

    status, answer = shared.post({**ALERT, "strategy": query}, f"?{query}")

    assert (status, answer["status"]) == (200, "dry_run")
    assert count(shared) == before


@pytest.mark.parametrize("query", ["dry_run=2", "dry_run=ja", "dry_run=1&dry_run=0", "DRYRUN=no!"])
def test_what_may_be_a_dry_run_orders_nothing_and_is_kept(shared: Producer, query: str) -> None:
    before, kept = count(shared), count(shared, "refusals")

    status, answer = shared.post({**ALERT, "strategy": query}, f"?{query}")

    assert status == 400
    assert (answer["error"]["code"], answer["error"]["field"]) == ("dry_run", "dry_run")
    assert (count(shared), count(shared, "refusals")) == (before, kept + 1)


@pytest.mark.parametrize("query", ["?dry_run=0", "?dry_run=false", "?Dry_Run=off", "?run=dry"])
def test_what_is_said_to_be_no_dry_run_is_none(shared: Producer, query: str) -> None:
    assert "alert_id" in shared.post({**ALERT, "strategy": query}, query)[1]


@pytest.mark.parametrize("verb", ["replay", "drop"])
def test_nothing_is_done_to_a_letter_where_a_dry_run_was_asked_for(
    shared: Producer, verb: str
) -> None:
    refused = {**ALERT, "strategy": verb, "quantity": "1,5"}
    assert shared.post(refused)[0] == 422
    [row] = shared.rows("SELECT refusal_id FROM refusals ORDER BY refusal_id DESC LIMIT 1")

    bearer = {"Authorization": f"Bearer {TOKEN}"}
    path = f"/alerts/{row['refusal_id']}/{verb}?dry_run=1"
    status, answer, _ = shared.request("POST", path, b"", bearer)

    assert (status, answer["error"]["code"]) == (400, "dry_run")
    [row] = shared.rows("SELECT handled_as FROM refusals ORDER BY refusal_id DESC LIMIT 1")
    assert row["handled_as"] is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/webhook/{TOKEN}", 405),
        ("PUT", f"/webhook/{TOKEN}", 405),
        ("POST", "/", 404),
        ("POST", "/webhook/", 404),
        ("POST", f"/webhook/{TOKEN}/more", 404),
        ("POST", f"/webhook/{TOKEN}/", 404),
        ("POST", f"/webhook//{TOKEN}", 404),
        ("DELETE", "/healthz", 405),
    ],
)
def test_other_addresses_and_methods_are_refused_in_json(
    shared: Producer, method: str, path: str, status: int
) -> None:
    got, answer, headers = shared.request(method, path, "{}")

    assert got == status
    assert answer["error"]["message"]
    assert TOKEN not in json.dumps(answer)
    assert (status == 405) == ("Allow" in headers or "allow" in headers)


def test_probes_answer_and_no_header_tells_a_version(shared: Producer) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        status, body, headers = shared.get(path)
        assert status == 200, body
        assert not any(c.isdigit() for c in headers.get("server", ""))
    assert "alertwire_alerts_accepted_total" in body


def test_the_token_is_never_logged_and_the_place_where_it_is_kept_is(shared: Producer) -> None:
    shared.accept(strategy="not logged", comment=f"see {TOKEN}")
    shared.post("nonsense " + TOKEN)
    (opened,) = shared.events("webhook_opened")

    assert TOKEN not in shared.log.read_text()
    assert opened["token_is_in"] == "ALERTWIRE_WEBHOOK_TOKEN"
    assert opened["url"].endswith("/webhook/<token>")


def test_a_journal_that_cannot_be_written_is_503_within_two_seconds_and_nothing_is_kept(
    producer: Producer,
) -> None:
    blocker = sqlite3.connect(producer.home / "journal.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        started_s = time.monotonic()
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda n: producer.post({**ALERT, "id": str(n)}), range(12)))
        seconds = time.monotonic() - started_s
        refused = producer.post("nonsense")
        ready = producer.get("/readyz")
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()

    assert {status for status, _ in answers} == {503}
    assert "send it again" in answers[0][1]["error"]["message"]
    assert seconds < 2.5
    assert refused[0] == 400
    assert ready[0] == 503
    assert "journal" in ready[1]
    assert count(producer) == 0
    producer.accept()
    assert producer.get("/readyz")[0] == 200


def test_requests_in_hand_are_answered_before_the_end(producer: Producer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", producer.port, timeout=10)
    body = json.dumps(ALERT)
    connection.putrequest("POST", f"/webhook/{TOKEN}")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:5].encode())
    time.sleep(0.3)
    assert producer.process is not None
    producer.process.terminate()
    time.sleep(0.3)
    connection.send(body[5:].encode())

    assert connection.getresponse().status == 200
    assert producer.stop() == 0
    assert count(producer) == 1


def test_a_sender_that_never_ends_does_not_keep_the_producer_from_its_end(
    producer: Producer,
) -> None:
    with socket.create_connection(("127.0.0.1", producer.port), timeout=5) as sender:
        sender.sendall(f"POST /webhook/{TOKEN} HTTP/1.1\r\nContent-Length: 9\r\n\r\n{{".encode())
        time.sleep(0.3)
        assert producer.stop() == 0
