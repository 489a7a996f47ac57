"""How much a command orders now: its size beside the position, what works, and what failed before.

Pure state of the desk.
"""

from datetime import datetime
from decimal import Decimal

from alertwire.money import ZERO
from alertwire.wire.report import Side
from gateway import sizing
from gateway.book import Book
from gateway.exposure import size_beside
from gateway.positions import Positions
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.tickets import Ticket


class Scales:
    """Sizes orders against the account's truth."""

    def __init__(self, register: Register, book: Book, positions: Positions) -> None:
        self._register, self._book, self._positions = register, book, positions

    def needs_position(self, record: CommandRecord, contract_id: int) -> bool:
        """True if fills under way would change the size."""
        action = record.command.action
        return action in sizing.NEEDS_POSITION or self.only_closes(record, contract_id)

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
        self, record: CommandRecord, contract_id: int, own: OrderRecord | None = None
    ) -> sizing.Verdict:
        """Size an order against the position and the orders that work, but for its `own`."""
        return size_beside(
            record.command,
            self._positions.quantity(record.account, contract_id),
            [order for order in self._book.live(record.account, contract_id) if order is not own],
            is_closing=self.only_closes(record, contract_id),
        )
