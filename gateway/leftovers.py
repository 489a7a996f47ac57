"""Protective orders whose position is gone: what they were to close, they would open.

A position that is closed by hand or by another program leaves them at the broker, and no command is
about them any more. Pure state of the desk.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import SecurityType
from alertwire.wire.report import OrderRole
from gateway import covers, revisions
from gateway.book import Book
from gateway.clearance import CLEAR_S
from gateway.contracts import placeable
from gateway.covers import Part
from gateway.events import CancelOrder, Effects
from gateway.figures import figure
from gateway.holdings import Holdings
from gateway.orders import ACK_S, CHANGEABLE, ENDED, UNCERTAIN
from gateway.pacer import Priority
from gateway.positions import Positions
from gateway.records import OrderRecord
from gateway.rules import Rules

LEFT_S: Final = 5.0
"""So long more is protected than is held before that is believed: fills, and what the broker itself
cancels after them, come one by one."""
LOOK_S: Final = 1.0
FRESH_S: Final = 2.0
"""So long the terms of an order count as what the broker has."""
LEFT: Final = "protection_without_position"
_Place = tuple[str, int, str, int]
"""Account, contract, strategy where its own position counts, and 1 for buys or -1 for sells."""


class Leftovers:
    """Cancels protective orders that protect nothing."""

    def __init__(
        self,
        book: Book,
        positions: Positions,
        holdings: Holdings,
        rules: Rules,
        client_id: int,
        look: Callable[[Effects], None],
        watch: Callable[[OrderRecord], None],
    ) -> None:
        """`look` asks the broker for its lists; `watch` follows what was made smaller."""
        self._book, self._positions, self._holdings = book, positions, holdings
        self._rules, self._client_id = rules, client_id
        self._look, self._watch = look, watch
        self._looked_at: datetime | None = None
        self._since: dict[_Place, datetime] = {}
        self._told: set[str] = set()
        """Orders that a person was called for, and that stay."""
        self._fitted: dict[str, Decimal] = {}
        """Sizes that were asked for; what the broker refused is not asked for again."""

    def tick(self, now: datetime, effects: Effects) -> None:
        """Cancel what has protected nothing for so long, and call a person for it."""
        if self._looked_at is not None and _is_within(LOOK_S, self._looked_at, now):
            return
        self._looked_at = now
        found = self._find(now)
        self._since = {place: self._since.get(place, now) for place in found}
        refs = {leg.order_ref for parts in found.values() for part in parts for leg in part}
        self._told &= refs
        self._fitted = {ref: size for ref, size in self._fitted.items() if ref in refs}
        for place, parts in found.items():
            if not _is_within(LEFT_S, self._since[place], now):
                self._end(parts, self._held(place), now, effects)

    def _find(self, now: datetime) -> dict[_Place, list[Part]]:
        """Return the protective orders of places where they would close more than is held."""
        legs: dict[_Place, list[OrderRecord]] = defaultdict(list)
        for order in self._book.all_live():
            if order.is_leg and self._works(order):
                strategy = order.strategy if self._rules.is_own(order) else ""
                legs[order.account, order.contract_id, strategy, order.signed].append(order)
        found = {}
        for place, guards in legs.items():
            account, contract_id = place[:2]
            parts = covers.parts_of(guards)
            is_moving = self._book.has_market_orders(account, contract_id)
            if is_moving or self._positions.is_unsure(account, contract_id, now):
                continue
            if _most(parts) > self._held(place):
                found[place] = parts
        return found

    def _works(self, leg: OrderRecord) -> bool:
        """True for a leg on its own; TWS ends the others with their entry."""
        entry = self._book.orders.get(leg.parent_ref)
        return leg.state not in UNCERTAIN and (
            entry is None or (entry.state in ENDED and bool(entry.filled))
        )

    def _held(self, place: _Place) -> Decimal:
        account, contract_id, strategy, sign = place
        held = self._positions.quantity(account, contract_id)
        if strategy:
            held = self._holdings.closable(account, strategy, contract_id, held)
        return max(-sign * held, ZERO)

    def _end(self, parts: list[Part], held: Decimal, now: datetime, effects: Effects) -> None:
        """Cancel whole parts, so that what stays protects all that is held."""
        excess = sum((_size(part) for part in parts), ZERO) - held
        ended: list[OrderRecord] = []
        # What has no stop goes first, then the oldest.
        for part in sorted(parts, key=_rank):
            if _size(part) <= excess and all(self._may_cancel(leg) for leg in part):
                excess -= _size(part)
                ended += part
        rest_of = [part for part in parts if part[0] not in ended]
        excess = sum((self._fit(part, now, effects) for part in rest_of), ZERO) - held
        legs = [leg for part in parts for leg in part]
        rest = {leg.order_ref for leg in legs if leg not in ended}
        if any(leg.cancel_asked_at is None for leg in ended) or (excess > 0 and rest - self._told):
            self._tell(legs, ended, held, excess, effects)
        if excess > 0:
            self._told |= rest
        for leg in ended:
            asked_at = leg.cancel_asked_at
            if asked_at is None or not _is_within(CLEAR_S, asked_at, now):
                leg.cancel_asked_at = now
                effects.orders[leg.order_ref] = leg
                effects.requests.append((Priority.CANCEL, CancelOrder(leg.order_ref, leg.order_id)))

    def _fit(self, part: Part, now: datetime, effects: Effects) -> Decimal:
        """Make orders as large as their part is; return what it could close, or will.

        A change of ours names a size, and may overtake a fill of its sibling: the broker took that
        fill off before, and nobody had told of it yet.
        """
        size = covers.left(covers.part_of(part[0], self._book))
        over = [leg for leg in part if size and leg.remaining > size]
        are_asked = [self._ask_less(leg, size + leg.filled, now, effects) for leg in over]
        return size if are_asked and all(are_asked) else covers.most(part)

    def _ask_less(self, leg: OrderRecord, total: Decimal, now: datetime, effects: Effects) -> bool:
        """Ask for a smaller size; True while that is on its way."""
        if leg.asked is not None:
            return _is_within(ACK_S, leg.updated_at, now)
        is_refused = self._fitted.get(leg.order_ref) == total
        if leg.ticket is None or leg.state not in CHANGEABLE or is_refused:
            return False
        if not self._may_cancel(leg):
            return False
        if leg.told_at is None or not _is_within(FRESH_S, leg.told_at, now):
            # A change names all terms, and the broker may have moved them.
            self._look(effects)
            return True
        self._fitted[leg.order_ref] = total
        ticket = covers.smaller(leg, leg.ticket, total)
        revisions.ask(leg, ticket, placeable(leg), now, effects)
        self._watch(leg)
        return True

    def _may_cancel(self, leg: OrderRecord) -> bool:
        # Of currencies the broker tells positions that it may reset, so flat is no proof.
        is_forex = leg.instrument.security_type is SecurityType.FOREX
        return leg.client_id == self._client_id and not is_forex

    def _tell(
        self,
        legs: list[OrderRecord],
        ended: list[OrderRecord],
        held: Decimal,
        excess: Decimal,
        effects: Effects,
    ) -> None:
        leg = legs[0]
        symbol = leg.local_symbol or leg.symbol
        detail = (
            f"{figure(held)} {symbol} are held in {leg.account}, and protective orders would close "
            "more, which opens the other side: was it closed by hand or by another program?"
        )
        if ended:
            detail += f"; cancelled: {_names(ended)}"
        if excess > 0:
            rest = [one for one in legs if one not in ended]
            detail += f"; {figure(excess)} too much stay: cancel or change in TWS {_names(rest)}"
        effects.alarm(
            LEFT,
            order_ref=leg.order_ref,
            alert_id=leg.alert_id,
            account=leg.account,
            detail=detail,
        )


def _most(parts: Iterable[Part]) -> Decimal:
    """Return what parts could close: of one, the broker has not taken off what another filled."""
    return sum((covers.most(part) for part in parts), ZERO)


def _size(part: Part) -> Decimal:
    """Return what a part closes at the least; so much less is protected without it."""
    return min(leg.remaining for leg in part)


def _rank(part: Part) -> tuple[bool, datetime, int]:
    has_stop = any(leg.role is OrderRole.STOP_LOSS for leg in part)
    return has_stop, min(leg.created_at for leg in part), min(leg.order_id for leg in part)


def _names(legs: Iterable[OrderRecord]) -> str:
    return ", ".join(leg.order_ref for leg in legs)


def _is_within(seconds: float, since: datetime, now: datetime) -> bool:
    return 0 <= (now - since).total_seconds() < seconds
