"""What the documents show is what is read: their settings, their messages, their codes."""

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwire.cli.messages import MESSAGES, Kind, fill
from alertwire.configuration import ConfigurationFile, Route
from alertwire.dialects import DialectName
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
ALERTS = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
TRADINGVIEW = (ROOT / "docs" / "tradingview.md").read_text(encoding="utf-8")


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["alerts", "configuration", "limits", "orders"])
def test_the_settings_of_the_documents_are_taken(page: str) -> None:
    found = blocks((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), "toml")

    assert found
    for block in found:
        assert ConfigurationFile.model_validate(tomllib.loads(block)).model_fields_set


@pytest.mark.parametrize("block", blocks(ALERTS, "json"))
def test_the_messages_of_the_documents_are_read(block: str) -> None:
    values = {
        "strategy.market_position": "long",
        "strategy.order.action": "buy",
        "exchange": "NASDAQ",
        "ticker": "AAPL",
    }
    text = re.sub(r"\{\{([a-z_.]+)\}\}", lambda found: values.get(found[1], "5"), block)

    found = read_alert(text.encode(), "main", Route(), ID, NOW)

    assert isinstance(found, Reading), found


def test_the_safest_form_is_what_the_builder_prints() -> None:
    printed = fill(MESSAGES[DialectName.NATIVE, Kind.STRATEGY], "buy", "1", "ema-cross")

    assert printed in [block.strip() for block in blocks(ALERTS, "json")]


@pytest.mark.parametrize("block", blocks(ALERTS, "json"))
def test_each_message_of_the_documents_tells_one_fill_from_the_next(block: str) -> None:
    assert {"bar_time", "price", "time"} <= json.loads(block).keys()


def test_every_dialect_is_described() -> None:
    names = [name.value for name in DialectName if name is not DialectName.AUTO]

    assert [name for name in names if f"`{name}`" not in ALERTS] == []
    assert [name for name in names if name not in CONFIGURATION] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"symbol": "A", "action": "buy", "price": "{{close}}"}', "placeholder"),
        ('{"symbol": "A", "action": "buy", "price": NaN}', "not_a_number"),
        ("AAPL crossing", "not_json"),
        ('{"symbol": "TVC:DXY", "action": "exit"}', "symbol"),
        ('{"symbol": "A", "ticker": "A", "action": "exit"}', "ambiguous"),
        ('{"ticker": "A", "action": "exit", "account": "DU1"}', "unknown"),
    ],
)
def test_the_codes_that_a_trader_looks_up_are_those_that_are_answered(body: str, code: str) -> None:
    found = read_alert(body.encode(), "main", Route(), ID, NOW)

    assert not isinstance(found, Reading)
    assert found.code == code
    assert f"{found.status} `{code}`" in TRADINGVIEW
