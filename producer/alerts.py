"""The producer's journal: every accepted alert, where it stands, and every refusal.

Functions that take a Connection run inside a group commit and change nothing but the database.
The statements are built once: building one per call costs more than running it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, func, literal_column, or_, select, text

from alertwire.configuration import LatePolicy
from alertwire.identity import stream_id as new_stream_id
from alertwire.journal.prepared import Prepared
from alertwire.journal.tables import Instant, alerts, refusals, streams
from alertwire.journal.traces import read_trace, write_trace
from alertwire.wire import codec
from alertwire.wire.alert import Alert
from alertwire.wire.delivery import Mode, Outcome, Trace
from producer.parts import Part, Split

NEW: Final = "NEW"
INFLIGHT: Final = "INFLIGHT"
DONE: Final = "DONE"
PARKED: Final = "PARKED"
LATE: Final = "LATE"
"""Fired before the last accepted one of its key: kept for a person, never delivered."""
SENDER_ID_MEMORY: Final = timedelta(hours=24)
"""How long a sender's own id stays taken."""
_LOAD_ROWS: Final = 1000

_a = alerts.c
_FIND_TWIN: Final = Prepared(
    select(_a.alert_id)
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
    "alert_id route strategy symbol action account sibling_of key state attempts identity "
    "accepted_at not_after fired_at raw_body message trace"
)
_INSERT: Final = Prepared(
    alerts.insert()
    .values({name: bindparam(f"its_{name}") for name in _COLUMNS.split()} | {"seq": _NEXT_SEQ})
    .returning(_a.seq)
)
_IS_ITS_ROW: Final = _a.alert_id == bindparam("its_id")
_MARK: Final = Prepared(
    alerts.update()
    # Not IN: an expanding list cannot be executed for many rows at once.
    .where(_IS_ITS_ROW, or_(_a.state == NEW, _a.state == INFLIGHT))
    .values(state=INFLIGHT, attempts=bindparam("new_attempts"))
)
_CLOSE: Final = Prepared(
    alerts.update()
    .where(_IS_ITS_ROW)
    .values(
        state=bindparam("new_state"),
        outcome=bindparam("new_outcome"),
        detail=bindparam("new_detail"),
        decided_at=bindparam("new_decided_at"),
        trace=bindparam("new_trace"),
    )
)
_STANDING: Final = (
    _a.alert_id,
    _a.key,
    _a.seq,
    _a.state,
    _a.attempts,
    _a.not_after,
    _a.accepted_at,
    _a.action,
    _a.handled_as,
)
_UNDECIDED: Final = (
    select(*_STANDING).where(_a.state.in_([NEW, INFLIGHT, PARKED])).order_by(_a.key, _a.seq)
)
_UNDECIDED_SINCE: Final = (
    select(*_STANDING)
    .where(_a.state.in_([NEW, INFLIGHT, PARKED]), _a.accepted_at >= bindparam("since"))
    .order_by(_a.accepted_at, _a.key, _a.seq)
    .limit(bindparam("most"))
)
_WAIT_FOR_WRITERS: Final = text("LOCK TABLE alerts IN SHARE ROW EXCLUSIVE MODE")
# Where a commit that broke has kept it after all, it is written down once.
_NOTE: Final = Prepared(
    text(
        "INSERT INTO attempts (alert_id, attempt, at, mode, reason) "
        "VALUES (:its_id, :its_attempt, :its_at, :its_mode, :its_reason) ON CONFLICT DO NOTHING"
    ).bindparams(bindparam("its_at", type_=Instant()))
)
_PAYLOADS: Final = select(_a.alert_id, _a.message, _a.trace).where(
    _a.alert_id.in_(bindparam("ids", expanding=True))
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A row that was written: its place in line."""

    part: Part
    seq: int
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the journal made of an arrival: its rows, or the id of its twin."""

    alert_id: str
    rows: tuple[Kept, ...] = ()

    @property
    def is_duplicate(self) -> bool:
        return not self.rows


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one undecided alert stands, without its content."""

    alert_id: str
    key: str
    seq: int
    state: str
    attempts: int
    not_after: datetime | None
    accepted_at: datetime
    action: str = ""
    handled_as: str | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """What is needed to deliver an alert; without it where the journal's cannot be read."""

    alert: Alert | None
    trace: Trace


@dataclass(frozen=True, slots=True)
class Attempt:
    """A send beyond the first, and why it was needed."""

    alert_id: str
    attempt: int
    at: datetime
    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True)
class Closing:
    """How an alert ended."""

    alert_id: str
    outcome: Outcome
    detail: str
    decided_at: datetime
    trace: Trace

    @property
    def state(self) -> str:
        return PARKED if self.outcome is Outcome.UNKNOWN else DONE


def accept(connection: Connection, arrival: Arrival) -> Accepted | None:
    """Keep an alert as the next of its keys, unless its twin is there.

    None: it is late, its route refuses such, and nothing was written.
    """
    if arrival.twins_since is not None:
        twin = _FIND_TWIN.run(
            connection, {"its_identity": arrival.identity, "since": arrival.twins_since}
        )
        if twin is not None:
            return Accepted(twin[0])
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
    return Accepted(first_id, tuple(rows))


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
    alert = part.alert
    row = _INSERT.run(
        connection,
        {
            "its_alert_id": alert.alert_id,
            "its_route": alert.route,
            "its_strategy": alert.strategy,
            "its_symbol": alert.instrument.source_symbol,
            "its_action": alert.action.name.lower(),
            "its_account": part.account,
            "its_sibling_of": sibling_of,
            "its_key": part.key,
            "its_state": LATE if is_late else INFLIGHT if is_sent else NEW,
            "its_attempts": int(is_sent),
            "its_identity": arrival.identity,
            "its_accepted_at": arrival.accepted_at,
            "its_not_after": arrival.not_after,
            "its_fired_at": arrival.fired_at,
            "its_raw_body": arrival.raw_body,
            "its_message": part.message,
            "its_trace": arrival.trace_text,
        },
    )
    assert row is not None, "INSERT … RETURNING returned nothing"  # noqa: S101
    return Kept(part, row[0], is_late)


def mark_inflight(connection: Connection, attempts: dict[str, int]) -> None:
    """Write ahead that these alerts are about to be sent for the so-manieth time."""
    rows = [{"its_id": alert_id, "new_attempts": n} for alert_id, n in attempts.items()]
    _MARK.run_many(connection, rows)


def note_attempts(connection: Connection, attempts: Sequence[Attempt]) -> None:
    """Write why these alerts are sent again; with `mark_inflight`, in its transaction."""
    rows = [
        {
            "its_id": attempt.alert_id,
            "its_attempt": attempt.attempt,
            "its_at": attempt.at,
            "its_mode": attempt.mode.name,
            "its_reason": attempt.reason,
        }
        for attempt in attempts
    ]
    _NOTE.run_many(connection, rows)


def close_alerts(connection: Connection, closings: Sequence[Closing]) -> None:
    """Write how these alerts ended."""
    rows = [
        {
            "its_id": closing.alert_id,
            "new_state": closing.state,
            "new_outcome": closing.outcome.name,
            "new_detail": closing.detail,
            "new_decided_at": closing.decided_at,
            "new_trace": write_trace(closing.trace),
        }
        for closing in closings
    ]
    _CLOSE.run_many(connection, rows)


def undecided(engine: Engine) -> Iterator[Standing]:
    """Yield all undecided alerts, each key in order, a batch of rows at a time."""
    with engine.connect().execution_options(yield_per=_LOAD_ROWS) as connection:
        for row in connection.execute(_UNDECIDED):
            yield Standing(*row)


def undecided_since(connection: Connection, since: datetime, most: int) -> list[Standing]:
    """Return the first `most` undecided alerts that were accepted since then, the oldest first.

    PostgreSQL may finish a commit after its connection broke: its locks are waited for first, so
    that what it keeps is seen. Fails where that takes longer than `lock_timeout`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT_FOR_WRITERS)
    rows = connection.execute(_UNDECIDED_SINCE, {"since": since, "most": most})
    return [Standing(*row) for row in rows]


def payloads(connection: Connection, alert_ids: Sequence[str]) -> dict[str, Payload]:
    """Read what is needed to deliver these alerts."""
    rows = connection.execute(_PAYLOADS, {"ids": list(alert_ids)})
    return {row.alert_id: Payload(_alert(row.message), read_trace(row.trace)) for row in rows}


def keep_refusal(connection: Connection, row: dict[str, Any]) -> None:
    """Keep a refused request with its raw body."""
    connection.execute(_REFUSE, row)


def stream_of(connection: Connection, now: datetime) -> str:
    """Return the journal's stream id, made on the first call."""
    found = connection.execute(select(streams.c.stream_id).limit(1)).scalar()
    if found is not None:
        return str(found)
    made = new_stream_id()
    connection.execute(streams.insert(), {"stream_id": made, "created_at": now})
    return made


def _is_late(connection: Connection, arrival: Arrival, part: Part) -> bool:
    if arrival.fired_at is None:
        return False
    found = _IS_LATE.run(connection, {"its_fired_at": arrival.fired_at, "its_key": part.key})
    return found is not None and bool(found[0])


def _alert(message: bytes) -> Alert | None:
    try:
        return codec.decode(Alert, message)
    except codec.DecodeError:
        return None
