"""Gaps in the protection of positions: what a stop that ended, or made way, has left bare.

One look for all that asks for it: the alarm, the close of what is bare, reconcile. State of the
desk, read alone.
"""

from decimal import Decimal

from alertwire.money import ONE, ZERO
from alertwire.wire.alert import SecurityType
from alertwire.wire.report import OrderRole, OrderState
from gateway import covers
from gateway.amounts import in_steps
from gateway.book import Book
from gateway.exposure import is_sure
from gateway.orders import ENDED
from gateway.records import OrderRecord
from gateway.rules import Rules
from gateway.scales import Scales


class Gaps:
    """Works out what is bare, from what is held and the orders that work."""

    def __init__(self, book: Book, scales: Scales, rules: Rules) -> None:
        self._book, self._scales, self._rules = book, scales, rules

    def of(self, leg: OrderRecord) -> Decimal:
        """Return how many units a leg that ended, or was made smaller, has left bare.

        A fraction of a share is none of them: no order could protect or close it.
        """
        entry = self._book.orders.get(leg.parent_ref)
        if entry is not None and not entry.filled:
            return ZERO
        part = covers.part_of(leg, self._book)
        missing = covers.promised(part)
        if leg.state not in ENDED:
            missing -= covers.left(part)
        held, is_own = self._scales.held(leg), self._rules.is_own(leg)
        same = [
            one
            for one in self._book.live(leg.account, leg.contract_id)
            if one.role is leg.role
            and one.side is leg.side
            and (one.strategy == leg.strategy or not is_own)
        ]
        opened = missing if entry is None else entry.filled
        bare = min(missing, opened, held - covers.covered(same, self._book))
        return in_steps(bare, _step(leg))

    def free(self, leg: OrderRecord) -> Decimal:
        """Return how many units that a protective order is about nothing closes, lost or not."""
        closing = self._scales.closers_beside(leg)
        free = self._scales.held(leg) - covers.covered(closing, self._book)
        return in_steps(free, _step(leg))

    def closing(self, leg: OrderRecord) -> Decimal:
        """Return how many units orders at the market are about to close."""
        return sum(
            (
                order.remaining
                for order in self._book.live(leg.account, leg.contract_id)
                if order.side is leg.side
                and not order.is_leg
                and is_sure(order)
                and order.state is not OrderState.UNKNOWN
            ),
            ZERO,
        )

    def lines(self) -> tuple[str, ...]:
        """Name the positions whose stop has ended, as far as orders in memory tell."""
        found = ((leg, self._left_bare(leg)) for leg in list(self._book.orders.values()))
        return tuple(
            f"{leg.account}: {units.normalize():f} {leg.local_symbol or leg.symbol} are held "
            f"without their stop loss: {leg.order_ref} is {leg.state.name.lower()}"
            for leg, units in found
            if units > 0
        )

    def _left_bare(self, leg: OrderRecord) -> Decimal:
        """Return how many units a stop protects no more, and nothing closes."""
        is_whole = leg.state is OrderState.FILLED or not (leg.state in ENDED or covers.lent(leg))
        if leg.role is not OrderRole.STOP_LOSS or is_whole:
            return ZERO
        units = self.of(leg) - self.closing(leg)
        is_another = units > 0 and any(
            # What was opened after it never had this stop.
            order.filled and not order.is_leg and order.side is not leg.side
            for order in self._book.orders.values()
            if (order.account, order.contract_id) == (leg.account, leg.contract_id)
            and order.created_at > leg.updated_at
        )
        return ZERO if is_another else units


def _step(leg: OrderRecord) -> Decimal:
    """Return the step in which the broker takes orders: whole shares (TWS API: error 10243)."""
    return ONE if leg.instrument.security_type is SecurityType.STOCK else ZERO


def name(leg: OrderRecord) -> str:
    """Name a protective order to a person."""
    role = "take profit" if leg.role is OrderRole.TAKE_PROFIT else "stop loss"
    return f"{role} of {leg.local_symbol or leg.symbol}, {leg.quantity.normalize():f} units"
