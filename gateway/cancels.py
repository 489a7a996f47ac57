"""Cancels on their way: which orders each is about, and when it is over. Pure state of the desk."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.book import Book
from gateway.events import CancelOrder, CancelSent, Effects
from gateway.orders import ACK_S, ENDED, OrderEvent, is_due
from gateway.pacer import Priority
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.sizing import OPENS
from gateway.sweep import is_within

NAMED_MAX: Final = 5
"""Orders that one alarm names."""
REPEAT_S: Final = 3.0
"""One order's cancel is not sent twice within so long, whoever asks: TWS would refuse the second,
which says nothing about the first (TWS API: error 10148)."""
NOT_CANCELLED: Final = "order_not_cancelled"
"""Alarm: an order that was to be cancelled works on, and no command is there to say so."""

_REPEAT: Final = timedelta(seconds=REPEAT_S)
_ACK: Final = timedelta(seconds=ACK_S)


class Cancels:
    """Every cancel that was sent and whose orders have not all ended."""

    def __init__(self, register: Register, book: Book, client_id: int) -> None:
        self._register, self._book, self._client_id = register, book, client_id
        self._under_way: dict[str, set[str]] = {}
        self._refusals: dict[str, str] = {}
        """Orders whose cancel was refused, by their refs, and the broker's reason."""
        self._sent: dict[str, datetime] = {}
        """When the cancel of an order went out over this connection, while nothing came of it."""
        self._late: set[str] = set()
        """Orders that the broker is asked about, for nothing came of their cancel in time."""
        self._has_warned = False

    def may_send(self, order_ref: str, now: datetime) -> bool:
        """Tell whether the cancel of an order is to be sent now; it counts as sent then."""
        order = self._book.orders.get(order_ref)
        sent_at = self._sent.get(order_ref)
        is_repeated = sent_at is not None and not is_due(sent_at + _REPEAT, now, REPEAT_S)
        if order is None or order.state in ENDED or is_repeated:
            return False
        self._sent[order_ref] = now
        return True

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
        """Ask again for what was to be cancelled and is there, and follow unconfirmed cancels."""
        self._warn(effects)
        self._ask_again(effects)
        for record in list(self._register.unknown.values()):
            if record.command.action is not Action.CANCEL:
                continue
            targets = [o for o in self._targets(record, None) if _is_meant(o, record)]
            self._follow(record, targets)
            if not targets:
                self._end(record.command.command_id, "its orders have ended", now, effects)

    def sent(self, event: CancelSent, now: datetime, effects: Effects) -> None:
        """Take in that the broker was sent a cancel."""
        if order := self._book.orders.get(event.order_ref):
            order.cancel_is_pending = False
            self._book.happen(order, OrderEvent.CANCEL_SENT, now, effects)

    def order_changed(
        self, order: OrderRecord, event: OrderEvent, now: datetime, effects: Effects
    ) -> None:
        """Take in that an order ended, or that its cancel did."""
        ref = order.order_ref
        if order.state in ENDED or event in {OrderEvent.CANCEL_REFUSED, OrderEvent.LOST}:
            self._sent.pop(ref, None)
        if event is OrderEvent.LISTED:
            self._tell(order, effects)
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

    def tick(self, now: datetime, effects: Effects) -> bool:
        """End the cancels that the broker holds; return whether one of the others is late."""
        late = {ref for ref, at in self._sent.items() if is_due(at + _ACK, now, ACK_S)}
        for ref in late:
            del self._sent[ref]
        self._late |= late
        for command_id, targets in list(self._under_way.items()):
            asker = self._register.undecided.get(command_id)
            is_late = asker is not None and asker.deadline is not None and now > asker.deadline
            orders = [self._book.orders.get(ref) for ref in targets]
            if is_late and all(order and order.cancel_is_pending for order in orders):
                self._end(command_id, "the broker holds the cancel", now, effects)
        return bool(late)

    def disconnect(self) -> None:
        self._sent.clear()
        self._late.clear()
        self._under_way.clear()
        self._refusals.clear()

    def _ask_again(self, effects: Effects) -> None:
        """Ask for each cancel that was wanted, whoever wanted it: it may never have gone out.

        What protects a position is left out: it makes way for a close alone, which asks itself.
        """
        for order in self._book.all_live():
            is_wanted = order.cancel_asked_at is not None and not order.is_leg
            is_known = order.state is not OrderState.UNKNOWN
            if is_wanted and is_known and order.client_id == self._client_id:
                cancel = CancelOrder(order.order_ref, order.order_id)
                effects.requests.append((Priority.CANCEL, cancel))

    def _tell(self, order: OrderRecord, effects: Effects) -> None:
        """Call a person where the broker lists what was to be cancelled, and no command waits."""
        ref = order.order_ref
        why = self._refusals.get(ref, "")
        if ref in self._late:
            why = why or f"its cancel was not confirmed within {ACK_S:g} s"
        self._late.discard(ref)
        is_followed = any(ref in targets for targets in self._under_way.values())
        if not why or order.cancel_is_pending or is_followed:
            return
        effects.alarm(
            NOT_CANCELLED,
            order_ref=ref,
            alert_id=order.alert_id,
            account=order.account,
            detail=f"{why}; the broker lists it as open: cancel it again, or in TWS",
        )

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
