"""Verification: whether the journal holds what it promises, and whether the ledger agrees.

Reads only, in batches and beside running processes. Of two rows that must agree, the one that is
written later is read first, so that what happens meanwhile is never taken for a fault.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, and_, func, or_, select, text

from alertwire.journal.database import DatabaseUnreadable
from alertwire.journal.letters import NOT_ORDERED
from alertwire.journal.retention import AGE_MIN
from alertwire.journal.tables import alerts, commands, fences, streams
from alertwire.journal.traces import read_trace
from alertwire.wire import codec
from alertwire.wire.alert import Alert
from alertwire.wire.delivery import Outcome, Stage

BATCH_ROWS: Final = 500
_ENDS: Final = frozenset(outcome.name for outcome in Outcome) - {"UNKNOWN"}
_STATES: Final = frozenset({"NEW", "INFLIGHT", "PARKED", "LATE", "DONE"})
_UNDECIDED: Final = frozenset({"NEW", "INFLIGHT", "PARKED"})
_OPEN: Final = frozenset({"INTENT", "UNKNOWN"})
_SLACK: Final = timedelta(hours=1)
"""Numbers are given at the commit, the time of acceptance is a little older."""

_a = alerts.c
_c = commands.c


@dataclass(slots=True)
class Verification:
    """What is looked at; `counts` says by subject how much of it was.

    `elsewhere` are the accounts behind other gateways, whose ledgers this is not. `on_batch` is
    called after every batch: a sign of progress.
    """

    journal: Engine
    ledger: Engine | None
    now: datetime
    on_batch: Callable[[], None] = lambda: None
    elsewhere: frozenset[str] = frozenset()
    counts: dict[str, int] = field(default_factory=dict)

    def findings(self) -> Iterator[str]:
        """Look at everything; yield what is wrong, a line each."""
        try:
            yield from self._findings()
        except DatabaseUnreadable as error:
            yield str(error)

    def _findings(self) -> Iterator[str]:
        yield from _integrity(self, "journal", self.journal)
        if self.ledger is not None:
            yield from _integrity(self, "ledger", self.ledger)
        yield from _journal(self)
        if self.ledger is not None:
            yield from _ledger(self, self.ledger)
            yield from _fences(self, self.ledger)
        elif accepted := self.counts.get("alerts ACCEPTED"):
            yield f"{accepted} alerts are ACCEPTED, and there is no ledger"

    def count(self, subject: str) -> None:
        self.counts[subject] = self.counts.get(subject, 0) + 1


def _integrity(checked: Verification, name: str, engine: Engine) -> Iterator[str]:
    if engine.dialect.name != "sqlite":
        return
    checked.count("databases")
    with engine.connect() as connection:
        for (found,) in connection.execute(text("PRAGMA integrity_check")):
            if found != "ok":
                yield f"{name}: SQLite says: {found}"


@dataclass(slots=True)
class _Line:
    """What was seen of one ordering key so far."""

    key: str | None = None
    seq: int = 0
    accepted_at: datetime | None = None
    waiting: str = ""  # the first undecided alert of the key
    decided_id: str = ""
    decided_at: datetime | None = None  # of the alert that was on its way before


def _journal(checked: Verification) -> Iterator[str]:
    """Go through all alerts, each key in order."""
    line = _Line()
    for batch in _alerts(checked.journal):
        ends = _commands_of(checked.ledger, [row.alert_id for row in batch if row.state == "DONE"])
        for row in batch:
            checked.count("alerts")
            if row.key != line.key:
                checked.count("keys")
                line = _Line(row.key)
            yield from _number(checked, row, line)
            yield from _end(row)
            yield from _order(checked, row, line)
            if row.state == "DONE":
                checked.count(f"alerts {row.outcome}")
                if checked.elsewhere.intersection((row.account or "").split(",")):
                    checked.count("alerts of another gateway's ledger")
                elif checked.ledger is not None:
                    yield from _agreement(row, ends.get(row.alert_id, []))
            else:
                checked.count(f"alerts {row.state}")
        checked.on_batch()


def _number(checked: Verification, row: Any, line: _Line) -> Iterator[str]:
    if line.accepted_at is not None:
        if row.seq <= line.seq:
            yield f"{row.alert_id}: number {row.seq} of key {row.key!r} stands twice"
        # What is missing came between its neighbours: younger than that, nothing is ever pruned.
        elif row.seq > line.seq + 1 and checked.now - line.accepted_at < AGE_MIN - _SLACK:
            missing = f"{line.seq + 1} to {row.seq - 1}"
            yield f"{row.alert_id}: the alerts before it of key {row.key!r}, {missing}, are missing"
    line.seq, line.accepted_at = row.seq, row.accepted_at


def _end(row: Any) -> Iterator[str]:
    """An alert ends in exactly one outcome with a reason, or waits for a person."""
    name = row.alert_id
    if row.state not in _STATES:
        yield f"{name}: state {row.state} is none"
    if row.state == "DONE":
        if row.outcome not in _ENDS:
            yield f"{name}: it is DONE without an outcome ({row.outcome})"
        if not row.detail:
            yield f"{name}: it ended {row.outcome} without a reason"
        if row.decided_at is None:
            yield f"{name}: it is DONE, and nothing says since when"
    elif row.state == "PARKED":
        if row.outcome != "UNKNOWN" or not row.detail:
            yield f"{name}: it is PARKED without a reason (outcome {row.outcome})"
    elif row.outcome is not None:
        yield f"{name}: it is {row.state} and has the outcome {row.outcome}"
    if not row.raw_body and row.void_of is None:
        yield f"{name}: its raw body is gone"
    try:
        alert = codec.decode(Alert, row.message)
    except codec.DecodeError as error:
        yield f"{name}: its message cannot be read: {error}"
        return
    if alert.alert_id != name:
        yield f"{name}: its message is that of {alert.alert_id}"


def _order(checked: Verification, row: Any, line: _Line) -> Iterator[str]:
    """One alert of a key is on its way at a time, in the order of their numbers."""
    try:
        stamps = read_trace(row.trace).stamps
    except (ValueError, KeyError, TypeError) as error:
        yield f"{row.alert_id}: its trace cannot be read: {error}"
        stamps = ()
    sent_at = next((stamp.at for stamp in stamps if stamp.stage is Stage.PUSHED), None)
    # One attempt alone may be the door's, written ahead of a send that another alert of the key,
    # come at the same time, kept from being made.
    was_sent = row.attempts > 1 or (row.attempts == 1 and sent_at is not None)
    # Read anew: it may have ended since, and only then was this one sent.
    if was_sent and line.waiting and _is_undecided(checked.journal, line.waiting):
        yield f"{row.alert_id}: it was sent while {line.waiting} before it is undecided"
    if row.state in _UNDECIDED and not line.waiting:
        line.waiting = row.alert_id
    if was_sent and sent_at and line.decided_at and sent_at < line.decided_at:
        yield (
            f"{row.alert_id}: it was sent before {line.decided_id} of its key was decided, or the "
            f"clock was set back"
        )
    if was_sent and row.decided_at:
        line.decided_id, line.decided_at = row.alert_id, row.decided_at


def _agreement(row: Any, ends: list[str]) -> Iterator[str]:
    """Compare an alert's outcome with the states of its commands in the ledger."""
    told = ", ".join(ends) or "none"
    if row.outcome == "ACCEPTED" and ("ACCEPTED" not in ends or _OPEN.intersection(ends)):
        yield f"{row.alert_id}: it is ACCEPTED, but its commands in the ledger are: {told}"
    if row.outcome in NOT_ORDERED and {"ACCEPTED", *_OPEN}.intersection(ends):
        yield f"{row.alert_id}: it is {row.outcome}, but its commands in the ledger are: {told}"


def _ledger(checked: Verification, ledger: Engine) -> Iterator[str]:
    """Find each command's alert in the journal."""
    ours = _stream(checked.journal)
    last = ""
    while True:
        query = (
            select(_c.command_id, _c.alert_id, _c.stream_id, _c.key, _c.seq, _c.state, _c.taken_at)
            .where(_c.command_id > last)
            .order_by(_c.command_id)
            .limit(BATCH_ROWS)
        )
        with ledger.connect() as connection:
            batch = connection.execute(query).all()
        if not batch:
            return
        last = batch[-1].command_id
        known = _places(checked.journal, list({row.alert_id for row in batch}))
        for row in batch:
            checked.count("commands")
            if row.stream_id != ours:
                checked.count("commands of an earlier journal")
            elif place := known.get(row.alert_id):
                if place != (row.key, row.seq):
                    yield (
                        f"{row.command_id}: the ledger has it as number {row.seq} of {row.key!r}, "
                        f"the journal as number {place[1]} of {place[0]!r}"
                    )
            elif checked.now - row.taken_at > AGE_MIN:
                checked.count("commands whose alerts were pruned")
            else:
                yield f"{row.command_id}: its alert is not in the journal (it is {row.state})"
        checked.on_batch()


def _fences(checked: Verification, ledger: Engine) -> Iterator[str]:
    """Fences must not lie below a command that passed, nor above what the journal numbers."""
    ours = _stream(checked.journal)
    highest = (
        select(_c.stream_id, _c.key, func.max(_c.seq).label("seq"))
        .group_by(_c.stream_id, _c.key)
        .subquery()
    )
    low = (
        select(highest.c.key, highest.c.seq, fences.c.seq.label("fence"))
        .outerjoin(
            fences,
            and_(fences.c.stream_id == highest.c.stream_id, fences.c.key == highest.c.key),
        )
        .where(or_(fences.c.seq.is_(None), fences.c.seq < highest.c.seq))
    )
    with ledger.connect() as connection:
        for row in connection.execute(low, execution_options={"yield_per": BATCH_ROWS}):
            fence = "none" if row.fence is None else row.fence
            yield f"key {row.key!r}: its fence is {fence}, but command number {row.seq} was taken"
        query = select(fences.c.key, fences.c.seq).where(fences.c.stream_id == ours)
        rows = connection.execute(query, execution_options={"yield_per": BATCH_ROWS})
        for batch in rows.partitions(BATCH_ROWS):
            numbers = _newest(checked.journal, [row.key for row in batch])
            for each in batch:
                checked.count("fences")
                if each.seq > (newest := numbers.get(each.key, 0)):
                    yield (
                        f"key {each.key!r}: its fence is {each.seq}, the journal's newest number "
                        f"{newest}: the journal is older than the ledger, and its next alerts "
                        f"would be voided"
                    )
            checked.on_batch()


def _alerts(journal: Engine) -> Iterator[Sequence[Any]]:
    query = (
        select(
            _a.alert_id,
            _a.account,
            _a.void_of,
            _a.key,
            _a.seq,
            _a.state,
            _a.attempts,
            _a.outcome,
            _a.detail,
            _a.accepted_at,
            _a.decided_at,
            _a.raw_body,
            _a.message,
            _a.trace,
        )
        .order_by(_a.key, _a.seq)
        .limit(BATCH_ROWS)
    )
    place: Any = None
    while True:
        # Not a row comparison: what it means for text depends on the database.
        part = (
            query
            if place is None
            else query.where(or_(_a.key > place[0], and_(_a.key == place[0], _a.seq > place[1])))
        )
        with journal.connect() as connection:
            batch = connection.execute(part).all()
        if not batch:
            return
        place = (batch[-1].key, batch[-1].seq)
        yield batch


def _commands_of(ledger: Engine | None, alert_ids: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if ledger is not None and alert_ids:
        query = (
            select(_c.alert_id, _c.state)
            .where(_c.alert_id.in_(alert_ids))
            .order_by(_c.alert_id, _c.command_id)
        )
        with ledger.connect() as connection:
            for alert_id, state in connection.execute(query):
                found.setdefault(alert_id, []).append(state)
    return found


def _places(journal: Engine, alert_ids: list[str]) -> dict[str, tuple[str, int]]:
    query = select(_a.alert_id, _a.key, _a.seq).where(_a.alert_id.in_(alert_ids))
    with journal.connect() as connection:
        return {row.alert_id: (row.key, row.seq) for row in connection.execute(query)}


def _is_undecided(journal: Engine, alert_id: str) -> bool:
    query = select(_a.state).where(_a.alert_id == alert_id)
    with journal.connect() as connection:
        return connection.execute(query).scalar() in _UNDECIDED


def _newest(journal: Engine, keys: list[str]) -> dict[str, int]:
    query = select(_a.key, func.max(_a.seq)).where(_a.key.in_(keys)).group_by(_a.key)
    with journal.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def _stream(journal: Engine) -> str:
    with journal.connect() as connection:
        return str(connection.execute(select(streams.c.stream_id).limit(1)).scalar())
