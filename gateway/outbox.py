"""What is about to be sent: commands and their orders, written down in the turn that sends them."""

from datetime import datetime

from gateway.book import Book
from gateway.contracts import Qualified
from gateway.drafts import new_order
from gateway.events import Effects, Placement
from gateway.guard import Guard
from gateway.order_ids import OrderIds
from gateway.records import CommandRecord
from gateway.recovery import KnownContracts
from gateway.register import Register
from gateway.tickets import Ticket, telling


class Outbox:
    """Writes orders down and lets them go."""

    def __init__(
        self, register: Register, book: Book, guard: Guard, ids: OrderIds, known: KnownContracts
    ) -> None:
        self._register, self._book, self._guard = register, book, guard
        self._ids, self._known = ids, known

    def send(
        self,
        record: CommandRecord,
        qualified: Qualified,
        tickets: tuple[Ticket, ...],
        now: datetime,
        effects: Effects,
    ) -> None:
        """Write a command and all its orders down, to be sent back to back in this turn."""
        tickets = tuple(telling(ticket) for ticket in tickets)
        self._register.intend(record, now, effects)
        for ticket in tickets:
            if ticket.order_id != self._ids.take():
                raise ValueError(f"{ticket.order_ref}: the ids of a family must follow each other")
            order = new_order(record, ticket, qualified, self._ids.client_id, now)
            record.order_refs.append(ticket.order_ref)
            self._book.add(order)
            if not order.is_leg:
                self._guard.sent(record, order)
            effects.orders[ticket.order_ref] = order
            effects.step(order, now)
            effects.placements.append(Placement(qualified.contract, ticket))
        if record.command.instrument is not None:
            place = (record.command.instrument, qualified.contract.contract_id)
            self._known[place] = qualified
