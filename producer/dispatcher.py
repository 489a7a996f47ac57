"""What to send when: the delivery protocol's dispatcher as a state machine without I/O.

One in flight per key, keys in parallel inside a small window; written ahead, sent again until
decided. Time, journal and sockets are the caller's: it reports events, asks `plan` what to do, and
does that. See docs/architecture.md and docs/adr/0005-delivery.md.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Final

from alertwire.wire.delivery import Mode, Outcome
from producer.line import Line

WINDOW_MAX: Final = 64
FRESH_SHARE: Final = 4
"""One part in so many of the window is kept for alerts that were never sent."""
RECEIVED_TIMEOUT_S: Final = 1.0
DECIDED_TIMEOUT_S: Final = 10.0
HEARTBEAT_TIMEOUT_S: Final = 2.0
RETRY_MIN_S: Final = 0.25
RETRY_MAX_S: Final = 5.0
PARKED_ASK_S: Final = 10.0
"""The gateway may learn what became of an order that nobody could tell, or be told by a person: it
is asked so often."""
SILENCES_MAX: Final = 5
"""So many times received and then silence: the alert itself is taken for the poison."""
ATTEMPT_ROWS_MAX: Final = 100
"""Sends of one alert that are noted one by one; of the later ones only the number is kept."""
RESTARTED: Final = "the producer restarted"
ASKED_AGAIN: Final = "parked: asked again"


@dataclass(slots=True, eq=False)
class Waiting:
    """An undecided alert. Only the head of its key's queue is ever sent."""

    alert_id: str
    key: str
    seq: int
    not_after: datetime | None = None
    accepted_at: datetime | None = None
    goes_first: bool = False  # it closes or cancels: entries let it pass
    attempts: int = 0
    is_written: bool = False  # `attempts` is on disk and was not sent yet
    was_sent: bool = False  # maybe; then only the gateway may end it
    is_parked: bool = False
    mode: Mode = Mode.EXECUTE
    executor: str = ""  # who said RECEIVED to the latest attempt
    deadline_s: float = 0.0  # when it is sent again
    backoff_s: float = RETRY_MIN_S
    silences: int = 0
    drop_detail: str = ""  # a person dropped it: what a VOIDED then says
    reason: str = ""  # why it is sent again
    noted: str = ""  # the reason that was noted last
    notes: int = 0


@dataclass(frozen=True, slots=True)
class Send:
    """Deliver this attempt; where `is_written` is False, only after its write-ahead is on disk.

    `reason` says why it is sent again, empty at the first time; `is_noted` asks for a row of it.
    """

    alert_id: str
    key: str
    seq: int
    attempt: int
    mode: Mode
    not_after: datetime | None
    is_written: bool
    reason: str = ""
    is_noted: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """The alert has ended; UNKNOWN parks it and halts its key."""

    alert_id: str
    outcome: Outcome
    detail: str


@dataclass(slots=True)
class Executor:
    """An executor whose heartbeats arrive."""

    heard_s: float
    capacity: int  # free slots and what it had in hand, at its last heartbeat


@dataclass(slots=True)
class Plan:
    """What to do now: write the sends ahead, then send."""

    sends: list[Send] = field(default_factory=list)
    voided: list[str] = field(default_factory=list)
    lost_executors: list[str] = field(default_factory=list)


class Dispatcher:
    """All undecided alerts. Times are seconds of one monotonic clock.

    That an alert is too old is not its business: one that was not carried out must be known to the
    gateway, for the close that follows may then only reduce.
    """

    def __init__(self) -> None:
        self._known: dict[str, Waiting] = {}  # by alert id
        self._heads: dict[str, Waiting] = {}  # by key: its first undecided alert
        self._behind: dict[str, deque[Waiting]] = {}  # by key: the others, where there are any
        self._ready: Line[Waiting] = Line()  # heads to be sent for the first time
        self._again: Line[Waiting] = Line()  # heads to be sent again: they come before those
        self._flying: dict[str, Waiting] = {}  # sent, undecided: at most the window
        self._backing: dict[str, Waiting] = {}  # handed back, waiting for their time
        self._alarms: list[tuple[float, int, Waiting]] = []  # a heap of those times
        self._alarm_number = 0
        self.executors: dict[str, Executor] = {}
        self.window = 0  # how many may be in flight; kept, because any thread may ask
        self.parked = 0

    @property
    def undecided(self) -> int:
        """How many alerts wait for their end."""
        return len(self._known)

    def backlog(self, key: str) -> int:
        """Return how many undecided alerts the key has. Any thread may ask."""
        return (key in self._heads) + len(self._behind.get(key, ()))

    def head(self, key: str) -> Waiting | None:
        """Return the key's first undecided alert. Any thread may ask."""
        return self._heads.get(key)

    def heads(self) -> list[Waiting]:
        """Return the first undecided alert of each key. Any thread may ask."""
        return list(self._heads.values())

    def would_send(self, key: str) -> bool:
        """Whether an alert of this key would be sent at once. A hint: any thread may ask."""
        return key not in self._heads and len(self._flying) < self.window

    def add(self, waiting: Waiting) -> None:
        """Take an alert that is not known yet, at its place behind the head of its key."""
        if waiting.alert_id in self._known:
            return
        self._known[waiting.alert_id] = waiting
        head = self._heads.get(waiting.key)
        if head is None:
            self._lead(waiting)
            return
        waiting.key = head.key  # one text for all of a key
        queue = self._behind.setdefault(waiting.key, deque())
        place = len(queue)
        while place and queue[place - 1].seq > waiting.seq:
            place -= 1
        queue.insert(place, waiting)

    def drop(self, alert_id: str, detail: str) -> None:
        """A person drops an alert: from now on the gateway is asked to void it."""
        waiting = self._known.get(alert_id)
        if waiting is not None and not waiting.is_parked:
            waiting.mode = Mode.VOID
            waiting.drop_detail = detail

    def hear(self, executor_id: str, free_slots: int, now_s: float) -> None:
        """Take a heartbeat."""
        in_hand = sum(w.executor == executor_id for w in self._flying.values())
        self.executors[executor_id] = Executor(now_s, free_slots + in_hand)
        self._set_window()

    def receive(self, alert_id: str, executor_id: str, attempt: int, now_s: float) -> None:
        """An executor has the alert in hand."""
        self._hear_ack(executor_id, now_s)
        waiting = self._flying.get(alert_id)
        if waiting is None or attempt != waiting.attempts:
            return
        waiting.executor = executor_id
        waiting.deadline_s = now_s + DECIDED_TIMEOUT_S

    def retry(
        self, alert_id: str, executor_id: str, attempt: int, now_s: float, detail: str = ""
    ) -> None:
        """An executor hands the alert back undecided."""
        self._hear_ack(executor_id, now_s)
        waiting = self._flying.get(alert_id)
        if waiting is None or attempt != waiting.attempts:
            return
        del self._flying[alert_id]
        waiting.executor = ""
        waiting.reason = f"handed back: {detail or 'no reason given'}"
        self._send_later(waiting, now_s + waiting.backoff_s)
        waiting.backoff_s = min(2 * waiting.backoff_s, RETRY_MAX_S)

    def decide(
        self, alert_id: str, executor_id: str, outcome: Outcome, detail: str, now_s: float
    ) -> Close | None:
        """Any attempt's decision ends the alert; None where it is not known or already parked."""
        self._hear_ack(executor_id, now_s)
        waiting = self._known.get(alert_id)
        if waiting is None or not waiting.was_sent or self._heads[waiting.key] is not waiting:
            return None
        if outcome is Outcome.UNKNOWN:
            self._ground(waiting)
            waiting.reason = ASKED_AGAIN
            self._send_later(waiting, now_s + PARKED_ASK_S)
            if waiting.is_parked:
                return None
            waiting.is_parked = True
            self.parked += 1
        else:
            self._end(waiting)
            if outcome is Outcome.VOIDED:
                detail = waiting.drop_detail or detail
        return Close(alert_id, outcome, detail)

    def fail_send(self, alert_id: str) -> None:
        """The attempt was not sent: nobody could take it. The same attempt is tried again."""
        waiting = self._flying.pop(alert_id, None)
        if waiting is not None:
            waiting.is_written = True
            self._again.appendleft(waiting)

    def plan(self, now_s: float) -> Plan:
        """Work through time-outs and fill the window."""
        plan = Plan()
        self._drop_silent_executors(plan, now_s)
        self._time_out(plan, now_s)
        # Not all of the window: a gateway that hangs must not keep the others' alerts from going.
        again_room = self.window - self.window // FRESH_SHARE - self._in_flight_again()
        while self._has_room() and (line := self._next_line(may_repeat=again_room > 0)):
            again_room -= line is self._again
            self._send(line.popleft(), plan, now_s)
        return plan

    def _next_line(self, *, may_repeat: bool) -> Line[Waiting] | None:
        lines = (self._again, self._ready) if may_repeat else (self._ready,)
        urgent = (line for line in lines if line.is_urgent)
        return next(urgent, None) or next((line for line in lines if line), None)

    def _set_window(self) -> None:
        capacity = sum(each.capacity for each in self.executors.values())
        self.window = min(WINDOW_MAX, 2 * capacity)

    def _in_flight_again(self) -> int:
        return sum(waiting.attempts > 1 for waiting in self._flying.values())

    def _has_room(self) -> bool:
        return len(self._flying) < self.window

    def _send(self, waiting: Waiting, plan: Plan, now_s: float) -> None:
        is_written = waiting.is_written
        is_noted = False
        if not is_written:
            waiting.attempts += 1
            is_noted = self._note(waiting)
        waiting.is_written = False
        waiting.was_sent = True
        waiting.executor = ""
        waiting.deadline_s = now_s + RECEIVED_TIMEOUT_S
        self._flying[waiting.alert_id] = waiting
        plan.sends.append(
            Send(
                waiting.alert_id,
                waiting.key,
                waiting.seq,
                waiting.attempts,
                waiting.mode,
                waiting.not_after,
                is_written,
                waiting.reason if waiting.attempts > 1 else "",
                is_noted,
            )
        )

    def _note(self, waiting: Waiting) -> bool:
        """Whether this send gets a row: a parked alert, asked for days, only for a new reason."""
        is_first = waiting.attempts == 1
        is_told = waiting.is_parked and waiting.reason == waiting.noted
        if is_first or is_told or waiting.notes >= ATTEMPT_ROWS_MAX:
            return False
        waiting.noted = waiting.reason
        waiting.notes += 1
        return True

    def _drop_silent_executors(self, plan: Plan, now_s: float) -> None:
        """Take back at once what an executor held whose heartbeats are missing."""
        for executor_id, executor in list(self.executors.items()):
            if now_s - executor.heard_s < HEARTBEAT_TIMEOUT_S:
                continue
            del self.executors[executor_id]
            self._set_window()
            plan.lost_executors.append(executor_id)
            for waiting in [w for w in self._flying.values() if w.executor == executor_id]:
                self._take_back(waiting, plan, f"executor {executor_id} fell silent")

    def _time_out(self, plan: Plan, now_s: float) -> None:
        for waiting in [w for w in self._flying.values() if w.deadline_s <= now_s]:
            what, timeout_s = (
                ("decision", DECIDED_TIMEOUT_S)
                if waiting.executor
                else ("RECEIVED", RECEIVED_TIMEOUT_S)
            )
            self._take_back(waiting, plan, f"no {what} within {timeout_s:g} s")
        while self._alarms and self._alarms[0][0] <= now_s:
            _, _, waiting = heappop(self._alarms)
            if self._backing.pop(waiting.alert_id, None):
                self._again.append(waiting)

    def _take_back(self, waiting: Waiting, plan: Plan, reason: str) -> None:
        """Send it again; received and then silence counts towards giving up on it."""
        waiting.reason = reason
        del self._flying[waiting.alert_id]
        if waiting.executor:
            waiting.silences += 1
            if waiting.silences >= SILENCES_MAX and waiting.mode is Mode.EXECUTE:
                waiting.mode = Mode.VOID
                plan.voided.append(waiting.alert_id)
        waiting.executor = ""
        self._again.append(waiting)

    def _lead(self, waiting: Waiting) -> None:
        """Make the alert the head of its key."""
        self._heads[waiting.key] = waiting
        self.parked += waiting.is_parked
        if waiting.was_sent or waiting.is_parked:
            waiting.reason = ASKED_AGAIN if waiting.is_parked else waiting.reason or RESTARTED
            self._again.append(waiting)
        else:
            self._ready.append(waiting)

    def _end(self, waiting: Waiting) -> None:
        """Forget a decided head; the next of its key steps forward."""
        self._ground(waiting)
        if waiting.is_parked:
            self.parked -= 1
        del self._known[waiting.alert_id]
        queue = self._behind.get(waiting.key)
        if queue is None:
            del self._heads[waiting.key]
            return
        self._lead(queue.popleft())
        if not queue:
            del self._behind[waiting.key]

    def _send_later(self, waiting: Waiting, at_s: float) -> None:
        waiting.deadline_s = at_s
        self._backing[waiting.alert_id] = waiting
        self._alarm_number += 1
        heappush(self._alarms, (at_s, self._alarm_number, waiting))

    def _ground(self, waiting: Waiting) -> None:
        """Take the alert out of whatever would send it."""
        if self._flying.pop(waiting.alert_id, None) or self._backing.pop(waiting.alert_id, None):
            return
        if waiting in self._again:
            self._again.remove(waiting)

    def _hear_ack(self, executor_id: str, now_s: float) -> None:
        if executor := self.executors.get(executor_id):
            executor.heard_s = now_s
