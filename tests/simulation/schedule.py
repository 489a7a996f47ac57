"""Virtual time: what happens next, and the clocks that the processes read."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


class Crash(Exception):  # noqa: N818 - the event itself
    """The process died here."""

    def __init__(self, process: "Mortal") -> None:
        super().__init__(process.name)
        self.process = process


class Schedule:
    """All that is going to happen, by its time; equal times in the order of asking."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.events = 0
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []

    def at(self, time_s: float, act: Callable[..., None], *args: Any) -> None:
        self.events += 1
        heapq.heappush(self._heap, (max(time_s, self.now_s), self.events, act, args))

    def after(self, delay_s: float, act: Callable[..., None], *args: Any) -> None:
        self.at(self.now_s + delay_s, act, *args)

    def run(self, end_s: float) -> None:
        """Let happen all that is due until then. Raises Crash where a process dies of it."""
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= end_s:
            self.now_s, _, act, args = pop(heap)
            act(*args)
        self.now_s = end_s


class Clock:
    """What a process reads as the time; its wall clock may be wrong by `skew_s`."""

    def __init__(self, schedule: Schedule, skew_s: float = 0.0) -> None:
        self._schedule = schedule
        self._start = START + timedelta(seconds=skew_s)
        self._read = (0.0, self._start)

    def now(self) -> datetime:
        read_s, now = self._read
        if read_s != self._schedule.now_s:
            now = self._start + timedelta(seconds=self._schedule.now_s)
            self._read = (self._schedule.now_s, now)
        return now

    def monotonic_s(self) -> float:
        return self._schedule.now_s


class Mortal:
    """A process: what it scheduled dies with it."""

    def __init__(self, schedule: Schedule, name: str) -> None:
        self.schedule = schedule
        self.name = name
        self.life = 0
        self.is_up = False
        self.fuse: int | None = None
        """So many more crash points are passed before it dies at one; None: it does not."""

    def begin(self) -> None:
        """Start from what is on disk."""
        self.is_up = True
        self.life += 1

    def die(self) -> None:
        self.is_up = False
        self.fuse = None

    def after(self, delay_s: float, act: Callable[..., None], *args: Any) -> None:
        self.schedule.after(delay_s, self._if_alive, self.life, act, args)

    def _if_alive(self, life: int, act: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.is_up and life == self.life:
            act(*args)

    def crash_point(self) -> None:
        """Die here where it was so decided."""
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                raise Crash(self)
