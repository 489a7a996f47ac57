"""The book: every order that is not long over, and what the broker's messages do to it.

Pure state of the desk. States change through `orders.transition` alone, fills are booked once per
execution, and what is filled moves the position.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import OrderType
from alertwire.wire.report import Fill, OrderState
from gateway import revisions
from gateway.contracts import contract_of
from gateway.ends import filling, status_of
from gateway.errors import CHANGE_REFUSED, VALIDATION, Meaning, meaning
from gateway.events import Effects
from gateway.exposure import is_sure
from gateway.holdings import Holdings
from gateway.messages import (
    BrokerError,
    Commission,
    CompletedOrder,
    Execution,
    OpenOrder,
    OrderStatus,
)
from gateway.order_ids import OrderIds
from gateway.orders import ENDED, OVER, UNCERTAIN, OrderEvent, transition
from gateway.positions import Positions
from gateway.records import FillRecord, OrderRecord, execution_stem

ENDED_MAX: Final = 20_000
"""Ended orders kept in memory for their late messages."""

Changed = Callable[[OrderRecord, OrderState, OrderEvent, datetime, Effects], None]
"""Told after each event of an order: the order, its state before, the event."""


class Book:
    """All orders in hand."""

    def __init__(
        self, ids: OrderIds, positions: Positions, holdings: Holdings, changed: Changed
    ) -> None:
        self._ids = ids
        self._positions, self._holdings = positions, holdings
        self._changed = changed
        self.orders: dict[str, OrderRecord] = {}
        self._by_id: dict[int, OrderRecord] = {}
        self._by_execution: dict[str, tuple[OrderRecord, FillRecord]] = {}
        self._live: dict[tuple[str, int], dict[str, OrderRecord]] = defaultdict(dict)
        self._legs: dict[str, list[str]] = defaultdict(list)
        """Protective orders by the entry that they are attached to."""
        self._ended: OrderedDict[str, int] = OrderedDict()
        """Ended orders, each with its number in the order of their ends; 0: before this process."""
        self.ends = 0
        """How many orders have ended so far."""
        self.unspent: dict[str, datetime] = {}
        """Orders for cash that filled, by when: the broker is to say that this was all."""

    def add(self, order: OrderRecord) -> None:
        if order.order_ref in self.orders:
            return
        self.orders[order.order_ref] = order
        if order.parent_ref:
            self._legs[order.parent_ref].append(order.order_ref)
        if order.client_id == self._ids.client_id:
            self._by_id[order.order_id] = order
        for fill in order.fills.values():
            self._by_execution[fill.execution_id] = (order, fill)
        if order.state in ENDED:
            self._end(order, 0)
        else:
            self._live[order.account, order.contract_id][order.order_ref] = order

    def renumber(self, order: OrderRecord, order_id: int) -> None:
        """Give an order that was never sent another id."""
        self._by_id.pop(order.order_id, None)
        order.order_id = order_id
        self._by_id[order_id] = order

    def legs_of(self, order_ref: str) -> list[OrderRecord]:
        """Orders that are attached to an entry, in the order in which they were made."""
        return [self.orders[ref] for ref in self._legs.get(order_ref, ())]

    def live(
        self, account: str, contract_id: int, beside: Collection[str] = ()
    ) -> list[OrderRecord]:
        """Orders of a contract that may still fill, but for those of these refs."""
        found = self._live.get((account, contract_id), {}).values()
        return [order for order in found if order.order_ref not in beside]

    def reach(self, account: str, contract_id: int) -> tuple[Decimal, Decimal]:
        """Return the least and the most by which market orders may still change a position."""
        changes = [o.signed * o.remaining for o in self.live(account, contract_id) if is_sure(o)]
        return sum(filter(ZERO.__gt__, changes), ZERO), sum(filter(ZERO.__lt__, changes), ZERO)

    def all_live(self, beside: Collection[str] = ()) -> Iterator[OrderRecord]:
        """Orders that may still fill, but for those of these refs."""
        for orders in self._live.values():
            yield from [order for order in orders.values() if order.order_ref not in beside]

    def has_market_orders(self, account: str, contract_id: int) -> bool:
        """True if a market order is under way, whose fill is about to move the position."""
        return any(
            order.order_type is OrderType.MARKET and order.state is not OrderState.UNKNOWN
            for order in self._live.get((account, contract_id), {}).values()
        )

    def happen(
        self,
        order: OrderRecord,
        event: OrderEvent,
        now: datetime,
        effects: Effects,
        *,
        code: int = 0,
        detail: str = "",
        fill: Fill | None = None,
    ) -> None:
        """Let an event happen to an order, and tell everyone where that changed something."""
        before = order.state
        order.state = transition(before, event)
        if code:
            order.code = code
        if detail:
            order.detail = detail
        if order.state is not before or fill is not None or code or detail:
            order.updated_at = now
            effects.orders[order.order_ref] = order
            effects.report(order, now, fill, code, detail)
        if order.state in ENDED and before not in ENDED:
            self.ends += 1
            self._end(order, self.ends)
            effects.ended.append(order)
        elif before in ENDED and order.state not in ENDED:
            self._revive(order)
        self.unspent.pop(order.order_ref, None)
        if order.cash is not None and order.state is OrderState.PARTIALLY_FILLED:
            self.unspent[order.order_ref] = now
        self._changed(order, before, event, now, effects)

    def lose(self, order: OrderRecord, detail: str, now: datetime, effects: Effects) -> None:
        """Let it be a person's: nobody here can know whether the broker has it."""
        if order.state is OrderState.UNKNOWN:
            return
        # What was said of a cancel before it was lost proves nothing of it now.
        order.code = 0
        self.happen(order, OrderEvent.LOST, now, effects, detail=detail)
        effects.alarm(
            "order_not_found",
            order_ref=order.order_ref,
            alert_id=order.alert_id,
            account=order.account,
            detail=f"{detail}: look for it in TWS, then: alertwire resolve {order.command_id}",
        )

    def ended_after(self, order: OrderRecord, ends: int) -> bool:
        """True if an order ended when `ends` others had: a list asked for before is older."""
        return self._ended.get(order.order_ref, 0) > ends

    def opened(self, message: OpenOrder, now: datetime, effects: Effects) -> None:
        self._ids.acknowledge(message.client_id, message.order_id)
        order = self._find(message.order_ref, message.client_id, message.order_id)
        if order is None:
            return
        self._number(order, message.perm_id, now, effects)
        revisions.follow(order, message, now, effects)
        if event := status_of(order, message.status):
            self.happen(order, event, now, effects)

    def listed(self, order: OrderRecord, message: OpenOrder, now: datetime, eff: Effects) -> None:
        """Take an answer to a request for open orders: the order lives, unless its status ended."""
        # Its terms were told when the message came: a change that was confirmed since is newer.
        self._number(order, message.perm_id, now, eff)
        if message.status in OVER:
            # Told live while the lists came; what it was filled, other messages tell.
            if event := status_of(order, message.status):
                self.happen(order, event, now, eff)
            return
        held = "held by the broker: Inactive" if message.status == "Inactive" else ""
        self.happen(order, OrderEvent.LISTED, now, eff, detail=held)

    def completed(
        self, order: OrderRecord, message: CompletedOrder, now: datetime, eff: Effects
    ) -> None:
        """Take an answer to a request for completed orders: the order is over."""
        self._number(order, message.perm_id, now, eff)
        self._tell_filled(order, message.filled, None, now, eff)
        if order.state in ENDED:
            return
        if message.status == "Inactive":
            self.happen(order, OrderEvent.REFUSED, now, eff, detail=message.detail)
        elif message.status != "Filled":
            self.happen(order, OrderEvent.CANCELLED, now, eff, detail=message.detail)
        elif order.cash is None and order.filled and (message.filled > 0 or order.is_leg):
            # Whole at a smaller size: the broker took off what others of its group filled.
            order.quantity = order.filled
            self.happen(order, OrderEvent.FILLED, now, eff)
        else:
            if message.filled <= 0:
                self._tell_filled(order, order.quantity, None, now, eff)
            if order.cash is not None and (event := status_of(order, message.status)):
                self.happen(order, event, now, eff)

    def status(self, message: OrderStatus, now: datetime, effects: Effects) -> None:
        self._ids.acknowledge(message.client_id, message.order_id)
        order = self._find("", message.client_id, message.order_id)
        if order is None or (order.perm_id and message.perm_id not in {0, order.perm_id}):
            return
        self._number(order, message.perm_id, now, effects)
        order.cancel_is_pending |= message.status == "PendingCancel"
        self._tell_filled(order, message.filled, message.average_price, now, effects)
        if event := status_of(order, message.status, message.why_held):
            self.happen(order, event, now, effects)

    def executed(self, message: Execution, now: datetime, effects: Effects) -> bool:
        """Book a fill, once; return whether the order is ours and known."""
        self._ids.acknowledge(message.client_id, message.order_id)
        order = self._find(message.order_ref, message.client_id, message.order_id)
        if order is None:
            return False
        self._number(order, message.perm_id, now, effects)
        self._positions.executed(order.account, order.contract_id, message.at, now)
        stem = execution_stem(message.execution_id)
        booked = order.fills.get(stem)
        if booked is not None:
            if message.execution_id <= booked.execution_id:
                return True
            effects.corrected.append(booked.execution_id)
            effects.fills.pop(booked.execution_id, None)
            effects.note(
                "fill_corrected", order_ref=order.order_ref, execution_id=message.execution_id
            )
        before = order.filled
        fill = FillRecord(
            message.execution_id, order.order_ref, message.quantity, message.price, message.at
        )
        order.fills[stem] = fill
        if booked is not None:
            # What the statuses told was of the execution that is corrected.
            order.told_filled = ZERO
        self._by_execution[message.execution_id] = (order, fill)
        effects.fills[message.execution_id] = fill
        self._moved(order, before, now, effects)
        event = filling(order) or OrderEvent.ACKNOWLEDGED
        self.happen(order, event, now, effects, fill=fill.told)
        effects.note(
            "fill_received",
            order_ref=order.order_ref,
            execution_id=message.execution_id,
            quantity=f"{message.quantity:f}",
            price=f"{message.price:f}",
            is_live=message.is_live,
        )
        return True

    def commissioned(self, message: Commission, now: datetime, effects: Effects) -> None:
        found = self._by_execution.get(message.execution_id)
        if found is None:
            return
        order, fill = found
        if fill.commission == message.amount:
            return
        fill.commission, fill.commission_currency = message.amount, message.currency
        effects.fills[fill.execution_id] = fill
        effects.report(order, now, fill.told)

    def is_changing(self, order_id: int) -> bool:
        """True while the broker has not confirmed a change of this order."""
        order = self._by_id.get(order_id)
        return order is not None and order.asked is not None

    def erred(self, message: BrokerError, now: datetime, effects: Effects) -> OrderRecord | None:
        """Take an error about an order; return the order where it is one of ours."""
        order = self._by_id.get(message.about)
        if order is None:
            return None
        sense = meaning(message.code)
        event = {
            Meaning.REFUSED: OrderEvent.REFUSED,
            Meaning.CANCELLED: OrderEvent.CANCELLED,
            Meaning.CANCEL_REFUSED: OrderEvent.CANCEL_REFUSED,
        }.get(sense)
        if event is OrderEvent.REFUSED and _may_be_its_cancel(order, message.code):
            event = OrderEvent.CANCEL_REFUSED
        if event is OrderEvent.CANCEL_REFUSED and order.state in ENDED:
            event = None
        if order.asked is not None and (
            event is OrderEvent.REFUSED or message.code in CHANGE_REFUSED
        ):
            # About a change of it, which did not happen: the order is as it was.
            revisions.refuse(order, effects)
            event = None
        if event is OrderEvent.REFUSED and order.filled:
            event = OrderEvent.CANCELLED
        if event is None:
            order.code, order.detail = message.code, message.text
            effects.orders[order.order_ref] = order
            effects.report(order, now, None, message.code, message.text)
        else:
            self.happen(order, event, now, effects, code=message.code, detail=message.text)
        return order

    def _find(self, order_ref: str, client_id: int, order_id: int) -> OrderRecord | None:
        if order_ref:
            # Never by the id where a ref is told: TWS issues ids again.
            return self.orders.get(order_ref)
        return self._by_id.get(order_id) if client_id == self._ids.client_id else None

    def _tell_filled(
        self,
        order: OrderRecord,
        filled: Decimal,
        price: Decimal | None,
        now: datetime,
        effects: Effects,
    ) -> None:
        """Count what a status says is filled: executions may lag, or never come."""
        before = order.filled
        if filled <= order.told_filled:
            return
        order.told_filled = filled
        order.told_price = price or order.told_price
        if order.filled == before:
            return
        self._moved(order, before, now, effects)
        if event := filling(order):
            effects.orders[order.order_ref] = order
            self.happen(order, event, now, effects)

    def _moved(self, order: OrderRecord, before: Decimal, now: datetime, effects: Effects) -> None:
        change = (order.filled - before) * order.signed
        if change:
            self._positions.fill(order.account, contract_of(order), change, now)
            held = self._positions.quantity(order.account, order.contract_id)
            told = held if self._positions.are_told else None
            self._holdings.fill(order, change, told, effects)

    def _number(self, order: OrderRecord, perm_id: int, now: datetime, effects: Effects) -> None:
        """Take in that the broker knows the order, and under which permId."""
        if order.is_denied:
            self._contradict(order, now, effects)
        if perm_id and order.perm_id != perm_id:
            order.perm_id = perm_id
            order.updated_at = now
            effects.orders[order.order_ref] = order

    def _contradict(self, order: OrderRecord, now: datetime, effects: Effects) -> None:
        """Follow an order again of which a person said that the broker does not have it."""
        order.state = OrderState.UNKNOWN
        order.detail = "the broker has it, although a person said that it does not"
        order.updated_at = now
        effects.orders[order.order_ref] = order
        effects.report(order, now, detail=order.detail)
        self._revive(order)
        effects.alarm(
            "resolved_order_found",
            order_ref=order.order_ref,
            alert_id=order.alert_id,
            account=order.account,
            detail=f"{order.detail}: look at it in TWS, and at the position",
        )

    def _revive(self, order: OrderRecord) -> None:
        self._ended.pop(order.order_ref, None)
        self._live[order.account, order.contract_id][order.order_ref] = order

    def _end(self, order: OrderRecord, number: int) -> None:
        live = self._live.get((order.account, order.contract_id))
        if live is not None:
            live.pop(order.order_ref, None)
            if not live:
                del self._live[order.account, order.contract_id]
        self._ended[order.order_ref] = number
        if len(self._ended) > ENDED_MAX:
            self._forget(self.orders[self._ended.popitem(last=False)[0]])

    def _forget(self, order: OrderRecord) -> None:
        del self.orders[order.order_ref]
        if order.parent_ref:
            self._legs[order.parent_ref].remove(order.order_ref)
            if not self._legs[order.parent_ref]:
                del self._legs[order.parent_ref]
        if self._by_id.get(order.order_id) is order:
            del self._by_id[order.order_id]
        for fill in order.fills.values():
            self._by_execution.pop(fill.execution_id, None)


def _may_be_its_cancel(order: OrderRecord, code: int) -> bool:
    """True if a code that refuses orders and cancels alike can be about the order's cancel."""
    if code != VALIDATION or order.cancel_asked_at is not None:
        return code == VALIDATION
    is_acknowledged = bool(order.perm_id) or order.state not in UNCERTAIN
    return is_acknowledged and order.state not in ENDED
