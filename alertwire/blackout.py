"""Windows in which the broker restarts or wants a login, and nothing is sent to it.

An order written in the second of a restart may be lost without a word. Times are local to the
zone that each window names, so that they follow its summer time. Pure.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM: Final = re.compile(
    r"(?:(?P<day>[A-Za-z]+)\s+)?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)\s+(?P<zone>[\w+\-/]+)"
)
_REMEDY: Final = (
    "write [DAY ]HH:MM-HH:MM ZONE, several separated by commas, such as "
    "23:44-23:52 America/New_York, Sun 00:55-01:30 America/New_York"
)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to `end`, over midnight where `end` is earlier."""

    start: time
    end: time
    zone: ZoneInfo
    day: int | None = None
    """The day on which it starts, 0 is Monday; None: every day."""

    def end_after(self, now: datetime) -> datetime | None:
        """Return when the window ends that `now` lies in; None where it lies in none."""
        local = now.astimezone(self.zone)
        for date in (local.date(), local.date() - timedelta(days=1)):
            if self.day is not None and date.weekday() != self.day:
                continue
            last = date if self.start < self.end else date + timedelta(days=1)
            starts = datetime.combine(date, self.start, self.zone)
            ends = datetime.combine(last, self.end, self.zone)
            # Compared as instants: within one zone Python would compare the clock's hands.
            if starts.timestamp() <= now.timestamp() < ends.timestamp():
                return ends
        return None


@dataclass(frozen=True, slots=True)
class Blackout:
    """All windows."""

    windows: tuple[Window, ...] = ()

    def until(self, now: datetime) -> str:
        """Say that `now` lies in a window and when it ends; empty: it lies in none."""
        ends = [end for window in self.windows if (end := window.end_after(now)) is not None]
        if not ends:
            return ""
        last = max(ends, key=datetime.timestamp)
        return f"blackout window of the broker until {last:%H:%M} {last.tzinfo}"


def read_blackout(text: str) -> Blackout:
    """Read windows as ALERTWIRE_IB_BLACKOUT writes them. Raises ValueError with the remedy."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return Blackout(tuple(_window(part) for part in parts))


def _window(text: str) -> Window:
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no window: {_REMEDY}")
    try:
        start, end = time.fromisoformat(found["start"]), time.fromisoformat(found["end"])
    except ValueError as error:
        raise ValueError(f"{text!r} has no such time of day: {_REMEDY}") from error
    if start == end:
        raise ValueError(f"{text!r} ends when it begins: {_REMEDY}")
    try:
        zone = ZoneInfo(found["zone"])
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{found['zone']!r} is no time zone: {_REMEDY}") from error
    day = None
    if found["day"]:
        name = found["day"].lower()
        # Three letters are enough, and so is the whole name.
        if name[:3] not in _DAYS or not _WHOLE[_DAYS.index(name[:3])].startswith(name):
            raise ValueError(f"{found['day']!r} is no day of the week: {_REMEDY}")
        day = _DAYS.index(name[:3])
    return Window(start, end, zone, day)


_WHOLE: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
