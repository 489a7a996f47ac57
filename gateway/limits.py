"""Limits: whether one more entry is within what the operator allows. Pure: values in, breach out.

Values are at the highest price that is known of the order, so a value is never counted too small. A
position is counted as it is after everything that works on the same side has filled.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from itertools import chain
from typing import Final

from alertwire.blackout import Window, read_blackout
from alertwire.money import ZERO
from alertwire.trading import Hours, Limits
from gateway.figures import rounded
from gateway.funds import PROFIT_AGE_MAX_S

_PERCENT: Final = Decimal(100)
UNKNOWN_PRICE: Final = (
    "the broker tells no price of it, and neither order nor alert bounds it: send the price in the "
    "alert, or buy at a limit"
)
UNKNOWN_LAST_PRICE: Final = "the broker tells no last price to hold it against"
UNKNOWN_HOURS: Final = "the broker does not tell its hours"
UNKNOWN_PROFIT: Final = (
    f"the broker has not told today's profit or loss in the last {PROFIT_AGE_MAX_S:g} s, of account"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An order that is about to be sent, and what it would meet."""

    quantity: Decimal
    prices: tuple[Decimal, ...] = ()
    """Its own limit and stop price, where it has them."""
    alert_price: Decimal | None = None
    last_price: Decimal | None = None
    far_price: Decimal | None = None
    """The side of the book where it would be filled now; None: not told."""
    cash: Decimal | None = None
    """What it spends, where it goes out as an amount of cash; `quantity` is then expected."""
    unit_value: Decimal = Decimal(1)
    """Value of one unit at a price of 1, in the contract's currency."""
    currency: str = ""
    position_after: Decimal = ZERO
    """Signed units after it and everything of its side that works has filled."""
    names: tuple[str, ...] = ()
    """Symbols of the contract."""
    is_regular: bool | None = None
    is_extended: bool | None = None
    """Whether the contract trades now; None: its hours are not told."""
    is_capped: bool = True
    """It cannot fill above the highest of its own prices."""
    account: str = ""
    profit: Decimal | None = None
    """The account's profit of today, below zero for a loss; None: not told."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a contract and an account, the alert's price not long ago; None: nothing."""

    last_price: Decimal | None = None
    bid: Decimal | None = None
    ask: Decimal | None = None
    alert_price: Decimal | None = None
    profit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the limits of an order are held against, and the broker must tell of this moment."""

    price: bool = False
    profit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Orders of a scope before this one."""

    open: int = 0
    last_minute: int = 0
    last_day: int = 0
    repeated_s: float | None = None
    """Seconds since an equal entry; None: there was none."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that the order would break: its name in alertwire.toml, and the numbers."""

    limit: str
    words: str


def breach(limits: Limits, entry: Entry, count: Count, now: datetime) -> Breach | None:
    """Return the first limit that an entry would break; None: it may go."""
    return next(_breaches(limits, entry, count, now), None)


def breach_again(limits: Limits, entry: Entry, now: datetime) -> Breach | None:
    """Return the first limit that an entry would break if it were sent again now.

    It was counted when it was written down, and for no answer of the broker is waited again.
    """
    found = (_symbol(limits, entry), _times(limits, entry, now), _units(limits, entry))
    return next(chain.from_iterable(found), None)


def needs_last_price(limits: Limits) -> bool:
    """Tell whether a limit is held against the last price."""
    wanted = (limits.order_value_max, limits.position_value_max, limits.price_distance_max_percent)
    return any(limit is not None for limit in wanted)


def _breaches(limits: Limits, entry: Entry, count: Count, now: datetime) -> Iterator[Breach]:
    yield from _symbol(limits, entry)
    yield from _times(limits, entry, now)
    yield from _counts(limits, count)
    yield from _units(limits, entry)
    yield from _values(limits, entry)
    yield from _prices(limits, entry)
    yield from _loss(limits, entry)


def _symbol(limits: Limits, entry: Entry) -> Iterator[Breach]:
    allowed = limits.symbols_allowed
    names = [name.upper() for name in entry.names]
    if allowed and not any(fnmatchcase(n, pattern.upper()) for n in names for pattern in allowed):
        yield Breach("symbols_allowed", f"{names[0]} is not one of {', '.join(allowed)}")


def _times(limits: Limits, entry: Entry, now: datetime) -> Iterator[Breach]:
    is_open = {Hours.REGULAR: entry.is_regular, Hours.EXTENDED: entry.is_extended}
    if limits.hours is not Hours.ANY and not is_open[limits.hours]:
        closed = f"{limits.hours.value} hours only, and it is outside them"
        unknown = f"{limits.hours.value} hours only, and {UNKNOWN_HOURS}"
        yield Breach("hours", unknown if is_open[limits.hours] is None else closed)
    if limits.windows and all(window.end_after(now) is None for window in _read(limits.windows)):
        yield Breach("windows", f"only in {', '.join(limits.windows)}")


def _counts(limits: Limits, count: Count) -> Iterator[Breach]:
    for name, most, before, unit in (
        ("open_orders_max", limits.open_orders_max, count.open, "open orders"),
        (
            "orders_per_minute_max",
            limits.orders_per_minute_max,
            count.last_minute,
            "orders per minute",
        ),
        ("orders_per_day_max", limits.orders_per_day_max, count.last_day, "orders in 24 hours"),
    ):
        if most is not None and before >= most:
            yield Breach(name, f"{most} {unit}, this would be number {before + 1}")
    apart_s = limits.repeat_entry_s
    if apart_s is not None and count.repeated_s is not None and count.repeated_s < apart_s:
        yield Breach(
            "repeat_entry_s",
            f"an equal entry was sent {count.repeated_s:.1f} s ago, {apart_s:g} s must be between",
        )


def _units(limits: Limits, entry: Entry) -> Iterator[Breach]:
    after = abs(entry.position_after)
    for name, most, units, noun in (
        ("order_quantity_max", limits.order_quantity_max, entry.quantity, "an order of"),
        ("position_quantity_max", limits.position_quantity_max, after, "a position of"),
    ):
        if most is not None and units > most:
            yield Breach(name, f"{noun} {_text(most)} units, this would make it {_text(units)}")


def _values(limits: Limits, entry: Entry) -> Iterator[Breach]:
    after = abs(entry.position_after)
    market = entry.alert_price if entry.last_price is None else entry.last_price
    # What may fill at any price fills at the book's, however long ago the last trade was.
    far = None if entry.is_capped else entry.far_price
    known = [abs(one) for one in (*entry.prices, market, far) if one is not None]
    price = max(known) if known and (entry.is_capped or market is not None) else None
    for name, most, units, noun in (
        ("order_value_max", limits.order_value_max, entry.quantity, "an order of"),
        ("position_value_max", limits.position_value_max, after, "a position of"),
    ):
        if most is None:
            continue
        most_text = f"{noun} {_text(most)} {entry.currency}"
        if price is None:
            yield Breach(name, f"{most_text}, and {UNKNOWN_PRICE}")
        elif (value := _value(units, price, entry)) > most:
            yield Breach(name, f"{most_text}, this would make it {_text(value)} at {_text(price)}")


def _value(units: Decimal, price: Decimal, entry: Entry) -> Decimal:
    """Return what units are worth, the order's own no less than the cash that it spends."""
    value = units * price * entry.unit_value
    if entry.cash is None:
        return value
    return value + max(entry.cash - entry.quantity * price * entry.unit_value, ZERO)


def _prices(limits: Limits, entry: Entry) -> Iterator[Breach]:
    most = limits.price_distance_max_percent
    if most is None:
        return
    for price in entry.prices:
        if not entry.last_price:
            yield Breach(
                "price_distance_max_percent",
                f"at most {_text(most)} % from the last price, and {UNKNOWN_LAST_PRICE}",
            )
            continue
        distance = abs(price - entry.last_price) / abs(entry.last_price) * _PERCENT
        if distance > most:
            yield Breach(
                "price_distance_max_percent",
                f"at most {_text(most)} % from the last price, {_text(price)} is "
                f"{rounded(distance, 2)} % from {_text(entry.last_price)}",
            )


def _loss(limits: Limits, entry: Entry) -> Iterator[Breach]:
    most = limits.daily_loss_max
    if most is None:
        return
    if entry.profit is None:
        yield Breach(
            "daily_loss_max",
            f"a loss of {_text(most)} a day, and {UNKNOWN_PROFIT} {entry.account}",
        )
    elif -entry.profit >= most:
        yield Breach(
            "daily_loss_max",
            f"a loss of {_text(most)} a day, account {entry.account} has lost "
            f"{_text(-entry.profit)}",
        )


@cache
def _read(windows: tuple[str, ...]) -> tuple[Window, ...]:
    return tuple(window for text in windows for window in read_blackout(text).windows)


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"
