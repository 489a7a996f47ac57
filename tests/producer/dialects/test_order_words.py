"""What an alert would order, in words."""

import json
from datetime import UTC, datetime

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
