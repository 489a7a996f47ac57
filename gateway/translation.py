"""Between the library's objects and our values: numbers become Decimal, and double, here alone.

It sees the library's objects by their fields alone, so that it needs no import of it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from alertwire.money import ONE, ZERO, to_float
from alertwire.wire.report import Side
from gateway.messages import (
    AccountValue,
    BrokerError,
    Candidate,
    Commission,
    CompletedOrder,
    Contract,
    Execution,
    OpenOrder,
    OrderStatus,
    PositionUpdate,
)
from gateway.terms import PriceStep, Terms, read_sessions, rule_of
from gateway.tickets import Ticket

_UNSET: Final = 1e300
"""TWS writes "no value" as the largest double."""
_PLACES: Final = Decimal("1e-8")


def is_told(number: float) -> bool:
    """Tell whether a double is a value, and not TWS's word for none."""
    return -_UNSET < number < _UNSET


def exact(number: Any) -> Decimal:
    """Read a double as the decimal that it was written from; unset is 0."""
    value = float(number or 0)
    if not -_UNSET < value < _UNSET:
        return Decimal(0)
    read = Decimal(repr(value))
    exponent = read.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -12:
        # A mean that never ends; eight places are beyond any price step.
        read = read.quantize(_PLACES)
    whole = read.to_integral_value()
    return Decimal(int(whole)) if whole == read else read


def contract(c: Any) -> Contract:
    return Contract(
        contract_id=int(c.conId or 0),
        security_type=c.secType,
        symbol=c.symbol,
        expiry=c.lastTradeDateOrContractMonth or "",
        strike=exact(c.strike),
        right="" if c.right in {"?", "0"} else c.right or "",
        multiplier=str(c.multiplier or ""),
        exchange=c.exchange or "",
        primary_exchange=c.primaryExchange or "",
        currency=c.currency or "",
        local_symbol=c.localSymbol or "",
        trading_class=c.tradingClass or "",
    )


def write_contract(contract: Contract, blank: Any) -> Any:
    """Fill in the library's contract."""
    blank.conId = contract.contract_id
    blank.secType = contract.security_type
    blank.symbol = contract.symbol
    blank.lastTradeDateOrContractMonth = contract.expiry
    blank.strike = to_float(contract.strike)
    blank.right = contract.right
    blank.multiplier = contract.multiplier
    blank.exchange = contract.exchange
    blank.primaryExchange = contract.primary_exchange
    blank.currency = contract.currency
    blank.localSymbol = contract.local_symbol
    blank.tradingClass = contract.trading_class
    return blank


def write_order(ticket: Ticket, blank: Any) -> Any:
    """Fill in the library's order; what the ticket leaves open keeps TWS's default."""
    blank.orderId = ticket.order_id
    blank.action = ticket.side.name
    units = ticket.quantity if ticket.cash is None else Decimal(0)
    # A whole number without a fraction: it is spelled the same in every language.
    blank.totalQuantity = int(units) if units == units.to_integral_value() else to_float(units)
    blank.orderType = ticket.tws_type
    blank.tif = ticket.time_in_force
    blank.orderRef = ticket.order_ref
    blank.account = ticket.account
    blank.outsideRth = ticket.outside_rth
    blank.goodTillDate = ticket.good_till
    blank.goodAfterTime = ticket.good_after
    blank.transmit = ticket.transmit
    blank.parentId = ticket.parent_id
    blank.ocaGroup = ticket.oca_group
    blank.ocaType = ticket.oca_type
    for name, value in (
        ("cashQty", ticket.cash),
        ("lmtPrice", ticket.limit_price),
        ("auxPrice", ticket.aux_price),
        ("trailingPercent", ticket.trail_percent),
        ("trailStopPrice", ticket.trail_stop_price),
        ("lmtPriceOffset", ticket.limit_offset),
    ):
        if value is not None:
            setattr(blank, name, to_float(value))
    if (change := ticket.adjustment) is not None:
        blank.adjustedOrderType = change.tws_type
        blank.triggerPrice = to_float(change.trigger_price)
        blank.adjustedStopPrice = to_float(change.stop_price)
        if change.trail is not None:
            blank.adjustedTrailingAmount = to_float(change.trail)
            blank.adjustableTrailingUnit = change.trail_unit
    return blank


def market_rule(details: Any, exchange: str) -> int | None:
    """Return the number of the market rule at the exchange that orders go to."""
    where = exchange or details.contract.exchange
    return rule_of(where, _listed(details.validExchanges), details.marketRuleIds or "")


def price_steps(increments: Iterable[Any]) -> tuple[PriceStep, ...]:
    steps = (PriceStep(exact(one.lowEdge), exact(one.increment)) for one in increments)
    return tuple(sorted((step for step in steps if step.increment > 0), key=lambda s: s.low))


def candidate(details: Any, steps: tuple[PriceStep, ...] = (), remark: str = "") -> Candidate:
    """Translate an answer to a contract query, with the market rule of the order's exchange.

    TWS tells increments in the contract's currency while quotes and orders are magnified: corn
    has 0.0025 and a magnifier of 100, and is ordered in steps of 0.25 cents. Of many stocks it
    tells fractions of a share as a size's increment, and takes none by its API (error 10243).
    """
    is_stock = details.contract.secType == "STK"
    magnifier = max(1, int(details.priceMagnifier or 1))
    name = details.timeZoneId or ""
    return Candidate(
        contract=contract(details.contract),
        terms=Terms(
            min_tick=_magnified(details.minTick, magnifier),
            price_steps=tuple(
                PriceStep(_magnified(step.low, magnifier), _magnified(step.increment, magnifier))
                for step in steps
            ),
            remark=remark,
            min_size=exact(details.minSize),
            size_increment=max(exact(details.sizeIncrement), ONE if is_stock else ZERO),
            multiplier=_number(details.contract.multiplier) or Decimal(1),
            price_magnifier=magnifier,
            order_types=frozenset(_listed(details.orderTypes)),
            exchanges=_listed(details.validExchanges),
            trading_sessions=read_sessions(details.tradingHours or "", name),
            liquid_sessions=read_sessions(details.liquidHours or "", name),
            time_zone=name,
            stock_type=details.stockType or "",
            long_name=details.longName or "",
        ),
    )


def _magnified(price: Any, magnifier: int) -> Decimal:
    """Write a price of the contract's currency as its quotes have it: 0.25, never 0.2500."""
    return Decimal(f"{(exact(price) * magnifier).normalize():f}")


def _listed(text: Any) -> tuple[str, ...]:
    return tuple(part for part in (text or "").split(",") if part)


def _number(text: Any) -> Decimal:
    try:
        return Decimal(str(text or "0"))
    except InvalidOperation:
        return Decimal(0)


def open_order(order_id: int, c: Any, order: Any, state: Any) -> OpenOrder:
    return OpenOrder(
        order_id=order_id,
        client_id=order.clientId,
        perm_id=order.permId,
        order_ref=order.orderRef or "",
        status=state.status or "",
        account=order.account or "",
        symbol=c.symbol or "",
        exchange=c.exchange or "",
        quantity=exact(order.totalQuantity) or None,
        limit_price=exact(order.lmtPrice) or None,
        aux_price=exact(order.auxPrice) or None,
        tws_type=order.orderType or "",
        trail_percent=exact(order.trailingPercent) or None,
        trail_stop_price=exact(order.trailStopPrice) or None,
    )


def completed_order(c: Any, order: Any, state: Any) -> CompletedOrder:
    return CompletedOrder(
        perm_id=order.permId,
        order_ref=order.orderRef or "",
        status=state.status or "",
        filled=exact(order.filledQuantity),
        detail=state.completedStatus or "",
        account=order.account or "",
        symbol=c.symbol or "",
    )


def order_status(
    order_id: int,
    status: str,
    filled: float,
    _remaining: float,
    average_price: float,
    perm_id: int,
    _parent_id: int = 0,
    _last_price: float = 0.0,
    client_id: int = 0,
    why_held: str = "",
    _cap_price: float = 0.0,
) -> OrderStatus:
    return OrderStatus(
        order_id=order_id,
        client_id=client_id,
        perm_id=perm_id,
        status=status,
        filled=exact(filled),
        average_price=exact(average_price) or None,
        why_held=why_held or "",
    )


def execution(c: Any, e: Any, *, is_live: bool) -> Execution:
    return Execution(
        execution_id=e.execId,
        # TWS API: executions of manual orders have an unset order id.
        order_id=e.orderId if 0 <= e.orderId < 2**31 - 1 else 0,
        client_id=e.clientId,
        perm_id=e.permId,
        order_ref=e.orderRef or "",
        account=e.acctNumber,
        contract_id=int(c.conId or 0),
        symbol=c.localSymbol or c.symbol or "",
        side=Side.BUY if e.side == "BOT" else Side.SELL,
        quantity=exact(e.shares),
        price=exact(e.price),
        at=e.time.astimezone(UTC) if isinstance(e.time, datetime) else datetime.now(UTC),
        is_live=is_live,
    )


def commission(report: Any) -> Commission:
    return Commission(
        execution_id=report.execId,
        amount=exact(report.commission),
        currency=(report.currency or "")[:3],
    )


def position(account: str, c: Any, quantity: float, average_cost: float) -> PositionUpdate:
    return PositionUpdate(
        account=account,
        contract=contract(c),
        quantity=exact(quantity),
        average_cost=exact(average_cost),
    )


def account_value(account: str, tag: str, value: str, currency: str) -> AccountValue | None:
    """Read an account value; None where it is no number."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return AccountValue(account=account, tag=tag, value=number, currency=currency)


def error(about: int, code: int, text: str) -> BrokerError:
    return BrokerError(about=about, code=code, text=text)
