"""From the door into the journal and on to the publisher: what was let in, what was turned away."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from alertwire.clock import Clock
from alertwire.journal.commit import GroupCommit
from alertwire.wire.delivery import Mode, Stage, Trace
from producer import acceptance
from producer.acceptance import Accepted, Arrival, Kept, Turned
from producer.alerts import Payload
from producer.arrivals import Handover
from producer.dispatcher import Waiting
from producer.handling import void_reason

Mark = Callable[[Connection, str], None]
"""What else is written in the transaction that keeps an alert; it gets the alert's id."""


class Receiver(Protocol):
    """Who delivers what was journaled: the publisher."""

    def take(self, handover: Handover) -> None: ...
    def doubt(self, accepted_at: datetime) -> None: ...


class Intake:
    """Journals in one commit, and hands over what is to be delivered once that is on disk."""

    def __init__(self, commit: GroupCommit, receiver: Receiver, clock: Clock) -> None:
        self._commit = commit
        self._receiver = receiver
        self._clock = clock

    def take(self, arrival: Arrival, trace: Trace, mark: Mark | None) -> Accepted | None:
        """Keep an alert; None: it is late, and its route refuses such.

        Raises JournalUnavailable, and what `mark` raises; then nothing is kept.
        """

        def keep(connection: Connection) -> Accepted | None:
            accepted = acceptance.accept(connection, arrival)
            if mark is not None and accepted is not None and not accepted.is_duplicate:
                mark(connection, accepted.alert_id)
            return accepted

        def hand_over(accepted: Accepted | None) -> None:
            if accepted is not None:
                rows = [row for row in accepted.rows if not row.is_late]
                self._hand_over([*rows, *accepted.voids], trace, arrival.not_after)

        return self._commit.run(
            keep,
            then=hand_over,
            # Sent again it would be a duplicate: the row itself must be found and delivered.
            doubted=lambda: self._receiver.doubt(arrival.accepted_at),
        )

    def turn_away(self, turned: Turned, trace: Trace) -> None:
        """Keep a refusal, and have the gateway told of its entry. Raises JournalUnavailable."""
        self._commit.run(
            lambda connection: acceptance.turn_away(connection, turned),
            then=lambda rows: self._hand_over(rows, trace, None),
            doubted=lambda: self._receiver.doubt(turned.refusal["at"]),
        )

    def _hand_over(self, rows: Sequence[Kept], trace: Trace, not_after: datetime | None) -> None:
        kept = trace.stamped(Stage.JOURNALED, self._clock.now())
        for row in rows:
            # Saves a second commit on the way of a lone alert.
            is_written = row.part.is_sent_at_once
            waiting = Waiting(
                row.part.alert.alert_id,
                row.part.key,
                row.seq,
                not_after,
                row.part.alert.accepted_at,
                attempts=int(is_written),
                is_written=is_written,
                mode=Mode.VOID if row.void_of else Mode.EXECUTE,
                drop_detail=void_reason(row.void_of),
            )
            self._receiver.take(Handover(waiting, Payload(row.part.alert, kept)))
