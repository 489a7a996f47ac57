"""A refusal says what to change, and following it makes the order that was meant."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from alertwire.configuration import Route
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading
from producer.refusal import Refused

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
PIPS = {"pineconnector": {"volume": "units", "targets": "price"}}


def read(body: Any, route: dict[str, Any] | None = None) -> Reading | Refused:
    raw = body if isinstance(body, str) else json.dumps(body)
    return read_alert(raw.encode(), "main", Route.model_validate(route or {}), ID, NOW)


def refused(body: Any, route: dict[str, Any] | None = None) -> str:
    found = read(body, route)
    assert isinstance(found, Refused), found
    return found.message


@pytest.mark.parametrize("symbol", ["symbol", "ticker"])
@pytest.mark.parametrize(
    ("prices", "kind"),
    [
        (("limit",), "limit"),
        (("stop",), "stop"),
        (("stop", "limit"), "stop_limit"),
        (("trail",), "trailing_stop"),
    ],
)
def test_a_price_without_an_order_type_asks_for_the_type_that_takes_it(
    symbol: str, prices: tuple[str, ...], kind: str
) -> None:
    names = {
        "symbol": ("limit_price", "stop_price", "trail_amount", "order_type"),
        "ticker": ("limitPrice", "stopPrice", "trailAmount", "orderType"),
    }[symbol]
    spelled = dict(zip(("limit", "stop", "trail"), names, strict=False))
    body = {symbol: "AAPL", "action": "buy", "quantity": 10}
    # So that it is nobody else's alert than the native one.
    body |= {"time_in_force": "gtc"} if symbol == "symbol" else {}
    body |= {spelled[name]: 219.5 for name in prices}

    assert refused(body).endswith(f"send {names[3]} {kind}")
    assert isinstance(read({**body, names[3]: kind}), Reading)


@pytest.mark.parametrize("action", ["cancel", "flatten"])
def test_a_price_where_nothing_is_entered_is_to_be_left_out(action: str) -> None:
    body = {"symbol": "AAPL", "action": action, "limit_price": 5, "time_in_force": "gtc"}

    assert refused(body) == f"limit_price has no meaning with action {action}; leave it out"


def test_an_order_type_that_was_sent_contradicts_the_price() -> None:
    body = {"ticker": "AAPL", "action": "buy", "orderType": "market", "limitPrice": 219.5}

    assert refused(body) == "limitPrice contradicts orderType market; leave one of them out"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"ticker": "BTC", "action": "buy"}, "the pair as BTCUSD, the future as CME:BTC1!"),
        ({"ticker": "ETH", "action": "buy"}, "ETHUSD"),
        ({"symbol": "EURUSD", "class": "forex", "action": "buy", "quantity": 1}, "leave class out"),
        (
            {"ticker": "ES", "contract": "future", "direction": "strategy.entrylong"},
            "write ES1! for the future",
        ),
        (
            {"ticker": "XAUUSD", "contract": "forex", "direction": "strategy.entrylong"},
            "which is a commodity: leave contract out",
        ),
        ({"ticker": "ES", "direction": "strategy.closeall"}, "strategy.close_all"),
        ("60123456789,buy,EURUSD,risk=1,sl=0,tp=0", "sl must be above 0; leave it out"),
        ("60123456789,buy,EURUSD,risk=1,sl=1,traildist=0.0", "traildist must be above 0; leave"),
        ("60123456789,buy,EURUSD,risk=1,comment=My EA, test", "leave commas out of it"),
        ('{"symbol":"AAPL","price":219,90,"action":"buy"}', "decimal comma"),
        ('{"symbol":"AAPL","action":"buy","price":219,90}', "decimal comma"),
        ('{"symbol":"AAPL","action":"buy","price":1,000}', "thousands commas"),
        ('{"symbol":"AAPL","action":"buy","comment":"TP "1""}', "stands inside a text"),
        ('{"symbol":"AAPL","action":"buy","cancel":True}', "small letters only; True"),
        ('{"symbol":"AAPL","action":"buy","cancel":None}', "small letters only; None"),
        ('{"symbol":"AAPL","action":"buy","quantity":005}', "no zeros"),
        ('{"symbol":"AAPL","action":"buy","quantity":5.}', "both sides of its point"),
        ('{"symbol":"AAPL","action":"buy","quantity":.5}', "both sides of its point"),
        ('{"symbol":"AAPL","action":"buy","quantity":+5}', "no +"),
        ('{"symbol":"AAPL" "action":"buy"}', "Expecting ',' delimiter"),
    ],
    ids=str,
)
def test_a_refusal_names_what_to_change(body: Any, words: str) -> None:
    if isinstance(body, dict) and "direction" in body:
        body = {**body, "metrics": [{"name": "qty", "value": 1}]}

    assert words in refused(body, PIPS)
