"""The order ticket: what is written to the broker, from the contract's words to TWS fields.

Field meanings: TWS API, "Available orders" and "Order" class.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from alertwire.money import format_decimal, to_float
from alertwire.wire.alert import Entry, OrderType, TimeInForce
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import Side
from gateway.sizing import Refused

_ORDER_REF_LENGTH_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Everything of an order but its contract. Prices in the contract's currency, unset: None."""

    order_id: int
    order_ref: str
    account: str
    side: Side
    quantity: Decimal
    type: OrderType
    tws_type: str
    time_in_force: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    """Stop or touch price; of a trailing order, its distance in price."""
    trail_percent: Decimal | None = None
    trail_stop_price: Decimal | None = None
    limit_offset: Decimal | None = None
    good_till: str = ""
    good_after: str = ""
    outside_rth: bool = False


@dataclass(frozen=True, slots=True)
class _Form:
    """How an order type is written; `tif` is set where the type leaves no choice."""

    tws_type: str
    needs_limit: bool = False
    needs_stop: bool = False
    trails: bool = False
    tif: str = ""


FORMS: Final[dict[OrderType, _Form]] = {
    OrderType.MARKET: _Form("MKT"),
    OrderType.LIMIT: _Form("LMT", needs_limit=True),
    OrderType.STOP: _Form("STP", needs_stop=True),
    OrderType.STOP_LIMIT: _Form("STP LMT", needs_limit=True, needs_stop=True),
    OrderType.TRAILING_STOP: _Form("TRAIL", trails=True),
    OrderType.TRAILING_STOP_LIMIT: _Form(
        "TRAIL LIMIT", needs_limit=True, needs_stop=True, trails=True
    ),
    OrderType.MARKET_ON_OPEN: _Form("MKT", tif="OPG"),
    OrderType.MARKET_ON_CLOSE: _Form("MOC", tif="DAY"),
    OrderType.LIMIT_ON_OPEN: _Form("LMT", needs_limit=True, tif="OPG"),
    OrderType.LIMIT_ON_CLOSE: _Form("LOC", needs_limit=True, tif="DAY"),
    OrderType.MARKET_IF_TOUCHED: _Form("MIT", needs_stop=True),
    OrderType.LIMIT_IF_TOUCHED: _Form("LIT", needs_limit=True, needs_stop=True),
}
_MARKET: Final = Entry(type=OrderType.MARKET)


def write_ticket(
    command: OrderCommand,
    *,
    account: str,
    side: Side,
    quantity: Decimal,
    order_id: int,
    order_ref: str,
) -> Ticket | Refused:
    """Write the ticket of an order of this side and quantity, or say why it cannot be."""
    entry = command.entry or _MARKET
    form = FORMS[entry.type]
    tif = form.tif or (command.time_in_force or TimeInForce.DAY).name
    reason = _missing(entry, form) or untellable(quantity, entry) or _bad_text(order_ref, account)
    if not reason and tif == "GTD" and command.good_till is None:
        reason = "time in force gtd needs good_till"
    if reason:
        return Refused(reason)
    is_trail_limit = entry.type is OrderType.TRAILING_STOP_LIMIT
    return Ticket(
        order_id=order_id,
        order_ref=order_ref,
        account=account,
        side=side,
        quantity=quantity,
        type=entry.type,
        tws_type=form.tws_type,
        time_in_force=tif,
        limit_price=entry.limit_price if form.needs_limit and not is_trail_limit else None,
        aux_price=entry.trail_amount
        if form.trails
        else entry.stop_price
        if form.needs_stop
        else None,
        trail_percent=entry.trail_percent if form.trails and entry.trail_amount is None else None,
        trail_stop_price=entry.stop_price if form.trails else None,
        # TWS takes the limit of a trailing stop as its distance from the stop.
        limit_offset=_distance(entry) if is_trail_limit else None,
        good_till=_time(command.good_till) if tif == "GTD" else "",
        good_after=_time(command.good_after),
        outside_rth=command.outside_rth,
    )


def _missing(entry: Entry, form: _Form) -> str:
    name = entry.type.name.lower()
    if form.needs_limit and entry.limit_price is None:
        return f"{name} needs limit_price"
    if form.needs_stop and entry.stop_price is None:
        return f"{name} needs stop_price"
    if form.trails and entry.trail_amount is None and entry.trail_percent is None:
        return f"{name} needs trail_amount or trail_percent"
    return ""


def untellable(quantity: Decimal, entry: Entry = _MARKET) -> str:
    """Say which number the broker's doubles, or the ledger's decimals, cannot hold."""
    prices = (entry.limit_price, entry.stop_price, entry.trail_amount, entry.trail_percent)
    try:
        for number in (quantity, *prices, _distance(entry)):
            if number is not None:
                to_float(number)
                format_decimal(number)
    except ValueError as error:
        return str(error)
    return ""


def _bad_text(order_ref: str, account: str) -> str:
    # A NUL in a text would shift every later field of the message.
    if len(order_ref) > _ORDER_REF_LENGTH_MAX or not is_printable(order_ref):
        return "the command's id cannot be an orderRef: at most 40 printable ASCII characters"
    return "" if is_printable(account) else "the account is not printable ASCII"


def is_printable(text: str) -> bool:
    """True if the text can stand in a TWS message: printable ASCII only."""
    return text.isascii() and text.isprintable()


def _distance(entry: Entry) -> Decimal | None:
    if entry.limit_price is None or entry.stop_price is None:
        return None
    return abs(entry.limit_price - entry.stop_price)


def _time(at: datetime | None) -> str:
    """Write a time as TWS reads UTC: `yyyymmdd-hh:mm:ss` (TWS API: "Order", goodTillDate)."""
    return "" if at is None else f"{at.astimezone(UTC):%Y%m%d-%H:%M:%S}"
