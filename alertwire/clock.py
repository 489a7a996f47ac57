"""Time, passed in: processes ask a `Clock`, tests give them one that they turn themselves."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where a process takes its time from."""

    def now(self) -> datetime:
        """Return the wall clock, UTC. For what is journaled and what expires."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never go back. For time-outs."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()
