"""What an alert would order, in words."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from alertwire.configuration import Route
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading
from producer.dry_run import order_words

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"


@pytest.mark.parametrize(
    ("action", "closes", "words"),
    [
        ("exit", "long", "close all of the long position in AAPL"),
        ("exit", "", "close all of the position in AAPL"),
        ("cancel", "long", "cancel all working orders to buy of strategy"),
        ("cancel", "short", "cancel all working orders to sell of strategy"),
    ],
)
def test_the_answer_names_the_side_that_is_closed_or_cancelled(
    action: str, closes: str, words: str
) -> None:
    body = json.dumps({"symbol": "AAPL", "action": action, "closes": closes})
    found = read_alert(body.encode(), "main", Route(), ID, NOW)

    assert isinstance(found, Reading)
    assert order_words(found.alert).startswith(words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"action": "exit", "quantity": 50, "quantity_type": "percent_of_position"},
            "close 50 % of the position in AMD, never",
        ),
        (
            {"action": "exit", "quantity": 50, "quantity_type": "cash", "closes": "long"},
            "close 50 USD worth of the long position in AMD, never",
        ),
        (
            {"action": "exit", "quantity": 5, "quantity_type": "percent_of_equity"},
            "close 5 % of the account's value out of the position in AMD, never",
        ),
        ({"action": "exit", "quantity": 5}, "close 5 of the position in AMD, never"),
        (
            {"action": "buy", "quantity": 5, "quantity_type": "percent_of_equity"},
            "buy 5 % of the account's value in AMD, at the market",
        ),
        (
            {"action": "buy", "quantity": 500, "quantity_type": "cash"},
            "buy 500 USD worth of AMD, at the market",
        ),
        (
            {
                "action": "target",
                "quantity": 1,
                "quantity_type": "risk_percent",
                "stop_loss": {"percent": 2},
            },
            "to a position of what loses 1 % of the account's value at the stop, at the market",
        ),
        (
            {"action": "buy", "quantity": 5, "good_after": "2026-11-20T15:00:00Z"},
            "; not before 2026-11-20 15:00:00 UTC",
        ),
        (
            {
                "action": "buy",
                "quantity": 5,
                "time_in_force": "gtd",
                "good_till": "2026-11-21T15:00:00Z",
            },
            ", gtd; until 2026-11-21 15:00:00 UTC",
        ),
        (
            {
                "action": "buy",
                "quantity": 5,
                "order_type": "limit",
                "limit_price": 9,
                "outside_rth": True,
            },
            "; outside of regular trading hours too",
        ),
        (
            {"action": "exit", "cancel_working_first": True, "strategy": "trend"},
            "; before it the working orders of strategy trend there are cancelled",
        ),
    ],
)
def test_the_answer_says_how_much_of_what_and_when(body: dict[str, Any], words: str) -> None:
    raw = json.dumps({"symbol": "AMD", **body}).encode()
    found = read_alert(raw, "main", Route(), ID, NOW)

    assert isinstance(found, Reading), found
    assert words in order_words(found.alert)
