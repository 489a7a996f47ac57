"""What the exchange tells: events about orders, in the order in which they happened."""

from dataclasses import dataclass
from decimal import Decimal

from simulator.orders import Fill, Order, Status


@dataclass(frozen=True, slots=True)
class Opened:
    """The order's terms and status, as openOrder carries them."""

    order: Order
    status: Status


@dataclass(frozen=True, slots=True)
class Reported:
    """The order's progress at this moment, as orderStatus carries it."""

    order: Order
    status: Status
    filled: Decimal
    remaining: Decimal
    average_price: Decimal
    last_fill_price: Decimal
    why_held: str


@dataclass(frozen=True, slots=True)
class Executed:
    order: Order
    fill: Fill


@dataclass(frozen=True, slots=True)
class Charged:
    """The commission of an execution."""

    order: Order
    fill: Fill


@dataclass(frozen=True, slots=True)
class Noted:
    """A code and a text about an order: refusal, cancellation or mere information."""

    client_id: int
    order_id: int
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class PositionMoved:
    account: str
    con_id: int


@dataclass(frozen=True, slots=True)
class Estimated:
    """The answer to a what-if: what the order would cost and tie up."""

    order: Order
    net_liquidation: Decimal
    margin_before: Decimal
    margin_change: Decimal
    commission: Decimal


Event = Estimated | Opened | Reported | Executed | Charged | Noted | PositionMoved


def report(order: Order, status: Status | None = None) -> Reported:
    return Reported(
        order,
        status or order.status,
        order.filled,
        order.remaining,
        order.average_price,
        order.last_fill_price,
        order.why_held,
    )
