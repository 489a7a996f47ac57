"""Log lines: structlog, JSON for machines and colours on a terminal.

Events are verbs in the past tense (`alert_accepted`). Ids are bound, secrets never printed: every
value under a secret's name, and every secret handed to `configure`, is replaced.
"""

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog

from alertwire.settings import LogFormat, Settings

REDACTED: Final = "[redacted]"
_SECRET_NAMES: Final = frozenset({"token", "webhook_token", "secret", "passphrase", "password"})
_SECRET_LENGTH_MIN: Final = 8
"""Shorter values would blot out ordinary words."""

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
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries speak through the standard logger: same place, same form, warnings and worse.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logger: Logger = structlog.get_logger().bind(process=process)
    return logger


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
