"""TradersPost's alerts: JSON with ticker, action and sentiment.

Source: docs.traderspost.io, webhook reference, read 2026-11. `sentiment` is the position wanted
after the trade; it decides whether an order opens or only reduces, which `action` alone does not
say.
"""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from alertwire.dialects import EntryQuantity
from alertwire.wire.alert import Instrument, OptionRight, QuantityType
from producer.dialects.assembly import lowered, named, no_object, positive
from producer.dialects.document import Document
from producer.dialects.positions import (
    CLOSES,
    FIELDS,
    against_position,
    leave_legs_out,
    only_reduces,
    read_after,
)
from producer.dialects.reading import Context, Draft
from producer.fields import Fields
from producer.refusal import Refused, unfit
from producer.sizes import missing_size
from producer.symbols import option_root, read_symbol

NAME: Final = "traderspost"
DELAY_S_MAX: Final = 7 * 24 * 3600
_NATIVE: Final = {
    "strategy": "strategy",
    "ticker": "symbol",
    "action": "action",
    "price": "price",
    "quantity": "quantity",
    "quantityType": "quantity_type",
    "orderType": "order_type",
    "limitPrice": "limit_price",
    "stopPrice": "stop_price",
    "trailAmount": "trail_amount",
    "trailPercent": "trail_percent",
    "takeProfit": "take_profit",
    "stopLoss": "stop_loss",
    "timeInForce": "time_in_force",
    "extendedHours": "outside_rth",
    "cancel": "cancel_working_first",
    "time": "time",
    "interval": "interval",
    "message": "comment",
    "exchange": "exchange",
    "currency": "currency",
}
_OPTION: Final = ("optionType", "expiration", "strikePrice")
_SELECTION: Final = ("strikesAway", "strikeCount", "intrinsicValue")
_INFORMATIONAL: Final = ("ignoreTradingWindows", "extras")
_OWN: Final = (*FIELDS, "signalPrice", "delay", *_OPTION, *_SELECTION)
_NAMES: Final = lowered(*_NATIVE, *_OWN, *_INFORMATIONAL)
_ACTIONS: Final = ("buy", "sell", "exit", "cancel", "add")
_SIZES: Final = {
    "fixed_quantity": "units",
    "dollar_amount": "cash",
    "risk_dollar_amount": "risk_cash",
    "risk_percent": "risk_percent",
    "percent_of_equity": "percent_of_equity",
    "percent_of_position": "percent_of_position",
}
_ORDER_TYPES: Final = ("market", "limit", "stop", "stop_limit", "trailing_stop")
_AT_THE_CLOSE: Final = {"market": "market_on_close", "limit": "limit_on_close"}
_TAKE_PROFIT: Final = {"limitPrice": "price", "percent": "percent", "amount": "offset"}
_STOP_LOSS: Final = {
    "stopPrice": "price",
    "percent": "percent",
    "amount": "offset",
    "limitPrice": "limit_price",
    "trailAmount": "trail_amount",
    "trailPercent": "trail_percent",
}
_BRACKETS: Final = (
    ("takeProfit", "take_profit", _TAKE_PROFIT),
    ("stopLoss", "stop_loss", _STOP_LOSS),
)
_STOP_TYPES: Final = {
    "stop": ("stopPrice, percent or amount", False, False),
    "stop_limit": ("limitPrice beside stopPrice, percent or amount", True, False),
    "trailing_stop": ("trailAmount or trailPercent", False, True),
}
"""What a type of stopLoss holds: in words, whether a limitPrice, whether a trail."""
_CALLED: Final = {native: name for name, native in _NATIVE.items()} | {
    f"{leg}.{native}": name for _, leg, names in _BRACKETS for name, native in names.items()
}
_OPPOSITE: Final = {"buy": "sell", "sell": "buy", "long": "short", "short": "long"}


class TradersPost:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        return (
            document.has("ticker", "action")
            and not document.has("direction")
            and not isinstance((document.fields or {}).get("strategy"), dict)
        )

    def translate(self, document: Document, context: Context) -> Draft | Refused:
        if refused := no_object(document):
            return refused
        given, extras, repairs = named(document, _NAMES)
        values = {_NATIVE[name]: value for name, value in given.items() if name in _NATIVE}
        values.setdefault("price", given.get("signalPrice"))
        draft = Draft(
            dialect=NAME,
            values=values,
            called=dict(_CALLED),
            extras=extras,
            informational={name: given.get(name) for name in _INFORMATIONAL},
            repairs=repairs,
            content={**given, **extras},
            fallback=Decimal(1),
            is_brokers_ticker=True,
        )
        for step in (_option, _side, _size, _order_type, _brackets, _delay):
            if refused := step(given, draft, context):
                return refused
        return draft


def _option(given: dict[str, Any], draft: Draft, context: Context) -> Refused | None:
    """Put ticker, type, expiration and strike together into one option's symbol."""
    for name in _SELECTION:
        if given.get(name) not in (None, ""):
            return unfit(
                name,
                f"{name}: choosing an option from the chain is not supported yet; send its "
                f"expiration and strikePrice",
                "not_supported",
            )
    if all(given.get(name) in (None, "") for name in _OPTION):
        return None
    for name in _OPTION:
        if given.get(name) in (None, ""):
            return unfit(name, f"{name} is missing: an option needs {', '.join(_OPTION)}")
    right = {"call": "C", "put": "P"}.get(_word(given["optionType"]))
    if right is None:
        return unfit("optionType", "optionType must be call or put")
    try:
        day = date.fromisoformat(str(given["expiration"]).strip())
    except ValueError:
        return unfit("expiration", "expiration must be a date such as 2026-12-18")
    if day < context.now.date() - timedelta(days=1):
        return unfit("expiration", f"expiration {day} lies in the past")
    strike = positive(given, "strikePrice")
    if not isinstance(strike, Decimal):
        return strike or unfit("strikePrice", "strikePrice is missing")
    prefix, _, ticker = str(draft.values.get("symbol") or "").strip().upper().rpartition(":")
    # The listing of what the option is on, under which the same letters may be another share.
    draft.values["exchange"] = draft.values.get("exchange") or prefix
    draft.values["symbol"] = f"OPRA:{option_root(ticker)}{day:%y%m%d}{right}{strike:f}"
    return None


def _side(given: dict[str, Any], draft: Draft, context: Context) -> Refused | None:
    """Say with a native verb what action and sentiment want together."""
    action, after = _word(given.get("action")), read_after(given)
    if isinstance(after, Refused):
        return after
    if not action:
        return unfit("action", f"action is missing; send one of {', '.join(_ACTIONS)}", "missing")
    if action not in _ACTIONS:
        return unfit("action", f"action {action[:40]!r} is not one of {', '.join(_ACTIONS)}")
    if refused := against_position(given, after):
        return refused
    wanted = after.side
    draft.values |= after.values
    draft.called |= after.called
    name = after.called.get("position", "sentiment")
    told = f"{name} {_word(given.get(name))}"
    if action in {"buy", "sell", "add"} and _is_put(draft, context):
        turned = _OPPOSITE.get(action, action)
        on = f"{action} {wanted}" if action == "add" else action
        onto = f"{action} {_OPPOSITE.get(wanted, wanted)}" if action == "add" else turned
        draft.repairs.append(f"read {on} as {onto}: for puts the side is inverted")
        action, wanted = turned, _OPPOSITE.get(wanted, wanted)
        for field in FIELDS:
            # What the strategy holds of the share says nothing of the put's size and sign.
            draft.values.pop(field, None)
    has_quantity = draft.values.get("quantity") not in (None, "")
    if action == "exit" and wanted in {"long", "short"} and not has_quantity:
        return unfit(name, f"action exit closes the whole position; {told} contradicts it")
    if action == "add":
        if wanted not in {"long", "short"}:
            return unfit(name, "action add needs sentiment long or short")
        action = "buy" if wanted == "long" else "sell"
    elif action in {"buy", "sell", "exit"} and wanted == "flat":
        # Exits all, whatever the quantity, and never reverses.
        _close(action, draft)
        action = "exit"
        if draft.values.pop("quantity", None) not in (None, ""):
            draft.informational["quantity"] = given["quantity"]
        draft.values.pop("quantity_type", None)
    elif only_reduces(action, [wanted]):
        # On the same side after a counter trade: it was a part that was closed.
        if not has_quantity:
            return unfit("quantity", f"quantity is missing: {action} and still {told} is a part")
        _close(action, draft)
        action = "exit"
    elif action == "exit" and wanted in {"long", "short"} and not _is_put(draft, context):
        # A part of this side: on the other one it would add to what it finds.
        draft.values["closes"] = wanted
    draft.values["action"] = action
    if wanted:
        draft.values["position"] = wanted
    return None


def _close(action: str, draft: Draft) -> None:
    """Name the side that a buy or sell closes: it must not add to what it finds on the other."""
    if action in CLOSES:
        draft.values["closes"] = CLOSES[action]


def _size(given: dict[str, Any], draft: Draft, context: Context) -> Refused | None:
    kind = _word(draft.values.pop("quantity_type", None))
    if kind and kind not in _SIZES:
        return unfit(
            "quantityType", f"quantityType {kind[:40]!r} is not one of {', '.join(_SIZES)}"
        )
    if kind:
        draft.values["quantity_type"] = _SIZES[kind]
    is_entry = draft.values["action"] in CLOSES and _word(given.get("action")) != "add"
    if is_entry and context.route.entry_quantity is EntryQuantity.POSITION:
        return _to_position(draft, context)
    return None


def _to_position(draft: Draft, context: Context) -> Refused | None:
    """Read an entry as the position to have: an opposite one is closed on the way."""
    values, route = draft.values, context.route
    if values.get("quantity") in (None, ""):
        if values.get("quantity_type"):
            return missing_size("quantity", "quantityType")
        size = route.quantity or Decimal(1)
        kind = route.quantity_type if route.quantity else QuantityType.UNITS
        values["quantity_type"] = kind.name.lower()
    else:
        fields = Fields({"quantity": values["quantity"]})
        found = fields.size("quantity")
        if found is not None and found <= 0:
            fields.wrong("quantity", "must be above 0")
        if fields.refused or found is None:
            return fields.refused
        draft.repairs.extend(fields.repairs)
        size = found
    if values.get("quantity_type") == "percent_of_position":
        return unfit(
            "quantityType",
            "quantityType percent_of_position is a part of what is held, and names no position to "
            'have: the route\'s entry_quantity = "position" needs another one',
        )
    values["quantity"] = size if values["action"] == "buy" else -size
    values["action"] = "target"
    return None


def _order_type(given: dict[str, Any], draft: Draft, _context: Context) -> Refused | None:
    told = _choice(given.get("orderType"))
    kind = told or "market"
    if kind not in _ORDER_TYPES:
        return unfit(
            "orderType", f"orderType {kind[:40]!r} is not one of {', '.join(_ORDER_TYPES)}"
        )
    if _word(given.get("timeInForce")) == "cls":
        if kind not in _AT_THE_CLOSE:
            return unfit("timeInForce", f"timeInForce cls contradicts orderType {kind}")
        kind = _AT_THE_CLOSE[kind]
        draft.values["time_in_force"] = "day"
    elif _word(given.get("timeInForce")) == "gtd":
        return unfit("timeInForce", "timeInForce must be day, gtc, opg, cls, ioc or fok")
    # Not told, it is told so: then a price beside it asks for another type than market.
    draft.values["order_type"] = kind if told or kind in _AT_THE_CLOSE.values() else None
    return None


def _brackets(given: dict[str, Any], draft: Draft, _context: Context) -> Refused | None:
    if draft.values["action"] == "exit":
        leave_legs_out(draft.values, draft.repairs, draft.called)
        return None
    for name, leg, names in _BRACKETS:
        value = given.get(name)
        if not isinstance(value, dict):
            continue
        native = {spelled.lower(): part for spelled, part in names.items()}
        parts: dict[str, Any] = {}
        for key, item in value.items():
            lower = key.strip().lower()
            part = native.get(lower, lower)
            if part in parts:
                return unfit(name, f"{name} holds {key[:40]!r} twice; keep one")
            # A template's empty fields ask for nothing.
            if item not in (None, ""):
                parts[part] = item
        kind = _choice(parts.pop("type", None)) if leg == "stop_loss" else ""
        draft.values[leg] = parts
        if kind and (refused := _stop_type(kind, parts)):
            return refused
    return None


def _stop_type(kind: str, parts: dict[str, Any]) -> Refused | None:
    if kind not in _STOP_TYPES:
        known = ", ".join(_STOP_TYPES)
        return unfit("stopLoss.type", f"stopLoss.type {kind[:40]!r} is not one of {known}")
    words, has_limit, has_trail = _STOP_TYPES[kind]
    trails = "trail_amount" in parts or "trail_percent" in parts
    if ("limit_price" in parts, trails) == (has_limit, has_trail):
        return None
    held = ", ".join(name for name, native in _STOP_LOSS.items() if native in parts) or "nothing"
    return unfit(
        "stopLoss.type", f"stopLoss.type {kind} holds {words}, and nothing else; this one {held}"
    )


def _delay(given: dict[str, Any], draft: Draft, context: Context) -> Refused | None:
    delay = given.get("delay")
    if delay in (None, "", 0, "0"):
        return None
    delay_s = positive(given, "delay")
    if not isinstance(delay_s, Decimal):
        return delay_s
    if delay_s > DELAY_S_MAX:
        return unfit("delay", f"delay must be at most {DELAY_S_MAX} seconds")
    draft.called["good_after"] = "delay"
    draft.values["good_after"] = context.now + timedelta(seconds=float(delay_s))
    return None


def _is_put(draft: Draft, context: Context) -> bool:
    symbol = str(draft.values.get("symbol") or "").strip()
    if named_one := context.route.symbols.get(symbol.upper()):
        return named_one.right == "put"
    if not re.search(r"\dP\d", symbol.upper()):
        return False
    found = read_symbol(symbol[:64])
    return isinstance(found, Instrument) and found.right is OptionRight.PUT


def _word(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else "" if value is None else str(value)


def _choice(value: Any) -> str:
    """Return one of a list's words, whichever way its parts are joined: Stop Limit, stop-limit."""
    return _word(value).replace("-", "_").replace(" ", "_")
