"""The PUSH socket that executors pull alerts from; made anew where it is stuck."""

from typing import Final

import zmq

from alertwire.logs import Logger
from alertwire.wire import sockets
from alertwire.wire.bus import Bus, Leg

UNWRITABLE_S: Final = 5.0
"""So long nobody could take a delivery although executors speak: the socket is made anew."""


class WorkSocket:
    """Belongs to one thread, once it is bound. Raises ConfigurationError where it cannot be."""

    def __init__(self, bus: Bus, logger: Logger) -> None:
        self._bus = bus
        self._log = logger
        self._unwritable_since_s: float | None = None
        self._push = self._bind()

    def try_send(self, frame: bytes, now_s: float, *, are_executors_there: bool) -> bool:
        """Send without waiting; False where nobody can take it now."""
        if sockets.try_send(self._push, frame):
            self._unwritable_since_s = None
            return True
        if self._unwritable_since_s is None:
            self._unwritable_since_s = now_s
        elif are_executors_there and now_s - self._unwritable_since_s > UNWRITABLE_S:
            self._log.warning("alerts_socket_made_anew")
            self._push.close()
            self._push = self._bind()
            self._unwritable_since_s = None
        return False

    def close(self) -> None:
        self._push.close()

    def _bind(self) -> "zmq.Socket[bytes]":
        return self._bus.bind(zmq.PUSH, Leg.ALERTS)
