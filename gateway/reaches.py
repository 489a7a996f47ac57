"""What flattens over contracts are about: as it stood where each was first seen.

It is written down in that turn. A flatten that comes again later, after a crash or an outage, so
closes what it was meant to close, and nothing that was opened since. Pure state of the desk.
"""

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from alertwire.journal.reaches import Reached
from alertwire.money import ZERO
from alertwire.wire.alert import MarketPosition
from gateway.events import Effects
from gateway.figures import figure

REACHES_MAX: Final = 1_000
"""Flattens of which it is remembered what they are about."""


class Reaches:
    """What each flatten is about."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Reached, ...]] = OrderedDict()

    def adopt(self, reached: Iterable[Reached]) -> None:
        """Take what the ledger kept, oldest first."""
        for one in reached:
            self._put(one.flatten_id, (*self._known.get(one.flatten_id, ()), one))

    def find(self, flatten_id: str) -> tuple[Reached, ...] | None:
        """Return what a flatten is about; None: nobody knows it."""
        return self._known.get(flatten_id)

    def keep(self, flatten_id: str, reached: tuple[Reached, ...], effects: Effects) -> None:
        """Write down what a flatten is about."""
        effects.reaches += reached
        self._put(flatten_id, reached)

    def _put(self, flatten_id: str, reached: tuple[Reached, ...]) -> None:
        self._known[flatten_id] = reached
        if len(self._known) > REACHES_MAX:
            self._known.popitem(last=False)


def closed_of(reached: Reached, held: Decimal) -> tuple[MarketPosition, Decimal] | None:
    """Return which side a flatten closes of what is `held` later, and how much of it at the most.

    None: whatever there is. Flat at first, with entries of both sides, it may have become anything.
    """
    sides = {MarketPosition.LONG: reached.long, MarketPosition.SHORT: reached.short}
    open_ = [side for side, units in sides.items() if units > 0]
    there = MarketPosition.LONG if held > 0 else MarketPosition.SHORT
    if held and there in open_:
        return there, sides[there]
    return (open_[0], sides[open_[0]]) if len(open_) == 1 or (held and open_) else None


def stays_of(reached: Reached, held: Decimal) -> str:
    """Say how much of what is `held` later a flatten leaves; empty: nothing."""
    left = abs(held) - (reached.long if held > 0 else reached.short)
    return f"{figure(left)} came after it and stays" if left > ZERO and held else ""
