"""Taking alerts into the journal: de-duplicated, numbered, a row for each account.

Inside a group commit, changing nothing but the database; the statements are built once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, literal_column, or_, select

from alertwire.configuration import LatePolicy
from alertwire.journal.prepared import Prepared
from alertwire.journal.tables import Instant, alerts, refusals
from producer.alerts import DONE, INFLIGHT, LATE, NEW, PARKED
from producer.dialects.remains import entry_of
from producer.parts import Part, Split, void_part

SENDER_ID_MEMORY: Final = timedelta(hours=24)
"""How long a sender's own id stays taken."""

_a = alerts.c
_FIND_TWIN: Final = Prepared(
    select(_a.alert_id, _a.raw_body)
    .where(_a.identity == bindparam("its_identity"), _a.accepted_at >= bindparam("since"))
    .where(_a.sibling_of.is_(None))
    .order_by(_a.accepted_at)
)
# Compared by the database: it goes backwards on (key, seq) until it meets a fire time. What ended
# without ever being sent was late itself, until a person dealt with it.
_IS_LATE: Final = Prepared(
    select(_a.fired_at > bindparam("its_fired_at", type_=Instant()))
    .where(_a.key == bindparam("its_key"), _a.fired_at.is_not(None), _a.state != LATE)
    .where(or_(_a.attempts > literal_column("0"), _a.state != DONE))
    .order_by(_a.seq.desc())
    .limit(literal_column("1"))
)
# One of a key is on its way at a time, so the last that was ever sent tells of all. What ended
# without being sent was late, and stood in no queue.
_LAST_STATE: Final = Prepared(
    select(_a.state)
    .where(_a.key == bindparam("its_key"), _a.state != LATE)
    .where(or_(_a.attempts > literal_column("0"), _a.state != DONE))
    .order_by(_a.seq.desc())
    .limit(literal_column("1"))
)
_NEXT_SEQ: Final = (
    select(func.coalesce(func.max(_a.seq), literal_column("0")) + literal_column("1"))
    .where(_a.key == bindparam("its_key"))
    .scalar_subquery()
)
_COLUMNS: Final = (
    "alert_id route strategy symbol action account sibling_of void_of key state attempts identity "
    "accepted_at not_after fired_at raw_body message trace"
)
_INSERT: Final = Prepared(
    alerts.insert()
    .values({name: bindparam(f"its_{name}") for name in _COLUMNS.split()} | {"seq": _NEXT_SEQ})
    .returning(_a.seq)
)
_REFUSE: Final = refusals.insert()


@dataclass(frozen=True, slots=True)
class Arrival:
    """An alert at the door, ready to be journaled, a row for each of its parts.

    `identity` is what an equal alert shares; equal ones since `twins_since` are duplicates, None
    looks for none. `fired_at` is when the sender says that it fired, as far as that is believed,
    and `late` what to do where that lies before the last of its key.
    """

    split: Split
    identity: str
    twins_since: datetime | None
    accepted_at: datetime
    not_after: datetime | None
    fired_at: datetime | None
    late: LatePolicy
    raw_body: bytes
    trace_text: str
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Turned:
    """A refusal to keep, and the entry that it asked for, where that can be told."""

    refusal: dict[str, Any]
    entry: Split | None
    trace_text: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A row that was written: its place in line."""

    part: Part
    seq: int
    is_late: bool = False
    void_of: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the journal made of an arrival: its rows, or the id of its twin."""

    alert_id: str
    rows: tuple[Kept, ...] = ()
    voids: tuple[Kept, ...] = ()
    """Rows that tell the gateway of late entries."""
    twin_body: bytes = b""
    """What the twin of a duplicate was read from."""

    @property
    def is_duplicate(self) -> bool:
        return not self.rows


def accept(connection: Connection, arrival: Arrival) -> Accepted | None:
    """Keep an alert as the next of its keys, unless its twin is there.

    None: it is late, its route refuses such, and nothing was written.
    """
    if arrival.twins_since is not None:
        twin = _FIND_TWIN.run(
            connection, {"its_identity": arrival.identity, "since": arrival.twins_since}
        )
        if twin is not None:
            return Accepted(twin[0], twin_body=twin[1])
    parts = _parts(connection, arrival.split)
    asks = arrival.late is not LatePolicy.ACCEPT
    late = {part.key for part in parts if asks and _is_late(connection, arrival, part)}
    if late and arrival.late is LatePolicy.REFUSE:
        return None
    first_id = parts[0].alert.alert_id
    rows = []
    for part in parts:
        sibling_of = None if part is parts[0] else first_id
        rows.append(_insert(connection, arrival, part, sibling_of, is_late=part.key in late))
    voids = [
        _insert_void(
            connection, void_part(row.part, entry), row.part.alert.alert_id, arrival.trace_text
        )
        for row in rows
        if row.is_late and (entry := entry_of(row.part.alert, arrival.new_id()))
    ]
    return Accepted(first_id, tuple(rows), tuple(voids))


def turn_away(connection: Connection, turned: Turned) -> tuple[Kept, ...]:
    """Keep a refused request, and have the gateway told of the entry that it asked for."""
    connection.execute(_REFUSE, turned.refusal)
    if turned.entry is None:
        return ()
    return tuple(
        _insert_void(connection, part, turned.refusal["refusal_id"], turned.trace_text)
        for part in _parts(connection, turned.entry)
    )


def _insert_void(connection: Connection, part: Part, void_of: str, trace_text: str) -> Kept:
    """Put an entry that will not be carried out in its queue: before its close, as it came."""
    alert = part.alert
    row = _INSERT.run(
        connection,
        {
            **_described(part),
            "its_sibling_of": None,
            "its_void_of": void_of,
            "its_state": NEW,
            "its_attempts": 0,
            "its_identity": f"void/{alert.alert_id}",
            "its_accepted_at": alert.accepted_at,
            "its_not_after": None,
            "its_fired_at": None,
            "its_raw_body": b"",
            "its_trace": trace_text,
        },
    )
    assert row is not None, "INSERT … RETURNING returned nothing"  # noqa: S101
    return Kept(part, row[0], void_of=void_of)


def _described(part: Part) -> dict[str, Any]:
    alert = part.alert
    return {
        "its_alert_id": alert.alert_id,
        "its_route": alert.route,
        "its_strategy": alert.strategy,
        "its_symbol": alert.instrument.source_symbol,
        "its_action": alert.action.name.lower(),
        "its_account": part.account,
        "its_key": part.key,
        "its_message": part.message,
    }


def _parts(connection: Connection, split: Split) -> tuple[Part, ...]:
    """Return what gets a row: the parts, or the whole while the queue of all accounts is not empty.

    Not where alerts of the accounts wait already: then that queue is of alerts without accounts.
    """
    is_in_the_way = split.whole.key not in split.keys and _waits(connection, split.whole.key)
    if is_in_the_way and not any(_waits(connection, key) for key in split.keys):
        return (split.whole,)
    return split.parts


def _waits(connection: Connection, key: str) -> bool:
    last = _LAST_STATE.run(connection, {"its_key": key})
    return last is not None and last[0] in {NEW, INFLIGHT, PARKED}


def _insert(
    connection: Connection, arrival: Arrival, part: Part, sibling_of: str | None, *, is_late: bool
) -> Kept:
    is_sent = part.is_sent_at_once and not is_late
    row = _INSERT.run(
        connection,
        {
            **_described(part),
            "its_sibling_of": sibling_of,
            "its_void_of": None,
            "its_state": LATE if is_late else INFLIGHT if is_sent else NEW,
            "its_attempts": int(is_sent),
            "its_identity": arrival.identity,
            "its_accepted_at": arrival.accepted_at,
            "its_not_after": arrival.not_after,
            "its_fired_at": arrival.fired_at,
            "its_raw_body": arrival.raw_body,
            "its_trace": arrival.trace_text,
        },
    )
    assert row is not None, "INSERT … RETURNING returned nothing"  # noqa: S101
    return Kept(part, row[0], is_late)


def _is_late(connection: Connection, arrival: Arrival, part: Part) -> bool:
    if arrival.fired_at is None:
        return False
    found = _IS_LATE.run(connection, {"its_fired_at": arrival.fired_at, "its_key": part.key})
    return found is not None and bool(found[0])
