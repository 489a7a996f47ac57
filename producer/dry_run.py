"""What would come of an alert, and why: the answer of a dry run, in JSON and in sentences."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from alertwire.configuration import Route
from alertwire.dialects import DialectName
from alertwire.money import ONE
from alertwire.wire import codec
from alertwire.wire.alert import (
    Action,
    Alert,
    MarketPosition,
    OrderType,
    QuantityType,
    Scope,
    Sizing,
    StopLoss,
    TakeProfit,
)
from producer.dialects.reading import Reading
from producer.keys import account_key

ONLY_ACCOUNT: Final = "the broker's only account"


def dry_run(reading: Reading, route: Route, key: str, not_after: datetime | None) -> dict[str, Any]:
    """Return the webhook's answer to a dry run."""
    alert = reading.alert
    return {
        "status": "dry_run",
        "dialect": alert.dialect,
        "repairs": list(alert.repairs),
        "alert": codec.to_json(alert),
        "commands": [
            {
                "account": account,
                "order": order_words(alert, multiplier),
                "key": account_key(key, "" if account == ONLY_ACCOUNT else account),
            }
            for account, multiplier in accounts(alert, route).items()
        ],
        "why": reasons(alert, route),
        "key": key,
        "not_after": not_after and not_after.isoformat(),
        "accounts": list(alert.accounts) or [account.id for account in route.accounts],
        "note": "nothing was ordered and nothing was journaled",
    }


def accounts(alert: Alert, route: Route) -> dict[str, Decimal]:
    """Return the accounts that would be traded, each with the factor on its size."""
    factors = {account.id: account.multiplier for account in route.accounts}
    if alert.accounts:
        return {account: factors.get(account, ONE) for account in alert.accounts}
    return factors or {ONLY_ACCOUNT: ONE}


def order_words(alert: Alert, multiplier: Decimal = ONE) -> str:
    """Say in one sentence what an account would be told to do."""
    return "".join((_order(alert, multiplier), *_conditions(alert)))


def _order(alert: Alert, multiplier: Decimal) -> str:
    what = alert.instrument.source_symbol or alert.instrument.symbol
    size = ""
    if alert.sizing is not None:
        size = _size_words(alert.sizing, multiplier, alert.instrument.currency)
    match alert.action:
        case Action.BUY | Action.SELL:
            words = f"{alert.action.name.lower()} {size}{_of(alert.sizing, _OF)} {what}"
        case Action.EXIT if alert.take_profits or alert.stop_loss:
            return f"close {what} at a price, nothing now: {'; '.join(_legs_words(alert))}"
        case Action.EXIT:
            held = f"{alert.closes.name.lower()} position" if alert.closes else "position"
            if alert.sizing and alert.sizing.type is QuantityType.PERCENT_OF_POSITION:
                size = f"{_plain(alert.sizing.value)} %"
            part = f"{size}{_of(alert.sizing, _FROM)}" if size else "all of"
            words = f"close {part} the {held} in {what}, never more than is held"
        case Action.REVERSE:
            words = f"turn the position in {what} round to {size or 'its own size'}"
        case Action.TARGET:
            words = f"trade {what} from what is held to a position of {size}"
        case Action.CANCEL:
            which = f"order {alert.order_id}" if alert.order_id else "all working orders"
            if alert.closes:
                which += " to buy" if alert.closes is MarketPosition.LONG else " to sell"
            return f"cancel {which} of {_scope_words(alert)}"
        case Action.FLATTEN:
            return f"cancel the working orders and close the position of {_scope_words(alert)}"
        case Action.MODIFY:
            side = f"{alert.closes.name.lower()} position" if alert.closes else "position"
            return f"change what protects the {side} in {what}: {'; '.join(_legs_words(alert))}"
    legs = "".join(f"; {leg}" for leg in _legs_words(alert))
    return f"{words}, {_entry_words(alert)}, {alert.time_in_force.name.lower()}{legs}"


def _conditions(alert: Alert) -> list[str]:
    """Say when the order goes out, and what is cancelled before it."""
    told = []
    if alert.good_after is not None:
        told.append(f"; not before {alert.good_after:%Y-%m-%d %H:%M:%S} UTC")
    if alert.good_till is not None:
        told.append(f"; until {alert.good_till:%Y-%m-%d %H:%M:%S} UTC")
    if alert.outside_rth:
        told.append("; outside of regular trading hours too")
    if alert.cancel_working_first:
        told.append(
            f"; before it the working orders of strategy {alert.strategy} there are cancelled"
        )
    return told


def _scope_words(alert: Alert) -> str:
    """Say how far a cancel or flatten reaches."""
    what = alert.instrument.source_symbol or alert.instrument.symbol
    match alert.scope:
        case Scope.INSTRUMENT:
            return f"every strategy in {what}"
        case Scope.STRATEGY:
            return f"strategy {alert.strategy} in every symbol"
        case Scope.ACCOUNT:
            return "the whole account"
        case None:
            return f"strategy {alert.strategy} in {what}"


def _legs_words(alert: Alert) -> list[str]:
    """Say what protects the position: each take profit, and the stop loss with its moves."""
    found = []
    for target in alert.take_profits:
        part = (
            f" for {_plain(target.portion_percent)} percent of it" if target.portion_percent else ""
        )
        found.append(f"take profit {_level_words(target)}{part}")
    if stop := alert.stop_loss:
        told = [_level_words(stop)]
        for words, value in (
            ("with the limit", stop.limit_price),
            ("trailing by", stop.trail_amount),
            ("trailing percent", stop.trail_percent),
            ("trailing from a profit of", stop.trail_trigger),
            ("to break even from a profit of", stop.break_even_trigger),
            ("and beyond it by", stop.break_even_offset),
        ):
            if value is not None:
                told.append(f"{words} {_plain(value)}")
        found.append(f"stop loss {', '.join(filter(None, told))}")
    return found


def _level_words(leg: TakeProfit | StopLoss) -> str:
    if leg.price is not None:
        return f"at {_plain(leg.price)}"
    if leg.percent is not None:
        return f"{_plain(leg.percent)} percent from the entry"
    return f"{_plain(leg.offset)} from the entry" if leg.offset is not None else ""


def reasons(alert: Alert, route: Route) -> list[str]:
    """Say why the alert was read as it was."""
    told = (
        "its shape says so" if route.dialect is DialectName.AUTO else f"route {alert.route} says so"
    )
    instrument = alert.instrument
    found = " ".join(
        filter(
            None,
            (
                instrument.security_type.name.lower(),
                instrument.symbol,
                instrument.expiry,
                f"number {instrument.continuous_depth} from the front"
                if instrument.continuous_depth
                else "",
                f"at {instrument.exchange}",
                instrument.primary_exchange and f"listed at {instrument.primary_exchange}",
                f"in {instrument.currency}",
            ),
        )
    )
    who = (
        "the alert names the accounts"
        if alert.accounts
        else "the accounts are all of the route's"
        if route.accounts
        else "the route names no account: the broker must manage exactly one"
    )
    return [
        f"read as {alert.dialect}: {told}",
        f"{instrument.source_symbol} is {found}",
        _ACTION_REASONS[alert.action],
        f"it is carried out in order with what else strategy {alert.strategy} does in it",
        who,
    ]


_ACTION_REASONS: Final = {
    Action.BUY: "buy trades the quantity, whatever is held",
    Action.SELL: "sell trades the quantity, whatever is held",
    Action.EXIT: "an exit only reduces: it never opens a position",
    Action.REVERSE: "reverse needs a position to turn round",
    Action.TARGET: "it is the position to reach: what was missed is made up for",
    Action.CANCEL: "cancel leaves the position as it is",
    Action.FLATTEN: "flatten cancels and closes",
    Action.MODIFY: "modify moves protective orders: it opens and closes nothing",
}


_OF: Final = {
    QuantityType.CASH: " worth of",
    QuantityType.PERCENT_OF_EQUITY: " in",
    QuantityType.PERCENT_OF_POSITION: " of",
    QuantityType.RISK_CASH: " of",
    QuantityType.RISK_PERCENT: " of",
}
_FROM: Final = {
    QuantityType.UNITS: " of",
    QuantityType.CASH: " worth of",
    QuantityType.PERCENT_OF_EQUITY: " out of",
    QuantityType.PERCENT_OF_POSITION: " of",
    QuantityType.RISK_CASH: " out of",
    QuantityType.RISK_PERCENT: " out of",
}
"""What stands between a size and what it is of."""


def _of(sizing: Sizing | None, words: dict[QuantityType, str]) -> str:
    return words.get(sizing.type, "") if sizing is not None else ""


def _size_words(sizing: Sizing, multiplier: Decimal, currency: str) -> str:
    """Say how much; what units that makes, the gateway works out when it is the order's turn."""
    value = _plain(sizing.value * multiplier)
    match sizing.type:
        case QuantityType.UNITS:
            return value
        case QuantityType.CASH:
            return f"{value} {currency or 'in its currency'}"
        case QuantityType.PERCENT_OF_EQUITY:
            return f"{value} % of the account's value"
        case QuantityType.PERCENT_OF_POSITION:
            # The account's factor is in its position already.
            return f"{_plain(sizing.value)} % of the position's size"
        case QuantityType.RISK_CASH:
            return f"what loses {value} of the account's currency at the stop"
        case QuantityType.RISK_PERCENT:
            return f"what loses {value} % of the account's value at the stop"


def _entry_words(alert: Alert) -> str:
    entry = alert.entry
    if entry is None or entry.type is OrderType.MARKET:
        return "at the market"
    prices = (
        ("limit", entry.limit_price),
        ("stop", entry.stop_price),
        ("trailing by", entry.trail_amount),
        ("trailing percent", entry.trail_percent),
    )
    told = ", ".join(f"{name} {_plain(price)}" for name, price in prices if price is not None)
    kind = entry.type.name.lower().replace("_", " ")
    return f"{kind} ({told})" if told else kind


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
