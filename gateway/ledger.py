"""The gateway's durable memory: the only file here that knows SQL.

Writes of a turn go in one transaction through `GroupCommit`; reads happen at start, and for
commands and orders that the desk has forgotten.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select, update

from alertwire.journal.commit import GroupCommit
from alertwire.journal.halts import read_halts, write_halts
from alertwire.journal.holdings import read_holdings, write_holdings
from alertwire.journal.legs import BARE_LEGS, ENDED_LEGS, LONG_BARE, WITH_COMMAND
from alertwire.journal.openers import LAST_OF_HELD
from alertwire.journal.prepared import Prepared
from alertwire.journal.reaches import read_reaches, write_reaches
from alertwire.journal.tables import commands, fences, fills, order_events, orders
from alertwire.money import ZERO
from alertwire.wire.control import Halt
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.entries import ENTRIES_MAX, TRADES, TRADES_OF_ONE_MAX
from gateway.events import Effects
from gateway.memory import Memory
from gateway.orders import ENDED
from gateway.records import (
    NEVER_REACHED,
    CommandRecord,
    Fence,
    OrderRecord,
    execution_stem,
    has_failed,
)
from gateway.rows import (
    INTENT,
    command_change,
    command_row,
    fill_change,
    fill_row,
    order_change,
    order_row,
    read_command,
    read_fill,
    read_order,
    read_sent,
    step_row,
)
from gateway.tally import DAY, Sent

_PARAMETERS_MAX: Final = 500
"""Values of one IN list; SQLite allows 32,766 parameters."""
_NEW_FENCE: Final = Prepared(fences.insert())
_NEW_COMMAND: Final = Prepared(commands.insert())
_NEW_ORDER: Final = Prepared(orders.insert())
_NEW_FILL: Final = Prepared(fills.insert())
_NEW_STEP: Final = Prepared(
    order_events.insert().values(
        {name: bindparam(name) for name in ("order_ref", "at", "state", "filled", "code", "detail")}
    )
)
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
    "limit_price",
    "stop_price",
    "ticket",
    "state",
    "filled",
    "average_price",
    "code",
    "detail",
    "cancel_asked_at",
    "taken_back_at",
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
_PLACES: Final = (
    select(commands.c.strategy, commands.c.symbol, commands.c.account)
    .group_by(commands.c.strategy, commands.c.symbol, commands.c.account)
    .order_by(func.max(commands.c.decided_at).desc())
    .limit(ENTRIES_MAX)
)
_LAST_TRADES: Final = (
    select(
        commands,
        orders.c.state.label("order_state"),
        orders.c.quantity,
        orders.c.filled,
        orders.c.cancel_asked_at,
        orders.c.taken_back_at,
        orders.c.detail.label("order_detail"),
    )
    .join(
        orders,
        and_(orders.c.command_id == commands.c.command_id, orders.c.role == "MAIN"),
        isouter=True,
    )
    .where(
        commands.c.strategy == bindparam("strategy"),
        commands.c.symbol == bindparam("symbol"),
        commands.c.account == bindparam("account"),
        commands.c.action.in_([action.name for action in TRADES]),
        commands.c.state != INTENT,
    )
    .order_by(commands.c.decided_at.desc(), commands.c.command_id.desc())
    .limit(TRADES_OF_ONE_MAX)
)
_LIVE_ORDERS: Final = WITH_COMMAND.where(
    orders.c.state.in_([state.name for state in OrderState if state not in ENDED])
)
_ORDERS_OF_OPEN_COMMANDS: Final = WITH_COMMAND.where(
    # It may have ended in the moment before its command was to be decided.
    commands.c.state.in_([INTENT, "UNKNOWN"])
)
_ENTRIES_OF_LIVE_LEGS: Final = WITH_COMMAND.where(
    orders.c.order_ref.in_(
        select(orders.c.parent_ref).where(
            orders.c.role != "MAIN",
            orders.c.state.in_([state.name for state in OrderState if state not in ENDED]),
        )
    )
)
_CLOSINGS: Final = select(commands).where(
    commands.c.stream_id == "gateway",
    commands.c.taken_at > bindparam("since", type_=commands.c.taken_at.type),
    commands.c.state.not_in([INTENT, "UNKNOWN"]),
)
_ORDERS_BY_REF: Final = WITH_COMMAND.where(
    orders.c.order_ref.in_(bindparam("refs", expanding=True))
)
_SENT_SINCE: Final = WITH_COMMAND.where(
    orders.c.created_at >= bindparam("since"), orders.c.role == "MAIN"
).order_by(orders.c.created_at)
_FILLS_OF_ORDERS: Final = select(fills).where(
    fills.c.order_ref.in_(bindparam("refs", expanding=True))
)
_LAST_ORDER_ID: Final = select(func.max(orders.c.order_id)).where(
    orders.c.client_id == bindparam("client")
)
_HIGHEST_ACKNOWLEDGED_ID: Final = select(func.max(orders.c.order_id)).where(
    orders.c.client_id == bindparam("client"),
    # A refusal is no acknowledgement, and what never reached the broker was cancelled by us alone.
    or_(
        orders.c.perm_id > 0,
        orders.c.state.not_in(["INTENT", "SENT", "UNKNOWN", "REJECTED", "CANCELLED"]),
        and_(orders.c.state == "CANCELLED", orders.c.detail != NEVER_REACHED),
    ),
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
        return [read_command(row) for row in self._read(_COMMAND, id=command_id)]

    def commands_of(self, alert_id: str) -> list[CommandRecord]:
        return [read_command(row) for row in self._read(_COMMANDS_OF_ALERT, alert=alert_id)]

    def open_commands(self) -> list[CommandRecord]:
        """Commands that are not decided, and those that a person must decide."""
        return [read_command(row) for row in self._read(_OPEN_COMMANDS)]

    def last_trades(self) -> list[CommandRecord]:
        """Return the last decided trades of each strategy, symbol and account, oldest first."""
        rows = [
            row
            for place in self._read(_PLACES)
            for row in self._read(_LAST_TRADES, **place._mapping)  # noqa: SLF001 - its public name
        ]
        rows.sort(key=lambda row: (row.decided_at, row.command_id))
        trades = [read_command(row) for row in rows]
        for trade, row in zip(trades, rows, strict=True):
            trade.ordered = row.quantity
            trade.was_refused = (
                trade.outcome is Outcome.ACCEPTED
                and row.order_state is not None
                and has_failed(
                    OrderState[row.order_state],
                    row.filled or ZERO,
                    None if row.taken_back_at else row.cancel_asked_at,
                    row.order_detail,
                )
            )
        return trades

    def open_orders(self) -> list[OrderRecord]:
        """Orders that have not ended, the entries of these, and all of undecided commands."""
        parts = (_LIVE_ORDERS, _ENTRIES_OF_LIVE_LEGS, _ORDERS_OF_OPEN_COMMANDS)
        rows = [row for part in parts for row in self._read(part)]
        return self._with_fills({row.order_ref: row for row in rows}.values())

    def ended_legs(self, since: datetime) -> list[OrderRecord]:
        """Families of which a protective order ended since then, and nobody closed after it."""
        return self._with_fills(self._read(ENDED_LEGS, since=since))

    def long_bare(self, since: datetime) -> list[OrderRecord]:
        """Families whose stop ended before that, of positions that are open by our fills."""
        return self._with_fills(self._read(LONG_BARE, since=since))

    def openers(self) -> list[OrderRecord]:
        """Return the last order that made what each strategy holds larger."""
        rows = self._read(LAST_OF_HELD)
        return self._with_fills([row for row in rows if (row.held < 0) == (row.side == "SELL")])

    def bare_legs(self, since: datetime) -> set[str]:
        """Stops that were cancelled since then for a close which did not fill whole."""
        return {row.order_ref for row in self._read(BARE_LEGS, since=since)}

    def closings(self, since: datetime) -> list[CommandRecord]:
        """Closes of positions that had lost their protection, decided since then."""
        return [read_command(row) for row in self._read(_CLOSINGS, since=since)]

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

    def highest_acknowledged_id(self, client_id: int) -> int:
        """Return the highest order id of this client that the broker ever acknowledged."""
        return self._read(_HIGHEST_ACKNOWLEDGED_ID, client=client_id)[0][0] or 0

    def fences_of(self, records: Iterable[CommandRecord]) -> dict[tuple[str, str], Fence]:
        """Return the fences that these commands stand behind."""
        places = {(record.command.stream_id, record.command.key) for record in records}
        found = {place: self.fence(*place) for place in places}
        return {place: fence for place, fence in found.items() if fence is not None}

    def sent_since(self, since: datetime) -> list[Sent]:
        """Return the orders that were written down since then, oldest first; none that protect."""
        return [read_sent(row) for row in self._read(_SENT_SINCE, since=since)]

    def memory(self, now: datetime) -> Memory:
        """Return all that a desk starts from."""
        undecided = self.open_commands()
        return Memory(
            commands=undecided,
            orders=self.open_orders(),
            decided=self.last_trades(),
            fences=self.fences_of(undecided),
            halts=self.halts(),
            sent=self.sent_since(now - DAY),
            families=self.ended_legs(now - DAY),
            closings=self.closings(now - 2 * DAY),
            holdings=self._commit.run(read_holdings),
            bare=self.bare_legs(now - DAY),
            long_bare=self.long_bare(now - DAY),
            openers=self.openers(),
            reaches=self._commit.run(read_reaches),
        )

    def halts(self) -> list[Halt]:
        """Return what a person halted and has not resumed."""
        return self._commit.run(read_halts)

    def close(self) -> None:
        self._commit.close()

    def _read(self, statement: Any, **parameters: Any) -> Any:
        return self._commit.run(lambda connection: connection.execute(statement, parameters).all())

    def _with_fills(self, rows: Any) -> list[OrderRecord]:
        records = {row.order_ref: read_order(row) for row in rows}
        refs = list(records)
        for start in range(0, len(refs), _PARAMETERS_MAX):
            part = refs[start : start + _PARAMETERS_MAX]
            for row in self._read(_FILLS_OF_ORDERS, refs=part):
                records[row.order_ref].fills[execution_stem(row.execution_id)] = read_fill(row)
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
            (_NEW_COMMAND, [command_row(record) for record in new]),
            (_SAVE_COMMAND, [command_change(record) for record in kept]),
            (_NEW_ORDER, [order_row(o) for o in effects.orders.values() if not o.is_kept]),
            (_SAVE_ORDER, [order_change(o) for o in effects.orders.values() if o.is_kept]),
            (_DROP_FILL, [{"id": execution_id} for execution_id in effects.corrected]),
            (_NEW_FILL, [fill_row(f) for f in effects.fills.values() if not f.is_kept]),
            (_SAVE_FILL, [fill_change(f) for f in effects.fills.values() if f.is_kept]),
            (_NEW_STEP, [step_row(step) for step in effects.steps]),
        ):
            statement.run_many(connection, rows)
        write_halts(connection, effects.halts)
        write_holdings(connection, effects.holdings)
        write_reaches(connection, effects.reaches)
