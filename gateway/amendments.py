"""Changes of what protects a position: other prices for what works, new orders for what is missing.

A change is written down before it is sent, and over when openOrder tells it; one that is repeated
is the same change. Pure state of the desk.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from alertwire.wire.alert import Action
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderRole, OrderState, Side
from gateway import covers, families, revisions
from gateway.amounts import in_steps
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.events import Effects
from gateway.figures import figure
from gateway.levels import Ground
from gateway.order_ids import OrderIds
from gateway.orders import ACK_S, ENDED
from gateway.outbox import Outbox
from gateway.places import full
from gateway.positions import Positions
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.scales import Scales
from gateway.sizing import OPENS, Approved, Refused
from gateway.tickets import Ticket


def amends(command: OrderCommand) -> bool:
    """True for a command about what protects a position, an exit at two prices among them."""
    is_exit = command.action is Action.EXIT and families.protects(command)
    return command.action is Action.MODIFY or is_exit


@dataclass(slots=True)
class _Plan:
    """What a command comes to: changes of orders that work, and new ones without their ids."""

    changes: list[tuple[OrderRecord, Ticket]]
    new: list[Ticket]
    detail: str = ""
    """What the trader should know of it."""


class Amendments:
    """Carries out changes of protective orders."""

    def __init__(
        self,
        register: Register,
        book: Book,
        positions: Positions,
        scales: Scales,
        ids: OrderIds,
        outbox: Outbox,
    ) -> None:
        self._register, self._book, self._positions = register, book, positions
        self._scales, self._ids, self._outbox = scales, ids, outbox

    def begin(
        self, record: CommandRecord, qualified: Qualified, now: datetime, effects: Effects
    ) -> None:
        """Ask for everything that is not yet as the command wants it."""
        record.is_interrupted = False
        plan = self._plan(record, qualified, now)
        if isinstance(plan, Refused):
            self._register.decide(record, Outcome.REJECTED, plan.reason, now, effects)
            return
        first = self._ids.next
        tickets = tuple(replace(t, order_id=first + n) for n, t in enumerate(plan.new))
        said = [f"{o.order_ref} to {revisions.words(t)}" for o, t in plan.changes]
        said += [f"new {revisions.words(ticket)}" for ticket in tickets]
        said += [plan.detail] if plan.detail else []
        said += families.remarks([*(t for _, t in plan.changes), *tickets])
        record.detail = "; ".join(said) or record.detail or "already so"
        self._outbox.send(record, qualified, tickets, now, effects)
        for order, ticket in plan.changes:
            record.order_refs.append(order.order_ref)
            revisions.ask(order, ticket, qualified.contract, now, effects)
        record.deadline = now + timedelta(seconds=ACK_S)
        self._settle(record, now, effects)

    def objection(
        self, record: CommandRecord, qualified: Qualified, now: datetime
    ) -> Refused | None:
        """Say why a command cannot be carried out as everything stands; None: it can."""
        plan = self._plan(record, qualified, now)
        return plan if isinstance(plan, Refused) else None

    def order_changed(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        """Decide the commands whose changes this order has taken, or not."""
        if not order.is_leg:
            return
        for record in list(self._register.undecided.values()):
            if order.order_ref in record.order_refs and amends(record.command):
                self._settle(record, now, effects)

    def refused(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        """Decide the command whose change the broker refused; the order works as before."""
        detail = (
            f"the broker refused the change of {order.order_ref} ({order.code}): {order.detail}"
        )
        for record in list(self._register.undecided.values()):
            if order.order_ref in record.order_refs and amends(record.command):
                names = {"alert_id": record.command.alert_id, "account": record.account}
                effects.alarm("protection_not_changed", **names, detail=detail)
                self._register.decide(record, Outcome.REJECTED, detail, now, effects)

    def give_up(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Leave to a person what was sent and not confirmed; what the broker tells now counts."""
        detail = "the change was sent and not confirmed"
        self._register.decide(record, Outcome.UNKNOWN, detail, now, effects)
        for ref in record.order_refs:
            if order := self._book.orders.get(ref):
                revisions.refuse(order, effects)

    def _settle(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        orders = [self._book.orders.get(ref) for ref in record.order_refs]
        own = [o for o in orders if o is not None and o.command_id == record.command.command_id]
        changed = [o for o in orders if o is not None and o not in own]
        # New orders are decided by what the broker says of each of them.
        if not own and all(o.asked is None or o.state in ENDED for o in changed):
            self._register.decide(record, Outcome.ACCEPTED, record.detail, now, effects)

    def _plan(self, record: CommandRecord, qualified: Qualified, now: datetime) -> _Plan | Refused:
        command = record.command
        if not command.take_profits and command.stop_loss is None:
            return Refused("modify needs take_profit or stop_loss")
        contract_id = qualified.contract.contract_id
        position = self._scales.position(record, contract_id)
        working = [
            order
            for order in self._book.live(record.account, contract_id)
            if order.is_leg
            and order.strategy == command.strategy
            and order.ticket is not None
            and order.state not in {OrderState.UNKNOWN, OrderState.CANCELLING}
        ]
        opened = OPENS.get(command.closes) if command.closes else None
        working = [leg for leg in working if opened is None or leg.side is not opened]
        is_held = position != 0 and opened in {None, Side.BUY if position > 0 else Side.SELL}
        if not is_held and not working:
            name = qualified.contract.local_symbol or qualified.contract.symbol
            return Refused(
                f"nothing to protect: no position in {name} and no protective order of "
                f"{command.strategy or 'this strategy'} works"
            )
        held_by = Side.SELL if position > 0 else Side.BUY
        side = held_by if is_held else working[0].side
        working = [leg for leg in working if leg.side is side]
        bare = self._bare(record, qualified, position, now) if is_held and not working else None
        if isinstance(bare, Refused):
            return bare
        ground = Ground(
            account=record.account,
            side=side,
            quantity=abs(position) if bare is None else bare.quantity,
            reference=self._reference(record, qualified, working),
            outside_rth=command.outside_rth,
            lot=qualified.terms.size_increment,
            increment_at=qualified.terms.increment_at,
            min_tick=qualified.terms.min_tick,
            order_types=qualified.terms.order_types,
            is_open=True,
        )
        plan = self._write(command, working, ground, is_held=is_held)
        if isinstance(plan, Refused):
            return plan
        if bare is not None:
            plan.detail = bare.detail
        elif is_held:
            plan.detail = self._uncovered(record, contract_id, side, abs(position))
        live = self._book.live(record.account, contract_id)
        reason = full(live, side, len(plan.new)) if plan.new else ""
        return Refused(reason) if reason else plan

    def _uncovered(self, record: CommandRecord, contract_id: int, side: Side, held: Decimal) -> str:
        """Say how much of a position no order closes, also after a change of those that do."""
        closing = self._scales.closers(record, contract_id, side)
        free = held - covers.covered(closing, self._book)
        return f"{figure(free)} of {figure(held)} held stay without protection" if free > 0 else ""

    def _bare(
        self, record: CommandRecord, qualified: Qualified, position: Decimal, now: datetime
    ) -> Approved | Refused:
        """Say how much of a position new orders may close: no unit may have two that do."""
        contract_id = qualified.contract.contract_id
        units = self._scales.units(record, qualified, now)
        if isinstance(units, Refused):
            return units
        if units is not None and units <= 0:
            return Refused(f"a quantity above zero is needed, it was {figure(units)}")
        held, side = abs(position), Side.SELL if position > 0 else Side.BUY
        wanted = held if units is None else min(units, held)
        lot = qualified.terms.size_increment
        if not (wanted := in_steps(wanted, lot)):
            return Refused(f"the size is less than the contract's step of {figure(lot)}")
        closing = self._scales.closers(record, contract_id, side)
        covered = covers.covered(closing, self._book)
        free = in_steps(held - covered, lot)
        if free >= wanted:
            return Approved(side, wanted)
        name = qualified.contract.local_symbol or qualified.contract.symbol
        said = f"{figure(covered)} {name} are closed by {covers.names(closing)} already"
        if free <= 0:
            return Refused(
                f"{said}: another order beside them would open the other side; change or cancel "
                "those first"
            )
        return Approved(side, free, f"for {figure(free)} of {figure(wanted)}: {said}")

    def _write(
        self, command: OrderCommand, working: list[OrderRecord], ground: Ground, *, is_held: bool
    ) -> _Plan | Refused:
        stops = [leg for leg in working if leg.role is OrderRole.STOP_LOSS]
        goals = [leg for leg in working if leg.role is OrderRole.TAKE_PROFIT]
        if not working:
            new = families.legs(command.command_id, command.take_profits, command.stop_loss, ground)
            return new if isinstance(new, Refused) else _Plan([], new)
        targets = command.take_profits
        if len(targets) > 1 and len(targets) != len(goals):
            return Refused(
                f"{len(targets)} take profits were given and {len(goals)} work: give one for all, "
                "or one for each"
            )
        plan = _Plan([], [])
        if targets and not goals:
            plan.new += self._beside(stops, OrderRole.TAKE_PROFIT)
        if command.stop_loss is not None and not stops:
            plan.new += self._beside(goals, OrderRole.STOP_LOSS)
        if plan.new and not (is_held and all(self._is_done(leg) for leg in working)):
            # It would work at once, and open the other side.
            return Refused(
                "what this alert adds would close a position that is not all there: send it when "
                f"the entry of {working[0].order_ref} has filled, or cancel that entry and enter "
                "with both prices"
            )
        wanted: list[tuple[OrderRecord | None, Ticket]] = [
            (leg, self._sized(leg, leg.ticket))
            for leg in (*stops, *goals)
            if leg.ticket is not None
        ]
        wanted += [(None, ticket) for ticket in plan.new]
        plan.new = []
        taken = {leg.order_ref for leg in working}
        places = {leg.order_ref: n for n, leg in enumerate(goals)}
        for leg, ticket in wanted:
            if ticket.role is OrderRole.TAKE_PROFIT and targets:
                number = places.get(ticket.order_ref, 0) if len(targets) > 1 else 0
                found = families.at_goal(ticket, targets[number], ground)
            elif ticket.role is OrderRole.STOP_LOSS and command.stop_loss is not None:
                found = families.at_stop(ticket, command.stop_loss, ground)
            else:
                continue
            if isinstance(found, Refused):
                return found
            if leg is None:
                ref = families.free_ref(command.command_id, taken)
                taken.add(ref)
                plan.new.append(replace(found, order_ref=ref))
            elif leg.command_id != command.command_id and (found != leg.ticket or leg.asked):
                if found.tws_type != ticket.tws_type:
                    return Refused(
                        f"{leg.order_ref} works as {ticket.tws_type} and the broker does not turn "
                        f"it into {found.tws_type}: give the same kind of stop"
                    )
                is_done = self._is_done(leg)
                plan.changes.append((leg, replace(found, parent_id=0) if is_done else found))
        return plan

    def _is_done(self, leg: OrderRecord) -> bool:
        """True for a leg whose entry has ended."""
        entry = self._book.orders.get(leg.parent_ref)
        return entry is None or entry.state in ENDED

    def _reference(
        self, record: CommandRecord, qualified: Qualified, working: list[OrderRecord]
    ) -> Decimal | None:
        """Return the price at which the position was opened, or is to be."""
        contract_id = qualified.contract.contract_id
        cost = self._positions.average_cost(record.account, contract_id)
        if cost:
            terms = qualified.terms
            return cost / terms.multiplier * terms.price_magnifier
        entries = [self._book.orders.get(leg.parent_ref) for leg in working]
        prices = [e.average_price or e.limit_price or e.stop_price for e in entries if e]
        return next((price for price in prices if price), record.command.price)

    def _beside(self, others: list[OrderRecord], role: OrderRole) -> list[Ticket]:
        """Begin one order for each part that has none of this role, in the same group."""
        return [
            families.blank_beside(replace(other.ticket, quantity=self._left(other)), role)
            for other in others
            if other.ticket is not None
        ]

    def _sized(self, leg: OrderRecord, ticket: Ticket) -> Ticket:
        """Write a leg's ticket for what its part still closes.

        What goes out names its size, and the broker may have taken a fill off it untold.
        """
        return replace(ticket, quantity=min(ticket.quantity, self._left(leg) + leg.filled))

    def _left(self, leg: OrderRecord) -> Decimal:
        return covers.left(covers.part_of(leg, self._book))
