"""Log lines: structlog, JSON for machines and colours on a terminal.

Events are verbs in the past tense (`alert_accepted`). Ids are bound, secrets never printed: every
value under a secret's name, and every secret handed to `configure`, is replaced.
"""

import atexit
import contextlib
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

import structlog

from alertwire.settings import LogFormat, Settings

REDACTED: Final = "[redacted]"
_SECRET_NAMES: Final = frozenset(
    """
    token webhook_token secret secret_key passphrase password passwd authorization api_key
    journal_url ledger_url
    """.split()  # noqa: SIM905 - a list of quoted words would take a page
)
"""Not `key`: that is what is carried out in order."""
_SECRET_LENGTH_MIN: Final = 4
"""Shorter values would blot out ordinary words."""

_LINES_AT_ONCE: Final = 256
_LINES_MAX: Final = 20_000
"""Lines that wait for a reader of stderr; more are dropped and counted."""

Logger = structlog.typing.FilteringBoundLogger


def configure(process: str, settings: Settings, secrets: list[str] | None = None) -> Logger:
    """Set logging up for this process and return its logger.

    `secrets` are hidden beside those of the settings; what is added to the list later is, too.
    """
    hidden = [] if secrets is None else secrets
    hidden += settings.secrets
    as_console = settings.log_format is LogFormat.CONSOLE or (
        settings.log_format is LogFormat.AUTO and sys.stderr.isatty()
    )
    level = getattr(logging, settings.log_level.upper())
    renderer: Any = (
        # Plain: a pretty trace shows the values of variables.
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if as_console
        else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        # Before the redactor: what an exception says may hold a secret, and its locals do.
        structlog.processors.format_exc_info,
        redactor(hidden),
    ]
    structlog.configure(
        processors=[*shared, renderer],
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
    _hear_of_crashes(logger)
    return logger


def _hear_of_crashes(logger: Logger) -> None:
    """Have what nobody catches written as a log line: redacted, with its traceback."""

    def on_main(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if issubclass(kind, Exception):
            logger.critical("process_failed", exc_info=(kind, error, trace))
        else:
            sys.__excepthook__(kind, error, trace)

    def on_thread(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None:
            logger.critical(
                "thread_failed",
                thread=failed.thread.name if failed.thread else "",
                exc_info=(failed.exc_type, failed.exc_value, failed.exc_traceback),
            )

    sys.excepthook = on_main
    threading.excepthook = on_thread


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


def redactor(secrets: Sequence[str]) -> Callable[[Any, str, dict[str, Any]], dict[str, Any]]:
    """Return a structlog processor that replaces secrets wherever they stand in an event."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            for secret in secrets:
                if len(secret) >= _SECRET_LENGTH_MIN:
                    value = value.replace(secret, REDACTED)
            return value
        if isinstance(value, dict):
            return {
                name: REDACTED if str(name).lower() in _SECRET_NAMES else clean(item)
                for name, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [clean(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        # Whatever else it is will be printed as its text.
        text = str(value) if isinstance(value, BaseException | Path) else repr(value)
        cleaned = clean(text)
        return value if cleaned == text else cleaned

    def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        cleaned: dict[str, Any] = clean(event)
        return cleaned

    return redact
