"""The gateway's ledger without SQL: it keeps what gateway/ledger.py writes, and reads it anew."""

import copy
from collections.abc import Iterable
from typing import Any

from alertwire.wire.alert import Action
from alertwire.wire.control import StrategyHolding
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.events import Effects
from gateway.ledger import _ORDER_CHANGES
from gateway.orders import ENDED, UNCERTAIN
from gateway.records import (
    NEVER_REACHED,
    CommandRecord,
    Fence,
    FillRecord,
    OrderRecord,
    execution_stem,
)
from tests.simulation.oracle import must

_TRADES = {Action.BUY, Action.SELL, Action.TARGET, Action.REVERSE, Action.EXIT}


class Ledger:
    """Survives the gateway; `save` is the commit."""

    def __init__(self) -> None:
        self.commands: dict[str, CommandRecord] = {}
        self.orders: dict[str, OrderRecord] = {}
        self.refs: dict[int, str] = {}
        """By order id; one client id writes here."""
        self.fills: dict[str, FillRecord] = {}
        self.fences: dict[tuple[str, str], Fence] = {}
        self.holdings: dict[tuple[str, str, int], StrategyHolding] = {}

    def save(self, effects: Effects) -> None:
        """Commit a turn. A row comes once under its key, and so does an order's number."""
        for name, record in effects.commands.items():
            must(record.is_kept or name not in self.commands, "{} written twice", name)
            self.commands[name] = _command(record)
            record.is_kept = True
        for ref, order in effects.orders.items():
            kept = self.orders.get(ref)
            must(order.is_kept or kept is None, "{} written twice", ref)
            holder = self.refs.setdefault(order.order_id, ref)
            must(holder == ref, "{} has the id {} of {}", ref, order.order_id, holder)
            if kept is None:
                self.orders[ref] = _order(order)
            else:
                for change in _ORDER_CHANGES:
                    name = {"filled": "told_filled", "average_price": "told_price"}.get(change)
                    setattr(kept, name or change, getattr(order, change))
            order.is_kept = True
        for name, fill in effects.fills.items():
            must(fill.is_kept or name not in self.fills, "execution {} booked twice", name)
            fill.is_kept = True
            self.fills[fill.execution_id] = copy.copy(fill)
        for execution_id in effects.corrected:
            self.fills.pop(execution_id, None)
        self.fences.update(effects.fences)
        self.holdings.update(effects.holdings)

    def held(self) -> list[StrategyHolding]:
        """Return what every strategy holds; what is flat has no row."""
        return [holding for holding in self.holdings.values() if holding.quantity]

    def fence(self, stream_id: str, key: str) -> Fence | None:
        return self.fences.get((stream_id, key))

    def fences_of(self, records: Iterable[CommandRecord]) -> dict[tuple[str, str], Fence]:
        places = {(record.command.stream_id, record.command.key) for record in records}
        return {place: fence for place in places if (fence := self.fence(*place))}

    def command(self, command_id: str) -> list[CommandRecord]:
        kept = self.commands.get(command_id)
        return [_command(kept)] if kept else []

    def commands_of(self, alert_id: str) -> list[CommandRecord]:
        return [_command(c) for c in self.commands.values() if c.command.alert_id == alert_id]

    def open_commands(self) -> list[CommandRecord]:
        open_ = {None, Outcome.UNKNOWN}
        return [_command(c) for c in self.commands.values() if c.outcome in open_]

    def last_trades(self) -> list[CommandRecord]:
        trades = []
        for kept in self.commands.values():
            if kept.outcome and kept.command.action in _TRADES:
                trade = _command(kept)
                order = self.orders.get(kept.command.command_id)
                is_rejected = order and order.state is OrderState.REJECTED and not order.filled
                trade.was_refused = trade.outcome is Outcome.ACCEPTED and bool(is_rejected)
                trades.append(trade)
        return sorted(trades, key=lambda c: (c.decided_at, c.command.command_id))

    def open_orders(self) -> list[OrderRecord]:
        open_ = {record.command.command_id for record in self.open_commands()}
        return self._with_fills(
            order
            for order in self.orders.values()
            if order.state not in ENDED or order.command_id in open_
        )

    def orders_by_ref(self, refs: Iterable[str]) -> list[OrderRecord]:
        return self._with_fills(self.orders[ref] for ref in sorted(refs) if ref in self.orders)

    def last_order_id(self, client_id: int) -> int:
        return max(
            (o.order_id for o in self.orders.values() if o.client_id == client_id), default=0
        )

    def highest_acknowledged_id(self, client_id: int) -> int:
        acknowledged = (
            order.order_id
            for order in self.orders.values()
            if order.perm_id
            or order.state not in {*UNCERTAIN, OrderState.REJECTED, OrderState.CANCELLED}
            or (order.state is OrderState.CANCELLED and order.detail != NEVER_REACHED)
        )
        return max(acknowledged, default=0)

    def _with_fills(self, rows: Iterable[OrderRecord]) -> list[OrderRecord]:
        orders = {row.order_ref: _order(row, is_read=True) for row in rows}
        for fill in self.fills.values():
            if order := orders.get(fill.order_ref):
                order.fills[execution_stem(fill.execution_id)] = copy.copy(fill)
        return list(orders.values())


def _command(record: CommandRecord) -> CommandRecord:
    return CommandRecord(
        command=record.command,
        account=record.account,
        taken_at=record.taken_at,
        trace=record.trace,
        outcome=record.outcome,
        detail=record.detail,
        decided_at=record.decided_at,
        is_kept=True,
    )


def _order(order: OrderRecord, *, is_read: bool = False) -> OrderRecord:
    row = copy.copy(order)
    if not is_read:
        row.told_filled, row.told_price = order.filled, order.average_price
    row.fills = {}
    # Another run made it: whether its bytes went out, only the broker can tell.
    row.is_kept = row.is_sent = True
    row.cancel_is_pending = False
    row.asked = None
    return row


def booked(ledger: Ledger) -> dict[str, Any]:
    """Sum the fills of each order."""
    sums: dict[str, Any] = {}
    for fill in ledger.fills.values():
        sums[fill.order_ref] = sums.get(fill.order_ref, 0) + fill.quantity
    return sums
