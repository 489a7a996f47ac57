"""The strategy's position after an order, under every name that traders send it by.

TradingView fills in `{{strategy.market_position}}`, TradersPost calls it `sentiment`. It decides
whether a buy or sell opens or only closes, so that no dialect may pass over it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alertwire.configuration import Route
from alertwire.trading import MismatchPolicy
from producer.refusal import Refused, unfit

NAMES: Final = ("position", "market_position", "sentiment")
SIZES: Final = ("position_size", "market_position_size")
FIELDS: Final = (*NAMES, *SIZES, "prev_market_position", "prev_market_position_size")
"""All that tells the strategy's position, before the order or after it."""
_SIDES: Final = {
    "long": "long",
    "bullish": "long",
    "short": "short",
    "bearish": "short",
    "flat": "flat",
}
CLOSES: Final = {"sell": "long", "buy": "short"}
"""The side that an order can close."""
LEGS: Final = ("take_profit", "stop_loss")
_OF_ENTRIES: Final = frozenset({"cash", "percent_of_equity", "risk_cash", "risk_percent"})
"""Kinds of size that say how much to put in, which is not what has become of it since."""


@dataclass(frozen=True, slots=True)
class After:
    """The position after the order: `side` is long, short, flat, or empty where it is not told.

    `values` are the native alert's fields of it, `called` the sender's names of these.
    """

    side: str
    values: dict[str, Any]
    called: dict[str, str]


def read_after(given: Mapping[str, Any]) -> After | Refused:
    """Read the position after the order from fields by the names in `FIELDS`."""
    told = {name: _word(given[name]) for name in NAMES if given.get(name) not in (None, "")}
    if strange := [name for name, word in told.items() if word not in _SIDES]:
        name = strange[0]
        known = ", ".join(_SIDES)
        return unfit(name, f"{name} {told[name][:40]!r} is not known; use one of: {known}")
    sides = {name: _SIDES[word] for name, word in told.items()}
    sizes = [name for name in SIZES if given.get(name) not in (None, "")]
    first = next(iter(sides), "")
    for name, side in sides.items():
        if side != sides[first]:
            return unfit(name, f"{name} {told[name]} contradicts {first} {told[first]}; keep one")
    if len(sizes) > 1 and str(given[sizes[0]]).strip() != str(given[sizes[1]]).strip():
        return unfit(sizes[1], f"{sizes[1]} contradicts {sizes[0]}; keep one")
    values: dict[str, Any] = {name: given[name] for name in FIELDS[-2:] if name in given}
    called = {}
    if first:
        values["position"], called["position"] = sides[first], first
    if sizes:
        values["position_size"], called["position_size"] = given[sizes[0]], sizes[0]
    return After(sides.get(first, ""), values, called)


def sides_told(given: Mapping[str, Any]) -> set[str]:
    """Return every side that a body names as the position after it, readable or not as a whole."""
    return {_SIDES.get(_word(given.get(name)), "") for name in NAMES} - {""}


def only_reduces(action: str, after: Iterable[str]) -> bool:
    """Whether a buy or sell opens nothing, by the position after it."""
    return action in CLOSES and bool({"flat", CLOSES[action]} & {*after})


def reduce(values: dict[str, Any], repairs: list[str], route: Route) -> Refused | None:
    """Make an exit of a buy or sell that opens nothing, in the native alert's names.

    What the account missed must not become a position on the other side. A route that syncs trades
    to that position instead, where the alert tells its size.
    """
    action, after = _word(values.get("action")), _word(values.get("position"))
    if refused := _contradiction(values, action, after):
        return refused
    syncs = values.get("position_size") and route.position_mismatch is MismatchPolicy.SYNC
    if not only_reduces(action, [after]) or (syncs and after != "flat"):
        return None
    values["action"] = "exit"
    # Nor may it buy what a sell was to close: an account out of step is left alone.
    values["closes"] = values.get("closes") or CLOSES[action]
    still = "flat" if after == "flat" else f"still {after}"
    repairs.append(f"read {action} as exit: the position after it is {still}")
    leave_legs_out(values, repairs)
    kind = _word(values.get("quantity_type"))
    if after == "flat" and kind in _OF_ENTRIES:
        values["quantity"] = values["quantity_type"] = None
        repairs.append(f"read exit as exit of all: {kind} is the size of an entry")
    if after == "flat" or values.get("quantity") not in (None, ""):
        return None
    # The close of a part needs its size: without one it would close all.
    if route.quantity is None or values.get("quantity_type") not in (None, ""):
        return unfit(
            "quantity", f"quantity is missing: {action} and {still} closes a part", "missing"
        )
    values["quantity"] = str(route.quantity)
    values["quantity_type"] = route.quantity_type.name.lower()
    return None


def _contradiction(values: Mapping[str, Any], action: str, after: str) -> Refused | None:
    """Refuse a verb that cannot lead to the position after it."""
    if action == "reverse" and after == "flat":
        return unfit("action", "action reverse opens the other side; position flat contradicts it")
    has_quantity = values.get("quantity") not in (None, "")
    has_legs = any(values.get(name) not in (None, "") for name in LEGS)
    is_open = after in {"long", "short"} and _word(values.get("closes")) in {"", after}
    if action == "exit" and is_open and not has_quantity and not has_legs:
        return unfit(
            "action",
            f"action exit closes the whole position; position {after} contradicts it: send the "
            f"quantity of a part, or closes where the other side is meant",
        )
    return None


def leave_legs_out(
    values: dict[str, Any], repairs: list[str], called: Mapping[str, str] | None = None
) -> None:
    """Take from an exit what protects an entry: a fixed message sends it with every order.

    Left in, it would make of the exit two prices at which the position ends some day.
    """
    given = [name for name in LEGS if values.pop(name, None) not in (None, "")]
    names = called or {}
    repairs += [f"left {names.get(name, name)} out: this order only closes" for name in given]


def _word(value: Any) -> str:
    return "" if value is None else str(value).strip().lower()
