"""The alert and its parts. Fields are described in proto/alertwire/v1/alert.proto."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum


class SecurityType(Enum):
    STOCK = 1
    FUTURE = 2
    FOREX = 3
    OPTION = 4
    FUTURE_OPTION = 5
    CRYPTO = 6
    CFD = 7
    COMMODITY = 8


class OptionRight(Enum):
    CALL = 1
    PUT = 2


class Action(Enum):
    BUY = 1
    SELL = 2
    EXIT = 3
    REVERSE = 4
    CANCEL = 5
    FLATTEN = 6
    TARGET = 7
    MODIFY = 8


class Scope(Enum):
    INSTRUMENT = 1
    STRATEGY = 2
    ACCOUNT = 3


class QuantityType(Enum):
    UNITS = 1
    CASH = 2
    PERCENT_OF_EQUITY = 3
    PERCENT_OF_POSITION = 4
    RISK_CASH = 5
    RISK_PERCENT = 6


class OrderType(Enum):
    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    TRAILING_STOP = 5
    TRAILING_STOP_LIMIT = 6
    MARKET_ON_OPEN = 7
    MARKET_ON_CLOSE = 8
    LIMIT_ON_OPEN = 9
    LIMIT_ON_CLOSE = 10
    MARKET_IF_TOUCHED = 11
    LIMIT_IF_TOUCHED = 12


class TimeInForce(Enum):
    DAY = 1
    GTC = 2
    IOC = 3
    FOK = 4
    OPG = 5
    GTD = 6


class MarketPosition(Enum):
    LONG = 1
    SHORT = 2
    FLAT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    security_type: SecurityType
    symbol: str
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: OptionRight | None = None
    multiplier: Decimal | None = None
    local_symbol: str = ""
    trading_class: str = ""
    continuous_depth: int = 0
    source_symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    type: QuantityType
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    type: OrderType
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeProfit:
    price: Decimal | None = None
    percent: Decimal | None = None
    offset: Decimal | None = None
    portion_percent: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopLoss:
    price: Decimal | None = None
    percent: Decimal | None = None
    offset: Decimal | None = None
    limit_price: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    break_even_trigger: Decimal | None = None
    break_even_offset: Decimal | None = None
    trail_trigger: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPosition:
    side: MarketPosition | None = None
    size: Decimal | None = None
    previous_side: MarketPosition | None = None
    previous_size: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    alert_id: str
    route: str
    strategy: str
    instrument: Instrument
    action: Action
    sizing: Sizing | None = None
    entry: Entry | None = None
    take_profits: tuple[TakeProfit, ...] = ()
    stop_loss: StopLoss | None = None
    time_in_force: TimeInForce = TimeInForce.DAY
    good_till: datetime | None = None
    good_after: datetime | None = None
    outside_rth: bool = False
    accounts: tuple[str, ...] = ()
    comment: str = ""
    sender_id: str = ""
    order_id: str = ""
    price: Decimal | None = None
    position: StrategyPosition | None = None
    bar_time: datetime | None = None
    fired_at: datetime | None = None
    accepted_at: datetime | None = None
    interval: str = ""
    cancel_working_first: bool = False
    dialect: str = ""
    repairs: tuple[str, ...] = ()
    extras: tuple[Extra, ...] = ()
    closes: MarketPosition | None = None
    scope: Scope | None = None
