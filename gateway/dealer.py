"""A command's way from taken to its order: contract, turn, truth, ticket, intent.

Pure state of the desk. A command that waits for a contract, its turn or for fills under way is
only in memory: it is written down, with its order, in the turn that sends it.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from alertwire.identity import order_ref
from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway import contracts, sizing
from gateway.book import Book
from gateway.contracts import ContractKey, Qualified, contract_key
from gateway.drafts import new_order, words
from gateway.entries import ONLY_REDUCES
from gateway.events import CancelOrder, Effects, Placement, QueryContract, Release
from gateway.exposure import size_beside
from gateway.messages import ContractQueryFailed, ContractsFound
from gateway.orders import OrderEvent
from gateway.pacer import Priority
from gateway.positions import Positions
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.sizing import Refused
from gateway.tickets import untellable, write_ticket

HOLD_S: Final = 3.0
"""Longest wait for market orders under way before a size is taken from the position."""
ACK_S: Final = 10.0
"""The broker is asked about an order that it has not acknowledged for so long."""


class Dealer:
    """Takes commands to the broker, one step at a time."""

    def __init__(
        self, client_id: int, register: Register, book: Book, positions: Positions
    ) -> None:
        self._client_id = client_id
        self._register = register
        self._book = book
        self._positions = positions
        self._contracts: dict[ContractKey, Qualified] = {}
        self._waiting: dict[ContractKey, list[CommandRecord]] = defaultdict(list)
        self._held: dict[str, CommandRecord] = {}
        self._cancelling: dict[str, set[str]] = {}
        self.unsent: dict[str, Placement] = {}
        """Orders written down whose bytes certainly did not go out."""
        self.next_order_id = 1

    def advance(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Take a command as far as it goes without sending anything."""
        if self._has_expired(record, now, effects):
            return
        if (reason := _unsupported(record)) or record.command.instrument is None:
            self._refuse(record, reason or "no instrument", now, effects)
            return
        key = contract_key(record.command.instrument, now.date())
        if key not in self._contracts and self._needs_contract(record):
            self._ask(key, record, now, effects)
        else:
            self._queue(record, effects)

    def release(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Decide a command whose turn it is: order, or nothing to order, or a refusal."""
        record.is_queued = False
        if self._has_expired(record, now, effects):
            return
        command = record.command
        # What is written down passed its fence then, and a VOID since waits for its end.
        if not record.is_kept and (reason := self._register.objection(command)):
            # Another command of the key overtook it while it waited.
            self._register.decide(record, Outcome.VOIDED, reason, now, effects)
            return
        if command.instrument is None or command.action is None:
            raise ValueError(f"{command.command_id} was queued without instrument or action")
        qualified = self._contracts.get(contract_key(command.instrument, now.date()))
        if command.action is Action.CANCEL:
            self._cancel(record, qualified, now, effects)
            return
        if qualified is None:
            # A continuous future, and midnight passed while it waited.
            self.advance(record, now, effects)
            return
        contract_id = qualified.contract.contract_id
        needs_position = self._only_closes(record, contract_id)
        needs_position |= command.action in sizing.NEEDS_POSITION
        if needs_position and self._holds(record, contract_id, now):
            return
        verdict = self._size(record, contract_id)
        match verdict:
            case sizing.Refused(reason):
                self._refuse(record, reason, now, effects)
            case sizing.Nothing(detail):
                self._register.decide(record, Outcome.ACCEPTED, detail, now, effects)
            case sizing.Approved():
                self._place(record, qualified, verdict, now, effects)

    def found(self, message: ContractsFound, now: datetime, effects: Effects) -> None:
        """Go on with the commands that waited for this contract."""
        key = message.key
        if not isinstance(key, ContractKey):
            return
        verdict = contracts.choose(key.instrument, message.candidates, key.day or now.date())
        if isinstance(verdict, Qualified):
            self._contracts[key] = verdict
        for record in self._waiting.pop(key, []):
            if record.outcome is not None:
                continue
            if isinstance(verdict, Refused) and record.is_kept:
                self._queue(record, effects)
            elif isinstance(verdict, Refused):
                self._refuse(record, verdict.reason, now, effects)
            else:
                self.advance(record, now, effects)

    def not_found(self, message: ContractQueryFailed, now: datetime, effects: Effects) -> None:
        if not isinstance(message.key, ContractKey):
            return
        for record in self._waiting.pop(message.key, []):
            if record.outcome is not None:
                continue
            if record.is_kept:
                # A cancel that is written down: its targets are in the book.
                self._queue(record, effects)
            elif message.is_final:
                self._refuse(record, message.reason, now, effects)
            else:
                self._register.postpone(record, message.reason, effects)

    def order_changed(self, order: OrderRecord, is_over: bool, now: datetime, eff: Effects) -> None:
        """Go on with what waited for this order to end."""
        if not is_over:
            return
        for record in list(self._held.values()):
            if record.account == order.account:
                self._unhold(record, eff)
        for command_id, targets in list(self._cancelling.items()):
            if order.order_ref in targets:
                targets.discard(order.order_ref)
                if not targets:
                    self._end_cancel(command_id, "", now, eff)

    def tick(self, now: datetime, effects: Effects) -> None:
        for record in list(self._held.values()):
            if record.hold_until is not None and now >= record.hold_until:
                self._unhold(record, effects)
        for command_id, targets in list(self._cancelling.items()):
            asker = self._register.undecided.get(command_id)
            is_late = asker is not None and asker.deadline is not None and now > asker.deadline
            orders = [self._book.orders.get(ref) for ref in targets]
            if is_late and all(order and order.cancel_is_pending for order in orders):
                self._end_cancel(command_id, "the broker holds the cancel", now, effects)

    def disconnect(self, reason: str, effects: Effects) -> None:
        """Send back everything of which nothing was written down."""
        self._waiting.clear()
        self._held.clear()
        self._cancelling.clear()
        for record in list(self._register.undecided.values()):
            record.is_queued = False
            if not record.is_kept and record.command.command_id not in effects.commands:
                self._register.postpone(record, reason, effects)

    def resume(self, now: datetime, effects: Effects) -> None:
        """After a reconnect: cancel again, and send what certainly was never sent."""
        for record in list(self._register.undecided.values()):
            if record.command.action is Action.CANCEL:
                self.advance(record, now, effects)
        for ref, placement in list(self.unsent.items()):
            del self.unsent[ref]
            self._send_again(ref, placement, now, effects)

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
        if key not in self._waiting:
            effects.requests.append((Priority.QUERY, QueryContract(key, asked)))
        if record not in self._waiting[key]:
            self._waiting[key].append(record)

    def _holds(self, record: CommandRecord, contract_id: int, now: datetime) -> bool:
        """Wait while market orders under way are about to move the position."""
        if not self._book.has_market_orders(record.account, contract_id):
            return False
        if record.hold_until is None:
            record.hold_until = now + timedelta(seconds=HOLD_S)
        if now >= record.hold_until:
            return False
        self._held[record.command.command_id] = record
        return True

    def _unhold(self, record: CommandRecord, effects: Effects) -> None:
        del self._held[record.command.command_id]
        if record.outcome is None:
            self._queue(record, effects)

    def _queue(self, record: CommandRecord, effects: Effects) -> None:
        if not record.is_queued:
            record.is_queued = True
            effects.requests.append((_priority(record), Release(record.command.command_id)))

    def _needs_contract(self, record: CommandRecord) -> bool:
        """Tell whether the book alone cannot say which orders a cancel is about."""
        command = record.command
        return command.action is not Action.CANCEL or any(
            order.instrument != command.instrument
            for order in self._book.all_live()
            if order.account == record.account and order.strategy == command.strategy
        )

    def _place(
        self,
        record: CommandRecord,
        qualified: Qualified,
        approved: sizing.Approved,
        now: datetime,
        effects: Effects,
    ) -> None:
        command, contract = record.command, qualified.contract
        ref = order_ref(command.command_id)
        ticket = write_ticket(
            command,
            account=record.account,
            side=approved.side,
            quantity=approved.quantity,
            order_id=self.next_order_id,
            order_ref=ref,
        )
        if isinstance(ticket, Refused):
            self._refuse(record, ticket.reason, now, effects)
            return
        self.next_order_id += 1
        order = new_order(record, ticket, qualified, self._client_id, now)
        record.order_refs.append(ref)
        bound = ONLY_REDUCES if self._only_closes(record, contract.contract_id) else ""
        record.detail = "; ".join(
            part
            for part in (words(ticket, contract), qualified.detail, bound, approved.detail)
            if part
        )
        self._book.add(order)
        self._register.intend(record, now, effects)
        effects.orders[ref] = order
        placement = Placement(contract, ticket)
        self.unsent[ref] = placement
        effects.placements.append(placement)

    def _only_closes(self, record: CommandRecord, contract_id: int) -> bool:
        position = self._positions.quantity(record.account, contract_id)
        return self._register.entries.closing_side(record, position) is not None

    def _size(
        self, record: CommandRecord, contract_id: int, own: OrderRecord | None = None
    ) -> sizing.Verdict:
        """Size an order against the position and the orders that work, but for its `own`."""
        return size_beside(
            record.command,
            self._positions.quantity(record.account, contract_id),
            [order for order in self._book.live(record.account, contract_id) if order is not own],
            is_closing=self._only_closes(record, contract_id),
        )

    def _send_again(self, ref: str, placement: Placement, now: datetime, effects: Effects) -> None:
        order = self._book.orders.get(ref)
        record = self._register.undecided.get(order.command_id) if order else None
        if order is None or record is None or order.state is not OrderState.INTENT:
            return
        if record.command.not_after is not None and now > record.command.not_after:
            detail = "expired while not connected"
            self._give_up(record, order, Outcome.EXPIRED, detail, now, effects)
            return
        # The position may have moved since: what was right then may open the other side now.
        verdict = self._size(record, order.contract_id, order)
        if isinstance(verdict, sizing.Nothing):
            self._give_up(record, order, Outcome.ACCEPTED, verdict.detail, now, effects)
            return
        if isinstance(verdict, Refused):
            self._give_up(record, order, Outcome.REJECTED, verdict.reason, now, effects)
            return
        sized = replace(placement.ticket, side=verdict.side, quantity=verdict.quantity)
        if reason := untellable(sized.quantity):
            self._give_up(record, order, Outcome.REJECTED, reason, now, effects)
            return
        old, new = words(placement.ticket, placement.contract), words(sized, placement.contract)
        record.detail = record.detail.replace(old, new, 1)
        order.side, order.quantity = sized.side, sized.quantity
        if order.order_id < self.next_order_id - 1:
            # The broker may have seen later ids; one that was never sent may be given up.
            self._book.renumber(order, self.next_order_id)
            self.next_order_id += 1
        effects.orders[ref] = order
        ticket = replace(sized, order_id=order.order_id)
        again = Placement(placement.contract, ticket)
        self.unsent[ref] = again
        effects.placements.append(again)

    def _give_up(
        self,
        record: CommandRecord,
        order: OrderRecord,
        outcome: Outcome,
        detail: str,
        now: datetime,
        effects: Effects,
    ) -> None:
        """End a command whose order was written down and certainly never sent."""
        self._register.decide(record, outcome, detail, now, effects)
        self._book.happen(order, OrderEvent.CANCELLED, now, effects, detail="never sent")

    def _cancel(
        self, record: CommandRecord, qualified: Qualified | None, now: datetime, effects: Effects
    ) -> None:
        command = record.command
        contract_id = qualified.contract.contract_id if qualified else None
        targets = [
            order
            for order in self._book.all_live()
            if (order.account, order.strategy) == (record.account, command.strategy)
            and (order.instrument == command.instrument or order.contract_id == contract_id)
            and (not command.order_id or order.strategy_order_id == command.order_id)
        ]
        if not targets:
            detail = "nothing to cancel"
            self._register.decide(record, Outcome.ACCEPTED, detail, now, effects)
            return
        if not record.is_kept:
            # Written down first: a VOID after it must not claim that nothing was done.
            self._register.intend(record, now, effects)
        record.deadline = now + timedelta(seconds=ACK_S)
        record.order_refs = [order.order_ref for order in targets]
        self._cancelling[command.command_id] = set(record.order_refs)
        for order in targets:
            cancel = CancelOrder(order.order_ref, order.order_id)
            effects.requests.append((Priority.CANCEL, cancel))

    def _end_cancel(self, command_id: str, detail: str, now: datetime, effects: Effects) -> None:
        del self._cancelling[command_id]
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

    def _has_expired(self, record: CommandRecord, now: datetime, effects: Effects) -> bool:
        not_after = record.command.not_after
        # What was written down may have been sent: its end is for the broker to tell.
        if not_after is None or now <= not_after or record.is_kept:
            return False
        detail = f"not to be carried out after {not_after.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        self._register.decide(record, Outcome.EXPIRED, detail, now, effects)
        return True

    def _refuse(self, record: CommandRecord, reason: str, now: datetime, effects: Effects) -> None:
        self._register.decide(record, Outcome.REJECTED, reason, now, effects)


def _unsupported(record: CommandRecord) -> str:
    """Name what this gateway cannot do yet; empty: nothing."""
    command = record.command
    if command.action is None:
        return "no action"
    if command.action is Action.FLATTEN:
        return "flatten is not supported yet"
    if command.take_profits:
        return "take_profit is not supported yet"
    if command.stop_loss is not None:
        return "stop_loss is not supported yet"
    if command.cancel_working_first:
        return "cancel_working_first is not supported yet"
    return ""


def _priority(record: CommandRecord) -> Priority:
    action, sizing_ = record.command.action, record.command.sizing
    if action is Action.CANCEL:
        return Priority.CANCEL
    closes = action is Action.TARGET and sizing_ is not None and not sizing_.value
    return Priority.REDUCE if closes or action is Action.EXIT else Priority.ENTRY
