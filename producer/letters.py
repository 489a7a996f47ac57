"""Dead letters at a person's word: replay makes a new alert of one, drop says it is dealt with.

The producer is the journal's writer, so `alertwire replay` and `alertwire drop` ask it over HTTP.
A replay goes the way of every alert, through the door: only its identity is the letter's, so that
the same letter can be replayed once only, whoever asks how often and whatever is killed meanwhile.
"""

import json
from collections.abc import Callable
from typing import Final, Protocol

from sqlalchemy import Connection

from alertwire.clock import Clock
from alertwire.faults import JournalUnavailable
from alertwire.journal.commit import GroupCommit
from alertwire.journal.letters import DROPPED, REPLAYED
from alertwire.logs import Logger
from producer import handling
from producer.admission import Visitor
from producer.door import Answer, Door
from producer.handling import UNDECIDED, Letter, Overtaken
from producer.objections import NOT_KEPT
from producer.refusal import Refused

REASON_LENGTH_MAX: Final = 200
"""Characters of a person's reason that are kept."""
_OVERTAKEN_MAX: Final = 3
"""So often a letter is looked at again that somebody else dealt with meanwhile."""

NO_SUCH_TOKEN: Final = Refused(
    401, "token", "send the token of the alert's route as `Authorization: Bearer <token>`"
)
NO_SUCH_LETTER: Final = Refused(
    404, "unknown", "this route has no alert or refusal of this id; see alertwire alerts --dead"
)
BUSY: Final = Refused(503, "busy", "others are dealing with it right now; please try again")


ReadBody = Callable[[], bytes | Refused]


class Outlet(Protocol):
    """Where queued alerts wait: the publisher."""

    def drop(self, alert_id: str, detail: str) -> None: ...


class Letters:
    """Takes requests from any number of threads."""

    def __init__(
        self,
        commit: GroupCommit,
        door: Door,
        outlet: Outlet,
        clock: Clock,
        logger: Logger,
    ) -> None:
        self._commit = commit
        self._door = door
        self._outlet = outlet
        self._clock = clock
        self._log = logger

    def replay(self, letter_id: str, token: str, visitor: Visitor, read_body: ReadBody) -> Answer:
        """Make a new alert of a letter's raw body, or of the request's where that is not empty."""
        return self._take(letter_id, token, visitor, read_body, self._replay)

    def drop(self, letter_id: str, token: str, visitor: Visitor, read_body: ReadBody) -> Answer:
        """Mark a letter as dealt with; one that is on its way is asked to be voided."""
        return self._take(letter_id, token, visitor, read_body, self._drop)

    def _take(
        self,
        letter_id: str,
        token: str,
        visitor: Visitor,
        read_body: ReadBody,
        act: Callable[[Letter, bytes], Answer],
    ) -> Answer:
        # Not the route's rule of addresses: it is about alerts, and this is the operator.
        route_name = self._door.name_route(token, visitor, self._door.routes)
        if isinstance(route_name, Refused):
            refused = NO_SUCH_TOKEN if route_name.status == NO_SUCH_TOKEN.status else route_name
            return self._door.refuse(refused, source=visitor.address)
        body = read_body()
        if isinstance(body, Refused):
            return self._door.refuse(body, route=route_name)
        try:
            for _ in range(_OVERTAKEN_MAX):
                letter = self._commit.run(lambda connection: handling.find(connection, letter_id))
                # Of another route: the same answer, for its token was not shown.
                if letter is None or letter.route != route_name:
                    return self._door.refuse(NO_SUCH_LETTER, route=route_name)
                try:
                    return act(letter, body)
                except Overtaken:
                    continue
        except JournalUnavailable as error:
            self._log.error("journal_failed", reason=str(error))
            return self._door.refuse(NOT_KEPT, route=route_name)
        return self._door.refuse(BUSY, route=route_name)

    def _replay(self, letter: Letter, body: bytes) -> Answer:
        if letter.replayed_as:
            return _accepted(letter.replayed_as, "accepted", is_duplicate=True)
        if refused := handling.objection(letter, "replay"):
            return self._door.refuse(refused, route=letter.route)

        def mark(connection: Connection, alert_id: str) -> None:
            handled_as = f"{REPLAYED}{alert_id}"
            handling.mark(connection, letter, handled_as, self._clock.now())

        answer = self._door.take_again(
            body.strip() or letter.raw_body, letter.route, letter.letter_id, letter.account, mark
        )
        if answer.status == 200:
            self._log.info("letter_replayed", letter=letter.letter_id, **answer.body)
        return answer

    def _drop(self, letter: Letter, body: bytes) -> Answer:
        if letter.is_dropped:
            self._hand_over(letter, letter.handled_as)
            return _accepted(letter.letter_id, _dropped(letter), is_duplicate=True)
        reason = _reason(body)
        if isinstance(reason, Refused):
            return self._door.refuse(reason, route=letter.route)
        if refused := handling.objection(letter, "drop"):
            return self._door.refuse(refused, route=letter.route)
        handled_as = f"{DROPPED}: {reason}" if reason else DROPPED
        self._commit.run(
            lambda connection: handling.mark(connection, letter, handled_as, self._clock.now())
        )
        self._hand_over(letter, handled_as)
        self._log.info("letter_dropped", letter=letter.letter_id, state=letter.state, reason=reason)
        return _accepted(letter.letter_id, _dropped(letter), is_duplicate=False)

    def _hand_over(self, letter: Letter, handled_as: str) -> None:
        if letter.state in UNDECIDED:
            self._outlet.drop(letter.letter_id, handling.told(handled_as))


def _dropped(letter: Letter) -> str:
    # What may have been sent, only the gateway ends: it is asked to.
    return "voiding" if letter.state in UNDECIDED else "dropped"


def _accepted(alert_id: str, status: str, *, is_duplicate: bool) -> Answer:
    return Answer(200, {"alert_id": alert_id, "status": status, "duplicate": is_duplicate})


def _reason(body: bytes) -> str | Refused:
    """Read `{"reason": TEXT}`; nothing is no reason."""
    if not body.strip():
        return ""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    reason = found.get("reason", "") if isinstance(found, dict) else None
    if not isinstance(reason, str):
        return Refused(400, "unreadable", 'the body must be empty or {"reason": TEXT}', "reason")
    return "".join(c for c in reason if c.isprintable()).strip()[:REASON_LENGTH_MAX]
