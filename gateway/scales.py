"""How much a command orders now: its size beside the position, what works, and what failed before.

Pure state of the desk.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ONE, ZERO
from alertwire.wire.alert import Action, QuantityType
from alertwire.wire.delivery import Stage
from alertwire.wire.report import Side
from gateway import amounts, sizing
from gateway.amounts import Amount, Basis, Lot
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.events import QueryFunds, QueryQuote, Request
from gateway.exposure import size_beside
from gateway.funds import ASK_FUNDS, Funds
from gateway.messages import AccountValue, FundsAnswered, QuoteTold, Reading
from gateway.positions import Positions
from gateway.quotes import Price, QuoteOf, Quotes, price_now
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.sizing import Refused
from gateway.tickets import Ticket

_STARTS: Final = frozenset({Stage.RECEIVED, Stage.JOURNALED})
_KEEP: Final = frozenset({Action.BUY, Action.SELL, Action.EXIT})
"""Actions whose order's quantity is the whole of what was worked out."""


class Scales:
    """Sizes orders against the account's truth."""

    def __init__(self, register: Register, book: Book, positions: Positions) -> None:
        self._register, self._book, self._positions = register, book, positions
        self._funds, self._quotes = Funds(), Quotes()

    def needs(
        self, record: CommandRecord, qualified: Qualified, now: datetime
    ) -> list[tuple[object, Request]]:
        """Return what must be asked before this size can be worked out, each with its key."""
        needed: list[tuple[object, Request]] = []
        contract = qualified.contract
        if amounts.needs_price(record.command):
            key = QuoteOf(contract.contract_id)
            if self._quotes.find(contract.contract_id, now) is None:
                needed.append((key, QueryQuote(contract)))
        if amounts.needs_funds(record.command) and self._funds.must_ask(record.account, now):
            needed.append((ASK_FUNDS, QueryFunds()))
        return needed

    def read(self, message: Reading, now: datetime) -> None:
        """Take in what accounts and contracts are worth."""
        match message:
            case AccountValue():
                self._funds.told(message, now)
            case FundsAnswered():
                self._funds.answered(message, now)
            case QuoteTold():
                self._quotes.told(message, now)

    def disconnect(self) -> None:
        """Forget what the connection told: nobody would say that it has changed."""
        self._funds.forget()

    def needs_position(self, record: CommandRecord, contract_id: int) -> bool:
        """True if fills under way would change the size."""
        command = record.command
        kind = command.sizing.type if command.sizing else None
        if command.action in sizing.NEEDS_POSITION or kind is QuantityType.PERCENT_OF_POSITION:
            return True
        return self.only_closes(record, contract_id)

    def only_closes(self, record: CommandRecord, contract_id: int) -> bool:
        position = self._positions.quantity(record.account, contract_id)
        return self._register.entries.closing_side(record, position) is not None

    def waits(self, record: CommandRecord, contract_id: int, now: datetime) -> bool:
        """True while fills are about to move the position, or may not be in it yet."""
        return self._book.has_market_orders(
            record.account, contract_id
        ) or self._positions.is_unsure(record.account, contract_id, now)

    def held(self, leg: OrderRecord) -> Decimal:
        """Return how many units a protective order could close."""
        return max(-leg.signed * self._positions.quantity(leg.account, leg.contract_id), ZERO)

    def opened(self, record: CommandRecord, contract_id: int, ticket: Ticket) -> Decimal:
        """Return how much of an order opens a position; the rest of it closes one."""
        before = self._positions.quantity(record.account, contract_id)
        change = ticket.quantity if ticket.side is Side.BUY else -ticket.quantity
        after = before + change
        if after * change <= 0:
            return ZERO
        return min(abs(after), ticket.quantity)

    def size(
        self,
        record: CommandRecord,
        qualified: Qualified,
        now: datetime,
        own: OrderRecord | None = None,
    ) -> sizing.Verdict:
        """Size an order against the position and the orders that work, but for its `own`.

        What was worked out from money for an order that is written down stays: prices have moved
        since, and the trader was told the number.
        """
        contract_id = qualified.contract.contract_id
        position = self._positions.quantity(record.account, contract_id)
        amount = self._kept(record, own) or self._amount(record, qualified, position, now)
        if isinstance(amount, Refused):
            return amount
        verdict = size_beside(
            record.command,
            None if amount is None else amount.units,
            position,
            [order for order in self._book.live(record.account, contract_id) if order is not own],
            is_closing=self.only_closes(record, contract_id),
        )
        if isinstance(verdict, sizing.Approved) and amount is not None and amount.detail:
            detail = "; ".join(part for part in (amount.detail, verdict.detail) if part)
            return replace(verdict, detail=detail)
        return verdict

    def _kept(self, record: CommandRecord, own: OrderRecord | None) -> Amount | None:
        command = record.command
        is_plain = command.sizing is None or command.sizing.type is QuantityType.UNITS
        if own is None or is_plain or command.action not in _KEEP:
            return None
        return Amount(own.quantity)

    def _amount(
        self, record: CommandRecord, qualified: Qualified, position: Decimal, now: datetime
    ) -> Amount | Refused | None:
        command, contract = record.command, qualified.contract
        funds, account = self._funds, record.account
        price: Price | Refused = Refused("no price was asked for")
        if amounts.needs_price(command):
            quote = self._quotes.find(contract.contract_id, now)
            age_s = _age_s(record, now)
            price = price_now(quote, amounts.opening_side(command), command.price, age_s)
        equity = funds.equity(account, now)
        rate: Decimal | Refused = ONE
        if not isinstance(equity, Refused):
            rate = funds.rate(account, equity.currency, contract.currency, now)
        return amounts.work_out(
            command,
            Basis(
                position=position,
                price=price,
                equity=equity,
                rate=rate,
                currency=contract.currency,
                unit_value=qualified.terms.value_of(ONE, ONE),
                lot=_lot(record, qualified),
            ),
        )


def _lot(record: CommandRecord, qualified: Qualified) -> Lot:
    """Return the contract's lot; what is worked out comes in whole units but for crypto.

    TWS tells fractions of shares as the increment of many stocks, and takes none by its API
    (TWS API: error 10243).
    """
    terms, command = qualified.terms, record.command
    is_plain = command.sizing is None or command.sizing.type is QuantityType.UNITS
    if is_plain or command.instrument is None:
        return Lot(terms.size_increment, terms.min_size)
    usual = amounts.usual_step(command.instrument.security_type)
    return Lot(max(usual, terms.size_increment), terms.min_size)


def _age_s(record: CommandRecord, now: datetime) -> float:
    """Return how long ago the alert came; of one that nobody stamped, its taking counts."""
    came = [stamp.at for stamp in record.trace.stamps if stamp.stage in _STARTS]
    return (now - min(came, default=record.taken_at)).total_seconds()
