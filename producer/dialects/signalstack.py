"""SignalStack's alerts: JSON with symbol, action and quantity; prices alone make the order type.

Source: help.signalstack.com, read 2026-11. Much of it is a native alert too, and means the same
there. So its shape counts as its own only with a word that the native alert has not, or with prices
and no order type.
"""

import re
from typing import Any, Final

from producer.dialects.assembly import lowered, named, no_object
from producer.dialects.document import Document
from producer.dialects.native import has_prices_alone
from producer.dialects.positions import FIELDS, against_position, only_reduces, read_after, reduce
from producer.dialects.reading import Context, Draft
from producer.refusal import Refused, unfit

NAME: Final = "signalstack"
_NATIVE: Final = (
    *("strategy", "symbol", "quantity", "limit_price", "stop_price", "exchange", "currency"),
)
_OWN: Final = ("action", "quantity_type", "class")
_NAMES: Final = lowered(*_NATIVE, *_OWN, *FIELDS)
_ACTIONS: Final = {
    "buy": "buy",
    "sell": "sell",
    "sell_short": "sell",
    "close": "exit",
    "buy_to_cover": "exit",
    "cancel": "cancel",
}
_OWN_ACTIONS: Final = frozenset({"sell_short", "close", "buy_to_cover"})
_SIZES: Final = {"": "", "fixed": "units", "cash": "cash"} | {
    "percent_of_equity": "percent_of_equity"
}
_CLASSES: Final = {"": "", "option": "option", "future": "future", "stock": "stock"}
_OPTION: Final = re.compile(r"[A-Z.]{1,6} ?\d{6}[CP]\d{8}", re.ASCII)
_FUTURE: Final = re.compile(r"(?:[A-Z0-9_]{1,16}:)?[A-Z0-9]{1,5}(?:[FGHJKMNQUVXZ]\d{1,4}|\d!)")


class SignalStack:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        if not document.has("symbol", "action") or document.word("action") not in _ACTIONS:
            return False
        return (
            document.word("action") in _OWN_ACTIONS
            or document.word("quantity_type") == "fixed"
            or document.has("class")
            or has_prices_alone(document)
        )

    def translate(self, document: Document, context: Context) -> Draft | Refused:
        if refused := no_object(document):
            return refused
        given, extras, repairs = named(document, _NAMES)
        action, kind, group = (_word(given.get(name)) for name in _OWN)
        if action not in _ACTIONS:
            return unfit("action", f"action {action[:40]!r} is not one of {', '.join(_ACTIONS)}")
        if kind not in _SIZES:
            known = ", ".join(filter(None, _SIZES))
            return unfit("quantity_type", f"quantity_type {kind[:40]!r} is not one of {known}")
        if group not in _CLASSES:
            known = ", ".join(filter(None, _CLASSES))
            return unfit(
                "class",
                f"class {group[:40]!r} is not one of {known}; leave class out, for the symbol says "
                "what it is",
            )
        symbol = str(given.get("symbol") or "").strip().upper()
        if group == "option" and not _OPTION.fullmatch(symbol):
            return unfit("symbol", f"symbol {symbol[:40]!r} is no option: AAPL 240315C00140000")
        if group == "future" and not _FUTURE.fullmatch(symbol):
            return unfit("symbol", f"symbol {symbol[:40]!r} is no future such as ESU26")
        values: dict[str, Any] = {name: given.get(name) for name in _NATIVE}
        values |= {
            "action": _ACTIONS[action],
            "closes": "short" if action == "buy_to_cover" else None,
            "quantity_type": _SIZES[kind],
            "order_type": _order_type(given),
        }
        after = read_after(given)
        if isinstance(after, Refused):
            return after
        if action == "sell_short" and only_reduces("sell", [after.side]):
            name = after.called["position"]
            return unfit(name, f"{name} {_word(given[name])} contradicts action sell_short")
        if refused := against_position({**given, "action": _ACTIONS[action]}, after):
            return refused
        values |= after.values
        if refused := reduce(values, repairs, context.route):
            return refused
        return Draft(
            dialect=NAME,
            values=values,
            called={"order_type": "the order type of its prices", **after.called},
            # As a stock it can be one thing only.
            is_brokers_ticker=group != "stock",
            extras=extras,
            informational={"class": group, "action": action if action in _OWN_ACTIONS else ""},
            repairs=repairs,
            content={**given, **extras},
        )


def _order_type(given: dict[str, Any]) -> str:
    has = [given.get(name) not in (None, "") for name in ("stop_price", "limit_price")]
    kinds = {(False, False): "market", (False, True): "limit", (True, False): "stop"}
    return kinds.get((has[0], has[1]), "stop_limit")


def _word(value: Any) -> str:
    return str(value).strip().lower() if value is not None else ""
