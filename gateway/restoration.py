"""Protective orders that grow back, where the close that they made way for took less than that.

They come back to what is held, and to no more than they were before. What another order closes
already is left out, so that nothing can open the other side. Pure state of the desk.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from gateway import covers, revisions
from gateway.book import Book
from gateway.contracts import placeable
from gateway.events import Effects
from gateway.figures import figure
from gateway.gaps import Gaps
from gateway.orders import ACK_S, CHANGEABLE, ENDED, UNCERTAIN
from gateway.records import OrderRecord
from gateway.scales import Scales


@dataclass(slots=True)
class Attempt:
    """How far the restoration of one protective order has come."""

    looked_at: datetime | None = None
    """When the broker was asked for its lists before the change."""
    tried: Decimal | None = None
    """The size that was asked for last; what the broker refused is not asked for again."""


class Restoration:
    """Makes protective orders larger again, one part of a position at a time.

    It goes out at once, for a position is bare meanwhile, and takes its turns of the pace: at most
    one part in a tick.
    """

    def __init__(
        self,
        book: Book,
        scales: Scales,
        gaps: Gaps,
        client_id: int,
        look: Callable[[Effects], None],
        objection: Callable[[str, str], str],
    ) -> None:
        """`look` asks the broker for its lists; `objection` names a halt that forbids a change."""
        self._book, self._scales, self._gaps = book, scales, gaps
        self._client_id, self._look, self._objection = client_id, look, objection
        self._under_way: dict[str, datetime | None] = {}
        """Orders whose change was asked for, and when the broker was asked what became of it."""
        self._asked_at: datetime | None = None

    def tick(self, now: datetime, effects: Effects) -> None:
        """Give up changes of which the broker says nothing, and tells the order as it was."""
        for ref, looked_at in list(self._under_way.items()):
            order = self._book.orders.get(ref)
            if order is None or order.asked is None or order.state in ENDED | UNCERTAIN:
                del self._under_way[ref]
            elif _is_within(ACK_S, order.updated_at, now):
                continue
            elif looked_at is None:
                self._look(effects)
                self._under_way[ref] = now
            elif _is_told(order, looked_at):
                revisions.refuse(order, effects)
                del self._under_way[ref]

    def goes_on(
        self,
        leg: OrderRecord,
        attempt: Attempt,
        exposed: Decimal,
        now: datetime,
        effects: Effects,
    ) -> bool:
        """Give an order that was made smaller back what is `exposed`; False: that cannot be."""
        if not self._may_change(leg) or self._objection(leg.account, leg.strategy):
            return False
        if self._is_busy(leg, now):
            return True
        sizes = self._sizes(leg, min(exposed, self._gaps.free(leg)))
        if sizes[leg.order_ref] <= leg.quantity or sizes[leg.order_ref] == attempt.tried:
            return False
        # A change names all terms: what the broker has filled, or moved, must be known before it.
        if attempt.looked_at is None:
            self._look(effects)
            attempt.looked_at = now
        if not _is_told(leg, attempt.looked_at):
            return _is_within(ACK_S, attempt.looked_at, now)
        attempt.looked_at, attempt.tried = None, sizes[leg.order_ref]
        self._asked_at = now
        for ref, size in sizes.items():
            one = self._book.orders[ref]
            if one.ticket is not None and size > one.quantity:
                ticket = replace(one.ticket, quantity=size)
                revisions.ask(one, ticket, placeable(one), now, effects)
                self._under_way[ref] = None
        effects.note(
            "protection_restored",
            order_ref=leg.order_ref,
            alert_id=leg.alert_id,
            account=leg.account,
            detail=f"the close took less than made way for it: {figure(leg.quantity)} units become "
            f"{figure(sizes[leg.order_ref])} again",
        )
        return True

    def _is_busy(self, leg: OrderRecord, now: datetime) -> bool:
        """True while another change is on its way, or what is held is not sure."""
        near = self._book.live(leg.account, leg.contract_id)
        is_asked = any(one.order_ref in self._under_way for one in near)
        is_unsure = self._scales.is_unsure(leg, leg.contract_id, now)
        return is_asked or is_unsure or self._asked_at == now

    def _sizes(self, leg: OrderRecord, back: Decimal) -> dict[str, Decimal]:
        """Return how large the orders of a part become: each fill of one is off all of them.

        A gap is never more than what made way, so none becomes larger than it was.
        """
        part = covers.part_of(leg, self._book)
        left = covers.left(part) + back
        return {one.order_ref: left + one.filled for one in part if self._may_change(one)}

    def _may_change(self, leg: OrderRecord) -> bool:
        is_own = leg.client_id == self._client_id and leg.ticket is not None
        return is_own and leg.state in CHANGEABLE


def _is_told(order: OrderRecord, since: datetime) -> bool:
    """True once the broker has told an order's terms after that."""
    return order.told_at is not None and order.told_at >= since


def _is_within(seconds: float, since: datetime, now: datetime) -> bool:
    return 0 <= (now - since).total_seconds() < seconds
