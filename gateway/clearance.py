"""What protects a position makes way before it is closed, or it would open the other side after it.

The protective orders of what is to be closed are cancelled, or made smaller where a part stays, and
the close goes out once the broker has confirmed that. Pure state of the desk.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import OrderType
from alertwire.wire.report import OrderState
from gateway import revisions
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.events import CancelOrder, Effects
from gateway.orders import ENDED, UNCERTAIN
from gateway.pacer import Priority
from gateway.positions import Positions
from gateway.records import CommandRecord, OrderRecord
from gateway.sizing import Approved, Refused

CLEAR_S: Final = 5.0
"""So long a close waits for the broker to confirm that what protects the position made way."""
RESTS: Final = (
    "protective orders work on this position, and an exit that rests beside them would leave them "
    "behind: send modify with take_profit or stop_loss, or a market exit"
)


@dataclass(frozen=True, slots=True)
class Waits:
    """The close has to wait for protective orders to end or to shrink."""


class Clearance:
    """Makes way for closes."""

    def __init__(self, book: Book, positions: Positions, client_id: int) -> None:
        self._book, self._positions, self._client_id = book, positions, client_id

    def make_way(
        self,
        record: CommandRecord,
        qualified: Qualified,
        approved: Approved,
        now: datetime,
        effects: Effects,
    ) -> Waits | Refused | None:
        """Ask for what an order needs before it may go out; None: it may go."""
        contract = qualified.contract
        position = self._positions.quantity(record.account, contract.contract_id)
        guards = [
            order
            for order in self._book.live(record.account, contract.contract_id)
            if order.is_leg and order.side is approved.side and self._is_awake(order)
        ]
        if not guards or position * -guards[0].signed <= 0:
            return None
        entry = record.command.entry
        room = max(abs(position) - approved.quantity, ZERO)
        parts = _parts(guards)
        excess = sum((_most(part) for part in parts), ZERO) - room
        if excess <= 0:
            return None
        is_market = entry is None or entry.type is OrderType.MARKET
        if not is_market or record.command.good_after is not None:
            return Refused(RESTS)
        for part in reversed(parts):
            if excess <= 0:
                break
            size = _most(part)
            left = max(size - excess, ZERO)
            excess -= size - left
            for leg in part:
                self._shrink(leg, left, qualified, now, effects)
        return Waits()

    def is_over(self, asked_at: datetime, now: datetime) -> bool:
        return not 0 <= (now - asked_at).total_seconds() < CLEAR_S

    def _is_awake(self, leg: OrderRecord) -> bool:
        """True for a leg whose entry has filled something; the others end with their entry."""
        entry = self._book.orders.get(leg.parent_ref)
        return leg.state is not OrderState.UNKNOWN and (entry is None or bool(entry.filled))

    def _shrink(
        self, leg: OrderRecord, left: Decimal, qualified: Qualified, now: datetime, effects: Effects
    ) -> None:
        entry = self._book.orders.get(leg.parent_ref)
        if entry is not None and entry.state not in ENDED:
            # It is filled in part only: TWS ends its legs with it.
            self._cancel(entry, now, effects)
            return
        total = left + leg.filled
        if left <= 0 or leg.ticket is None:
            self._cancel(leg, now, effects)
        elif leg.ticket.quantity != total and leg.state not in UNCERTAIN:
            ticket = replace(leg.ticket, quantity=total, parent_id=0)
            revisions.ask(leg, ticket, qualified.contract, now, effects)

    def _cancel(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        asked_at = order.cancel_asked_at
        if order.client_id != self._client_id or (
            asked_at is not None and not self.is_over(asked_at, now)
        ):
            return
        order.cancel_asked_at = now
        effects.orders[order.order_ref] = order
        effects.requests.append((Priority.CANCEL, CancelOrder(order.order_ref, order.order_id)))


def _parts(guards: list[OrderRecord]) -> list[list[OrderRecord]]:
    """Bring the legs that share a fill together, part by part."""
    ordered = sorted(guards, key=_group)
    return [list(part) for _, part in groupby(ordered, key=_group)]


def _group(leg: OrderRecord) -> str:
    return leg.ticket.oca_group if leg.ticket is not None else leg.order_ref


def _most(part: list[OrderRecord]) -> Decimal:
    return max(leg.remaining for leg in part)
