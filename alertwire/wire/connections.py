"""The connections that we began: failures are told, and what was given up is begun anew.

libzmq ends a client's connection that broke its protocol (another kind of socket at the other end,
encryption at one end only) and never begins another: the socket would reach nobody until its
process is started again. Such an end is DISCONNECTED without the CONNECT_RETRIED that otherwise
follows at once (libzmq 4.3.5, zmq_socket_monitor(3)).
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import zmq
from zmq.utils.monitor import parse_monitor_message

from alertwire.logs import Logger
from alertwire.wire.repeats import Repeats

TEND_S: Final = 0.5
"""How often is looked; what is over at two looks in a row is begun anew."""

_FAILURES: Final = (
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_EVENTS: Final = _FAILURES | zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED
_TURNED_AWAY: Final = (
    "it hung up before it let us in",
    "allow our key there (alertwire keys allow) and compare its public key here",
)
_HALF_ENCRYPTED: Final = (
    "only one of us speaks with encryption",
    "restart it and this process with keys on both sides, or on neither",
)
_ANOTHER_KIND: Final = (
    "another kind of socket answers there",
    "see what listens at this endpoint, and compare the endpoints of both sides",
)


@dataclass(slots=True)
class _Watched:
    """A socket, its monitor, and how its connection stands."""

    socket: "zmq.Socket[bytes]"
    monitor: "zmq.Socket[bytes]"
    endpoint: str
    setting: str
    has_keys: bool
    is_over: bool = False
    is_explained: bool = False


class Connections:
    """All of one thread: the one that owns the sockets."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", logger: Logger) -> None:
        self._context = context
        self._log = logger
        self._repeats = Repeats()
        self._watched: dict[zmq.Socket[bytes], _Watched] = {}
        self._number = 0
        self._next_s = 0.0

    def watch(
        self, socket: "zmq.Socket[bytes]", endpoint: str, setting: str, *, has_keys: bool
    ) -> None:
        """Watch a socket. Before it connects to `endpoint`."""
        self._number += 1
        address = f"inproc://alertwire.connections.{self._number}"
        socket.monitor(address, _EVENTS)
        monitor = self._context.socket(zmq.PAIR)
        monitor.linger = 0
        # Bounded by the pace of attempts; libzmq's I/O thread waits for a reader that has too many.
        monitor.rcvhwm = 0
        monitor.connect(address)
        self._watched[socket] = _Watched(socket, monitor, endpoint, setting, has_keys)

    def forget(self, socket: "zmq.Socket[bytes]") -> None:
        """Watch a socket no more. Before it is closed, but for one that never connected.

        A monitor that is closed while its socket still tells it something holds up a thread of
        libzmq's for ever (libzmq issue 3575): the socket stops telling first.
        """
        watched = self._watched.pop(socket)
        if not socket.closed:
            socket.monitor(None, 0)
        watched.monitor.close()

    def close(self) -> None:
        """Forget all. Before the context ends."""
        for socket in list(self._watched):
            self.forget(socket)

    def tend(self) -> None:
        """Tell of what failed, and begin anew what was given up; cheap, and often too early."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._next_s = now_s + TEND_S
        for socket, watched in list(self._watched.items()):
            if socket.closed:
                self.forget(socket)
                continue
            was_over = watched.is_over
            self._hear(watched)
            if was_over and watched.is_over:
                self._begin_anew(watched)

    def _hear(self, watched: _Watched) -> None:
        while watched.monitor.poll(0):
            event = parse_monitor_message(watched.monitor.recv_multipart())
            kind, code = event["event"], event["value"]
            if kind == zmq.EVENT_DISCONNECTED:
                watched.is_over = True
            elif kind == zmq.EVENT_CONNECT_RETRIED:
                watched.is_over = watched.is_explained = False
            elif kind == zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL:
                self._tell(watched, _HALF_ENCRYPTED, code)
            # Without keys nobody is turned away: the other end was stopped just then.
            elif watched.has_keys:
                self._tell(watched, _TURNED_AWAY, code)

    def _begin_anew(self, watched: _Watched) -> None:
        if not watched.is_explained:
            self._tell(watched, _ANOTHER_KIND, 0)
        watched.is_over = watched.is_explained = False
        # libzmq may have forgotten the endpoint together with its connection.
        with suppress(zmq.ZMQError):
            watched.socket.disconnect(watched.endpoint)
        watched.socket.connect(watched.endpoint)

    def _tell(self, watched: _Watched, complaint: tuple[str, str], code: int) -> None:
        watched.is_explained = True
        reason, remedy = complaint
        times = self._repeats.take((watched.setting, watched.endpoint, reason), time.monotonic())
        if times:
            self._log.warning(
                "bus_not_entered",
                setting=watched.setting,
                endpoint=watched.endpoint,
                reason=reason,
                remedy=remedy,
                code=code,
                times=times,
            )
