"""The health probe tells a TWS from what only looks like one."""

import contextlib
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROBE = Path(__file__).parents[2] / "deploy" / "tws_probe.py"


def frame(*fields: bytes) -> bytes:
    body = b"".join(field + b"\0" for field in fields)
    return struct.pack(">I", len(body)) + body


HELLO = frame(b"176", b"20261122 07:08:23 EST")


@contextlib.contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve one client in a thread; yield the port."""

    def run() -> None:
        client, _ = listener.accept()
        with client, contextlib.suppress(OSError):
            serve(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=5)


def probe(port: int, *options: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-IS", PROBE, "127.0.0.1", str(port), "--timeout", "1", *options],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


def test_a_server_that_answers_the_hello_is_healthy() -> None:
    heard: list[bytes] = []

    def serve(client: socket.socket) -> None:
        heard.append(client.recv(100))
        # Byte by byte: TCP keeps no boundaries.
        for byte in HELLO:
            client.sendall(bytes([byte]))
        heard.append(client.recv(100))

    with server(serve) as port:
        assert probe(port) == (0, "healthy: server version 176, 20261122 07:08:23 EST")

    assert heard == [b"API\0\0\0\0\x09v157..178", b""]


def test_full_starts_a_session_and_waits_for_the_next_order_id() -> None:
    heard: list[bytes] = []

    def serve(client: socket.socket) -> None:
        client.recv(100)
        client.sendall(HELLO)
        heard.append(client.recv(100))
        client.sendall(frame(b"15", b"1", b"DU1") + frame(b"9", b"1", b"42"))
        client.recv(100)

    with server(serve) as port:
        code, said = probe(port, "--full", "--client-id", "77")

    assert (code, said[-16:]) == (0, "next order id 42")
    assert heard == [frame(b"71", b"2", b"77", b"")]


def test_full_says_when_its_client_id_is_taken() -> None:
    def serve(client: socket.socket) -> None:
        client.recv(100)
        client.sendall(HELLO)
        client.recv(100)
        client.sendall(frame(b"4", b"2", b"-1", b"326", b"client id is already in use"))
        client.recv(100)

    with server(serve) as port:
        code, said = probe(port, "--full", "--client-id", "77")

    assert code == 1
    assert "client id 77 is in use" in said


@pytest.mark.parametrize(
    ("serve", "reason"),
    [
        (lambda client: client.recv(100), "is IB Gateway logged in?"),
        (lambda client: client.recv(100) and client.recv(100), "said nothing in 1 s"),
        (lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "something else"),
        (lambda client: client.sendall(frame(b"no version")), "answered the hello with"),
    ],
    ids=["login window", "mute", "another protocol", "no version"],
)
def test_a_server_that_only_accepts_is_not_healthy(
    serve: Callable[[socket.socket], None], reason: str
) -> None:
    with server(serve) as port:
        code, said = probe(port)

    assert code == 1
    assert said.startswith("not healthy: ")
    assert reason in said


def test_nothing_listening_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    code, said = probe(port)

    assert code == 1
    assert "cannot be reached" in said
