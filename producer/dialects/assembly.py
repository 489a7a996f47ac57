"""From a draft to an alert: what every dialect's values must be, asked once for all of them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from alertwire.configuration import Route
from alertwire.wire.alert import (
    Action,
    Alert,
    Entry,
    MarketPosition,
    OrderType,
    QuantityType,
    Scope,
    Sizing,
    TimeInForce,
)
from producer.abilities import objection
from producer.brackets import read_stop_loss, read_take_profits
from producer.dialects.document import Document
from producer.dialects.reading import Context, Draft, Reading
from producer.dialects.unread import is_fire_time, refuse_unread, timeless
from producer.dialects.verbs import refuse_other_verb
from producer.entries import read_entry, read_time_in_force
from producer.fields import Fields, clean, extras, read_instant
from producer.instruments import read_instrument
from producer.refusal import Refused, unreadable
from producer.sizes import BY_RISK, read_position, read_sizing

STRATEGY_LENGTH_MAX: Final = 64
MAX_AGE_S_MAX: Final = 7 * 24 * 3600
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, default=str)


def lowered(*names: str) -> dict[str, str]:
    """Return a dialect's names by their lower case."""
    return {name.lower(): name for name in names}


def named(
    document: Document, names: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Split an object by a dialect's names.

    Returns what has one of these names, spelled as the dialect does; what has not; and the repairs.
    """
    found: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    repairs = list(document.repairs)
    is_respelled = False
    for key, value in (document.fields or {}).items():
        spelled = document.spelled[key]
        name = names.get(key)
        if name is None:
            rest[spelled] = value
        else:
            found[name] = value
            is_respelled |= spelled != name
    if is_respelled:
        repairs.append("read field names without regard to case")
    return found, rest, repairs


def no_object(document: Document, ignored: Iterable[str] = ()) -> Refused | None:
    """Refuse a document without an object, or with NaN outside of the `ignored` fields."""
    if document.fields is None:
        return document.problem
    for name in document.unfilled:
        if name not in ignored:
            spelled = document.spelled[name][:64]
            value = document.fields[name]
            what = f"{value}" if not isinstance(value, dict | list) else "NaN"
            return unreadable(
                f"{spelled} is {what[:10]}, not a number: the indicator had no value on this bar; "
                f"guard it in Pine, for example with nz() or not na(), or leave the field out",
                "not_a_number",
                clean(spelled, 64),
            )
    return None


def positive(values: Mapping[str, Any], name: str, called: str = "") -> Decimal | Refused | None:
    """Read a number above zero that the dialect itself must know; None where it was not given."""
    fields = Fields({name: values.get(name)}, (), {name: called or name})
    number = fields.price(name)
    return fields.refused or number


def assemble(draft: Draft, context: Context) -> Reading | Refused:
    """Make an alert of a draft, if it is one that can be carried out."""
    fields = Fields(draft.values, draft.repairs, draft.called)
    alert = read_draft(draft, fields, context)
    if isinstance(alert, Refused):
        return alert
    if refused := objection(alert):
        return replace(refused, field=fields.called(refused.field))
    content = _digest(draft.content)
    own = f"id {alert.sender_id}" if alert.sender_id else f"sha256 {content}"
    return Reading(alert, _max_age_s(fields), f"{context.route_name} {own}", content)


def read_draft(draft: Draft, fields: Fields, context: Context) -> Alert | Refused:
    """Read a draft's values; whatever is wrong is told in the sender's own names."""
    _take_fire_time(draft)
    _max_age_s(fields)
    alert = _alert(fields, draft, context)
    if fields.refused:
        return fields.refused
    if refused := refuse_other_verb(draft, alert):
        return refused
    if refused := refuse_unread(draft.extras, draft.dialect, alert.instrument.security_type):
        return refused
    return alert


def _take_fire_time(draft: Draft) -> None:
    """Read the fire time under whichever name it came, where the dialect's own was not given."""
    if draft.values.get("time") not in (None, ""):
        return
    for name, value in draft.extras.items():
        if is_fire_time(name) and not isinstance(value, bool) and read_instant(value):
            draft.values["time"] = draft.extras.pop(name)
            return


def _alert(fields: Fields, draft: Draft, context: Context) -> Alert:
    """Read every field; what is wrong is in `fields.refused`, and then the alert is void."""
    route, now = context.route, context.now
    instrument = draft.instrument or read_instrument(
        fields, route, is_brokers_ticker=draft.is_brokers_ticker
    )
    action = _action(fields)
    closes, scope = _closes(fields, action), _scope(fields, action)
    position = read_position(fields)
    sizing = read_sizing(fields, action, position, _fallback(draft, route))
    entry = read_entry(fields, action)
    take_profits, stop_loss = read_take_profits(fields), read_stop_loss(fields)
    time_in_force, good_till = read_time_in_force(fields, now)
    if action is Action.MODIFY and not take_profits and stop_loss is None:
        fields.wrong("stop_loss", "is missing: modify needs the new stop_loss or take_profit")
    if sizing is not None and sizing.type in BY_RISK and stop_loss is None:
        fields.wrong(
            "stop_loss",
            f"is missing: {fields.called('quantity_type')} makes the size what may be lost at the "
            f"stop; send {fields.called('stop_loss')} as well",
            "missing",
        )
    is_order = action not in {Action.CANCEL, Action.FLATTEN}
    if action is Action.FLATTEN:
        _whole(fields, entry)
    return Alert(
        alert_id=context.alert_id,
        route=context.route_name,
        strategy=fields.text("strategy", length_max=STRATEGY_LENGTH_MAX)
        or route.strategy
        or context.route_name,
        instrument=instrument,
        action=action,
        sizing=sizing,
        entry=entry if is_order and action is not Action.MODIFY else None,
        take_profits=take_profits if is_order else (),
        stop_loss=stop_loss if is_order else None,
        time_in_force=time_in_force if is_order else TimeInForce.DAY,
        good_till=good_till if is_order else None,
        good_after=fields.instant("good_after", must=True),
        outside_rth=fields.flag("outside_rth"),
        accounts=read_accounts(fields, route),
        comment=fields.remark("comment"),
        sender_id=fields.text("id"),
        order_id=fields.label("order_id"),
        price=fields.figure("price"),
        position=position,
        bar_time=fields.instant("bar_time"),
        fired_at=fields.instant("time"),
        interval=fields.remark("interval", length_max=16),
        accepted_at=now,
        cancel_working_first=fields.flag("cancel_working_first"),
        dialect=draft.dialect,
        # Behind the others: only now is it known what was repaired.
        repairs=tuple(dict.fromkeys(fields.repairs)),
        extras=extras({**draft.extras, **draft.informational}),
        closes=closes,
        scope=scope,
    )


def _max_age_s(fields: Fields) -> float | None:
    age = fields.price("max_age_s")
    if age is not None and age > MAX_AGE_S_MAX:
        fields.wrong("max_age_s", f"must be at most {MAX_AGE_S_MAX} seconds")
    return None if age is None else float(age)


def _action(fields: Fields) -> Action:
    action = fields.member("action", Action)
    if action is None:
        fields.wrong("action", "is missing; send buy, sell or exit", "missing")
        return Action.CANCEL
    return action


def _closes(fields: Fields, action: Action) -> MarketPosition | None:
    side = fields.member("closes", MarketPosition)
    if side is MarketPosition.FLAT:
        fields.wrong("closes", "must be long or short")
    elif side is not None and action not in {Action.EXIT, Action.CANCEL, Action.MODIFY}:
        fields.wrong("closes", f"has no meaning with action {action.name.lower()}; leave it out")
    return side


def _whole(fields: Fields, entry: Entry) -> None:
    """Refuse a flatten of a part or at a price: it closes all, at the market."""
    remedy = "leave it out, or send exit"
    if entry.type is not OrderType.MARKET:
        fields.wrong("order_type", f"contradicts flatten, which is at the market: {remedy}")
    if fields.text("quantity_type").lower() not in {"", "units"}:
        fields.wrong("quantity_type", f"contradicts flatten, which closes all: {remedy}")
    elif fields.has("quantity"):
        fields.repairs.append(f"left {fields.called('quantity')} out: flatten closes all")


def _scope(fields: Fields, action: Action) -> Scope | None:
    scope = fields.member("scope", Scope)
    if scope is not None and action not in {Action.CANCEL, Action.FLATTEN}:
        fields.wrong("scope", f"has no meaning with action {action.name.lower()}; leave it out")
    return scope


def _fallback(draft: Draft, route: Route) -> Sizing | None:
    """Return the size of an entry that gives none: the route's, else the dialect's."""
    if route.quantity is not None:
        return Sizing(type=route.quantity_type, value=route.quantity)
    if draft.fallback is not None:
        return Sizing(type=QuantityType.UNITS, value=draft.fallback)
    return None


def read_accounts(fields: Fields, route: Route) -> tuple[str, ...]:
    """Read the accounts that the alert names, each one of the route's; none: all of the route's."""
    name = "account" if fields.has("account") else "accounts"
    accounts = fields.texts(name)
    if name == "account" and fields.has("accounts"):
        fields.wrong("accounts", "stands beside account; keep one of them")
    if fields.has(name) and not accounts:
        # All of the route's would be the opposite of what was said.
        fields.wrong(name, "names no account; leave it out for all of the route's")
    known = {account.id for account in route.accounts}
    strangers = [account for account in accounts if known and account not in known]
    if strangers:
        fields.wrong(name, f"{strangers[0]} is not among the accounts of this route")
    return accounts


def _digest(content: Mapping[str, Any]) -> str:
    text = _CANONICAL.encode(timeless(content))
    return hashlib.sha256(text.encode()).hexdigest()
