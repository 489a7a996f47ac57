"""Names of things: alerts, commands, orders, runs of a process.

An alert's id is a ULID: sortable, 26 characters, fits an eye and an `orderRef`. The ids behind it
are made from it, so that the same alert planned twice has the same ids.
"""

import os
import random
import secrets
import socket
import time
import uuid
from typing import NewType, Protocol

from ulid import ULID

AlertId = NewType("AlertId", str)
CommandId = NewType("CommandId", str)
OrderRef = NewType("OrderRef", str)


class Ids(Protocol):
    """Where a process takes new ids from."""

    def alert_id(self) -> AlertId:
        """Return an id that no alert has had."""
        ...

    def traceparent(self) -> str:
        """Return a W3C trace context for a new trace (https://www.w3.org/TR/trace-context/)."""
        ...


class RandomIds:
    """Ids from the machine's clock and randomness, for any number of threads.

    They must be unique, not secret: one seeded generator serves, whose single calls need no lock
    and never let go of the interpreter. A lock here, shared by all webhook threads, cost more than
    the rest of an id together.
    """

    def __init__(self) -> None:
        self._random = random.Random(secrets.randbits(256))

    def alert_id(self) -> AlertId:
        time_ms = time.time_ns() // 1_000_000
        return AlertId(str(ULID.from_int(time_ms << 80 | self._random.getrandbits(80))))

    def traceparent(self) -> str:
        return f"00-{self._random.getrandbits(128):032x}-{self._random.getrandbits(64):016x}-01"


def command_id(alert_id: str, number: int) -> CommandId:
    """Name the `number`-th command of an alert, from 1."""
    return CommandId(f"{alert_id}-{number}")


def order_ref(command: str, leg: str = "") -> OrderRef:
    """Name an order at the broker: at most 40 printable ASCII characters (TWS `orderRef`)."""
    return OrderRef(f"{command}{leg}")


def run_id(role: str) -> str:
    """Name one run of a process, unique per start: `consumer-myhost-4711-9f3a`."""
    return f"{role}-{socket.gethostname()[:20]}-{os.getpid()}-{secrets.token_hex(2)}"


def stream_id() -> str:
    """Name a new journal."""
    return str(uuid.uuid4())
