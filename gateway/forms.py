"""How each order type is written, and what it goes together with.

Sources: TWS API, "Available orders" and "Order"; the names in a contract's orderTypes are those of
TWS API, "ContractDetails". What IB does not take is refused before it is sent, with the remedy.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from alertwire.wire.alert import Entry, Instrument, OrderType, SecurityType, TimeInForce
from alertwire.wire.command import OrderCommand
from gateway.terms import Terms

_T = TimeInForce
LASTING: Final = frozenset({_T.DAY, _T.GTC, _T.GTD})
_ANY: Final = frozenset(TimeInForce)
_OPENING: Final = frozenset({_T.DAY, _T.OPG})
_CLOSING: Final = frozenset({_T.DAY})


def listed_as(tws_type: str) -> str:
    """Return an order type's name among a contract's orderTypes."""
    return tws_type.replace(" LIMIT", "LMT").replace(" ", "")


def lacks(tws_type: str, order_types: frozenset[str]) -> bool:
    """True where the broker told the contract's order types whole, and this is none of them."""
    return TimeInForce.DAY.name in order_types and listed_as(tws_type) not in order_types


@dataclass(frozen=True, slots=True)
class Form:
    """How an order type is written; `tif` is set where the type leaves no choice."""

    tws_type: str
    needs_limit: bool = False
    needs_stop: bool = False
    trails: bool = False
    tif: str = ""
    times: frozenset[TimeInForce] = LASTING
    """Times in force that it goes together with."""

    @property
    def listed_as(self) -> str:
        """Its name among a contract's orderTypes."""
        return listed_as(self.tws_type)

    @property
    def is_auction(self) -> bool:
        return bool(self.tif)


FORMS: Final[dict[OrderType, Form]] = {
    OrderType.MARKET: Form("MKT", times=_ANY),
    OrderType.LIMIT: Form("LMT", needs_limit=True, times=_ANY),
    OrderType.STOP: Form("STP", needs_stop=True),
    OrderType.STOP_LIMIT: Form("STP LMT", needs_limit=True, needs_stop=True),
    OrderType.TRAILING_STOP: Form("TRAIL", trails=True),
    OrderType.TRAILING_STOP_LIMIT: Form(
        "TRAIL LIMIT", needs_limit=True, needs_stop=True, trails=True
    ),
    OrderType.MARKET_ON_OPEN: Form("MKT", tif="OPG", times=_OPENING),
    OrderType.MARKET_ON_CLOSE: Form("MOC", tif="DAY", times=_CLOSING),
    OrderType.LIMIT_ON_OPEN: Form("LMT", needs_limit=True, tif="OPG", times=_OPENING),
    OrderType.LIMIT_ON_CLOSE: Form("LOC", needs_limit=True, tif="DAY", times=_CLOSING),
    OrderType.MARKET_IF_TOUCHED: Form("MIT", needs_stop=True),
    OrderType.LIMIT_IF_TOUCHED: Form("LIT", needs_limit=True, needs_stop=True),
}


def is_crypto(instrument: Instrument | None) -> bool:
    return instrument is not None and instrument.security_type is SecurityType.CRYPTO


def is_crypto_at_market(command: OrderCommand, form: Form) -> bool:
    """True for what IB takes immediate-or-cancel alone (message codes 10052, 201)."""
    return is_crypto(command.instrument) and form.tws_type == "MKT" and not form.is_auction


def tif_of(form: Form, command: OrderCommand) -> str:
    """Return the time in force as TWS reads it."""
    if is_crypto_at_market(command, form):
        return TimeInForce.IOC.name
    return form.tif or (command.time_in_force or TimeInForce.DAY).name


def objection(
    command: OrderCommand, entry: Entry, terms: Terms, now: datetime | None = None
) -> str:
    """Say which fields do not go together, or which the contract does not take; empty: none."""
    form = FORMS[entry.type]
    return (
        _missing(entry, form)
        or _wrong_time(command, entry, form)
        or _wrong_moments(command, form, now)
        or _not_taken(command, entry, form, terms)
    )


def remark(command: OrderCommand, entry: Entry) -> str:
    """Tell of what IB ignores, where the order stands all the same; empty: nothing."""
    instrument = command.instrument
    is_stock = instrument is not None and instrument.security_type is SecurityType.STOCK
    if command.outside_rth and is_stock and entry.type is OrderType.MARKET:
        # TWS API, "Message codes", 2109.
        return "IB fills market orders for stocks in regular hours only, outside_rth or not"
    return ""


def _missing(entry: Entry, form: Form) -> str:
    name = entry.type.name.lower()
    if form.needs_limit and entry.limit_price is None:
        return f"{name} needs limit_price"
    if form.needs_stop and entry.stop_price is None:
        return f"{name} needs stop_price"
    if form.trails and entry.trail_amount is None and entry.trail_percent is None:
        return f"{name} needs trail_amount or trail_percent"
    if form.trails and entry.trail_percent is not None and not 0 < entry.trail_percent < 100:
        return f"trail_percent must be above 0 and below 100, it was {entry.trail_percent:f}"
    return ""


def _wrong_time(command: OrderCommand, entry: Entry, form: Form) -> str:
    name, tif = entry.type.name.lower(), command.time_in_force or TimeInForce.DAY
    if is_crypto_at_market(command, form) and tif not in {TimeInForce.DAY, TimeInForce.IOC}:
        said = f"time_in_force {tif.name.lower()} does not go with {name} orders of crypto"
        return f"{said}, which IB takes at once or not at all: use ioc"
    if tif not in form.times:
        fits = ", ".join(one.name.lower() for one in TimeInForce if one in form.times)
        return f"time_in_force {tif.name.lower()} does not go with {name}: use {fits}"
    is_opening = tif is TimeInForce.OPG or form.is_auction
    if command.outside_rth and is_opening:
        what = name if form.is_auction else "time_in_force opg"
        return f"outside_rth does not go with {what}, an auction of regular hours: leave it out"
    return ""


def _wrong_moments(command: OrderCommand, form: Form, now: datetime | None) -> str:
    tif, till, after = command.time_in_force, command.good_till, command.good_after
    if tif is TimeInForce.GTD and till is None:
        return "time_in_force gtd needs good_till"
    if tif is not TimeInForce.GTD and till is not None:
        return "good_till counts with time_in_force gtd only: set that, or leave good_till out"
    if till is not None and now is not None and till <= now:
        return f"good_till {_words(till)} is over: it is {_words(now)}"
    if after is None:
        return ""
    if is_crypto_at_market(command, form):
        return "good_after does not go with market orders of crypto, which IB takes at once or not"
    if form.is_auction or tif in {TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG}:
        what = f"time_in_force {tif.name.lower()}" if tif and not form.is_auction else "an auction"
        return f"good_after does not go with {what}: leave one of them out"
    if till is not None and till <= after:
        return f"good_till {_words(till)} is not after good_after {_words(after)}"
    return ""


def _not_taken(command: OrderCommand, entry: Entry, form: Form, terms: Terms) -> str:
    """Hold the order against what the contract takes, where the broker told it whole.

    TWS lists times in force beside the types. A list without DAY is none of its usual ones, and
    what it leaves out may be taken all the same: then the broker decides.
    """
    if TimeInForce.DAY.name not in terms.order_types:
        return ""
    name, tif = entry.type.name.lower(), tif_of(form, command)
    if form.listed_as not in terms.order_types:
        known = [one.name.lower() for one, form in FORMS.items() if _is_taken(form, terms)]
        return f"order_type {name} is not taken for this contract: use {', '.join(known)}"
    if tif not in terms.order_types and form.tif:
        return f"order_type {name} is not taken for this contract: IB lists no {form.tif} for it"
    if tif not in terms.order_types:
        known = [one.name.lower() for one in TimeInForce if one.name in terms.order_types]
        return f"time_in_force {tif.lower()} is not taken for this contract: use {', '.join(known)}"
    if command.good_after is not None and "GAT" not in terms.order_types:
        return "good_after is not taken for this contract: send the alert when it is time"
    return ""


def _is_taken(form: Form, terms: Terms) -> bool:
    return form.listed_as in terms.order_types and (not form.tif or form.tif in terms.order_types)


def _words(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
