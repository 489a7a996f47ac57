"""A real producer process, and an executor in the test's hands on real sockets."""

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import zmq

from alertwire.ports import free_port
from alertwire.wire import codec
from alertwire.wire.delivery import Ack, AckKind, Delivery, Outcome, Stage

TOKEN = "a-token-of-the-tests-0123456789"
TIMEOUT_S = 60


def eventually(check: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> Any:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        if found := check():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {timeout_s:g} s")


class Producer:
    """`python -m producer` on free ports and a folder of its own."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port, alerts, acks = free_port(), free_port(), free_port()
        self.alerts_endpoint = f"tcp://127.0.0.1:{alerts}"
        self.acks_endpoint = f"tcp://127.0.0.1:{acks}"
        self.environment = {
            "PATH": os.environ["PATH"],
            "ALERTWIRE_HOME": str(home),
            "ALERTWIRE_CONFIG": str(home / "alertwire.toml"),
            "ALERTWIRE_WEBHOOK_TOKEN": TOKEN,
            "ALERTWIRE_PRODUCER_PORT": str(self.port),
            "ALERTWIRE_ALERTS_ENDPOINT": self.alerts_endpoint,
            "ALERTWIRE_ACKS_ENDPOINT": self.acks_endpoint,
            "ALERTWIRE_LOG_FORMAT": "json",
            **settings,
        }
        self.log = home.parent / f"{home.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Producer":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "producer"], env=self.environment, stdout=log, stderr=log
            )
        eventually(self._is_up, f"the start\n{self.log.read_text()}")
        return self

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code within 5 s."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=5)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            is_chunked = "Transfer-Encoding" in (headers or {})
            connection.request(method, path, body, headers or {}, encode_chunked=is_chunked)
            answer = connection.getresponse()
            raw = answer.read()
            is_json = answer.getheader("Content-Type") == "application/json"
            return answer.status, json.loads(raw) if is_json else raw.decode(), dict(answer.headers)
        finally:
            connection.close()

    def get(self, path: str) -> tuple[int, Any, dict[str, str]]:
        return self.request("GET", path)

    def post(self, body: Any, query: str = "", token: str = TOKEN) -> tuple[int, Any]:
        raw = json.dumps(body) if isinstance(body, dict) else body
        return self.request("POST", f"/webhook/{token}{query}", raw)[:2]

    def accept(self, **fields: Any) -> str:
        status, answer = self.post(
            {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1", **fields}
        )
        assert status == 200, answer
        assert not answer["duplicate"]
        alert_id: str = answer["alert_id"]
        return alert_id

    def rows(self, query: str) -> list[dict[str, Any]]:
        connection = sqlite3.connect(f"file:{self.home}/journal.db?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(query)]
        finally:
            connection.close()

    def row(self, alert_id: str) -> dict[str, Any]:
        (row,) = self.rows(f"SELECT * FROM alerts WHERE alert_id = '{alert_id}'")
        return row

    def wait_for(self, alert_id: str, state: str) -> dict[str, Any]:
        eventually(lambda: self.row(alert_id)["state"] == state, f"{alert_id} {state}")
        return self.row(alert_id)

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(x) for x in self.log.read_text().splitlines() if x.startswith("{")]
        return [line for line in lines if line["event"] == name]


class Executor:
    """An executor that does what the test tells it to; it speaks whenever it is asked to."""

    def __init__(self, producer: Producer, name: str = "x", slots: int = 8) -> None:
        self.name, self.slots = name, slots
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.pull = self.context.socket(zmq.PULL)
        self.push = self.context.socket(zmq.PUSH)
        for each in (self.pull, self.push):
            each.linger = 0
            each.reconnect_ivl = 50
        self.pull.connect(producer.alerts_endpoint)
        self.push.connect(producer.acks_endpoint)
        self._spoke_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.destroy(linger=0)

    def speak(self) -> None:
        if time.monotonic() - self._spoke_s > 0.2:
            self._spoke_s = time.monotonic()
            self.ack(AckKind.HEARTBEAT, free_slots=self.slots)

    def settle(self, producer: Producer) -> None:
        """Be heard, and decide what earlier tests left, so that the next delivery is this one's."""

        def is_settled() -> bool:
            self.speak()
            while self.pull.poll(0):
                self.pull.recv()
            for row in producer.rows("SELECT alert_id FROM alerts WHERE state = 'INFLIGHT'"):
                alert_id = row["alert_id"]
                self.ack(AckKind.DECIDED, alert_id=alert_id, attempt=1, outcome=Outcome.REJECTED)
            left = producer.rows("SELECT 1 FROM alerts WHERE state IN ('NEW', 'INFLIGHT')")
            heard = producer.events("executor_heard")
            return not left and any(event["executor"] == self.name for event in heard)

        eventually(is_settled, "quiet before the test")

    def ack(self, kind: AckKind, **fields: Any) -> None:
        self.push.send(codec.encode(Ack(kind=kind, executor_id=self.name, **fields)))

    def take(self, timeout_s: float = TIMEOUT_S) -> Delivery:
        found = self.take_any(timeout_s)
        assert found is not None, "no delivery came"
        return found

    def take_any(self, timeout_s: float) -> Delivery | None:
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            self.speak()
            if self.pull.poll(50):
                return codec.decode(Delivery, self.pull.recv())
        return None

    def receive(self, delivery: Delivery) -> None:
        self.ack(AckKind.RECEIVED, alert_id=delivery.alert_id, attempt=delivery.attempt)

    def retry(self, delivery: Delivery) -> None:
        self.ack(AckKind.RETRY, alert_id=delivery.alert_id, attempt=delivery.attempt)

    def decide(self, delivery: Delivery, outcome: Outcome = Outcome.ACCEPTED) -> None:
        at = delivery.trace.stamps[-1].at
        trace = delivery.trace
        for stage in list(Stage)[3:]:
            trace = trace.stamped(stage, at)
        self.ack(
            AckKind.DECIDED,
            alert_id=delivery.alert_id,
            attempt=delivery.attempt,
            outcome=outcome,
            detail="as told",
            trace=trace,
        )
