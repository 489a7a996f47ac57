"""Sample values of every message, for the vectors and the tests."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from alertwire.configuration import Route
from alertwire.routes import Routes
from alertwire.wire.alert import (
    Action,
    Alert,
    Entry,
    Extra,
    Instrument,
    MarketPosition,
    OptionRight,
    OrderType,
    QuantityType,
    Scope,
    SecurityType,
    Sizing,
    StopLoss,
    StrategyPosition,
    TakeProfit,
    TimeInForce,
)
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.control import (
    ContractRequest,
    ControlReply,
    ControlRequest,
    FlattenRequest,
    GatewayStatus,
    Halt,
    HaltRequest,
    Position,
    ReconcileRequest,
    ResolveRequest,
    ResumeRequest,
    StatusRequest,
    StrategyHolding,
)
from alertwire.wire.delivery import (
    Ack,
    AckKind,
    CommandOutcome,
    Delivery,
    Mode,
    Outcome,
    Stage,
    Stamp,
    Trace,
)
from alertwire.wire.report import Fill, OrderReport, OrderRole, OrderState, Side
from consumer.plan import plan

AT = datetime(2026, 11, 20, 14, 30, 1, 250_000, UTC)
STREAM = "5e3c1f0a-8a53-4c57-9d5e-0c1f8f1c2b3a"
ALERT_ID = "01JD4Z6T5VQ2M8XWJ3C9R7H1KB"
TRACE = Trace(
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    stamps=(Stamp(stage=Stage.RECEIVED, at=AT), Stamp(stage=Stage.JOURNALED, at=AT)),
)

AAPL = Instrument(
    security_type=SecurityType.STOCK,
    symbol="AAPL",
    exchange="SMART",
    primary_exchange="NASDAQ",
    currency="USD",
    source_symbol="NASDAQ:AAPL",
)
FUTURE = Instrument(
    security_type=SecurityType.FUTURE,
    symbol="ES",
    exchange="CME",
    currency="USD",
    multiplier=Decimal(50),
    continuous_depth=1,
    source_symbol="CME_MINI:ES1!",
)
OPTION = Instrument(
    security_type=SecurityType.OPTION,
    symbol="SPX",
    exchange="SMART",
    currency="USD",
    expiry="20261218",
    strike=Decimal("6000.5"),
    right=OptionRight.PUT,
    multiplier=Decimal(100),
    local_symbol="SPXW  261218P06000500",
    trading_class="SPXW",
    source_symbol="OPRA:SPXW261218P6000.5",
)


def units(value: str) -> Sizing:
    return Sizing(type=QuantityType.UNITS, value=Decimal(value))


def alert(**changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "alert_id": ALERT_ID,
        "route": "default",
        "strategy": "ema-cross",
        "instrument": AAPL,
        "action": Action.BUY,
        "sizing": units("10"),
        "entry": Entry(type=OrderType.MARKET),
        "accepted_at": AT,
        "dialect": "native",
    }
    return Alert(**(fields | changes))


def delivery(about: Alert | None, **changes: Any) -> Delivery:
    fields: dict[str, Any] = {
        "stream_id": STREAM,
        "alert_id": ALERT_ID,
        "key": "ema-cross|AAPL",
        "seq": 7,
        "attempt": 1,
        "mode": Mode.EXECUTE,
        "not_after": AT.replace(second=59),
        "alert": about,
        "trace": TRACE,
    }
    return Delivery(**(fields | changes))


FULL_ALERT = alert(
    instrument=OPTION,
    entry=Entry(
        type=OrderType.STOP_LIMIT, limit_price=Decimal("12.50"), stop_price=Decimal("12.45")
    ),
    take_profits=(
        TakeProfit(price=Decimal(15), portion_percent=Decimal(50)),
        TakeProfit(percent=Decimal(30)),
        TakeProfit(offset=Decimal("0.000000000001")),
    ),
    stop_loss=StopLoss(
        offset=Decimal("1.5"),
        trail_percent=Decimal("2.5"),
        break_even_trigger=Decimal("0.75"),
        break_even_offset=Decimal("0.05"),
        trail_trigger=Decimal(1),
    ),
    time_in_force=TimeInForce.GTD,
    good_till=AT,
    good_after=AT,
    outside_rth=True,
    accounts=("DU1234567", "DU7654321"),
    comment="two legs, then out",
    sender_id="bar-2026-11-20-1",
    order_id="Long",
    price=Decimal("12.4"),
    position=StrategyPosition(
        side=MarketPosition.LONG,
        size=Decimal(10),
        previous_side=MarketPosition.FLAT,
        previous_size=Decimal(0),
    ),
    bar_time=AT,
    fired_at=AT,
    interval="5",
    cancel_working_first=True,
    repairs=("removed the byte order mark",),
    extras=(Extra(name="note", value="märz"),),
)

CLOSE_LONG = alert(action=Action.EXIT, sizing=None, closes=MarketPosition.LONG)
FLATTEN_STRATEGY = alert(action=Action.FLATTEN, sizing=None, entry=None, scope=Scope.STRATEGY)
MOVE_STOP = alert(
    action=Action.MODIFY,
    sizing=None,
    entry=None,
    closes=MarketPosition.LONG,
    stop_loss=StopLoss(price=Decimal("219.5")),
)
CANCEL_SELLS = alert(action=Action.CANCEL, sizing=None, entry=None, closes=MarketPosition.SHORT)

MESSAGES: dict[str, Any] = {
    "alert_market": alert(),
    "alert_full": FULL_ALERT,
    "alert_close_long": CLOSE_LONG,
    "delivery_execute": delivery(alert()),
    "delivery_void": delivery(None, mode=Mode.VOID, attempt=6, not_after=None),
    "ack_received": Ack(
        kind=AckKind.RECEIVED, executor_id="consumer-a", alert_id=ALERT_ID, attempt=1, free_slots=63
    ),
    "ack_decided": Ack(
        kind=AckKind.DECIDED,
        executor_id="consumer-a",
        alert_id=ALERT_ID,
        attempt=2,
        outcome=Outcome.ACCEPTED,
        detail="one of two accounts",
        free_slots=64,
        commands=(
            CommandOutcome(
                command_id=f"{ALERT_ID}-1", account="DU1234567", outcome=Outcome.ACCEPTED
            ),
            CommandOutcome(
                command_id=f"{ALERT_ID}-2",
                account="DU7654321",
                outcome=Outcome.REJECTED,
                detail="201: margin",
            ),
        ),
        trace=TRACE,
    ),
    "ack_heartbeat": Ack(kind=AckKind.HEARTBEAT, executor_id="consumer-a", free_slots=64),
    "command_reply_retry": CommandReply(
        command_id=f"{ALERT_ID}-1", decided=False, detail="not connected to the broker"
    ),
    "command_reply_accepted": CommandReply(
        command_id=f"{ALERT_ID}-1",
        decided=True,
        outcome=Outcome.ACCEPTED,
        account="DU1234567",
        trace=TRACE,
    ),
    "order_report_fill": OrderReport(
        gateway_id="gateway-a",
        number=12,
        alert_id=ALERT_ID,
        command_id=f"{ALERT_ID}-1",
        order_ref=f"{ALERT_ID}-1",
        account="DU1234567",
        strategy="ema-cross",
        instrument=AAPL,
        side=Side.BUY,
        order_type=OrderType.MARKET,
        state=OrderState.FILLED,
        quantity=Decimal(10),
        filled=Decimal(10),
        average_price=Decimal("219.905"),
        fill=Fill(
            execution_id="0000e0d5.6576fc01.01.01",
            quantity=Decimal(10),
            price=Decimal("219.905"),
            at=AT,
            commission=Decimal("1.00"),
            commission_currency="USD",
        ),
        order_id=42,
        perm_id=1_234_567_890,
        detail="filled",
        at=AT,
        traceparent=TRACE.traceparent,
    ),
    "order_report_stop_loss": OrderReport(
        gateway_id="gateway-a",
        number=13,
        alert_id=ALERT_ID,
        command_id=f"{ALERT_ID}-1",
        order_ref=f"{ALERT_ID}-1-sl",
        account="DU1234567",
        strategy="ema-cross",
        instrument=AAPL,
        side=Side.SELL,
        order_type=OrderType.STOP_LIMIT,
        state=OrderState.WORKING,
        quantity=Decimal(10),
        filled=Decimal(0),
        order_id=43,
        at=AT,
        role=OrderRole.STOP_LOSS,
        parent_ref=f"{ALERT_ID}-1",
        limit_price=Decimal("214.5"),
        stop_price=Decimal(215),
    ),
    "control_status": ControlRequest(status=StatusRequest()),
    "control_halt": ControlRequest(halt=HaltRequest(account="DU1234567", cancel=True)),
    "control_halt_strategy": ControlRequest(
        halt=HaltRequest(strategy="ema-cross", flatten=True, block_exits=True)
    ),
    "control_flatten": ControlRequest(
        flatten=FlattenRequest(account="DU1234567", symbol="ES", request_id=ALERT_ID)
    ),
    "control_contract": ControlRequest(contract=ContractRequest(instrument=FUTURE)),
    "control_resume": ControlRequest(resume=ResumeRequest(strategy="ema-cross")),
    "control_reconcile": ControlRequest(reconcile=ReconcileRequest()),
    "control_resolve": ControlRequest(
        resolve=ResolveRequest(command_id=f"{ALERT_ID}-1", placed=True)
    ),
    "control_reply": ControlReply(
        status=GatewayStatus(
            gateway_id="gateway-a",
            ready=True,
            trading_mode="paper",
            broker="127.0.0.1:4102",
            server_version=176,
            accounts=("DU1234567",),
            positions=(
                Position(
                    account="DU1234567",
                    contract_id=265598,
                    symbol="AAPL",
                    security_type=SecurityType.STOCK,
                    local_symbol="AAPL",
                    currency="USD",
                    quantity=Decimal(-10),
                    average_cost=Decimal("219.905"),
                ),
            ),
            open_orders=1,
            started_at=AT,
            halts=(Halt(account="DU1234567", strategy="ema-cross", block_exits=True, since=AT),),
            strategy_holdings=(
                StrategyHolding(
                    account="DU1234567",
                    strategy="ema-cross",
                    contract_id=265598,
                    symbol="AAPL",
                    local_symbol="AAPL",
                    quantity=Decimal(-10),
                ),
            ),
        ),
        findings=("compared 1 order with the broker's lists",),
    ),
}

MESSAGES["order_command_full"] = replace(
    plan(delivery(FULL_ALERT), FULL_ALERT, Routes({"default": Route()})).commands[0],
    multiplier=Decimal("0.25"),
)
MESSAGES["order_command_close_long"] = plan(
    delivery(CLOSE_LONG), CLOSE_LONG, Routes({"default": Route()})
).commands[0]
MESSAGES["order_command_void"] = OrderCommand(
    stream_id=STREAM,
    alert_id=ALERT_ID,
    command_id=ALERT_ID,
    key="ema-cross|AAPL",
    seq=7,
    mode=Mode.VOID,
    trace=TRACE,
)
