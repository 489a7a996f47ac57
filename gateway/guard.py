"""The last look at an order before it is written down: whether a person or a limit forbids it.

It looks in the turn of the order's intent, so two orders cannot both pass where there is room for
one. Pure state of the desk.
"""

from collections.abc import Iterable
from decimal import Decimal

from alertwire.money import ZERO
from alertwire.wire.alert import Action
from alertwire.wire.report import OrderState, Side
from gateway.book import Book
from gateway.exposure import is_sure
from gateway.halts import Halts
from gateway.positions import Positions
from gateway.records import CommandRecord, OrderRecord
from gateway.sizing import Approved

_CLOSES = frozenset({Action.EXIT, Action.FLATTEN})
"""Never sized beyond what is held."""


class Guard:
    """Says why an order that is sized may not be sent."""

    def __init__(self, book: Book, positions: Positions, halts: Halts) -> None:
        self._book, self._positions, self._halts = book, positions, halts

    def objection(
        self,
        record: CommandRecord,
        contract_id: int,
        approved: Approved,
        own: OrderRecord | None = None,
    ) -> str:
        """Say why not, with the remedy; empty: it may go. `own` is its row, when sent again."""
        live = self._book.live(record.account, contract_id)
        reduces = only_reduces(
            record.command.action,
            approved,
            self._positions.quantity(record.account, contract_id),
            [order for order in live if order is not own],
        )
        return self._halts.objection(record.account, record.command.strategy, only_reduces=reduces)


def only_reduces(
    action: Action | None, approved: Approved, position: Decimal, live: Iterable[OrderRecord]
) -> bool:
    """Tell whether an order can only make the position smaller, beside what will surely fill.

    An order that may be lost counts as one that fills: what it closes cannot be closed twice.
    """
    if action in _CLOSES:
        return True
    is_opposite = position > 0 if approved.side is Side.SELL else position < 0
    closing = (
        order.remaining
        for order in live
        if order.side is approved.side and (is_sure(order) or order.state is OrderState.UNKNOWN)
    )
    return is_opposite and approved.quantity <= abs(position) - sum(closing, ZERO)
