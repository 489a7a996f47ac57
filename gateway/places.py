"""The places that TWS has for working orders of a contract. Pure: orders in, words out."""

from collections.abc import Collection
from typing import Final

from alertwire.wire.report import Side
from gateway.records import OrderRecord

ACTIVE_MAX: Final = 20
"""Working orders of one contract, side and account (TWS API: "Order Limitations")."""
EXIT_PLACES: Final = 1


def full(live: Collection[OrderRecord], side: Side, orders: int, legs: int = 0) -> str:
    """Say that TWS has no place for so many orders of a side, and legs of the other; empty: it has.

    A place of each side is kept for the exit: a position may come to be of either.
    """
    same = sum(1 for order in live if order.side is side)
    other, room = len(live) - same, ACTIVE_MAX - EXIT_PLACES
    if same + orders <= room and (not legs or other + legs <= room):
        return ""
    more = f", and {legs} that protect it on the other" if legs else ""
    return (
        f"TWS takes {ACTIVE_MAX} working orders of one contract, side and account: {same} work on "
        f"this side and {other} on the other, and this would be {orders} more{more}; {EXIT_PLACES} "
        "place of each side is kept for an exit"
    )
