"""Entries that were not carried out: what the next trade of the other side may do is bounded.

A strategy whose buy was refused closes it all the same, with a sell. That sell must only reduce:
it is clipped to the position, or it would open the opposite one. Pure state of the desk.
"""

from collections import OrderedDict
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Action, Instrument
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.records import CommandRecord, OrderRecord

ENTRIES_MAX: Final = 20_000
"""Last trades kept in memory, one of each strategy, account and instrument."""
NOTHING_TO_CLOSE: Final = "its entry was not carried out: nothing to close"
ONLY_REDUCES: Final = "it only reduces: its entry was not carried out"
_TRADES: Final = frozenset({Action.BUY, Action.SELL, Action.TARGET, Action.REVERSE, Action.EXIT})
_FAILED: Final = frozenset({Outcome.EXPIRED, Outcome.REJECTED, Outcome.VOIDED})

_Place = tuple[str, str, Instrument]


class Entries:
    """The last trade of each strategy, account and instrument, and whether it failed."""

    def __init__(self) -> None:
        self._last: OrderedDict[_Place, tuple[CommandRecord, bool]] = OrderedDict()

    def learn(self, record: CommandRecord) -> None:
        """Take in how a command ended."""
        command = record.command
        if command.action not in _TRADES or command.instrument is None:
            return
        has_failed = record.outcome in _FAILED
        if has_failed and (command.action is Action.EXIT or self._closes_failed(record)):
            # A close that failed leaves the entry before it as it was.
            return
        place = (command.strategy, record.account, command.instrument)
        self._last[place] = (record, has_failed)
        self._last.move_to_end(place)
        # Expired before the first connection: its account was not known yet.
        if record.account:
            self._last.pop((command.strategy, "", command.instrument), None)
        if len(self._last) > ENTRIES_MAX:
            self._last.popitem(last=False)

    def order_changed(self, order: OrderRecord) -> None:
        """Take in that the broker refused what it had accepted, or filled what it had refused."""
        place = (order.strategy, order.account, order.instrument)
        record, _ = self._last.get(place, (None, False))
        if record is None or record.command.command_id != order.command_id:
            return
        if order.state is OrderState.REJECTED or order.filled:
            self._last[place] = (record, not order.filled)

    def closing_side(self, record: CommandRecord, position: Decimal) -> Side | None:
        """Return the side if this trade may only reduce the position; None: it is free."""
        side = _side(record, position)
        failed = self._failed(record)
        if failed is None or record.command.action not in {Action.BUY, Action.SELL}:
            return None
        entry = _side(failed, position)
        return side if entry is not None and side is not entry else None

    def _closes_failed(self, record: CommandRecord) -> bool:
        failed = self._failed(record)
        if failed is None or record.command.action not in {Action.BUY, Action.SELL}:
            return False
        entry = _side(failed, ZERO)
        return entry is not None and entry is not _side(record, ZERO)

    def _failed(self, record: CommandRecord) -> CommandRecord | None:
        command = record.command
        if command.instrument is None:
            return None
        for account in (record.account, ""):
            last, has_failed = self._last.get(
                (command.strategy, account, command.instrument), (None, False)
            )
            if last is not None:
                return last if has_failed else None
        return None


def _side(record: CommandRecord, position: Decimal) -> Side | None:
    """Name the side on which a trade would have opened; None: it opens nothing."""
    match record.command.action:
        case Action.BUY:
            return Side.BUY
        case Action.SELL:
            return Side.SELL
        case Action.TARGET:
            wanted = record.command.sizing.value if record.command.sizing else ZERO
        case Action.REVERSE:
            wanted = -position
        case _:
            wanted = ZERO
    if not wanted:
        return None
    return Side.BUY if wanted > 0 else Side.SELL
