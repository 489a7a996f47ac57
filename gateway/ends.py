"""When an order is over by what is filled. Changes nothing but how much it was for.

Units that were ordered end an order when they are filled, whatever the status says: one may come
late, or never. An amount of cash fills more or fewer units than were expected, so there the
broker's status alone tells when it is spent; what it bought is then what the order was for.
"""

from alertwire.wire.report import OrderState
from gateway.orders import OrderEvent, fill_event, status_event
from gateway.records import OrderRecord


def filling(order: OrderRecord) -> OrderEvent | None:
    """Say what is filled means for an order; None: nothing is."""
    if order.cash is None:
        return fill_event(order.filled, order.quantity)
    is_over = order.state is OrderState.FILLED
    order.quantity = order.filled if is_over else max(order.quantity, order.filled)
    return OrderEvent.PARTLY_FILLED if order.filled else None


def status_of(order: OrderRecord, status: str, why_held: str = "") -> OrderEvent | None:
    """Read a TWS order status as `status_event` does, and the end of what is bought for cash.

    Filled units must have been told before: without them nobody knows what is held.
    """
    if order.cash is not None and status == "Filled" and order.filled:
        order.quantity = order.filled
        return OrderEvent.FILLED
    return status_event(status, why_held)
