"""How much of a position the orders that work already close. Pure: orders in, units out."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Final

from alertwire.money import ZERO
from gateway.figures import figure
from gateway.orders import ENDED
from gateway.records import OrderRecord

NAMED_MAX: Final = 3
"""Orders that one sentence names."""


def covered(closing: Iterable[OrderRecord], book: Mapping[str, OrderRecord]) -> Decimal:
    """Add up what may fill against a position; of orders that share a fill, the largest counts.

    What protects an entry counts as far as that has filled: the broker holds the rest of it.
    """
    groups = groupby(sorted(closing, key=_group), key=_group)
    return sum((_most(list(part), book) for _, part in groups), ZERO)


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


def _group(order: OrderRecord) -> str:
    group = order.ticket.oca_group if order.ticket is not None else ""
    return group or order.order_ref


def _most(part: list[OrderRecord], book: Mapping[str, OrderRecord]) -> Decimal:
    entry = book.get(part[0].parent_ref)
    asleep = ZERO if entry is None or entry.state in ENDED else entry.remaining
    return max(max(order.remaining for order in part) - asleep, ZERO)
