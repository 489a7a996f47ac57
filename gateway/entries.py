"""Entries that were not carried out: what the next trade of the other side may do is bounded.

A strategy whose buy was refused closes it all the same, with a sell. That sell must only reduce:
it is clipped to the position, or it would open the opposite one. Pure state of the desk.
"""

from collections import OrderedDict
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Action, Instrument
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.records import CommandRecord, OrderRecord

ENTRIES_MAX: Final = 20_000
"""Strategies and instruments whose last trades are kept in memory."""
NOTHING_TO_CLOSE: Final = "its entry was not carried out: nothing to close"
ONLY_REDUCES: Final = "it only reduces: its entry was not carried out"
_TRADES: Final = frozenset({Action.BUY, Action.SELL, Action.TARGET, Action.REVERSE, Action.EXIT})
_FAILED: Final = frozenset({Outcome.EXPIRED, Outcome.REJECTED, Outcome.VOIDED})
_LIVING: Final = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED, OrderState.CANCELLING})

_Place = tuple[str, Instrument]
_Trades = dict[str, tuple[CommandRecord, bool]]
"""The last trade of each account and whether it failed; "" stands for every other account."""


class Entries:
    """The last trades of each strategy and instrument."""

    def __init__(self) -> None:
        self._last: OrderedDict[_Place, _Trades] = OrderedDict()

    def learn(self, record: CommandRecord) -> None:
        """Take in how a command ended."""
        command = record.command
        if command.action not in _TRADES or command.instrument is None:
            return
        has_failed = record.outcome in _FAILED or record.was_refused
        if has_failed and command.action is Action.EXIT:
            # A close that failed leaves the entry before it as it was.
            return
        place = (command.strategy, command.instrument)
        trades = self._last.setdefault(place, {})
        self._last.move_to_end(place)
        if not record.account:
            # It is about every account, and newer than what each did before it.
            for account, (last, was_failed) in list(trades.items()):
                is_same_alert = last.command.alert_id == command.alert_id
                if not is_same_alert and not (was_failed and _closes(record, last)):
                    del trades[account]
        found = trades.get(record.account) or trades.get("")
        leaves_it = has_failed and found is not None and found[1] and _closes(record, found[0])
        if not leaves_it:
            trades[record.account] = (record, has_failed)
        if len(self._last) > ENTRIES_MAX:
            self._last.popitem(last=False)

    def learn_void(self, command: OrderCommand, now: datetime) -> None:
        """Take in that an alert was voided of which some command may never have come."""
        if command.instrument is None:
            return
        known, _ = self._last.get((command.strategy, command.instrument), {}).get(
            command.account, (None, False)
        )
        if known is None or known.command.alert_id != command.alert_id:
            self.learn(CommandRecord(command, command.account, now, command.trace, Outcome.VOIDED))

    def order_changed(self, order: OrderRecord) -> None:
        """Take in that the broker ended what it had accepted, or filled what it had refused."""
        if order.is_leg:
            # How its protection ends says nothing about the entry.
            return
        trades = self._last.get((order.strategy, order.instrument), {})
        record, _ = trades.get(order.account, (None, False))
        if record is None or record.command.command_id != order.command_id:
            return
        if order.has_failed or order.filled or order.state in _LIVING:
            trades[order.account] = (record, order.has_failed)

    def closing_side(self, record: CommandRecord, position: Decimal) -> Side | None:
        """Return the side if this trade may only reduce the position; None: it is free."""
        side = _side(record, position)
        failed = self._failed(record)
        if failed is None or record.command.action not in {Action.BUY, Action.SELL}:
            return None
        entry = _side(failed, position)
        return side if entry is not None and side is not entry else None

    def _failed(self, record: CommandRecord) -> CommandRecord | None:
        """Return the last trade where it was not carried out."""
        command = record.command
        if command.instrument is None:
            return None
        trades = self._last.get((command.strategy, command.instrument), {})
        found = trades.get(record.account) or trades.get("")
        return found[0] if found is not None and found[1] else None


def _closes(record: CommandRecord, failed: CommandRecord) -> bool:
    """True if a trade would have closed what another one did not open."""
    if record.command.action not in {Action.BUY, Action.SELL}:
        return False
    entry = _side(failed, ZERO)
    return entry is not None and entry is not _side(record, ZERO)


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
