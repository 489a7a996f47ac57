"""What the keys of a PineConnector alert count: sizes, levels, and how a stop moves.

There the user's expert adviser knows it, and the contract of each symbol; here the route's
`pineconnector` settings say it, for currency pairs and by name for anything else.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from alertwire.dialects import Distance, Volume
from alertwire.dialects import PineConnector as Meaning
from alertwire.wire.alert import SecurityType
from producer.dialects.reading import Draft
from producer.fields import Fields
from producer.refusal import Refused, unfit

_VOLUMES: Final = {
    "vol_lots": Volume.LOTS,
    "vol_dollar": Volume.RISK_CASH,
    "vol_pct_eq_loss": Volume.RISK_PERCENT,
}
_LEVELS: Final = {
    "": None,
    "_pips": Distance.PIPS,
    "_price": Distance.PRICE,
    "_pct": Distance.PERCENT,
}
_KNOWN: Final = frozenset(
    {"risk", *_VOLUMES, "price", "entry_price", "secret", "comment"}
    | {f"{leg}{ending}" for leg in ("sl", "tp") for ending in _LEVELS}
    | {"trailtrig", "traildist", "betrigger", "beoffset"}
)
_MOVES: Final = {
    "traildist": "trail_amount",
    "trailtrig": "trail_trigger",
    "betrigger": "break_even_trigger",
    "beoffset": "break_even_offset",
}
"""In pips; what the stop loss holds of them."""
OF_LEGS: Final = frozenset({f"{leg}{ending}" for leg in ("sl", "tp") for ending in _LEVELS}) | {
    *_MOVES
}
_NOT_YET: Final = {
    "vol_pct_bal_loss": "a share of the balance is no size at Interactive Brokers",
    "trailstep": "the broker moves a trailing stop with every tick, not in steps",
    "spread": "orders are not held back by the spread here",
    "accfilter": "orders are not held back by the balance here; a limit in alertwire.toml may be",
}
_KINDS: Final = {
    Volume.UNITS: "units",
    Volume.LOTS: "units",
    Volume.CASH: "cash",
    Volume.EQUITY_PERCENT: "percent_of_equity",
    Volume.RISK_CASH: "risk_cash",
    Volume.RISK_PERCENT: "risk_percent",
}
_ZERO: Final = re.compile(r"[+-]?0{1,40}(\.0{0,40})?", re.ASCII)
_LARGE_QUOTES: Final = frozenset({"JPY", "HUF", "KRW"})
"""Currencies of which a unit of another costs a hundred or more: their pip is 0.01, of others
0.0001. A stop of 50 pips by the wrong one is a hundred times too near or too far."""
_LARGE_PIP_FROM: Final = Decimal("0.001")
_SMALL_PIP_BELOW: Final = Decimal("0.01")


def read_keys(parts: list[str]) -> dict[str, str] | Refused:
    found: dict[str, str] = {}
    for part in parts:
        if not part:
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        name = name.lower()
        shown = name[:40]
        if not equals:
            if "comment" in found:
                return unfit(
                    "comment",
                    f"{shown!r} is not read: a comma ends the comment; leave commas out of it",
                    "unknown",
                )
            return unfit(shown, f"{shown!r} is not read; write key=value", "unknown")
        if name in found:
            return unfit(shown, f"{shown} stands twice; keep one")
        if name in _NOT_YET:
            return unfit(
                shown,
                f"{shown}: {_NOT_YET[name]}; without {shown} the alert is ordered all the same",
                "not_supported",
            )
        if name not in _KNOWN:
            known = ", ".join(sorted(_KNOWN))
            return unfit(shown, f"{shown!r} is not read; the keys are {known}", "unknown")
        found[name] = value
    return found


def read_volume(
    draft: Draft, keys: dict[str, str], meaning: Meaning, of_risk: Volume | None
) -> Refused | None:
    """Read the size from `risk`, or from one of the keys that name its kind."""
    given = [name for name in ("risk", *_VOLUMES) if name in keys]
    if not given:
        return None
    if len(given) > 1:
        return unfit(given[1], f"{given[0]} and {given[1]} both give the size; keep one")
    name = given[0]
    kind = _VOLUMES.get(name, of_risk)
    draft.called["quantity"] = draft.called["quantity_type"] = name
    if kind is None:
        return unfit(
            name, "what risk counts is not known: give the route pineconnector.volume", "setting"
        )
    fields = Fields({name: keys[name]})
    number = fields.size(name)
    if number is None:
        return fields.refused or unfit(name, f"{name} is empty", "missing")
    if number <= 0:
        return unfit(name, f"{name} must be above 0")
    if kind is Volume.LOTS:
        lot = _lot(name, draft, meaning)
        if isinstance(lot, Refused):
            return lot
        number *= lot
    draft.values |= {"quantity": number, "quantity_type": _KINDS[kind]}
    draft.repairs.extend(fields.repairs)
    return None


def _lot(name: str, draft: Draft, meaning: Meaning) -> Decimal | Refused:
    """Return the units in a lot of the draft's instrument."""
    symbol, is_pair = _symbol(draft), _is_pair(draft)
    found = _named(meaning.lot_sizes, symbol) or (meaning.lot_size if is_pair else None)
    if found is not None:
        return found
    one = f'pineconnector.lot_sizes, such as {{ "{symbol}" = "1" }}'
    remedy = f"pineconnector.lot_size, or {one}" if is_pair else one
    what = "" if is_pair else "; lot_size is that of currency pairs alone"
    return unfit(
        name,
        f"the size of a lot of {symbol} is not known{what}: give the route {remedy}",
        "setting",
    )


def _pip(name: str, draft: Draft, meaning: Meaning) -> Decimal | Refused:
    """Return the price of a pip of the draft's instrument."""
    symbol, pip = _symbol(draft), meaning.pip_size
    if named := _named(meaning.pip_sizes, symbol):
        return named
    quote = draft.instrument.currency if draft.instrument else ""
    custom = "0.01" if quote in _LARGE_QUOTES or not _is_pair(draft) else "0.0001"
    one = f'pineconnector.pip_sizes, such as {{ "{symbol}" = "{custom}" }}'
    if not _is_pair(draft):
        why = "is not known; pip_size is that of currency pairs alone"
        return unfit(name, f"the size of a pip of {symbol} {why}: give the route {one}", "setting")
    if pip is None:
        remedy = f"pineconnector.pip_size, or {one}"
        return unfit(
            name, f"the size of a pip of {symbol} is not known: give the route {remedy}", "setting"
        )
    if pip >= _LARGE_PIP_FROM if quote in _LARGE_QUOTES else pip < _SMALL_PIP_BELOW:
        return pip
    return unfit(
        name,
        f"the route's pip_size {pip:f} is not that of {symbol}, by custom {custom}: give the route "
        f"{one}",
        "setting",
    )


def _symbol(draft: Draft) -> str:
    return str(draft.values["symbol"]).upper()


def _is_pair(draft: Draft) -> bool:
    found = draft.instrument
    return found is not None and found.security_type is SecurityType.FOREX


def _named(sizes: Mapping[str, Decimal], symbol: str) -> Decimal | None:
    """Return what the route says of a symbol, spelled with or without its exchange."""
    return sizes.get(symbol) or sizes.get(symbol.rpartition(":")[2])


def read_legs(draft: Draft, keys: dict[str, str], meaning: Meaning) -> Refused | None:
    """Read the stop loss, the take profit, and how the stop moves later."""
    for leg, native in (("sl", "stop_loss"), ("tp", "take_profit")):
        given = [f"{leg}{ending}" for ending in _LEVELS if f"{leg}{ending}" in keys]
        if not given:
            continue
        if len(given) > 1:
            return unfit(given[1], f"{given[0]} and {given[1]} both give the level; keep one")
        kind = _LEVELS[given[0].removeprefix(leg)] or meaning.targets
        level = _level(given[0], keys[given[0]], kind, draft, meaning)
        if isinstance(level, Refused):
            return level
        draft.values[native] = level
        draft.called[native] = given[0]
    if refused := _moved_by_nothing(draft, keys):
        return refused
    stop: dict[str, Any] = dict(draft.values.get("stop_loss") or {})
    for name, native in _MOVES.items():
        # An offset of 0 is the entry price itself, which is where the trigger moves it.
        if name not in keys or (name == "beoffset" and _ZERO.fullmatch(keys[name])):
            continue
        moved = _level(name, keys[name], Distance.PIPS, draft, meaning)
        if isinstance(moved, Refused):
            return moved
        stop[native] = moved["offset"]
        draft.called.setdefault("stop_loss", name)
    draft.called.setdefault("stop_loss", "sl")
    draft.values["stop_loss"] = stop or None
    return None


def _moved_by_nothing(draft: Draft, keys: dict[str, str]) -> Refused | None:
    """Refuse a key that moves a stop which no other key gives."""
    has_stop = bool(draft.values.get("stop_loss")) or "traildist" in keys
    for name, needed, is_there in (
        ("trailtrig", "traildist", "traildist" in keys),
        ("beoffset", "betrigger", "betrigger" in keys),
        ("betrigger", "sl or traildist", has_stop),
    ):
        if name in keys and not is_there:
            return unfit(name, f"{name} moves a stop and needs {needed} beside it")
    return None


def _level(
    name: str, text: str, kind: Distance | None, draft: Draft, meaning: Meaning
) -> dict[str, Decimal] | Refused:
    if kind is None:
        return unfit(
            name,
            f"what {name} counts is not known: give the route pineconnector.targets",
            "setting",
        )
    if _ZERO.fullmatch(text):
        return unfit(name, f"{name} must be above 0; leave it out where there is to be none")
    fields = Fields({name: text})
    number = fields.price(name)
    draft.repairs.extend(fields.repairs)
    if number is None:
        return fields.refused or unfit(name, f"{name} is empty", "missing")
    if kind is Distance.PIPS:
        pip = _pip(name, draft, meaning)
        return pip if isinstance(pip, Refused) else {"offset": number * pip}
    return {"price" if kind is Distance.PRICE else "percent": number}
