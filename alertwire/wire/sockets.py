"""ZeroMQ sockets with the options that the delivery protocol needs.

No ZMTP heartbeats: with back-pressure and a killed peer libzmq aborts the survivor (libzmq issues
3937, 4364, 4767); heartbeats are messages of ours. A socket belongs to the thread that made it.
"""

import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import zmq

from alertwire.faults import ConfigurationError

RECONNECT_MIN_MS: Final = 50
RECONNECT_MAX_MS: Final = 1000
TCP_MAXRT_MS: Final = 10_000
"""A peer that acknowledges no bytes for so long is given up (Linux TCP_USER_TIMEOUT)."""


def bind(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, endpoint: str, *, setting: str
) -> zmq.Socket[bytes]:
    """Make a socket that others connect to.

    Raises ConfigurationError that names `setting` where the endpoint is taken or wrong.
    """
    socket = _socket(context, kind)
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        if error.errno == zmq.EADDRINUSE:
            raise ConfigurationError(
                f"{setting}: {endpoint} is in use; stop what listens there (another Alertwire?) "
                f"or set {setting} to a free one"
            ) from error
        raise ConfigurationError(f"{setting}: cannot listen on {endpoint!r}: {error}") from error
    return socket


def connect(
    context: zmq.Context[zmq.Socket[bytes]], kind: int, endpoint: str, *, setting: str
) -> zmq.Socket[bytes]:
    """Make a socket that connects, now or whenever the other side appears.

    Raises ConfigurationError that names `setting` where the endpoint cannot be read.
    """
    socket = _socket(context, kind)
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close()
        raise ConfigurationError(f"{setting}: cannot connect to {endpoint!r}: {error}") from error
    return socket


def drain(socket: zmq.Socket[bytes], most: int = 1000) -> Iterator[bytes]:
    """Yield the frames that are there, up to `most`, without waiting."""
    for _ in range(most):
        try:
            yield socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return


def try_send(socket: zmq.Socket[bytes], frame: bytes) -> bool:
    """Send without waiting; False where nobody can take it now."""
    try:
        socket.send(frame, zmq.NOBLOCK)
    except zmq.Again:
        return False
    return True


def hold_lock(path: Path, *, holder: str) -> IO[str]:
    """Take the lock file that lets one `holder` run on a data folder; kept until it is closed.

    Needed because a second bind on an `ipc://` endpoint silently steals it. Raises
    ConfigurationError where another process holds it or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}; make ALERTWIRE_HOME writable"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ConfigurationError(
            f"another {holder} runs on {path.parent}: stop it, or set ALERTWIRE_HOME to another "
            f"folder"
        ) from error
    return file


def _socket(context: zmq.Context[zmq.Socket[bytes]], kind: int) -> zmq.Socket[bytes]:
    socket = context.socket(kind)
    socket.linger = 0
    socket.immediate = True
    socket.reconnect_ivl = RECONNECT_MIN_MS
    socket.reconnect_ivl_max = RECONNECT_MAX_MS
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 5)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, 2)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)
    socket.setsockopt(zmq.TCP_MAXRT, TCP_MAXRT_MS)
    if kind == zmq.ROUTER:
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    return socket
