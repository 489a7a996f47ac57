"""Orders written down that the broker certainly does not have: sent again, or ended.

Either this process knows that no byte of them went out, or a connection's lists and nextValidId
prove that the broker never saw them. They go out with the same order id and orderRef, sized anew,
in the order of their ids and before anything new. Pure state of the desk.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Instrument
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway import contracts, families, sizing
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.drafts import words
from gateway.events import Effects, Placement, QueryContract, Release
from gateway.fuse import blown
from gateway.guard import Guard
from gateway.messages import ContractQueryFailed, ContractsFound
from gateway.order_ids import OrderIds
from gateway.orders import OrderEvent, is_due
from gateway.pacer import Priority
from gateway.records import NEVER_REACHED, CommandRecord, OrderRecord
from gateway.register import Register
from gateway.scales import Scales
from gateway.tickets import Ticket, write_ticket

ASK_AGAIN_S: Final = 2.0
"""Pause before a contract query that got no answer is made again."""
ANSWER_MAX_S: Final = 120.0
"""So long everything may wait for one contract; then its orders are a person's."""

KnownContracts = dict[tuple[Instrument, int], Qualified]
"""Qualified contracts by what was asked for and the contract's id."""


@dataclass(frozen=True, slots=True)
class ContractOf:
    """Asks for the contract of an order that was written down before this process began."""

    instrument: Instrument
    contract_id: int


class Recovery:
    """What waits to be sent again over this connection."""

    def __init__(
        self,
        register: Register,
        book: Book,
        scales: Scales,
        guard: Guard,
        ids: OrderIds,
        known: KnownContracts,
    ) -> None:
        self._register, self._book, self._ids = register, book, ids
        self._scales, self._guard = scales, guard
        self._known = known
        self._pending: dict[str, OrderRecord] = {}
        self._asked: set[ContractOf] = set()
        self._missing_since: dict[ContractOf, datetime] = {}
        self._ask_again_at: datetime | None = None

    def __contains__(self, order_ref: str) -> bool:
        return order_ref in self._pending

    @property
    def waits_for(self) -> str:
        """What must be known before anything can be sent, in words; empty: nothing."""
        if not self._asked and self._ask_again_at is None:
            return ""
        names = sorted({order.local_symbol or order.symbol for order in self._pending.values()})
        return f"orders that the broker never saw wait for their contracts: {', '.join(names)}"

    def add(self, order: OrderRecord) -> None:
        """Take an order that the broker certainly does not have."""
        self._pending[order.order_ref] = order
        if record := self._register.undecided.get(order.command_id):
            record.deadline = None

    def disconnect(self) -> None:
        """Forget all: what the next connection shows is to prove it anew."""
        self._pending.clear()
        self._asked.clear()
        self._missing_since.clear()
        self._ask_again_at = None

    def resume(self, now: datetime, effects: Effects) -> None:
        """End what is over, and queue the rest once every contract is known."""
        for ref in list(self._pending):
            if ref in self._pending and (record := self._record(ref)) is not None:
                self._ends(record, now, effects)
        missing = {
            ContractOf(order.instrument, order.contract_id)
            for order in self._pending.values()
            if (order.instrument, order.contract_id) not in self._known
        }
        self._missing_since = {one: self._missing_since.get(one, now) for one in missing}
        for asked in sorted(missing - self._asked, key=lambda one: one.contract_id):
            self._ask(asked, now, effects)
        if missing:
            return
        self._ask_again_at = None
        # Ids must rise: those that need a new one come after those that keep theirs.
        for order in sorted(
            self._pending.values(), key=lambda o: (not self._ids.is_free(o.order_id), o.order_id)
        ):
            record = self._register.undecided[order.command_id]
            if not record.is_queued:
                record.is_queued = True
                effects.requests.append((Priority.AGAIN, Release(order.command_id)))

    def pause(self, now: datetime) -> None:
        """Count no time in which the broker cannot answer."""
        self._missing_since = dict.fromkeys(self._missing_since, now)

    def tick(self, now: datetime, effects: Effects) -> None:
        bound = timedelta(seconds=ANSWER_MAX_S)
        waiting = self._missing_since.items()
        late = [one for one, at in waiting if is_due(at + bound, now, ANSWER_MAX_S)]
        if late:
            for asked in late:
                self._give_up(asked, now, effects)
            self._ask_again_at = None
            self.resume(now, effects)
        elif is_due(self._ask_again_at, now, ASK_AGAIN_S):
            self._ask_again_at = None
            self.resume(now, effects)

    def found(self, message: ContractsFound, now: datetime, effects: Effects) -> None:
        asked = message.key
        if not isinstance(asked, ContractOf) or asked not in self._asked:
            return
        self._asked.discard(asked)
        self._missing_since.pop(asked, None)
        verdict = contracts.again(asked.instrument, message.candidates, asked.contract_id)
        if isinstance(verdict, sizing.Refused):
            self._refuse_all(asked, verdict.reason, now, effects)
        else:
            self._known[asked.instrument, asked.contract_id] = verdict
        if not self._asked:
            self.resume(now, effects)

    def not_found(self, message: ContractQueryFailed, now: datetime, effects: Effects) -> None:
        asked = message.key
        if not isinstance(asked, ContractOf) or asked not in self._asked:
            return
        self._asked.discard(asked)
        if message.is_final:
            self._missing_since.pop(asked, None)
            self._refuse_all(asked, message.reason, now, effects)
            if not self._asked:
                self.resume(now, effects)
        else:
            self._ask_again_at = now + timedelta(seconds=ASK_AGAIN_S)

    def release(self, record: CommandRecord, now: datetime, effects: Effects) -> bool:
        """Send a command's orders again, now that it is its turn; False where none waits."""
        orders = self._own(record)
        if not orders:
            return False
        record.is_queued = False
        if not self._ends(record, now, effects):
            self._send(record, orders, now, effects)
        return True

    def order_changed(self, order: OrderRecord) -> None:
        """Leave alone what the broker turns out to have, and what has ended."""
        if order.state not in {OrderState.INTENT, OrderState.SENT}:
            self._pending.pop(order.order_ref, None)

    def sent(self, order: OrderRecord) -> None:
        self._pending.pop(order.order_ref, None)

    def _record(self, ref: str) -> CommandRecord | None:
        record = self._register.undecided.get(self._pending[ref].command_id)
        if record is None:
            # Its command is decided: nothing may be sent for it.
            del self._pending[ref]
        return record

    def _ask(self, asked: ContractOf, now: datetime, effects: Effects) -> None:
        query = contracts.query(asked.instrument)
        if isinstance(query, sizing.Refused):
            self._refuse_all(asked, query.reason, now, effects)
            return
        self._asked.add(asked)
        effects.requests.append((Priority.AGAIN, QueryContract(asked, query)))

    def _own(self, record: CommandRecord) -> list[OrderRecord]:
        """Orders of a command that wait, in the order in which they were made."""
        own = [order for order in self._pending.values() if order.command_id == _id(record)]
        return sorted(own, key=lambda order: order.order_id)

    def _ends(self, record: CommandRecord, now: datetime, effects: Effects) -> bool:
        """End a command that was voided, or is too old by now."""
        not_after = record.command.not_after
        if reason := self._register.objection(record.command):
            self._end(record, Outcome.VOIDED, reason, now, effects)
        elif not_after is not None and now > not_after:
            reason = (
                f"not to be carried out after {not_after.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
            )
            self._end(record, Outcome.EXPIRED, reason, now, effects)
        else:
            return False
        return True

    def _send(
        self, record: CommandRecord, orders: list[OrderRecord], now: datetime, effects: Effects
    ) -> None:
        if any(order.is_sent and not self._ids.is_free(order.order_id) for order in orders):
            # What proved that it was never seen is no longer true, and a new id is not safe.
            for order in orders:
                used = f"other orders used ids beyond {order.order_id}"
                detail = f"before it could be sent again, {used}"
                self._book.lose(order, detail, now, effects)
            return
        tickets: list[Ticket] | sizing.Nothing | sizing.Refused
        try:
            tickets = self._tickets(record, orders, now, effects)
        except Exception as error:
            # It would break every connection after this one, and nothing of it is at the broker.
            tickets = sizing.Refused(blown(record, error, effects))
        match tickets:
            case sizing.Nothing(detail):
                self._end(record, Outcome.ACCEPTED, detail, now, effects)
            case sizing.Refused(reason):
                self._end(record, Outcome.REJECTED, reason, now, effects)
            case _:
                self._place(record, orders, tickets, now, effects)

    def _place(
        self,
        record: CommandRecord,
        orders: list[OrderRecord],
        tickets: list[Ticket],
        now: datetime,
        effects: Effects,
    ) -> None:
        if not all(self._ids.is_free(order.order_id) for order in orders):
            # Another program used this client id meanwhile; ours were certainly never sent.
            tickets = families.renumbered(tickets, [self._ids.take() for _ in tickets])
        effects.commands[_id(record)] = record
        for order, ticket in zip(orders, tickets, strict=True):
            contract = self._known[order.instrument, order.contract_id].contract
            old = order.ticket or replace(ticket, side=order.side, quantity=order.quantity)
            record.detail = record.detail.replace(words(old, contract), words(ticket, contract), 1)
            order.side, order.quantity = ticket.side, ticket.quantity
            if order.order_id != ticket.order_id:
                self._book.renumber(order, ticket.order_id)
            order.ticket = ticket
            order.updated_at = now
            effects.orders[order.order_ref] = order
            effects.step(order, now, detail=f"placed again, order id {order.order_id}")
            effects.note(
                "order_placed_again",
                order_ref=order.order_ref,
                order_id=order.order_id,
                account=order.account,
            )
            effects.placements.append(Placement(contract, ticket))

    def _tickets(
        self, record: CommandRecord, orders: list[OrderRecord], now: datetime, effects: Effects
    ) -> list[Ticket] | sizing.Nothing | sizing.Refused:
        """Write the orders anew; the size of the first follows from the position as it is now.

        The position may have moved since: what was right then may open the other side now.
        """
        first = orders[0]
        kept = [order.ticket for order in orders if order.ticket is not None]
        if first.is_leg:
            if reason := self._guard.protection(record.account, record.command.strategy):
                return sizing.Refused(reason)
            held = self._scales.held(first)
            covered = _protected(orders)
            if len(kept) == len(orders) and held >= covered:
                return kept
            return sizing.Refused(f"{held.normalize():f} is held, and it protects {covered:f}")
        qualified = self._known[first.instrument, first.contract_id]
        verdict = self._scales.size(record, qualified, now, first)
        if not isinstance(verdict, sizing.Approved):
            return verdict
        if reason := self._guard.again(record, qualified, verdict, first, now, effects):
            return sizing.Refused(reason)
        ticket = self._ticket(record, first, verdict)
        if isinstance(ticket, sizing.Refused):
            return ticket
        if not families.protects(record.command):
            return [ticket]
        opened = self._scales.opened(record, qualified, ticket)
        protected = _protected(orders)
        if (ticket.side, ticket.quantity) != (first.side, first.quantity) or opened != protected:
            return sizing.Refused(
                f"the position has moved: it would now open {opened.normalize():f} and protect "
                f"{protected.normalize():f}"
            )
        if len(orders) == 1:
            return [ticket]
        if len(kept) != len(orders):
            return sizing.Refused("what was asked of its family was not kept")
        return kept

    def _ticket(
        self, record: CommandRecord, order: OrderRecord, approved: sizing.Approved
    ) -> Ticket | sizing.Refused:
        return write_ticket(
            record.command,
            account=order.account,
            side=approved.side,
            quantity=approved.quantity,
            order_id=order.order_id,
            order_ref=order.order_ref,
            terms=self._known[order.instrument, order.contract_id].terms,
            cash=approved.cash,
        )

    def _give_up(self, asked: ContractOf, now: datetime, effects: Effects) -> None:
        """Leave to a person what waits for a contract that the broker does not tell."""
        self._asked.discard(asked)
        detail = f"the broker did not tell its contract in {ANSWER_MAX_S:g} s"
        for order in self._waiting_for(asked):
            self._book.lose(order, detail, now, effects)

    def _refuse_all(self, asked: ContractOf, reason: str, now: datetime, effects: Effects) -> None:
        for order in self._waiting_for(asked):
            if (record := self._register.undecided.get(order.command_id)) is not None:
                self._end(record, Outcome.REJECTED, reason, now, effects)

    def _waiting_for(self, asked: ContractOf) -> list[OrderRecord]:
        return [
            order
            for order in list(self._pending.values())
            if ContractOf(order.instrument, order.contract_id) == asked
            and self._record(order.order_ref) is not None
        ]

    def _end(
        self, record: CommandRecord, outcome: Outcome, reason: str, now: datetime, effects: Effects
    ) -> None:
        """End a command and all of it that waits."""
        detail = reason if outcome is Outcome.ACCEPTED else f"{NEVER_REACHED}: {reason}"
        self._register.decide(record, outcome, detail, now, effects)
        for order in self._own(record):
            self._pending.pop(order.order_ref, None)
            self._book.happen(order, OrderEvent.CANCELLED, now, effects, detail=NEVER_REACHED)


def _protected(orders: list[OrderRecord]) -> Decimal:
    """Return how much the legs among these orders protect together."""
    parts = {o.ticket.oca_group: o.quantity for o in orders if o.is_leg and o.ticket is not None}
    return sum(parts.values(), ZERO)


def _id(record: CommandRecord) -> str:
    return record.command.command_id
