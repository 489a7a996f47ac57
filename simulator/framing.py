r"""Frames of the TWS socket protocol, without any socket.

TWS API: every message is a 4-byte big-endian length and that many bytes; the bytes are text
fields, each ended by NUL. Only the very first bytes of a connection differ (`API\0`).
"""

from collections.abc import Iterator
from typing import Final

MAX_FRAME_BYTES: Final = 0xFFFFFF
PREAMBLE: Final = b"API\0"


class FrameError(Exception):
    """The peer does not speak this protocol; its connection ends."""


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def frame_fields(*fields: str) -> bytes:
    return frame("\0".join((*fields, "")).encode())


def frame_text(text: str) -> bytes:
    """Frame text whose fields already end in NUL."""
    return frame(text.encode())


def split_fields(payload: bytes) -> list[str]:
    fields = payload.decode(errors="backslashreplace").split("\0")
    if fields[-1] == "":
        fields.pop()
    return fields


class FrameReader:
    """Cut a byte stream into payloads; it may arrive byte by byte or many frames at once."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._preamble_seen = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._buffer += data
        if not self._preamble_seen:
            if len(self._buffer) < len(PREAMBLE):
                if not PREAMBLE.startswith(self._buffer):
                    raise FrameError("the connection does not begin with API")
                return
            if not self._buffer.startswith(PREAMBLE):
                raise FrameError("the connection does not begin with API")
            del self._buffer[: len(PREAMBLE)]
            self._preamble_seen = True
        position = 0
        while len(self._buffer) - position >= 4:
            size = int.from_bytes(self._buffer[position : position + 4], "big")
            if size > MAX_FRAME_BYTES:
                raise FrameError(f"a frame of {size} bytes")
            end = position + 4 + size
            if len(self._buffer) < end:
                break
            # Taken out before it is yielded: the caller may stop half-way through.
            payload = bytes(self._buffer[position + 4 : end])
            position = end
            yield payload
        del self._buffer[:position]
