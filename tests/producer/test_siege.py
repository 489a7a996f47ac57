"""Alerts are answered while others hold thousands of connections and send nothing."""

import resource
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.producer.processes import Producer

SLOW_CONNECTIONS = 2500
FILES_NEEDED = 2 * SLOW_CONNECTIONS


@pytest.fixture(autouse=True)
def _files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES_NEEDED:
        # Its administrator's word, and no tool that could be installed.
        pytest.xfail(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES_NEEDED), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_connections_that_send_nothing_keep_no_alert_out(tmp_path: Path) -> None:
    with closing(Producer(tmp_path / "home").start()) as producer, ExitStack() as slow:
        held = []
        for _ in range(SLOW_CONNECTIONS):
            one = slow.enter_context(socket.create_connection(("127.0.0.1", producer.port)))
            one.sendall(b"POST /webhook/x HTTP/1.1\r\nHost: ")
            held.append(one)

        status, _ = producer.post({"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": 1})

        # Answered beside them, not after the producer had thrown them out.
        poller = select.poll()
        for one in held:
            poller.register(one, select.POLLIN | select.POLLHUP)
        thrown_out = len(poller.poll(0))
        assert status == 200
        assert thrown_out < SLOW_CONNECTIONS / 10
