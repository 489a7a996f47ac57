"""The gateway's durable memory: the only file here that knows SQL.

Writes of a turn go in one transaction through `GroupCommit`; reads happen at start, and for
commands and orders that the desk has forgotten.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from alertwire.journal.commit import GroupCommit
from alertwire.journal.prepared import Prepared
from alertwire.journal.tables import commands, fences, fills, orders
from alertwire.journal.traces import read_trace, write_trace
from alertwire.wire.alert import OrderType
from alertwire.wire.codec import decode, encode
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.events import Effects
from gateway.orders import ENDED
from gateway.records import CommandRecord, Fence, FillRecord, OrderRecord, execution_stem

INTENT: Final = "INTENT"
_PARAMETERS_MAX: Final = 500
"""Values of one IN list; SQLite allows 32,766 parameters."""
TRADES_MAX: Final = 5_000
"""Decided trades read at start, the newest."""

_NEW_FENCE: Final = Prepared(fences.insert())
_NEW_COMMAND: Final = Prepared(commands.insert())
_NEW_ORDER: Final = Prepared(orders.insert())
_NEW_FILL: Final = Prepared(fills.insert())
_SAVE_COMMAND: Final = Prepared(
    update(commands)
    .where(commands.c.command_id == bindparam("id"))
    .values(
        state=bindparam("new_state"),
        detail=bindparam("new_detail"),
        decided_at=bindparam("new_decided_at"),
        trace=bindparam("new_trace"),
    )
)
_ORDER_CHANGES: Final = (
    "order_id",
    "perm_id",
    "side",
    "quantity",
    "state",
    "filled",
    "average_price",
    "code",
    "detail",
    "updated_at",
)
_SAVE_ORDER: Final = Prepared(
    update(orders)
    .where(orders.c.order_ref == bindparam("id"))
    .values({name: bindparam(f"new_{name}") for name in _ORDER_CHANGES})
)
_SAVE_FILL: Final = Prepared(
    update(fills)
    .where(fills.c.execution_id == bindparam("id"))
    .values(commission=bindparam("amount"), commission_currency=bindparam("currency"))
)
_DROP_FILL: Final = Prepared(delete(fills).where(fills.c.execution_id == bindparam("id")))
_RAISE_FENCE: Final = Prepared(
    update(fences)
    .where(fences.c.stream_id == bindparam("stream"), fences.c.key == bindparam("name"))
    .values(seq=bindparam("new_seq"), is_void=bindparam("new_is_void"))
)
_FENCE: Final = select(fences.c.seq, fences.c.is_void).where(
    fences.c.stream_id == bindparam("stream"), fences.c.key == bindparam("name")
)
_COMMANDS_OF_ALERT: Final = select(commands).where(commands.c.alert_id == bindparam("alert"))
_COMMAND: Final = select(commands).where(commands.c.command_id == bindparam("id"))
_OPEN_COMMANDS: Final = select(commands).where(commands.c.state.in_([INTENT, "UNKNOWN"]))
_LAST_TRADES: Final = (
    select(commands)
    .where(
        commands.c.action.in_(["BUY", "SELL", "TARGET", "REVERSE", "EXIT"]),
        commands.c.state != INTENT,
    )
    .order_by(commands.c.decided_at.desc(), commands.c.command_id.desc())
    .limit(TRADES_MAX)
)
_OPEN_ORDERS: Final = (
    select(orders, commands.c.message)
    .join(commands, commands.c.command_id == orders.c.command_id)
    .where(
        or_(
            orders.c.state.not_in([state.name for state in ENDED]),
            # It ended in the moment before its command was to be decided.
            commands.c.state.in_([INTENT, "UNKNOWN"]),
        )
    )
)
_ORDERS_BY_REF: Final = (
    select(orders, commands.c.message)
    .join(commands, commands.c.command_id == orders.c.command_id)
    .where(orders.c.order_ref.in_(bindparam("refs", expanding=True)))
)
_FILLS_OF_ORDERS: Final = select(fills).where(
    fills.c.order_ref.in_(bindparam("refs", expanding=True))
)
_LAST_ORDER_ID: Final = select(func.max(orders.c.order_id)).where(
    orders.c.client_id == bindparam("client")
)


class Ledger:
    """Commands, orders, fills and fences of one gateway."""

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self._fences: set[tuple[str, str]] = set()
        """Fences that have a row."""

    def save(self, effects: Effects) -> None:
        """Write all records of a turn in one transaction. Raises JournalUnavailable."""
        self._commit.run(lambda connection: self._write(connection, effects))
        for command in effects.commands.values():
            command.is_kept = True
        for order in effects.orders.values():
            order.is_kept = True
        for fill in effects.fills.values():
            fill.is_kept = True
        self._fences.update(effects.fences)

    def fence(self, stream_id: str, key: str) -> Fence | None:
        row = self._read(_FENCE, stream=stream_id, name=key)
        if not row:
            return None
        self._fences.add((stream_id, key))
        return Fence(row[0].seq, row[0].is_void)

    def command(self, command_id: str) -> list[CommandRecord]:
        """Return the command of this id, or nothing."""
        return [_command(row) for row in self._read(_COMMAND, id=command_id)]

    def commands_of(self, alert_id: str) -> list[CommandRecord]:
        return [_command(row) for row in self._read(_COMMANDS_OF_ALERT, alert=alert_id)]

    def open_commands(self) -> list[CommandRecord]:
        """Commands that are not decided, and those that a person must decide."""
        return [_command(row) for row in self._read(_OPEN_COMMANDS)]

    def last_trades(self) -> list[CommandRecord]:
        """Return the newest decided commands that trade, oldest first."""
        return [_command(row) for row in reversed(self._read(_LAST_TRADES))]

    def open_orders(self) -> list[OrderRecord]:
        """Orders that have not ended, and all of commands that are not decided."""
        return self._with_fills(self._read(_OPEN_ORDERS))

    def orders_by_ref(self, refs: Iterable[str]) -> list[OrderRecord]:
        wanted = list(refs)
        found: list[OrderRecord] = []
        for start in range(0, len(wanted), _PARAMETERS_MAX):
            part = wanted[start : start + _PARAMETERS_MAX]
            found += self._with_fills(self._read(_ORDERS_BY_REF, refs=part))
        return found

    def last_order_id(self, client_id: int) -> int:
        """Return the highest order id used under this client id; 0 before the first."""
        return self._read(_LAST_ORDER_ID, client=client_id)[0][0] or 0

    def close(self) -> None:
        self._commit.close()

    def _read(self, statement: Any, **parameters: Any) -> Any:
        return self._commit.run(lambda connection: connection.execute(statement, parameters).all())

    def _with_fills(self, rows: Any) -> list[OrderRecord]:
        records = {row.order_ref: _order(row) for row in rows}
        refs = list(records)
        for start in range(0, len(refs), _PARAMETERS_MAX):
            part = refs[start : start + _PARAMETERS_MAX]
            for row in self._read(_FILLS_OF_ORDERS, refs=part):
                records[row.order_ref].fills[execution_stem(row.execution_id)] = _fill(row)
        return list(records.values())

    def _write(self, connection: Connection, effects: Effects) -> None:
        new_fences, raised = [], []
        for (stream_id, key), fence in effects.fences.items():
            if (stream_id, key) in self._fences:
                raised.append(
                    {
                        "stream": stream_id,
                        "name": key,
                        "new_seq": fence.seq,
                        "new_is_void": fence.is_void,
                    }
                )
            else:
                new_fences.append(
                    {
                        "stream_id": stream_id,
                        "key": key,
                        "seq": fence.seq,
                        "is_void": fence.is_void,
                    }
                )
        kept = [record for record in effects.commands.values() if record.is_kept]
        new = [record for record in effects.commands.values() if not record.is_kept]
        for statement, rows in (
            (_NEW_FENCE, new_fences),
            (_RAISE_FENCE, raised),
            (_NEW_COMMAND, [_command_row(record) for record in new]),
            (_SAVE_COMMAND, [_command_change(record) for record in kept]),
            (_NEW_ORDER, [_order_row(o) for o in effects.orders.values() if not o.is_kept]),
            (_SAVE_ORDER, [_order_change(o) for o in effects.orders.values() if o.is_kept]),
            (_DROP_FILL, [{"id": execution_id} for execution_id in effects.corrected]),
            (_NEW_FILL, [_fill_row(f) for f in effects.fills.values() if not f.is_kept]),
            (_SAVE_FILL, [_fill_change(f) for f in effects.fills.values() if f.is_kept]),
        ):
            statement.run_many(connection, rows)


def state_name(record: CommandRecord) -> str:
    return INTENT if record.outcome is None else record.outcome.name


def _command(row: Any) -> CommandRecord:
    return CommandRecord(
        command=decode(OrderCommand, row.message),
        account=row.account,
        taken_at=row.taken_at,
        trace=read_trace(row.trace),
        outcome=None if row.state == INTENT else Outcome[row.state],
        detail=row.detail,
        decided_at=row.decided_at,
        is_kept=True,
    )


def _command_row(record: CommandRecord) -> dict[str, Any]:
    command = record.command
    return {
        "command_id": command.command_id,
        "alert_id": command.alert_id,
        "stream_id": command.stream_id,
        "key": command.key,
        "seq": command.seq,
        "account": record.account,
        "strategy": command.strategy,
        "symbol": command.instrument.symbol if command.instrument else "",
        "action": command.action.name if command.action else "",
        "state": state_name(record),
        "detail": record.detail,
        "taken_at": record.taken_at,
        "decided_at": record.decided_at,
        "message": encode(command),
        "trace": write_trace(record.trace),
    }


def _command_change(record: CommandRecord) -> dict[str, Any]:
    return {
        "id": record.command.command_id,
        "new_state": state_name(record),
        "new_detail": record.detail,
        "new_decided_at": record.decided_at,
        "new_trace": write_trace(record.trace),
    }


def _order(row: Any) -> OrderRecord:
    command = decode(OrderCommand, row.message)
    if command.instrument is None:
        raise ValueError(f"order {row.order_ref} belongs to a command without an instrument")
    return OrderRecord(
        order_ref=row.order_ref,
        command_id=row.command_id,
        alert_id=row.alert_id,
        account=row.account,
        strategy=row.strategy,
        strategy_order_id=row.strategy_order_id,
        client_id=row.client_id,
        order_id=row.order_id,
        contract_id=row.contract_id,
        symbol=row.symbol,
        local_symbol=row.local_symbol,
        instrument=command.instrument,
        traceparent=command.trace.traceparent,
        side=Side[row.side],
        order_type=OrderType[row.order_type],
        quantity=row.quantity,
        created_at=row.created_at,
        updated_at=row.updated_at,
        limit_price=row.limit_price,
        stop_price=row.stop_price,
        state=OrderState[row.state],
        perm_id=row.perm_id,
        code=row.code,
        detail=row.detail,
        told_filled=row.filled,
        told_price=row.average_price,
        is_kept=True,
        # Another run made it: whether its bytes went out, only the broker can tell.
        is_sent=True,
    )


def _order_row(order: OrderRecord) -> dict[str, Any]:
    return {
        "order_ref": order.order_ref,
        "command_id": order.command_id,
        "alert_id": order.alert_id,
        "account": order.account,
        "strategy": order.strategy,
        "strategy_order_id": order.strategy_order_id,
        "client_id": order.client_id,
        "order_id": order.order_id,
        "perm_id": order.perm_id,
        "contract_id": order.contract_id,
        "symbol": order.symbol,
        "local_symbol": order.local_symbol,
        "side": order.side.name,
        "order_type": order.order_type.name,
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "state": order.state.name,
        "filled": order.filled,
        "average_price": order.average_price,
        "code": order.code,
        "detail": order.detail,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def _order_change(order: OrderRecord) -> dict[str, Any]:
    return {
        "id": order.order_ref,
        "new_order_id": order.order_id,
        "new_perm_id": order.perm_id,
        "new_side": order.side.name,
        "new_quantity": order.quantity,
        "new_state": order.state.name,
        "new_filled": order.filled,
        "new_average_price": order.average_price,
        "new_code": order.code,
        "new_detail": order.detail,
        "new_updated_at": order.updated_at,
    }


def _fill(row: Any) -> FillRecord:
    return FillRecord(
        execution_id=row.execution_id,
        order_ref=row.order_ref,
        quantity=row.quantity,
        price=row.price,
        at=row.at,
        commission=row.commission,
        commission_currency=row.commission_currency,
        is_kept=True,
    )


def _fill_row(fill: FillRecord) -> dict[str, Any]:
    return {
        "execution_id": fill.execution_id,
        "order_ref": fill.order_ref,
        "quantity": fill.quantity,
        "price": fill.price,
        "at": fill.at,
        "commission": fill.commission,
        "commission_currency": fill.commission_currency,
    }


def _fill_change(fill: FillRecord) -> dict[str, Any]:
    return {
        "id": fill.execution_id,
        "amount": fill.commission,
        "currency": fill.commission_currency,
    }
