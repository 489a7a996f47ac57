"""The order ticket: what is written to the broker, from the contract's words to TWS fields.

Field meanings: TWS API, "Available orders" and "Order" class.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO, format_decimal, to_float
from alertwire.wire.alert import Entry, OrderType
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import OrderRole, Side
from gateway import forms
from gateway.forms import FORMS, tif_of
from gateway.prices import round_entry
from gateway.sizing import Refused
from gateway.terms import NOTHING_TOLD, Terms

_ORDER_REF_LENGTH_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How the broker itself changes a stop, once (TWS API: "Adjustable stops")."""

    tws_type: str
    trigger_price: Decimal
    stop_price: Decimal
    trail: Decimal | None = None
    """Distance, where it then trails."""
    trail_unit: int = 0
    """0: `trail` is in price; 100: in percent."""


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
    remark: str = field(default="", compare=False)
    """What is not as it was asked for, in words; empty: nothing."""
    role: OrderRole = OrderRole.MAIN
    transmit: bool = True
    """False: TWS holds it until a later order of its family is transmitted."""
    parent_id: int = 0
    parent_ref: str = ""
    oca_group: str = ""
    oca_type: int = 0
    adjustment: Adjustment | None = None
    cash: Decimal | None = None
    """What it spends, in the contract's currency; it is sent in place of `quantity`, which is what
    that buys at the price of the moment (TWS API: "Order", cashQty)."""
    whole: Decimal = ZERO
    """Of a protective order that was made smaller for closes which are not known to have filled:
    its size without them; 0: none."""


_MARKET: Final = Entry(type=OrderType.MARKET)


def write_ticket(
    command: OrderCommand,
    *,
    account: str,
    side: Side,
    quantity: Decimal,
    order_id: int,
    order_ref: str,
    terms: Terms = NOTHING_TOLD,
    now: datetime | None = None,
    cash: Decimal | None = None,
) -> Ticket | Refused:
    """Write the ticket of an order of this side and quantity, or say why it cannot be.

    Prices are rounded by the contract's terms, which `remark` tells.
    """
    asked = command.entry or _MARKET
    form = FORMS[asked.type]
    reason = forms.objection(command, asked, terms, now) or _bad_text(order_ref, account)
    if reason:
        return Refused(reason)
    rounded = round_entry(asked, side, terms, command.price)
    if isinstance(rounded, Refused):
        return rounded
    entry, offset = rounded.entry, rounded.limit_offset
    tif = tif_of(form, command)
    is_trail_limit = entry.type is OrderType.TRAILING_STOP_LIMIT
    ticket = Ticket(
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
        limit_offset=offset if is_trail_limit else None,
        good_till=_time(command.good_till) if tif == "GTD" else "",
        good_after=_time(command.good_after),
        outside_rth=command.outside_rth,
        cash=cash,
        remark="; ".join(filter(None, (*rounded.remarks, forms.remark(command, entry)))),
    )
    reason = untellable(ticket)
    return Refused(reason) if reason else ticket


def untellable(ticket: Ticket) -> str:
    """Say which number the broker's doubles, or the ledger's decimals, cannot hold."""
    numbers = {
        "quantity": ticket.quantity,
        "the amount of cash": ticket.cash,
        "limit_price": ticket.limit_price,
        "stop_price": ticket.aux_price,
        "trail_percent": ticket.trail_percent,
        "the stop to start with": ticket.trail_stop_price,
        "the distance of limit_price and stop_price": ticket.limit_offset,
    }
    if (change := ticket.adjustment) is not None:
        numbers |= {
            "the price at which the stop changes": change.trigger_price,
            "the price to which the stop changes": change.stop_price,
            "trail_amount": change.trail,
        }
    for name, number in numbers.items():
        try:
            if number is not None:
                to_float(number)
                format_decimal(number)
        except ValueError as error:
            return f"{name}: {error}"
    return ""


def telling(ticket: Ticket) -> Ticket:
    """Return a ticket that is about to be written down.

    Raises ValueError where it could not be sent after that, now and at each restart.
    """
    if reason := untellable(ticket):
        raise ValueError(f"{ticket.order_ref}: {reason}")
    return ticket


def _bad_text(order_ref: str, account: str) -> str:
    # A NUL in a text would shift every later field of the message.
    if len(order_ref) > _ORDER_REF_LENGTH_MAX or not is_printable(order_ref):
        return "the command's id cannot be an orderRef: at most 40 printable ASCII characters"
    return "" if is_printable(account) else "the account is not printable ASCII"


def is_printable(text: str) -> bool:
    """True if the text can stand in a TWS message: printable ASCII only."""
    return text.isascii() and text.isprintable()


def _time(at: datetime | None) -> str:
    """Write a time as TWS reads UTC: `yyyymmdd-hh:mm:ss` (TWS API: "Order", goodTillDate)."""
    return "" if at is None else f"{at.astimezone(UTC):%Y%m%d-%H:%M:%S}"
