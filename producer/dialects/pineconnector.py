"""PineConnector's alerts: one line of text, `LicenseID,command,symbol,key=value,…`.

Source: docs.pineconnector.com, syntax and cheat sheet, read 2026-11. What `risk`, `sl`, `tp` and
`price` count stands in the user's expert adviser there; here in the route's `pineconnector`
settings.
"""

import re
from typing import Final

from alertwire.dialects import Distance, Volume
from alertwire.dialects import PineConnector as Meaning
from producer.dialects.document import Document
from producer.dialects.pinekeys import OF_LEGS, read_keys, read_legs, read_volume
from producer.dialects.reading import Context, Draft
from producer.fields import Fields
from producer.instruments import read_instrument
from producer.refusal import Refused, unfit, unreadable

NAME: Final = "pineconnector"
PARTS_MAX: Final = 40
_LICENSE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,20}", re.ASCII)
"""What the vendor's license ids are."""
_WORD: Final = re.compile(r"[A-Za-z]{2,24}( ?[+ ] ?[A-Za-z]{2,24}){0,3}", re.ASCII)
_ENTRIES: Final = {
    "buy": ("buy", "market"),
    "long": ("buy", "market"),
    "sell": ("sell", "market"),
    "short": ("sell", "market"),
    **dict.fromkeys(("bull", "bullish"), ("buy", "market")),
    **dict.fromkeys(("bear", "bearish"), ("sell", "market")),
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
_ANYTHING: Final = "ALL"
"""The symbol of a closeall that names none which can be read."""
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


class PineConnector:
    NAME = NAME

    def recognises(self, document: Document) -> bool:
        if document.fields is not None or "," not in document.text:
            return False
        parts = [part.strip() for part in document.text.split(",", 2)]
        command = _command(parts[1])
        if command in _COMMANDS:
            # "RSI, buy, AAPL" is somebody's sentence: buy and sell are anybody's words.
            is_sentence = command in _ENTRIES and "=" not in document.text
            return bool((_NUMBER if is_sentence else _LICENSE).fullmatch(parts[0]))
        # A word that is not known is told so, where the number before it leaves no doubt.
        return bool(_NUMBER.fullmatch(parts[0])) and bool(_WORD.fullmatch(parts[1]))

    def translate(self, document: Document, context: Context) -> Draft | Refused:
        parts = [part.strip() for part in document.text.split(",", PARTS_MAX)]
        is_line = document.fields is None and len(parts) > 1
        if not is_line or not _LICENSE.fullmatch(parts[0]):
            return document.problem or unreadable(
                "this is not PineConnector's LicenseID,command,symbol,key=value", "dialect"
            )
        if len(parts) > PARTS_MAX or "\n" in document.text:
            return unreadable("send one command per alert, in one line")
        command = _command(parts[1])
        if reason := _REFUSED.get(command):
            return unfit(
                "command",
                f"{command}: an alert does not switch Alertwire off or on; {reason}",
                "not_supported",
            )
        if command not in _COMMANDS:
            known = ", ".join(sorted(_COMMANDS - {*_REFUSED}))
            return unfit(
                "command", f"command {command[:40]!r} is not known; use one of: {known}", "unknown"
            )
        keys = read_keys(parts[3:])
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
            repairs=list(document.repairs),
            content={"command": command, "symbol": parts[2:3], **keys},
        )
        fields = Fields(draft.values, (), draft.called)
        draft.instrument = read_instrument(fields, context.route, is_brokers_ticker=True)
        if command == _ALL and fields.refused and "=" not in draft.values["symbol"]:
            # It is about the whole account: which symbol stands there decides nothing.
            draft.values["symbol"] = _ANYTHING
            draft.repairs.append("read closeall without its symbol: it closes the whole account")
            fields = Fields(draft.values, (), draft.called)
            draft.instrument = read_instrument(fields, context.route)
        refused = fields.refused or _fill(draft, command, keys, context.route.pineconnector)
        return refused or draft


def _command(text: str) -> str:
    word = text.lower().replace(" ", "")
    return _SHORT_FORMS.get(word, word)


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
        if strange := sorted(keys.keys() - OF_LEGS - {"comment", "secret"}):
            return _strange(strange[0], command)
        values["action"] = "modify"
        draft.called["stop_loss"] = "sl"
        return read_legs(draft, keys, meaning)
    if command in _PARTS:
        values["action"] = "exit"
        if command.endswith("pct"):
            values |= {"quantity": keys.get("risk"), "quantity_type": "percent_of_position"}
        elif refused := read_volume(draft, keys, meaning, Volume.LOTS):
            return refused
        missing = unfit("risk", f"{command} needs risk, how much of it to close", "missing")
        return None if values.get("quantity") not in (None, "") else missing
    refused = read_volume(draft, keys, meaning, meaning.volume) or read_legs(draft, keys, meaning)
    if refused:
        return refused
    if side := _TURNS.get(command):
        for name in ("price", "entry_price"):
            if keys.get(name):
                draft.repairs.append(_unpriced(name, command))
        return _turn(draft, side)
    values["action"], values["order_type"] = _ENTRIES[command]
    return _price(draft, command, keys, meaning)


def _strange(name: str, command: str) -> Refused:
    return unfit(name, f"{name} has no meaning with {command}; leave it out")


def _price(draft: Draft, command: str, keys: dict[str, str], meaning: Meaning) -> Refused | None:
    """Read the price of a pending order; of one at the market it only informs."""
    if "price" in keys and "entry_price" in keys:
        return unfit("price", "price and entry_price are the same; keep one")
    name = "entry_price" if "entry_price" in keys else "price"
    kind = draft.values["order_type"]
    if kind != "market" and keys.get(name) and (refused := _no_price(name, meaning.prices)):
        return refused
    if kind == "market" and keys.get(name) and not _informs(name, draft, meaning):
        draft.repairs.append(_unpriced(name, command))
        return None
    native = {"market": "price", "limit": "limit_price", "stop": "stop_price"}[kind]
    draft.values[native] = keys.get(name)
    draft.called |= {native: name, "order_type": "command"}
    return None


def _informs(name: str, draft: Draft, meaning: Meaning) -> bool:
    """Whether it is the market's price: of a distance no size may be worked out."""
    is_unsaid = meaning.prices is None and draft.values.get("quantity_type") == "units"
    return name == "price" and (is_unsaid or meaning.prices is Distance.PRICE)


def _unpriced(name: str, command: str) -> str:
    return (
        f"left {name} out: {command} is at the market; buylimit, sellstop and the like wait for a "
        f"price"
    )


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
