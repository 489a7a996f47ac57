"""What the load tests send: one plain alert in the shapes that it takes on its way."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from alertwire.wire.alert import (
    Action,
    Alert,
    Entry,
    Instrument,
    OrderType,
    QuantityType,
    SecurityType,
    Sizing,
    TimeInForce,
)
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Delivery, Mode, Outcome, Stage, Stamp, Trace

FIRST_SEQ: Final = 1 << 21
"""Sequence numbers from here to 2^28 take equally many bytes, so all frames are of one size."""
ALERT_ID: Final = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
_STREAM_ID: Final = "6f1c4f0e-6f0c-4a53-9d1c-2f3b8f6c7a10"
_AT: Final = datetime(2026, 11, 20, 15, 30, 0, 123456, UTC)
_LETTERS: Final = "ABCDEFGHIJKLMNOPRSTUVWY"
SYMBOLS_MAX: Final = len(_LETTERS) ** 2


def symbol(number: int) -> str:
    """Name the `number`-th stock; the simulator lists any plausible US symbol."""
    high, low = divmod(number % SYMBOLS_MAX, len(_LETTERS))
    return f"L{_LETTERS[high]}{_LETTERS[low]}"


def body(number: int, sender_id: str) -> bytes:
    """Write the native alert as TradingView would send it, for the `number`-th symbol."""
    return json.dumps(
        {
            "strategy": "loadtest",
            "symbol": f"NASDAQ:{symbol(number)}",
            "action": "buy",
            "quantity": "1",
            "position": "long",
            "position_size": "1",
            "price": "101.25",
            "order_id": "Long",
            "interval": "1",
            "id": sender_id,
            "comment": "one of many at the close of a bar",
        }
    ).encode()


def delivery(number: int) -> Delivery:
    alert = Alert(
        alert_id=ALERT_ID,
        route="default",
        strategy="loadtest",
        instrument=_instrument(number),
        action=Action.BUY,
        sizing=Sizing(type=QuantityType.UNITS, value=Decimal(1)),
        entry=Entry(type=OrderType.MARKET),
        order_id="Long",
        price=Decimal("101.25"),
        accepted_at=_AT,
        interval="1",
        dialect="native",
    )
    return Delivery(
        stream_id=_STREAM_ID,
        alert_id=ALERT_ID,
        key=f"loadtest|{symbol(number)}",
        seq=FIRST_SEQ + number,
        attempt=1,
        mode=Mode.EXECUTE,
        not_after=_AT,
        alert=alert,
        trace=_trace(Stage.RECEIVED, Stage.JOURNALED, Stage.PUSHED),
    )


def command(
    number: int, *, command_id: str = f"{ALERT_ID}-1", seq: int = FIRST_SEQ, account: str = ""
) -> OrderCommand:
    return OrderCommand(
        stream_id=_STREAM_ID,
        alert_id=command_id.rpartition("-")[0],
        command_id=command_id,
        key=f"loadtest|{symbol(number)}",
        seq=seq,
        mode=Mode.EXECUTE,
        account=account,
        strategy="loadtest",
        instrument=_instrument(number),
        action=Action.BUY,
        sizing=Sizing(type=QuantityType.UNITS, value=Decimal(1)),
        multiplier=Decimal(1),
        entry=Entry(type=OrderType.MARKET),
        time_in_force=TimeInForce.DAY,
        trace=_trace(Stage.RECEIVED, Stage.JOURNALED, Stage.PUSHED, Stage.PULLED, Stage.COMMANDED),
    )


def reply(asked: OrderCommand, number: int) -> CommandReply:
    return CommandReply(
        command_id=asked.command_id,
        decided=True,
        outcome=Outcome.ACCEPTED,
        detail=str(number),
        account="DU1234567",
        trace=asked.trace,
    )


def _instrument(number: int) -> Instrument:
    return Instrument(
        security_type=SecurityType.STOCK,
        symbol=symbol(number),
        primary_exchange="NASDAQ",
        currency="USD",
        source_symbol=f"NASDAQ:{symbol(number)}",
    )


def _trace(*stages: Stage) -> Trace:
    return Trace(
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        stamps=tuple(Stamp(stage=stage, at=_AT) for stage in stages),
    )
