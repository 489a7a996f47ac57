"""PineConnector's alerts: one line of text, `LicenseID,command,symbol,key=value,…`.

Source: docs.pineconnector.com, syntax and cheat sheet, read 2026-11. What `risk`, `sl`, `tp` and
`price` count stands in the user's expert adviser there; here in the route's `pineconnector`
settings.
"""

import re
from decimal import Decimal
from typing import Any, Final

from alertwire.dialects import Distance, Volume
from alertwire.dialects import PineConnector as Meaning
from producer.dialects.document import Document
from producer.dialects.reading import Context, Draft
from producer.fields import Fields
from producer.refusal import Refused, unfit, unreadable

NAME: Final = "pineconnector"
PARTS_MAX: Final = 40
_LICENSE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ENTRIES: Final = {
    "buy": ("buy", "market"),
    "long": ("buy", "market"),
    "sell": ("sell", "market"),
    "short": ("sell", "market"),
    "buystop": ("buy", "stop"),
    "buylimit": ("buy", "limit"),
    "sellstop": ("sell", "stop"),
    "selllimit": ("sell", "limit"),
}
_CLOSES: Final = ("closelong", "closeshort", "closelongshort")
_PARTS: Final = {
    **dict.fromkeys(("closelongpct", "closeshortpct"), frozenset({"risk"})),
    **dict.fromkeys(("closelongvol", "closeshortvol"), frozenset({"risk", "vol_lots"})),
}
"""Closes of a part, and what may say how much."""
_TURNS: Final = {
    "closelongopenlong": 1,
    "closeshortopenlong": 1,
    "closelongshortopenlong": 1,
    "closelongopenshort": -1,
    "closeshortopenshort": -1,
    "closelongshortopenshort": -1,
}
_SHORT_FORMS: Final = {
    f"{closed}+{opened}": f"{close}{open_}"
    for closed, close in (
        ("cl", "closelong"),
        ("cs", "closeshort"),
        ("cls", "closelongshort"),
    )
    for opened, open_ in (("ol", "openlong"), ("os", "openshort"))
}
_CANCELS: Final = ("cancellong", "cancelshort")
_MODIFIES: Final = ("newsltplong", "newsltpshort")
_ALL: Final = "closeall"
_SIDES: Final = {
    **dict.fromkeys(
        ("closelong", "closelongpct", "closelongvol", "cancellong", "newsltplong"), "long"
    ),
    **dict.fromkeys(
        ("closeshort", "closeshortpct", "closeshortvol", "cancelshort", "newsltpshort"), "short"
    ),
}
"""The side that a command is about; closelongshort is about both."""
_REFUSED: Final = {
    "eaoff": "alertwire halt stops all orders",
    "eaon": "alertwire resume lets orders through again",
    "closealleaoff": "alertwire halt --flatten closes every position and stops all orders",
}
_COMMANDS: Final = frozenset({*_ENTRIES, *_CLOSES, *_PARTS, *_TURNS, *_SHORT_FORMS, *_CANCELS}) | {
    *(*_MODIFIES, _ALL, *_REFUSED)
}
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
    {"risk", *_VOLUMES, "vol_pct_bal_loss", "price", "entry_price", "secret", "comment"}
    | {f"{leg}{ending}" for leg in ("sl", "tp") for ending in _LEVELS}
    | {"trailtrig", "traildist", "trailstep", "betrigger", "beoffset"}
)
_MOVES: Final = {
    "traildist": "trail_amount",
    "trailtrig": "trail_trigger",
    "betrigger": "break_even_trigger",
    "beoffset": "break_even_offset",
}
"""In pips; what the stop loss holds of them."""
_OF_LEGS: Final = frozenset({f"{leg}{ending}" for leg in ("sl", "tp") for ending in _LEVELS}) | {
    *_MOVES
}
_NOT_YET: Final = {
    "vol_pct_bal_loss": "a share of the balance is no size at Interactive Brokers",
    "trailstep": "the broker moves a trailing stop with every tick, not in steps",
}
_KINDS: Final = {
    Volume.UNITS: "units",
    Volume.LOTS: "units",
    Volume.CASH: "cash",
    Volume.EQUITY_PERCENT: "percent_of_equity",
    Volume.RISK_CASH: "risk_cash",
    Volume.RISK_PERCENT: "risk_percent",
}


class PineConnector:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        if document.fields is not None or "," not in document.text:
            return False
        parts = [part.strip() for part in document.text.split(",", 2)]
        return bool(_LICENSE.fullmatch(parts[0])) and parts[1].lower() in _COMMANDS

    def translate(self, document: Document, context: Context) -> Draft | Refused:
        parts = [part.strip() for part in document.text.split(",", PARTS_MAX)]
        is_line = document.fields is None and len(parts) > 1
        if not is_line or not _LICENSE.fullmatch(parts[0]):
            return document.problem or unreadable(
                "this is not PineConnector's LicenseID,command,symbol,key=value", "dialect"
            )
        if len(parts) > PARTS_MAX or "\n" in document.text:
            return unreadable("send one command per alert, in one line")
        command = parts[1].lower().replace(" ", "")
        command = _SHORT_FORMS.get(command, command)
        if reason := _REFUSED.get(command):
            return unfit(
                "command",
                f"{command}: an alert does not switch Alertwire off or on; {reason}",
                "not_supported",
            )
        if command not in _COMMANDS:
            return unfit("command", f"command {command[:40]!r} is not known", "unknown")
        keys = _keys(parts[3:])
        if isinstance(keys, Refused):
            return keys
        draft = Draft(
            dialect=NAME,
            values={"symbol": parts[2] if len(parts) > 2 else "", "comment": keys.get("comment")},
            called={
                "action": "command",
                "closes": "command",
                "scope": "command",
                "quantity": "risk",
                "quantity_type": "command",
            },
            informational={"command": command},
            is_brokers_ticker=True,
            repairs=list(document.repairs),
            content={"command": command, "symbol": parts[2:3], **keys},
        )
        return _fill(draft, command, keys, context.route.pineconnector) or draft


def _keys(parts: list[str]) -> dict[str, str] | Refused:
    found: dict[str, str] = {}
    for part in parts:
        if not part:
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        name = name.lower()
        shown = name[:40]
        if not equals or name not in _KNOWN:
            return unfit(shown, f"{shown!r} is not read; write key=value as documented", "unknown")
        if name in found:
            return unfit(shown, f"{shown} stands twice; keep one")
        if name in _NOT_YET:
            return unfit(shown, f"{shown}: {_NOT_YET[name]}; leave it out", "not_supported")
        found[name] = value
    return found


def _fill(draft: Draft, command: str, keys: dict[str, str], meaning: Meaning) -> Refused | None:
    values = draft.values
    values["closes"] = _SIDES.get(command)
    if command in {*_CANCELS, *_CLOSES, *_PARTS, _ALL}:
        allowed = {"comment", "secret", *_PARTS.get(command, ())}
        if strange := sorted(keys.keys() - allowed):
            return _strange(strange[0], command)
    if command in _CANCELS:
        values["action"] = "cancel"
        return None
    if command in _CLOSES:
        values["action"] = "exit"
        return None
    if command == _ALL:
        values |= {"action": "flatten", "scope": "account"}
        return None
    if command in _MODIFIES:
        if strange := sorted(keys.keys() - _OF_LEGS - {"comment", "secret"}):
            return _strange(strange[0], command)
        values["action"] = "modify"
        draft.called["stop_loss"] = "sl"
        return _legs(draft, keys, meaning)
    if command in _PARTS:
        values["action"] = "exit"
        if command.endswith("pct"):
            values |= {"quantity": keys.get("risk"), "quantity_type": "percent_of_position"}
        elif refused := _volume(draft, keys, meaning, Volume.LOTS):
            return refused
        missing = unfit("risk", f"{command} needs risk, how much of it to close", "missing")
        return None if values.get("quantity") not in (None, "") else missing
    refused = _volume(draft, keys, meaning, meaning.volume) or _legs(draft, keys, meaning)
    if refused:
        return refused
    if side := _TURNS.get(command):
        return _turn(draft, side)
    values["action"], values["order_type"] = _ENTRIES[command]
    return _price(draft, keys, meaning)


def _strange(name: str, command: str) -> Refused:
    return unfit(name, f"{name} has no meaning with {command}; leave it out")


def _price(draft: Draft, keys: dict[str, str], meaning: Meaning) -> Refused | None:
    """Read the price of a pending order; of one at the market it only informs."""
    if "price" in keys and "entry_price" in keys:
        return unfit("price", "price and entry_price are the same; keep one")
    name = "entry_price" if "entry_price" in keys else "price"
    kind = draft.values["order_type"]
    if kind != "market" and keys.get(name) and (refused := _no_price(name, meaning.prices)):
        return refused
    native = {"market": "price", "limit": "limit_price", "stop": "stop_price"}[kind]
    draft.values[native] = keys.get(name)
    draft.called |= {native: name, "order_type": "command"}
    return None


def _no_price(name: str, kind: Distance | None) -> Refused | None:
    """Refuse what may be a distance: 10 pips taken for a price would buy at any price."""
    if kind is None:
        return unfit(
            name,
            f"what {name} counts is not known: give the route pineconnector.prices",
            "setting",
        )
    if kind is not Distance.PRICE:
        return unfit(
            name,
            f"{name} in {kind.value} is a distance from the market, which only the expert adviser "
            "takes; send the price itself, and set pineconnector.prices to price",
            "not_supported",
        )
    return None


def _turn(draft: Draft, side: int) -> Refused | None:
    """Close and open in one: trade to the position on the other side."""
    values = draft.values
    values["action"] = "target"
    if values.get("quantity") is None:
        return unfit("risk", "risk is missing: how much to open", "missing")
    fields = Fields(values, (), draft.called)
    size = fields.price("quantity")
    if fields.refused or size is None:
        return fields.refused
    values["quantity"] = side * size
    return None


def _volume(
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
        if meaning.lot_size is None:
            return unfit(
                name,
                "the size of a lot is not known: give the route pineconnector.lot_size",
                "setting",
            )
        number *= meaning.lot_size
    draft.values |= {"quantity": number, "quantity_type": _KINDS[kind]}
    draft.repairs.extend(fields.repairs)
    return None


def _legs(draft: Draft, keys: dict[str, str], meaning: Meaning) -> Refused | None:
    """Read the stop loss, the take profit, and how the stop moves later."""
    for leg, native in (("sl", "stop_loss"), ("tp", "take_profit")):
        given = [f"{leg}{ending}" for ending in _LEVELS if f"{leg}{ending}" in keys]
        if not given:
            continue
        if len(given) > 1:
            return unfit(given[1], f"{given[0]} and {given[1]} both give the level; keep one")
        kind = _LEVELS[given[0].removeprefix(leg)] or meaning.targets
        level = _level(given[0], keys[given[0]], kind, meaning)
        if isinstance(level, Refused):
            return level
        draft.values[native] = level
        draft.called[native] = given[0]
    stop: dict[str, Any] = dict(draft.values.get("stop_loss") or {})
    for name, native in _MOVES.items():
        if name not in keys:
            continue
        moved = _level(name, keys[name], Distance.PIPS, meaning)
        if isinstance(moved, Refused):
            return moved
        stop[native] = moved["offset"]
        draft.called.setdefault("stop_loss", name)
    draft.called.setdefault("stop_loss", "sl")
    draft.values["stop_loss"] = stop or None
    return None


def _level(
    name: str, text: str, kind: Distance | None, meaning: Meaning
) -> dict[str, Decimal] | Refused:
    if kind is None:
        return unfit(
            name,
            f"what {name} counts is not known: give the route pineconnector.targets",
            "setting",
        )
    fields = Fields({name: text})
    number = fields.price(name)
    if number is None:
        return fields.refused or unfit(name, f"{name} is empty", "missing")
    if kind is Distance.PIPS:
        if meaning.pip_size is None:
            return unfit(
                name,
                "the size of a pip is not known: give the route pineconnector.pip_size",
                "setting",
            )
        return {"offset": number * meaning.pip_size}
    return {"price" if kind is Distance.PRICE else "percent": number}
