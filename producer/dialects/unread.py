"""Names that a dialect does not read: which must not be ignored, and which tell the fire time."""

import re
from collections.abc import Mapping
from typing import Any, Final

from producer.dialects.positions import NAMES
from producer.fields import clean
from producer.refusal import Refused, unfit

_FIRE_TIMES: Final = frozenset({"time", "timenow", "timestamp", "firedat", "firetime"})
_ASKING: Final = re.compile(
    r"(\A|_)("
    r"(sl|tp|target)\d*|qty|quantity|size|amount|contracts|leverage|limit|trailing|trail|side|reduce"
    r"|percent|percentage|pct|break_?even"
    r"|(sub_?)?accounts?|accts?|(account|acct)_?ids?|order_?ids?"
    r"|tif|time_?in_?force|good_?till?|good_?after|max_?age"
    r"|outside|outside_?rth|extended|extended_?hours"
    r")(_|\Z)"
    r"|stop_?loss|take_?profit|(order|ord|limit|stop|trigger|quantity)_?(type|price)|reduce_?only|position_pct"
)
"""Words that decide what is ordered, for which account or for how long: to ignore one could order
what nobody wants."""

_NO: Final = frozenset({"false", "no", "0", "off"})
_YES: Final = frozenset({"true", "yes", "1", "on"})
_MARKET: Final = frozenset({"market", "mkt"})
_REHEARSALS: Final = frozenset(
    {"paper", "test", "testing", "demo", "sandbox", "dry_run", "dry-run"}
) | {*("sim", "simulation", "simulated", "backtest")}
_ASKING_ALONE: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("id", "closes", *NAMES), frozenset()),
    # How much, in words that are no field of any dialect.
    **dict.fromkeys(("lots", "lot", "shares", "units", "usd", "cash", "dollars"), frozenset()),
    **dict.fromkeys(("notional", "risk", "margin", "allocation", "budget"), frozenset()),
    **dict.fromkeys(("order_value", "num_shares", "share_count", "offset"), frozenset()),
    # At which price, in which direction, when and for how long.
    **dict.fromkeys(("order", "stop", "direction", "delay", "duration", "ttl"), frozenset()),
    **dict.fromkeys(("expires", "expires_at", "expires_in", "valid_until"), frozenset()),
    **dict.fromkeys(("expire", "expire_at", "expire_in", "expire_time"), frozenset()),
    **dict.fromkeys(("valid_till", "valid_for", "good_for", "wait", "execute_at"), frozenset()),
    # Which contract.
    **dict.fromkeys(("strike", "right", "expiry", "expiration", "option_type"), frozenset()),
    **dict.fromkeys(("strike_price", "strikes_away", "strike_count", "strike_offset"), frozenset()),
    **dict.fromkeys(("intrinsic_value", "expiration_date", "expiry_date", "put_call"), frozenset()),
    **dict.fromkeys(("sec_type", "security_type", "contract_type", "multiplier"), frozenset()),
    **dict.fromkeys(("contract_month", "last_trade_date_or_contract_month"), frozenset()),
    # What is harmless as long as it says nothing else.
    **dict.fromkeys(("type", "price_type", "pricetype"), _MARKET),
    **dict.fromkeys(("close_position", "close_only", "close_all", "exit_all"), _NO),
    **dict.fromkeys(("cancel", "cancel_all", "cancel_orders", "flatten", "reverse"), _NO),
    **dict.fromkeys(("cancel_working", "cancel_working_first"), _NO),
    **dict.fromkeys(("hidden", "iceberg", "all_or_none", "post_only"), _NO),
    **dict.fromkeys(("pre_market", "premarket", "after_hours", "afterhours"), _NO),
    **dict.fromkeys(("test", "test_mode", "is_test", "dry_run", "dryrun", "paper"), _NO),
    **dict.fromkeys(("paper_trading", "simulate", "simulation", "sandbox", "demo"), _NO),
    **dict.fromkeys(("paper_trade", "is_paper", "is_dry_run", "is_demo"), _NO),
    **dict.fromkeys(("disabled", "skip", "ignore", "alert_only", "notify_only"), _NO),
    **dict.fromkeys(("enabled", "active", "live", "execute", "trading_enabled"), _YES),
    **dict.fromkeys(("rth", "regular_hours", "is_live", "is_active", "is_enabled"), _YES),
}
"""As whole names only, for `bar_id` and `closes_above` are anyone's; and what each may say all the
same, in lower case, because it asks for nothing else than what is done."""

_MODES: Final = frozenset({"mode", "trading_mode", "trade_mode", "env", "environment"})
_VERBS: Final = frozenset({"action", "signal", "operation", "instruction"}) | {
    *("order_action", "trade_action", "strategy_order_action", "command", "cmd")
}
_MEANT: Final[Mapping[str, str]] = {
    **dict.fromkeys(("buy", "long", "enter_long"), "buy"),
    **dict.fromkeys(("sell", "short", "enter_short", "sell_short"), "sell"),
    **dict.fromkeys(("exit", "close", "cover", "flat", "flatten", "close_all", "exit_all"), "exit"),
    **dict.fromkeys(("exit_long", "close_long", "exit_short", "close_short"), "exit"),
    **dict.fromkeys(("cancel", "reverse", "hold", "none"), "none"),
}
"""What a verb under another name than the dialect's wants to have done."""


def refuse_unread(values: Mapping[str, Any], dialect: str, told: str = "") -> Refused | None:
    """Refuse a name that asks for something by its value; None: all may be ignored.

    `told` is the sender's verb of an order that may open a position, which no other may contradict.
    """
    for name, value in values.items():
        word = str(value).strip().lower()
        if value is None or not word:
            continue
        whole = _snake(name.rpartition(".")[2])
        asks = whole in _ASKING_ALONE and word not in _ASKING_ALONE[whole]
        asks |= whole in _MODES and word in _REHEARSALS
        meant = _MEANT.get(word) if told and _snake(name) in _VERBS else None
        if meant and meant != _MEANT.get(told, told):
            shown = clean(name, 64)
            return unfit(
                shown,
                f"{shown} {word} contradicts {told}, and is not read by {dialect} alerts: make "
                f"them the same, or leave {shown} out",
            )
        if asks or _ASKING.search(_snake(name)):
            shown = clean(name, 64)
            return unfit(
                shown,
                f"{shown} is not read by {dialect} alerts, and may ask for another order than "
                f"would be made: leave it out only where the alert means the same without it",
                "unknown",
            )
    return None


def is_fire_time(name: str) -> bool:
    """Whether a name says when the alert fired, in any spelling."""
    return re.sub(r"[^a-z]", "", name.lower()) in _FIRE_TIMES


def timeless(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values but for the fire time: what an alert and its repetition share."""
    return {name: value for name, value in values.items() if not is_fire_time(name)}


def _snake(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    # TradingView's own words for what the strategy holds ask for nothing.
    return re.sub(r"[^a-z0-9]+", "_", words).replace("position_size", "position")
