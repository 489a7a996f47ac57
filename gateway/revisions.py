"""Changes of orders that work: the same id with other terms (TWS API: "Modifying orders").

What is asked is written down before it is sent. It holds once openOrder tells it; an error about it
leaves the order as it was. A change that is repeated is the same change.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from alertwire.wire.alert import OrderType
from gateway.drafts import prices
from gateway.events import Effects, Placement
from gateway.messages import Contract, OpenOrder
from gateway.records import OrderRecord
from gateway.tickets import Ticket, telling

_STOP: Final = "STP"
_TRAIL: Final = "TRAIL"


def ask(
    order: OrderRecord, ticket: Ticket, contract: Contract, now: datetime, effects: Effects
) -> None:
    """Ask the broker to change an order of ours.

    A leg whose entry is done has no parent any more: TWS would not find it
    (https://github.com/erdewit/ib_insync/issues/647).
    """
    ticket = telling(ticket)
    was = order.ticket
    order.asked = order.asked or was
    order.ticket = replace(ticket, transmit=True)
    order.updated_at = now
    effects.orders[order.order_ref] = order
    effects.step(order, now, detail=f"asked to change to {words(order.ticket)}")
    sent = order.ticket
    if was is not None and _trail(was) == _trail(sent) and order.trail_stop_price is not None:
        # With the stop at which it began, the broker would take it back there.
        sent = replace(sent, trail_stop_price=order.trail_stop_price)
    effects.placements.append(Placement(contract, sent))


def moves(order: OrderRecord) -> bool:
    """True for a stop whose terms the broker changes by itself, so that ours may be old."""
    ticket = order.ticket
    return ticket is not None and (ticket.tws_type == _TRAIL or ticket.adjustment is not None)


def follow(order: OrderRecord, message: OpenOrder, now: datetime, effects: Effects) -> None:
    """Take over the terms that the broker tells of a protective order."""
    if order.ticket is None or not order.is_leg:
        return
    order.told_at, order.exchange = now, message.exchange
    if message.tws_type == _TRAIL:
        order.trail_stop_price = message.trail_stop_price
    before = order.ticket
    ticket = order.ticket = _adjusted(before, message)
    order.asked = order.asked and _adjusted(order.asked, message)
    told = replace(
        ticket,
        quantity=message.quantity or order.quantity,
        limit_price=message.limit_price if ticket.limit_price is not None else None,
        aux_price=message.aux_price if ticket.aux_price is not None else None,
    )
    if order.asked is not None and told != ticket:
        # Older than the change, or it is yet to come.
        return
    limit, stop = prices(told)
    if order.asked is None and told == before and order.quantity == told.quantity:
        return
    order.asked, order.ticket = None, told
    order.quantity, order.limit_price, order.stop_price = told.quantity, limit, stop
    order.updated_at = now
    effects.orders[order.order_ref] = order
    effects.report(order, now, detail=f"works as {words(told)}")


def _adjusted(ticket: Ticket, message: OpenOrder) -> Ticket:
    """Write what an order has become where the broker has adjusted it by itself.

    It does so once; sent again with the adjustment, the stop would be as it was before it.
    """
    if {ticket.tws_type, message.tws_type} == {_STOP, _TRAIL}:
        trails = message.tws_type == _TRAIL
        by_percent = trails and message.trail_percent is not None
        return replace(
            ticket,
            type=OrderType.TRAILING_STOP if trails else OrderType.STOP,
            tws_type=message.tws_type,
            aux_price=None if by_percent else message.aux_price,
            trail_percent=message.trail_percent if trails else None,
            trail_stop_price=message.trail_stop_price if trails else None,
            adjustment=None,
        )
    change = ticket.adjustment
    if change is not None and change.tws_type == _STOP and message.aux_price == change.stop_price:
        return replace(ticket, aux_price=message.aux_price, adjustment=None)
    return ticket


def _trail(ticket: Ticket) -> tuple[object, ...]:
    return ticket.tws_type, ticket.aux_price, ticket.trail_percent, ticket.trail_stop_price


def refuse(order: OrderRecord, effects: Effects) -> None:
    """Let an order be as it was before a change that the broker refused."""
    if order.asked is not None:
        order.ticket, order.asked = order.asked, None
        effects.orders[order.order_ref] = order


def words(ticket: Ticket) -> str:
    """Name an order's terms to a person."""
    limit, stop = prices(ticket)
    said = [f"{ticket.side.name.lower()} {ticket.quantity.normalize():f} {ticket.tws_type}"]
    said += [f"{price.normalize():f}" for price in (stop, limit) if price is not None]
    return " ".join(said)
