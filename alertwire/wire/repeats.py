"""Complaints that come again and again, said once in a while."""

from dataclasses import dataclass, field
from typing import Final

REPEAT_S: Final = 60.0
"""The same complaint about the same peer is logged once in this time."""
PEERS_MAX: Final = 1000
"""Peers remembered for that; strangers who come from ever new addresses must not fill memory."""


@dataclass(slots=True)
class Repeats:
    """Lets the same complaint through once in a while, and counts the others."""

    _since_s: dict[tuple[str, ...], float] = field(default_factory=dict)
    _count: dict[tuple[str, ...], int] = field(default_factory=dict)

    def take(self, complaint: tuple[str, ...], now_s: float) -> int:
        """Return how often it came since it was last let through, this time included; 0: not yet.

        Too many different ones at once are not let through at all.
        """
        self._count[complaint] = self._count.get(complaint, 0) + 1
        since_s = self._since_s.get(complaint)
        if since_s is not None and now_s - since_s < REPEAT_S:
            return 0
        if since_s is None and len(self._since_s) >= PEERS_MAX:
            for old in [c for c, at_s in self._since_s.items() if now_s - at_s >= REPEAT_S]:
                del self._since_s[old]
                self._count.pop(old, None)
            if len(self._since_s) >= PEERS_MAX:
                del self._count[complaint]
                return 0
        self._since_s[complaint] = now_s
        return self._count.pop(complaint)
