"""Answers what a person asks at the control socket. Pure state of the desk.

Each request is answered in the turn that takes it, but for a comparison with the broker, which is
answered when the broker has told its lists.
"""

from datetime import datetime

from alertwire.wire.control import ControlRequest, ResolveRequest
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway import findings
from gateway.book import Book
from gateway.events import Answer, ControlReceived, Effects
from gateway.link import Link
from gateway.orders import OrderEvent
from gateway.records import DENIED, VOUCHED, CommandRecord, OrderRecord
from gateway.register import Register


class Clerk:
    """Takes one request after the other."""

    def __init__(self, register: Register, book: Book, link: Link) -> None:
        self._register, self._book, self._link = register, book, link

    def asked(self, event: ControlReceived, now: datetime, effects: Effects) -> None:
        request = event.request
        if request.reconcile is not None:
            self._link.reconcile(event.reply_to, effects)
        elif request.resolve is not None:
            effects.answers.append(self._resolve(event, request.resolve, now, effects))
        else:
            effects.answers.append(Answer(event.reply_to, _objection(request)))

    def _resolve(
        self, event: ControlReceived, asked: ResolveRequest, now: datetime, effects: Effects
    ) -> Answer:
        """Let a person decide an UNKNOWN command."""
        record = self._register.find(asked.command_id) or next(iter(event.recorded), None)
        if record is None:
            return Answer(event.reply_to, f"no command {asked.command_id} is known")
        if record.outcome is not Outcome.UNKNOWN:
            return Answer(event.reply_to, _what_it_is(record))
        own = [
            order
            for ref in record.order_refs
            if (order := self._book.orders.get(ref)) and order.command_id == asked.command_id
        ]
        effects.note("command_resolved", command_id=asked.command_id, placed=asked.placed)
        if asked.placed:
            said = self._vouch(record, own, now, effects)
        else:
            said = self._deny(record, own, now, effects)
        return Answer(event.reply_to, findings=(f"{asked.command_id}: {record.detail}", *said))

    def _vouch(
        self, record: CommandRecord, own: list[OrderRecord], now: datetime, effects: Effects
    ) -> list[str]:
        self._register.decide(record, Outcome.ACCEPTED, VOUCHED, now, effects)
        for order in own:
            if order.state is OrderState.UNKNOWN:
                order.detail, order.updated_at = VOUCHED, now
                effects.orders[order.order_ref] = order
                effects.report(order, now, detail=VOUCHED)
        return [
            *(f"its order ({findings.name(order)}) follows what the broker says" for order in own),
            "it counts as ACCEPTED, and later alerts of its key go on",
        ]

    def _deny(
        self, record: CommandRecord, own: list[OrderRecord], now: datetime, effects: Effects
    ) -> list[str]:
        self._register.decide(record, Outcome.VOIDED, DENIED, now, effects)
        for order in own:
            if order.state is OrderState.UNKNOWN:
                self._book.happen(order, OrderEvent.CANCELLED, now, effects, detail=DENIED)
        return [
            *(
                f"its order ({findings.name(order)}) is over; should the broker have it after "
                "all, the alarm resolved_order_found says so and it is followed again"
                for order in own
            ),
            "it counts as VOIDED, and later alerts of its key go on",
        ]


def _objection(request: ControlRequest) -> str:
    if request.status is not None:
        return ""
    asked = [name for name in ("halt", "resume") if getattr(request, name) is not None]
    return f"{asked[0]} is not available yet" if asked else "the request asks for nothing"


def _what_it_is(record: CommandRecord) -> str:
    command_id = record.command.command_id
    if record.outcome is None:
        return f"{command_id} is not UNKNOWN: it is still on its way"
    said = f": {record.detail}" if record.detail else ""
    return f"{command_id} is not UNKNOWN: it is {record.outcome.name}{said}"
