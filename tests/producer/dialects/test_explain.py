"""`explain`, `builder` and the dry run: what a trader is told before anything is ordered."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result
from pydantic import SecretStr
from typer.testing import CliRunner

from alertwire.cli.explain import explained
from alertwire.cli.main import app
from alertwire.cli.messages import MESSAGES, Kind, fill
from alertwire.configuration import Account, Route
from alertwire.dialects import DialectName, PineConnector, Volume
from alertwire.routes import Routes, load_routes
from alertwire.settings import load_settings
from alertwire.wire.alert import Action
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading
from producer.dry_run import dry_run
from producer.redaction import redact, secrets_in

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
TWO = Route(accounts=(Account(id="DU1"), Account(id="DU2", multiplier=Decimal("0.5"))))
VALUES = {
    "exchange": "NASDAQ",
    "ticker": "AAPL",
    "close": "219.9",
    "time": "2026-11-20T14:29:00Z",
    "timenow": "2026-11-20T14:30:00Z",
    "interval": "5",
    "volume": "34",
    "syminfo.currency": "USD",
    "strategy.order.action": "sell",
    "strategy.order.contracts": "200",
    "strategy.order.price": "219.9",
    "strategy.order.id": "Short",
    "strategy.market_position": "short",
    "strategy.market_position_size": "100",
    "strategy.position_size": "-100",
    "strategy.prev_market_position": "long",
    "strategy.prev_market_position_size": "100",
}
WRITTEN = [(name, kind) for (name, kind), message in MESSAGES.items() if message.text]


def rendered(text: str) -> bytes:
    return re.sub(r"\{\{([a-z_.]+)\}\}", lambda found: VALUES.get(found[1], "219.5"), text).encode()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("ALERTWIRE_CONFIG", str(tmp_path / "alertwire.toml"))
    monkeypatch.setenv("ALERTWIRE_WEBHOOK_TOKEN", "a-token-for-the-tests-only")

    def invoke(*arguments: str, body: str = "", code: int = 0) -> Result:
        done = CliRunner().invoke(app, arguments, input=body)
        assert done.exit_code == code, (done.output, done.exception)
        return done

    return invoke


@pytest.mark.parametrize(("name", "kind"), WRITTEN, ids=lambda part: part.value)
def test_each_message_of_the_builder_is_read_by_its_own_dialect(
    name: DialectName, kind: Kind
) -> None:
    route = Route(pineconnector=PineConnector(volume=Volume.UNITS))
    for action in ("buy", "sell", "exit"):
        text = fill(MESSAGES[name, kind], action, "3", "my-strategy")
        found = read_alert(rendered(text), "main", route, ID, NOW)

        assert isinstance(found, Reading), (text, found)
        assert found.alert.dialect == name.value
        assert "NAME" not in text
        if kind is Kind.INDICATOR:
            assert found.alert.action.name.lower() == action


@pytest.mark.parametrize(("name", "kind"), WRITTEN, ids=lambda part: part.value)
def test_the_builder_writes_the_secret_that_the_route_wants(
    run, tmp_path: Path, name: DialectName, kind: Kind
) -> None:
    (tmp_path / "alertwire.toml").write_text(
        '[routes.default]\nsecret = "open-sesame-7"\npineconnector = { volume = "units" }\n'
    )
    said = run("builder", kind.value, "--dialect", name.value).stdout
    message = rendered(said.partition("Message\n\n")[2].partition("\n\nNote")[0].strip())

    assert secrets_in(message) == [b"open-sesame-7"]
    route = load_routes(load_settings()).by_name["default"]
    found = read_alert(redact(message), "main", route, ID, NOW)
    assert isinstance(found, Reading), (message, found)
    assert found.alert.dialect == name.value
    assert "secret" not in found.alert.strategy


def test_a_strategys_message_trades_to_its_position_where_the_dialect_carries_it() -> None:
    for name in (DialectName.NATIVE, DialectName.LARRY, DialectName.TRADINGVIEW):
        text = fill(MESSAGES[name, Kind.STRATEGY], "buy", "1", "s")
        found = read_alert(rendered(text), "main", Route(), ID, NOW)

        assert isinstance(found, Reading)
        assert found.alert.sizing is not None
        assert found.alert.sizing.value == -100


def test_the_dry_run_and_the_offline_answer_name_the_same_orders_as_the_plan() -> None:
    body = b'{"ticker": "AAPL", "action": "buy", "quantity": "10"}'
    found = read_alert(body, "main", TWO, ID, NOW)
    assert isinstance(found, Reading)

    door = dry_run(found, TWO, "key", NOW)
    offline = explained(body, "main", Routes({"main": TWO}), NOW)

    assert door["dialect"] == offline["dialect"] == "traderspost"
    assert door["why"] == offline["why"]
    assert [(c["account"], c["order"]) for c in offline["commands"]] == [
        ("DU1", "buy 10 AAPL, at the market, day"),
        ("DU2", "buy 5 AAPL, at the market, day"),
    ]
    assert door["commands"] == [
        {"account": c["account"], "order": c["order"], "key": f"key|{c['account']}"}
        for c in offline["commands"]
    ]
    assert [c["key"] for c in offline["commands"]] == [
        "main|stock AAPL USD|DU1",
        "main|stock AAPL USD|DU2",
    ]
    assert offline["commands"][1]["command"]["multiplier"] == {"value": "0.5"}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "exit"}, "close all of the position in AAPL, never more than is held"),
        ({"action": "exit", "quantity": 2}, "close 2 of"),
        ({"action": "target", "quantity": "-3"}, "to a position of -3"),
        ({"action": "reverse"}, "round to its own size"),
        ({"action": "cancel", "order_id": "L"}, "cancel order L of strategy main in AAPL"),
        ({"action": "cancel"}, "cancel all working orders"),
        (
            {"action": "cancel", "scope": "account"},
            "cancel all working orders of the whole account",
        ),
        (
            {
                "action": "modify",
                "take_profit": [{"price": 9, "portion_percent": 50}, {"percent": 5}],
            },
            "take profit at 9 for 50 percent of it; take profit 5 percent from the entry",
        ),
        ({"action": "flatten"}, "close the position of strategy main in AAPL"),
        (
            {"action": "flatten", "scope": "instrument"},
            "the working orders and close the position of every strategy in AAPL",
        ),
        (
            {"action": "modify", "closes": "long", "stop_loss": {"price": 90}},
            "change what protects the long position in AAPL: stop loss at 90",
        ),
        (
            {
                "action": "buy",
                "quantity": 1,
                "stop_loss": {"offset": 2, "break_even_trigger": 3, "break_even_offset": 1},
            },
            "stop loss 2 from the entry, to break even from a profit of 3, and beyond it by 1",
        ),
        (
            {
                "action": "sell",
                "quantity": 1,
                "order_type": "stop_limit",
                "stop_price": 9,
                "limit_price": "8.50",
                "time_in_force": "gtc",
            },
            "sell 1 AAPL, stop limit (limit 8.5, stop 9), gtc",
        ),
        (
            {"action": "exit", "take_profit": {"price": 9}, "stop_loss": {"price": 7}},
            "close AAPL at a price, nothing now: take profit at 9; stop loss at 7",
        ),
    ],
)
def test_an_order_is_told_in_words(fields: dict[str, object], words: str) -> None:
    body = json.dumps({"symbol": "AAPL", **fields}).encode()
    found = explained(body, "main", Routes({"main": Route()}), NOW)

    assert words in found["commands"][0]["order"]
    assert found["commands"][0]["account"] == "the broker's only account"


@pytest.mark.parametrize(
    ("route", "body", "code"),
    [
        (Route(symbols_allowed=("MSFT",)), {}, "not_allowed"),
        (Route(actions_allowed=(Action.EXIT,)), {}, "not_allowed"),
        (Route(secret=SecretStr("open sesame, please")), {}, "secret"),
        (Route(secret=SecretStr("open sesame, please")), {"secret": "open"}, "secret"),
        (Route(secret=SecretStr("open sesame, please")), {"secret": "open sesame, please"}, ""),
        (Route(symbols_allowed=("AAPL",), actions_allowed=(Action.BUY,)), {}, ""),
    ],
)
def test_explain_refuses_what_the_door_refuses(
    route: Route, body: dict[str, str], code: str
) -> None:
    raw = json.dumps({"symbol": "AAPL", "action": "buy", "quantity": 1, **body}).encode()

    found = explained(raw, "main", Routes({"main": route}), NOW)

    assert found.get("error", {"code": ""})["code"] == code
    assert "sesame" not in json.dumps(found)


def test_explain_reads_a_body_without_its_secrets() -> None:
    body = b'{"symbol": "AAPL", "action": "exit", "comment": "x", "hookToken": "open sesame"}'

    found = explained(body, "main", Routes({"main": Route()}), NOW)

    assert found["alert"]["extras"] == [{"name": "hookToken", "value": "[redacted]"}]


def test_explain_reads_a_file_and_says_why(run, tmp_path: Path) -> None:
    alert = tmp_path / "alert.json"
    alert.write_text('\ufeff{"ticker": "MNQ1!", "action": "sell", "sentiment": "flat"}')

    said = run("explain", str(alert)).stdout

    assert "read as traderspost" in said
    assert "mended: removed a byte order mark" in said
    assert "close all of the long position in MNQ1!" in said
    assert "its shape says so" in said


def test_explain_says_what_is_wrong_and_exits_with_one(run) -> None:
    said = run("explain", "-", body='{"symbol": "AAPL", "action": "buy"}', code=1).stdout

    assert "refused with 422 missing (quantity)" in said
    answer = run("explain", "-", "--json", body="AAPL crossing", code=1).stdout
    assert json.loads(answer)["error"]["code"] == "not_json"


def test_explain_goes_by_the_settings_of_the_route(run, tmp_path: Path) -> None:
    (tmp_path / "alertwire.toml").write_text(
        '[routes.tp]\ndialect = "traderspost"\nentry_quantity = "position"\naccounts = ["DU1"]\n'
        '[routes.tp.symbols."BINANCE:BTCUSDT"]\ntype = "crypto"\nsymbol = "BTC"\n'
        'exchange = "PAXOS"\n'
    )
    body = '{"ticker": "binance:BTCUSDT", "action": "sell", "quantity": "0.5"}'

    found = json.loads(run("explain", "-", "--route", "tp", "--json", body=body).stdout)

    assert found["alert"]["action"] == "ACTION_TARGET"
    assert found["alert"]["instrument"]["symbol"] == "BTC"
    assert "route tp says so" in found["why"][0]
    said = run("explain", "-", "--route", "moon", body=body, code=1)
    assert "--route moon" in str(said.exception)


@pytest.mark.parametrize(
    "wrong",
    [
        '"BTC" = { type = "coin", symbol = "BTC", exchange = "PAXOS" }',
        '"ES" = { type = "future", symbol = "ES", exchange = "CME" }',
        '"SPY" = { type = "option", symbol = "SPY", exchange = "SMART" }',
        '"btc" = { type = "crypto", symbol = "BTC", exchange = "PAXOS" }',
    ],
)
def test_a_symbol_that_is_no_contract_is_a_wrong_configuration(
    run, tmp_path: Path, wrong: str
) -> None:
    (tmp_path / "alertwire.toml").write_text(f"[routes.default.symbols]\n{wrong}\n")

    said = run("explain", "-", body="{}", code=1)

    assert "routes.default.symbols" in str(said.exception)


def test_the_builder_prints_address_and_message(run) -> None:
    said = run("builder", "strategy", "--address", "https://alerts.example.com/").stdout

    assert "https://alerts.example.com/webhook/a-token-for-the-tests-only\n" in said
    assert '"position": "{{strategy.market_position}}"' in said
    assert "Note" not in said


def test_the_builder_says_which_settings_of_the_route_are_against_it(run, tmp_path: Path) -> None:
    (tmp_path / "alertwire.toml").write_text(
        '[routes.default]\nactions_allowed = ["buy", "sell"]\nentry_quantity = "position"\n'
    )
    native = run("builder", "strategy").stdout
    traderspost = run("builder", "strategy", "--dialect", "traderspost").stdout

    assert "the route refuses target" in native
    assert "entry_quantity" not in native
    assert "the route refuses exit" in traderspost
    assert 'entry_quantity = "position" takes the size of the order' in traderspost
    assert "the route refuses" not in run("builder", "indicator", "--action", "sell").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("indicator", "--action", "exit"), "TradingView cannot reach"),
        (("indicator", "--address", "https://a.example.com:8080"), "80 and 443 only"),
        (("indicator", "--address", "http://a.example.com"), "without https"),
        (("indicator", "--dialect", "pineconnector"), "pineconnector"),
        (
            ("strategy", "--dialect", "signalstack", "--name", "ema"),
            '--name is not in this message, which has no place for it; write strategy = "ema"',
        ),
    ],
)
def test_the_builder_says_what_else_is_needed(run, arguments: tuple[str, ...], words: str) -> None:
    assert words in run("builder", *arguments).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("indicator", "--dialect", "larry"), "an indicator has none"),
        (("strategy", "--dialect", "tradingboat"), "alert_message"),
        (("strategy", "--route", "moon"), "--route moon"),
        (("strategy", "--name", 'a"b'), "--name"),
        (("indicator", "--quantity", "two"), "--quantity"),
        (("indicator", "--quantity", "0.0"), "--quantity"),
        (("strategy", "--address", "example.com"), "--address"),
        (("strategy", "--address", "https://h:99999"), "--address https://h:99999: Port out of"),
        (("strategy", "--address", "https://[::1"), "--address"),
    ],
)
def test_the_builder_refuses_what_cannot_work(run, arguments: tuple[str, ...], words: str) -> None:
    assert words in str(run("builder", *arguments, code=1).exception)
