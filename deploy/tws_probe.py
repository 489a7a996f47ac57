"""Health of a TWS, an IB Gateway or the simulator: whether it speaks the TWS protocol.

python tws_probe.py HOST PORT [--full] [--client-id N] [--timeout SECONDS]

A TCP connection proves nothing: the relay in front of IB Gateway accepts it while the Gateway still
shows its login window, and closes it again. So this says hello as a client would, `API` and the
range of versions, and wants the server's version and clock back. With --full it also starts a
session under a client id of its own and waits for the next order id: IB Gateway is then logged in
and lets clients in. Every probe is a session for IB, so probe seldom, and with --full more seldom.

Prints one line, which `docker inspect` keeps, and exits with 0 when all is well, with 1 otherwise.
Standard library only.
"""

import argparse
import socket
import struct
import sys
import time

VERSIONS = b"v157..178"
"""Text protocol; from 201 on a server would answer in another one."""
NEXT_VALID_ID = b"9"
ERROR = b"4"
CLIENT_ID_IN_USE = b"326"
FRAME_MAX = 1 << 20


class UnhealthyError(Exception):
    """The server did not behave; the text says how."""


class Connection:
    """A socket that carries length-prefixed frames, all of them before one deadline."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._deadline_s = time.monotonic() + timeout_s
        self._timeout_s = timeout_s
        try:
            self._socket = socket.create_connection((host, port), timeout_s)
        except OSError as error:
            raise UnhealthyError(f"{host}:{port} cannot be reached: {error}") from error

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive_fields(self) -> list[bytes]:
        (length,) = struct.unpack(">I", self._receive(4))
        if length > FRAME_MAX:
            raise UnhealthyError("answered with something else than the TWS protocol")
        return self._receive(length).rstrip(b"\0").split(b"\0")

    def close(self) -> None:
        self._socket.close()

    def _receive(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            self._socket.settimeout(max(0.001, self._deadline_s - time.monotonic()))
            try:
                part = self._socket.recv(length - len(data))
            except TimeoutError:
                raise UnhealthyError(
                    f"accepted, but said nothing in {self._timeout_s:g} s"
                ) from None
            if not part:
                raise UnhealthyError("accepted and closed: is IB Gateway logged in?")
            data += part
        return data


def frame(*fields: bytes) -> bytes:
    body = b"".join(field + b"\0" for field in fields)
    return struct.pack(">I", len(body)) + body


def say_hello(connection: Connection) -> str:
    """Exchange versions; return what the server said."""
    connection.send(b"API\0" + struct.pack(">I", len(VERSIONS)) + VERSIONS)
    fields = connection.receive_fields()
    if len(fields) != 2 or not fields[0].isdigit():
        raise UnhealthyError(f"answered the hello with {fields!r}")
    return f"server version {fields[0].decode()}, {fields[1].decode('ascii', 'replace')}"


def start_session(connection: Connection, client_id: int) -> str:
    """Start a session; return what proves that it runs."""
    connection.send(frame(b"71", b"2", str(client_id).encode(), b""))
    while True:
        fields = connection.receive_fields()
        if fields[0] == NEXT_VALID_ID:
            return f"next order id {fields[-1].decode()}"
        if fields[0] == ERROR and CLIENT_ID_IN_USE in fields:
            raise UnhealthyError(f"client id {client_id} is in use: give the probe one of its own")


def probe(host: str, port: int, timeout_s: float, client_id: int | None) -> str:
    """Probe a server; return what it said. Raises UnhealthyError."""
    connection = Connection(host, port, timeout_s)
    try:
        said = say_hello(connection)
        if client_id is not None:
            said += f", {start_session(connection, client_id)}"
    except OSError as error:
        raise UnhealthyError(f"connection lost: {error}") from error
    finally:
        connection.close()
    return said


def main() -> int:
    parser = argparse.ArgumentParser(description="Does it speak the TWS protocol?")
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("--full", action="store_true", help="start a session too")
    parser.add_argument("--client-id", type=int, default=9990, help="of that session")
    parser.add_argument("--timeout", type=float, default=4.0, help="for all of it, in seconds")
    given = parser.parse_args()
    try:
        said = probe(given.host, given.port, given.timeout, given.client_id if given.full else None)
    except UnhealthyError as error:
        sys.stdout.write(f"not healthy: {error}\n")
        return 1
    sys.stdout.write(f"healthy: {said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
