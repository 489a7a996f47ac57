"""The protection of positions: what becomes of protective orders that the broker does not keep.

Pure state of the desk.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.trading import UnprotectedPolicy
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderRole, OrderState
from gateway import covers
from gateway.book import Book
from gateway.closings import closing, closing_id
from gateway.events import CancelOrder, Effects
from gateway.gaps import Gaps, name
from gateway.orders import ACK_S, ENDED, UNCERTAIN, OrderEvent
from gateway.pacer import Priority
from gateway.positions import QUIET_S
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.restoration import Attempt, Restoration
from gateway.rules import Rules
from gateway.scales import Scales

GRACE_S: Final = 1.0
"""So long the fill that ended a protective order may come after the word that it ended."""
RETURN_S: Final = 5.0
"""So long a close that was handed back may come again for what was taken off a stop for it."""
_FILLS: Final = {OrderEvent.PARTLY_FILLED, OrderEvent.FILLED}
_FILLED: Final = OrderState.FILLED
NEVER_WORKED: Final = "its entry never worked"
"""Detail of a protective order whose entry the broker did not take."""


@dataclass(slots=True)
class _Doubt:
    """A protective order that may have left a position without protection."""

    since: datetime | None
    """None: since before this process could do anything for it."""
    told: Decimal = ZERO
    """How many units a person was called for."""
    is_asked: bool = False
    """The broker was asked for its lists before what is bare is closed."""
    was_closed: bool = False
    """A person was told what became of the close of it."""
    attempt: Attempt = field(default_factory=Attempt)
    """Of one that works: its way back to the size that it had."""


class Protection:
    """Watches entries and the orders that protect what they opened."""

    def __init__(
        self,
        register: Register,
        book: Book,
        scales: Scales,
        rules: Rules,
        client_id: int,
        look: Callable[[Effects], None],
        objection: Callable[[str, str], str],
    ) -> None:
        """`look` asks the broker for its lists, positions among them.

        `objection` says which halt of an account and strategy forbids even what protects.
        """
        self._register, self._book = register, book
        self._scales, self._rules, self._client_id = scales, rules, client_id
        gaps = self._gaps = Gaps(book, scales, rules)
        self._look = look
        self._restoration = Restoration(book, scales, gaps, client_id, look, objection)
        self._doubts: dict[str, _Doubt] = {}

    def adopt(self, families: Iterable[OrderRecord], bare: Collection[str]) -> None:
        """Look after families of the ledger; `bare`: stops that we cancelled for a close."""
        for order in families:
            self._book.add(order)
            if order.cancel_asked_at is None or order.order_ref in bare:
                self.suspect(self._book.orders[order.order_ref], order.updated_at)
        for order in self._book.all_live():
            if order.ticket is not None and order.ticket.whole:
                self.watch(order)

    def suspect(self, leg: OrderRecord, now: datetime) -> None:
        """Look soon whether a protective order that ended left a position without protection.

        One that we cancelled made way for a close; what closes lets its take profit go as well.
        """
        is_ours = leg.cancel_asked_at is not None
        has_ended = leg.state in {OrderState.REJECTED, OrderState.CANCELLED}
        if leg.is_leg and has_ended and (not is_ours or leg.role is OrderRole.STOP_LOSS):
            self._doubts.setdefault(leg.order_ref, _Doubt(now))

    def watch(self, leg: OrderRecord) -> None:
        """Look whether a close takes what an order was made smaller for: its part has one look."""
        part = covers.part_of(leg, self._book)
        stops = (one for one in part if one.role is OrderRole.STOP_LOSS)
        if leg.role is OrderRole.STOP_LOSS or all(one.state in ENDED for one in stops):
            self._doubts.setdefault(leg.order_ref, _Doubt(None)).attempt = Attempt()

    def tick(self, now: datetime, effects: Effects) -> list[CommandRecord]:
        """Call a person for what is unprotected; return the closes that the routes ask for."""
        closings = []
        self._restoration.tick(now, effects)
        waited_for = self._waited_for() if self._doubts else set()
        for ref, doubt in list(self._doubts.items()):
            leg = self._book.orders.get(ref)
            if leg is None:
                del self._doubts[ref]
                continue
            is_open = leg.state not in ENDED
            if is_open and (ref in waited_for or leg.asked is not None or doubt.since is None):
                # What it was made smaller for is in hand, or not back yet from before a restart.
                doubt.since = now
            wait_s = RETURN_S if is_open else GRACE_S
            if doubt.since is not None and _is_within(wait_s, doubt.since, now):
                continue
            if (entry := self._open_entry(leg, now)) is not None:
                # It is looked after until all that it fills is known, and closed at once then.
                self._take_back(leg, entry, now, effects)
                exposed = self._gaps.of(leg) - self._gaps.closing(leg)
                if ref not in waited_for:
                    self._tell(leg, exposed, effects, does="its entry is cancelled first")
                continue
            exposed = self._gaps.of(leg)
            if exposed <= 0:
                self._drop(leg, effects)
                continue
            exposed -= self._gaps.closing(leg)
            known = self._register.find(closing_id(leg))
            if exposed <= 0 or ref in waited_for or (known is not None and known.outcome is None):
                # It is being closed; should that fail, the look after it will tell.
                continue
            if is_open and self._restoration.goes_on(leg, doubt.attempt, exposed, now, effects):
                continue
            if not is_open and self._another_grows(leg):
                continue
            if known is not None:
                if not doubt.was_closed:
                    self._tell_failure(leg, doubt, known, effects)
                doubt.was_closed = True
                self._told_of(leg)
                continue
            must_close = (
                leg.role is OrderRole.STOP_LOSS
                and self._rules.route(leg.route).unprotected is UnprotectedPolicy.CLOSE
            )
            if must_close and not doubt.is_asked:
                self._look(effects)
                doubt.is_asked = True
            does = "it is being closed" if must_close else "protect or close it"
            self._tell(leg, exposed, effects, does=does)
            if not must_close:
                self._told_of(leg)
            elif doubt.since is not None and _is_within(QUIET_S, doubt.since, now):
                # Closed by hand in TWS, it would be closed twice: the word of that may lag so long.
                continue
            elif not self._register.take(record := closing(leg, exposed, now)):
                closings.append(record)
        return closings

    def _another_grows(self, leg: OrderRecord) -> bool:
        """True while another order may grow back into what one that ended has left bare."""
        others = ((self._book.orders.get(ref), doubt) for ref, doubt in self._doubts.items())
        return any(
            other is not None
            and other.state not in ENDED
            and not doubt.told
            and (other.account, other.contract_id) == (leg.account, leg.contract_id)
            and self._gaps.of(other) > self._gaps.closing(other)
            for other, doubt in others
        )

    def _drop(self, leg: OrderRecord, effects: Effects) -> None:
        """Look no more: nothing of it is bare, so what was taken off it is closed."""
        del self._doubts[leg.order_ref]
        for one in covers.part_of(leg, self._book):
            if one.asked is None and one.ticket is not None and one.ticket.whole:
                one.ticket = replace(one.ticket, whole=ZERO)
                effects.orders[one.order_ref] = one

    def _told_of(self, leg: OrderRecord) -> None:
        """Leave it to a person; what was taken off an order that works may still be closed."""
        if leg.state in ENDED:
            del self._doubts[leg.order_ref]

    def _waited_for(self) -> set[str]:
        """Protective orders that made way for a command which is still in hand."""
        records = self._register.undecided.values()
        entries = (ref for record in records for ref in record.first_refs or ())
        legs = {leg.order_ref for ref in entries for leg in self._book.legs_of(ref)}
        return legs.union(*(record.cleared_refs for record in records))

    def _tell_failure(
        self, leg: OrderRecord, doubt: _Doubt, known: CommandRecord, effects: Effects
    ) -> None:
        """Call a person where the close of what was left did not close it, or not all of it."""
        own = self._book.orders.get(known.command.command_id)
        is_later = doubt.since is not None and doubt.since > known.taken_at
        is_closed = known.outcome is Outcome.ACCEPTED and (own is None or own.state is _FILLED)
        if is_closed and not is_later:
            return
        failure = "more of it came after its close"
        if not is_closed:
            failure = f"the close of it did not go through: {known.detail}"
        effects.alarm(
            "position_unprotected",
            order_ref=leg.order_ref,
            alert_id=leg.alert_id,
            account=leg.account,
            detail=f"{leg.local_symbol or leg.symbol} is held without its {name(leg)}, and "
            f"{failure}; protect or close it",
        )

    def bare(self) -> tuple[str, ...]:
        """Name the positions whose stop has ended, as far as orders in memory tell."""
        return self._gaps.lines()

    def _open_entry(self, leg: OrderRecord, now: datetime) -> OrderRecord | None:
        """Return the entry of a leg while it may fill more."""
        entry = self._book.orders.get(leg.parent_ref)
        if entry is None:
            return None
        is_late = (now - entry.updated_at).total_seconds() >= GRACE_S
        return None if entry.state in ENDED and is_late else entry

    def _take_back(
        self, leg: OrderRecord, entry: OrderRecord, now: datetime, effects: Effects
    ) -> None:
        """Cancel an entry whose stop is gone: what it fills would be bare."""
        is_over = entry.state in {*ENDED, OrderState.INTENT, OrderState.UNKNOWN}
        is_stop = leg.role is OrderRole.STOP_LOSS
        if not is_stop or is_over or entry.client_id != self._client_id:
            return
        asked_at = entry.cancel_asked_at
        is_asked = asked_at is not None and 0 <= (now - asked_at).total_seconds() < ACK_S
        if is_asked or entry.cancel_is_pending:
            return
        if asked_at is None:
            effects.alarm(
                "entry_without_stop",
                order_ref=entry.order_ref,
                alert_id=entry.alert_id,
                account=entry.account,
                detail=f"the {name(leg)} ended ({leg.code}): {leg.detail or 'no reason given'}; "
                "its entry still works and is cancelled",
            )
        self._cancel(entry, now, effects)

    def _tell(self, leg: OrderRecord, exposed: Decimal, effects: Effects, *, does: str) -> None:
        doubt = self._doubts[leg.order_ref]
        if exposed <= doubt.told:
            return
        doubt.told = exposed
        is_stop = leg.role is OrderRole.STOP_LOSS
        ended = f"the broker ended ({leg.code}): {leg.detail or 'no reason given'}"
        if leg.state not in ENDED:
            ended = "was made smaller for a close that did not go out, or not all"
        elif leg.cancel_asked_at is not None:
            ended = "was cancelled for a close that did not go out"
        effects.alarm(
            "position_unprotected" if is_stop else "take_profit_missing",
            order_ref=leg.order_ref,
            alert_id=leg.alert_id,
            account=leg.account,
            detail=f"{exposed.normalize():f} {leg.local_symbol or leg.symbol} are held without "
            f"their {name(leg)}, which {ended}; {does if is_stop else 'the stop stays'}",
        )

    def order_changed(
        self,
        order: OrderRecord,
        before: OrderState,
        event: OrderEvent,
        now: datetime,
        effects: Effects,
    ) -> None:
        """Take in that an order ended, or that it is lost."""
        if event in _FILLS and not order.is_leg:
            for leg in self._book.legs_of(order.order_ref):
                if leg.state in ENDED:
                    # Filled after its protection ended.
                    self._doubts.pop(leg.order_ref, None)
                    self.suspect(leg, now)
        if order.state is before or order.state not in {*ENDED, OrderState.UNKNOWN}:
            return
        if order.state is OrderState.FILLED and not order.is_leg:
            self._closed(order, effects)
        if order.is_leg:
            self._leg_ended(order, now, effects)
        elif order.state is not OrderState.UNKNOWN and not order.filled:
            # TWS ends the children of an order that ends; of these it never said a word.
            for leg in self._book.legs_of(order.order_ref):
                if leg.state in UNCERTAIN:
                    event = OrderEvent.CANCELLED
                    self._book.happen(leg, event, now, effects, detail=NEVER_WORKED)

    def _closed(self, order: OrderRecord, effects: Effects) -> None:
        """Doubt no more what a close has closed: what is opened after it had other protection."""
        if not self._scales.are_told:
            # A fill of the time before this process; what is held is told after it.
            return
        for ref in list(self._doubts):
            leg = self._book.orders.get(ref)
            if leg is None or leg.asked is not None or leg.side is not order.side:
                continue
            is_same = (leg.account, leg.contract_id) == (order.account, order.contract_id)
            if is_same and self._gaps.of(leg) <= 0:
                self._drop(leg, effects)

    def are_all_known(self, record: CommandRecord) -> bool:
        """True once the broker has said of each of a command's orders that it has it, or had."""
        orders = self._orders(record)
        return not any(order.state in UNCERTAIN or order.asked is not None for order in orders)

    def refusals(self, record: CommandRecord) -> str:
        """Say which protective orders of a command the broker refused."""
        return "; ".join(
            f"the broker refused the {name(order)} ({order.code}): {order.detail}"
            for order in self._orders(record)
            if order.is_leg and order.state is OrderState.REJECTED
        )

    def _orders(self, record: CommandRecord) -> list[OrderRecord]:
        orders = (self._book.orders.get(ref) for ref in record.order_refs)
        return [order for order in orders if order is not None]

    def _leg_ended(self, leg: OrderRecord, now: datetime, effects: Effects) -> None:
        self.suspect(leg, now)
        if leg.state is not OrderState.REJECTED:
            return
        effects.alarm(
            "protective_order_refused",
            order_ref=leg.order_ref,
            alert_id=leg.alert_id,
            account=leg.account,
            detail=f"the broker refused the {name(leg)} ({leg.code}): {leg.detail}",
        )
        self._refused(leg, now, effects)

    def _refused(self, leg: OrderRecord, now: datetime, effects: Effects) -> None:
        """Take back the entry of a protective order that the broker does not take."""
        entry = self._book.orders.get(leg.parent_ref)
        if entry is None or entry.state in ENDED:
            return
        if entry.state not in UNCERTAIN:
            if leg.role is OrderRole.STOP_LOSS and entry.client_id == self._client_id:
                self._cancel(entry, now, effects)
            return
        # TWS still holds the entry, or is about to let it work without this leg.
        for one in (entry, *self._book.legs_of(entry.order_ref)):
            if one.state not in ENDED and one.client_id == self._client_id:
                self._cancel(one, now, effects)

    def _cancel(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        if order.cancel_asked_at is None:
            order.taken_back_at = now
        order.cancel_asked_at = now
        effects.orders[order.order_ref] = order
        effects.requests.append((Priority.CANCEL, CancelOrder(order.order_ref, order.order_id)))


def _is_within(seconds: float, since: datetime, now: datetime) -> bool:
    return 0 <= (now - since).total_seconds() < seconds
