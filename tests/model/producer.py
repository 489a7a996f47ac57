"""Door and dispatcher, one process, as `producer/` does it.

Timers are left out: whatever a time-out may cause may happen at any moment. Deliveries stay on the
network, so a re-send shows only where none had left before.
"""

from itertools import permutations
from typing import Final

from tests.model.state import (
    ABSENT,
    ACCEPTED,
    AWAY,
    EXPIRED,
    GONE,
    INFLIGHT,
    NEW,
    PROMISED,
    RECEIVED,
    SENT,
    SHRUGGED,
    UNKNOWN,
    VOIDED,
    VOIDING,
    WAITING,
    WRITTEN,
    Model,
    State,
    Step,
    told,
)

KILLED: Final = "the producer is killed and starts again"
DOUBTED: Final = "the door's commit is kept but reported as failed (503)"


def steps(m: Model, s: State, found: list[Step]) -> None:
    """Add all that door and dispatcher may do in a state."""
    is_unread = any(_is_unread(m, s, i) for i in m.alerts)
    _door(m, s, is_unread, found)
    for i in m.alerts:
        if s[m.status + i] == AWAY:
            continue
        if not m.world.safeguards.flies_one_per_key or s[m.head + m.keys[i]] == i + 1:
            _hear(m, s, i, found)
            if not is_unread:
                _deliver(m, s, i, found)
    if is_unread:
        _take_in(m, s, found)
    if any(s[m.due : m.due + len(m.alerts)]):
        draft = bytearray(s)
        _settle(m, draft)
        found.append(Step("the dispatcher commits what has ended", -1, bytes(draft)))
    restarted = restart(m, s)
    if restarted != s:
        found.append(Step(KILLED, -1, restarted))


def restart(m: Model, s: State) -> State:
    """Lose all memory, then read the journal."""
    draft = bytearray(s)
    for i in m.alerts:
        draft[m.due + i] = 0
        draft[m.status + i] = AWAY
        if s[m.journal + i] == PROMISED:
            draft[m.journal + i] = GONE
    for key in range(len(m.lines)):
        draft[m.head + key] = 0
    for i in m.alerts:
        _load(m, draft, i)
    return bytes(draft)


def is_undecided(code: int) -> bool:
    return NEW <= code <= UNKNOWN


def _door(m: Model, s: State, is_unread: bool, found: list[Step]) -> None:
    guards = m.world.safeguards
    for i in m.alerts:
        code = s[m.journal + i]
        if code not in {ABSENT, PROMISED}:
            continue
        line, place = m.lines[m.keys[i]], m.seq[i] - 1
        if place and s[m.journal + line[place - 1]] in {ABSENT, PROMISED}:
            continue
        is_twin = any(
            m.contents[j] == m.contents[i] and s[m.journal + j] > GONE for j in m.alerts if j != i
        )
        if is_twin and guards.finds_twins:
            continue
        if code == ABSENT and not guards.commits_before_200:
            draft = bytearray(s)
            draft[m.journal + i] = PROMISED
            found.append(Step("the door answers 200 before it commits", i, bytes(draft)))
            continue
        for journaled, status, what in (
            (NEW, WAITING, "the door commits the alert as NEW and answers 200"),
            (INFLIGHT, WRITTEN, "the door commits the alert as INFLIGHT and answers 200"),
        ):
            draft = bytearray(s)
            draft[m.journal + i] = journaled
            if m.world.commits_may_be_doubtful:
                found.append(Step(DOUBTED, i, bytes(draft)))
            if not is_unread:
                # Otherwise it waits behind the doubt, to be taken in with what that kept.
                _add(m, draft, i, status)
            found.append(Step(what, i, bytes(draft)))


def _deliver(m: Model, s: State, i: int, found: list[Step]) -> None:
    guards = m.world.safeguards
    status, bit = s[m.status + i], 1 << i
    draft = bytearray(s)
    if status == WAITING:
        if guards.writes_ahead:
            _settle(m, draft)
            if draft[m.journal + i] == NEW:
                draft[m.journal + i] = INFLIGHT
        draft[m.status + i] = WRITTEN
        what = "the dispatcher commits INFLIGHT" if guards.writes_ahead else "its turn has come"
        found.append(Step(what, i, bytes(draft)))
        if not guards.leaves_unsent_alive and s[m.journal + i] == NEW:
            found.append(_end(m, s, i, EXPIRED, "what was never sent has expired"))
    elif status == WRITTEN or (status == SENT and not s[m.executes] & bit):
        draft[m.status + i] = SENT
        draft[m.executes] |= bit
        found.append(Step("the dispatcher sends the alert", i, bytes(draft)))
        if m.world.alerts_may_be_voided:
            draft = bytearray(s)
            draft[m.status + i] = VOIDING
            draft[m.voids] |= bit
            found.append(Step("dropped: the dispatcher sends it to be voided", i, bytes(draft)))
    elif status == SENT:
        if m.world.alerts_may_be_voided:
            draft[m.status + i] = VOIDING
            draft[m.voids] |= bit
            found.append(Step("silence: the dispatcher sends it to be voided", i, bytes(draft)))
        if not guards.leaves_expiry:
            found.append(_end(m, s, i, EXPIRED, "the dispatcher declares it expired"))
        if not guards.leaves_giving_up:
            found.append(_end(m, s, i, VOIDED, "the dispatcher gives up on it"))
        if not guards.waits_for_decision:
            found.append(_end(m, s, i, RECEIVED, "RECEIVED closes the alert"))
        if s[m.journal + i] == NEW:
            draft = bytearray(s)
            draft[m.journal + i] = INFLIGHT
            found.append(Step("the dispatcher commits INFLIGHT, late", i, bytes(draft)))


def _hear(m: Model, s: State, i: int, found: list[Step]) -> None:
    """Take a DECIDED of any attempt."""
    if s[m.status + i] not in {SENT, VOIDING}:
        return
    outcomes = _outcomes(m, s, i)
    found.extend(
        _end(m, s, i, outcome, f"DECIDED {_SAID[outcome]} arrives")
        for outcome in outcomes
        if outcome != UNKNOWN
    )
    if UNKNOWN in outcomes:
        if not m.world.safeguards.parks_unknown:
            found.append(_end(m, s, i, SHRUGGED, "DECIDED UNKNOWN ends the alert"))
        elif UNKNOWN not in {s[m.journal + i], s[m.due + i]}:
            draft = bytearray(s)
            draft[m.due + i] = UNKNOWN
            found.append(Step("DECIDED UNKNOWN arrives: the key is parked", i, bytes(draft)))


def _outcomes(m: Model, s: State, i: int) -> list[int]:
    """What executors may make of the gateway's answers, once there is one to each command.

    The first of UNKNOWN, ACCEPTED, REJECTED, EXPIRED, VOIDED stands for all: the codes' own order.
    """
    answers = [s[m.answers + c] for c in m.siblings(i)]
    return [
        outcome
        for outcome in range(UNKNOWN, VOIDED + 1)
        if any(answer & told(outcome) for answer in answers)
        and all(answer >= told(outcome) for answer in answers)
    ]


_SAID: Final = ("",) * ACCEPTED + ("ACCEPTED", "REJECTED", "EXPIRED", "VOIDED")


def _is_unread(m: Model, s: State, i: int) -> bool:
    """True for a row that the dispatcher was not told of."""
    is_away = s[m.status + i] == AWAY and not s[m.due + i]
    return is_away and is_undecided(s[m.journal + i])


def _take_in(m: Model, s: State, found: list[Step]) -> None:
    """Read what doubted commits may have kept; nothing is sent before."""
    orders = [m.alerts] if m.world.safeguards.takes_in_by_number else permutations(m.alerts)
    for order in orders:
        draft = bytearray(s)
        for i in order:
            _load(m, draft, i)
        found.append(Step("the dispatcher reads what a doubted commit kept", -1, bytes(draft)))


def _settle(m: Model, draft: bytearray) -> None:
    for i in m.alerts:
        if draft[m.due + i]:
            draft[m.journal + i] = draft[m.due + i]
            draft[m.due + i] = 0


def _end(m: Model, s: State, i: int, outcome: int, what: str) -> Step:
    """End an alert in memory, to be committed with the next commit."""
    draft = bytearray(s)
    draft[m.status + i] = AWAY
    draft[m.due + i] = outcome
    key = m.keys[i]
    if draft[m.head + key] == i + 1:
        known = [j for j in m.lines[key] if draft[m.status + j] != AWAY]
        draft[m.head + key] = known[0] + 1 if known else 0
    return Step(what, i, bytes(draft))


def _load(m: Model, draft: bytearray, i: int) -> None:
    """Take what the journal holds; what is known stays as it is."""
    code = draft[m.journal + i]
    if is_undecided(code) and draft[m.status + i] == AWAY:
        _add(m, draft, i, WAITING if code == NEW else SENT)


def _add(m: Model, draft: bytearray, i: int, status: int) -> None:
    """Put an alert behind the head of its key."""
    draft[m.status + i] = status
    if not draft[m.head + m.keys[i]]:
        draft[m.head + m.keys[i]] = i + 1
