"""A connection between gateway and broker: bytes there and messages back, each in order.

When one side is gone, a part of what was on its way is read late and the rest is lost; the broker
frees the client id only after that.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

CLOSED = "closed"
DRAIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Hello:
    next_order_id: int
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list has come to its end."""

    stage: str
    items: tuple[Any, ...] | None
    """None: it did not end in time."""


class Line:
    def __init__(self, world: Any, broker: Any, hear: Any) -> None:
        self.world = world
        self.broker = broker
        self.hear = hear
        self.requests: deque[tuple[Any, ...]] = deque()
        self.is_heard = True
        self.is_served = True
        self._read_at_s = self._told_at_s = 0.0

    def send(self, *request: Any) -> None:
        """Hand bytes over; they are lost where the broker is gone and nobody knows it yet."""
        if self.is_served:
            self.requests.append(request)
            now_s = self.world.schedule.now_s
            at_s = max(now_s + self.world.short_s(), self.broker.mute_until_s)
            self._read_at_s = max(self._read_at_s, at_s)
            self.world.schedule.at(self._read_at_s, self._read)

    def tell(self, message: Any) -> None:
        self.tell_all([message])

    def tell_all(self, messages: list[Any], delay_s: float = 0.0) -> None:
        """Write messages of the broker, one right behind the other."""
        if self.is_served and self.is_heard:
            now_s = self.world.schedule.now_s
            at_s = max(now_s + delay_s + self.world.short_s(), self.broker.mute_until_s)
            self._told_at_s = max(self._told_at_s, at_s)
            self.world.schedule.at(self._told_at_s, self._deliver, messages)

    def carries(self, ref: str) -> bool:
        """Tell whether this order may still be read."""
        return any(one[0] == "place" and one[2].order_ref == ref for one in self.requests)

    def drop(self) -> None:
        """The gateway's side is gone."""
        if self.is_heard:
            self.is_heard = False
            self._lose_some("drop")
            wait_s = DRAIN_S * self.world.dice.random()
            self.world.schedule.at(
                max(self._read_at_s, self.world.schedule.now_s + wait_s), self._drain
            )

    def cut(self) -> None:
        """The broker ends it; the gateway learns that last."""
        if not self.is_served:
            return
        self._lose_some("cut")
        self._drain()
        at_s = max(self._told_at_s, self.world.schedule.now_s + self.world.delay_s())
        self.world.schedule.at(at_s, self._deliver, [CLOSED])

    def _read(self) -> None:
        if self.requests:
            self.broker.take(self, self.requests.popleft())

    def _drain(self) -> None:
        while self.requests:
            self.broker.take(self, self.requests.popleft())
        self.is_served = False
        self.broker.free(self)

    def _deliver(self, messages: list[Any]) -> None:
        for message in messages:
            if self.is_heard:
                self.hear(message)

    def _lose_some(self, how: str) -> None:
        kept = self.world.dice.randint(0, len(self.requests))
        if self.requests:
            self.world.note("line", "{}: {} of {} are read", how, kept, len(self.requests))
        while len(self.requests) > kept:
            self.requests.pop()
