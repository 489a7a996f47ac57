"""How many requests a route takes: a token bucket each, without a clock of its own."""

import math
import threading
from typing import Final

_MINUTE_S: Final = 60.0


class Rate:
    """So many a minute, as many of them at once. Any thread may take; times are monotonic."""

    def __init__(self, per_minute_max: int) -> None:
        self._most = per_minute_max
        self._per_s = per_minute_max / _MINUTE_S
        self._left = float(per_minute_max)
        self._counted_s = -math.inf
        self._lock = threading.Lock()

    def take(self, now_s: float) -> int:
        """Take one; 0, or the whole seconds until there will be one, 1 or more."""
        with self._lock:
            # Threads read the clock before they get here: it may seem to go back.
            passed_s = max(now_s - self._counted_s, 0.0)
            self._left = min(self._most, self._left + passed_s * self._per_s)
            self._counted_s = max(now_s, self._counted_s)
            if self._left >= 1:
                self._left -= 1
                return 0
            return max(1, math.ceil((1 - self._left) / self._per_s))
