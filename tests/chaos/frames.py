"""What passes on the wire, cut into frames: bytes in, (bytes, what they are) out.

Framing from the public specifications: ZMTP 3.1 (https://rfc.zeromq.org/spec/37/) and the TWS API's
length-prefixed fields. What is not recognised passes as it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from alertwire.wire import codec
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Ack, Delivery

GREETING_BYTES = 64
REFERENCE = re.compile(rb"([0-9A-HJKMNP-TV-Z]{26})-\d+")
PLACE_ORDER = b"3"
ORDER_NEWS = frozenset({b"5", b"11"})
"""TWS API: openOrder and execDetails, which name the order by its reference."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One frame that matters; `owner` is the process whose own address it came over."""

    kind: str
    alert_id: str = ""
    owner: str = ""


Framed = Iterator[tuple[bytes, Sight | None]]


class Zmtp:
    """One direction of a ZeroMQ connection that carries one kind of message."""

    def __init__(self, message: type, owner: str) -> None:
        self._message, self._owner = message, owner
        self._buffer = b""
        self._greeting_bytes = GREETING_BYTES

    def feed(self, data: bytes) -> Framed:
        self._buffer += data
        if self._greeting_bytes:
            # In parts, as it comes: each side waits for the beginning of the other's.
            part = self._take(min(self._greeting_bytes, len(self._buffer)))
            self._greeting_bytes -= len(part)
            yield part, None
        while (size := self._frame_bytes()) and len(self._buffer) >= size:
            flags, is_long = self._buffer[0], self._buffer[0] & 2
            raw = self._take(size)
            yield raw, None if flags & 4 else self._look(raw[9 if is_long else 2 :])

    def _frame_bytes(self) -> int:
        """Return how long the frame at the head is; 0 while that cannot be told."""
        if len(self._buffer) < 2:
            return 0
        if not self._buffer[0] & 2:
            return 2 + self._buffer[1]
        return 9 + int.from_bytes(self._buffer[1:9], "big") if len(self._buffer) >= 9 else 0

    def _take(self, size: int) -> bytes:
        raw, self._buffer = self._buffer[:size], self._buffer[size:]
        return raw

    def _look(self, body: bytes) -> Sight | None:
        try:
            message = codec.decode(self._message, body)
        except codec.DecodeError:
            return None
        match message:
            case Delivery():
                return Sight("delivery", message.alert_id, self._owner)
            case Ack():
                return Sight(message.kind.name.lower(), message.alert_id, self._owner)
            case OrderCommand():
                return Sight("command", message.alert_id, self._owner)
            case CommandReply() if message.decided:
                return Sight("reply", message.command_id[:26], self._owner)
        return None


class Tws:
    """One direction of a connection to TWS."""

    def __init__(self, prefix: bytes, kinds: dict[bytes, str]) -> None:
        self._prefix, self._kinds = prefix, kinds
        self._buffer = b""

    def feed(self, data: bytes) -> Framed:
        self._buffer += data
        if self._prefix:
            if len(self._buffer) < len(self._prefix):
                return
            head, self._buffer = self._prefix, self._buffer[len(self._prefix) :]
            self._prefix = b""
            yield head, None
        while len(self._buffer) >= 4:
            size = 4 + int.from_bytes(self._buffer[:4], "big")
            if len(self._buffer) < size:
                return
            raw, self._buffer = self._buffer[:size], self._buffer[size:]
            kind = self._kinds.get(raw[4:].split(b"\0", 1)[0])
            found = REFERENCE.search(raw) if kind else None
            yield raw, Sight(kind, found[1].decode()) if kind and found else None

    @staticmethod
    def to_broker() -> "Tws":
        return Tws(b"API\0", {PLACE_ORDER: "place_order"})

    @staticmethod
    def from_broker() -> "Tws":
        return Tws(b"", dict.fromkeys(ORDER_NEWS, "order_news"))


class Http:
    """One direction of a webhook call; each has a connection of its own."""

    def feed(self, data: bytes) -> Framed:
        if data.startswith(b"POST "):
            yield data, Sight("request")
        elif data.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            yield data, Sight("answer")
        else:
            yield data, None
