"""ZeroMQ sockets with the options that the delivery protocol needs.

No ZMTP heartbeats: with back-pressure and a killed peer libzmq aborts the survivor (libzmq issues
3937, 4364, 4767); heartbeats are messages of ours. A socket belongs to the thread that made it.
"""

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, ip_address
from pathlib import Path
from typing import IO, Final

import zmq

from alertwire.faults import ConfigurationError

RECONNECT_MIN_MS: Final = 50
RECONNECT_MAX_MS: Final = 1000
CONNECT_TIMEOUT_MS: Final = 3000
"""A connection that nobody answers for so long is begun anew, and the name looked up anew: a
container that is started again has another address, and a kernel tries the old one for minutes."""
HANDSHAKE_S: Final = 3.0
"""A handshake that is not over by then is ended, by either side. A client tries again."""
TCP_MAXRT_MS: Final = 10_000
"""A peer that acknowledges no bytes for so long is given up (Linux TCP_USER_TIMEOUT)."""
SOCKET_FILE_MODE: Final = 0o600
"""Whoever may write to a Unix socket may speak to it (unix(7))."""

_PORT: Final = re.compile(r"tcp://.+:0*([0-9]{1,5})")
_PORT_MAX: Final = 65535
_LOOPBACK_4: Final = IPv4Network("127.0.0.0/8")

Encrypt = Callable[[zmq.Socket[bytes]], None]
"""Prepares a socket for CURVE, see `alertwire.wire.curve`."""
Watch = Callable[[zmq.Socket[bytes]], None]
"""Watches over a socket before it connects, see `alertwire.wire.connections`."""


def bind(
    context: zmq.Context[zmq.Socket[bytes]],
    kind: int,
    endpoint: str,
    *,
    setting: str,
    encrypt: Encrypt | None = None,
) -> zmq.Socket[bytes]:
    """Make a socket that others connect to.

    Raises ConfigurationError that names `setting` where the endpoint is taken or wrong, or could be
    reached from other machines without encryption.
    """
    socket = _prepared(context, kind, endpoint, setting, encrypt)
    try:
        socket.bind(endpoint)
        if path := _file_of(endpoint):
            path.chmod(SOCKET_FILE_MODE)
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
    context: zmq.Context[zmq.Socket[bytes]],
    kind: int,
    endpoint: str,
    *,
    setting: str,
    encrypt: Encrypt | None = None,
    watch: Watch | None = None,
) -> zmq.Socket[bytes]:
    """Make a socket that connects, now or whenever the other side appears.

    Raises ConfigurationError that names `setting` where the endpoint cannot be read, leads to
    another machine without encryption, or is another user's socket file.
    """
    if is_tcp(endpoint) and not _has_port(endpoint):
        raise _no_endpoint(endpoint, setting)
    _refuse_a_stranger(endpoint, setting)
    socket = _prepared(context, kind, endpoint, setting, encrypt)
    if watch is not None:
        watch(socket)
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


def is_tcp(endpoint: str) -> bool:
    """Whether it is a network address: what must be encrypted off loopback, and may be on it."""
    return endpoint.startswith("tcp://")


def is_loopback(endpoint: str) -> bool:
    """Whether only this machine's processes can be at the other end.

    Only addresses that say so count, and the one name that must (`localhost`, RFC 6761): any other
    name is whatever a resolver makes of it.
    """
    transport, _, place = endpoint.partition("://")
    if transport == "ipc":
        return True
    # `tcp://SOURCE;DESTINATION` connects from a chosen address (zmq_tcp(7)).
    host = place.rpartition(";")[2].rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    # 127.0.0.0/8 and ::1, not what stands for them: ::ffff:127.0.0.1, ::1%lo.
    return address in _LOOPBACK_4 if isinstance(address, IPv4Address) else str(address) == "::1"


def _has_port(endpoint: str) -> bool:
    """Whether one can connect there; libzmq itself takes 0 and 70000, and then waits for ever."""
    found = _PORT.fullmatch(endpoint)
    return found is not None and 0 < int(found[1]) <= _PORT_MAX


def _no_endpoint(endpoint: str, setting: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting}: {endpoint!r} is no endpoint: use tcp://ADDRESS:PORT, or ipc:///PATH for "
        f"processes of one user on one machine"
    )


def _prepared(
    context: zmq.Context[zmq.Socket[bytes]],
    kind: int,
    endpoint: str,
    setting: str,
    encrypt: Encrypt | None,
) -> zmq.Socket[bytes]:
    if not is_tcp(endpoint) and not endpoint.startswith(("ipc:///", "ipc://./")):
        raise _no_endpoint(endpoint, setting)
    if encrypt is None and not is_loopback(endpoint):
        raise ConfigurationError(
            f"{setting}: {endpoint} can be reached from other machines, and the bus is not "
            f"encrypted: make keys with `alertwire keys new`, or use an address of this machine, "
            f"such as 127.0.0.1"
        )
    socket = _socket(context, kind)
    if encrypt is not None:
        try:
            encrypt(socket)
        except ConfigurationError:
            socket.close()
            raise
    return socket


def _file_of(endpoint: str) -> Path | None:
    return Path(endpoint.removeprefix("ipc://")) if endpoint.startswith("ipc://") else None


def _refuse_a_stranger(endpoint: str, setting: str) -> None:
    """Refuse a socket file of another user: in a shared folder anybody could have put it there."""
    if path := _file_of(endpoint):
        # What cannot be looked at cannot be connected to either, or not yet.
        with suppress(OSError):
            found = path.stat()
            if os.geteuid() not in {0, found.st_uid} or not stat.S_ISSOCK(found.st_mode):
                raise ConfigurationError(
                    f"{setting}: {path} is not a socket of the user that runs this: start it as "
                    f"the user that runs the gateway"
                )


def _socket(context: zmq.Context[zmq.Socket[bytes]], kind: int) -> zmq.Socket[bytes]:
    socket = context.socket(kind)
    socket.linger = 0
    socket.immediate = True
    socket.reconnect_ivl = RECONNECT_MIN_MS
    socket.reconnect_ivl_max = RECONNECT_MAX_MS
    socket.setsockopt(zmq.CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS)
    socket.handshake_ivl = round(HANDSHAKE_S * 1000)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 5)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, 2)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)
    socket.setsockopt(zmq.TCP_MAXRT, TCP_MAXRT_MS)
    if kind == zmq.ROUTER:
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    return socket
