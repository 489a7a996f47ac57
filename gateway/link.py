"""The link to the broker as the desk sees it: ready or why not, and what its lists prove.

Pure state of the desk. At every new connection, and when asked in between, the broker's lists are
held against the ledger before anything new is ordered.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway import reconcile
from gateway.book import Book
from gateway.dealer import Dealer
from gateway.events import Effects
from gateway.messages import Evidence, Inquired, Lost, MessageDropped, Ready
from gateway.orders import ENDED, OrderEvent
from gateway.positions import Drift, Positions
from gateway.records import OrderRecord
from gateway.register import Register

DROP_INQUIRY_S: Final = 60.0
"""At most one inquiry in so long for messages that could not be read."""


class Link:
    """Whether the broker can be ordered from, and the inquiries to it."""

    def __init__(
        self, register: Register, book: Book, positions: Positions, dealer: Dealer
    ) -> None:
        self._register, self._book, self._positions = register, book, positions
        self._dealer = dealer
        self.accounts: tuple[str, ...] = ()
        self.not_ready = "not connected to the broker yet"
        """Why nothing can be ordered, in words; empty: it can."""
        self.is_connected = False
        self._is_inquiring = False
        self._must_inquire_again = False
        self._is_down = False
        self._must_recover = False
        """The connection began without a link: its first lists did not tell what is nowhere."""
        self._drop_inquired_at: datetime | None = None

    def ready(self, message: Ready, now: datetime, effects: Effects) -> None:
        self.accounts = message.accounts
        self._dealer.next_order_id = max(self._dealer.next_order_id, message.next_order_id)
        self.is_connected = True
        self._is_inquiring = self._must_inquire_again = False
        # Without its link TWS may list less than there is: what is nowhere is judged later.
        self._must_recover = self._is_down
        self._judge(
            self._book.all_live(), message.evidence, now, effects, only_late=self._must_recover
        )
        for ref in sorted(reconcile.refs_of(message.evidence)):
            if ref not in self._book.orders:
                effects.alarm("order_not_in_ledger", order_ref=ref)
        # After the fills of the past were booked: the snapshot already holds them.
        self._positions.restart(message.positions)
        if not self._is_down:
            self.not_ready = ""
            self._dealer.resume(now, effects)

    def lost(self, message: Lost, _now: datetime, effects: Effects) -> None:
        self.not_ready = f"not connected to the broker: {message.reason}"
        self.is_connected = self._is_inquiring = self._must_inquire_again = False
        self._is_down = self._must_recover = False
        self._dealer.disconnect(self.not_ready, effects)

    def inquire(self, effects: Effects) -> None:
        """Ask the broker for its lists, one inquiry at a time."""
        if self._is_inquiring:
            self._must_inquire_again = True
        elif self.is_connected:
            effects.inquire = self._is_inquiring = True

    def inquired(self, message: Inquired, now: datetime, effects: Effects) -> None:
        self._is_inquiring = False
        is_restored = False
        if self._must_inquire_again:
            self._must_inquire_again = False
            self.inquire(effects)
        elif not self._is_down:
            is_restored, self.not_ready = bool(self.not_ready), ""
        only_late = not (is_restored and self._must_recover)
        self._judge(self._book.all_live(), message.evidence, now, effects, only_late=only_late)
        for record in list(self._register.undecided.values()):
            is_late = record.deadline is not None and now >= record.deadline
            if is_late and record.command.action is Action.CANCEL:
                detail = "the cancel was sent and not confirmed"
                self._register.decide(record, Outcome.UNKNOWN, detail, now, effects)
        for drift in self._positions.inquired(message.positions, now):
            note_drift(drift, effects)
        if is_restored:
            self._must_recover = False
            self._dealer.resume(now, effects)

    def dropped(self, message: MessageDropped, now: datetime, effects: Effects) -> None:
        effects.alarm("broker_message_dropped", detail=message.detail)
        last = self._drop_inquired_at
        # The answer may hold the same unreadable message: do not ask for it for ever.
        if last is None or now - last > timedelta(seconds=DROP_INQUIRY_S):
            self._drop_inquired_at = now
            self.inquire(effects)

    def down(self, code: int, detail: str, effects: Effects) -> None:
        """TWS has lost IB: what is sent now may vanish or be held."""
        self._is_down = True
        self.not_ready = f"the broker has lost its own connection ({code})"
        effects.alarm("broker_link_lost", code=code, detail=detail)

    def restored(self, code: int, detail: str, effects: Effects) -> None:
        """TWS has IB back: fills of the time between are only in its lists."""
        self._is_down = False
        effects.note("broker_link_restored", code=code, detail=detail)
        self.inquire(effects)

    def patience_is_over(self, effects: Effects) -> None:
        """Something was not acknowledged in time: ask, unless that is under way."""
        if not self._is_inquiring:
            self.inquire(effects)

    def _judge(
        self,
        orders: Iterable[OrderRecord],
        evidence: Evidence,
        now: datetime,
        effects: Effects,
        *,
        only_late: bool = False,
    ) -> None:
        """Take over what the broker lists of our orders; what it does not list is UNKNOWN."""
        judged = list(orders)
        for item in evidence.executions:
            self._book.executed(item, now, effects)
        for match in reconcile.match(judged, evidence):
            order = match.order
            if match.open_order is not None:
                self._book.listed(order, match.open_order, now, effects)
            elif match.completed is not None:
                self._book.completed(order, match.completed, now, effects)
            elif match.is_found or not order.is_sent or order.state in ENDED:
                continue
            elif not only_late or self._is_late(order, now):
                self._lose(order, now, effects)

    def _is_late(self, order: OrderRecord, now: datetime) -> bool:
        record = self._register.undecided.get(order.command_id)
        return record is not None and record.deadline is not None and now >= record.deadline

    def _lose(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        if order.state is OrderState.UNKNOWN:
            return
        detail = "the broker lists it neither as open nor as completed nor as filled"
        self._book.happen(order, OrderEvent.LOST, now, effects, detail=detail)
        effects.alarm(
            "order_not_found",
            order_ref=order.order_ref,
            alert_id=order.alert_id,
            account=order.account,
            detail=f"{detail}: look for it in TWS",
        )


def note_drift(drift: Drift, effects: Effects) -> None:
    """Say that the broker's word replaced our count."""
    effects.note(
        "position_drifted",
        account=drift.account,
        symbol=drift.contract.local_symbol or drift.contract.symbol,
        counted=f"{drift.counted:f}",
        told=f"{drift.told:f}",
    )
