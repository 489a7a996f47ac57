"""A command's way from taken to its order: contract, turn, truth, ticket, intent.

Pure state of the desk. A command that waits for a contract, its turn or for fills under way is
only in memory: it is written down, with its order, in the turn that sends it.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from gateway import contracts, sizing
from gateway.amendments import Amendments, amends
from gateway.approval import Approval, Draft
from gateway.asks import Asks, priority_of
from gateway.book import Book
from gateway.cancels import Cancels
from gateway.clearance import Clearance
from gateway.contracts import ContractKey, Qualified, contract_key
from gateway.directory import Directory
from gateway.events import Effects, QueryContract, QueryFunds, Release
from gateway.exposure import names_of
from gateway.fitness import unfit
from gateway.fuse import fused
from gateway.guard import Guard
from gateway.messages import ContractQueryFailed, ContractsFound
from gateway.months import Months
from gateway.order_ids import OrderIds
from gateway.orders import is_due
from gateway.outbox import Outbox
from gateway.pacer import Priority
from gateway.plans import goes_on
from gateway.records import CommandRecord, OrderRecord
from gateway.recovery import KnownContracts
from gateway.register import Register
from gateway.rules import Rules
from gateway.scales import Scales
from gateway.sizing import Refused
from gateway.sweep import SWEEP_S, Sweep
from gateway.valuation import Answered

EXIT_CANCELLED: Final = "resting_exit_cancelled"
"""Alarm: an exit that rested made way for a close of a part, and the other part has none now."""
HOLD_S: Final = 3.0
"""Longest wait for market orders under way before a size is taken from the position."""


class Dealer:
    """Takes commands to the broker, one step at a time."""

    def __init__(
        self,
        register: Register,
        book: Book,
        scales: Scales,
        guard: Guard,
        cancels: Cancels,
        ids: OrderIds,
        known: KnownContracts,
        rules: Rules,
        clearance: Clearance,
        outbox: Outbox,
        amendments: Amendments,
    ) -> None:
        self._register, self._book, self._scales = register, book, scales
        self._guard, self._cancels, self._ids, self._known = guard, cancels, ids, known
        self._rules, self._clearance = rules, clearance
        self._outbox, self._amendments = outbox, amendments
        self._approval = Approval(scales, guard, ids, clearance, amendments)
        self._sweep = Sweep(register, book, scales, ids.client_id)
        self.directory = Directory()
        self._months = Months(book, scales, self.directory)
        self._asks = Asks()
        self._held: dict[str, CommandRecord] = {}

    @fused
    def advance(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Take a command as far as it goes without sending anything."""
        if self.has_expired(record, now, effects):
            return
        if (reason := unfit(record.command)) or record.command.instrument is None:
            self._refuse(record, reason or "no instrument", now, effects)
            return
        qualified = self._months.find(record, now)
        if isinstance(qualified, Refused):
            self._end(record, qualified, now, effects)
            return
        record.contract_id = qualified.contract.contract_id if qualified else record.contract_id
        if qualified is None and self._needs_contract(record):
            key = contract_key(record.command.instrument, now.date())
            self._ask(key, record, now, effects)
        elif qualified is None or not self._asks_first(record, qualified, now, effects):
            self._queue(record, effects)

    @fused
    def release(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Decide a command whose turn it is: order, or nothing to order, or a refusal."""
        record.is_queued = False
        if self.has_expired(record, now, effects):
            return
        command = record.command
        # What is written down passed its fence then, and a VOID since waits for its end.
        if not record.is_kept and (reason := self._register.objection(command)):
            # Another command of the key overtook it while it waited.
            self._register.decide(record, Outcome.VOIDED, reason, now, effects)
            return
        if command.instrument is None or command.action is None:
            raise ValueError(f"{command.command_id} was queued without instrument or action")
        found = self._months.find(record, now)
        qualified = found if isinstance(found, Qualified) else None
        if command.action is Action.CANCEL:
            contract_id = qualified.contract.contract_id if qualified else None
            self._cancels.begin(record, contract_id, now, effects)
            return
        if qualified is None:
            # Midnight passed while it waited, or the position moved.
            self.advance(record, now, effects)
            return
        if self._asks_first(record, qualified, now, effects):
            # What it waited for grew old in the queue.
            return
        if self._sweeps_first(record, qualified, now, effects):
            return
        if self._holds(record, qualified, now):
            return
        if amends(command):
            if refused := self._approval.of_change(record):
                self._end(record, refused, now, effects)
            else:
                self._amendments.begin(record, qualified, now, effects)
            return
        draft = self._approval.draft(record, qualified, now, effects)
        if not isinstance(draft, Draft):
            if isinstance(draft, sizing.Nothing):
                self._scales.set_off(record, qualified.contract.contract_id, now, effects)
            self._end(record, draft, now, effects)
        elif self._clears(record, qualified, draft.approved, now, effects):
            _warn(record, draft.approved.alarm, draft.approved.detail, effects)
            record.detail = draft.detail
            self._outbox.send(record, qualified, draft.family, now, effects)

    def fail(self, record: CommandRecord, reason: str, now: datetime, effects: Effects) -> None:
        """End a command that broke; of one that was written down, nobody knows how far it came."""
        self._held.pop(record.command.command_id, None)
        if record.is_kept:
            self._register.decide(record, Outcome.UNKNOWN, reason, now, effects)
        else:
            self._refuse(record, reason, now, effects)

    def found(self, message: ContractsFound, now: datetime, effects: Effects) -> None:
        """Go on with the commands that waited for this contract."""
        key = message.key
        if not isinstance(key, ContractKey):
            return
        verdict = contracts.choose(
            key.instrument,
            message.candidates,
            key.day,
            self._rules.future(key.instrument.symbol).roll_days,
        )
        if isinstance(verdict, Qualified):
            self.directory.keep(key, verdict)
        for record in self._asks.answered(key):
            if isinstance(verdict, Refused):
                self._go_without(record, verdict.reason, now, effects, is_final=True)
            else:
                self.advance(record, now, effects)

    def not_found(self, message: ContractQueryFailed, now: datetime, effects: Effects) -> None:
        if not isinstance(message.key, ContractKey):
            return
        for record in self._asks.answered(message.key):
            self._go_without(record, message.reason, now, effects, is_final=message.is_final)

    def _go_without(
        self, record: CommandRecord, why: str, now: datetime, effects: Effects, *, is_final: bool
    ) -> None:
        """Go on where the broker tells no contract: nobody has to stay in for want of it."""
        instrument = record.command.instrument
        last = self.directory.last(instrument) if instrument else None
        if record.is_kept:
            # A cancel that is written down: its targets are in the book.
            self._queue(record, effects)
        elif last is not None and priority_of(record) is Priority.REDUCE:
            record.takes_last_contract = True
            self.advance(record, now, effects)
        elif is_final:
            self._refuse(record, why, now, effects)
        else:
            self._register.postpone(record, why, effects)

    def read(self, message: Answered, now: datetime, effects: Effects) -> None:
        """Take in what was asked for, told or not, and go on with what waited for it."""
        if (key := self._scales.valuation.read(message, now)) is not None:
            for record in self._asks.answered(key):
                self.advance(record, now, effects)

    def order_changed(self, order: OrderRecord, effects: Effects) -> None:
        """Go on with what waited for this order to end."""
        for record in list(self._held.values()):
            if record.account == order.account:
                self._unhold(record, effects)

    def tick(self, now: datetime, effects: Effects) -> None:
        for record in list(self._held.values()):
            is_late = record.clears_since and self._clearance.is_over(record.clears_since, now)
            is_due_now = not record.clears_since and is_due(record.hold_until, now, HOLD_S)
            if is_late or is_due_now or is_due(record.first_until, now, SWEEP_S):
                self._unhold(record, effects)

    def connect(self, effects: Effects) -> None:
        """Subscribe to the account values; no order waits for them that does not need them."""
        effects.requests.append((Priority.QUERY, QueryFunds()))

    def restored(self, effects: Effects) -> None:
        """TWS has IB back: subscriptions of before may be silent for ever (TWS API: 1101)."""
        self._scales.valuation.disconnect()
        self.connect(effects)

    def disconnect(self, reason: str, effects: Effects) -> None:
        """Send back everything of which nothing was written down."""
        self._asks.clear()
        self._scales.valuation.disconnect()
        self._held.clear()
        for record in list(self._register.undecided.values()):
            record.is_queued = False
            if not record.is_kept and record.command.command_id not in effects.commands:
                self._register.postpone(record, reason, effects)

    def resume(self, now: datetime, effects: Effects) -> None:
        """After a reconnect: cancel and change again what was written down."""
        for record in list(self._register.undecided.values()):
            if goes_on(record):
                self.advance(record, now, effects)

    def give_up(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """End a change of which the broker says nothing."""
        self._amendments.give_up(record, now, effects)

    def forget(self, record: CommandRecord) -> None:
        """Drop a command that was voided on its way."""
        self._held.pop(record.command.command_id, None)

    def _ask(
        self, key: ContractKey, record: CommandRecord, now: datetime, effects: Effects
    ) -> None:
        asked = contracts.query(key.instrument)
        if isinstance(asked, Refused):
            self._refuse(record, asked.reason, now, effects)
            return
        self._asks.ask(key, QueryContract(key, asked), record, effects)

    def _asks_first(
        self, record: CommandRecord, qualified: Qualified, now: datetime, effects: Effects
    ) -> bool:
        """Ask for the prices and account values that the size needs; False: all is there."""
        if record.command.action is Action.CANCEL:
            return False
        wanted = self._guard.wants(record, qualified)
        needed = self._scales.needs(record, qualified, now, wanted)
        for key, request in needed:
            self._asks.ask(key, request, record, effects)
        return bool(needed)

    def _clears(
        self,
        record: CommandRecord,
        qualified: Qualified,
        approved: sizing.Approved,
        now: datetime,
        effects: Effects,
    ) -> bool:
        """Tell whether nothing that protects the position is in the way any more."""
        way = self._clearance.make_way(record, qualified, approved, now, effects)
        if way is None:
            return True
        if isinstance(way, Refused):
            self._end(record, way, now, effects)
            return False
        record.clears_since = record.clears_since or now
        if self._clearance.is_over(record.clears_since, now):
            reason = "the broker does not confirm that the protective orders made way"
            names = {"alert_id": record.command.alert_id, "account": record.account}
            effects.alarm("close_waits_for_protection", **names, detail=reason)
            self._register.postpone(record, reason, effects)
        else:
            self._held[record.command.command_id] = record
        return False

    def _sweeps_first(
        self, record: CommandRecord, qualified: Qualified, now: datetime, effects: Effects
    ) -> bool:
        """Cancel what would take the command's result back; True: it does not go on now.

        What is going to be refused cancels nothing: that would only take away what works.
        """
        contract_id = qualified.contract.contract_id
        goal = self._scales.goal(record, qualified)
        # What has cancelled nothing yet may have become a target while it waited.
        closed = self._scales.closed(record, goal, qualified, now)
        rivals = self._sweep.in_reach(self._scales.rivals(record, goal, contract_id, closed))
        if record.first_refs is None or (not record.first_refs and goal is not record.command):
            verdict = self._sweep.find(record, goal, qualified, rivals, now)
            if record.first_refs:
                verdict = self._approval.objection(record, qualified, now, effects)
                if verdict is not None and self._holds(record, qualified, now):
                    # Fills under way may make another size of it.
                    record.first_refs = None
                    return True
            if verdict is not None:
                self._end(record, verdict, now, effects)
                return True
            if record.first_refs:
                record.hold_until = None
                self._sweep.cancel(record, now, effects)
                if rivals and closed < abs(self._scales.position(record, contract_id)):
                    detail = f"cancelled for a close of a part: {names_of(rivals)}"
                    names = {"alert_id": record.command.alert_id, "account": record.account}
                    effects.alarm(EXIT_CANCELLED, **names, detail=detail)
        elif fresh := [order for order in rivals if order.order_ref not in record.first_refs]:
            # They came to rest while it waited.
            record.first_refs += tuple(order.order_ref for order in fresh)
            self._sweep.cancel(record, now, effects)
        waits = self._sweep.waits(record, now)
        if isinstance(waits, Refused):
            self._end(record, waits, now, effects)
        elif waits:
            self._held[record.command.command_id] = record
        return bool(waits)

    def _holds(self, record: CommandRecord, qualified: Qualified, now: datetime) -> bool:
        """Wait while the position is about to move, or may not hold all fills yet."""
        if not self._approval.waits(record, qualified, now):
            return False
        if record.hold_until is None:
            record.hold_until = now + timedelta(seconds=HOLD_S)
        if is_due(record.hold_until, now, HOLD_S):
            return False
        # Protective orders that made way meanwhile may have to do so again after those fills.
        record.clears_since = None
        self._held[record.command.command_id] = record
        return True

    def _unhold(self, record: CommandRecord, effects: Effects) -> None:
        del self._held[record.command.command_id]
        if record.outcome is None:
            self._queue(record, effects)

    def _queue(self, record: CommandRecord, effects: Effects) -> None:
        if not record.is_queued:
            record.is_queued = True
            effects.requests.append((priority_of(record), Release(record.command.command_id)))

    def _needs_contract(self, record: CommandRecord) -> bool:
        """Tell whether the book alone cannot say which orders a cancel is about."""
        command = record.command
        return command.action is not Action.CANCEL or any(
            order.instrument != command.instrument
            for order in self._book.all_live()
            if order.account == record.account
        )

    def has_expired(self, record: CommandRecord, now: datetime, effects: Effects) -> bool:
        """End a command that came too late; what was written down may have been sent."""
        not_after = record.command.not_after
        if not_after is None or now <= not_after or record.is_kept:
            return False
        detail = f"not to be carried out after {not_after.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._register.decide(record, Outcome.EXPIRED, detail, now, effects)
        return True

    def _end(
        self,
        record: CommandRecord,
        verdict: sizing.Nothing | Refused,
        now: datetime,
        effects: Effects,
    ) -> None:
        """Decide a command for which nothing is ordered."""
        match verdict:
            case sizing.Nothing(detail, alarm):
                outcome = Outcome.ACCEPTED
            case Refused(detail, alarm):
                outcome = Outcome.REJECTED
        _warn(record, alarm, detail, effects)
        self._register.decide(record, outcome, detail, now, effects)

    def _refuse(self, record: CommandRecord, reason: str, now: datetime, effects: Effects) -> None:
        self._register.decide(record, Outcome.REJECTED, reason, now, effects)


def _warn(record: CommandRecord, alarm: str, detail: str, effects: Effects) -> None:
    """Call a person where the verdict names an alarm."""
    if alarm:
        effects.alarm(
            alarm, alert_id=record.command.alert_id, account=record.account, detail=detail
        )
