"""Changes of orders that work: the same id with other terms (TWS API: "Modifying orders").

What is asked is written down before it is sent. It holds once openOrder tells it; an error about it
leaves the order as it was. A change that is repeated is the same change.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from gateway.drafts import prices
from gateway.events import Effects, Placement
from gateway.messages import Contract
from gateway.records import OrderRecord
from gateway.tickets import Ticket, telling


def ask(
    order: OrderRecord, ticket: Ticket, contract: Contract, now: datetime, effects: Effects
) -> None:
    """Ask the broker to change an order of ours.

    A leg whose entry is done has no parent any more: TWS would not find it
    (https://github.com/erdewit/ib_insync/issues/647).
    """
    ticket = telling(ticket)
    order.asked = order.asked or order.ticket
    order.ticket = replace(ticket, transmit=True)
    order.updated_at = now
    effects.orders[order.order_ref] = order
    effects.step(order, now, detail=f"asked to change to {words(order.ticket)}")
    effects.placements.append(Placement(contract, order.ticket))


def follow(
    order: OrderRecord,
    quantity: Decimal,
    limit_price: Decimal | None,
    aux_price: Decimal | None,
    now: datetime,
    effects: Effects,
) -> None:
    """Take over the terms that the broker tells of an order."""
    ticket = order.ticket
    if ticket is None:
        return
    told = replace(
        ticket,
        quantity=quantity,
        limit_price=limit_price if ticket.limit_price is not None else None,
        aux_price=aux_price if ticket.aux_price is not None else None,
    )
    if order.asked is not None and told != ticket:
        # Older than the change, or it is yet to come.
        return
    limit, stop = prices(told)
    if order.asked is None and told == ticket and order.quantity == quantity:
        return
    order.asked, order.ticket = None, told
    order.quantity, order.limit_price, order.stop_price = quantity, limit, stop
    order.updated_at = now
    effects.orders[order.order_ref] = order
    effects.report(order, now, detail=f"works as {words(told)}")


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
