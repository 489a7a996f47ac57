"""What protects a position makes way before it is closed, or it would open the other side after it.

The protective orders of what is to be closed are cancelled, or made smaller where a part stays, and
the close goes out once the broker has confirmed that. One that the broker lists nowhere may work
all the same: it is cancelled too, and gone when the broker has nothing to cancel. Pure state of the
desk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import OrderType, TimeInForce
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import OrderRole, OrderState
from gateway import covers, revisions
from gateway.amounts import in_steps, opening_side
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.covers import Part
from gateway.events import CancelOrder, Effects
from gateway.exposure import is_sure
from gateway.orders import ENDED, UNCERTAIN
from gateway.pacer import Priority
from gateway.records import CommandRecord, OrderRecord
from gateway.scales import Scales
from gateway.sizing import Approved, Refused
from gateway.tickets import Ticket

CLEAR_S: Final = 5.0
"""So long a close waits for the broker to confirm that what protects the position made way."""
RESTS: Final = (
    "protective orders work on this position, or may, and an exit that rests beside them would "
    "leave them behind: send modify with take_profit or stop_loss, or a market exit"
)


@dataclass(frozen=True, slots=True)
class Waits:
    """The close has to wait for protective orders to end or to shrink."""


class Clearance:
    """Makes way for closes."""

    def __init__(
        self,
        book: Book,
        scales: Scales,
        client_id: int,
        look: Callable[[Effects], None],
        watch: Callable[[OrderRecord], None],
    ) -> None:
        """`look` asks the broker for its open orders; `watch` follows what was taken off one."""
        self._book, self._scales, self._client_id = book, scales, client_id
        self._look, self._watch = look, watch

    def make_way(
        self,
        record: CommandRecord,
        qualified: Qualified,
        approved: Approved,
        now: datetime,
        effects: Effects,
    ) -> Waits | Refused | None:
        """Ask for what an order needs before it may go out; None: it may go."""
        if refused := self.objection(record, qualified, approved):
            return refused
        parts, room = self._guards(record, qualified, approved)
        if _most(parts) <= room:
            return None
        sizes = [covers.left(covers.part_of(part[0], self._book)) for part in parts]
        excess = sum(sizes, ZERO) - room
        for part, size in zip(parts, sizes, strict=True):
            taken = max(min(size, excess), ZERO)
            excess -= taken
            for leg in part:
                if covers.rest(leg) > size - taken:
                    record.cleared_refs.add(leg.order_ref)
                    since = record.clears_since or now
                    self._shrink(leg, size - taken, qualified, since, now, effects)
        return Waits()

    def objection(
        self, record: CommandRecord, qualified: Qualified, approved: Approved
    ) -> Refused | None:
        """Refuse what rests where protective orders would have to make way; None: it may go."""
        if not _rests(record.command):
            return None
        parts, room = self._guards(record, qualified, approved)
        return Refused(RESTS) if _most(parts) > room else None

    def _guards(
        self, record: CommandRecord, qualified: Qualified, approved: Approved
    ) -> tuple[list[Part], Decimal]:
        """Return what protects the position, and for how many units the order leaves room.

        Where strategies' own positions count, this is about the strategy's position and orders
        alone. What other closes under way will take is as good as closed.
        """
        contract_id = qualified.contract.contract_id
        position = self._scales.position(record, contract_id)
        live = [o for o in self._scales.live(record, contract_id) if o.side is approved.side]
        guards = [order for order in live if order.is_leg and self._is_awake(order)]
        if not guards or position * -guards[0].signed <= 0:
            return [], ZERO
        closing = sum((o.remaining for o in live if not o.is_leg and is_sure(o)), ZERO)
        # A fraction of a share, or of a lot, that stays cannot be protected: orders come in steps.
        room = max(abs(position) - closing - approved.quantity, ZERO)
        room = in_steps(room, qualified.terms.size_increment)
        return _in_order(covers.parts_of(guards), record.command.strategy), room

    def waits(self, record: CommandRecord, contract_id: int) -> bool:
        """Tell whether an entry of the other side, at the market, is about to fill with its legs.

        They protect nothing yet and cannot make way; beside what closes it they would open a
        position.
        """
        return any(
            order.order_type is OrderType.MARKET
            and order.state is not OrderState.UNKNOWN
            and order.side is not opening_side(record.command)
            and self._book.legs_of(order.order_ref)
            for order in self._scales.live(record, contract_id)
        )

    def is_over(self, asked_at: datetime, now: datetime) -> bool:
        return not 0 <= (now - asked_at).total_seconds() < CLEAR_S

    def _is_awake(self, leg: OrderRecord) -> bool:
        """True for a leg whose entry has filled something; the others end with their entry."""
        entry = self._book.orders.get(leg.parent_ref)
        return not leg.is_absent and (entry is None or bool(entry.filled))

    def _shrink(
        self,
        leg: OrderRecord,
        left: Decimal,
        qualified: Qualified,
        since: datetime,
        now: datetime,
        effects: Effects,
    ) -> None:
        entry = self._book.orders.get(leg.parent_ref)
        if entry is not None and entry.state not in ENDED:
            # It is filled in part only: TWS ends its legs with it.
            self._cancel(entry, now, effects)
            return
        total = left + leg.filled
        if leg.asked is not None and leg.ticket is not None:
            # Another close has asked for less, and what it asks for is still under way.
            total = min(total, leg.ticket.quantity)
        if left <= 0 or leg.ticket is None or leg.state is OrderState.UNKNOWN:
            # A change of what the broker does not have would be a new order.
            self._cancel(leg, now, effects)
        elif covers.size(leg) > leg.quantity:
            # It grows back after another close: only when that is confirmed, so can this be.
            return
        elif leg.cancel_asked_at is not None and not self.is_over(leg.cancel_asked_at, now):
            # On its way out for another close: a change could make it larger than it is by now.
            return
        elif leg.state in UNCERTAIN or not self._is_due(leg, leg.ticket, total, now):
            return
        elif revisions.moves(leg) and (leg.told_at is None or leg.told_at < since):
            # What goes out names all its terms, and the broker has moved them.
            self._look(effects)
        else:
            ticket = covers.smaller(leg, leg.ticket, total)
            revisions.ask(leg, ticket, qualified.contract, now, effects)
            self._watch(leg)

    def _is_due(self, leg: OrderRecord, ticket: Ticket, total: Decimal, now: datetime) -> bool:
        """True for a change that was not asked for, or that the broker left unanswered."""
        if ticket.quantity != total:
            return True
        return leg.asked is not None and self.is_over(leg.updated_at, now)

    def _cancel(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        asked_at = order.cancel_asked_at
        if order.client_id != self._client_id or (
            asked_at is not None and not self.is_over(asked_at, now)
        ):
            return
        order.cancel_asked_at = now
        effects.orders[order.order_ref] = order
        effects.requests.append((Priority.CANCEL, CancelOrder(order.order_ref, order.order_id)))


def _rests(command: OrderCommand) -> bool:
    """True for what does not trade as soon as it is sent."""
    is_market = command.entry is None or command.entry.type is OrderType.MARKET
    waits = command.good_after is not None or command.time_in_force is TimeInForce.OPG
    return not is_market or waits


def _in_order(parts: list[Part], strategy: str) -> list[Part]:
    """Put what makes way first at the front.

    That is what the strategy that closes has made itself, before what others rely on; then what
    nobody may rely on; then what has no stop any more; then the newest.
    """
    return sorted(
        parts,
        key=lambda part: (
            all(leg.strategy != strategy for leg in part),
            all(leg.state is not OrderState.UNKNOWN for leg in part),
            any(leg.role is OrderRole.STOP_LOSS for leg in part),
        ),
    )


def _most(parts: list[Part]) -> Decimal:
    return sum((covers.most(part) for part in parts), ZERO)
