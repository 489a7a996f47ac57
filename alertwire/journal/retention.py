"""Retention: removing what the journal no longer needs, beside a running producer.

Removed are alerts decided before a limit, their attempts, and refusals. Kept whatever their age:
what is undecided or waits for a person; the newest row of each ordering key, because the next
number is counted from it and must stay above the gateway's fence; and what a person dealt with
after the limit. The ledger is left alone: fences, orders and fills stay true without the alerts.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, Select, Table, bindparam, delete, func, or_, select

from alertwire.journal.tables import alerts, attempts, refusals

AGE_MIN: Final = timedelta(days=7)
"""The longest that an alert's identity counts: a route's window for duplicates, and over the 24 h
of a sender's own ids. What is younger is never removed."""
BATCH_ROWS: Final = 500
"""Rows of one transaction: the door waits for it, and must answer within 2 s."""
PAUSE_S: Final = 0.05
"""Between two transactions, so that whoever waits for the write lock gets it."""

_a = alerts.c
_r = refusals.c
_other = alerts.alias("other")
_OLD_ALERTS: Final = (
    select(_a.alert_id)
    .where(
        _a.state == "DONE",
        _a.accepted_at < bindparam("limit_at"),
        _a.decided_at < bindparam("limit_at"),
        or_(_a.handled_at.is_(None), _a.handled_at < bindparam("limit_at")),
        _a.seq < select(func.max(_other.c.seq)).where(_other.c.key == _a.key).scalar_subquery(),
    )
    .order_by(_a.alert_id)
)
_OLD_REFUSALS: Final = (
    select(_r.refusal_id)
    .where(
        _r.at < bindparam("limit_at"),
        or_(_r.handled_at.is_(None), _r.handled_at < bindparam("limit_at")),
    )
    .order_by(_r.refusal_id)
)


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows were removed, or would be."""

    alerts: int = 0
    refusals: int = 0


def removable(engine: Engine, before: datetime) -> Removed:
    """Count what `prune` would remove."""
    with engine.connect() as connection:

        def count(query: Select[Any]) -> int:
            inner = query.order_by(None).subquery()
            rows = connection.execute(select(func.count()).select_from(inner), {"limit_at": before})
            return int(rows.scalar_one())

        return Removed(count(_OLD_ALERTS), count(_OLD_REFUSALS))


def prune(
    reader: Engine,
    writer: Engine,
    before: datetime,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Removed]:
    """Remove what is older than `before`, in short transactions; yield the sums so far.

    What is to go is looked for outside the write lock: nothing in it can become wanted again, for a
    decided alert stays decided and a key's numbers only rise.
    """
    done = Removed()
    for ids in _batches(reader, _OLD_ALERTS, _a.alert_id, before):
        _remove(writer, ids, (attempts, attempts.c.alert_id), (alerts, _a.alert_id))
        done = Removed(done.alerts + len(ids), done.refusals)
        yield done
        pause(PAUSE_S)
    for ids in _batches(reader, _OLD_REFUSALS, _r.refusal_id, before):
        _remove(writer, ids, (refusals, _r.refusal_id))
        done = Removed(done.alerts, done.refusals + len(ids))
        yield done
        pause(PAUSE_S)


def _batches(
    engine: Engine, query: Select[Any], identity: Any, before: datetime
) -> Iterator[list[str]]:
    last = ""
    while True:
        with engine.connect() as connection:
            part = query.where(identity > last).limit(BATCH_ROWS)
            ids = [row[0] for row in connection.execute(part, {"limit_at": before})]
        if not ids:
            return
        last = ids[-1]
        yield ids


def _remove(engine: Engine, ids: list[str], *places: tuple[Table, Any]) -> None:
    with engine.begin() as connection:
        for table, identity in places:
            connection.execute(delete(table).where(identity.in_(ids)))
