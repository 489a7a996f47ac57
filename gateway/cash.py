"""Orders for an amount of cash in place of units: where IB wants them, and what follows from it.

IB takes a market buy of crypto as an amount of cash alone, its quantity 0, and any market order of
crypto as immediate-or-cancel only; sells and limits come in units (TWS API: "Order" cashQty,
"Cryptocurrency"; message codes 10289, 10293, 10244, 10052). Elsewhere units do, and cash is not
used: for currency pairs IB carries it out without a guarantee, and for stocks it depends on the
account. How many units the cash buys, only the fill tells. Pure. See docs/adr.
"""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Final

from alertwire.money import WIDE, ZERO
from alertwire.wire.alert import Action, Entry, Instrument, OrderType, QuantityType
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import Side
from gateway.amounts import Amount, in_steps, is_flat
from gateway.figures import figure
from gateway.forms import is_crypto
from gateway.quotes import Price
from gateway.records import OrderRecord
from gateway.sizing import Approved, Nothing, Refused

SLACK: Final = Decimal("0.005")
"""A position bought for cash is off what was meant by as much as the price moved meanwhile; within
this part of it, it counts as what was meant."""
_CENT: Final = Decimal("0.01")
_WHOLE: Final = frozenset({"JPY", "KRW"})
"""Currencies without cents."""


def goes_in_cash(command: OrderCommand, side: Side) -> bool:
    """Tell whether an order of this side goes out for an amount of cash."""
    return is_crypto(command.instrument) and _is_market(command.entry) and side is Side.BUY


def may_go_in_cash(command: OrderCommand, position: Decimal) -> bool:
    """Tell whether that may come of a command, so that a price must be known."""
    if not goes_in_cash(command, Side.BUY):
        return False
    match command.action:
        case Action.BUY:
            return True
        case Action.TARGET:
            return not is_flat(command) or position < 0
        case Action.EXIT | Action.FLATTEN | Action.REVERSE:
            return position < 0
        case _:
            return False


def slack(instrument: Instrument | None, position: Decimal) -> Decimal:
    """Return by how much a position may be off what was meant."""
    return abs(position) * SLACK if is_crypto(instrument) else ZERO


def settled(
    approved: Approved,
    command: OrderCommand,
    amount: Amount | None,
    position: Decimal,
    live: Iterable[OrderRecord],
) -> Approved | Nothing:
    """Leave no dust in crypto: what a buy in cash brought more or less than was meant.

    A sale of about all that is held becomes one of all, for IB sells no crypto short; and a target
    that is about reached is reached.
    """
    if not is_crypto(command.instrument) or amount is None:
        return approved
    wanted = amount.units
    if command.action is Action.TARGET:
        if approved.quantity > slack(command.instrument, wanted):
            return approved
        return Nothing(
            f"position is {figure(position)}, within {figure(SLACK * 100)} % of {figure(wanted)}: "
            "as near as buys in cash come"
        )
    is_plain = command.sizing is not None and command.sizing.type is QuantityType.UNITS
    is_sale = approved.side is Side.SELL and command.action in {Action.SELL, Action.EXIT}
    is_free = not any(order.side is Side.SELL and not order.is_leg for order in live)
    off = abs(wanted - position)
    if (
        not (is_plain and is_sale and is_free)
        or not off
        or off > slack(command.instrument, position)
    ):
        return approved
    said = f"all that is held, {figure(position)}, for {figure(wanted)}"
    return replace(approved, quantity=position, detail=_joined(approved.detail, said))


def short_sale(
    approved: Approved, command: OrderCommand, held: Decimal, live: Iterable[OrderRecord]
) -> Refused | None:
    """Refuse to sell more crypto than the account holds, or buys at the market: IB would.

    It would do so after what protects the position had made way.
    """
    if not is_crypto(command.instrument) or approved.side is Side.BUY:
        return None
    buys = (o for o in live if o.side is Side.BUY and o.order_type is OrderType.MARKET)
    there = max(held, ZERO) + sum((order.remaining for order in buys), ZERO)
    if approved.quantity <= there:
        return None
    return Refused(
        f"IB sells no crypto short: {figure(there)} is held, and {figure(approved.quantity)} would "
        "be sold; use exit, or sell no more than is held"
    )


def spending(
    approved: Approved, money: Decimal | None, price: Price | Refused, currency: str
) -> Approved | Refused:
    """Name the amount that an order spends: the `money` that it was sized by, else at a price.

    Rounded down to the currency's cents: never more than was asked for (message code 10206).
    """
    said = ""
    if money is None:
        if isinstance(price, Refused):
            return Refused(
                f"IB takes a market buy of crypto as an amount of cash alone, and {price.reason}; "
                "use a limit order"
            )
        with localcontext(WIDE):
            money = approved.quantity * price.value
        said = f"{figure(approved.quantity)} at {figure(price.value)} ({price.source})"
    cash = cents(money, currency)
    if not cash:
        return Refused(f"{figure(approved.quantity)} cost less than IB takes as an amount of cash")
    return replace(approved, cash=cash, detail=_joined(approved.detail, said))


def kept(approved: Approved, own: OrderRecord) -> Approved | Refused:
    """Name the amount for an order that is sent again: what was written down, or its part."""
    if own.cash is None or own.side is not approved.side:
        return Refused(
            "IB takes a market buy of crypto as an amount of cash alone, and none was written down"
        )
    quantity = min(approved.quantity, own.quantity)
    with localcontext(WIDE):
        cash = cents(own.cash * quantity / own.quantity, own.instrument.currency)
    if not cash:
        return Refused("nothing is left to spend")
    return replace(approved, quantity=quantity, cash=cash)


def cents(money: Decimal, currency: str) -> Decimal:
    """Round down to what a currency has."""
    with localcontext(WIDE):
        return in_steps(money, Decimal(1) if currency in _WHOLE else _CENT)


def _is_market(entry: Entry | None) -> bool:
    return entry is None or entry.type is OrderType.MARKET


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
