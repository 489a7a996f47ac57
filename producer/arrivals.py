"""What was journaled and the publisher's thread has not taken yet, doubtful commits included."""

from collections import deque
from collections.abc import Iterator
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


class Arrivals:
    """Any thread puts in, in the order of the commits; one takes out.

    A doubt is told before what is committed after it is put in, and must be settled before that is
    taken: what a broken commit kept after all would be overtaken otherwise.
    """

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self._inbox: deque[Handover] = deque()
        self._collected: list[Handover] = []
        self._doubts: deque[datetime] = deque()
        self._doubted_since: datetime | None = None

    @property
    def is_full(self) -> bool:
        return len(self._inbox) + len(self._collected) >= INBOX_MAX

    def put(self, handover: Handover) -> None:
        self._inbox.append(handover)

    def doubt(self, accepted_at: datetime) -> None:
        """A commit broke and may have kept its row all the same: look for what came since then."""
        self._doubts.append(accepted_at)

    def collect(self) -> None:
        """Note what is there now: first this, then `doubted`, then `take`."""
        while self._inbox:
            self._collected.append(self._inbox.popleft())

    def doubted(self) -> Iterator[Standing]:
        """Yield what the journal holds since the oldest doubt, known alerts among it.

        Raises JournalUnavailable where it cannot tell yet; then nothing may be sent.
        """
        while self._doubts:
            since = self._doubts.popleft()
            self._doubted_since = min(since, self._doubted_since or since)
        while (start := self._doubted_since) is not None:
            rows = self._commit.run(
                lambda connection, start=start: alerts.undecided_since(  # type: ignore[misc]
                    connection, start, RELOAD_ROWS
                )
            )
            yield from rows
            self._doubted_since = rows[-1].accepted_at if len(rows) == RELOAD_ROWS else None

    def take(self) -> list[Handover]:
        """Return what was collected, and forget it."""
        taken, self._collected = self._collected, []
        return taken
