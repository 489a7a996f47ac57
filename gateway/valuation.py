"""What accounts, contracts and currencies are worth at this moment. Pure state of the desk."""

from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.wire.delivery import Stage
from alertwire.wire.report import Side
from gateway import amounts, families
from gateway.contracts import Qualified
from gateway.events import QueryFunds, QueryQuote, Request
from gateway.funds import ASK_FUNDS, Funds, Money
from gateway.limits import Told, Wanted
from gateway.messages import (
    AccountValue,
    ContractQueryFailed,
    ContractsFound,
    FundsAnswered,
    QuoteTold,
    Reading,
)
from gateway.quotes import ALERT_PRICE_AGE_MAX_S, Price, QuoteOf, Quotes, last_price, price_now
from gateway.rates import Pair, Rate, Rates
from gateway.records import CommandRecord
from gateway.sizing import Refused

Answered = Reading | ContractsFound | ContractQueryFailed
_STARTS: Final = frozenset({Stage.RECEIVED, Stage.JOURNALED})


class Valuation:
    """The broker's last word on each of them, and what is to be asked."""

    def __init__(self) -> None:
        self._funds, self._quotes, self._rates = Funds(), Quotes(), Rates()

    def needs(
        self, record: CommandRecord, qualified: Qualified, now: datetime, wanted: Wanted
    ) -> list[tuple[object, Request]]:
        """Return what must be asked before this size can be worked out, each with its key.

        `wanted`: what the limits are held against.
        """
        needed: list[tuple[object, Request]] = []
        contract, account = qualified.contract, record.account
        with_price = wanted.price or amounts.needs_price(record.command)
        if with_price or families.needs_market(record.command):
            key = QuoteOf(contract.contract_id)
            if self._quotes.find(contract.contract_id, now) is None:
                needed.append((key, QueryQuote(contract)))
        needs_funds = amounts.needs_funds(record.command)
        asks_funds = needs_funds and self._funds.must_ask(account, now)
        if asks_funds or (wanted.profit and self._funds.must_ask_profit(account, now)):
            needed.append((ASK_FUNDS, QueryFunds()))
        elif needs_funds:
            needed += self._needs_rate(account, contract.currency, now)
        return needed

    def _needs_rate(
        self, account: str, currency: str, now: datetime
    ) -> list[tuple[object, Request]]:
        equity = self._funds.equity(account, now)
        if isinstance(equity, Refused):
            return []
        if isinstance(self._funds.rate(account, equity.currency, currency, now), Rate):
            return []
        return self._rates.needs(equity.currency, currency, self._quotes, now)

    def told(self, record: CommandRecord, contract_id: int, now: datetime) -> Told:
        """Return what is told of a command's contract and account, for limits to look at."""
        quote = self._quotes.find(contract_id, now)
        price = record.command.price
        # At a price of 0 everything would be worth nothing.
        is_price = price is not None and price > 0 and _age_s(record, now) <= ALERT_PRICE_AGE_MAX_S
        return Told(
            last_price=None if quote is None else last_price(quote),
            bid=None if quote is None else quote.bid,
            ask=None if quote is None else quote.ask,
            alert_price=price if is_price else None,
            profit=self._funds.profit(record.account, now),
        )

    def read(self, message: Answered, now: datetime) -> object | None:
        """Take in what accounts, contracts and currencies are worth; return what that answers."""
        match message:
            case AccountValue():
                self._funds.told(message, now)
            case FundsAnswered():
                self._funds.answered(message, now)
                return ASK_FUNDS
            case QuoteTold():
                self._quotes.told(message, now)
                return QuoteOf(message.contract_id)
            case ContractsFound(key=Pair() as pair):
                self._rates.found(pair, message, now)
                return pair
            case ContractQueryFailed(key=Pair() as pair):
                self._rates.not_found(pair, message, now)
                return pair
        return None

    def disconnect(self) -> None:
        """Forget what the connection told: nobody would say that it has changed."""
        self._funds.forget()
        self._rates.forget()

    def price(
        self, record: CommandRecord, contract_id: int, side: Side | None, now: datetime
    ) -> Price | Refused:
        """Return the price that an order of this side would meet now."""
        quote = self._quotes.find(contract_id, now)
        return price_now(quote, side, record.command.price, _age_s(record, now))

    def market(
        self, record: CommandRecord, qualified: Qualified, side: Side, now: datetime
    ) -> Decimal | None:
        """Return that price alone; None: nobody tells it."""
        found = self.price(record, qualified.contract.contract_id, side, now)
        return None if isinstance(found, Refused) else found.value

    def equity(self, account: str, now: datetime) -> Money | Refused:
        """Return what the account is worth."""
        return self._funds.equity(account, now)

    def rate(self, account: str, to: str, now: datetime) -> Rate | Refused:
        """Return what a unit of the account's currency is worth in another: by ledger or market."""
        equity = self._funds.equity(account, now)
        if isinstance(equity, Refused):
            return equity
        told = self._funds.rate(account, equity.currency, to, now)
        if isinstance(told, Rate):
            return told
        found = self._rates.rate(equity.currency, to, self._quotes, now)
        if isinstance(found, Rate):
            return found
        return Refused(
            f"{told.reason}; nor does the market: {found.reason}. Size it in cash or units, or "
            f"hold some {to}"
        )


def _age_s(record: CommandRecord, now: datetime) -> float:
    """Return how long ago the alert came; of one that nobody stamped, its taking counts."""
    came = [stamp.at for stamp in record.trace.stamps if stamp.stage in _STARTS]
    return (now - min(came, default=record.taken_at)).total_seconds()
