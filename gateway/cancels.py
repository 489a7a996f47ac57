"""Cancels on their way: which orders each is about, and when it is over. Pure state of the desk."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.book import Book
from gateway.events import CancelOrder, Effects
from gateway.orders import ACK_S, ENDED, OrderEvent
from gateway.pacer import Priority
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.sizing import OPENS
from gateway.sweep import is_within

NAMED_MAX: Final = 5
"""Orders that one alarm names."""


class Cancels:
    """Every cancel that was sent and whose orders have not all ended."""

    def __init__(self, register: Register, book: Book, client_id: int) -> None:
        self._register, self._book, self._client_id = register, book, client_id
        self._under_way: dict[str, set[str]] = {}
        self._refusals: dict[str, str] = {}
        """Orders whose cancel was refused, by their refs, and the broker's reason."""
        self._has_warned = False

    def begin(
        self, record: CommandRecord, contract_id: int | None, now: datetime, effects: Effects
    ) -> None:
        """Cancel what the command is about, now that it is its turn."""
        targets = self._targets(record, contract_id)
        if record.is_kept:
            # It goes on after a reconnect.
            targets = [order for order in targets if _is_meant(order, record)]
        if not targets:
            self._register.decide(record, Outcome.ACCEPTED, "nothing to cancel", now, effects)
            return
        if not record.is_kept:
            # Written down first: a VOID after it must not claim that nothing was done.
            self._register.intend(record, now, effects)
        record.deadline = now + timedelta(seconds=ACK_S)
        self._follow(record, targets)
        for order in targets:
            # The number of another client's order is that of some other order of ours.
            if order.client_id == self._client_id:
                order.cancel_asked_at = now
                effects.orders[order.order_ref] = order
                cancel = CancelOrder(order.order_ref, order.order_id)
                effects.requests.append((Priority.CANCEL, cancel))
        if foreign := [order for order in targets if order.client_id != self._client_id]:
            detail = f"not cancelled: {_of_others(foreign)}"
            names = {"alert_id": record.command.alert_id, "account": record.account}
            effects.alarm("order_of_other_client_id", **names, detail=detail)
            self._register.decide(record, Outcome.UNKNOWN, detail, now, effects)

    def resume(self, now: datetime, effects: Effects) -> None:
        """End the unconfirmed cancels whose orders have ended meanwhile, and follow the others."""
        self._warn(effects)
        for record in list(self._register.unknown.values()):
            if record.command.action is not Action.CANCEL:
                continue
            targets = [o for o in self._targets(record, None) if _is_meant(o, record)]
            self._follow(record, targets)
            if not targets:
                self._end(record.command.command_id, "its orders have ended", now, effects)

    def order_changed(
        self, order: OrderRecord, event: OrderEvent, now: datetime, effects: Effects
    ) -> None:
        """Take in that an order ended, or that its cancel did."""
        ref = order.order_ref
        if event is OrderEvent.CANCEL_REFUSED and order.state not in ENDED:
            # Too late, or never: what the order is, the broker's lists will tell.
            self._refusals[ref] = f"the broker refused it ({order.code}): {order.detail}"
        lives_on = event is OrderEvent.LISTED and ref in self._refusals
        if order.state not in ENDED and event is not OrderEvent.LOST and not lives_on:
            return
        for command_id, targets in list(self._under_way.items()):
            if order.order_ref in targets:
                targets.discard(order.order_ref)
                if not targets:
                    self._end(command_id, "", now, effects)
        self._refusals.pop(ref, None)

    def tick(self, now: datetime, effects: Effects) -> None:
        for command_id, targets in list(self._under_way.items()):
            asker = self._register.undecided.get(command_id)
            is_late = asker is not None and asker.deadline is not None and now > asker.deadline
            orders = [self._book.orders.get(ref) for ref in targets]
            if is_late and all(order and order.cancel_is_pending for order in orders):
                self._end(command_id, "the broker holds the cancel", now, effects)

    def disconnect(self) -> None:
        self._under_way.clear()
        self._refusals.clear()

    def _warn(self, effects: Effects) -> None:
        """Say once that orders live which this client id cannot cancel."""
        foreign = [order for order in self._book.all_live() if order.client_id != self._client_id]
        if foreign and not self._has_warned:
            self._has_warned = True
            effects.alarm("order_of_other_client_id", detail=_of_others(foreign))

    def _targets(self, record: CommandRecord, contract_id: int | None) -> list[OrderRecord]:
        command = record.command
        return [
            order
            for order in self._book.all_live()
            # What protects a position stays; that of an entry which has not filled goes with it.
            if not order.is_leg
            and order.account == record.account
            and is_within(
                order,
                command.scope,
                command.strategy,
                order.contract_id if order.instrument == command.instrument else contract_id,
            )
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
        outcome = Outcome.ACCEPTED
        if not detail:
            outcome, detail = self._verdict(record)
        if outcome is not record.outcome:
            self._register.decide(record, outcome, detail, now, effects)

    def _verdict(self, record: CommandRecord) -> tuple[Outcome, str]:
        """Decide a cancel by what its orders are now."""
        orders = [self._book.orders.get(ref) for ref in record.order_refs]
        ends = Counter("gone" if o is None else o.state.name.lower() for o in orders)
        said = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
        live = [order for order in orders if order is not None and order.state not in ENDED]
        if any(order.state is OrderState.UNKNOWN for order in live):
            return Outcome.UNKNOWN, f"{said}: look for it in TWS"
        reasons = [self._refusals[o.order_ref] for o in live if o.order_ref in self._refusals]
        return (Outcome.REJECTED if live else Outcome.ACCEPTED), "; ".join([said, *reasons])


def _is_meant(order: OrderRecord, record: CommandRecord) -> bool:
    """True unless the order was made after the cancel and before its turn came again."""
    asked_at = order.cancel_asked_at
    was_asked = asked_at is not None and asked_at >= record.taken_at
    return order.created_at <= record.taken_at or was_asked


def _of_others(orders: list[OrderRecord]) -> str:
    named = ", ".join(f"{o.order_ref} (client id {o.client_id})" for o in orders[:NAMED_MAX])
    more = f" and {len(orders) - NAMED_MAX} more" if len(orders) > NAMED_MAX else ""
    return (
        f"{named}{more}: placed under another client id than ALERTWIRE_IB_CLIENT_ID is now, which "
        "cannot cancel it: cancel it in TWS, or set that id again and restart the gateway"
    )
