"""Names that a dialect does not read: which must not be ignored, and which tell the fire time."""

import re
from collections.abc import Mapping
from typing import Any, Final

from alertwire.wire.alert import SecurityType
from producer.dialects.positions import NAMES
from producer.dialects.spellings import last_word_of, snake
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
    # The strategy's position after the order, in words for it that no dialect reads.
    **dict.fromkeys(("strategy_market_position", "strategy_position"), frozenset()),
    **dict.fromkeys(("position_after", "after_position", "new_position"), frozenset()),
    **dict.fromkeys(("new_market_position", "market_position_after"), frozenset()),
    **dict.fromkeys(("position_after_order", "resulting_position", "final_position"), frozenset()),
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
    **dict.fromkeys(("call_put", "callput", "cp", "call_or_put", "option_side"), frozenset()),
    **dict.fromkeys(("option_symbol", "option_contract", "occ_symbol", "dte"), frozenset()),
    **dict.fromkeys(("days_to_expiry", "days_to_expiration"), frozenset()),
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
_KINDS: Final = frozenset({"class", "asset", "asset_class", "asset_type", "contract", "market"}) | {
    *("instrument", "instrument_type", "instrument_class", "product", "product_type"),
    *("security", "security_class", "symbol_type", "syminfo_type", "trade_type"),
    *("option", "options", "is_option"),
}
_OPTIONS: Final = frozenset({SecurityType.OPTION, SecurityType.FUTURE_OPTION})
_FUTURES: Final = frozenset({SecurityType.FUTURE, SecurityType.FUTURE_OPTION})
_TYPES: Final[Mapping[str, frozenset[SecurityType]]] = {
    **dict.fromkeys(("option", "options", "opt", "opts", "call", "calls", "put"), _OPTIONS),
    **dict.fromkeys(("puts", "equity_option", "equity_options", "stock_option"), _OPTIONS),
    **dict.fromkeys(("fop", "futopt", "future_option", "futures_option"), _OPTIONS),
    **dict.fromkeys(("future", "futures", "fut"), _FUTURES),
}
"""What a word for the kind of contract may be ordered as; other words say nothing for certain."""
_OPTION: Final = re.compile(r".*[a-z] *\d{6}[cp]\d+(\.\d+)?", re.ASCII)


def refuse_unread(values: Mapping[str, Any], dialect: str, ordered: SecurityType) -> Refused | None:
    """Refuse a name that asks for something by its value; None: all may be ignored.

    `ordered` is the kind of contract that is going to be ordered, which no name may contradict.
    """
    for name, value in values.items():
        word = str(value).strip().lower()
        if value is None or not word:
            continue
        whole = snake(last_word_of(name))
        asks = whole in _ASKING_ALONE and word not in _ASKING_ALONE[whole]
        asks |= whole in _MODES and word in _REHEARSALS
        asks |= whole in _KINDS and ordered not in _types(whole, word)
        if asks or _ASKING.search(snake(name)):
            shown = clean(name, 64)
            return unfit(
                shown,
                f"{shown} is not read by {dialect} alerts, and may ask for another order than "
                f"would be made: leave it out only where the alert means the same without it",
                "unknown",
            )
    return None


def _types(name: str, word: str) -> frozenset[SecurityType]:
    """Return what may be ordered by what a field says of the kind of contract."""
    is_option = bool(_OPTION.fullmatch(word)) or ("option" in name and word in _YES)
    return _OPTIONS if is_option else _TYPES.get(word.replace(" ", "_"), frozenset(SecurityType))


def is_fire_time(name: str) -> bool:
    """Whether a name says when the alert fired, in any spelling."""
    return re.sub(r"[^a-z]", "", name.lower()) in _FIRE_TIMES


def timeless(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values but for the fire time: what an alert and its repetition share."""
    return {name: value for name, value in values.items() if not is_fire_time(name)}
