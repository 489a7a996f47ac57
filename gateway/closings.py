"""The command by which the gateway closes what a protective order left bare. Pure."""

from datetime import datetime
from decimal import Decimal

from alertwire.wire.alert import (
    Action,
    Entry,
    MarketPosition,
    OrderType,
    QuantityType,
    Sizing,
    TimeInForce,
)
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Mode
from alertwire.wire.report import Side
from gateway.contracts import instrument_of
from gateway.records import CommandRecord, OrderRecord


def closing_id(leg: OrderRecord) -> str:
    """Name the command that closes what a protective order left: one for each, over restarts."""
    return f"{leg.order_ref}x"


def closing(leg: OrderRecord, exposed: Decimal, now: datetime) -> CommandRecord:
    """Write the command that closes what a leg protected."""
    ref = closing_id(leg)
    command = OrderCommand(
        stream_id="gateway",
        alert_id=leg.alert_id,
        command_id=ref,
        key=ref,
        seq=1,
        mode=Mode.EXECUTE,
        account=leg.account,
        strategy=leg.strategy,
        instrument=instrument_of(leg),
        action=Action.EXIT,
        sizing=Sizing(type=QuantityType.UNITS, value=exposed),
        entry=Entry(type=OrderType.MARKET),
        time_in_force=TimeInForce.DAY,
        closes=MarketPosition.LONG if leg.side is Side.SELL else MarketPosition.SHORT,
        route=leg.route,
    )
    return CommandRecord(command=command, account=leg.account, taken_at=now, trace=command.trace)
