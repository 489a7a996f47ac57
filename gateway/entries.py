"""Entries that were not carried out: what the next trades of the other side may do is bounded.

A strategy whose buy was refused closes it all the same, with a sell, whole or in parts. Until as
much was sold as was missed, sells must only reduce: they are clipped to the position, or they would
open the opposite one. However it is spelled, its contract counts where that is known: `ES1!` and
`ESZ2026` may be one. Pure state of the desk.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.instruments import instrument_key
from alertwire.money import ONE, ZERO
from alertwire.wire.alert import Action, Instrument, QuantityType, SecurityType
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.records import CommandRecord, OrderRecord
from gateway.sizing import OPENS

ENTRIES_MAX: Final = 20_000
"""Strategies and instruments whose last trades are kept in memory."""
TRADES_OF_ONE_MAX: Final = 32
"""Last trades of one strategy, instrument and account that are looked at, after a restart too."""
NOTHING_TO_CLOSE: Final = "its entry was not carried out: nothing to close"
ONLY_REDUCES: Final = "it only reduces: its entry was not carried out"
TRADES: Final = frozenset(
    {Action.BUY, Action.SELL, Action.TARGET, Action.REVERSE, Action.EXIT, Action.FLATTEN}
)
_FAILED: Final = frozenset({Outcome.EXPIRED, Outcome.REJECTED, Outcome.VOIDED})
_LIVING: Final = frozenset({OrderState.WORKING, OrderState.PARTIALLY_FILLED, OrderState.CANCELLING})
_ALL_PERCENT: Final = 100
_ORDERS: Final = frozenset({Action.BUY, Action.SELL})

_Place = tuple[str, str]
"""Strategy, and what is traded."""
_Root = tuple[str, SecurityType, str, str]
"""Strategy, and what all spellings of one contract have in common."""


@dataclass(slots=True)
class _Trade:
    number: int
    record: CommandRecord
    has_failed: bool


@dataclass(frozen=True, slots=True)
class _Missed:
    """What a strategy has by its own count and the account lacks.

    `side` None: of a reversal, the other side of what is held. `size` None: nobody can tell, for
    it was asked for in money or percent.
    """

    side: Side | None
    size: Decimal | None


class Entries:
    """The last trades of each strategy and instrument."""

    def __init__(self) -> None:
        self._last: OrderedDict[_Place, dict[str, deque[_Trade]]] = OrderedDict()
        self._spellings: dict[_Root, set[str]] = defaultdict(set)
        self._contracts: OrderedDict[str, int] = OrderedDict()
        """The contract that a spelling stood for last."""
        self._number = 0

    def learn(self, record: CommandRecord) -> None:
        """Take in how a command ended."""
        command = record.command
        if command.action not in TRADES or command.instrument is None:
            return
        has_failed = record.outcome in _FAILED or record.was_refused
        record.contract_id = self._know(command.instrument, record.contract_id)
        place = (command.strategy, instrument_key(command.instrument))
        self._spellings[_root(command.strategy, command.instrument)].add(place[1])
        accounts = self._last.setdefault(place, {})
        self._last.move_to_end(place)
        trades = accounts.setdefault(record.account, deque(maxlen=TRADES_OF_ONE_MAX))
        known = next((t for t in trades if t.record.command.command_id == command.command_id), None)
        if known is not None:
            known.record, known.has_failed = record, has_failed
        else:
            self._number += 1
            trades.append(_Trade(self._number, record, has_failed))
        if len(self._last) > ENTRIES_MAX:
            self._forget(self._last.popitem(last=False)[1])

    def _know(self, instrument: Instrument, contract_id: int) -> int:
        """Learn the contract of a spelling; where it is 0, return what that stood for last."""
        key = instrument_key(instrument)
        contract_id = contract_id or self._contracts.get(key, 0)
        if contract_id:
            self._contracts[key] = contract_id
            self._contracts.move_to_end(key)
        if len(self._contracts) > ENTRIES_MAX:
            self._contracts.popitem(last=False)
        return contract_id

    def _forget(self, accounts: dict[str, deque[_Trade]]) -> None:
        command = next(iter(accounts.values()))[0].record.command
        if command.instrument is None:
            return
        root = _root(command.strategy, command.instrument)
        self._spellings[root].discard(instrument_key(command.instrument))
        if not self._spellings[root]:
            del self._spellings[root]

    def learn_void(self, command: OrderCommand, now: datetime) -> None:
        """Take in that an alert was voided of which some command may never have come."""
        if command.instrument is None:
            return
        place = (command.strategy, instrument_key(command.instrument))
        trades = self._last.get(place, {}).get(command.account, ())
        if not any(trade.record.command.alert_id == command.alert_id for trade in trades):
            self.learn(CommandRecord(command, command.account, now, command.trace, Outcome.VOIDED))

    def order_changed(self, order: OrderRecord) -> None:
        """Take in that the broker ended what it had accepted, or filled what it had refused."""
        if order.is_leg:
            # How its protection ends says nothing about the entry.
            return
        accounts = self._last.get((order.strategy, instrument_key(order.instrument)), {})
        for trade in accounts.get(order.account, ()):
            if trade.record.command.command_id != order.command_id:
                continue
            trade.record.ordered = order.quantity
            if order.has_failed or order.filled or order.state in _LIVING:
                trade.has_failed = order.has_failed

    def closing_side(
        self, record: CommandRecord, position: Decimal, contract_id: int
    ) -> Side | None:
        """Return the side if this trade may only reduce the position; None: it is free."""
        command = record.command
        if command.action not in _ORDERS or command.instrument is None:
            return None
        own, root = instrument_key(command.instrument), _root(command.strategy, command.instrument)
        trades = [
            trade
            for key in self._spellings.get(root, ())
            for trade in _trades_of(self._last.get((command.strategy, key), {}), record.account)
            if trade.record is not record and (key == own or self._is_of(trade, key, contract_id))
        ]
        missed = _fold(sorted(trades, key=lambda trade: trade.number))
        if missed is None:
            return None
        side = _side(record)
        entry = missed.side or _opposite(position)
        return side if entry is not None and side is not entry else None

    def _is_of(self, trade: _Trade, key: str, contract_id: int) -> bool:
        return (trade.record.contract_id or self._contracts.get(key)) == contract_id


def _root(strategy: str, instrument: Instrument) -> _Root:
    return strategy, instrument.security_type, instrument.symbol, instrument.currency


def _trades_of(accounts: dict[str, deque[_Trade]], account: str) -> list[_Trade]:
    """Return the account's trades and those of every account, oldest first.

    What the account did of an alert itself is more than what is told of all accounts.
    """
    own = accounts.get(account, ())
    told = {trade.record.command.alert_id for trade in own}
    every = accounts.get("", ()) if account else ()
    others = [trade for trade in every if trade.record.command.alert_id not in told]
    return sorted([*own, *others], key=lambda trade: trade.number)


def _fold(trades: Iterable[_Trade]) -> _Missed | None:
    missed: _Missed | None = None
    for trade in trades:
        missed = _after_failure(missed, trade) if trade.has_failed else _after(missed, trade)
    return missed


def _after_failure(missed: _Missed | None, trade: _Trade) -> _Missed | None:
    """Add what was not carried out.

    A close that failed leaves what was missed before it: whether the strategy sends it again,
    nobody knows.
    """
    record = trade.record
    if record.command.action is Action.REVERSE:
        return _Missed(None, None)
    side, size = _side(record), _units(record)
    if side is None:
        return missed
    if missed is None or record.command.action is Action.TARGET:
        return _Missed(side, size)
    if missed.side is not side:
        return missed
    return _Missed(side, None if missed.size is None or size is None else missed.size + size)


def _after(missed: _Missed | None, trade: _Trade) -> _Missed | None:
    """Take off what a trade that was carried out would have closed of what was missed.

    Where nobody can tell how much that is, it stays: too little is sold rather than too much.
    """
    if missed is None:
        return None
    record, command = trade.record, trade.record.command
    units = _units(record)
    if command.closes is not None and OPENS.get(command.closes) is not missed.side:
        # It was about a position of the other side.
        return missed
    if command.action not in _ORDERS and (command.action is not Action.EXIT or _is_whole(command)):
        # It said where to be: strategy and account agree again.
        return None
    if _side(record) is missed.side:
        return missed
    if missed.size is None or units is None:
        return missed
    cut = units - (_ordered(record) if record.ordered is None else record.ordered)
    left = missed.size - max(cut, ZERO)
    if left > 0:
        return _Missed(missed.side, left)
    # More was cut off than had been missed: that is an entry of the other side which is not there.
    is_entry = left < 0 and command.action in _ORDERS
    return _Missed(_side(record), -left) if is_entry else None


def _is_whole(exit_: OrderCommand) -> bool:
    """True for an exit of all that is held, however it says so."""
    sizing = exit_.sizing
    if sizing is None or sizing.type is not QuantityType.PERCENT_OF_POSITION:
        return sizing is None
    # The account's multiplier is in its position already.
    return sizing.value >= _ALL_PERCENT


def _ordered(record: CommandRecord) -> Decimal:
    """Return how much was ordered where no order told it yet."""
    units = _units(record)
    return units if record.order_refs and units is not None else ZERO


def _units(record: CommandRecord) -> Decimal | None:
    """Return how many units were asked for; None: they were not asked for in units."""
    command = record.command
    if command.sizing is None or command.sizing.type is not QuantityType.UNITS:
        return None
    return abs(command.sizing.value) * (command.multiplier or ONE)


def _side(record: CommandRecord) -> Side | None:
    """Name the side on which a trade would have opened; None: it opens nothing."""
    match record.command.action:
        case Action.BUY:
            return Side.BUY
        case Action.SELL:
            return Side.SELL
        case Action.TARGET:
            wanted = record.command.sizing.value if record.command.sizing else ZERO
            return _opposite(-wanted)
        case _:
            return None


def _opposite(position: Decimal) -> Side | None:
    if not position:
        return None
    return Side.SELL if position > 0 else Side.BUY
