"""The pace towards the broker: evenly spaced, cancels first. Pure: times in, requests out.

IB allows 50 messages per second over all clients of one TWS and drops what comes above it, orders
too (TWS API: error 100). A burst window of the library's kind breaks that limit at its edges.
"""

import heapq
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

LATENESS_MAX = 0.2
"""Part of the interval by which two messages may come closer after a late timer."""


class Priority(IntEnum):
    """Who goes first."""

    AGAIN = 0
    """What is sent again keeps its order id: nothing with a later one may overtake it."""
    CANCEL = 1
    REDUCE = 2
    ASK_TO_REDUCE = 3
    FIND_TO_REDUCE = 4
    """The price, and before it the contract, that such an order waits for."""
    ENTRY = 5
    ASK_TO_ENTER = 6
    FIND_TO_ENTER = 7
    """Each behind what is one step further: no answer grows old while others ask."""
    QUERY = 8
    """What no order waits for."""


@dataclass(order=True, slots=True)
class _Waiting:
    priority: int
    number: int
    request: Any = field(compare=False)


class Pacer:
    """A schedule: who may send when. `now_s` is monotonic, in seconds."""

    def __init__(self, messages_per_s: float) -> None:
        """Make a schedule; 0 messages per second is no pacing at all."""
        self._interval_s = 1 / messages_per_s if messages_per_s > 0 else 0.0
        self._next_at_s = float("-inf")
        self._before_last_s = self._next_at_s
        self._heap: list[_Waiting] = []
        self._number = 0
        self._granted = 0
        """Messages whose slot is taken and that have not gone out yet."""

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, priority: Priority, request: Any) -> None:
        self._number += 1
        heapq.heappush(self._heap, _Waiting(priority, self._number, request))

    def pop(self, now_s: float) -> Any | None:
        """Take the next request that may be sent now; None where it is not yet time."""
        if not self._heap or now_s < self._next_at_s:
            return None
        self._before_last_s = self._next_at_s
        self._take_slot(now_s)
        self._granted += 1
        return heapq.heappop(self._heap).request

    def widen(self, messages: int, now_s: float) -> None:
        """Take more slots for what was popped last: it is of so many messages more."""
        for _ in range(messages):
            self._take_slot(now_s)
        self._granted += messages

    def sent(self, now_s: float) -> None:
        """Count a message that went out; one that nobody popped takes a slot now.

        So a heartbeat, a list or a market rule delays what waits, and the limit holds for all.
        """
        if self._granted:
            self._granted -= 1
        else:
            self._take_slot(now_s)

    def _take_slot(self, now_s: float) -> None:
        # From the slot, not from now, where a timer was a little late: that must not slow the pace.
        slot_s = max(self._next_at_s, now_s - self._interval_s * LATENESS_MAX)
        self._next_at_s = slot_s + self._interval_s

    def give_back(self) -> None:
        """Undo the last `pop`: nothing was sent after all."""
        self._next_at_s = self._before_last_s
        self._granted -= 1

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until the next request may go; None where nothing waits."""
        return max(0.0, self._next_at_s - now_s) if self._heap else None

    def clear(self) -> None:
        """Forget what waits: the connection that it was for is gone."""
        self._heap.clear()
        self._granted = 0
