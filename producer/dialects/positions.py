"""The strategy's position after an order, under every name that traders send it by.

TradingView fills in `{{strategy.market_position}}`, TradersPost calls it `sentiment`. It decides
whether a buy or sell opens or only closes, so that no dialect may pass over it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from alertwire.configuration import Route
from alertwire.money import ZERO
from alertwire.trading import MismatchPolicy
from producer.fields import Fields
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
_RANKS: Final = {"short": -1, "flat": 0, "long": 1}
CLOSES: Final = {"sell": "long", "buy": "short"}
"""The side that an order can close."""
_SELLS: Final = frozenset({"sell", "sell_short"})
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
    side = sides.get(first) or _side_of_size(given)
    if side and not first:
        values["position"], called["position"] = side, sizes[0]
        if side == "long" and _word(given.get("action")) in _SELLS:
            # Where it had no sign after all, a route that syncs would trade to the wrong side.
            del values["position_size"]
    return After(side, values, called)


def _side_of_size(given: Mapping[str, Any]) -> str:
    """Return the side that a size tells without one beside it; empty where it tells none.

    TradingView's `strategy.position_size` is signed; `strategy.market_position_size` is not, and
    alone says only that nothing is held.
    """
    for name in SIZES:
        size = _size(given, name)
        if size is None:
            continue
        action, has_quantity = _word(given.get("action")), _is_given(given, "quantity")
        if size <= 0:
            # A target that is told by its sign alone would be read where it is short only.
            is_half = size and action == "target" and not has_quantity
            return "" if is_half else "short" if size else "flat"
        # Some send the size without its sign by this name. A sell only closes then, which errs to
        # the safe side; a buy that comes from long or flat leads to long with or without a sign.
        is_long = {
            "exit": not has_quantity,
            "buy": _SIDES.get(_word(given.get("prev_market_position"))) in {"long", "flat"},
        }.get(action, action in _SELLS)
        return "long" if is_long and name == "position_size" else ""
    return ""


def _size(given: Mapping[str, Any], name: str) -> Decimal | None:
    """Return a size as a number; None where it is not given or is none, which is told later."""
    return Fields({name: given.get(name)}).size(name)


def sides_told(given: Mapping[str, Any]) -> set[str]:
    """Return every side that a body names as the position after it, readable or not as a whole."""
    named = {_SIDES.get(_word(given.get(name)), "") for name in NAMES} - {""}
    return named or ({_side_of_size(given)} - {""})


def against_position(given: Mapping[str, Any], after: After) -> Refused | None:
    """Refuse a buy that lowers the strategy's position, and a sell that raises it.

    It is a verb written by hand into a message that is sent with every order. How far the position
    moved is not asked: traders order their own sizes.
    """
    action = _word(given.get("action"))
    before = _SIDES.get(_word(given.get("prev_market_position")), "")
    size_before = _size(given, "prev_market_position_size")
    if not before and size_before is not None and size_before <= 0:
        before = "short" if size_before else "flat"
    if action not in CLOSES or not before or not after.side:
        return None
    moved: Decimal | int = _RANKS[after.side] - _RANKS[before]
    size_after = _size(given, next((name for name in SIZES if _is_given(given, name)), ""))
    if not moved and size_before is not None and size_after is not None:
        moved = (abs(size_after) - abs(size_before)) * _RANKS[after.side]
    if not moved or (moved > ZERO) == (action == "buy"):
        return None
    sizes = [f" {abs(size):f}" if size else "" for size in (size_before, size_after)]
    return unfit(
        "action",
        f"action {action} does not lead from position {before}{sizes[0]} to "
        f"{after.side}{sizes[1]}: send {{{{strategy.order.action}}}} as action",
    )


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
    if action == "exit" and after in {"long", "short"} and _is_given(values, "quantity"):
        # It is a part of this side that is closed: on the other side it would add to what is held.
        values["closes"] = values.get("closes") or after
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
    has_quantity = _is_given(values, "quantity")
    has_legs = any(_is_given(values, name) for name in LEGS)
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


def _is_given(values: Mapping[str, Any], name: str) -> bool:
    return values.get(name) not in (None, "")


def _word(value: Any) -> str:
    return "" if value is None else str(value).strip().lower()
