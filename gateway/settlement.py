"""How a command ends, from what the broker says of its orders. Pure state of the desk.

A command that made several orders is ACCEPTED once the broker has all of them.
"""

from datetime import datetime, timedelta
from typing import Final

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome, Stage
from alertwire.wire.report import OrderState
from gateway.amendments import amends
from gateway.book import Book
from gateway.events import Effects
from gateway.orders import ACK_S, UNCERTAIN, is_due
from gateway.protection import Protection
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register

SECOND_WORD_S: Final = 0.25
"""An order whose first message is "Cancelled" may still be told to have been refused."""


class Settlement:
    """Decides commands."""

    def __init__(self, register: Register, book: Book, protection: Protection) -> None:
        self._register, self._book, self._protection = register, book, protection

    def tick(self, now: datetime, effects: Effects) -> bool:
        """Decide what was cancelled at once; True where the broker left something unanswered."""
        is_unanswered = False
        for record in [*self._register.undecided.values(), *self._register.unknown.values()]:
            if not is_due(record.deadline, now, ACK_S):
                continue
            order = self._book.orders.get(record.order_refs[0]) if record.order_refs else None
            is_order = record.command.action is not Action.CANCEL
            if is_order and order is not None and order.state is OrderState.CANCELLED:
                self.end(record, order, now, effects)
            else:
                is_unanswered = True
        for ref, filled_at in self._book.unspent.items():
            if is_due(filled_at + timedelta(seconds=ACK_S), now, ACK_S):
                # A word that did not come; it is asked for again after as long.
                self._book.unspent[ref] = now
                is_unanswered = True
        return is_unanswered

    def end(
        self, record: CommandRecord, order: OrderRecord, now: datetime, effects: Effects
    ) -> None:
        """Decide a command whose order was cancelled before the broker said that it has it."""
        # Of an unknown one, the detail says what is no longer true.
        said = [record.detail] if record.outcome is None else []
        said.append(f"cancelled at once: {order.detail or 'no reason given'}")
        refusals = self._protection.refusals(record)
        detail = "; ".join([*said, refusals] if refusals else said)
        record.was_refused = order.has_failed
        end = Outcome.REJECTED if refusals else Outcome.ACCEPTED
        self._register.decide(record, end, detail, now, effects)

    def look(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Decide a change that was asked for again, where the broker has told all of it."""
        own = [self._book.orders[ref] for ref in record.order_refs if ref in self._book.orders]
        if record.outcome is None and amends(record.command) and own:
            self.settle(record, own[0], own[0].state, now, effects)

    def settle(
        self,
        record: CommandRecord,
        order: OrderRecord,
        before: OrderState,
        now: datetime,
        effects: Effects,
    ) -> None:
        """Take in what became of one of a command's orders."""
        if order.state is OrderState.REJECTED and not order.is_leg:
            detail = f"the broker refused it ({order.code}): {order.detail}"
            self._register.decide(record, Outcome.REJECTED, detail, now, effects)
        elif order.state is OrderState.UNKNOWN:
            if record.outcome is None:
                self._register.decide(record, Outcome.UNKNOWN, order.detail, now, effects)
        elif (
            order.state is OrderState.CANCELLED
            and not (order.filled or order.is_leg)
            and before in UNCERTAIN
        ):
            record.deadline = now + timedelta(seconds=SECOND_WORD_S)
        elif self._protection.are_all_known(record) and not record.is_interrupted:
            record.stamp(Stage.ACKNOWLEDGED, now)
            said = (record.detail, self._protection.refusals(record))
            detail = "; ".join(part for part in said if part)
            # A change that has no entry beside it is nothing but its protective orders.
            is_refused = bool(said[1]) and amends(record.command)
            outcome = Outcome.REJECTED if is_refused else Outcome.ACCEPTED
            self._register.decide(record, outcome, detail, now, effects)
            effects.note(
                "order_acknowledged",
                order_ref=order.order_ref,
                order_id=order.order_id,
                perm_id=order.perm_id,
            )


def note_end(order: OrderRecord, effects: Effects) -> None:
    """Log that an order ended."""
    effects.note(
        "order_ended",
        order_ref=order.order_ref,
        state=order.state.name,
        filled=f"{order.filled:f}",
        detail=order.detail,
    )
