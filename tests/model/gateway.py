"""The gateway, as `gateway/` does it: register, dealer and link, one order per command.

Its clock decides expiry, so an alert may be found too old at any moment. What it says to executors
goes to the network as soon as it is decided.
"""

from itertools import product
from typing import Final

from tests.model.state import (
    ABSENT,
    ACCEPTED,
    AGAIN,
    EXPIRED,
    FIRST_ID,
    IDLE,
    IDS_MAX,
    INTENT,
    PLACING,
    REJECTED,
    TAKEN,
    UNKNOWN,
    UNRECORDED,
    VOIDED,
    Model,
    State,
    Step,
    told,
)

KILLED: Final = "the gateway is killed and starts again"
CUT: Final = "the connection to the broker is cut"


def steps(m: Model, s: State, found: list[Step]) -> None:
    """Add all that the gateway may do in a state."""
    executes, voids = s[m.executes], s[m.voids]
    for alert in m.alerts:
        if m.world.executors_may_differ and (executes & ~voids) >> alert & 1:
            draft = bytearray(s)
            draft[m.voids] |= 1 << alert
            found.append(Step("an executor cannot plan it: void it", alert, bytes(draft)))
        if voids >> alert & 1:
            _void(m, s, alert, found)
    for i in m.commands:
        if executes >> m.alert_of[i] & 1:
            _take(m, s, i, found)
        if s[m.hand + i]:
            _carry_out(m, s, i, found)
        if s[m.ledger + i] in {INTENT, UNKNOWN}:
            _learn(m, s, i, found)
    if s[m.connected]:
        found.append(Step(CUT, -1, bytes(_cut(m, s))))
    elif not (m.world.frees_id_late and s[m.late]):
        _connect(m, s, found)
    killed = _killed(m, s)
    if killed != s:
        found.append(Step(KILLED, -1, killed))


def _take(m: Model, s: State, i: int, found: list[Step]) -> None:
    """A command in mode EXECUTE arrives."""
    if s[m.ledger + i] or s[m.hand + i]:
        # What was decided was told then, and that answer may arrive again at any time.
        return
    if _is_fenced(m, s, i):
        draft = bytearray(s)
        draft[m.answers + i] |= told(VOIDED)
        if draft != s:
            what = "the gateway answers VOIDED: it is below the fence"
            found.append(Step(what, m.alert_of[i], bytes(draft)))
    elif not _is_busy(m, s, i):
        if s[m.connected]:
            draft = bytearray(s)
            draft[m.hand + i] = TAKEN
            found.append(Step("the gateway takes the command", m.alert_of[i], bytes(draft)))
        else:
            draft = bytearray(s)
            _decide(m, draft, i, EXPIRED)
            found.append(
                Step("the gateway finds it EXPIRED on arrival", m.alert_of[i], bytes(draft))
            )


def _void(m: Model, s: State, alert: int, found: list[Step]) -> None:
    """A command in mode VOID arrives: it is about all commands of its alert."""
    draft = bytearray(s)
    for i in m.siblings(alert):
        if s[m.hand + i] == TAKEN:
            draft[m.hand + i] = IDLE
            _decide(m, draft, i, VOIDED)
    key, seq = m.keys[alert], m.seq[alert]
    if seq >= draft[m.fence + key] >> 1:
        draft[m.fence + key] = 2 * seq + 1
    rows = [draft[m.ledger + i] for i in m.siblings(alert)]
    if INTENT not in rows or not m.world.safeguards.waits_to_void:
        # The executor gets one answer for all of them.
        end = min((row for row in rows if row >= UNKNOWN), default=VOIDED)
        for i in m.siblings(alert):
            draft[m.answers + i] |= told(end)
    after = bytes(draft)
    if after != s:
        found.append(Step("the gateway is asked to void it", alert, after))


def _carry_out(m: Model, s: State, i: int, found: list[Step]) -> None:
    """Go on with a command in hand."""
    guards, hand = m.world.safeguards, s[m.hand + i]
    if hand == TAKEN:
        _release(m, s, i, found)
    elif hand == UNRECORDED:
        draft = bytearray(s)
        draft[m.hand + i] = IDLE
        _write_intent(m, draft, i)
        found.append(Step("the gateway writes INTENT after it placed", m.alert_of[i], bytes(draft)))
    elif s[m.connected] and not any(
        s[m.hand + j] in {PLACING, AGAIN} and s[m.order_id + j] < s[m.order_id + i]
        for j in m.commands
    ):
        if hand == PLACING or m.world.unseen_may_end:
            for outcome in _ends(m, s, i):
                draft = bytearray(s)
                draft[m.hand + i] = IDLE
                _decide(m, draft, i, outcome)
                what = f"before it is sent, it {_VERDICTS[outcome]}"
                found.append(Step(what, m.alert_of[i], bytes(draft)))
        draft = bytearray(s)
        wire = m.queue(s, m.wire)
        if len(wire) == m.slots:
            return
        m.write_queue(draft, m.wire, [*wire, 16 * s[m.order_id + i] + i])
        draft[m.hand + i] = IDLE if s[m.ledger + i] else UNRECORDED
        if not guards.waits_for_broker:
            _decide(m, draft, i, ACCEPTED)
        found.append(
            Step(f"the gateway sends order id {s[m.order_id + i]}", m.alert_of[i], bytes(draft))
        )


def _release(m: Model, s: State, i: int, found: list[Step]) -> None:
    """Its turn has come: it has expired, was overtaken, is refused, or becomes an order."""
    guards = m.world.safeguards
    ends = [(EXPIRED, "the gateway finds it EXPIRED"), (REJECTED, "the gateway refuses it")]
    is_overtaken = guards.looks_again and _is_fenced(m, s, i)
    if is_overtaken:
        ends[1] = (VOIDED, "the gateway voids it: it was overtaken")
    for outcome, what in ends:
        draft = bytearray(s)
        draft[m.hand + i] = IDLE
        _decide(m, draft, i, outcome)
        found.append(Step(what, m.alert_of[i], bytes(draft)))
    number = _next_order_id(m, s)
    if is_overtaken or number > IDS_MAX:
        return
    draft = bytearray(s)
    draft[m.order_id + i] = number
    draft[m.hand + i] = PLACING
    if guards.writes_intent:
        _write_intent(m, draft, i)
    found.append(
        Step(f"the gateway commits INTENT, order id {number}", m.alert_of[i], bytes(draft))
    )


def _learn(m: Model, s: State, i: int, found: list[Step]) -> None:
    """The broker tells of an order, or is asked and lists nothing; a person resolves."""
    is_ordered, row = m.is_placed(s, i), s[m.ledger + i]
    if s[m.connected] and is_ordered:
        draft = bytearray(s)
        _decide(m, draft, i, ACCEPTED)
        found.append(Step("the broker tells the gateway of the order", m.alert_of[i], bytes(draft)))
        if not m.world.safeguards.knows_refusals:
            draft = bytearray(s)
            _decide(m, draft, i, REJECTED)
            found.append(
                Step("an error about the order counts as a refusal", m.alert_of[i], bytes(draft))
            )
    if s[m.refused] >> i & 1:
        draft = bytearray(s)
        _decide(m, draft, i, REJECTED)
        found.append(
            Step("the broker tells the gateway of its refusal", m.alert_of[i], bytes(draft))
        )
    if s[m.connected] and row == INTENT and s[m.hand + i] == IDLE and not s[m.wire]:
        draft = bytearray(s)
        _decide(m, draft, i, UNKNOWN)
        found.append(
            Step("the gateway asks for the order: not listed, UNKNOWN", m.alert_of[i], bytes(draft))
        )
    if row == UNKNOWN and not any(e & 15 == i for e in (*m.queue(s, m.wire), *m.queue(s, m.late))):
        draft = bytearray(s)
        _decide(m, draft, i, ACCEPTED if is_ordered else VOIDED)
        word = "placed" if is_ordered else "not placed"
        found.append(Step(f"a person looks and resolves: {word}", m.alert_of[i], bytes(draft)))


def _connect(m: Model, s: State, found: list[Step]) -> None:
    """Connect, and judge every open INTENT by what the broker lists."""
    judged = [i for i in m.commands if s[m.ledger + i] == INTENT]
    for verdicts in product(*(_verdicts(m, s, i) for i in judged)):
        draft = bytearray(s)
        draft[m.connected] = 1
        said = []
        for i, verdict in zip(judged, verdicts, strict=True):
            if verdict != INTENT:
                draft[m.hand + i] = IDLE
                _decide(m, draft, i, verdict)
                said.append(f"{m.alert_of[i] + 1} {_VERDICTS[verdict]}")
            elif s[m.hand + i] == PLACING:
                said.append(f"{m.alert_of[i] + 1} never left: send it")
            else:
                draft[m.hand + i] = AGAIN
                if not m.world.safeguards.keeps_order_id:
                    draft[m.order_id + i] = _next_order_id(m, draft)
                said.append(f"{m.alert_of[i] + 1} is placed again as id {draft[m.order_id + i]}")
        found.append(Step(": ".join(("the gateway connects", *said)), -1, bytes(draft)))


_VERDICTS: Final = {
    ACCEPTED: "is listed: ACCEPTED",
    UNKNOWN: "is not listed: UNKNOWN",
    VOIDED: "is VOIDED",
    EXPIRED: "is EXPIRED by now",
    REJECTED: "is refused now",
}


def _verdicts(m: Model, s: State, i: int) -> set[int]:
    """What recovery may make of an INTENT; INTENT: it is placed (again)."""
    guards, world = m.world.safeguards, m.world
    if s[m.hand + i] == PLACING or (s[m.hand + i] == AGAIN and not guards.remembers_bytes):
        return {INTENT} | _ends(m, s, i)
    is_listed = guards.reads_lists and m.is_placed(s, i)
    verdicts = {ACCEPTED} if is_listed else set()
    if not is_listed or world.lists_may_lack:
        verdicts.add(UNKNOWN if guards.doubts_absence else VOIDED)
        if not guards.doubts_age:
            verdicts.add(EXPIRED)
        next_id = s[m.next_id]
        acknowledged = max(
            (s[m.order_id + j] for j in m.commands if s[m.ledger + j] == ACCEPTED),
            default=FIRST_ID - 1,
        )
        is_unseen = not guards.reads_next_id or next_id <= s[m.order_id + i]
        is_reset = guards.notices_reset and next_id <= acknowledged
        can_number = guards.keeps_order_id or _next_order_id(m, s) + len(m.commands) <= IDS_MAX
        if is_unseen and not is_reset:
            if can_number:
                verdicts.add(INTENT)
            if world.unseen_may_end:
                verdicts |= _ends(m, s, i)
    return verdicts


def _ends(m: Model, s: State, i: int) -> set[int]:
    """What may become of an order, written down, that no broker has."""
    return {EXPIRED, REJECTED, VOIDED} if _is_fenced(m, s, i) else {EXPIRED, REJECTED}


def _cut(m: Model, s: State) -> bytearray:
    """Lose the connection: the broker may read its bytes late; what waits is sent back."""
    draft = bytearray(s)
    draft[m.connected] = draft[m.refused] = 0
    if wire := m.queue(s, m.wire):
        # More copies of the same bytes than one would show nothing new.
        late = dict.fromkeys([*m.queue(s, m.late), *wire])
        m.write_queue(draft, m.late, list(late)[: m.slots])
        m.write_queue(draft, m.wire, [])
    for i in m.commands:
        if s[m.hand + i] == TAKEN:
            draft[m.hand + i] = IDLE
    return draft


def _killed(m: Model, s: State) -> State:
    """Lose the connection and all memory."""
    draft = _cut(m, s)
    keeps = m.world.safeguards.keeps_ledger
    for i in m.commands:
        draft[m.hand + i] = IDLE
        if not keeps:
            draft[m.ledger + i] = ABSENT
        if not draft[m.ledger + i]:
            draft[m.order_id + i] = 0
    if not keeps:
        for key in range(len(m.lines)):
            draft[m.fence + key] = 0
    return bytes(draft)


def _decide(m: Model, draft: bytearray, i: int, outcome: int) -> None:
    """Commit an outcome, and tell whoever waits."""
    if draft[m.ledger + i] == ABSENT:
        _raise_fence(m, draft, i)
    draft[m.ledger + i] = outcome
    draft[m.answers + i] |= told(outcome)


def _write_intent(m: Model, draft: bytearray, i: int) -> None:
    draft[m.ledger + i] = INTENT
    _raise_fence(m, draft, i)


def _raise_fence(m: Model, draft: bytearray, i: int) -> None:
    alert = m.alert_of[i]
    place = m.fence + m.keys[alert]
    if m.seq[alert] > draft[place] >> 1:
        draft[place] = 2 * m.seq[alert]


def _is_fenced(m: Model, s: State, i: int) -> bool:
    guards, alert = m.world.safeguards, m.alert_of[i]
    fence = s[m.fence + m.keys[alert]]
    number, is_void = fence >> 1, fence & 1
    if m.seq[alert] == number:
        return bool(guards.fences_voids and (is_void or not m.world.siblings_may_pass))
    return guards.fences_order and m.seq[alert] < number


def _is_busy(m: Model, s: State, i: int) -> bool:
    """Another command of the key and account is open."""
    key, account = m.keys[m.alert_of[i]], i % m.accounts
    return m.world.safeguards.opens_one_per_key and any(
        j != i and (s[m.ledger + j] == INTENT or s[m.hand + j])
        for j in m.commands[account :: m.accounts]
        if m.keys[m.alert_of[j]] == key
    )


def _next_order_id(m: Model, s: State | bytearray) -> int:
    used = s[m.order_id : m.order_id + len(m.commands)]
    return max(FIRST_ID, s[m.next_id], max(used) + 1)
