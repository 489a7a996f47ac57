"""The first exchange of a connection: version range, chosen version, client id."""

import re
from dataclasses import dataclass
from datetime import datetime

from simulator.fields import FieldReader
from simulator.framing import FrameError, frame_fields

_HELLO = re.compile(r"v(\d+)(?:\.\.(\d+))?(?: (.*))?\Z")


@dataclass(frozen=True, slots=True)
class Hello:
    oldest: int
    newest: int
    options: str


@dataclass(frozen=True, slots=True)
class StartApi:
    client_id: int


def parse_hello(payload: bytes) -> Hello:
    """Read `v157..176`, or `v178` when the client knows one version, and the options behind it."""
    match = _HELLO.match(payload.decode("ascii", "replace").rstrip("\0"))
    if match is None:
        raise FrameError("no version range in the client's hello")
    oldest = int(match[1])
    return Hello(oldest, int(match[2] or oldest), match[3] or "")


def hello_reply(version: int, now: datetime) -> bytes:
    """Exactly two fields: the Python clients tell the handshake by this count."""
    return frame_fields(str(version), now.strftime("%Y%m%d %H:%M:%S EST"))


def parse_start_api(fields: list[str]) -> StartApi | None:
    if not fields or fields[0] != "71":
        return None
    reader = FieldReader(fields, 2)
    return StartApi(reader.integer())
