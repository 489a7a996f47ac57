"""The producer's journal: every accepted alert, where it stands, and every refusal.

Functions that take a Connection run inside a group commit and change nothing but the database.
The statements are built once: building one per call costs more than running it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, or_, select, text

from alertwire.identity import stream_id as new_stream_id
from alertwire.journal.prepared import Prepared
from alertwire.journal.tables import Instant, alerts, streams
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
_LOAD_ROWS: Final = 1000

_a = alerts.c
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
    _a.void_of,
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
    void_of: str | None = None


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
        for row in connection.execute(_UNDECIDED).mappings():
            yield Standing(**row)


def undecided_since(connection: Connection, since: datetime, most: int) -> list[Standing]:
    """Return the first `most` undecided alerts that were accepted since then, the oldest first.

    PostgreSQL may finish a commit after its connection broke: its locks are waited for first, so
    that what it keeps is seen. Fails where that takes longer than `lock_timeout`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT_FOR_WRITERS)
    rows = connection.execute(_UNDECIDED_SINCE, {"since": since, "most": most})
    return [Standing(**row) for row in rows.mappings()]


def payloads(connection: Connection, alert_ids: Sequence[str]) -> dict[str, Payload]:
    """Read what is needed to deliver these alerts."""
    rows = connection.execute(_PAYLOADS, {"ids": list(alert_ids)})
    return {row.alert_id: Payload(_alert(row.message), read_trace(row.trace)) for row in rows}


def stream_of(connection: Connection, now: datetime) -> str:
    """Return the journal's stream id, made on the first call."""
    found = connection.execute(select(streams.c.stream_id).limit(1)).scalar()
    if found is not None:
        return str(found)
    made = new_stream_id()
    connection.execute(streams.insert(), {"stream_id": made, "created_at": now})
    return made


def _alert(message: bytes) -> Alert | None:
    try:
        return codec.decode(Alert, message)
    except codec.DecodeError:
        return None
