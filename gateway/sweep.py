"""Orders that are cancelled before a command trades, so that they cannot take its result back.

A target says where to be now: a limit that still rests from before would fill after it. A flatten
ends flat only where nothing is left that fills. Their own cancels are confirmed first, within a
bound; what cannot be confirmed is not traded beside. So are exits and targets that rest to close
what a close at the market is about to close, of whoever shares the position. What rests and is lost
is cancelled as well, and gone when the broker has nothing to cancel. Protective orders are not in
here: they stay until what they protect is closed. Pure state of the desk.

Nothing is written down for a command at this step but the wish on each order. Where the process
dies after it, the command comes again, finds what is left, and trades.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Action, OrderType, Scope
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import OrderState
from gateway.amounts import is_flat
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.events import CancelOrder, Effects
from gateway.exposure import is_sure
from gateway.families import protects
from gateway.orders import ENDED, is_due
from gateway.pacer import Priority
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.scales import Scales
from gateway.sizing import Nothing, Refused

SWEEP_S: Final = 10.0
"""Longest wait for the ends of the orders that are cancelled first."""
NOT_SWEPT: Final = "orders_not_cancelled_first"
"""Alarm: a command traded nothing, for orders that it had to cancel first may still fill."""


class Sweep:
    """Finds what is in a command's way, cancels it, and says when it is gone."""

    def __init__(self, register: Register, book: Book, scales: Scales, client_id: int) -> None:
        self._register = register
        self._book, self._scales, self._client_id = book, scales, client_id

    def find(
        self,
        record: CommandRecord,
        goal: OrderCommand,
        qualified: Qualified,
        rivals: Collection[OrderRecord],
        now: datetime,
    ) -> Nothing | Refused | None:
        """Name what is cancelled before a command that trades as `goal`; it counts as gone."""
        contract_id, until = qualified.contract.contract_id, record.reaches_until
        position = self._scales.position(record, contract_id)
        orders = [
            order
            for order in self._in_the_way(record.account, goal, contract_id, position)
            if until is None or order.created_at <= until
        ]
        if repeated := self._repeated(replace(record, command=goal), orders, qualified, now):
            return repeated
        orders += [order for order in rivals if order not in orders]
        orders = self.in_reach(orders)
        if foreign := [o for o in orders if o.client_id != self._client_id]:
            names = ", ".join(f"{o.order_ref} (client id {o.client_id})" for o in foreign)
            reason = f"{names} would have to be cancelled first, which this client id cannot"
            return Refused(f"{reason}: cancel in TWS, then send it again", NOT_SWEPT)
        record.first_refs = tuple(order.order_ref for order in orders)
        return None

    def in_reach(self, orders: Iterable[OrderRecord]) -> list[OrderRecord]:
        """Leave out what another client id placed and lost: nobody could ever confirm its end."""
        return [
            order
            for order in orders
            if order.client_id == self._client_id or order.state is not OrderState.UNKNOWN
        ]

    def cancel(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Cancel what was found."""
        orders = self._orders(record)
        record.first_until = now + timedelta(seconds=SWEEP_S) if orders else None
        for order in orders:
            order.cancel_asked_at = now
            effects.orders[order.order_ref] = order
            cancel = CancelOrder(order.order_ref, order.order_id)
            effects.requests.append((Priority.CANCEL, cancel))

    def waits(self, record: CommandRecord, now: datetime) -> bool | Refused:
        """Tell whether any of it may still fill; refused where that is not confirmed in time."""
        left = self._orders(record)
        if not left or not is_due(record.first_until, now, SWEEP_S):
            return bool(left)
        names = ", ".join(f"{o.order_ref} ({o.state.name.lower()})" for o in left)
        reason = f"cancelled first, and not confirmed within {SWEEP_S:g} s: {names}"
        return Refused(f"{reason}; nothing was traded beside it: look at TWS", NOT_SWEPT)

    def _orders(self, record: CommandRecord) -> list[OrderRecord]:
        found = (self._book.orders.get(ref) for ref in record.first_refs or ())
        return [
            order
            for order in found
            if order is not None and order.state not in ENDED and not order.is_absent
        ]

    def _in_the_way(
        self, account: str, command: OrderCommand, contract_id: int, position: Decimal
    ) -> list[OrderRecord]:
        if command.action is Action.FLATTEN:
            scope, keeps = command.scope, frozenset[OrderType]()
        elif command.cancel_working_first:
            scope, keeps = None, frozenset()
        elif command.action in {Action.TARGET, Action.REVERSE}:
            # What is at the market is about to fill, and is counted.
            scope, keeps = None, frozenset({OrderType.MARKET})
        else:
            return []
        # Nobody knows whether an entry fills: flat is where it is gone, and what it filled closed.
        closes_all = is_flat(command)
        return [
            order
            for order in self._book.all_live()
            if order.account == account
            and not order.is_leg
            and not _is_left(order)
            and order.command_id != command.command_id
            and (order.order_type not in keeps or (closes_all and order.signed * position >= 0))
            and is_within(order, scope, command.strategy, contract_id)
        ]

    def _repeated(
        self,
        record: CommandRecord,
        orders: list[OrderRecord],
        qualified: Qualified,
        now: datetime,
    ) -> Nothing | None:
        """Leave a target alone that one resting order of the same kind and prices leads to."""
        command, contract_id = record.command, qualified.contract.contract_id
        entry = command.entry
        if command.action is not Action.TARGET or entry is None or command.cancel_working_first:
            return None
        if len(orders) != 1:
            return None
        (one,) = orders
        same = (one.order_type, one.limit_price, one.stop_price) == (
            entry.type,
            entry.limit_price,
            entry.stop_price,
        )
        is_doubtful = one.state in {OrderState.CANCELLING, OrderState.UNKNOWN}
        if not same or is_doubtful or one.cancel_asked_at is not None:
            return None
        if not self._is_protected_alike(one, command):
            return None
        market = [
            order
            for order in self._book.live(record.account, contract_id)
            if order is not one
            and order.order_type is OrderType.MARKET
            and order.state is not OrderState.UNKNOWN
        ]
        coming = sum((o.signed * o.remaining for o in (one, *market)), ZERO)
        wanted = self._scales.units(record, qualified, now)
        if self._scales.position(record, contract_id) + coming != wanted:
            return None
        return Nothing(f"already being brought there by {one.order_ref}")

    def _is_protected_alike(self, order: OrderRecord, command: OrderCommand) -> bool:
        """Tell whether an order rests with the take profits and the stop that a command brings."""
        first = self._register.find(order.command_id)
        if first is None:
            # Of the time before this process; legs may lie elsewhere, so they are sent anew.
            return not (protects(command) or self._book.legs_of(order.order_ref))
        mine, its = command, first.command
        return (mine.take_profits, mine.stop_loss) == (its.take_profits, its.stop_loss)


def _is_left(order: OrderRecord) -> bool:
    """True for what is not there, what a size leaves room for, and what a person has judged."""
    is_lost = order.state is OrderState.UNKNOWN
    return order.is_absent or (is_lost and (is_sure(order) or order.is_vouched))


def is_within(
    order: OrderRecord, scope: Scope | None, strategy: str, contract_id: int | None
) -> bool:
    """Tell whether an order of the account is within a scope; None: the strategy's contract."""
    is_own, is_there = order.strategy == strategy, order.contract_id == contract_id
    match scope:
        case None:
            return is_own and is_there
        case Scope.INSTRUMENT:
            return is_there
        case Scope.STRATEGY:
            return is_own
        case Scope.ACCOUNT:
            return True
