"""What a contract costs at this moment, by a snapshot of the broker or by the alert. Pure state.

TWS API: "Market Data: Snapshots", "Delayed Market Data". A delayed price is as good as any for a
size, and is said to be one; a closing price of another day is not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.report import Side
from gateway.messages import QuoteTold
from gateway.sizing import Refused

QUOTE_AGE_MAX_S: Final = 10.0
"""An older quote is asked for again."""
ALERT_PRICE_AGE_MAX_S: Final = 60.0
"""An alert's own price counts where the broker tells none, this long after the alert came."""
QUOTES_MAX: Final = 2_000
"""Contracts whose last quote is kept."""


@dataclass(frozen=True, slots=True)
class QuoteOf:
    """Asks for the quote of a contract."""

    contract_id: int


@dataclass(frozen=True, slots=True)
class Price:
    """A price, and where it is from: empty for an order's own."""

    value: Decimal
    source: str = ""


class Quotes:
    """The last quote of each contract, or why there is none."""

    def __init__(self) -> None:
        self._quotes: dict[int, tuple[QuoteTold, datetime]] = {}

    def told(self, message: QuoteTold, now: datetime) -> None:
        self._quotes.pop(message.contract_id, None)
        self._quotes[message.contract_id] = (message, now)
        if len(self._quotes) > QUOTES_MAX:
            del self._quotes[next(iter(self._quotes))]

    def find(self, contract_id: int, now: datetime) -> QuoteTold | None:
        """Return a quote of this moment, or the broker's word that it has none; None: ask."""
        found, at = self._quotes.get(contract_id, (None, now))
        is_fresh = timedelta() <= now - at <= timedelta(seconds=QUOTE_AGE_MAX_S)
        return found if is_fresh else None


def price_now(
    quote: QuoteTold | None, side: Side | None, alert_price: Decimal | None, alert_age_s: float
) -> Price | Refused:
    """Pick the price that an order of this side would meet, else the alert's own."""
    if quote is not None and (found := shown(quote, side)) is not None:
        return found
    why = (quote.reason if quote else "") or "the broker tells no price"
    if alert_price is None or alert_price <= 0:
        return Refused(f"no price to size by: {why}, and the alert gives none")
    if not 0 <= alert_age_s <= ALERT_PRICE_AGE_MAX_S:
        return Refused(
            f"no price to size by: {why}, and the alert's own is {alert_age_s:.0f} s old, at most "
            f"{ALERT_PRICE_AGE_MAX_S:g} s are allowed"
        )
    return Price(alert_price, f"the alert's price, for {why}")


def shown(quote: QuoteTold, side: Side | None) -> Price | None:
    """Pick the far side of the book, where an order would meet it; else the last trade."""
    late = "delayed " if quote.is_delayed else ""
    far, name = (quote.bid, "bid") if side is Side.SELL else (quote.ask, "ask")
    if far is not None and quote.bid is not None and quote.ask is not None:
        return Price(far, f"the {late}{name}")
    if quote.last is not None:
        return Price(quote.last, f"the {late}last price")
    return None


def last_price(quote: QuoteTold) -> Decimal | None:
    """Return the last price; without a trade the middle of the book, or its one side."""
    if quote.last is not None:
        return quote.last
    sides = [side for side in (quote.bid, quote.ask) if side is not None]
    return sum(sides, ZERO) / len(sides) if sides else None
