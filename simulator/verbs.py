"""Control verbs: a name and arguments in, a JSON object out.

Each verb is one function whose keyword arguments are the verb's arguments; a wrong argument is
told back by name.
"""

import inspect
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from simulator.contracts import Contract
from simulator.fields import plain
from simulator.orders import Order

if TYPE_CHECKING:
    from simulator.tws import Tws

Answer = dict[str, Any]
Verb = Callable[..., Answer]
VERBS: dict[str, Verb] = {}


class VerbError(ValueError):
    """A control line that cannot be carried out; its text is the answer's `error`."""


def verb(function: Verb) -> Verb:
    VERBS[function.__name__.removesuffix("_")] = function
    return function


def call(tws: "Tws", name: str, arguments: Answer) -> Answer:
    """Carry out one verb."""
    function = VERBS.get(name)
    if function is None:
        raise VerbError(f"no verb {name!r}; there are {', '.join(sorted(VERBS))}")
    signature = inspect.signature(function)
    if unknown := arguments.keys() - signature.parameters.keys():
        known = ", ".join(list(signature.parameters)[1:]) or "none"
        raise VerbError(f"{name}: no argument {min(unknown)!r}; there are {known}")
    try:
        signature.bind(tws, **arguments)
    except TypeError as error:
        raise VerbError(f"{name}: {error}") from None
    return function(tws, **arguments)


def decimal(value: Any, name: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise VerbError(f"{name}: {value!r} is not a number")
    return number


def contract_of(tws: "Tws", symbol: str, sec_type: str, currency: str = "") -> Contract:
    found = tws.catalogue.by_symbol(symbol, sec_type, currency)
    if found is None:
        raise VerbError(f"no {sec_type} contract {symbol!r}")
    return found


def order_of(tws: "Tws", order_ref: str, perm_id: int) -> Order:
    """Find the newest order with this reference or permId."""
    for order in reversed(tws.book.orders):
        if perm_id == order.permanent_id or (order_ref and order_ref == order.terms.order_ref):
            return order
    raise VerbError(f"no order with orderRef {order_ref!r} or permId {perm_id}")


# Looking


@verb
def status(tws: "Tws") -> Answer:
    return {
        "version": tws.options.server_version,
        "accounts": list(tws.accounts),
        "clients": list(tws.reports.connected()),
        "frames": tws.frames,
        "orders": len(tws.book.orders),
        "open": len(tws.book.live()),
        "executions": tws.exchange.executions,
        "refused": len(tws.intake.refused),
        "faults": tws.faults.as_json(),
    }


@verb
def book(tws: "Tws", orderRef: str = "", clientId: int | None = None) -> Answer:  # noqa: N803
    """List every order ever accepted, in the order of acceptance."""
    orders = [
        row(order)
        for order in tws.book.orders
        if orderRef in ("", order.terms.order_ref) and clientId in (None, order.client_id)
    ]
    return {"orders": orders, "frames": tws.frames}


def row(order: Order) -> Answer:
    terms, contract = order.terms, order.contract
    return {
        "symbol": contract.symbol,
        "localSymbol": contract.local_symbol,
        "secType": contract.sec_type,
        "exchange": contract.exchange,
        "currency": contract.currency,
        "expiry": contract.expiry,
        "conId": contract.con_id,
        "account": terms.account,
        "action": terms.action,
        "quantity": plain(terms.quantity),
        "cashQuantity": _or_none(terms.cash_quantity),
        "orderType": terms.order_type,
        "limitPrice": _or_none(terms.limit_price),
        "auxPrice": _or_none(terms.aux_price),
        "stopPrice": _or_none(order.stop_price),
        "trailStopPrice": _or_none(terms.trail_stop_price),
        "trailingPercent": _or_none(terms.trailing_percent),
        "limitPriceOffset": _or_none(terms.limit_price_offset),
        "adjustedOrderType": terms.adjusted_order_type,
        "triggerPrice": _or_none(terms.trigger_price),
        "adjustedStopPrice": _or_none(terms.adjusted_stop_price),
        "adjustedTrailingAmount": _or_none(terms.adjusted_trailing_amount),
        "tif": terms.tif,
        "goodTillDate": terms.good_till_date,
        "goodAfterTime": terms.good_after_time,
        "outsideRth": terms.outside_rth,
        "orderRef": terms.order_ref,
        "orderId": order.order_id,
        "clientId": order.client_id,
        "permId": order.permanent_id,
        "parentId": terms.parent_id,
        "ocaGroup": terms.oca_group,
        "ocaType": terms.oca_type,
        "transmitted": order.is_transmitted,
        "status": str(order.status),
        "whyHeld": order.why_held,
        "filled": plain(order.filled),
        "avgPrice": plain(round(order.average_price, 8)),
        "fills": [
            {
                "execId": fill.execution_id,
                "time": fill.time,
                "quantity": plain(fill.quantity),
                "price": plain(fill.price),
                "commission": plain(fill.commission),
            }
            for fill in order.fills
        ],
        "changes": order.changes,
        "received_at": order.received_at,
    }


def _or_none(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


@verb
def refused(tws: "Tws") -> Answer:
    return {"refused": list(tws.intake.refused)}


@verb
def positions(tws: "Tws") -> Answer:
    rows = [
        {
            "account": name,
            "symbol": held.contract.symbol,
            "localSymbol": held.contract.local_symbol,
            "secType": held.contract.sec_type,
            "conId": held.contract.con_id,
            "quantity": plain(held.quantity),
            "averageCost": plain(round(held.average_cost, 8)),
            "realized": plain(round(held.realized, 8)),
        }
        for name, account in tws.accounts.items()
        for held in account.open_positions()
    ]
    return {"positions": rows}


@verb
def set_cash(tws: "Tws", account: str, currency: str, amount: Any) -> Answer:
    """Let an account hold this much cash in a currency."""
    if account not in tws.accounts:
        raise VerbError(f"set_cash: no account {account!r}; there are {', '.join(tws.accounts)}")
    tws.accounts[account].cash[currency] = decimal(amount, "amount")
    return {}


@verb
def price(tws: "Tws", symbol: str, secType: str = "STK", currency: str = "") -> Answer:  # noqa: N803
    quote = tws.market.quote(contract_of(tws, symbol, secType, currency))
    return {"bid": plain(quote.bid), "ask": plain(quote.ask), "last": plain(quote.last)}


# Moving the market


@verb
def set_price(
    tws: "Tws",
    symbol: str,
    price: Any = None,
    bid: Any = None,
    ask: Any = None,
    secType: str = "STK",  # noqa: N803
    currency: str = "",
) -> Answer:
    """Put the book around a price, or at a bid and an ask, and let orders see it."""
    contract = contract_of(tws, symbol, secType, currency)
    given = [None if one is None else decimal(one, "price") for one in (price, bid, ask)]
    if not any(given):
        raise VerbError("set_price: give price, bid or ask")
    if any(one is not None and one <= 0 for one in given):
        raise VerbError("set_price: prices are above zero")
    tws.put_price(contract, *given)
    return globals()["price"](tws, symbol, secType, currency)  # type: ignore[no-any-return]


@verb
def move_price(
    tws: "Tws",
    symbol: str,
    by: Any = 0,
    percent: Any = 0,
    secType: str = "STK",  # noqa: N803
    currency: str = "",
) -> Answer:
    """Move a price from where it is."""
    contract = contract_of(tws, symbol, secType, currency)
    last = tws.market.quote(contract).last
    target = last + decimal(by, "by") + last * decimal(percent, "percent") / 100
    return set_price(tws, symbol, price=target, secType=secType, currency=currency)


@verb
def auction(tws: "Tws", kind: str) -> Answer:
    """Hold the opening or closing auction now."""
    if kind not in ("open", "close"):
        raise VerbError("auction: kind is open or close")
    return {"orders": tws.exchange.hold_auction(kind)}


@verb
def step(tws: "Tws", count: int = 1) -> Answer:
    """Let the market take so many steps at once."""
    for _ in range(count):
        tws.tick()
    return {}
