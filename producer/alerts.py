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
_NEXT_SEQ: Final = (
    select(func.coalesce(func.max(_a.seq), literal_column("0")) + literal_column("1"))
    .where(_a.key == bindparam("its_key"))
    .scalar_subquery()
)
_COLUMNS: Final = (
    "alert_id route strategy symbol action key state attempts identity accepted_at not_after "
    "fired_at raw_body message trace"
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
    """An alert at the door, ready to be journaled.

    `identity` is what an equal alert shares; equal ones since `twins_since` are duplicates, None
    looks for none. `fired_at` is when the sender says that it fired, as far as that is believed,
    and `late` what to do where that lies before the last of its key. `is_sent_at_once` journals it
    as INFLIGHT, attempt 1: the write-ahead of a send that follows immediately.
    """

    alert: Alert
    key: str
    identity: str
    twins_since: datetime | None
    accepted_at: datetime
    not_after: datetime | None
    fired_at: datetime | None
    late: LatePolicy
    raw_body: bytes
    message: bytes  # the encoded alert
    trace_text: str
    is_sent_at_once: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the journal made of an arrival: its place in line, or the id of its twin."""

    alert_id: str
    is_duplicate: bool
    seq: int = 0
    is_late: bool = False


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
    """Keep an alert as the next of its key, unless its twin is there.

    None: it is late, its route refuses such, and nothing was written.
    """
    if arrival.twins_since is not None:
        twin = _FIND_TWIN.run(
            connection, {"its_identity": arrival.identity, "since": arrival.twins_since}
        )
        if twin is not None:
            return Accepted(twin[0], is_duplicate=True)
    is_late = arrival.late is not LatePolicy.ACCEPT and _is_late(connection, arrival)
    if is_late and arrival.late is LatePolicy.REFUSE:
        return None
    is_sent = arrival.is_sent_at_once and not is_late
    alert = arrival.alert
    row = _INSERT.run(
        connection,
        {
            "its_alert_id": alert.alert_id,
            "its_route": alert.route,
            "its_strategy": alert.strategy,
            "its_symbol": alert.instrument.source_symbol,
            "its_action": alert.action.name.lower(),
            "its_key": arrival.key,
            "its_state": LATE if is_late else INFLIGHT if is_sent else NEW,
            "its_attempts": int(is_sent),
            "its_identity": arrival.identity,
            "its_accepted_at": arrival.accepted_at,
            "its_not_after": arrival.not_after,
            "its_fired_at": arrival.fired_at,
            "its_raw_body": arrival.raw_body,
            "its_message": arrival.message,
            "its_trace": arrival.trace_text,
        },
    )
    assert row is not None, "INSERT … RETURNING returned nothing"  # noqa: S101
    return Accepted(alert.alert_id, is_duplicate=False, seq=row[0], is_late=is_late)


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


def _is_late(connection: Connection, arrival: Arrival) -> bool:
    if arrival.fired_at is None:
        return False
    found = _IS_LATE.run(connection, {"its_fired_at": arrival.fired_at, "its_key": arrival.key})
    return found is not None and bool(found[0])


def _alert(message: bytes) -> Alert | None:
    try:
        return codec.decode(Alert, message)
    except codec.DecodeError:
        return None
