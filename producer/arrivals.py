"""What was journaled and the publisher's thread has not taken yet, doubtful commits included."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alertwire.journal.commit import GroupCommit
from producer import alerts
from producer.alerts import Payload, Standing
from producer.dispatcher import Waiting

INBOX_MAX: Final = 2000
"""Alerts that were journaled and that the thread has not taken yet; beyond it the door stops."""
RELOAD_ROWS: Final = 1000
"""Rows read in one go where the journal may hold more than was handed over."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A freshly journaled alert."""

    waiting: Waiting
    payload: Payload

    @property
    def seq(self) -> int:
        return self.waiting.seq


class Arrivals:
    """Any thread puts in, in the order of the commits; one takes out.

    Handovers and doubts stand in one line, so that what is taken has no gap: what a broken commit
    kept after all is taken together with what was committed before and after it, by number.
    """

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self._inbox: deque[Handover | datetime] = deque()
        self._collected: list[Handover | Standing] = []
        self._doubted_since: datetime | None = None

    @property
    def is_full(self) -> bool:
        return len(self._inbox) + len(self._collected) >= INBOX_MAX

    def put(self, handover: Handover) -> None:
        self._inbox.append(handover)

    def doubt(self, accepted_at: datetime) -> None:
        """A commit broke and may have kept its row all the same: look for what came since then."""
        self._inbox.append(accepted_at)

    def take(self, settle: Callable[[], bool]) -> list[Handover | Standing] | None:
        """Return all that came, each key by its numbers; known alerts may be among it.

        `settle` writes down what has ended, or returns False: the journal is asked what has not.
        Where a doubt cannot be settled yet, nothing is taken: returns None where `settle` failed,
        raises JournalUnavailable where reading did.
        """
        while self._inbox:
            came = self._inbox.popleft()
            if isinstance(came, Handover):
                self._collected.append(came)
            else:
                self._doubted_since = min(came, self._doubted_since or came)
        if self._doubted_since is not None and not settle():
            return None
        while (start := self._doubted_since) is not None:
            rows = self._commit.run(
                lambda connection, start=start: alerts.undecided_since(  # type: ignore[misc]
                    connection, start, RELOAD_ROWS
                )
            )
            self._collected += rows
            self._doubted_since = rows[-1].accepted_at if len(rows) == RELOAD_ROWS else None
        taken, self._collected = self._collected, []
        # A handover before the row of the same alert: it brings its content along.
        return sorted(taken, key=lambda one: one.seq)
