"""The last look at an order before it is written down: whether a person or a limit forbids it.

It looks in the turn of the order's intent, so two orders cannot both pass where there is room for
one. Pure state of the desk.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ONE, ZERO
from alertwire.trading import Limits
from alertwire.wire.alert import Action, OrderType, QuantityType
from alertwire.wire.alert import Entry as OrderEntry
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import Side
from gateway.amounts import is_flat
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.events import Effects
from gateway.figures import figure
from gateway.halts import Halts
from gateway.limits import (
    Breach,
    Count,
    Entry,
    Told,
    Wanted,
    breach,
    breach_again,
    needs_last_price,
)
from gateway.places import full
from gateway.positions import Positions
from gateway.records import CommandRecord, OrderRecord
from gateway.rules import Rules
from gateway.scales import Scales
from gateway.sizing import Approved, size
from gateway.tally import CLOSES, DAY, MINUTE, Scope, Sent, Tally
from gateway.terms import is_open

_IN_UNITS: Final = frozenset({Action.BUY, Action.SELL, Action.TARGET})
"""What may only reduce, and says so by its number of units."""
LIMIT_BREACHED: Final = "limit_breached"
"""Event of a refusal by a limit; it names the limit and the numbers."""


class Guard:
    """Says why an order that is sized may not be sent."""

    def __init__(
        self,
        book: Book,
        positions: Positions,
        scales: Scales,
        halts: Halts,
        tally: Tally,
        rules: Rules,
        *,
        is_live: bool,
    ) -> None:
        self._book, self._positions, self._halts = book, positions, halts
        self._scales = scales
        self._tally, self._rules, self._is_live = tally, rules, is_live

    def objection(
        self,
        record: CommandRecord,
        contract_id: int,
        approved: Approved,
        own: OrderRecord | None = None,
    ) -> str:
        """Say why no order may go now; empty: it may. `own` is its row, when it is sent again."""
        only_reduces = self.only_reduces(record, contract_id, approved, own)
        return self._forbids(record.account, record.command.strategy, only_reduces=only_reduces)

    def again(
        self,
        record: CommandRecord,
        qualified: Qualified,
        approved: Approved,
        own: OrderRecord,
        now: datetime,
        effects: Effects,
    ) -> str:
        """Say why what was written down may not be sent again as an entry; empty: it may.

        No price and no profit is waited for here, and it was counted when it was written down.
        """
        contract_id = qualified.contract.contract_id
        if reason := self.objection(record, contract_id, approved, own):
            return reason
        if self.only_reduces(record, contract_id, approved, own):
            return ""
        sent = _sent(record, contract_id, approved.side, own.created_at)
        limited = [(scope, limits) for scope, limits in self._limits_of(sent) if limits.are_set]
        if not limited:
            return ""
        if not own.is_entry:
            return (
                f"the position has moved: no limit was looked at for a {own.side.name.lower()} of "
                f"{figure(own.quantity)}, which only reduced, and it would open now; send it again"
            )
        if approved.quantity > own.quantity or approved.side is not own.side:
            return (
                f"the position has moved: limits let {figure(own.quantity)} units go, and it would "
                f"be {figure(approved.quantity)} now; send it again"
            )
        entry = self._entry(record, qualified, approved, Told(), now, own)
        for scope, limits in limited:
            if (found := breach_again(limits, entry, now)) is not None:
                return _breached(record, scope, found, effects)
        return ""

    def protection(self, account: str, strategy: str) -> str:
        """Say why not even what protects a position may go now; empty: it may."""
        return self._forbids(account, strategy, only_reduces=True)

    def _forbids(self, account: str, strategy: str, *, only_reduces: bool) -> str:
        if self._is_live and not self._rules.account(account).live:
            return (
                f"account {account} is not named for live trading: "
                f"[accounts.{account}] live = true in alertwire.toml"
            )
        return self._halts.objection(account, strategy, only_reduces=only_reduces)

    def refusal(
        self,
        record: CommandRecord,
        qualified: Qualified,
        approved: Approved,
        told: Told,
        now: datetime,
        effects: Effects,
    ) -> str:
        """Say why a new order may not go: a halt, or a limit; empty: it may.

        What only reduces breaks no limit.
        """
        contract = qualified.contract
        if reason := self.objection(record, contract.contract_id, approved):
            return reason
        if self.only_reduces(record, contract.contract_id, approved):
            return ""
        sent = _sent(record, contract.contract_id, approved.side, now)
        # Counting what works takes a look at every order: not where nothing is limited.
        limited = [(scope, limits) for scope, limits in self._limits_of(sent) if limits.are_set]
        if not limited:
            return ""
        entry = self._entry(record, qualified, approved, told, now)
        for scope, limits in limited:
            found = breach(limits, entry, self._count(scope, sent, record), now)
            if found is not None:
                return _breached(record, scope, found, effects)
        return ""

    def _reduces_in_units(self, record: CommandRecord, qualified: Qualified) -> bool:
        """True for a trade or target of so many units that only reduces as everything stands."""
        command, contract_id = self._scales.goal(record, qualified), qualified.contract.contract_id
        sizing = command.sizing
        if command.action not in _IN_UNITS or sizing is None:
            return False
        if sizing.type is not QuantityType.UNITS:
            return False
        wanted = sizing.value * (command.multiplier or ONE)
        verdict = size(command.action, wanted, self._scales.position(record, contract_id))
        return isinstance(verdict, Approved) and self.only_reduces(record, contract_id, verdict)

    def minds_position(self, record: CommandRecord) -> bool:
        """Tell whether a halt or a limit makes it matter what is held, of whatever order."""
        sent = _sent(record, 0, Side.BUY, record.taken_at)
        account, strategy = record.account, record.command.strategy
        return bool(self._forbids(account, strategy, only_reduces=False)) or any(
            limits.position_quantity_max is not None or limits.position_value_max is not None
            for _, limits in self._limits_of(sent)
        )

    def wants(self, record: CommandRecord, qualified: Qualified) -> Wanted:
        """Tell what the limits of this order are held against."""
        command = record.command
        if command.action in {*CLOSES, Action.MODIFY} or is_flat(command):
            return Wanted()
        sent = _sent(record, qualified.contract.contract_id, Side.BUY, record.taken_at)
        rules = [limits for _, limits in self._limits_of(sent)]
        price = any(needs_last_price(limits) for limits in rules)
        profit = any(limits.daily_loss_max is not None for limits in rules)
        if not price and not profit:
            return Wanted()
        return Wanted() if self._reduces_in_units(record, qualified) else Wanted(price, profit)

    def room(self, record: CommandRecord, contract_id: int, approved: Approved, legs: int) -> str:
        """Say that TWS would take no more orders of this contract, side and account."""
        if self.only_reduces(record, contract_id, approved) and not _rests(record.command):
            return ""
        live = self._book.live(record.account, contract_id, record.first_refs or ())
        return full(live, approved.side, 1, legs)

    def sent(self, record: CommandRecord, order: OrderRecord) -> None:
        """Count an order that is written down in this turn; what only reduces is no entry."""
        sized = Approved(order.side, order.quantity)
        is_exempt = self.only_reduces(record, order.contract_id, sized, order)
        sent = _sent(record, order.contract_id, order.side, order.created_at)
        order.is_entry = sent.is_entry and not is_exempt
        self._tally.add(replace(sent, is_entry=order.is_entry))

    def only_reduces(
        self,
        record: CommandRecord,
        contract_id: int,
        approved: Approved,
        own: OrderRecord | None = None,
    ) -> bool:
        """Tell whether an order makes the position smaller in any case."""
        return reduces(
            Action.EXIT if is_flat(record.command) else record.command.action,
            approved,
            self._scales.position(record, contract_id, self._scales.wide(record, contract_id)),
            [order for order in self._scales.live(record, contract_id) if order is not own],
        )

    def _limits_of(self, sent: Sent) -> Iterator[tuple[Scope, Limits]]:
        return ((scope, self._limits(scope)) for scope in sent.scopes)

    def _limits(self, scope: Scope) -> Limits:
        if scope.route:
            return self._rules.route(scope.route).limits
        if scope.strategy:
            return self._rules.strategy(scope.strategy).limits
        return self._rules.account(scope.account).limits if scope.account else self._rules.limits

    def _count(self, scope: Scope, sent: Sent, record: CommandRecord) -> Count:
        works = self._book.all_live(record.first_refs or ())
        return Count(
            open=sum(1 for order in works if not order.is_leg and _is_of(order, scope)),
            last_minute=self._tally.within(scope, sent.at, MINUTE),
            last_day=self._tally.within(scope, sent.at, DAY),
            repeated_s=self._tally.since_equal_s(sent),
        )

    def _entry(
        self,
        record: CommandRecord,
        qualified: Qualified,
        approved: Approved,
        told: Told,
        now: datetime,
        own: OrderRecord | None = None,
    ) -> Entry:
        command, contract, terms = record.command, qualified.contract, qualified.terms
        asked = command.entry
        prices = (asked.limit_price, asked.stop_price) if asked else ()
        side = approved.side
        works = [
            order.remaining
            for order in self._book.live(
                record.account, contract.contract_id, record.first_refs or ()
            )
            if order.side is side and not order.is_leg and order is not own
        ]
        ordered = sum(works, approved.quantity)
        held = self._positions.quantity(record.account, contract.contract_id)
        return Entry(
            quantity=approved.quantity,
            cash=approved.cash,
            prices=tuple(price for price in prices if price is not None),
            alert_price=told.alert_price,
            last_price=told.last_price,
            far_price=told.ask if side is Side.BUY else told.bid,
            profit=told.profit,
            unit_value=terms.value_of(ONE, ONE),
            currency=contract.currency,
            position_after=held + (ordered if side is Side.BUY else -ordered),
            names=tuple(filter(None, (contract.symbol, contract.local_symbol))),
            is_regular=is_open(terms.liquid_sessions, now),
            is_extended=is_open(terms.trading_sessions, now),
            account=record.account,
            is_capped=_is_capped(asked, side),
        )


def _is_capped(own: OrderEntry | None, side: Side) -> bool:
    """True where an order cannot fill above the highest of its own prices.

    A buy has its limit. A sell is filled at its limit or above, and at its stop or below.
    """
    if own is None:
        return False
    if side is Side.BUY:
        return own.limit_price is not None
    return own.type in {OrderType.STOP, OrderType.STOP_LIMIT}


def reduces(
    action: Action | None, approved: Approved, position: Decimal, live: Iterable[OrderRecord]
) -> bool:
    """Tell whether an order can only make the position smaller, beside everything that works.

    The position is the one that the order is about: where strategies' own positions count, one that
    closes its own may go, although the account's then grows to what others hold. An exit always
    reduces: it is sized by what is held, and a limit that rests must not keep a trader in.
    """
    if action in CLOSES:
        return True
    is_opposite = position > 0 if approved.side is Side.SELL else position < 0
    closing = (o.remaining for o in live if o.side is approved.side and not o.is_leg)
    return is_opposite and approved.quantity <= abs(position) - sum(closing, ZERO)


def _rests(command: OrderCommand) -> bool:
    """True for a trade that may take a place at TWS for long, so that no exit would find one."""
    is_market = command.entry is None or command.entry.type is OrderType.MARKET
    return command.action not in CLOSES and not is_market


def _breached(record: CommandRecord, scope: Scope, found: Breach, effects: Effects) -> str:
    """Note a breach; return the words of its refusal."""
    reason = f"limits of {scope.words}: {found.words} ({found.limit})"
    names = {"alert_id": record.command.alert_id, "account": record.account}
    effects.note(LIMIT_BREACHED, limit=found.limit, detail=reason, **names)
    return reason


def _sent(record: CommandRecord, contract_id: int, side: Side, at: datetime) -> Sent:
    command = record.command
    return Sent(
        at=at,
        route=command.route,
        strategy=command.strategy,
        account=record.account,
        contract_id=contract_id,
        side=side,
        is_entry=command.action not in CLOSES,
    )


def _is_of(order: OrderRecord, scope: Scope) -> bool:
    return (
        scope.route in {"", order.route}
        and scope.strategy in {"", order.strategy}
        and scope.account in {"", order.account}
    )
