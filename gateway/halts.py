"""What a person halted: which orders are let through, and which are not. Pure state of the desk.

A halt is in force from the commit of its row to the commit of its end, over restarts. What it is
about is refused at the last moment before it would be written down, so nothing that waits, for a
contract, its turn, fills or the pacer, passes it. What was handed to the broker before it is the
broker's; what was written down and never reached it is refused as well.
"""

from collections.abc import Iterable

from alertwire.journal.halts import Place, place, widened
from alertwire.wire.control import Halt
from gateway.events import Effects


class Halts:
    """The halts in force."""

    def __init__(self) -> None:
        self._by_place: dict[Place, Halt] = {}

    def adopt(self, halts: Iterable[Halt]) -> None:
        """Take halts from the ledger into memory."""
        self._by_place.update((place(halt), halt) for halt in halts)

    @property
    def in_force(self) -> tuple[Halt, ...]:
        return tuple(self._by_place.values())

    def begin(self, asked: Halt, effects: Effects) -> Halt:
        """Put a halt in force; return it as it now is."""
        halt = widened(self._by_place.get(place(asked)), asked)
        self._by_place[place(halt)] = effects.halts[place(halt)] = halt
        effects.alarm("halted", detail=halt.words)
        return halt

    def end(self, account: str, strategy: str, effects: Effects) -> bool:
        """End the halt of exactly this scope; False where there is none."""
        halt = self._by_place.pop((account, strategy), None)
        if halt is None:
            return False
        effects.halts[account, strategy] = None
        effects.note("resumed", detail=f"it was {halt.words}")
        return True

    def objection(self, account: str, strategy: str, *, only_reduces: bool) -> str:
        """Say which halt an order meets; empty: none."""
        for halt in self._by_place.values():
            is_meant = halt.account in {"", account} and halt.strategy in {"", strategy}
            if is_meant and (halt.block_exits or not only_reduces):
                return halt.words
        return ""
