"""Command and reply. Fields are described in proto/alertwire/v1/command.proto."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from alertwire.wire.alert import (
    Action,
    Entry,
    Instrument,
    MarketPosition,
    Scope,
    Sizing,
    StopLoss,
    StrategyPosition,
    TakeProfit,
    TimeInForce,
)
from alertwire.wire.delivery import Mode, Outcome, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCommand:
    """A VOID command names the alert and its fence; the trade only where the alert was readable."""

    stream_id: str
    alert_id: str
    command_id: str
    key: str
    seq: int
    mode: Mode
    not_after: datetime | None = None
    account: str = ""
    strategy: str = ""
    instrument: Instrument | None = None
    action: Action | None = None
    sizing: Sizing | None = None
    multiplier: Decimal | None = None
    entry: Entry | None = None
    take_profits: tuple[TakeProfit, ...] = ()
    stop_loss: StopLoss | None = None
    time_in_force: TimeInForce | None = None
    good_till: datetime | None = None
    good_after: datetime | None = None
    outside_rth: bool = False
    cancel_working_first: bool = False
    order_id: str = ""
    trace: Trace = field(default_factory=Trace)
    closes: MarketPosition | None = None
    scope: Scope | None = None
    route: str = ""
    position: StrategyPosition | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandReply:
    command_id: str
    decided: bool
    outcome: Outcome | None = None
    detail: str = ""
    account: str = ""
    trace: Trace = field(default_factory=Trace)
