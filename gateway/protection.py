"""The protection of positions: what becomes of protective orders that the broker does not keep.

Pure state of the desk.
"""

from datetime import datetime

from alertwire.wire.report import OrderRole, OrderState
from gateway.book import Book
from gateway.events import CancelOrder, Effects
from gateway.orders import ENDED, UNCERTAIN, OrderEvent
from gateway.pacer import Priority
from gateway.records import CommandRecord, OrderRecord

NEVER_WORKED = "its entry never worked"
"""Detail of a protective order whose entry the broker did not take."""


class Protection:
    """Watches entries and the orders that protect what they opened."""

    def __init__(self, book: Book, client_id: int) -> None:
        self._book, self._client_id = book, client_id

    def order_changed(
        self, order: OrderRecord, before: OrderState, now: datetime, effects: Effects
    ) -> None:
        """Take in that an order ended, or that it is lost."""
        if order.state is before or order.state not in {*ENDED, OrderState.UNKNOWN}:
            return
        if order.is_leg:
            self._leg_ended(order, now, effects)
        elif order.state is not OrderState.UNKNOWN and not order.filled:
            # TWS ends the children of an order that ends; of these it never said a word.
            for leg in self._book.legs_of(order.order_ref):
                if leg.state in UNCERTAIN:
                    event = OrderEvent.CANCELLED
                    self._book.happen(leg, event, now, effects, detail=NEVER_WORKED)

    def are_all_known(self, record: CommandRecord) -> bool:
        """True once the broker has said of each of a command's orders that it has it, or had."""
        return not any(order.state in UNCERTAIN for order in self._orders(record))

    def refusals(self, record: CommandRecord) -> str:
        """Say which protective orders of a command the broker refused."""
        return "; ".join(
            f"the broker refused the {name(order)} ({order.code}): {order.detail}"
            for order in self._orders(record)
            if order.is_leg and order.state is OrderState.REJECTED
        )

    def _orders(self, record: CommandRecord) -> list[OrderRecord]:
        orders = (self._book.orders.get(ref) for ref in record.order_refs)
        return [order for order in orders if order is not None]

    def _leg_ended(self, leg: OrderRecord, now: datetime, effects: Effects) -> None:
        if leg.state is not OrderState.REJECTED:
            return
        effects.alarm(
            "protective_order_refused",
            order_ref=leg.order_ref,
            alert_id=leg.alert_id,
            account=leg.account,
            detail=f"the broker refused the {name(leg)} ({leg.code}): {leg.detail}",
        )
        entry = self._book.orders.get(leg.parent_ref)
        if entry is None or entry.state not in UNCERTAIN:
            return
        # TWS still holds the entry, or is about to let it work without this leg.
        for one in (entry, *self._book.legs_of(entry.order_ref)):
            if one.state not in ENDED and one.client_id == self._client_id:
                self._cancel(one, now, effects)

    def _cancel(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        order.cancel_asked_at = now
        effects.orders[order.order_ref] = order
        effects.requests.append((Priority.CANCEL, CancelOrder(order.order_ref, order.order_id)))


def name(leg: OrderRecord) -> str:
    """Name a protective order to a person."""
    role = "take profit" if leg.role is OrderRole.TAKE_PROFIT else "stop loss"
    return f"{role} of {leg.local_symbol or leg.symbol}, {leg.quantity.normalize():f} units"
