"""What can still be told of an alert that was refused: which strategy wanted to trade what.

A strategy whose entry was refused will close it all the same, often with a bare order of the other
side. The gateway must know of the entry, or that order would open a position. So little is read
here, so leniently, that nothing may ever be ordered by it.
"""

import re
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from alertwire.configuration import Route
from alertwire.dialects import DialectName
from alertwire.wire.alert import Action, Alert, Instrument, QuantityType, Sizing
from producer.dialects.assembly import STRATEGY_LENGTH_MAX, read_accounts
from producer.dialects.choice import choose
from producer.dialects.document import Document, open_document
from producer.dialects.positions import only_reduces, sides_told
from producer.dialects.reading import Context, Draft
from producer.fields import Fields
from producer.instruments import read_instrument
from producer.refusal import Refused

_SYMBOLS: Final = ("symbol", "ticker")
_ACTIONS: Final = ("action", "side")
_ENTRIES: Final = {
    "buy": Action.BUY,
    "long": Action.BUY,
    "sell": Action.SELL,
    "short": Action.SELL,
    "sell_short": Action.SELL,
    "target": Action.TARGET,
    "reverse": Action.REVERSE,
}
_ADDS: Final = {"long": "buy", "short": "sell", "flat": ""}
"""What TradersPost's `add` does, by the position after it."""
_PLACEHOLDER: Final = re.compile(rb"\{\{[^{}]*\}\}")
_LONE_PLACEHOLDER: Final = re.compile(rb":\s*\{\{[^{}]*\}\}")


def entry_in(
    raw: bytes, route_name: str, route: Route, alert_id: str, now: datetime
) -> Alert | None:
    """Return the entry that a refused body asked for, with its accounts; None: none to be told."""
    document = open_document(raw)
    if isinstance(document, Refused):
        # What TradingView left unfilled: the rest may tell enough.
        document = open_document(_PLACEHOLDER.sub(b"", _LONE_PLACEHOLDER.sub(b": null", raw)))
    if isinstance(document, Refused) or document.fields is None:
        return None
    context = Context(route_name, route, alert_id, now)
    draft = _draft(document, context)
    action = _action(draft.values)
    fields = Fields(draft.values)
    instrument = draft.instrument or read_instrument(fields, route)
    accounts = read_accounts(fields, route)
    strategy = fields.text("strategy", length_max=STRATEGY_LENGTH_MAX)
    if action is None or fields.refused or not isinstance(instrument, Instrument):
        return None
    sizing = _sizing(draft.values) if action is Action.TARGET else None
    if action is Action.TARGET and (sizing is None or not sizing.value):
        return None
    return Alert(
        alert_id=alert_id,
        route=route_name,
        strategy=strategy or route.strategy or route_name,
        instrument=instrument,
        action=action,
        sizing=sizing,
        accounts=accounts,
        accepted_at=now,
        dialect=draft.dialect,
    )


def entry_of(alert: Alert, alert_id: str) -> Alert | None:
    """Return what of an alert that was read opens a position; None: nothing."""
    if alert.action not in _ENTRIES.values():
        return None
    if alert.action is Action.TARGET and (alert.sizing is None or not alert.sizing.value):
        return None
    return replace(alert, alert_id=alert_id)


def _draft(document: Document, context: Context) -> Draft:
    dialect = choose(document, context.route.dialect)
    if isinstance(dialect, Refused):
        return _plain_draft(document)
    found = dialect.translate(document, context)
    return _plain_draft(document) if isinstance(found, Refused) else found


def _plain_draft(document: Document) -> Draft:
    """Take the names that most dialects share: it was refused before all were translated."""
    given = document.fields or {}

    def first(names: tuple[str, ...]) -> Any:
        return next((given[name] for name in names if given.get(name) not in (None, "")), None)

    values = {
        "strategy": given.get("strategy"),
        "symbol": first(_SYMBOLS),
        "action": first(_ACTIONS),
        "account": given.get("account"),
        "exchange": given.get("exchange"),
        "currency": given.get("currency"),
    }
    after = sides_told(given)
    action = str(values["action"] or "").strip().lower()
    sides = {"long": "buy", "short": "sell", "sell_short": "sell"}
    if only_reduces(sides.get(action, action), after) or "flat" in after:
        values["action"] = "exit"
    elif len(after) == 1:
        values["position"] = after.pop()
    return Draft(dialect=DialectName.AUTO.value, values=values, content={})


def _action(values: dict[str, Any]) -> Action | None:
    word = str(values.get("action") or "").strip().lower()
    if word == "add":
        told = sides_told(values)
        word = _ADDS[told.pop()] if len(told) == 1 else ""
    return _ENTRIES.get(word)


def _sizing(values: dict[str, Any]) -> Sizing | None:
    fields = Fields({"quantity": values.get("quantity")})
    found = fields.size("quantity")
    if fields.refused or not isinstance(found, Decimal):
        return None
    told = sides_told(values)
    if "flat" in told:
        return None
    return Sizing(type=QuantityType.UNITS, value=-abs(found) if "short" in told else found)
