"""Prices that the exchange takes: rounded by the contract's market rule, and never silently.

Buys round down and sells round up, whatever the price is for. A limit is so never worse than was
asked for. A stop is never set off later than was asked for: as protection it loses no more, and as
an entry it buys no higher and sells no lower. The same holds for prices to be touched.
"""

from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from alertwire.money import ZERO
from alertwire.wire.alert import Entry, OrderType
from alertwire.wire.report import Side
from gateway.sizing import Refused
from gateway.terms import Terms


@dataclass(frozen=True, slots=True)
class Rounded:
    """An entry whose prices the exchange takes; `remarks` tell what was changed."""

    entry: Entry
    limit_offset: Decimal | None = None
    """Distance of limit and stop, where both are given."""
    remarks: tuple[str, ...] = field(default=())


def round_entry(
    entry: Entry, side: Side, terms: Terms, reference: Decimal | None
) -> Rounded | Refused:
    """Round all prices of an entry; `reference`: what is known of the market, for distances."""
    remarks: list[str] = []
    rounded: dict[str, Decimal | None] = {}
    for name in ("limit_price", "stop_price"):
        asked: Decimal | None = getattr(entry, name)
        price = None if asked is None else round_price(asked, side, terms)
        if asked is not None and price is not None:
            if price <= 0:
                return Refused(_too_small(name, asked, price, terms))
            remarks += _remark(name, asked, price, terms.increment_at(price))
        rounded[name] = price
    if reason := _wrong_way(entry, side):
        return Refused(reason)
    near = rounded["stop_price"] or rounded["limit_price"] or reference
    step = terms.min_tick if near is None else terms.increment_at(near)
    trail = entry.trail_amount
    if trail is not None:
        if trail <= 0:
            return Refused(f"trail_amount must be above zero, it was {trail:f}")
        # Rounded down it follows closer; below one step nothing could be told.
        closer = max(_down(trail, step), step)
        remarks += _remark("trail_amount", trail, closer, step)
        trail = closer
    offset = None
    if entry.limit_price is not None and entry.stop_price is not None:
        offset = _down(abs(entry.limit_price - entry.stop_price), step)
    if remarks and terms.remark:
        remarks.append(terms.remark)
    whole = replace(
        entry,
        limit_price=rounded["limit_price"],
        stop_price=rounded["stop_price"],
        trail_amount=trail,
    )
    return Rounded(whole, offset, tuple(remarks))


def _wrong_way(entry: Entry, side: Side) -> str:
    """Say that the limit of a trailing order lies where TWS, told its distance, has no limit."""
    if entry.type is not OrderType.TRAILING_STOP_LIMIT:
        return ""
    limit, stop = entry.limit_price, entry.stop_price
    if limit is None or stop is None:
        return ""
    is_buy = side is Side.BUY
    if limit == stop or (limit > stop) is is_buy:
        return ""
    where, name = ("above", "buy") if is_buy else ("below", "sell")
    return (
        f"limit_price {limit.normalize():f} of a trailing {name} must be {where} its stop_price "
        f"{stop.normalize():f}: it follows the stop at that distance"
    )


def round_price(price: Decimal, side: Side, terms: Terms) -> Decimal:
    """Round a price to what the exchange takes, down for a buy and up for a sell."""
    return _floor(price, terms) if side is Side.BUY else _ceiling(price, terms)


def _floor(price: Decimal, terms: Terms) -> Decimal:
    step = terms.increment_at(price)
    if not step:
        return price
    below = _times(price, step, ROUND_FLOOR)
    low = _low_at(price, terms)
    # A step may begin between two multiples of its increment: below it, the finer one counts.
    return _times(low, terms.increment_at(below), ROUND_FLOOR) if ZERO < below < low else below


def _ceiling(price: Decimal, terms: Terms) -> Decimal:
    step = terms.increment_at(price)
    if not step:
        return price
    above = _times(price, step, ROUND_CEILING)
    after = terms.increment_at(above)
    return above if after == step else _times(above, after, ROUND_CEILING)


def _low_at(price: Decimal, terms: Terms) -> Decimal:
    return max((one.low for one in terms.price_steps if one.low <= price), default=ZERO)


def _times(price: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (price / step).to_integral_value(rounding) * step


def _down(distance: Decimal, step: Decimal) -> Decimal:
    return _times(distance, step, ROUND_DOWN) if step else distance


def _remark(name: str, asked: Decimal, used: Decimal, step: Decimal) -> list[str]:
    if asked == used:
        return []
    return [f"{name} {asked.normalize():f} is {used.normalize():f} in steps of {step:f}"]


def _too_small(name: str, asked: Decimal, price: Decimal, terms: Terms) -> str:
    step = terms.increment_at(asked)
    if asked <= 0 or not step:
        return f"{name} must be above zero, it was {asked:f}"
    return (
        f"{name} {asked:f} rounds to {price:f}: the contract trades in steps of {step:f}; "
        f"give at least {step:f}"
    )
