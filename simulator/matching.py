"""What an order does at a quote: rest, trigger, or execute and at which price.

Pure: an order's state and a quote in, a verdict out. Nothing here changes anything.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from simulator.market import Quote, to_tick
from simulator.orders import Order, Terms

MARKET_TYPES = frozenset({"MKT", "MTL", "MOC"})
LIMIT_TYPES = frozenset({"LMT", "LOC"})
STOP_TYPES = frozenset({"STP", "STP LMT", "TRAIL", "TRAIL LIMIT"})
TOUCH_TYPES = frozenset({"MIT", "LIT"})
TRAILING_TYPES = frozenset({"TRAIL", "TRAIL LIMIT"})
BECOMES_LIMIT = frozenset({"STP LMT", "TRAIL LIMIT", "LIT"})
TRIGGERED_TYPES = STOP_TYPES | TOUCH_TYPES
ORDER_TYPES = MARKET_TYPES | LIMIT_TYPES | TRIGGERED_TYPES


@dataclass(frozen=True, slots=True)
class Trigger:
    """Where a stop stands after a quote, and whether the quote set it off."""

    stop_price: Decimal | None
    limit_price: Decimal | None
    is_triggered: bool


def execution_price(order: Order, quote: Quote, *, is_arriving: bool) -> Decimal | None:
    """Price at which the order trades now, or None while it rests.

    An order that arrives takes the price shown. A limit that was resting trades at its limit
    when the book reaches it, as it would at an exchange.
    """
    order_type = order.terms.order_type
    if order_type in TRIGGERED_TYPES and not order.is_triggered:
        return None
    shown = quote.ask if order.terms.is_buy else quote.bid
    if order_type in MARKET_TYPES or (
        order_type in TRIGGERED_TYPES and order_type not in BECOMES_LIMIT
    ):
        return shown
    limit = order.limit_price
    if limit is None:
        return None
    reached = shown <= limit if order.terms.is_buy else shown >= limit
    if not reached:
        return None
    return shown if is_arriving else limit


def watch(order: Order, quote: Quote, tick: Decimal) -> Trigger:
    """Let an untriggered stop or touch order see a quote.

    TWS API: stops on stocks and futures trigger on the last price. Forex has none, so there and
    everywhere the walk's `last` stands for it, which is always between bid and ask.
    """
    terms = order.terms
    if terms.order_type in TRAILING_TYPES:
        return _trail(order, quote, tick)
    stop = order.stop_price
    if stop is None:
        return Trigger(None, order.limit_price, is_triggered=False)
    rises_to = terms.is_buy == (terms.order_type in STOP_TYPES)
    hit = quote.last >= stop if rises_to else quote.last <= stop
    return Trigger(stop, order.limit_price, is_triggered=hit)


def adjusted_terms(order: Order, quote: Quote) -> Terms | None:
    """Terms that a stop takes on once the market has reached its trigger; None: not yet, or never.

    TWS API, "Adjustable stops": the broker changes the order once, by itself.
    """
    terms = order.terms
    if not terms.adjusted_order_type or terms.trigger_price is None:
        return None
    reached = (
        quote.last <= terms.trigger_price if terms.is_buy else quote.last >= terms.trigger_price
    )
    if not reached:
        return None
    stop, distance = terms.adjusted_stop_price, terms.adjusted_trailing_amount
    plain = replace(terms, order_type=terms.adjusted_order_type, adjusted_order_type="")
    if plain.order_type == "STP":
        return replace(plain, aux_price=stop)
    if terms.adjustable_trailing_unit:
        return replace(plain, trail_stop_price=stop, aux_price=None, trailing_percent=distance)
    return replace(plain, trail_stop_price=stop, aux_price=distance)


def _trail(order: Order, quote: Quote, tick: Decimal) -> Trigger:
    """Draw the stop along behind the market; it never moves back."""
    terms = order.terms
    if terms.trailing_percent is not None:
        distance = quote.last * terms.trailing_percent / 100
    else:
        distance = terms.aux_price or Decimal(0)
    stop = order.stop_price
    if terms.is_buy:
        candidate = to_tick(quote.last + distance, tick)
        stop = candidate if stop is None else min(stop, candidate)
        hit = quote.last >= stop
    else:
        candidate = to_tick(max(quote.last - distance, tick), tick)
        stop = candidate if stop is None else max(stop, candidate)
        hit = quote.last <= stop
    limit = order.limit_price
    if terms.order_type == "TRAIL LIMIT":
        offset = _limit_offset(order)
        limit = stop + offset if terms.is_buy else stop - offset
    return Trigger(stop, limit, is_triggered=hit)


def _limit_offset(order: Order) -> Decimal:
    """TWS API: a trailing limit gives either its offset or a first limit beside its first stop."""
    terms = order.terms
    if terms.limit_price_offset is not None:
        return terms.limit_price_offset
    if terms.limit_price and terms.trail_stop_price is not None:
        return abs(terms.limit_price - terms.trail_stop_price)
    return Decimal(0)
