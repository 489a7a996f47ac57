"""The terms on which a contract trades: prices, sizes, order types and hours, as the broker tells.

Field meanings: TWS API, "ContractDetails" and "Minimum price increment". What TWS leaves out is
empty or zero here, which each field explains; nothing is guessed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alertwire.money import ZERO

_ZONES: Final = {
    # Older TWS versions tell abbreviations, which the time zone database reads without summer time.
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "CST": "America/Chicago",
    "CST6CDT": "America/Chicago",
    "MST": "America/Denver",
    "PST": "America/Los_Angeles",
    "GMT": "Europe/London",
    "BST": "Europe/London",
    "JST": "Asia/Tokyo",
    "HKT": "Asia/Hong_Kong",
    "CET": "Europe/Berlin",
    "MET": "Europe/Berlin",
}


_FINE_PART: Final = 1000
"""A smallest step of at most this part of a price is believed without a market rule."""


@dataclass(frozen=True, slots=True)
class PriceStep:
    """Prices at or above `low` are multiples of `increment`."""

    low: Decimal
    increment: Decimal


@dataclass(frozen=True, slots=True)
class Session:
    """A stretch of trading, both ends in UTC; `ends` is no part of it."""

    begins: datetime
    ends: datetime


Sessions = tuple[Session, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the broker says of trading a contract at the exchange that its orders go to.

    Prices are those of orders and quotes: cents for corn, pence for many London shares.
    """

    min_tick: Decimal = ZERO
    """The finest price increment anywhere; 0: not told."""
    price_steps: tuple[PriceStep, ...] = ()
    """The market rule of the order's exchange, lowest first; empty: `remark` says why."""
    remark: str = ""
    """Why prices go by `min_tick` alone; empty: they go by `price_steps`."""
    min_size: Decimal = ZERO
    size_increment: Decimal = ZERO
    """Smallest quantity and its steps; 0: not told."""
    multiplier: Decimal = Decimal(1)
    """Units of the underlying that one contract is about."""
    price_magnifier: int = 1
    """A price is so many times the amount in the contract's currency: 100 for cents or pence."""
    order_types: frozenset[str] = frozenset()
    """TWS's names of order types and times in force that it takes; empty: not told."""
    exchanges: tuple[str, ...] = ()
    trading_sessions: Sessions | None = None
    liquid_sessions: Sessions | None = None
    """All hours and regular hours of the next days; None: not told, empty: closed."""
    time_zone: str = ""
    stock_type: str = ""
    long_name: str = ""

    def increment_at(self, price: Decimal) -> Decimal:
        """Return the price increment at a price; 0: not known.

        Without a market rule the smallest step stands for it, but not where it is a large part of
        the price: then the price is left to the broker, who refuses what it does not take.
        """
        step = ZERO
        for one in self.price_steps:
            if one.low <= abs(price):
                step = one.increment
        return step or (self.min_tick if self.min_tick <= abs(price) / _FINE_PART else ZERO)

    def value_of(self, price: Decimal, quantity: Decimal) -> Decimal:
        """Return what a quantity is worth at a price, in the contract's currency."""
        return price / self.price_magnifier * quantity * self.multiplier


NOTHING_TOLD: Final = Terms()


def is_open(sessions: Sessions | None, at: datetime) -> bool | None:
    """Tell whether a moment lies within a session; None: the hours were not told."""
    if sessions is None:
        return None
    return any(one.begins <= at < one.ends for one in sessions)


def rule_of(exchange: str, exchanges: tuple[str, ...], rules: str) -> int | None:
    """Return the market rule of an exchange; the two lists of TWS run in parallel."""
    numbers = rules.split(",")
    for name, number in zip(exchanges, numbers, strict=False):
        if name == exchange and number.strip().isdecimal():
            return int(number)
    return None


def read_sessions(hours: str, zone_name: str) -> Sessions | None:
    """Read TWS's hours; None where they or their time zone cannot be read.

    `20261123:0930-20261123:1600;20261126:CLOSED`, or before TWS 970
    `20261123:0930-1200,1300-1600` (TWS API: "ContractDetails", tradingHours).
    """
    name = zone_name.partition(" (")[0].strip()
    try:
        zone = ZoneInfo(_ZONES.get(name, name))
        return tuple(
            session
            for day in hours.split(";")
            if day.strip()
            for session in _day(day.strip(), zone)
        ) or (() if hours.strip() else None)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _day(text: str, zone: ZoneInfo) -> list[Session]:
    day, _, stretches = text.partition(":")
    if stretches == "CLOSED":
        return []
    sessions = []
    for stretch in stretches.split(","):
        first, dash, last = stretch.partition("-")
        if not dash:
            raise ValueError(f"{text} is no session")
        begins, ends = _moment(first, day, zone), _moment(last, day, zone)
        if ends <= begins:
            raise ValueError(f"{text} ends before it begins")
        sessions.append(Session(begins, ends))
    return sessions


def _moment(text: str, day: str, zone: ZoneInfo) -> datetime:
    whole = text if ":" in text else f"{day}:{text}"
    moment = datetime.strptime(whole, "%Y%m%d:%H%M")  # noqa: DTZ007 - the zone is told apart
    return moment.replace(tzinfo=zone).astimezone(UTC)
