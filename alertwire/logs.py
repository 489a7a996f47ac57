"""Log lines: structlog, JSON for machines and colours on a terminal.

Events are verbs in the past tense (`alert_accepted`). Ids are bound, secrets never printed: every
value under a secret's name, and every secret handed to `configure`, is replaced.
"""

import atexit
import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any, Final

import structlog

from alertwire.settings import LogFormat, Settings

REDACTED: Final = "[redacted]"
_SECRET_NAMES: Final = frozenset({"token", "webhook_token", "secret", "passphrase", "password"})
_SECRET_LENGTH_MIN: Final = 4
"""Shorter values would blot out ordinary words."""

_LINES_AT_ONCE: Final = 256
_LINES_MAX: Final = 20_000
"""Lines that wait for a reader of stderr; more are dropped and counted."""

Logger = structlog.typing.FilteringBoundLogger


def configure(process: str, settings: Settings, secrets: Iterable[str] = ()) -> Logger:
    """Set logging up for this process and return its logger."""
    as_console = settings.log_format is LogFormat.CONSOLE or (
        settings.log_format is LogFormat.AUTO and sys.stderr.isatty()
    )
    level = getattr(logging, settings.log_level.upper())
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if as_console else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        redactor(secrets),
    ]
    structlog.configure(
        processors=[
            *shared,
            *([] if as_console else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_arguments: _LINES,
        cache_logger_on_first_use=True,
    )
    # Libraries speak through the standard logger: same place, same form, warnings and worse.
    handler = logging.StreamHandler(_LINES)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logger: Logger = structlog.get_logger().bind(process=process)
    return logger


class Lines:
    """Writes log lines to stderr from a thread of its own.

    A thread that answers a webhook must wait neither for the terminal nor for other threads' lines.
    What is queued when the process is killed is lost; what happened is in journal and ledger.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[str | threading.Event] = SimpleQueue()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._dropped = 0

    def msg(self, line: str) -> None:
        """Queue one line."""
        self.write(f"{line}\n")

    debug = info = warning = warn = error = critical = fatal = exception = log = failure = err = msg

    def write(self, text: str) -> None:
        """Queue text as it is: the standard library's handlers write to this as to a stream."""
        if self._queue.qsize() >= _LINES_MAX:
            # Nobody reads stderr. Trading goes on; memory must not fill up.
            self._dropped += 1
            return
        self._queue.put(text)
        if self._thread is None:
            self._begin()

    def drain(self, timeout_s: float = 1.0) -> None:
        """Wait until what was queued before is written."""
        written = threading.Event()
        self._queue.put(written)
        written.wait(timeout_s)

    def _begin(self) -> None:
        with self._start:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
                atexit.register(self.drain)

    def _run(self) -> None:
        while True:
            queued = [self._queue.get()]
            with contextlib.suppress(Empty):
                while len(queued) < _LINES_AT_ONCE:
                    queued.append(self._queue.get_nowait())
            if self._dropped:
                queued.append(f"{self._dropped} log lines dropped: nobody read them\n")
                self._dropped = 0
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write("".join(text for text in queued if isinstance(text, str)))
                sys.stderr.flush()
            for written in queued:
                if isinstance(written, threading.Event):
                    written.set()


_LINES: Final = Lines()


def redactor(secrets: Iterable[str]) -> Callable[[Any, str, dict[str, Any]], dict[str, Any]]:
    """Return a structlog processor that replaces secrets wherever they stand in an event."""
    known = [secret for secret in secrets if len(secret) >= _SECRET_LENGTH_MIN]

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in known:
                value = value.replace(secret, REDACTED)
            return value
        if isinstance(value, dict):
            return {name: clean(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [clean(item) for item in value]
        return value

    def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        return {
            name: REDACTED if name in _SECRET_NAMES else clean(value)
            for name, value in event.items()
        }

    return redact
