"""Alert messages to paste into TradingView's dialog, in each dialect.

A strategy's alert fires at each fill and fills in what it did; an indicator's alert has one fixed
action. `ACTION`, `QUANTITY` and `NAME` stand for what the trader chooses.
"""

import json
from dataclasses import dataclass
from enum import Enum
from typing import Final

from alertwire.dialects import DialectName


class Kind(str, Enum):  # noqa: UP042 - see alertwire.settings
    """What the alert is made on."""

    STRATEGY = "strategy"
    INDICATOR = "indicator"


@dataclass(frozen=True, slots=True)
class Message:
    """A message, and what must be done besides pasting it; without text, why there is none."""

    text: str = ""
    note: str = ""
    actions: tuple[str, ...] = ("buy", "sell", "exit")
    """The dialect's words for buy, sell and exit."""


_NATIVE_STRATEGY: Final = """\
{"strategy": "NAME", "symbol": "{{exchange}}:{{ticker}}", "action": "target",
 "position": "{{strategy.market_position}}", "position_size": "{{strategy.market_position_size}}",
 "order_id": "{{strategy.order.id}}", "price": "{{close}}", "bar_time": "{{time}}",
 "time": "{{timenow}}", "interval": "{{interval}}"}"""
_NATIVE_INDICATOR: Final = """\
{"strategy": "NAME", "symbol": "{{exchange}}:{{ticker}}", "action": "ACTION",
 "quantity": "QUANTITY", "price": "{{close}}", "bar_time": "{{time}}", "time": "{{timenow}}",
 "interval": "{{interval}}"}"""
_TRADERSPOST_STRATEGY: Final = """\
{"ticker": "{{exchange}}:{{ticker}}", "action": "{{strategy.order.action}}",
 "sentiment": "{{strategy.market_position}}", "quantity": "{{strategy.order.contracts}}",
 "message": "{{strategy.order.id}}", "price": "{{close}}", "bar_time": "{{time}}",
 "time": "{{timenow}}", "interval": "{{interval}}"}"""
_TRADERSPOST_INDICATOR: Final = """\
{"ticker": "{{exchange}}:{{ticker}}", "action": "ACTION", "quantity": "QUANTITY",
 "price": "{{close}}", "bar_time": "{{time}}", "time": "{{timenow}}", "interval": "{{interval}}"}"""
_TRADINGBOAT_INDICATOR: Final = """\
{"timestamp": "{{timenow}}", "ticker": "{{ticker}}", "exchange": "{{exchange}}",
 "currency": "{{syminfo.currency}}", "timeframe": "{{interval}}", "clientId": 1, "key": "",
 "contract": "stock", "orderRef": "NAME", "direction": "ACTION",
 "metrics": [{"name": "entry.limit", "value": 0}, {"name": "entry.stop", "value": 0},
 {"name": "exit.limit", "value": 0}, {"name": "exit.stop", "value": 0},
 {"name": "qty", "value": QUANTITY}]}"""
_SIGNALSTACK_STRATEGY: Final = """\
{"symbol": "{{exchange}}:{{ticker}}", "action": "{{strategy.order.action}}",
 "quantity": "{{strategy.order.contracts}}", "quantity_type": "fixed",
 "position": "{{strategy.market_position}}", "price": "{{close}}", "bar_time": "{{time}}",
 "time": "{{timenow}}"}"""
_SIGNALSTACK_INDICATOR: Final = """\
{"symbol": "{{exchange}}:{{ticker}}", "action": "ACTION", "quantity": "QUANTITY",
 "quantity_type": "fixed", "price": "{{close}}", "bar_time": "{{time}}", "time": "{{timenow}}"}"""
_LARRY_STRATEGY: Final = """\
{"time": "{{timenow}}", "exchange": "{{exchange}}", "ticker": "{{ticker}}",
 "bar": {"time": "{{time}}", "open": {{open}}, "high": {{high}}, "low": {{low}},
  "close": {{close}}, "volume": {{volume}}},
 "strategy": {"position_size": {{strategy.position_size}},
  "order_action": "{{strategy.order.action}}", "order_contracts": {{strategy.order.contracts}},
  "order_price": {{strategy.order.price}}, "order_id": "{{strategy.order.id}}",
  "market_position": "{{strategy.market_position}}",
  "market_position_size": {{strategy.market_position_size}},
  "prev_market_position": "{{strategy.prev_market_position}}",
  "prev_market_position_size": {{strategy.prev_market_position_size}}}}"""
_DEFAULT_TEXT: Final = (
    "NAME: order {{strategy.order.action}} @ {{strategy.order.contracts}} filled on {{ticker}}. "
    "New strategy position is {{strategy.position_size}}"
)
_RISK_IS_UNITS: Final = (
    'the route needs pineconnector = { volume = "units" } in alertwire.toml; two equal orders '
    "within its deduplicate_s count as one, for this text has nothing that tells them apart"
)

MESSAGES: Final[dict[tuple[DialectName, Kind], Message]] = {
    (DialectName.NATIVE, Kind.STRATEGY): Message(_NATIVE_STRATEGY),
    (DialectName.NATIVE, Kind.INDICATOR): Message(_NATIVE_INDICATOR),
    (DialectName.TRADERSPOST, Kind.STRATEGY): Message(_TRADERSPOST_STRATEGY),
    (DialectName.TRADERSPOST, Kind.INDICATOR): Message(_TRADERSPOST_INDICATOR),
    (DialectName.TRADINGBOAT, Kind.STRATEGY): Message(
        note="its Pine library writes the message: paste {{strategy.order.alert_message}}"
    ),
    (DialectName.TRADINGBOAT, Kind.INDICATOR): Message(
        _TRADINGBOAT_INDICATOR,
        "contract is stock, forex, crypto or future",
        ("strategy.entrylong", "strategy.entryshort", "strategy.close"),
    ),
    (DialectName.PINECONNECTOR, Kind.STRATEGY): Message(
        "1,{{strategy.order.action}},{{exchange}}:{{ticker}},risk={{strategy.order.contracts}}",
        _RISK_IS_UNITS,
    ),
    (DialectName.PINECONNECTOR, Kind.INDICATOR): Message(
        "1,ACTION,{{exchange}}:{{ticker}},risk=QUANTITY",
        _RISK_IS_UNITS,
        ("buy", "sell", "closelongshort"),
    ),
    (DialectName.SIGNALSTACK, Kind.STRATEGY): Message(_SIGNALSTACK_STRATEGY),
    (DialectName.SIGNALSTACK, Kind.INDICATOR): Message(
        _SIGNALSTACK_INDICATOR, "", ("buy", "sell", "close")
    ),
    (DialectName.LARRY, Kind.STRATEGY): Message(_LARRY_STRATEGY),
    (DialectName.LARRY, Kind.INDICATOR): Message(
        note="this shape carries a strategy's position; an indicator has none"
    ),
    (DialectName.TRADINGVIEW, Kind.STRATEGY): Message(
        _DEFAULT_TEXT, "this is the dialog's default text; it names no exchange"
    ),
    (DialectName.TRADINGVIEW, Kind.INDICATOR): Message(
        note="the default text of an indicator says nothing of an order"
    ),
}


def with_secret(text: str, dialect: DialectName, secret: str) -> str:
    """Put the secret in that a route wants in the body, where the dialect has a place for it."""
    value = json.dumps(secret)
    if dialect is DialectName.PINECONNECTOR:
        return f"{text},secret={secret}"
    if dialect is DialectName.TRADINGVIEW:
        # Among the inputs of the strategy, which are no part of its name.
        return text.replace(":", f" (secret={secret}):", 1)
    if dialect is DialectName.TRADINGBOAT:
        return text.replace('"key": ""', f'"key": {value}')
    return text.replace("{", f'{{"secret": {value}, ', 1)


def fill(message: Message, action: str, quantity: str, name: str) -> str:
    """Put in what the trader chose; `action` is buy, sell or exit."""
    word = dict(zip(("buy", "sell", "exit"), message.actions, strict=True))[action]
    text = message.text.replace("ACTION", word).replace("NAME", name)
    if action == "exit" and "risk=QUANTITY" in text:
        return text.replace(",risk=QUANTITY", "")
    return text.replace("QUANTITY", quantity)
