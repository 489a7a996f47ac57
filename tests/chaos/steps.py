"""The crash matrix as steps: which frame on which line marks the moment, and what happens then.

What is killed before a frame is forwarded looks to the other side as if it was killed before it
sent it. So the moment between the intent's commit and placeOrder is hit by keeping placeOrder back.
"""

from dataclasses import dataclass
from enum import Enum


class When(Enum):
    """What happens at the frame."""

    BEFORE = "killed, and the frame never arrives"
    AFTER = "killed as the frame has arrived"
    WITHIN = "killed a moment after the frame has arrived"
    LATE = "killed, and the frame arrives long after"
    DECIDED = "killed as the journal says DONE"
    STOPPED = "stopped as the frame has arrived, awake again later"
    CUT_BEFORE = "connection ended, and the frame never arrives"
    CUT_AFTER = "connection ended as the frame has arrived"


KILLING = frozenset({When.BEFORE, When.AFTER, When.WITHIN, When.LATE, When.DECIDED})


@dataclass(frozen=True, slots=True)
class Step:
    """`victim` is a process; "consumer" is whichever consumer the frame is of."""

    name: str
    victim: str
    kind: str
    when: When

    @property
    def is_kill(self) -> bool:
        return self.when in KILLING


def _steps(victim: str, *rows: tuple[str, str, When]) -> list[Step]:
    return [Step(f"{victim}: {name}", victim, kind, when) for name, kind, when in rows]


STEPS = (
    *_steps(
        "producer",
        ("request unread", "request", When.BEFORE),
        ("before the alert's COMMIT", "request", When.WITHIN),
        ("after COMMIT, before 200", "answer", When.BEFORE),
        ("after 200", "answer", When.AFTER),
        ("after INFLIGHT, before the send", "delivery", When.BEFORE),
        ("after the send", "delivery", When.AFTER),
        ("decision unread", "decided", When.BEFORE),
        ("before DONE commits", "decided", When.WITHIN),
        ("after DONE", "decided", When.DECIDED),
    ),
    *_steps(
        "consumer",
        ("delivery unread", "delivery", When.BEFORE),
        ("delivery taken", "delivery", When.WITHIN),
        ("before RECEIVED", "received", When.BEFORE),
        ("after RECEIVED", "received", When.AFTER),
        ("before the command", "command", When.BEFORE),
        ("after the command", "command", When.AFTER),
        ("its command comes late", "command", When.LATE),
        ("reply unread", "reply", When.BEFORE),
        ("before the ack", "decided", When.BEFORE),
        ("after the ack", "decided", When.AFTER),
        ("asleep, wakes as a zombie", "delivery", When.STOPPED),
    ),
    *_steps(
        "gateway",
        ("command unread", "command", When.BEFORE),
        ("before INTENT commits", "command", When.WITHIN),
        ("after INTENT, before placeOrder", "place_order", When.BEFORE),
        ("its placeOrder comes late", "place_order", When.LATE),
        ("after placeOrder", "place_order", When.AFTER),
        ("acknowledgement unread", "order_news", When.BEFORE),
        ("before ACCEPTED commits", "order_news", When.WITHIN),
        ("after ACCEPTED, before the reply", "reply", When.BEFORE),
        ("after the reply", "reply", When.AFTER),
        ("asleep, wakes later", "command", When.STOPPED),
    ),
    *_steps(
        "broker",
        ("line cut before placeOrder", "place_order", When.CUT_BEFORE),
        ("line cut after placeOrder", "place_order", When.CUT_AFTER),
        ("line cut before its acknowledgement", "order_news", When.CUT_BEFORE),
    ),
)
BY_NAME = {step.name: step for step in STEPS}


def chosen(words: str) -> list[Step]:
    """Return the steps whose names hold one of the words, separated by commas; empty: all."""
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    found = [s for s in STEPS if not wanted or any(word in s.name for word in wanted)]
    if not found:
        raise ValueError(f"no step is named like {words!r}; there are: {', '.join(BY_NAME)}")
    return found
