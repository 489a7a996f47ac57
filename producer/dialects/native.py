"""The native alert: one flat JSON object, every value may arrive as a string."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from alertwire.routes import Route
from alertwire.wire.alert import Action, Alert, Instrument, SecurityType, TimeInForce
from producer.dialects.json_body import read_body
from producer.entries import read_entry, read_time_in_force
from producer.fields import Fields
from producer.refusal import Refused, unfit
from producer.sizes import read_position, read_sizing
from producer.symbols import read_symbol

NAME: Final = "native"
STRATEGY_LENGTH_MAX: Final = 64
MAX_AGE_S_MAX: Final = 7 * 24 * 3600
KNOWN: Final = frozenset(
    """
    strategy symbol action quantity quantity_type order_type limit_price stop_price trail_amount
    trail_percent take_profit stop_loss time_in_force good_till outside_rth account accounts
    comment id max_age_s order_id price bar_time time interval position position_size
    market_position market_position_size prev_market_position prev_market_position_size
    """.split()  # noqa: SIM905 - a list of quoted words would take a page
)
_LETTERS: Final = {name.replace("_", ""): name for name in KNOWN}
_FIRE_TIME: Final = "time"
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, default=str)
_NO_INSTRUMENT: Final = Instrument(security_type=SecurityType.STOCK, symbol="")


@dataclass(frozen=True, slots=True)
class Reading:
    """An alert as it was read.

    `max_age_s` is the sender's own; `identity` is what an equal alert of the same route shares:
    its sender's id, or the content without the fire time.
    """

    alert: Alert
    max_age_s: float | None
    identity: str


def read_native(
    raw: bytes, route_name: str, route: Route, alert_id: str, now: datetime
) -> Reading | Refused:
    """Read a native alert that came over `route` at `now` and would get this id."""
    body = read_body(raw)
    if isinstance(body, Refused):
        return body
    fields = Fields(body.fields, body.repairs)
    _refuse_near_misses(fields, body.fields)
    max_age_s = _max_age_s(fields)
    alert = _alert(fields, route_name, route, alert_id, now)
    if fields.refused:
        return fields.refused
    return Reading(alert, max_age_s, _identity(route_name, alert.sender_id, body.fields))


def _alert(fields: Fields, route_name: str, route: Route, alert_id: str, now: datetime) -> Alert:
    """Read every field; what is wrong is in `fields.refused`, and then the alert is void."""
    instrument = _instrument(fields)
    action = _action(fields)
    position = read_position(fields)
    sizing = read_sizing(fields, action, position, route.quantity)
    entry = read_entry(fields)
    _refuse_brackets(fields)
    time_in_force, good_till = read_time_in_force(fields, now)
    is_order = action is not Action.CANCEL
    return Alert(
        alert_id=alert_id,
        route=route_name,
        strategy=fields.text("strategy", length_max=STRATEGY_LENGTH_MAX)
        or route.strategy
        or route_name,
        instrument=instrument,
        action=action,
        sizing=sizing,
        entry=entry if is_order else None,
        time_in_force=time_in_force if is_order else TimeInForce.DAY,
        good_till=good_till if is_order else None,
        outside_rth=fields.flag("outside_rth"),
        accounts=_accounts(fields, route),
        comment=fields.remark("comment"),
        sender_id=fields.text("id"),
        order_id=fields.text("order_id"),
        price=fields.decimal("price"),
        position=position,
        bar_time=fields.instant("bar_time"),
        fired_at=fields.instant(_FIRE_TIME),
        interval=fields.remark("interval", length_max=16),
        accepted_at=now,
        dialect=NAME,
        # Last: only now is it known what was repaired, and what nobody asked for.
        repairs=tuple(fields.repairs),
        extras=fields.extras(),
    )


def _max_age_s(fields: Fields) -> float | None:
    age = fields.price("max_age_s")
    if age is not None and age > MAX_AGE_S_MAX:
        fields.refuse(unfit("max_age_s", f"max_age_s must be at most {MAX_AGE_S_MAX} seconds"))
    return None if age is None else float(age)


def _instrument(fields: Fields) -> Instrument:
    symbol = fields.text("symbol", length_max=64)
    if not symbol:
        fields.refuse(unfit("symbol", "symbol is missing; send {{exchange}}:{{ticker}}", "missing"))
        return _NO_INSTRUMENT
    found = read_symbol(symbol)
    if isinstance(found, Instrument):
        return found
    fields.refuse(found)
    return _NO_INSTRUMENT


def _action(fields: Fields) -> Action:
    action = fields.member("action", Action)
    if action is None:
        fields.refuse(unfit("action", "action is missing; send buy, sell or exit", "missing"))
        return Action.CANCEL
    if action is Action.FLATTEN:
        fields.refuse(
            unfit(
                "action",
                "action flatten is not supported yet; use cancel, then exit",
                "not_supported",
            )
        )
    return action


def _refuse_brackets(fields: Fields) -> None:
    for name in ("take_profit", "stop_loss"):
        if fields.has(name):
            fields.refuse(
                unfit(
                    name,
                    f"{name}: brackets are not supported yet; nothing was ordered",
                    "not_supported",
                )
            )


def _refuse_near_misses(fields: Fields, values: dict[str, Any]) -> None:
    """Refuse `orderType` for `order_type`: ignored, a limit order would go to the market."""
    for name in values.keys() - KNOWN:
        meant = _LETTERS.get(name.replace("_", "").replace("-", "").replace(" ", ""))
        if meant:
            fields.refuse(unfit(name[:64], f"{name[:64]} is not read; write {meant}"))


def _accounts(fields: Fields, route: Route) -> tuple[str, ...]:
    name = "account" if fields.has("account") else "accounts"
    fields.has("accounts")
    accounts = fields.texts(name)
    known = {account.id for account in route.accounts}
    strangers = [account for account in accounts if known and account not in known]
    if strangers:
        fields.refuse(
            unfit(name, f"account {strangers[0]} is not among the accounts of this route")
        )
    return accounts


def _identity(route_name: str, sender_id: str, values: dict[str, Any]) -> str:
    if sender_id:
        return f"{route_name} id {sender_id}"
    content = _CANONICAL.encode(
        {name: value for name, value in values.items() if name != _FIRE_TIME}
    )
    return f"{route_name} sha256 {hashlib.sha256(content.encode()).hexdigest()}"
