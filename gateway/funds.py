"""What each account is worth and what currencies cost, as the broker last told. Pure state.

TWS tells a subscriber of the account summary all values once, and after that every three minutes
those that have changed (TWS API: "Account Summary"). So silence is no change, or a dead line: what
was not heard for longer than that is asked for again before anything is sized by it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from alertwire.money import ONE
from gateway.messages import AccountValue, FundsAnswered
from gateway.rates import Rate
from gateway.sizing import Refused

REFRESH_S: Final = 180.0
"""TWS tells changed values so often."""
FUNDS_AGE_MAX_S: Final = REFRESH_S + 30.0
"""Values that were heard longer ago size no order."""
PROFIT_AGE_MAX_S: Final = 60.0
"""A day's profit moves with every price: one that was told longer ago holds no limit."""
FUNDS_AGAIN_S: Final = 5.0
"""A question that failed is asked again after so long."""
EQUITY: Final = "NetLiquidation"
AVAILABLE: Final = "AvailableFunds"
RATE: Final = "ExchangeRate"
DAILY_PROFIT: Final = "DailyPnL"
"""Our name for what a subscription of its own tells."""
TAGS: Final = frozenset({EQUITY, AVAILABLE, RATE})
"""The account values that are kept; the rate of `$LEDGER` is the base currency for one unit."""
_BASE: Final = "BASE"


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class AskFunds:
    """Asks for the account values anew."""


ASK_FUNDS: Final = AskFunds()


class Funds:
    """Values of all accounts of one connection."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], Money] = {}
        self._rates: dict[tuple[str, str], Decimal] = {}
        """What one unit of a currency is worth in the account's own."""
        self._profits: dict[str, tuple[Decimal, datetime]] = {}
        """Told on every change, so of any age: an old one is no change, or a dead line."""
        self._heard_at: dict[str, datetime] = {}
        self._answered_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._ended_at: datetime | None = None
        """When a question last got an answer of any kind."""
        self._reason = "the broker has not told any yet"

    def told(self, message: AccountValue, now: datetime) -> None:
        """Take one value."""
        if message.tag == DAILY_PROFIT:
            self._profits[message.account] = message.value, now
            return
        if message.tag not in TAGS or message.currency == _BASE:
            return
        self._heard_at[message.account] = now
        if message.tag == RATE:
            self._rates[message.account, message.currency] = message.value
        else:
            self._values[message.account, message.tag] = Money(message.value, message.currency)

    def answered(self, message: FundsAnswered, now: datetime) -> None:
        """Take in that all values were told, or that the question failed."""
        self._ended_at = now
        if message.reason:
            self._failed_at, self._reason = now, message.reason
        else:
            self._answered_at, self._failed_at = now, None
            for account in self._heard_at:
                self._heard_at[account] = now

    def profit(self, account: str, now: datetime) -> Decimal | None:
        """Return the account's profit of today, below zero for a loss; None: not told lately."""
        value, at = self._profits.get(account, (None, None))
        return value if _is_within(at, now, PROFIT_AGE_MAX_S) else None

    def must_ask_profit(self, account: str, now: datetime) -> bool:
        """Tell whether a limit by the day's profit must wait for an answer."""
        just_asked = _is_within(self._ended_at, now, FUNDS_AGAIN_S)
        return not just_asked and self.profit(account, now) is None

    def forget(self) -> None:
        """The connection is gone: its subscription with it."""
        self.__init__()  # type: ignore[misc]

    def must_ask(self, account: str, now: datetime) -> bool:
        """Tell whether a size by these values must wait for an answer."""
        if _is_within(self._failed_at, now, FUNDS_AGAIN_S):
            return False
        heard_at = self._heard_at.get(account) or self._answered_at
        return not _is_within(heard_at, now, FUNDS_AGE_MAX_S)

    def equity(self, account: str, now: datetime) -> Money | Refused:
        """Return the account's net liquidation value, or say why it cannot be told."""
        return self.value(account, EQUITY, now)

    def value(self, account: str, tag: str, now: datetime) -> Money | Refused:
        """Return a value of the account; too old or missing, it is refused by name."""
        heard_at = self._heard_at.get(account)
        found = self._values.get((account, tag))
        if found is None or heard_at is None:
            told = "it is not among what the broker told"
            why = told if self._answered_at and self._failed_at is None else self._reason
            return Refused(f"{tag} of account {account} is not known: {why}")
        if not _is_within(heard_at, now, FUNDS_AGE_MAX_S):
            age_s = (now - heard_at).total_seconds()
            return Refused(
                f"{tag} of account {account} is {age_s:.0f} s old, and at most "
                f"{FUNDS_AGE_MAX_S:g} s are allowed: {self._reason}"
            )
        return found

    def rate(self, account: str, of: str, to: str, now: datetime) -> Rate | Refused:
        """Return what one unit of currency `of` is worth in currency `to`."""
        if of == to:
            return Rate()
        equity = self.equity(account, now)
        if isinstance(equity, Refused):
            return equity
        rates = []
        for currency in (of, to):
            found = ONE if currency == equity.currency else self._rates.get((account, currency))
            if not found or found < 0:
                return Refused(
                    f"no exchange rate from {of} to {to}: account {account} holds no {currency}, "
                    "so the broker tells no rate of it"
                )
            rates.append(found)
        return Rate(rates[0], rates[1])


def _is_within(at: datetime | None, now: datetime, most_s: float) -> bool:
    return at is not None and timedelta() <= now - at <= timedelta(seconds=most_s)
