"""The life of a process: start, signals, health, a graceful stop, exit codes.

Exit codes: 0 stopped on request, 78 the operator must change something (sysexits.h EX_CONFIG),
1 a bug.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import threading
import unicodedata
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, disable_created_metrics, generate_latest

from alertwire import __version__, logs
from alertwire.faults import ConfigurationError
from alertwire.settings import Settings, load_settings

EXIT_CONFIGURATION: Final = 78
CLIENT_TIMEOUT_S: Final = 5.0
"""A client of the health port that is silent for so long is hung up on."""

# When a series began is nobody's question here, and no other language's library says it.
disable_created_metrics()  # type: ignore[no-untyped-call]

Health = Callable[[], str]
"""Returns why the process is not ready; empty when it is."""


class Stop:
    """Set once when the process shall end; threads wait on it, sockets poll it.

    Set from a signal handler, which may run while the main thread is anywhere in `wait`: so there
    is no lock here, as in a threading.Event, but a pipe that stays readable once it is set.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._out, self._in = os.pipe()
        os.set_blocking(self._in, False)
        os.set_blocking(self._out, False)

    def obey(self, *signals: signal.Signals) -> None:
        """Be set by these signals. Called on the main thread, where Python runs its handlers.

        The interpreter itself writes to the pipe as a signal arrives: one that comes between its
        last look and the system call, or on another thread, would leave `wait` asleep otherwise
        (https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
        """
        signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)
        for number in signals:
            self.on(number, self.set)

    def on(self, number: signal.Signals, call: Callable[[], None]) -> None:
        """Have `call` made when this signal comes; who sleeps in `wait` on the main thread wakes.

        `call` runs between any two instructions of the main thread: let it only take a note.
        """
        signal.signal(number, lambda _number, _frame: call())

    def __bool__(self) -> bool:
        return self._is_set

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it is set, or so long, or for another signal; return whether it is set."""
        if not self._is_set:
            select.select([self._out], [], [], timeout_s)
        # Only the main thread: it alone runs the handlers, and nobody may take its byte away.
        if not self._is_set and threading.current_thread() is threading.main_thread():
            with contextlib.suppress(BlockingIOError):
                os.read(self._out, 4096)
            if self._is_set:
                self._ring()
        return self._is_set

    def fileno(self) -> int:
        """Return the descriptor that is readable from the moment it is set, for event loops."""
        return self._out

    def set(self) -> None:
        self._is_set = True
        self._ring()

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._in, b"\0")


def run(name: str, body: Callable[[Settings, Stop, logs.Logger], None]) -> int:
    """Run a process to its end and return its exit code.

    Reads the settings, sets logging up, turns SIGTERM and SIGINT into `Stop`, and says a
    configuration error in one line on stderr.
    """
    try:
        settings = load_settings()
        logger = logs.configure(name, settings)
        stop = Stop()
        stop.obey(signal.SIGTERM, signal.SIGINT)
        logger.info("process_started", version=__version__)
        body(settings, stop, logger)
        logger.info("process_stopped")
    except ConfigurationError as error:
        print(f"{name}: {plain(str(error))}", file=sys.stderr)  # noqa: T201 - the operator's line
        return EXIT_CONFIGURATION
    return 0


def plain(text: str) -> str:
    """Keep what somebody else wrote on the one line that the operator reads."""
    return "".join("?" if unicodedata.category(sign) == "Cc" else sign for sign in text)


def serve_health(host: str, port: int, ready: Health, *, setting: str) -> Callable[[], None]:
    """Serve /healthz, /readyz and /metrics; return what stops it. Port 0 serves nothing.

    Raises ConfigurationError that names `setting` where the port is taken.
    """
    if port == 0:
        return lambda: None

    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_TIMEOUT_S

        def do_GET(self) -> None:
            status, kind, body = health_answer(self.path.partition("?")[0], ready)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: probes come every few seconds."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    try:
        server = Server((host, port), Handler)
    # UnicodeError: what no name can be, such as a label of 64 letters.
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no host name"
        raise ConfigurationError(
            f"{setting}: {host}:{port} cannot be listened on: {reason}; set {setting} to a "
            f"free port, or to 0 for none, and ALERTWIRE_HEALTH_HOST to an address of this machine"
        ) from error
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()

    def stop_serving() -> None:
        server.shutdown()
        server.server_close()

    return stop_serving


def health_answer(path: str, ready: Health) -> tuple[int, str, bytes]:
    """Answer a probe: status, content type, body."""
    if path == "/healthz":
        return HTTPStatus.OK, "text/plain; charset=utf-8", b"ok\n"
    if path == "/readyz":
        reason = ready()
        status = HTTPStatus.SERVICE_UNAVAILABLE if reason else HTTPStatus.OK
        return status, "text/plain; charset=utf-8", f"{reason or 'ready'}\n".encode()
    if path == "/metrics":
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest()
    return HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"not found\n"
