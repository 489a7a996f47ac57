"""What a person may do with a letter, and how the journal keeps that.

A letter is an alert or a refused request. `mark` runs inside the transaction of what it tells of,
so that a letter is never replayed without its mark, nor marked without its replay.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from alertwire.journal.letters import DROPPED, NOT_ORDERED, REPLAYED
from alertwire.journal.tables import alerts, refusals
from producer.refusal import Refused

NEW, INFLIGHT, PARKED, LATE, DONE = "NEW", "INFLIGHT", "PARKED", "LATE", "DONE"
REFUSED: Final = "REFUSED"
UNDECIDED: Final = frozenset({NEW, INFLIGHT})


class Overtaken(Exception):  # noqa: N818 - not a mistake
    """Somebody dealt with the letter in the meantime: look at it again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """An alert, or a refused request with the state REFUSED."""

    letter_id: str
    route: str
    state: str
    outcome: str | None
    handled_as: str
    raw_body: bytes
    account: str = ""  # where it is one account's part of a message

    @property
    def replayed_as(self) -> str:
        """The id of its replay; empty where there is none."""
        is_replayed = self.handled_as.startswith(REPLAYED)
        return self.handled_as.removeprefix(REPLAYED) if is_replayed else ""

    @property
    def is_dropped(self) -> bool:
        return self.handled_as.startswith(DROPPED)


def find(connection: Connection, letter_id: str) -> Letter | None:
    """Read an alert or a refusal."""
    a, r = alerts.c, refusals.c
    row = connection.execute(
        select(a.alert_id, a.route, a.state, a.outcome, a.handled_as, a.raw_body, a.account).where(
            a.alert_id == letter_id
        )
    ).first()
    if row is not None:
        account = row.account or ""
        of_one = "" if "," in account else account
        return Letter(*row[:4], row.handled_as or "", row.raw_body, of_one)
    refused = connection.execute(
        select(r.refusal_id, r.route, r.handled_as, r.raw_body).where(r.refusal_id == letter_id)
    ).first()
    if refused is None:
        return None
    return Letter(*refused[:2], REFUSED, None, refused.handled_as or "", refused.raw_body)


def mark(connection: Connection, letter: Letter, handled_as: str, now: datetime) -> None:
    """Write what a person did. Raises Overtaken where the letter is not as it was.

    A late alert ends with it: it was never handed to anyone, and its key has gone on.
    """
    values = {"handled_at": now, "handled_as": handled_as}
    if letter.state == REFUSED:
        r = refusals.c
        change = refusals.update().where(r.refusal_id == letter.letter_id, r.handled_at.is_(None))
    else:
        a = alerts.c
        states = UNDECIDED if letter.state in UNDECIDED else {letter.state}
        change = alerts.update().where(
            a.alert_id == letter.letter_id, a.handled_at.is_(None), a.state.in_(states)
        )
    if letter.state == LATE:
        values |= {
            "state": DONE,
            "outcome": "VOIDED",
            "detail": told(handled_as) or f"late, {handled_as}",
            "decided_at": now,
        }
    if not connection.execute(change.values(values)).rowcount:
        raise Overtaken


def told(handled_as: str) -> str:
    """Say in an outcome's detail that a person dropped the alert; empty where nobody did."""
    if not handled_as.startswith(DROPPED):
        return ""
    return f"dropped by a person{handled_as.removeprefix(DROPPED)}"


def void_reason(void_of: str | None) -> str:
    """Say why the gateway is told of an entry that was never let in; empty where it is an alert."""
    return f"{void_of} was not let in: its close may only reduce" if void_of else ""


def objection(letter: Letter, verb: str) -> Refused | None:
    """Say why a letter cannot be replayed or dropped; None where it can."""
    name = letter.letter_id
    if letter.state == PARKED:
        why = f"nobody knows whether the broker has its order: look, then alertwire resolve {name}"
        return _no("parked", why)
    if letter.outcome == "ACCEPTED":
        return _no("ordered", f"{name} was ordered: alertwire trace {name}")
    if letter.handled_as:
        return _no("handled", f"{name} was already dealt with: {letter.handled_as}")
    if verb == "replay" and letter.state in UNDECIDED:
        return _no("undecided", f"{name} is still on its way; drop it first, or wait for its end")
    if letter.state == DONE and letter.outcome not in NOT_ORDERED:
        return _no("unclear", f"{name} ended {letter.outcome}: alertwire trace {name}")
    return None


def _no(code: str, message: str) -> Refused:
    return Refused(409, code, message)
