"""The desk: state + event + time → effects. No sockets, no clock, no disk.

It decides what is ordered. Everything that happens to the gateway comes in as an event through
`step`; everything that it wants done goes out as effects, which are carried out in one order:
commit, send, reply, report. So whatever dies, nothing was sent that is not written down.
"""

from datetime import datetime, timedelta
from typing import Any

from alertwire.blackout import Blackout
from alertwire.wire.delivery import Mode, Outcome, Stage
from alertwire.wire.report import OrderState
from gateway import reconcile
from gateway.amendments import Amendments, amends
from gateway.book import Book
from gateway.cancels import Cancels
from gateway.clearance import Clearance
from gateway.clerk import Clerk
from gateway.closeout import Closeout
from gateway.dealer import Dealer
from gateway.drifts import note_drift
from gateway.errors import READ_ONLY, Meaning, is_read_only, meaning
from gateway.events import (
    CancelSent,
    CommandReceived,
    ControlReceived,
    Effects,
    Handler,
    OrderNotSent,
    OrderSent,
    OrdersLoaded,
    Released,
    Tick,
    each,
)
from gateway.flattens import Flattens
from gateway.guard import Guard
from gateway.halts import Halts
from gateway.holdings import Holdings
from gateway.leftovers import Leftovers
from gateway.link import Link
from gateway.memory import Memory
from gateway.messages import (
    READINGS,
    BrokerError,
    Commission,
    ContractQueryFailed,
    ContractsFound,
    Execution,
    Inquired,
    Lost,
    MessageDropped,
    OpenOrder,
    OrderStatus,
    PositionUpdate,
    Ready,
)
from gateway.order_ids import OrderIds
from gateway.orders import ACK_S, ENDED, OrderEvent
from gateway.outbox import Outbox
from gateway.particulars import Particulars
from gateway.plans import goes_on
from gateway.positions import Positions
from gateway.protection import Protection
from gateway.records import CommandRecord, OrderRecord
from gateway.recovery import KnownContracts, Recovery
from gateway.register import Register, reply, undecided, unreadable
from gateway.rules import Rules
from gateway.scales import Scales
from gateway.settlement import Settlement, note_end
from gateway.tally import Tally


class Desk:
    """All that the gateway knows and decides."""

    def __init__(
        self,
        client_id: int,
        last_order_id: int = 0,
        highest_acknowledged_id: int = 0,
        blackout: Blackout | None = None,
        rules: Rules | None = None,
        *,
        is_live: bool = False,
    ) -> None:
        """Begin with what the ledger knows of this client's order ids.

        `highest_acknowledged_id` is the highest id of which the broker ever said that it has it.
        `is_live`: only accounts that `rules` name for real money are traded.
        """
        ids, known = OrderIds(client_id, last_order_id, highest_acknowledged_id), KnownContracts()
        register = self.register = Register()
        self.rules = rules or Rules()
        positions, holdings = self.positions, self.holdings = Positions(), Holdings(self.rules)
        book = self.book = Book(ids, positions, holdings, self._order_changed)
        scales = Scales(register, book, positions, holdings, self.rules)
        self.cancels = Cancels(register, book, client_id)
        self.halts, self.tally = Halts(), Tally()
        guard = Guard(book, positions, scales, self.halts, self.tally, self.rules, is_live=is_live)
        self.protection = Protection(
            register, book, scales, self.rules, client_id, self._look, guard.protection
        )
        self.leftovers = Leftovers(
            book, positions, holdings, self.rules, client_id, self._look, self.protection.watch
        )
        self.settlement = Settlement(register, book, self.protection)
        self.recovery = Recovery(register, book, scales, guard, ids, known)
        outbox = Outbox(register, book, guard, ids, known)
        self.amendments = Amendments(register, book, positions, scales, ids, outbox)
        self.dealer = Dealer(
            register,
            book,
            scales,
            guard,
            self.cancels,
            ids,
            known,
            self.rules,
            Clearance(book, scales, client_id, self._look, self.protection.watch),
            outbox,
            self.amendments,
        )
        self.link = Link(
            register,
            book,
            positions,
            holdings,
            self.dealer,
            self.cancels,
            self.recovery,
            ids,
            self.protection,
            blackout or Blackout(),
        )
        closeout = Closeout(register, book, positions, holdings, self.dealer, client_id)
        self.reaches = closeout.reaches
        self.flattens = Flattens(register, self.dealer, closeout)
        self.particulars = Particulars(self.dealer.directory, self.rules)
        self.clerk = Clerk(
            register, book, self.link, self.halts, closeout, self.particulars, self.protection
        )
        self._handlers: dict[type, Handler] = {
            CommandReceived: self._receive,
            ControlReceived: self.clerk.asked,
            Released: self._release,
            OrderSent: self._sent,
            OrderNotSent: self._not_sent,
            CancelSent: self.cancels.sent,
            OrdersLoaded: self._loaded,
            Tick: self._tick,
            Ready: self.link.ready,
            Lost: each(self.link.lost, self.particulars.lost),
            Inquired: self.link.inquired,
            ContractsFound: each(
                self.dealer.found, self.dealer.read, self.recovery.found, self.particulars.found
            ),
            ContractQueryFailed: each(
                self.dealer.not_found,
                self.dealer.read,
                self.recovery.not_found,
                self.particulars.not_found,
            ),
            OpenOrder: self.book.opened,
            OrderStatus: self.book.status,
            Execution: self._executed,
            Commission: self.book.commissioned,
            BrokerError: self._erred,
            PositionUpdate: self._position,
            **dict.fromkeys(READINGS, self.dealer.read),
            MessageDropped: self.link.dropped,
        }

    def step(self, event: Any, now: datetime, effects: Effects) -> None:
        """Let one event happen at `now`, adding to the turn's effects."""
        self._handlers[type(event)](event, now, effects)
        self.flattens.settle(now, effects)

    def restore(self, memory: Memory) -> None:
        """Start from what the ledger tells of the time before."""
        self.reaches.adopt(memory.reaches)
        self.halts.adopt(memory.halts)
        self.holdings.adopt(memory.holdings)
        self.tally.adopt(memory.sent)
        self.register.adopt_fences(memory.fences)
        for one in memory.decided:
            self.register.entries.learn(one)
        for one in (*memory.commands, *memory.closings):
            self.register.adopt(one)
            one.is_interrupted = one.outcome is None and amends(one.command)
        for order in sorted(memory.orders, key=lambda one: one.order_id):
            self.book.add(order)
            if record := self.register.find(order.command_id):
                record.order_refs.append(order.order_ref)
                if order.state is OrderState.CANCELLED:
                    record.deadline = order.updated_at
        self.protection.adopt(memory.families, memory.bare)
        for order in (*memory.long_bare, *memory.openers):
            self.book.add(order)

    def why_not_ready(self, now: datetime) -> str:
        """Why nothing can be ordered, in words; empty: it can."""
        return self.link.why_not(now)

    def _receive(self, event: CommandReceived, now: datetime, effects: Effects) -> None:
        command = event.command
        self.register.learn(event)
        if command.mode is Mode.VOID:
            for record in self.register.void(event, now, effects):
                self.dealer.forget(record)
            return
        if self.register.answer_known(event, effects):
            return
        record = CommandRecord(
            command=command,
            account=command.account,
            taken_at=now,
            trace=command.trace,
            reply_to=[event.reply_to],
        )
        record.stamp(Stage.TAKEN, now)
        if reason := unreadable(command):
            record.outcome = Outcome.REJECTED
        elif reason := self.register.objection(command):
            record.outcome = Outcome.VOIDED
            if self.register.is_latest(command):
                self.register.entries.learn(record)
        else:
            self._take(event, record, now, effects)
            return
        # Nothing is written: the same command will always be answered the same.
        record.detail = reason
        effects.replies.append((event.reply_to, reply(record)))

    def _take(
        self, event: CommandReceived, record: CommandRecord, now: datetime, effects: Effects
    ) -> None:
        command = record.command
        is_late = command.not_after is not None and now > command.not_after
        if (reason := self.link.why_not(now)) and not is_late:
            effects.replies.append((event.reply_to, undecided(command, reason, record.trace)))
            return
        if not command.account and len(self.link.accounts) == 1:
            record.account = self.link.accounts[0]
        record.command = self.rules.at_venue(command, record.account)
        if reason := self.register.take(record):
            effects.replies.append((event.reply_to, undecided(command, reason, record.trace)))
            return
        if not is_late and record.account not in self.link.accounts:
            managed = ", ".join(self.link.accounts)
            said = f"account {command.account} is not" if command.account else "no account: name"
            reason = f"{said} one of the accounts that the broker manages: {managed}"
            self.register.decide(record, Outcome.REJECTED, reason, now, effects)
            return
        effects.note(
            "command_received",
            alert_id=command.alert_id,
            command_id=command.command_id,
            action=command.action.name if command.action else "",
            account=record.account,
        )
        self.flattens.advance(record, now, effects)

    def _release(self, event: Released, now: datetime, effects: Effects) -> None:
        record = self.register.undecided.get(event.command_id)
        if record is None:
            return
        reason = self.link.why_not(now)
        if not reason:
            is_again = self.recovery.release(record, now, effects)
            if not is_again and record.is_kept and not goes_on(record):
                # It was to be sent again, and the broker turned out to have it.
                record.is_queued = False
            elif not is_again or amends(record.command):
                self.dealer.release(record, now, effects)
                self.settlement.look(record, now, effects)
            return
        # TWS lost IB while it waited, or a blackout began. What is written down goes on after it.
        record.is_queued = False
        if record.is_kept:
            self.link.wait()
        else:
            self.register.postpone(record, reason, effects)

    def _look(self, effects: Effects) -> None:
        self.link.patience_is_over(effects)

    def lets_cancel(self, order_ref: str, now: datetime) -> bool:
        """Tell whether a cancel goes out now; while it cannot, its order keeps the wish."""
        if not self.link.why_not(now):
            return self.cancels.may_send(order_ref, now)
        self.link.wait()
        return False

    def _sent(self, event: OrderSent, now: datetime, effects: Effects) -> None:
        order = self.book.orders[event.order_ref]
        self.recovery.sent(order)
        order.is_sent = True
        if record := self.register.undecided.get(order.command_id):
            record.stamp(Stage.PLACED, event.at)
            record.deadline = now + timedelta(seconds=ACK_S)
        self.book.happen(order, OrderEvent.SENT, now, effects)
        effects.note(
            "order_sent", order_ref=order.order_ref, order_id=order.order_id, account=order.account
        )
        # Not worth a commit of its own: the ledger's INTENT says the same, that it may be out.
        effects.orders.pop(event.order_ref, None)

    def _not_sent(self, event: OrderNotSent, _now: datetime, _effects: Effects) -> None:
        """Keep the order for the next connection, which finds it neither sent nor ended."""

    def _loaded(self, event: OrdersLoaded, _now: datetime, _effects: Effects) -> None:
        for order in event.orders:
            self.book.add(order)

    def _executed(self, message: Execution, now: datetime, effects: Effects) -> None:
        if not self.book.executed(message, now, effects) and reconcile.is_ours(message.order_ref):
            effects.alarm(
                "unknown_order_filled",
                order_ref=message.order_ref,
                execution_id=message.execution_id,
                account=message.account,
                symbol=message.symbol,
            )

    def _erred(self, message: BrokerError, now: datetime, effects: Effects) -> None:
        sense = meaning(message.code)
        was_asked = self.book.is_changing(message.about)
        order = self.book.erred(message, now, effects) if message.about > 0 else None
        if order is not None and was_asked and order.asked is None:
            self.amendments.refused(order, now, effects)
        if sense is Meaning.LINK_LOST:
            self.link.down(message.code, message.text, now, effects)
        elif sense is Meaning.LINK_RESTORED:
            self.link.restored(message.code, message.text, effects)
        elif is_read_only(message.code, message.text):
            self.link.refuse(READ_ONLY, effects)
        elif sense is Meaning.TOO_FAST:
            effects.alarm("broker_dropped_message", code=message.code, detail=message.text)
        elif sense is Meaning.DUPLICATE_ID and order is not None:
            effects.alarm("order_id_in_use", order_ref=order.order_ref, order_id=order.order_id)
            if record := self.register.undecided.get(order.command_id):
                record.deadline = now
        elif order is None and not 2100 <= message.code < 2200:
            effects.note("broker_said", code=message.code, detail=message.text)

    def _position(self, message: PositionUpdate, now: datetime, effects: Effects) -> None:
        if not self.link.is_connected:
            return
        reach = self.book.reach(message.account, message.contract.contract_id)
        if self.positions.is_ahead(message, *reach):
            self.positions.hold(message, now)
            self.link.inquire(effects)
        elif drift := self.positions.told(message, now):
            note_drift(drift, effects)

    def _tick(self, _event: Tick, now: datetime, effects: Effects) -> None:
        for drift in self.positions.tick(now):
            note_drift(drift, effects)
        self.link.tick(now, effects)
        self.dealer.tick(now, effects)
        if self.cancels.tick(now, effects):
            self.link.patience_is_over(effects)
        if not self.link.why_not(now):
            self.leftovers.tick(now, effects)
            for closing in self.protection.tick(now, effects):
                self.dealer.advance(closing, now, effects)
        if self.settlement.tick(now, effects):
            self.link.patience_is_over(effects)

    def _order_changed(
        self,
        order: OrderRecord,
        before: OrderState,
        event: OrderEvent,
        now: datetime,
        effects: Effects,
    ) -> None:
        """Answer the command of an order, and let go what waited for its end."""
        record = self.register.undecided.get(order.command_id) or self.register.unknown.get(
            order.command_id
        )
        if record is not None:
            self.settlement.settle(record, order, before, now, effects)
        if order.state in ENDED and before not in ENDED:
            note_end(order, effects)
        self.register.entries.order_changed(order)
        self.recovery.order_changed(order)
        self.protection.order_changed(order, before, event, now, effects)
        if before is OrderState.REJECTED and event is OrderEvent.ACKNOWLEDGED:
            self.link.contradicted(order, effects)
        is_over = order.state in ENDED or event in {OrderEvent.CANCEL_REFUSED, OrderEvent.LOST}
        if is_over or order.is_leg:
            self.dealer.order_changed(order, effects)
        if event is OrderEvent.CANCEL_REFUSED:
            self.link.inquire(effects)
        self.cancels.order_changed(order, event, now, effects)
        self.amendments.order_changed(order, now, effects)
