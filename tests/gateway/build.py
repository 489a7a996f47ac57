"""Values for tests: commands, contracts, orders, messages of the broker."""

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from alertwire.wire.alert import (
    Action,
    Entry,
    Instrument,
    OrderType,
    QuantityType,
    SecurityType,
    Sizing,
    TimeInForce,
)
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Mode
from alertwire.wire.report import OrderRole, OrderState, Side
from gateway.messages import (
    Candidate,
    Contract,
    Execution,
    OpenOrder,
    OrderStatus,
    PositionUpdate,
)
from gateway.records import OrderRecord
from gateway.tally import Sent

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
ACCOUNT = "DU1234567"
AAPL = Instrument(security_type=SecurityType.STOCK, symbol="AAPL", exchange="SMART", currency="USD")
AAPL_CONTRACT = Contract(
    contract_id=265598,
    security_type="STK",
    symbol="AAPL",
    exchange="SMART",
    primary_exchange="NASDAQ",
    currency="USD",
    local_symbol="AAPL",
    trading_class="NMS",
)
AAPL_CANDIDATE = Candidate(contract=AAPL_CONTRACT)
MARKET = Entry(type=OrderType.MARKET)
_numbers = itertools.count(1)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def alert_id(number: int | None = None) -> str:
    number = next(_numbers) if number is None else number
    digits = ""
    for _ in range(8):
        number, digit = divmod(number, 32)
        digits = _ALPHABET[digit] + digits
    return f"01KTEST000000000000{digits[-7:]}"


def units(value: object) -> Sizing:
    return Sizing(type=QuantityType.UNITS, value=Decimal(str(value)))


def limit(price: object) -> Entry:
    return Entry(type=OrderType.LIMIT, limit_price=Decimal(str(price)))


def command(
    action: Action | None = Action.BUY,
    quantity: object = None,
    *,
    alert: str = "",
    number: int = 1,
    seq: int | None = None,
    key: str = "s|AAPL",
    **fields,
) -> OrderCommand:
    alert = alert or alert_id()
    given = {
        "stream_id": "stream",
        "alert_id": alert,
        "command_id": f"{alert}-{number}",
        "key": key,
        "seq": next(_numbers) if seq is None else seq,
        "mode": Mode.EXECUTE,
        "account": ACCOUNT,
        "strategy": "s",
        "instrument": AAPL,
        "action": action,
        "sizing": None if quantity is None else units(quantity),
        "entry": MARKET,
        "time_in_force": TimeInForce.DAY,
    }
    return OrderCommand(**(given | fields))


def void(of: OrderCommand) -> OrderCommand:
    return OrderCommand(
        stream_id=of.stream_id,
        alert_id=of.alert_id,
        command_id=of.alert_id,
        key=of.key,
        seq=of.seq,
        mode=Mode.VOID,
    )


def order(
    ref: str = "",
    *,
    quantity: object = 10,
    state: OrderState = OrderState.WORKING,
    side: Side = Side.BUY,
    order_id: int = 7,
    client_id: int = 1,
    **fields,
) -> OrderRecord:
    ref = ref or f"{alert_id()}-1"
    given = {
        "order_ref": ref,
        "command_id": ref,
        "alert_id": ref[:26],
        "account": ACCOUNT,
        "strategy": "s",
        "strategy_order_id": "",
        "client_id": client_id,
        "order_id": order_id,
        "contract_id": AAPL_CONTRACT.contract_id,
        "symbol": "AAPL",
        "local_symbol": "AAPL",
        "instrument": AAPL,
        "traceparent": "",
        "side": side,
        "order_type": OrderType.MARKET,
        "quantity": Decimal(str(quantity)),
        "created_at": NOW,
        "updated_at": NOW,
        "state": state,
        "is_kept": True,
        "is_sent": True,
    }
    return OrderRecord(**(given | fields))


def opened(of: OrderRecord, status: str = "Submitted", **fields) -> OpenOrder:
    given = {
        "order_id": of.order_id,
        "client_id": of.client_id,
        "perm_id": 9001,
        "order_ref": of.order_ref,
        "status": status,
    }
    return OpenOrder(**(given | fields))


def status(of: OrderRecord, word: str, filled: object = 0, **fields) -> OrderStatus:
    given = {
        "order_id": of.order_id,
        "client_id": of.client_id,
        "perm_id": 9001,
        "status": word,
        "filled": Decimal(str(filled)),
    }
    return OrderStatus(**(given | fields))


def executed(
    of: OrderRecord, quantity: object, execution_id: str = "0001.01", **fields
) -> Execution:
    given = {
        "execution_id": execution_id,
        "order_id": of.order_id,
        "client_id": of.client_id,
        "perm_id": 9001,
        "order_ref": of.order_ref,
        "account": of.account,
        "contract_id": of.contract_id,
        "symbol": of.symbol,
        "side": of.side,
        "quantity": Decimal(str(quantity)),
        "price": Decimal(200),
        "at": NOW,
    }
    return Execution(**(given | fields))


def position(quantity: object, contract: Contract = AAPL_CONTRACT) -> PositionUpdate:
    return PositionUpdate(
        account=ACCOUNT,
        contract=contract,
        quantity=Decimal(str(quantity)),
        average_cost=Decimal(200),
    )


def stock(symbol: str) -> Instrument:
    return Instrument(
        security_type=SecurityType.STOCK, symbol=symbol, exchange="SMART", currency="USD"
    )


def on(symbol: str, *args, **fields):
    """A command on a symbol of the test's own, so that tests do not meet."""
    return command(*args, **{"instrument": stock(symbol), "key": symbol} | fields)


def remembered(kept):
    """What a start reads beside commands and orders: halts in force, and what was sent."""
    halts = [halt for halt in kept["halts"].values() if halt is not None]
    commands = {ref: kept["commands"][order.command_id] for ref, order in kept["orders"].items()}
    sent = [
        Sent(
            at=order.created_at,
            route=commands[ref].command.route,
            strategy=order.strategy,
            account=order.account,
            contract_id=order.contract_id,
            side=order.side,
            is_entry=order.is_entry,
        )
        for ref, order in kept["orders"].items()
        if not order.is_leg
    ]
    return halts, sent


def bare(kept: Iterable[OrderRecord]) -> set[str]:
    """Stops that were cancelled for a close which did not fill whole, as the ledger tells."""
    orders = list(kept)
    return {
        leg.order_ref
        for leg in orders
        if leg.role is OrderRole.STOP_LOSS
        and leg.state is OrderState.CANCELLED
        and leg.cancel_asked_at is not None
        and not any(
            o.filled
            and not o.is_leg
            and o.created_at >= leg.cancel_asked_at
            and (o.state is OrderState.FILLED or o.side is not leg.side)
            for o in orders
        )
    }


def openers(kept: Mapping[str, Mapping[Any, Any]]) -> list[OrderRecord]:
    """Return the last orders that made what strategies hold larger, as the ledger tells."""
    last: dict[Any, OrderRecord] = {}
    for order in kept["orders"].values():
        held = kept["holdings"].get((order.account, order.strategy, order.contract_id))
        opens = held is not None and held.quantity * order.signed > 0
        if opens and order.filled and not order.is_leg:
            last[order.account, order.strategy, order.contract_id] = order
    return list(last.values())
