"""The producer around the real dispatcher: its journal, and the turns of producer/publisher.py.

The journal survives a crash, and nothing else does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alertwire.wire.alert import Alert
from alertwire.wire.delivery import Ack, AckKind, Delivery, Mode, Outcome, Trace
from producer.dispatcher import Close, Dispatcher, Send, Waiting
from producer.publisher import JOURNAL_PAUSE_S
from tests.simulation.schedule import Clock, Mortal

STREAM = "stream"
COMMIT_S = 2.0
"""Longest that a thread at the door takes from the time of its alert to its commit."""


@dataclass(slots=True)
class Row:
    """An accepted alert in the journal."""

    alert: Alert
    key: str
    accepted_at: datetime
    not_after: datetime | None
    attempts: int
    is_readable: bool
    seq: int = 0
    outcome: Outcome | None = None
    detail: str = ""


class Producer(Mortal):
    def __init__(self, world: Any, skew_s: float) -> None:
        super().__init__(world.schedule, "producer")
        self.world = world
        self.clock = Clock(world.schedule, skew_s)
        self.rows: dict[str, Row] = {}
        self.seqs: dict[str, int] = {}
        self.disk_fails_until_s = 0.0

    def begin(self) -> None:
        super().begin()
        self.dispatcher = Dispatcher()
        self.payloads: set[str] = set()
        self.inbox: list[Waiting] = []
        self.doubts: list[datetime] = []
        self.acks: list[Any] = []
        self.closings: list[Close] = []
        self.due: list[Send] = []
        self.is_scheduled = False
        for waiting in self._standing():
            self.dispatcher.add(waiting)
        self._poll()

    def accept(self, alert: Alert, key: str, max_age_s: float | None, is_readable: bool) -> None:
        """Take an alert at the door, as producer/door.py does; its thread may be slow."""
        if self.is_up:
            now = self.clock.now()
            not_after = None if max_age_s is None else now + timedelta(seconds=max_age_s)
            is_at_once = self.dispatcher.would_send(key)
            row = Row(alert, key, now, not_after, int(is_at_once), is_readable)
            self.after(min(self.world.delay_s(), COMMIT_S), self._journal, row)

    def _journal(self, row: Row) -> None:
        fails = self._disk_fails()
        if fails and self.world.dice.random() < 0.5:
            return
        alert = row.alert
        row.seq = self.seqs[row.key] = self.seqs.get(row.key, 0) + 1
        self.rows[alert.alert_id] = row
        if self.world.trace:
            said = f"seq {row.seq} of {row.key}: {alert.action.name}, route {alert.route}"
            self.world.note("producer", "accepted {} {}", alert.alert_id, said)
        self.world.oracle.accepted(row)
        self.crash_point()
        if fails:
            self.world.note("producer", "but answered that it was not kept")
            self.doubts.append(row.accepted_at)
            self.wake()
            return
        waiting = Waiting(
            alert.alert_id,
            row.key,
            row.seq,
            row.not_after,
            row.accepted_at,
            attempts=row.attempts,
            is_written=row.attempts > 0,
        )
        self.inbox.append(waiting)
        self.payloads.add(alert.alert_id)
        self.wake()

    def hear(self, frame: Any) -> None:
        """Take an ack off the network."""
        if self.is_up:
            self.acks.append(frame)
            # A heartbeat may wait for the poll: turns are what a day costs.
            if isinstance(frame, bytes) or frame.kind is not AckKind.HEARTBEAT:
                self.wake()

    def wake(self, delay_s: float = 0.0) -> None:
        if not self.is_scheduled:
            self.is_scheduled = True
            self.after(delay_s or self.world.short_s(), self._turn)

    def _poll(self) -> None:
        self.after(self.world.poll_s, self._poll)
        if not self.is_scheduled:
            self._turn()

    def _standing(self, since: datetime | None = None) -> list[Waiting]:
        undecided = [r for r in self.rows.values() if r.outcome in {None, Outcome.UNKNOWN}]
        return [
            Waiting(
                row.alert.alert_id,
                row.key,
                row.seq,
                row.not_after,
                row.accepted_at,
                attempts=row.attempts,
                was_sent=row.attempts > 0,
                is_parked=row.outcome is Outcome.UNKNOWN,
            )
            for row in sorted(undecided, key=lambda row: row.seq)
            if since is None or row.accepted_at >= since
        ]

    def _turn(self) -> None:
        self.is_scheduled = False
        acks, self.acks = self.acks, []
        for frame in acks:
            self._take(self.world.unpack(Ack, frame))
        if self.due and not self._settle():
            return
        if not self._take_in():
            return
        plan = self.dispatcher.plan(self.clock.monotonic_s())
        at_once: list[Send] = []
        for send in plan.sends:
            is_ready = send.is_written and send.alert_id in self.payloads
            (at_once if is_ready else self.due).append(send)
        self._send(at_once)
        self._settle()

    def _take_in(self) -> bool:
        """Take what was journaled; False where a doubt must be settled first."""
        if self.doubts:
            if not self._settle():
                return False
            if self._disk_fails():
                self.wake(JOURNAL_PAUSE_S)
                return False
            self.inbox += self._standing(min(self.doubts))
            self.doubts.clear()
        # What was handed over comes before the row of the same alert.
        for waiting in sorted(self.inbox, key=lambda one: one.seq):
            self.dispatcher.add(waiting)
        self.inbox.clear()
        return True

    def _take(self, ack: Ack) -> None:
        now_s = self.clock.monotonic_s()
        match ack.kind:
            case AckKind.HEARTBEAT:
                self.dispatcher.hear(ack.executor_id, ack.free_slots, now_s)
            case AckKind.RECEIVED:
                self.dispatcher.receive(ack.alert_id, ack.executor_id, ack.attempt, now_s)
            case AckKind.RETRY:
                self.dispatcher.retry(ack.alert_id, ack.executor_id, ack.attempt, now_s)
            case AckKind.DECIDED if ack.outcome:
                close = self.dispatcher.decide(
                    ack.alert_id, ack.executor_id, ack.outcome, ack.detail, now_s
                )
                if close is not None:
                    self.payloads.discard(close.alert_id)
                    self.closings.append(close)

    def _settle(self) -> bool:
        """Write what is due in one commit, then send; False where the journal failed."""
        if not self.closings and not self.due:
            return True
        self.crash_point()
        if fails := self._disk_fails():
            self.world.note("producer", "the journal fails")
        if not fails or self.world.dice.random() < 0.3:
            self._commit()
        if fails:
            # The thread sleeps: what arrives meanwhile waits for the next turn.
            self.wake(JOURNAL_PAUSE_S)
            return False
        due, self.due, self.closings = self.due, [], []
        self.payloads.update(send.alert_id for send in due)
        self.crash_point()
        self._send(due)
        return True

    def _commit(self) -> None:
        for send in self.due:
            row = self.rows[send.alert_id]
            if row.outcome is None:
                row.attempts = send.attempt
        for close in self.closings:
            row = self.rows[close.alert_id]
            self.world.note(
                "producer", "closed {} {}: {}", close.alert_id, close.outcome.name, close.detail
            )
            self.world.oracle.closed(row, close)
            row.outcome, row.detail = close.outcome, close.detail

    def _send(self, sends: list[Send]) -> None:
        for send in sends:
            row = self.rows[send.alert_id]
            if send.alert_id not in self.payloads:
                # Decided while the journal was away.
                continue
            self.world.oracle.sent(row, send, self.rows.values(), self.closings)
            delivery = Delivery(
                stream_id=STREAM,
                alert_id=send.alert_id,
                key=send.key,
                seq=send.seq,
                attempt=send.attempt,
                mode=send.mode if row.is_readable else Mode.VOID,
                not_after=send.not_after,
                alert=row.alert if row.is_readable else None,
                trace=Trace(),
            )
            if not self.world.push(delivery):
                self.dispatcher.fail_send(send.alert_id)
            self.crash_point()

    def _disk_fails(self) -> bool:
        return self.schedule.now_s < self.disk_fails_until_s
