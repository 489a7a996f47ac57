"""CURVE on the bus: who speaks is known by key, and what is said is read by nobody else.

A CURVE server without a ZAP handler lets any key in, and one without ZAP_ENFORCE_DOMAIN goes on
when the handler dies (libzmq 4.3, zmq_curve(7)): both are set here, always together.
"""

import socket as network
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final

import zmq
from zmq.utils.monitor import parse_monitor_message
from zmq.utils.z85 import encode as z85

from alertwire import keys
from alertwire.faults import ConfigurationError
from alertwire.keys import AllowList
from alertwire.logs import Logger
from alertwire.wire.repeats import PEERS_MAX, Repeats
from alertwire.wire.sockets import HANDSHAKE_S

ZAP_ENDPOINT: Final = "inproc://zeromq.zap.01"
"""Where libzmq asks (https://rfc.zeromq.org/spec/27/)."""
POLL_MS: Final = 500
"""How soon a new socket is watched; what happened to it before waits."""

_COME_AGAIN: Final = b"300"
"""No answer, and the end of the handshake's time. After a 400 libzmq's client never tries again: a
subscriber that was started before its key was allowed would stay deaf until it is restarted."""
_LET_IN: Final = b"200"
_EVENTS: Final = (
    zmq.EVENT_ACCEPTED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_MONITOR_STOPPED
)
_LEFT_EARLY: Final = "it left during the handshake: it may speak without encryption, or be gone"
"""Of two ends that do not agree on encryption, either may be the first to hang up."""
_PROTOCOL_ERRORS: Final[dict[int, str]] = {
    zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: "it speaks without encryption",
    zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: "it has another public key of ours",
    zmq.PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO: "it has another public key of ours",
}


class Curve:
    """The keys of one process, and the guard at its sockets."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        folder: Path,
        pair: keys.Pair,
        logger: Logger,
    ) -> None:
        self._folder = folder
        self._pair = pair
        self._guard = _Guard(context, folder, logger)

    def serve(
        self, socket: "zmq.Socket[bytes]", allow_list: AllowList, setting: str, *, is_local: bool
    ) -> None:
        """Make a socket take encrypted peers of a list only. Before it is bound.

        `is_local`: it will be bound where only this machine reaches it.
        """
        socket.curve_server = True
        socket.curve_secretkey = self._pair.secret
        socket.setsockopt(zmq.ZAP_DOMAIN, allow_list.value.encode())
        socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
        self._guard.watch(socket, setting, "127.0.0.1" if is_local else "unknown")

    def ask(self, socket: "zmq.Socket[bytes]", server: str) -> None:
        """Make a socket speak encrypted to a server, whose public key is known. Before it connects.

        Raises ConfigurationError where that key is missing.
        """
        socket.curve_serverkey = keys.load_public(self._folder, server)
        socket.curve_publickey = self._pair.public
        socket.curve_secretkey = self._pair.secret


def open_curve(
    context: "zmq.Context[zmq.Socket[bytes]]", folder: Path, role: str, logger: Logger
) -> Curve | None:
    """Return the armour of a process of this role; None where there are no keys.

    Raises ConfigurationError where there are keys that cannot be used.
    """
    pair = keys.load_pair(folder, role)
    if pair is None:
        return None
    if not zmq.has("curve"):
        raise ConfigurationError(
            f"{folder} has keys, but this libzmq was built without CURVE: install pyzmq's wheel"
        )
    return Curve(context, folder, pair, logger)


@dataclass(slots=True)
class _Watched:
    """A socket's monitor, and the peers that it has accepted, by descriptor."""

    monitor: "zmq.Socket[bytes]"
    setting: str
    nearest: str
    """What is known of peers who were gone before they could be looked at."""
    peers: dict[int, str] = field(default_factory=dict)
    complaint: str = ""


class _Guard:
    """A thread that answers who may connect, and tells who could not: once per connection.

    Its sockets are of a shadow context: whoever destroys the context does not touch them from
    another thread, and ending the context ends the thread.
    """

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", folder: Path, logger: Logger
    ) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.shadow(context.underlying)
        self._folder = folder
        self._log = logger
        self._repeats = Repeats()
        self._turned_away: dict[str, float] = {}
        self._number = 0
        self._new: deque[_Watched] = deque()
        self._watched: dict[zmq.Socket[bytes], _Watched] = {}
        self._zap = self._socket(zmq.REP)
        self._zap.bind(ZAP_ENDPOINT)
        threading.Thread(target=self._run, name="guard", daemon=True).start()

    def watch(self, socket: "zmq.Socket[bytes]", setting: str, nearest: str) -> None:
        """Tell of peers that this socket could not talk to."""
        self._number += 1
        address = f"inproc://alertwire.guard.{self._number}"
        socket.monitor(address, _EVENTS)
        monitor = self._socket(zmq.PAIR)
        monitor.connect(address)
        self._new.append(_Watched(monitor, setting, nearest))

    def _socket(self, kind: int) -> "zmq.Socket[bytes]":
        socket = self._context.socket(kind)
        socket.linger = 0
        return socket

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._zap, zmq.POLLIN)
        try:
            while True:
                ready = [socket for socket, _ in poller.poll(POLL_MS)]
                while self._new:
                    watched = self._new.popleft()
                    self._watched[watched.monitor] = watched
                    poller.register(watched.monitor, zmq.POLLIN)
                for socket in ready:
                    if socket is self._zap:
                        self._answer()
                    elif not self._hear(self._watched[socket]):
                        poller.unregister(socket)
                        del self._watched[socket]
                        socket.close()
        except zmq.ContextTerminated:
            pass
        finally:
            for watched in (*self._watched.values(), *self._new):
                watched.monitor.close()
            self._zap.close()

    def _answer(self) -> None:
        """Answer one question of libzmq's (https://rfc.zeromq.org/spec/27/)."""
        version, request_id, domain, address, _identity, mechanism, *credentials = (
            self._zap.recv_multipart()
        )
        name = ""
        try:
            public = z85(credentials[0])
            if mechanism == b"CURVE":
                name = keys.who_is_allowed(self._folder, AllowList(domain.decode())).get(public, "")
            if not name:
                if len(self._turned_away) >= PEERS_MAX:
                    self._turned_away.clear()
                place = address.decode("ascii", "replace")
                self._turned_away[place] = time.monotonic()
                self._complain(
                    domain.decode(),
                    place,
                    "its key is not allowed here",
                    key=keys.fingerprint(public),
                    remedy="if you know it: alertwire keys allow",
                )
        except Exception as error:
            # Whatever is wrong with the question or the folder: closed, and said.
            self._complain(domain.decode("ascii", "replace"), "", f"{type(error).__name__}")
            name = ""
        status = _LET_IN if name else _COME_AGAIN
        self._zap.send_multipart([version, request_id, status, b"", name.encode(), b""])

    def _hear(self, watched: _Watched) -> bool:
        """Take one event of a socket; False when the socket is gone."""
        event = parse_monitor_message(watched.monitor.recv_multipart())
        kind, value = event["event"], event["value"]
        if kind == zmq.EVENT_MONITOR_STOPPED:
            return False
        if kind == zmq.EVENT_ACCEPTED:
            watched.peers[value] = _address(value) or watched.nearest
        elif kind == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
            watched.complaint = _PROTOCOL_ERRORS.get(value, f"it broke the protocol ({value:#x})")
        elif kind == zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
            watched.complaint = _LEFT_EARLY
        elif kind == zmq.EVENT_DISCONNECTED:
            # Follows the failure of the same connection at once: there is one I/O thread.
            address = watched.peers.pop(value, watched.nearest)
            complaint, watched.complaint = watched.complaint, ""
            # Whoever was not allowed waits for an answer until its time is over: that was said.
            was_said = time.monotonic() - self._turned_away.get(address, -inf) < 2 * HANDSHAKE_S
            if complaint and not (complaint == _LEFT_EARLY and was_said):
                self._complain(watched.setting, address, complaint)
        return True

    def _complain(self, where: str, address: str, reason: str, **more: str) -> None:
        times = self._repeats.take((where, address, reason, more.get("key", "")), time.monotonic())
        if times:
            self._log.warning(
                "peer_refused", where=where, address=address, reason=reason, times=times, **more
            )


def _address(descriptor: int) -> str:
    """Return whose connection this is; empty where it is over already.

    The descriptor stays libzmq's, and may be another file by now: it is never duplicated and
    closed, for closing any descriptor of a SQLite file drops the process's locks on it
    (https://sqlite.org/howtocorrupt.html).
    """
    try:
        peer = network.socket(network.AF_INET6, network.SOCK_STREAM, fileno=descriptor)
    except OSError:
        return ""
    try:
        return str(peer.getpeername()[0])
    except (OSError, IndexError):
        return ""
    finally:
        peer.detach()
