"""Answers what a person asks at the control socket. Pure state of the desk.

Each request is answered in the turn that takes it, but for those that need the broker's word: a
comparison with it, and what a contract is.
"""

from datetime import datetime
from typing import Final

from alertwire.wire.control import (
    NEEDS_PERSON,
    VOUCHED,
    ControlRequest,
    FlattenRequest,
    Halt,
    HaltRequest,
    ResolveRequest,
    ResumeRequest,
)
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway import findings
from gateway.book import Book
from gateway.closeout import Closeout, Reach
from gateway.events import Answer, ControlReceived, Effects
from gateway.halts import Halts
from gateway.link import Link
from gateway.orders import OrderEvent
from gateway.particulars import Particulars
from gateway.protection import Protection
from gateway.records import DENIED, CommandRecord, OrderRecord
from gateway.register import LENGTHS_MAX, Register
from gateway.tickets import is_printable

REQUEST_ID_LENGTH: Final = 26


class Clerk:
    """Takes one request after the other."""

    def __init__(
        self,
        register: Register,
        book: Book,
        link: Link,
        halts: Halts,
        closeout: Closeout,
        particulars: Particulars,
        protection: Protection,
    ) -> None:
        self._register, self._book, self._link, self._halts = register, book, link, halts
        self._closeout, self._particulars = closeout, particulars
        self._protection = protection

    def asked(self, event: ControlReceived, now: datetime, effects: Effects) -> None:
        request = event.request
        if request.reconcile is not None:
            self._link.reconcile(event.reply_to, effects)
        elif request.resolve is not None:
            effects.answers.append(self._resolve(event, request.resolve, now, effects))
        elif request.halt is not None:
            effects.answers.append(self._halt(event, request.halt, now, effects))
        elif request.resume is not None:
            effects.answers.append(self._resume(event, request.resume, effects))
        elif request.contract is not None:
            self._particulars.ask(request.contract.instrument, event.reply_to, now, effects)
        elif request.flatten is not None:
            effects.answers.append(self._flatten(event, request.flatten, now, effects))
        else:
            bare = self._protection.bare() if self._link.is_connected else ()
            effects.answers.append(Answer(event.reply_to, _objection(request), bare))

    def _halt(
        self, event: ControlReceived, asked: HaltRequest, now: datetime, effects: Effects
    ) -> Answer:
        """Let no new order through from this turn on; its answer leaves after the commit."""
        if reason := _unreadable(asked):
            return Answer(event.reply_to, reason)
        halt = self._halts.begin(
            Halt(
                account=asked.account,
                strategy=asked.strategy,
                block_exits=asked.block_exits,
                since=now,
                by=asked.by,
            ),
            effects,
        )
        said = [halt.words]
        if stranger := self._stranger(asked.account):
            said.append(f"{NEEDS_PERSON}{stranger}")
        if not halt.block_exits:
            said.append("what only reduces a position is let through; --block-exits stops that too")
        reach = Reach(account=asked.account, strategy=asked.strategy)
        if asked.cancel or asked.flatten:
            said += self._cancelled(reach, now, effects)
        elif works := self._closeout.works(reach):
            said.append(f"{len(works)} orders that were sent before may still fill: --cancel")
        error = ""
        if asked.flatten:
            wanted = FlattenRequest(
                account=asked.account, strategy=asked.strategy, request_id=asked.request_id
            )
            flattened = self._flatten(event, wanted, now, effects)
            said += flattened.findings
            error = f"halted, but not flattened: {flattened.error}" if flattened.error else ""
        return Answer(event.reply_to, error, tuple(said))

    def _stranger(self, account: str) -> str:
        """Say that the broker does not manage an account that was named; empty: it does."""
        managed = self._link.accounts
        if not account or not managed or account in managed:
            return ""
        return f"the broker does not manage {account}: {', '.join(managed)}"

    def _cancelled(self, reach: Reach, now: datetime, effects: Effects) -> list[str]:
        if reason := self._link.why_not(now):
            return [f"{NEEDS_PERSON}nothing can be cancelled now: {reason}; ask again"]
        return self._closeout.cancel(reach, now, effects)

    def _flatten(
        self, event: ControlReceived, asked: FlattenRequest, now: datetime, effects: Effects
    ) -> Answer:
        """Close positions, once for each request id."""
        if len(asked.request_id) != REQUEST_ID_LENGTH or not is_printable(asked.request_id):
            return Answer(event.reply_to, "flatten needs a request id, a ULID")
        if reason := self._link.why_not(now):
            return Answer(event.reply_to, f"{reason}: ask again with --request {asked.request_id}")
        if stranger := self._stranger(asked.account):
            return Answer(event.reply_to, f"{stranger}; nothing was cancelled or closed")
        reach = Reach(account=asked.account, strategy=asked.strategy, symbol=asked.symbol)
        said = self._closeout.flatten(reach, asked.request_id, event.recorded, now, effects)
        effects.note("flatten_asked", request_id=asked.request_id, findings=said)
        return Answer(event.reply_to, findings=tuple(said))

    def _resume(self, event: ControlReceived, asked: ResumeRequest, effects: Effects) -> Answer:
        """End the halt of exactly this scope."""
        is_ended = self._halts.end(asked.account, asked.strategy, effects)
        still = tuple(f"still {halt.words}" for halt in self._halts.in_force)
        scope = Halt(account=asked.account, strategy=asked.strategy).scope
        if is_ended:
            return Answer(event.reply_to, findings=(f"resumed: {scope}", *still))
        return Answer(event.reply_to, f"no halt of {scope} is in force", still)

    def _resolve(
        self, event: ControlReceived, asked: ResolveRequest, now: datetime, effects: Effects
    ) -> Answer:
        """Let a person decide an UNKNOWN command, or a decided one's order that was lost since."""
        record = self._register.find(asked.command_id) or next(iter(event.recorded), None)
        if record is None:
            return Answer(event.reply_to, f"no command {asked.command_id} is known")
        own = [order for order in self._book.all_live() if order.command_id == asked.command_id]
        lost = [order for order in own if order.state is OrderState.UNKNOWN]
        is_open = record.outcome is Outcome.UNKNOWN
        if not is_open and (record.outcome is None or not lost):
            return Answer(event.reply_to, _what_it_is(record))
        effects.note("command_resolved", command_id=asked.command_id, placed=asked.placed)
        detail = VOUCHED if asked.placed else DENIED
        said = [f"{asked.command_id}: {detail}"]
        if is_open:
            outcome = Outcome.ACCEPTED if asked.placed else Outcome.VOIDED
            self._register.decide(record, outcome, detail, now, effects)
        if asked.placed:
            said += self._vouch(lost, now, effects)
        else:
            said += self._deny(lost, now, effects)
        # Its answer, once given, stands: then only its order is settled here.
        stays = "it counts as" if is_open else "its own answer stays"
        goes_on = ", and later alerts of its key go on" if is_open else ""
        ends = record.outcome.name if record.outcome else ""
        return Answer(event.reply_to, findings=(*said, f"{stays} {ends}{goes_on}"))

    def _vouch(self, lost: list[OrderRecord], now: datetime, effects: Effects) -> list[str]:
        for order in lost:
            order.detail, order.updated_at = VOUCHED, now
            effects.orders[order.order_ref] = order
            effects.report(order, now, detail=VOUCHED)
        return [
            f"its order ({findings.name(order)}) follows what the broker says" for order in lost
        ]

    def _deny(self, lost: list[OrderRecord], now: datetime, effects: Effects) -> list[str]:
        for order in lost:
            self._book.happen(order, OrderEvent.CANCELLED, now, effects, detail=DENIED)
        return [
            f"its order ({findings.name(order)}) is over; should the broker have it after "
            "all, the alarm resolved_order_found says so and it is followed again"
            for order in lost
        ]


def _objection(request: ControlRequest) -> str:
    return "" if request.status is not None else "the request asks for nothing"


def _unreadable(asked: HaltRequest) -> str:
    """Say which name cannot be kept; empty: all can."""
    if asked.flatten and asked.block_exits:
        return "flatten closes, and block_exits lets nothing close: nothing was halted"
    for name in ("account", "strategy"):
        text, most = getattr(asked, name), LENGTHS_MAX[name]
        if len(text) > most or not is_printable(text):
            return f"{name} must be at most {most} printable ASCII characters: nothing was halted"
    return ""


def _what_it_is(record: CommandRecord) -> str:
    command_id = record.command.command_id
    if record.outcome is None:
        return f"{command_id} is not UNKNOWN: it is still on its way"
    said = f": {record.detail}" if record.detail else ""
    return f"{command_id} is not UNKNOWN: it is {record.outcome.name}{said}"
