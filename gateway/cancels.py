"""Cancels on their way: which orders each is about, and when it is over. Pure state of the desk."""

from collections import defaultdict
from datetime import datetime, timedelta

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from gateway.book import Book
from gateway.events import CancelOrder, Effects
from gateway.orders import ACK_S
from gateway.pacer import Priority
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.sizing import OPENS


class Cancels:
    """Every cancel that was sent and whose orders have not all ended."""

    def __init__(self, register: Register, book: Book) -> None:
        self._register, self._book = register, book
        self._under_way: dict[str, set[str]] = {}

    def begin(
        self, record: CommandRecord, contract_id: int | None, now: datetime, effects: Effects
    ) -> None:
        """Cancel what the command is about, now that it is its turn."""
        targets = self._targets(record, contract_id)
        if not targets:
            self._register.decide(record, Outcome.ACCEPTED, "nothing to cancel", now, effects)
            return
        if not record.is_kept:
            # Written down first: a VOID after it must not claim that nothing was done.
            self._register.intend(record, now, effects)
        record.deadline = now + timedelta(seconds=ACK_S)
        self._follow(record, targets)
        for order in targets:
            cancel = CancelOrder(order.order_ref, order.order_id)
            effects.requests.append((Priority.CANCEL, cancel))

    def settle_unknown(self, now: datetime, effects: Effects) -> None:
        """End the unconfirmed cancels whose orders have ended meanwhile, and follow the others."""
        for record in list(self._register.unknown.values()):
            if record.command.action is not Action.CANCEL:
                continue
            # Orders made after it are none of its business.
            targets = [o for o in self._targets(record, None) if o.created_at <= record.taken_at]
            self._follow(record, targets)
            if not targets:
                self._end(record.command.command_id, "its orders have ended", now, effects)

    def order_changed(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        """Take in that an order ended, or that its cancel did."""
        for command_id, targets in list(self._under_way.items()):
            if order.order_ref in targets:
                targets.discard(order.order_ref)
                if not targets:
                    self._end(command_id, "", now, effects)

    def tick(self, now: datetime, effects: Effects) -> None:
        for command_id, targets in list(self._under_way.items()):
            asker = self._register.undecided.get(command_id)
            is_late = asker is not None and asker.deadline is not None and now > asker.deadline
            orders = [self._book.orders.get(ref) for ref in targets]
            if is_late and all(order and order.cancel_is_pending for order in orders):
                self._end(command_id, "the broker holds the cancel", now, effects)

    def disconnect(self) -> None:
        self._under_way.clear()

    def _targets(self, record: CommandRecord, contract_id: int | None) -> list[OrderRecord]:
        command = record.command
        return [
            order
            for order in self._book.all_live()
            if (order.account, order.strategy) == (record.account, command.strategy)
            and (order.instrument == command.instrument or order.contract_id == contract_id)
            and (not command.order_id or order.strategy_order_id == command.order_id)
            and (command.closes is None or order.side is OPENS.get(command.closes))
        ]

    def _follow(self, record: CommandRecord, targets: list[OrderRecord]) -> None:
        record.order_refs = [order.order_ref for order in targets]
        self._under_way[record.command.command_id] = set(record.order_refs)

    def _end(self, command_id: str, detail: str, now: datetime, effects: Effects) -> None:
        del self._under_way[command_id]
        record = self._register.find(command_id)
        if record is None or record.outcome not in {None, Outcome.UNKNOWN}:
            return
        if not detail:
            ends: dict[str, int] = defaultdict(int)
            for ref in record.order_refs:
                order = self._book.orders.get(ref)
                ends["gone" if order is None else order.state.name.lower()] += 1
            detail = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
        self._register.decide(record, Outcome.ACCEPTED, detail, now, effects)
