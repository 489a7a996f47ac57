"""What must hold in every state. Each returns whether it is broken."""

from collections.abc import Callable, Collection
from typing import Final

from tests.model.state import (
    ABSENT,
    ACCEPTED,
    EXPIRED,
    GONE,
    RECEIVED,
    REJECTED,
    UNKNOWN,
    VOIDED,
    Model,
    State,
)


def lost(m: Model, s: State) -> bool:
    """I1 LOST: an alert that was answered 200 stands in the journal until it is decided."""
    return any(
        s[m.journal + i] == GONE
        or (
            s[m.journal + i] == RECEIVED
            and any(s[m.ledger + c] <= UNKNOWN and not m.is_placed(s, c) for c in m.siblings(i))
        )
        for i in m.alerts
    )


def duplicate(m: Model, s: State) -> bool:
    """I2 DUPLICATE: no alert has two orders at the broker for one account."""
    commands = [entry & 15 for entry in m.queue(s, m.book)]
    ordered = [(m.contents[m.alert_of[c]], c % m.accounts) for c in commands]
    return len(set(ordered)) < len(ordered)


def out_of_order(m: Model, s: State) -> bool:
    """I3 ORDER: the orders of a key came to the broker in the order of its alerts."""
    last = [-1] * len(m.lines)
    for entry in m.queue(s, m.book):
        alert = m.alert_of[entry & 15]
        if alert < last[m.keys[alert]]:
            return True
        last[m.keys[alert]] = alert
    return False


def untrue(m: Model, s: State) -> bool:
    """I4 UNTRUE: the journal says nothing that the broker's book contradicts."""
    for i in m.alerts:
        said = s[m.journal + i]
        if said == ACCEPTED and not m.is_ordered(s, i):
            return True
        if said in {REJECTED, EXPIRED, VOIDED} and m.is_ordered(s, i):
            return True
    return False


def overtaken(m: Model, s: State) -> bool:
    """I5 OVERTAKEN: no accepted alert is voided unasked, because a later one of its key went first.

    The fence would rather void it than order it late: safe, but not what was accepted.
    """
    return any(
        VOIDED in {s[m.journal + i], s[m.due + i]}
        and all(s[m.ledger + c] == ABSENT for c in m.siblings(i))
        and not s[m.voids] >> i & 1
        for i in m.alerts
    )


INVARIANTS: Final[dict[str, Callable[[Model, State], bool]]] = {
    "LOST": lost,
    "DUPLICATE": duplicate,
    "ORDER": out_of_order,
    "UNTRUE": untrue,
    "OVERTAKEN": overtaken,
}


def broken(m: Model, s: State, watched: Collection[str]) -> set[str]:
    """Name the watched invariants that a state breaks."""
    return {name for name in watched if INVARIANTS[name](m, s)}


def is_settled(m: Model, s: State) -> bool:
    """Liveness asks for such a state: every alert of the journal has its outcome there."""
    return all(not s[m.journal + i] or s[m.journal + i] >= ACCEPTED for i in m.alerts) and not any(
        s[m.due : m.due + len(m.alerts)]
    )
