"""The HTTP server: granian's WSGI worker inside our own process.

granian's command starts a worker process; ZeroMQ and the one writer of the journal live in this
process, so its worker thread is started here instead. Signals stay ours. Why this server, and what
was measured: docs/adr/0003-wsgi-server.md.
"""

import resource
import socket
from collections.abc import Callable
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.net import SocketHolder  # type: ignore[attr-defined]
from granian.server.mt import MTServer

from alertwire.faults import ConfigurationError

BACKLOG: Final = 2048
"""Connections that may wait: hundreds arrive in one second at the bar's close."""
CONNECTIONS_MAX: Final = 16_384
"""Open at the same time, one permit of granian each: whoever holds one and sends nothing must not
keep an alert out until the time-out below."""
SLOW_SENDERS_MAX: Final = 256
HEADER_TIMEOUT_MS: Final = 5000
STOP_TIMEOUT_S: Final = 2.5
_FILES_BESIDE: Final = 512
"""Journal, logs, sockets."""
_NAME: Final = "alertwire-producer"


class Server(MTServer):
    """Serves one WSGI application in threads of this process.

    Listens from construction, so that a port in use ends the start, and serves from `begin`.
    Raises ConfigurationError where it cannot listen.
    """

    def __init__(self, application: Callable[..., Any], host: str, port: int, threads: int) -> None:
        _allow_connections()
        listener = _listen(host, port)
        self.port: int = listener.getsockname()[1]
        super().__init__(
            _NAME,
            address=host,
            port=self.port,
            interface=Interfaces.WSGI,
            # Those who wait for a slow sender's next byte must not be missed by the others.
            blocking_threads=threads + SLOW_SENDERS_MAX,
            backpressure=CONNECTIONS_MAX,
            backlog=BACKLOG,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
            runtime_mode=RuntimeModes.mt,
            loop=Loops.asyncio,
            websockets=False,
            log_enabled=False,
        )
        self._application = application
        # Not granian's own socket: it sets SO_REUSEPORT, and a second producer on the same port
        # would silently take half of the alerts.
        self._shd: Any = SocketHolder(listener.detach(), False, BACKLOG)  # type: ignore[call-arg]

    def begin(self) -> None:
        """Serve until `end`."""
        worker = self._spawn_worker(0, self._spawn_wsgi_worker, self._application)
        # A sender that never ends its request must not keep the process from its end.
        worker.inner.daemon = True
        worker.inner.start()
        self._worker = worker

    def end(self) -> None:
        """Stop listening and let the requests in hand finish, for a while."""
        self._worker.terminate()  # type: ignore[no-untyped-call]
        self._worker.join(STOP_TIMEOUT_S)  # type: ignore[no-untyped-call]


def _allow_connections() -> None:
    """Raise this process's limit of open files, often 1,024, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MAX + _FILES_BESIDE
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        raise ConfigurationError(
            f"ALERTWIRE_PRODUCER_PORT: {host}:{port} cannot be listened on: {error.strerror}; stop "
            f"what listens there or set ALERTWIRE_PRODUCER_HOST and ALERTWIRE_PRODUCER_PORT to a "
            f"free address"
        ) from error
    return listener
