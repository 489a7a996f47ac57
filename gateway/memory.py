"""What a desk starts from: all that the ledger tells of the time before. Values alone."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from alertwire.journal.reaches import Reached
from alertwire.wire.control import Halt, StrategyHolding
from gateway.records import CommandRecord, Fence, OrderRecord
from gateway.tally import Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is not over, and what of the rest goes on to count."""

    commands: Iterable[CommandRecord] = ()
    """Those that are not decided, and those that a person must decide."""
    orders: Iterable[OrderRecord] = ()
    """Those that have not ended, and what belongs to them."""
    decided: Iterable[CommandRecord] = ()
    """The last trades, oldest first."""
    fences: Mapping[tuple[str, str], Fence] = field(default_factory=dict)
    """Those of the commands that are not decided."""
    halts: Iterable[Halt] = ()
    sent: Iterable[Sent] = ()
    """The orders of the last day, oldest first."""
    families: Iterable[OrderRecord] = ()
    """Families of which a protective order ended in the last day: to be looked after."""
    closings: Iterable[CommandRecord] = ()
    """What the gateway closed for those."""
    holdings: Iterable[StrategyHolding] = ()
    bare: Collection[str] = ()
    """Stops among the families that we cancelled for a close."""
    long_bare: Iterable[OrderRecord] = ()
    """Families whose stop ended before the last day, of positions that are open: to be told of."""
    openers: Iterable[OrderRecord] = ()
    """The last orders that made what strategies hold larger: they tell by which symbol."""
    reaches: Iterable[Reached] = ()
    """What flattens are about, oldest first."""
