"""What the broker's library logs: silenced, but for messages that it could not read."""

import logging
from collections.abc import Callable

from gateway.messages import Message, MessageDropped

Sink = Callable[[Message], None]


class DecoderAlarm(logging.Handler):
    """Turns the library's "could not read this message" log lines into messages to the desk."""

    def __init__(self, sink: Sink) -> None:
        super().__init__(logging.ERROR)
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.endswith("Decoder"):
            self._sink(MessageDropped(detail=record.getMessage()[:500]))


def listen_to_library(name: str, sink: Sink) -> None:
    """Silence the log of the library of this name, whose order states mislead."""
    logger = logging.getLogger(name)
    logger.handlers[:] = [DecoderAlarm(sink)]
    logger.propagate = False
    logger.setLevel(logging.ERROR)
