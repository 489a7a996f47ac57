"""The link to the broker as the desk sees it: ready or why not, and what its lists prove.

Pure state of the desk. At every new connection, and when asked in between, the broker's lists are
held against the ledger before anything new is ordered.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from alertwire.blackout import Blackout
from alertwire.wire.alert import Action
from alertwire.wire.control import NEEDS_PERSON
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway import findings, reconcile
from gateway.amendments import amends
from gateway.book import Book
from gateway.cancels import Cancels
from gateway.dealer import Dealer
from gateway.drifts import Drifts, note_drift
from gateway.events import Answer, Effects
from gateway.holdings import Holdings
from gateway.messages import (
    Evidence,
    Execution,
    Inquired,
    Lost,
    MessageDropped,
    OpenOrder,
    Ready,
)
from gateway.order_ids import OrderIds
from gateway.orders import ACK_S, ENDED, OrderEvent, is_due
from gateway.positions import Positions
from gateway.protection import Protection
from gateway.records import OrderRecord
from gateway.recovery import Recovery
from gateway.register import Register

DROP_INQUIRY_S: Final = 60.0
"""At most one inquiry in so long for messages that could not be read."""
DOWN_MAX_S: Final = 300.0
"""A link to IB of which nothing is said for so long is asked after over a new connection."""
NOWHERE: Final = "the broker lists it neither as open nor as completed nor as filled"
ONLY_FILLS: Final = "the broker lists a part of its fills, and it neither as open nor as completed"
_DOWN: Final = timedelta(seconds=DOWN_MAX_S)
_UNSEEN: Final = frozenset({OrderState.INTENT, OrderState.SENT})


class Link:
    """Whether the broker can be ordered from, and the inquiries to it."""

    def __init__(
        self,
        register: Register,
        book: Book,
        positions: Positions,
        holdings: Holdings,
        dealer: Dealer,
        cancels: Cancels,
        recovery: Recovery,
        ids: OrderIds,
        protection: Protection,
        blackout: Blackout,
    ) -> None:
        self._register, self._book, self._positions = register, book, positions
        self._holdings, self._protection = holdings, protection
        self._dealer, self._cancels, self._recovery = dealer, cancels, recovery
        self._ids, self._blackout = ids, blackout
        self.accounts: tuple[str, ...] = ()
        self._reason = "not connected to the broker yet"
        """Why nothing can be ordered, in words; empty: it can."""
        self.is_connected = False
        self._is_inquiring = False
        self._must_inquire_again = False
        self._down_at: datetime | None = None
        """Since when TWS has no link to IB; None: it has."""
        self._was_down = False
        """No inquiry has been answered since the link was lost on this connection."""
        self._must_recover = False
        """The connection began without a link: its first lists did not tell what is nowhere."""
        self._must_resume = False
        """What is written down waits for the end of a blackout window or an outage."""
        self._ends = 0
        """How many orders had ended when the lists were asked for."""
        self._drop_inquired_until: datetime | None = None
        self._askers: list[tuple[bytes, ...]] = []
        """Persons who wait for the inquiry under way, and those for the one after it."""
        self._later_askers: list[tuple[bytes, ...]] = []
        self._strangers: set[str] = set()
        self._drifts = Drifts(positions, holdings)
        self._contradicted: set[str] = set()
        """Orders that the broker refused and then said that it has."""

    def why_not(self, now: datetime) -> str:
        """Why nothing can be ordered, in words; empty: it can."""
        waits = "what was written down before goes first" if self._must_resume else ""
        return self._obstacle(now) or waits

    def _obstacle(self, now: datetime) -> str:
        """Why not even what is written down can be sent."""
        return self._reason or self._blackout.until(now) or self._recovery.waits_for

    def ready(self, message: Ready, now: datetime, effects: Effects) -> None:
        self.accounts = message.accounts
        self._ids.connected(message.next_order_id)
        self.is_connected = True
        self._is_inquiring = self._must_inquire_again = False
        self._dealer.connect(effects)
        # Without its link TWS may list less than there is: what is nowhere is judged later.
        self._must_recover = self._was_down
        self._judge(
            message.evidence, now, effects, self._ends, is_new=True, only_late=self._must_recover
        )
        self._find_strangers(message.evidence, effects)
        # After the fills of the past were booked: the snapshot already holds them.
        self._positions.restart(message.positions, now)
        self._holdings.begin(self._positions, now, effects)
        self._drifts.compare(now, effects)
        if not self._was_down:
            self._reason = ""
            self._resume(now, effects)
        elif self._down_at is None:
            self.inquire(effects)

    def lost(self, message: Lost, _now: datetime, effects: Effects) -> None:
        self._reason = f"not connected to the broker: {message.reason}"
        self.is_connected = self._is_inquiring = self._must_inquire_again = False
        self._was_down = self._must_recover = self._must_resume = False
        self._down_at, self._ends = None, self._book.ends
        self._dealer.disconnect(self._reason, effects)
        self._cancels.disconnect()
        self._recovery.disconnect()
        for asker in (*self._askers, *self._later_askers):
            effects.answers.append(Answer(asker, self._reason))
        self._askers, self._later_askers = [], []

    def inquire(self, effects: Effects) -> None:
        """Ask the broker for its lists, one inquiry at a time."""
        if self._is_inquiring:
            self._must_inquire_again = True
        elif self.is_connected:
            effects.inquire = self._is_inquiring = True
            self._ends = self._book.ends

    def reconcile(self, asker: tuple[bytes, ...], effects: Effects) -> None:
        """Ask the broker for its lists, and tell a person what they say."""
        if not self.is_connected or self._down_at:
            effects.answers.append(Answer(asker, self._reason))
            return
        # The inquiry under way may have asked before something that the person knows of.
        (self._later_askers if self._is_inquiring else self._askers).append(asker)
        self.inquire(effects)

    def inquired(self, message: Inquired, now: datetime, effects: Effects) -> None:
        if not self.is_connected:
            return
        ends, self._is_inquiring = self._ends, False
        is_restored = False
        askers, self._askers, self._later_askers = self._askers, self._later_askers, []
        if self._must_inquire_again:
            self._must_inquire_again = False
            self.inquire(effects)
        elif self._down_at is None:
            is_restored, self._reason, self._was_down = bool(self._reason), "", False
        before = list(self._book.all_live())
        only_late = not (is_restored and self._must_recover)
        self._judge(message.evidence, now, effects, ends, only_late=only_late)
        strangers = self._find_strangers(message.evidence, effects)
        for record in list(self._register.undecided.values()):
            if self._must_resume or not is_due(record.deadline, now, ACK_S):
                # What waits to be resumed may not have been sent.
                continue
            if amends(record.command):
                self._dealer.give_up(record, now, effects)
            elif record.command.action is Action.CANCEL:
                detail = "the cancel was sent and not confirmed"
                self._register.decide(record, Outcome.UNKNOWN, detail, now, effects)
        drifts = self._positions.inquired(message.positions, now)
        for drift in drifts:
            note_drift(drift, effects)
        strayed = self._drifts.compare(now, effects)
        if is_restored:
            self._must_recover = False
            self._resume(now, effects)
        if askers:
            unknown = len(self._register.unknown)
            said = findings.lines(before, message.evidence, strangers, drifts, unknown)
            mark = NEEDS_PERSON if self._holdings.matter else ""
            said += tuple(f"{mark}{drift.words}" for drift in strayed)
            said += tuple(f"{NEEDS_PERSON}{line}" for line in self._protection.bare())
            effects.answers += [Answer(asker, findings=said) for asker in askers]

    def dropped(self, message: MessageDropped, now: datetime, effects: Effects) -> None:
        effects.alarm("broker_message_dropped", detail=message.detail)
        # The answer may hold the same unreadable message: do not ask for it for ever.
        pause = self._drop_inquired_until
        if pause is None or is_due(pause, now, DROP_INQUIRY_S):
            self._drop_inquired_until = now + timedelta(seconds=DROP_INQUIRY_S)
            self.inquire(effects)

    def down(self, code: int, detail: str, now: datetime, effects: Effects) -> None:
        """TWS has lost IB: what is sent now may vanish or be held."""
        self._down_at = self._down_at or now
        self._was_down = True
        self._reason = f"the broker has lost its own connection ({code})"
        effects.alarm("broker_link_lost", code=code, detail=detail)

    def restored(self, code: int, detail: str, effects: Effects) -> None:
        """TWS has IB back: fills of the time between are only in its lists."""
        if self._down_at:
            self._reason = f"reconciling: the broker has its own connection back ({code})"
        self._down_at = None
        effects.note("broker_link_restored", code=code, detail=detail)
        self._dealer.restored(effects)
        self.inquire(effects)

    def refuse(self, reason: str, effects: Effects) -> None:
        """Leave a connection over which nothing can be ordered; the next one may be better."""
        self._reason = reason
        effects.hang_up = reason

    def wait(self) -> None:
        """Something that is written down could not go on now: later."""
        self._must_resume = True

    def tick(self, now: datetime, effects: Effects) -> None:
        if self._reason or self._blackout.until(now):
            self._recovery.pause(now)
        self._recovery.tick(now, effects)
        self._drifts.tick(now, effects)
        if self._must_resume and not self._obstacle(now):
            self._resume(now, effects)
        if self.is_connected and self._down_at and is_due(self._down_at + _DOWN, now, DOWN_MAX_S):
            self._down_at = now
            self.refuse(f"{self._reason} and said no more for {DOWN_MAX_S:g} s", effects)

    def patience_is_over(self, effects: Effects) -> None:
        """Something was not acknowledged in time: ask, unless that is under way."""
        if not self._is_inquiring:
            self.inquire(effects)

    def contradicted(self, order: OrderRecord, effects: Effects) -> None:
        """The broker says that it has what it refused, once per order: ask what is true."""
        if order.order_ref in self._contradicted:
            return
        self._contradicted.add(order.order_ref)
        effects.alarm(
            "refused_order_acknowledged",
            order_ref=order.order_ref,
            alert_id=order.alert_id,
            account=order.account,
            detail="the broker refused it and then said that it has it: look at it in TWS",
        )
        self.inquire(effects)

    def _resume(self, now: datetime, effects: Effects) -> None:
        """Go on with what is written down; what cannot be sent yet calls `wait`."""
        self._must_resume = False
        self._recovery.resume(now, effects)
        self._dealer.resume(now, effects)
        self._cancels.resume(now, effects)

    def _find_strangers(self, evidence: Evidence, effects: Effects) -> list[str]:
        """Tell once of each order with our reference that the ledger does not know."""
        refs = reconcile.refs_of(evidence)
        strangers = sorted(ref for ref in refs if ref not in self._book.orders)
        for ref in strangers:
            if ref not in self._strangers:
                self._strangers.add(ref)
                effects.alarm("order_not_in_ledger", order_ref=ref)
        return strangers

    def _judge(
        self,
        evidence: Evidence,
        now: datetime,
        effects: Effects,
        ends: int,
        *,
        is_new: bool = False,
        only_late: bool = False,
    ) -> None:
        """Take over what the broker lists of our orders; what it does not list is UNKNOWN.

        At a new connection what it provably never saw is sent again instead. `ends`: how many
        orders had ended when it was asked. What ended since may stand in an older list as open.
        """
        listed: tuple[OpenOrder | Execution, ...] = (*evidence.open_orders, *evidence.executions)
        for item in listed:
            self._ids.acknowledge(item.client_id, item.order_id)
        # Completed orders are told without their ids.
        ended = {o.order_ref for o in evidence.completed}
        for ref in ended.union(e.order_ref for e in evidence.executions):
            if known := self._book.orders.get(ref):
                self._ids.acknowledge(known.client_id, known.order_id)
        # A list of completed orders that did not end may have held the order: silence is no proof,
        # and every server version that we speak with supports the request.
        proves = is_new and not only_late and evidence.is_complete
        judged = [*self._book.all_live(), *self._listed_as_ended(evidence)]
        overtaken = {
            order.order_ref
            for order in judged
            if self._book.ended_after(order, ends) and not order.is_denied
        }
        for execution in evidence.executions:
            self._book.executed(execution, now, effects)
        matches = reconcile.match(judged, evidence)
        found = {match.order.order_ref for match in matches if match.is_found}
        for match in matches:
            order = match.order
            if match.completed is not None:
                # Asked for after the open orders: where both have it, this is newer.
                self._book.completed(order, match.completed, now, effects)
            elif match.open_order is not None and order.order_ref in overtaken:
                self.patience_is_over(effects)
            elif match.open_order is not None:
                self._book.listed(order, match.open_order, now, effects)
            elif order.state in ENDED or order.order_ref in self._recovery:
                continue
            elif match.is_found:
                if proves:
                    # Fills alone: it does not work any more, and how it ended nobody says.
                    self._book.lose(order, ONLY_FILLS, now, effects)
            elif self._is_entry_gone(order):
                detail = "its entry never worked"
                self._book.happen(order, OrderEvent.CANCELLED, now, effects, detail=detail)
            elif is_new and all(
                not one.is_sent or (proves and self._is_unseen(one)) for one in self._family(order)
            ):
                self._recovery.add(order)
            elif self._was_sent(order) and (not only_late or self._is_late(order, now)):
                self._book.lose(order, self._nowhere(order, found), now, effects)

    def _listed_as_ended(self, evidence: Evidence) -> Iterable[OrderRecord]:
        """Orders that we hold for ended and that the broker lists all the same."""
        listed = {o.order_ref for o in evidence.open_orders}
        denied = {o.order_ref for o in evidence.completed}
        for ref in listed | denied:
            order = self._book.orders.get(ref)
            if order is not None and order.state in ENDED and (ref in listed or order.is_denied):
                yield order

    def _family(self, order: OrderRecord) -> list[OrderRecord]:
        """Orders that TWS takes together or not at all; the order itself where it has none."""
        root = order.parent_ref or order.order_ref
        refs = [root, *(leg.order_ref for leg in self._book.legs_of(root))]
        return [self._book.orders[ref] for ref in refs if ref in self._book.orders]

    def _was_sent(self, order: OrderRecord) -> bool:
        return any(one.is_sent for one in self._family(order))

    def _is_entry_gone(self, order: OrderRecord) -> bool:
        """True for a leg whose entry ended before TWS let any of the family work."""
        entry = self._book.orders.get(order.parent_ref)
        if entry is None or order.state not in _UNSEEN:
            return False
        return entry.state in {OrderState.REJECTED, OrderState.CANCELLED} and not entry.filled

    def _nowhere(self, order: OrderRecord, found: set[str]) -> str:
        """Say what is there of a family of which not all is."""
        family = self._family(order)
        if len(family) == 1:
            return NOWHERE
        there = [one.order_ref for one in family if one.order_ref in found]
        said = f"the broker lists {', '.join(there)}" if there else "the broker lists none of it"
        return f"{NOWHERE}; of its family of {len(family)} {said}"

    def _is_unseen(self, order: OrderRecord) -> bool:
        is_waiting = order.command_id in self._register.undecided
        was_never_seen = self._ids.was_never_seen(order.client_id, order.order_id)
        return is_waiting and order.state in _UNSEEN and was_never_seen

    def _is_late(self, order: OrderRecord, now: datetime) -> bool:
        record = self._register.undecided.get(order.command_id)
        return record is not None and is_due(record.deadline, now, ACK_S)
