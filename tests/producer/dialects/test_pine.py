"""The example scripts: the message that Pine puts together is an alert that is read."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwire.configuration import Route
from alertwire.wire.alert import Action, Alert
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
FOLDER = Path(__file__).parents[3] / "examples" / "pine"
SCRIPTS = sorted(FOLDER.glob("*.pine"))
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
VALUES = {
    "name": "ema-cross",
    "syminfo.prefix": "NASDAQ",
    "syminfo.ticker": "AAPL",
    "timeframe.period": "5",
    "str.tostring(close, FORMAT)": "219.9",
    "str.tostring(time)": "1795184700000",
    "str.tostring(timenow)": "1795184999000",
}


def concatenated(expression: str, values: dict[str, str]) -> str:
    """Evaluate literals and values joined by plus signs."""
    joined = expression.replace('"0.########"', "FORMAT").replace("\n", " ")
    found = []
    for part in re.split(r"\s*\+\s*(?=(?:[^\"\\]|\\.|\"(?:[^\"\\]|\\.)*\")*\Z)", joined.strip()):
        literal = LITERAL.fullmatch(part.strip())
        text = literal[1].replace('\\"', '"') if literal else values[part.strip()]
        found.append(text)
    return "".join(found)


def message(script: Path, **values: str) -> str:
    body = re.search(r"^message\(.*\) =>\n((?:    .*\n)+)", script.read_text(), re.MULTILINE)
    assert body
    return concatenated(body[1][body[1].index('    "{') :], {**VALUES, **values})


def read(text: str) -> Alert:
    found = read_alert(text.encode(), "main", Route(), ID, NOW)
    assert isinstance(found, Reading), (text, found)
    assert found.alert.repairs == ()
    assert found.alert.extras == ()
    assert found.alert.fired_at is not None
    assert found.alert.bar_time is not None
    return found.alert


@pytest.mark.parametrize(
    ("side", "size", "target"),
    [("long", "2.5", "2.5"), ("short", "2.5", "-2.5"), ("flat", "0", "0")],
)
def test_the_strategy_sends_the_position_to_reach(side: str, size: str, target: str) -> None:
    values = {
        "exchange": "NASDAQ",
        "ticker": "AAPL",
        "strategy.market_position": side,
        "strategy.market_position_size": size,
        "strategy.order.id": "Long",
        "close": "219.9",
        "time": "2026-11-20T14:29:00Z",
        "timenow": "2026-11-20T14:30:00Z",
        "interval": "5",
    }
    script = (FOLDER / "ema_cross_strategy.pine").read_text()
    filled_in = re.search(r"^// @strategy_alert_message (.*)$", script, re.MULTILINE)
    assert filled_in

    found = read(re.sub(r"\{\{([a-z_.]+)\}\}", lambda part: values[part[1]], filled_in[1]))

    assert found.action is Action.TARGET
    assert found.sizing is not None
    assert str(found.sizing.value) == target


def test_the_indicator_buys_and_exits() -> None:
    script = FOLDER / "breakout_indicator.pine"
    size = re.search(r"size = (.*)", script.read_text())
    assert size
    more = concatenated(size[1], {"str.tostring(quantity, FORMAT)": "3"})

    buy = read(message(script, action="buy", more=more))
    exits = read(message(script, action="exit", more=""))

    assert (buy.action, exits.action) == (Action.BUY, Action.EXIT)
    assert buy.sizing is not None
    assert buy.sizing.value == 3


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_its_version_and_leaves_no_placeholder_to_pine(script: Path) -> None:
    text = script.read_text()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("//"))

    assert text.startswith("//@version=5\n")
    assert "{{" not in code
    assert "str.format" not in code
    assert f"({script.name})" in (FOLDER / "README.md").read_text()
