"""How much of a position the orders that work already close.

One place for all that asks for it: the alarm for what is bare, closes, changes of what protects.
Pure: orders in, units out.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from gateway.book import Book
from gateway.figures import figure
from gateway.orders import ENDED
from gateway.records import OrderRecord
from gateway.tickets import Ticket

NAMED_MAX: Final = 3
"""Orders that one sentence names."""

Part = list[OrderRecord]
"""Protective orders of the same units: what fills of one is taken off the others."""


def covered(closing: Iterable[OrderRecord], book: Book) -> Decimal:
    """Add up what may fill against a position; orders that share a fill count once.

    What protects an entry counts as far as that has filled: the broker holds the rest of it, and
    ends all of it with an entry that filled nothing.
    """
    total, families = ZERO, defaultdict[str, Decimal](Decimal)
    for part in parts_of(closing):
        whole = part_of(part[0], book)
        units = min(left(whole), most(part))
        families[next((one.parent_ref for one in whole if one.parent_ref), "")] += units
    for parent, units in families.items():
        entry = book.orders.get(parent)
        if entry is None or (entry.state in ENDED and entry.filled):
            total += units
        elif entry.state not in ENDED:
            total += max(units - entry.remaining, ZERO)
    return total


def part_of(leg: OrderRecord, book: Book) -> Part:
    """Return all orders, also those that ended, which share their fills with a protective order."""
    near = [*book.legs_of(leg.parent_ref), *book.live(leg.account, leg.contract_id)]
    sharing = {one.order_ref: one for one in near if group(one) == group(leg)}
    return list({leg.order_ref: leg, **sharing}.values())


def parts_of(orders: Iterable[OrderRecord]) -> list[Part]:
    """Bring orders that share a fill together, the newest part first."""
    parts: dict[str, Part] = defaultdict(list)
    for order in sorted(orders, key=group, reverse=True):
        parts[group(order)].append(order)
    return list(parts.values())


def left(part: Part) -> Decimal:
    """Return what a part still closes, whether or not the broker told yet what fills took off."""
    return _left(part, {one.order_ref: size(one) for one in part})


def promised(part: Part) -> Decimal:
    """Return what a part would close had nothing of it made way for closes."""
    return _left(part, {one.order_ref: one.quantity + lent(one) for one in part})


def lent(leg: OrderRecord) -> Decimal:
    """Return the units that were taken off a protective order for closes, as far as confirmed."""
    return ZERO if leg.ticket is None else max(leg.ticket.whole - leg.quantity, ZERO)


def smaller(leg: OrderRecord, ticket: Ticket, quantity: Decimal) -> Ticket:
    """Write a protective order smaller, and what it was: should that be too much, it grows back."""
    whole = ticket.whole or leg.quantity
    return replace(ticket, quantity=quantity, parent_id=0, whole=whole)


def most(part: Part) -> Decimal:
    """Return what a part could close at the most, whatever the broker told of its sizes."""
    return max(rest(order) for order in part)


def rest(order: OrderRecord) -> Decimal:
    """Return what an order could still close."""
    return max(size(order) - order.filled, ZERO)


def size(order: OrderRecord) -> Decimal:
    """Return how large an order is, or has become by a change that was not confirmed yet."""
    if order.asked is None or order.ticket is None:
        return order.quantity
    return max(order.quantity, order.ticket.quantity)


def group(order: OrderRecord) -> str:
    """Name the orders that share a fill with this one."""
    return (order.ticket.oca_group if order.ticket is not None else "") or order.order_ref


def names(closing: Iterable[OrderRecord]) -> str:
    """Name orders to a person, and whose they are."""
    orders = list(closing)
    said = [
        f"{one.order_ref} ({one.side.name.lower()} {figure(one.remaining)} "
        f"{one.order_type.name.lower()}, strategy {one.strategy or 'without a name'})"
        for one in orders[:NAMED_MAX]
    ]
    more = f" and {len(orders) - NAMED_MAX} more" if len(orders) > NAMED_MAX else ""
    return ", ".join(said) + more


def _left(part: Part, sizes: dict[str, Decimal]) -> Decimal:
    """Take all fills of a part off it; a size that was not told yet still has the others' in it."""
    filled = sum((one.filled for one in part), ZERO)
    size = min(sizes[one.order_ref] + filled - one.filled for one in part)
    return max(size - filled, ZERO)
