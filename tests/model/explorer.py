"""Breadth-first over all reachable states: what breaks first, and what can no longer end."""

from array import array
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from tests.model import broker, gateway, producer
from tests.model.invariants import INVARIANTS, broken, is_settled
from tests.model.state import Model, State, Step

FAULTS: Final = frozenset(
    {
        producer.KILLED,
        producer.DOUBTED,
        gateway.KILLED,
        gateway.CUT,
        broker.LOST,
        broker.RESET,
    }
)
"""Steps that no path to a good end may need."""
REPORT_STATES: Final = 20_000
"""Between two reports of progress."""

Progress = Callable[[int, int, float], None]


@dataclass
class Result:
    """What an exploration found; `trace` leads to the first broken state."""

    states: int
    transitions: int
    seconds: float
    verdicts: set[str] = field(default_factory=set)
    """Broken invariants; STUCK: a state from which no good path ends; LIMIT: too many states."""
    trace: list[Step] = field(default_factory=list)
    happened: set[str] = field(default_factory=set)
    """What happened at least once."""

    @property
    def said(self) -> str:
        return "/".join(sorted(self.verdicts)) or "holds"


def steps(m: Model, s: State) -> list[Step]:
    """Return all that may happen in a state."""
    found: list[Step] = []
    producer.steps(m, s, found)
    gateway.steps(m, s, found)
    broker.steps(m, s, found)
    return found


def explore(
    m: Model,
    *,
    watched: Collection[str] = frozenset(INVARIANTS),
    is_live: bool = True,
    states_max: int = 50_000_000,
    progress: Progress | None = None,
) -> Result:
    """Visit every reachable state once, to the first that breaks what is watched.

    With `is_live`, then look for a state from which no good end can come any more.
    """
    began_s = monotonic()
    first = m.first()
    index = {first: 0}
    states = [first]
    parents = array("i", [-1])
    targets, starts = array("i"), array("q", [0])
    transitions = 0
    happened: set[str] = set()

    def result(verdicts: set[str], last: int = -1) -> Result:
        trace = _trace(m, states, parents, last) if last >= 0 else []
        return Result(len(states), transitions, monotonic() - began_s, verdicts, trace, happened)

    for number, state in enumerate(states):
        for step in steps(m, state):
            transitions += 1
            happened.add(step.what)
            after = step.after
            known = index.get(after)
            if known is None:
                known = index[after] = len(states)
                states.append(after)
                parents.append(number)
                if verdicts := broken(m, after, watched):
                    return result(verdicts, known)
            if is_live and step.what not in FAULTS:
                targets.append(known)
        starts.append(len(targets))
        if len(states) > states_max:
            return result({"LIMIT"})
        if progress and number % REPORT_STATES == 0:
            progress(number, len(states), monotonic() - began_s)
    if is_live and (stuck := _stuck(m, states, starts, targets)) is not None:
        return result({"STUCK"}, stuck)
    return result(set())


def replay(m: Model, trace: list[Step]) -> State:
    """Take the steps of a trace again, each only where the model allows it; return the last state.

    Raises ValueError for a step that cannot happen.
    """
    state = m.first()
    for step in trace:
        if step not in steps(m, state):
            raise ValueError(f"cannot happen: {step}")
        state = step.after
    return state


def tell(m: Model, trace: list[Step]) -> str:
    """Write a trace as a list of numbered steps, and where it ends."""
    lines = [f"{number:3d}. {step}" for number, step in enumerate(trace, start=1)]
    return "\n".join([*lines, f"     {m.show(trace[-1].after if trace else m.first())}"])


def _trace(m: Model, states: list[State], parents: "array[int]", last: int) -> list[Step]:
    trace = []
    while (parent := parents[last]) >= 0:
        found = steps(m, states[parent])
        trace.append(next(step for step in found if step.after == states[last]))
        last = parent
    return trace[::-1]


def _stuck(
    m: Model, states: list[State], starts: "array[int]", targets: "array[int]"
) -> int | None:
    """Find the first state from which no path without faults decides every alert."""
    is_good = bytearray(is_settled(m, state) for state in states)
    open_ = [number for number in range(len(states) - 1, -1, -1) if not is_good[number]]
    while open_:
        left = []
        for number in open_:
            if any(is_good[target] for target in targets[starts[number] : starts[number + 1]]):
                is_good[number] = 1
            else:
                left.append(number)
        if len(left) == len(open_):
            return min(left)
        open_ = left
    return None
