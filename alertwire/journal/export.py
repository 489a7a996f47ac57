"""Export: all that journal and ledger know, as flat records with stable names.

Each record has a `kind` (alert, attempt, command, order, event, fill, refusal) and the `alert_id`
that it belongs to. An alert's records follow it. Read in batches, so memory stays bounded.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Select, Table, select

from alertwire.journal.tables import (
    alerts,
    attempts,
    commands,
    fills,
    order_events,
    orders,
    refusals,
)

BATCH_ROWS: Final = 500

_TABLES: Final = {
    "alert": alerts,
    "attempt": attempts,
    "command": commands,
    "order": orders,
    "event": order_events,
    "fill": fills,
    "refusal": refusals,
}
_INTERNAL: Final = frozenset({"message", "trace", "identity", "stream_id", "event_id"})
_HAVE_NO_ALERT: Final = frozenset({"refusal"})
FIELDS: Final = {
    kind: [
        *([] if "alert_id" in table.c or kind in _HAVE_NO_ALERT else ["alert_id"]),
        *(column.name for column in table.columns if column.name not in _INTERNAL),
    ]
    for kind, table in _TABLES.items()
}
"""The fields of each kind: the tables' own, without what only the processes read."""


def columns() -> list[str]:
    """Return the columns of one table that holds every kind."""
    names = [name for fields in FIELDS.values() for name in fields]
    return ["kind", *dict.fromkeys(names)]


def records(
    journal: Engine,
    ledger: Engine | None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the records of alerts accepted from `since` to before `until`, then refusals."""
    for batch in _batches(journal, alerts, alerts.c.accepted_at, since, until):
        ids = [row["alert_id"] for row in batch]
        with journal.connect() as connection:
            belonging = {
                "attempt": _of_alerts(connection, _select("attempt", attempts), attempts, ids)
            }
        if ledger is not None:
            with ledger.connect() as connection:
                belonging |= _of_ledger(connection, ids)
        for row in batch:
            yield _record("alert", row)
            for kind, rows in belonging.items():
                for each in rows.get(row["alert_id"], ()):
                    yield _record(kind, each)
    for batch in _batches(journal, refusals, refusals.c.at, since, until):
        for row in batch:
            yield _record("refusal", row)


def _batches(
    engine: Engine, table: Table, at: Any, since: datetime | None, until: datetime | None
) -> Iterator[list[dict[str, Any]]]:
    (identity,) = table.primary_key.columns
    query = select(table).order_by(identity).limit(BATCH_ROWS)
    if since is not None:
        query = query.where(at >= since)
    if until is not None:
        query = query.where(at < until)
    last = ""
    while True:
        with engine.connect() as connection:
            found = connection.execute(query.where(identity > last)).mappings()
            batch = [dict(row) for row in found]
        if not batch:
            return
        last = batch[-1][identity.name]
        yield batch


def _of_ledger(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, list[Any]]]:
    o = orders.c
    events = (
        _select("event", order_events, o.alert_id)
        .join(orders, o.order_ref == order_events.c.order_ref)
        .order_by(order_events.c.event_id)
    )
    filled = (
        _select("fill", fills, o.alert_id)
        .join(orders, o.order_ref == fills.c.order_ref)
        .order_by(fills.c.at, fills.c.execution_id)
    )
    return {
        "command": _of_alerts(
            connection,
            _select("command", commands).order_by(commands.c.command_id),
            commands,
            ids,
        ),
        "order": _of_alerts(
            connection, _select("order", orders).order_by(o.order_ref), orders, ids
        ),
        "event": _of_alerts(connection, events, orders, ids),
        "fill": _of_alerts(connection, filled, orders, ids),
    }


def _of_alerts(
    connection: Connection, query: Select[Any], table: Table, ids: Sequence[str]
) -> dict[str, list[Any]]:
    """Group a query's rows by the alert that they belong to."""
    grouped: dict[str, list[Any]] = {}
    for row in connection.execute(query.where(table.c.alert_id.in_(ids))).mappings():
        grouped.setdefault(row["alert_id"], []).append(row)
    return grouped


def _select(kind: str, table: Table, *more: Any) -> Select[Any]:
    own = [table.c[name] for name in FIELDS[kind] if name in table.c]
    return select(*more, *own)


def _record(kind: str, row: Any) -> dict[str, Any]:
    return {"kind": kind, **{name: row[name] for name in FIELDS[kind]}}
