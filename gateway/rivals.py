"""Orders that rest to close what a command is about to close. Pure: values in, orders out."""

from collections.abc import Iterable
from decimal import Decimal

from alertwire.money import ZERO
from alertwire.wire.command import OrderCommand
from gateway.exposure import is_sure
from gateway.holdings import BY_POSITION
from gateway.records import OrderRecord


def rivals(
    goal: OrderCommand,
    closed: Decimal,
    mine: Iterable[OrderRecord],
    position: Decimal,
    shared: Iterable[OrderRecord],
    held: Decimal,
) -> list[OrderRecord]:
    """Return what would open the other side by a fill after the command's, which has `closed` some.

    `mine` are the orders about the `position` that the command is about, `shared` those and all
    that are about the account's, which is `held`. Only what was sized by a position counts: other
    limits and stops may be entries.
    """
    mine, shared = list(mine), list(shared)
    found = [order for order in shared if _rests_to_close(order, goal, position)]
    is_one_too_many = any(
        _rest(order for order in orders if order in found) > _left(closed, orders, goal, units)
        for orders, units in ((mine, position), (shared, held))
    )
    return found if closed and is_one_too_many else []


def _left(
    closed: Decimal, orders: list[OrderRecord], goal: OrderCommand, units: Decimal
) -> Decimal:
    """Return what the command, and the market orders under way before it, leave of `units`."""
    moving = _rest(
        order
        for order in orders
        if is_sure(order) and order.signed * units < 0 and order.command_id != goal.command_id
    )
    return max(abs(units) - moving - closed, ZERO)


def _rest(orders: Iterable[OrderRecord]) -> Decimal:
    return sum((order.remaining for order in orders), ZERO)


def _rests_to_close(order: OrderRecord, goal: OrderCommand, position: Decimal) -> bool:
    return (
        order.action in BY_POSITION
        and order.command_id != goal.command_id
        and not order.is_leg
        and not is_sure(order)
        and not order.is_vouched
        and not order.is_absent
        and order.signed * position < 0
    )
