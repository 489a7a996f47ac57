"""Dead letters: what did not become an order and nobody has dealt with yet.

An alert that ended EXPIRED, VOIDED or REJECTED, one that waits for a person (PARKED, LATE), and a
request refused at the door. A person resolves, replays or drops it; `handled_at` and `handled_as`
say so.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from alertwire.journal.tables import alerts, refusals

NOT_ORDERED: Final = ("EXPIRED", "VOIDED", "REJECTED")
"""Outcomes of an alert that became no order."""
WAITING: Final = ("PARKED", "LATE")
"""States in which an alert waits for a person."""
REFUSED: Final = "REFUSED"
REPLAYED: Final = "replayed as "
DROPPED: Final = "dropped"
_ROWS_AT_ONCE: Final = 500
_REMEDIES: Final = {
    "PARKED": "resolve",
    REFUSED: "replay --body FILE, or drop",
}
_REASONS: Final = {
    "LATE": "it fired before the last accepted alert of its key; nothing was ordered",
}
"""Of states that come without a detail."""

_a = alerts.c
_r = refusals.c
_IS_DEAD: Final = or_(
    # Whatever a person asked for before: now the broker must be looked at.
    _a.state == "PARKED",
    and_(
        _a.handled_at.is_(None),
        # The refusal or late alert that it tells the gateway of is the letter.
        _a.void_of.is_(None),
        or_(_a.state == "LATE", _a.outcome.in_(NOT_ORDERED)),
    ),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are asked for; empty fields leave it open.

    `outcome` is an outcome or a state, `symbol` a TradingView symbol with or without its exchange.
    """

    strategy: str = ""
    symbol: str = ""
    outcome: str = ""
    since: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what the alerts' rows must fulfil."""
        # What only tells the gateway of a refusal or a late alert is no alert of its own.
        found: list[ColumnElement[bool]] = [or_(_a.void_of.is_(None), _a.state == "PARKED")]
        if self.strategy:
            found.append(_a.strategy == self.strategy)
        if self.symbol:
            symbol = self.symbol.upper()
            column = func.upper(_a.symbol)
            found.append(
                or_(column == symbol, column.endswith(f":{symbol}", autoescape=True)),
            )
        if self.outcome:
            found.append(or_(_a.outcome == self.outcome, _a.state == self.outcome))
        if self.since:
            found.append(_a.accepted_at >= self.since)
        return found

    def fits(self, strategy: str, symbol: str) -> bool:
        """Whether a refused request said to be of this strategy and symbol is asked for."""
        asked = self.symbol.upper()
        return (not self.strategy or strategy == self.strategy) and (
            not asked or symbol.upper() == asked or symbol.upper().endswith(f":{asked}")
        )


def refused_requests(connection: Connection, wanted: Wanted, limit: int) -> list[Mapping[str, Any]]:
    """Return the requests that were refused at the door, newest first, dealt with or not."""
    query = select(
        _r.at,
        _r.refusal_id,
        _r.route,
        _r.source,
        _r.status,
        _r.code,
        _r.field,
        _r.detail,
        _r.raw_body,
        _r.handled_as,
    ).order_by(_r.at.desc())
    if wanted.since:
        query = query.where(_r.at >= wanted.since)
    rows = connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE})
    try:
        fitting = (dict(row) for row in rows.mappings() if _fits(wanted, row["raw_body"]))
        return list(islice(fitting, limit))
    finally:
        rows.close()


def _fits(wanted: Wanted, raw_body: bytes) -> bool:
    said = _said(raw_body)
    return wanted.fits(said("strategy"), said("symbol"))


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter; `outcome` is its outcome, PARKED, LATE or REFUSED."""

    at: datetime
    letter_id: str
    strategy: str
    symbol: str
    action: str
    account: str
    outcome: str
    reason: str

    @property
    def remedy(self) -> str:
        """The verbs of `alertwire` that deal with it."""
        return _REMEDIES.get(self.outcome, "replay or drop")


def dead_letters(connection: Connection, wanted: Wanted, limit: int) -> list[Letter]:
    """Return the dead letters, newest first."""
    found = list(_dead_alerts(connection, wanted, limit))
    if wanted.outcome in {"", REFUSED}:
        for letter in _refused(connection, wanted):
            found.append(letter)
            if len(found) >= 2 * limit:
                break
    return sorted(found, key=lambda letter: (letter.at, letter.letter_id), reverse=True)[:limit]


def count_dead(connection: Connection) -> dict[str, int]:
    """Count the dead letters by outcome or state; what there is none of is left out."""
    end = func.coalesce(_a.outcome, _a.state)
    rows = connection.execute(
        select(_a.state, end, func.count()).where(_IS_DEAD).group_by(_a.state, end)
    )
    counts: dict[str, int] = {}
    for state, outcome, count in rows:
        name = state if state in WAITING else outcome
        counts[name] = counts.get(name, 0) + count
    refused = connection.execute(
        select(func.count()).select_from(refusals).where(_r.handled_at.is_(None))
    ).scalar_one()
    return counts | ({REFUSED: refused} if refused else {})


def _dead_alerts(connection: Connection, wanted: Wanted, limit: int) -> Iterator[Letter]:
    query = (
        select(
            _a.accepted_at,
            _a.alert_id,
            _a.strategy,
            _a.symbol,
            _a.action,
            _a.account,
            _a.state,
            _a.outcome,
            _a.detail,
        )
        .where(_IS_DEAD, *wanted.conditions())
        .order_by(_a.alert_id.desc())
        .limit(limit)
    )
    for row in connection.execute(query):
        yield Letter(
            row.accepted_at,
            row.alert_id,
            row.strategy,
            row.symbol,
            row.action,
            row.account or "",
            row.state if row.state in WAITING else row.outcome,
            row.detail or _REASONS.get(row.state, ""),
        )


def _refused(connection: Connection, wanted: Wanted) -> Iterator[Letter]:
    query = select(_r.at, _r.refusal_id, _r.status, _r.field, _r.detail, _r.raw_body).where(
        _r.handled_at.is_(None)
    )
    if wanted.since:
        query = query.where(_r.at >= wanted.since)
    rows = connection.execute(
        query.order_by(_r.refusal_id.desc()), execution_options={"yield_per": _ROWS_AT_ONCE}
    )
    try:
        for row in rows:
            said = _said(row.raw_body)
            strategy, symbol = said("strategy"), said("symbol")
            if wanted.fits(strategy, symbol):
                action = said("action")
                yield Letter(
                    row.at, row.refusal_id, strategy, symbol, action, "", REFUSED, row.detail
                )
    finally:
        rows.close()


def _said(raw_body: bytes) -> Any:
    """Return what tells a refused body's fields, as well as it can be read."""
    try:
        body = json.loads(raw_body)
    except (ValueError, RecursionError):
        body = None
    fields = body if isinstance(body, dict) else {}

    def said(name: str) -> str:
        # Half of the dialects call the symbol a ticker.
        value = fields.get(name, fields.get("ticker") if name == "symbol" else None)
        return value[:64] if isinstance(value, str) else ""

    return said
