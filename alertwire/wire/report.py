"""Order reports. Fields are described in proto/alertwire/v1/report.proto."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from alertwire.wire.alert import Instrument, OrderType


class Side(Enum):
    BUY = 1
    SELL = 2


class OrderRole(Enum):
    MAIN = 1
    TAKE_PROFIT = 2
    STOP_LOSS = 3


class OrderState(Enum):
    INTENT = 1
    SENT = 2
    WORKING = 3
    PARTIALLY_FILLED = 4
    CANCELLING = 5
    FILLED = 6
    CANCELLED = 7
    REJECTED = 8
    UNKNOWN = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    execution_id: str
    quantity: Decimal
    price: Decimal
    at: datetime | None = None
    commission: Decimal | None = None
    commission_currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    gateway_id: str
    number: int
    alert_id: str
    command_id: str
    order_ref: str
    account: str
    strategy: str
    instrument: Instrument
    side: Side
    order_type: OrderType
    state: OrderState
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None = None
    fill: Fill | None = None
    order_id: int = 0
    perm_id: int = 0
    code: int = 0
    detail: str = ""
    at: datetime | None = None
    traceparent: str = ""
    role: OrderRole | None = None
    parent_ref: str = ""
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
