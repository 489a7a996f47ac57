"""The sender keeps to its schedule."""

import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from loadtest import toolchain
from loadtest.sender import NUMBER, ClosedLoop, OpenLoop, request, send

pytestmark = pytest.mark.skipif(toolchain.compiler() is None, reason="no C compiler")


class Server:
    """Answers each request after `delay_s`, one thread per connection."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.bodies: list[bytes] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            self.bodies.append(connection.recv(4096).partition(b"\r\n\r\n")[2])
            time.sleep(self._delay_s)
            body = b'{"alert_id": "01JD9Q4ZK3T7M0V5R8XW2YB6NC", "status": "accepted"}'
            connection.sendall(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
            )

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(2)


@pytest.fixture
def slow_server() -> Iterator[Server]:
    server = Server(delay_s=0.8)
    yield server
    server.close()


def test_the_open_loop_does_not_slow_down_when_answers_are_slow(
    slow_server: Server, tmp_path: Path
) -> None:
    requests = [request(slow_server.port, "/", f'{{"id": "{NUMBER}"}}'.encode())]

    exchanges = send(slow_server.port, requests, OpenLoop(40, rate_per_s=200), tmp_path)

    assert [one.status for one in exchanges] == [200] * 40
    # Waiting for answers would have taken 32 s; the schedule is met whatever they do.
    dues = [one.due_ns for one in exchanges]
    steps = {after - before for before, after in pairwise(dues)}
    assert steps == {5_000_000}
    assert exchanges[-1].sent_ns < exchanges[0].answered_ns
    # The latency of each counts from when it was due.
    assert all(one.answered_ns - one.due_ns >= 800_000_000 for one in exchanges)


def test_every_request_is_another_and_its_alert_id_is_read(
    slow_server: Server, tmp_path: Path
) -> None:
    requests = [
        request(slow_server.port, "/", f'{{"{name}": "{NUMBER}"}}'.encode()) for name in "ab"
    ]

    exchanges = send(slow_server.port, requests, OpenLoop(4, rate_per_s=0), tmp_path)

    assert sorted(slow_server.bodies) == [
        b'{"a": "000000000000"}',
        b'{"a": "000000000002"}',
        b'{"b": "000000000001"}',
        b'{"b": "000000000003"}',
    ]
    assert {one.alert_id for one in exchanges} == {"01JD9Q4ZK3T7M0V5R8XW2YB6NC"}


def test_the_closed_loop_waits_for_each_answer(slow_server: Server, tmp_path: Path) -> None:
    loop = ClosedLoop(count=2, connections=1, gap_ms=0, limit_s=5)

    first, second = send(slow_server.port, [request(slow_server.port, "/")], loop, tmp_path)

    assert second.sent_ns >= first.answered_ns


def test_a_refused_connection_is_unanswered_not_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    exchanges = send(port, [request(port, "/")], OpenLoop(3, rate_per_s=0), tmp_path)

    assert [one.status for one in exchanges] == [0] * 3
