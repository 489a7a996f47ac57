"""The message limit of a TWS: so many per second over all its clients together.

TWS API: more than 50 messages per second is error 100; a client that goes on is disconnected.
"""

from collections import deque
from dataclasses import dataclass, field

VIOLATIONS_UNTIL_CLOSED = 3


@dataclass(slots=True)
class Pacing:
    _times: deque[float] = field(default_factory=deque)

    def admits(self, now: float, limit: int) -> bool:
        """Count a message, unless the last second is full already."""
        while self._times and now - self._times[0] >= 1.0:
            self._times.popleft()
        if len(self._times) >= limit:
            return False
        self._times.append(now)
        return True
