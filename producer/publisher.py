"""The thread that owns the sockets: it does what the dispatcher plans, and reports back to it.

Woken by the door's commit, with a slow poll behind it for the timers. Each turn makes at most one
commit: the ends of alerts and the write-ahead of sends together, the sends after it. Where that
fails nothing is sent, and it is tried again until the journal is back.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import zmq
from sqlalchemy import Connection

from alertwire.clock import Clock
from alertwire.faults import JournalUnavailable
from alertwire.journal.commit import GroupCommit
from alertwire.journal.traces import join_traces
from alertwire.keys import PRODUCER
from alertwire.logs import Logger
from alertwire.settings import Settings
from alertwire.wire import codec, sockets
from alertwire.wire.bus import Bus, Leg
from alertwire.wire.delivery import Ack, AckKind, Delivery, Mode, Outcome, Stage, Trace
from producer import alerts, metrics
from producer.alerts import Attempt, Closing, Payload, Standing
from producer.arrivals import Arrivals, Handover
from producer.bell import Bell
from producer.dispatcher import RESTARTED, Close, Dispatcher, Plan, Send, Waiting
from producer.handling import told, void_reason
from producer.line import FIRST
from producer.work_socket import WorkSocket

SLOW_POLL_MS: Final = 100
PAYLOADS_MAX: Final = 2000
"""Alerts kept in memory besides the journal; the others are read when their turn comes."""
REASON_LENGTH_MAX: Final = 500
"""Characters of an executor's words that are kept."""
DOUBTED: Final = "the commit of its arrival was in doubt"
JOURNAL_PAUSE_S: Final = 0.5
_FIRST_NAMES: Final = frozenset(action.name for action in FIRST)


@dataclass(slots=True)
class _Due:
    """What must be on disk before the next plan: kept until it is."""

    closings: list[Closing] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)


class Publisher:
    """Delivers alerts to executors until each is decided."""

    def __init__(
        self, settings: Settings, commit: GroupCommit, clock: Clock, logger: Logger, stream_id: str
    ) -> None:
        self._commit = commit
        self._clock = clock
        self._log = logger
        self._stream_id = stream_id
        self._dispatcher = Dispatcher()
        self._payloads: dict[str, Payload] = {}
        self._arrivals = Arrivals(commit)
        self._due = _Due()
        self._journal_failed = ""
        self._stopping = False
        self._drops: deque[tuple[str, str]] = deque()
        self._crash = ""
        self._bell = Bell()
        self._thread = threading.Thread(target=self._run, name="publisher")
        self._bus = Bus(settings, PRODUCER, logger)
        # Bound here, so that a port in use ends the start; the thread takes them over.
        self._push = WorkSocket(self._bus, logger)
        self._pull = self._bus.bind(zmq.PULL, Leg.ACKS)

    def doubt(self, accepted_at: datetime) -> None:
        """A commit broke and may have kept its row all the same: look for what came since then.

        Called before any later commit, so that nothing of the row's key overtakes it.
        """
        self._arrivals.doubt(accepted_at)
        self._bell.ring()

    def load(self, standing: Standing, reason: str = RESTARTED) -> None:
        """Take an alert that the journal holds. From outside before `start` only."""
        self._dispatcher.add(
            Waiting(
                standing.alert_id,
                standing.key,
                standing.seq,
                standing.not_after,
                standing.accepted_at,
                goes_first=standing.action.upper() in _FIRST_NAMES,
                attempts=standing.attempts,
                was_sent=standing.attempts > 0,
                is_parked=standing.state == alerts.PARKED,
                reason=reason,
            )
        )
        if detail := void_reason(standing.void_of) or told(standing.handled_as or ""):
            self._dispatcher.drop(standing.alert_id, detail)

    def drop(self, alert_id: str, detail: str) -> None:
        """A person dropped an alert, and the journal says so. Any thread may call it."""
        self._drops.append((alert_id, detail))
        self._bell.ring()

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread after its turn; what is undecided stays in the journal."""
        self._stopping = True
        self._bell.ring()
        if self._thread.ident is None:
            self._close_sockets()
        else:
            self._thread.join(timeout_s)

    def why_not_ready(self) -> str:
        """Say why nothing is delivered; empty while all is well."""
        if reason := self.why_dead():
            return reason
        return self._journal_failed and f"the journal cannot be written: {self._journal_failed}"

    def why_dead(self) -> str:
        """Say why the thread has ended; empty while it runs."""
        if self._thread.is_alive():
            return ""
        return f"the publisher has stopped{': ' if self._crash else ''}{self._crash}"

    @property
    def undecided(self) -> int:
        return self._dispatcher.undecided

    def backlog(self, key: str) -> int:
        return self._dispatcher.backlog(key)

    def head(self, key: str) -> Waiting | None:
        return self._dispatcher.head(key)

    def heads(self) -> list[Waiting]:
        return self._dispatcher.heads()

    @property
    def is_full(self) -> bool:
        """Whether more was journaled than the thread has taken: it will, but not at this pace."""
        return self._arrivals.is_full

    def would_send(self, key: str) -> bool:
        """Whether an alert of this key would be sent at once: a hint."""
        return self._dispatcher.would_send(key)

    def take(self, handover: Handover) -> None:
        """Take a freshly journaled alert; called in the order of the commits."""
        self._arrivals.put(handover)
        self._bell.ring()

    def _run(self) -> None:
        poller = zmq.Poller()
        poller.register(self._bell, zmq.POLLIN)
        poller.register(self._pull, zmq.POLLIN)
        try:
            while not self._stopping:
                poller.poll(SLOW_POLL_MS)
                self._turn()
        except Exception as error:
            # The door must learn of it: /readyz says so, and the process ends.
            self._crash = f"{type(error).__name__}: {error}"
            self._log.exception("publisher_failed")
        finally:
            self._close_sockets()

    def _close_sockets(self) -> None:
        self._push.close()
        self._pull.close()
        self._bus.close()
        self._bell.close()

    def _turn(self) -> None:
        self._bell.silence()
        for frame in sockets.drain(self._pull):
            self._take_ack(frame)
        if self._due.sends and not self._settle():
            return
        # Counted before: what is dropped was handed over before it was.
        drops = len(self._drops)
        if not self._take_in():
            return
        for _ in range(drops):
            self._dispatcher.drop(*self._drops.popleft())
        now_s = self._clock.monotonic_s()
        plan = self._dispatcher.plan(now_s)
        self._report(plan)
        at_once: list[Send] = []
        for send in plan.sends:
            is_ready = send.is_written and send.alert_id in self._payloads
            (at_once if is_ready else self._due.sends).append(send)
        self._send(at_once)
        self._settle()
        metrics.UNDECIDED.set(self._dispatcher.undecided)
        metrics.PARKED.set(self._dispatcher.parked)
        metrics.EXECUTORS.set(len(self._dispatcher.executors))

    def _take_in(self) -> bool:
        """Take what was journaled; False where a doubt must be settled first."""
        try:
            taken = self._arrivals.take(self._settle)
        except JournalUnavailable as error:
            self._fail(error)
            return False
        if taken is None:
            return False
        for one in taken:
            if isinstance(one, Standing):
                self.load(one, DOUBTED)
                continue
            if len(self._payloads) < PAYLOADS_MAX:
                self._payloads[one.waiting.alert_id] = one.payload
            alert = one.payload.alert
            one.waiting.goes_first = alert is not None and alert.action in FIRST
            self._dispatcher.add(one.waiting)
        return True

    def _take_ack(self, frame: bytes) -> None:
        try:
            ack = codec.decode(Ack, frame)
        except codec.DecodeError as error:
            self._log.warning("ack_unreadable", reason=str(error), size_bytes=len(frame))
            return
        now_s = self._clock.monotonic_s()
        if ack.kind is AckKind.HEARTBEAT:
            if ack.executor_id not in self._dispatcher.executors:
                self._log.info("executor_heard", executor=ack.executor_id, slots=ack.free_slots)
            self._dispatcher.hear(ack.executor_id, ack.free_slots, now_s)
        elif ack.kind is AckKind.RECEIVED:
            self._dispatcher.receive(ack.alert_id, ack.executor_id, ack.attempt, now_s)
        elif ack.kind is AckKind.RETRY:
            self._log.info("delivery_handed_back", alert_id=ack.alert_id, reason=ack.detail)
            detail = ack.detail[:REASON_LENGTH_MAX]
            self._dispatcher.retry(ack.alert_id, ack.executor_id, ack.attempt, now_s, detail)
            if len(self._payloads) > PAYLOADS_MAX:
                self._payloads.pop(ack.alert_id, None)
        elif ack.outcome is None:
            self._log.warning("ack_unreadable", alert_id=ack.alert_id, reason="no outcome")
        else:
            close = self._dispatcher.decide(
                ack.alert_id, ack.executor_id, ack.outcome, ack.detail, now_s
            )
            if close is not None:
                self._close(close, ack.trace)
            elif ack.outcome is Outcome.UNKNOWN:
                # Parked before: read again when it is asked for again.
                self._payloads.pop(ack.alert_id, None)

    def _close(self, close: Close, told: Trace) -> None:
        """Note the end of an alert, to be written with the next commit."""
        payload = self._payloads.pop(close.alert_id, None)
        # Where the journal was away another send may be due: there is nothing to ask any more.
        self._due.sends = [send for send in self._due.sends if send.alert_id != close.alert_id]
        now = self._clock.now()
        trace = join_traces(payload.trace, told) if payload else told
        self._due.closings.append(Closing(close.alert_id, close.outcome, close.detail, now, trace))
        metrics.DECIDED[close.outcome].inc()
        if payload and payload.alert and payload.alert.accepted_at:
            seconds = (now - payload.alert.accepted_at).total_seconds()
            metrics.DECISION_SECONDS.observe(seconds)
        if close.outcome is Outcome.UNKNOWN:
            self._log.error(
                "alert_parked",
                alert_id=close.alert_id,
                reason=close.detail,
                remedy="nobody knows whether the broker has the order: look, then resolve it; "
                "later alerts of its key wait",
            )
        else:
            self._log.info(
                "alert_decided",
                alert_id=close.alert_id,
                outcome=close.outcome.name.lower(),
                reason=close.detail,
            )

    def _settle(self) -> bool:
        """Write what is due in one commit, then send; False where the journal failed."""
        due = self._due
        if not due.closings and not due.sends:
            return True
        missing = [send.alert_id for send in due.sends if send.alert_id not in self._payloads]
        marks = {send.alert_id: send.attempt for send in due.sends}
        now = self._clock.now()
        notes = [
            Attempt(send.alert_id, send.attempt, now, send.mode, send.reason)
            for send in due.sends
            if send.is_noted
        ]

        def work(connection: Connection) -> dict[str, Payload]:
            alerts.mark_inflight(connection, marks)
            alerts.note_attempts(connection, notes)
            alerts.close_alerts(connection, due.closings)
            return alerts.payloads(connection, missing) if missing else {}

        try:
            found = self._commit.run(work)
        except JournalUnavailable as error:
            self._fail(error)
            return False
        if self._journal_failed:
            self._log.info("journal_works_again")
        self._journal_failed = ""
        self._due = _Due()
        self._payloads.update(found)
        self._send(due.sends)
        return True

    def _fail(self, error: JournalUnavailable) -> None:
        if not self._journal_failed:
            self._log.error(
                "journal_failed", reason=str(error), remedy="nothing is sent until it works again"
            )
        self._journal_failed = str(error)
        threading.Event().wait(JOURNAL_PAUSE_S)

    def _send(self, sends: list[Send]) -> None:
        for send in sends:
            payload = self._payloads.get(send.alert_id)
            if payload is None:
                # Decided while the journal was away.
                continue
            now = self._clock.now()
            trace = payload.trace.stamped(Stage.PUSHED, now)
            delivery = Delivery(
                stream_id=self._stream_id,
                alert_id=send.alert_id,
                key=send.key,
                seq=send.seq,
                attempt=send.attempt,
                # What can no longer be read must not be carried out, and VOID needs no alert.
                mode=send.mode if payload.alert else Mode.VOID,
                not_after=send.not_after,
                alert=payload.alert,
                trace=trace,
            )
            if self._push.try_send(
                codec.encode(delivery),
                self._clock.monotonic_s(),
                are_executors_there=bool(self._dispatcher.executors),
            ):
                metrics.SENT.inc()
                if send.attempt == 1:
                    self._payloads[send.alert_id] = Payload(payload.alert, trace)
                log = self._log.debug if send.attempt == 1 else self._log.warning
                log(
                    "delivery_sent",
                    alert_id=send.alert_id,
                    key=send.key,
                    attempt=send.attempt,
                    mode=send.mode.name.lower(),
                    **({"reason": send.reason} if send.reason else {}),
                )
            else:
                self._dispatcher.fail_send(send.alert_id)

    def _report(self, plan: Plan) -> None:
        for executor in plan.lost_executors:
            self._log.warning("executor_lost", executor=executor)
        for alert_id in plan.voided:
            self._log.error(
                "alert_given_up",
                alert_id=alert_id,
                reason="executors took it and fell silent; it is being voided",
            )
