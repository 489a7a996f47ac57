"""What a body asks for beside its own verb: another verb, or that it only closes.

No dialect reads these names. Whatever they say must not contradict what is going to be ordered.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from alertwire.wire.alert import Action, Alert, MarketPosition
from producer.dialects.reading import Draft
from producer.dialects.spellings import last_word_of, snake
from producer.fields import clean
from producer.refusal import Refused, unfit

_VERBS: Final = frozenset({"action", "signal", "operation", "instruction"}) | {
    *("order_action", "trade_action", "strategy_order_action", "command", "cmd")
}
_EFFECTS: Final = frozenset({"position_effect", "effect", "intent", "order_intent", "event"}) | {
    *("open_close", "openclose", "open_or_close", "entry_exit")
}
_FLAGS: Final = frozenset({"exit", "is_exit", "exit_trade", "exit_signal", "close"}) | {
    *("is_close", "close_trade", "closing", "is_closing", "closing_trade")
}
_YES: Final = frozenset({"true", "yes", "1", "on", "all", "long", "short"})
_MEANT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("buy", "long", "enter_long"), "buy"),
    **dict.fromkeys(("sell", "short", "enter_short", "sell_short"), "sell"),
    **dict.fromkeys(("exit", "close", "cover", "flat", "flatten", "close_all", "exit_all"), "exit"),
    **dict.fromkeys(("exit_long", "close_long", "exit_short", "close_short"), "exit"),
    "reverse": "reverse",
    **dict.fromkeys(("cancel", "hold", "none"), "none"),
}
"""What a verb under another name than the dialect's wants to have done."""
_CLOSING: Final = frozenset(word for word, meant in _MEANT.items() if meant == "exit") | {
    *("closing", "close_only", "close_position", "to_close", "sell_to_close", "buy_to_close"),
    *("exit_only", "exit_position", "long_exit", "short_exit", "c"),
}
_ENTERING: Final = frozenset({"enter_long", "enter_short"})
_REMEDIES: Final = {Action.TARGET: "send the position 0"}
_CLOSERS: Final = {MarketPosition.LONG: "sell", MarketPosition.SHORT: "buy"}


def refuse_other_verb(draft: Draft, alert: Alert) -> Refused | None:
    """Refuse a name that contradicts what is ordered; None: nothing does."""
    told = _told(draft)
    for name, value in draft.extras.items():
        word = re.sub(r"[\s-]+", "_", str(value).strip().lower())
        meant = _meant(snake(last_word_of(name)), word)
        if not meant or _agrees(meant, word, alert, told):
            continue
        shown = clean(name, 64)
        remedy = "send the same"
        if meant == "exit":
            remedy = _REMEDIES.get(alert.action, "send action exit") + " where this only closes"
        return unfit(
            shown,
            f"{shown} {clean(word, 40)} contradicts {_ordered(alert, told)}, and is not read by "
            f"{draft.dialect} alerts: {remedy}, or leave {shown} out",
        )
    return None


def _told(draft: Draft) -> str:
    """Return the sender's own verb."""
    read = _word(draft.values.get("action"))
    told = read if "action" in draft.extras else _word(draft.content.get("action")) or read
    # Beside a signed position the verb is only a cross-check, but one all the same.
    return _word(draft.informational.get("strategy.order_action")) or told


def _meant(name: str, word: str) -> str:
    if name in _VERBS:
        return _MEANT.get(word, "")
    closes = name in _EFFECTS and word in _CLOSING
    # The bar's close is a price, and may be 1.
    closes |= name in _FLAGS and word in _YES | _CLOSING and (name, word) != ("close", "1")
    return "exit" if closes else ""


def _agrees(meant: str, word: str, alert: Alert, told: str) -> bool:
    match alert.action:
        case Action.BUY | Action.SELL:
            return meant == _MEANT.get(told, told)
        case Action.TARGET if meant in {"buy", "sell"}:
            # A buy may lead to a smaller short position.
            return told not in {"buy", "sell"} or told == meant
        case Action.TARGET:
            is_flat = alert.sizing is None or not alert.sizing.value
            return meant == ("exit" if is_flat else "reverse")
        case Action.REVERSE:
            return meant in {"reverse", "buy", "sell"}
        case Action.EXIT | Action.FLATTEN if meant in {"buy", "sell"}:
            side = _CLOSERS.get(alert.closes) if alert.closes else None
            return word not in _ENTERING and (word not in {"buy", "sell"} or side in {None, word})
        case Action.EXIT | Action.FLATTEN:
            return meant == "exit"
        case _:
            return True


def _ordered(alert: Alert, told: str) -> str:
    if alert.action is Action.TARGET and alert.sizing is not None and told not in {"buy", "sell"}:
        return f"the position of {alert.sizing.value:f}"
    return told or alert.action.name.lower()


def _word(value: Any) -> str:
    return "" if value is None else str(value).strip().lower()
