"""The native alert: what is read, what is repaired, what is refused and with which words."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.configuration import Account, Route
from alertwire.wire import codec
from alertwire.wire.alert import Action, Alert, Extra, MarketPosition, OrderType, TimeInForce
from producer.dialects.choice import read_alert
from producer.dialects.native import KNOWN
from producer.dialects.reading import Reading
from producer.refusal import Refused

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
ROUTE = Route(accounts=(Account(id="DU1"), Account(id="DU2")))
BASE = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "2"}


def read(raw: Any, route: Route = ROUTE) -> Reading | Refused:
    if isinstance(raw, dict):
        raw = json.dumps(raw)
    return read_alert(raw if isinstance(raw, bytes) else raw.encode(), "main", route, ID, NOW)


def alert(raw: Any, route: Route = ROUTE) -> Alert:
    found = read(raw, route)
    assert isinstance(found, Reading), found
    return found.alert


def refusal(raw: Any, route: Route = ROUTE) -> Refused:
    found = read(raw, route)
    assert isinstance(found, Refused), found
    return found


def with_base(**fields: Any) -> dict[str, Any]:
    return {**BASE, **fields}


def test_a_full_alert_is_read_to_the_last_field() -> None:
    found = alert(
        {
            "strategy": "ema-cross",
            "symbol": "BATS:AAPL",
            "action": "Sell",
            "quantity": "10.5",
            "order_type": "stop-limit",
            "limit_price": 99.125,
            "stop_price": "1,100.25",
            "time_in_force": "GTD",
            "good_till": "2026-11-21T00:00:00+01:00",
            "good_after": 1763650000,
            "outside_rth": "true",
            "account": ["DU2"],
            "comment": "exit “now”",
            "id": "abc-1",
            "order_id": "Long",
            "price": "219.9",
            "position": "short",
            "position_size": "5",
            "prev_market_position": "flat",
            "bar_time": "2026-11-20T14:25:00Z",
            "time": 1763649001123,
            "interval": 5,
            "mood": {"good": True},
        }
    )

    assert found.strategy == "ema-cross"
    assert found.instrument.symbol == "AAPL"
    assert found.action is Action.SELL
    assert found.sizing is not None
    assert found.sizing.value == Decimal("10.5")
    assert found.entry is not None
    assert found.entry.type is OrderType.STOP_LIMIT
    assert found.entry.limit_price == Decimal("99.125")
    assert found.entry.stop_price == Decimal("1100.25")
    assert found.time_in_force is TimeInForce.GTD
    assert found.good_till == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert found.good_after == datetime(2025, 11, 20, 14, 46, 40, tzinfo=UTC)
    assert found.outside_rth
    assert found.accounts == ("DU2",)
    assert found.comment == "exit ?now?"
    assert found.sender_id == "abc-1"
    assert found.order_id == "Long"
    assert found.position is not None
    assert found.position.side is MarketPosition.SHORT
    assert found.position.previous_side is MarketPosition.FLAT
    assert found.bar_time == datetime(2026, 11, 20, 14, 25, tzinfo=UTC)
    assert found.fired_at == datetime(2025, 11, 20, 14, 30, 1, 123000, tzinfo=UTC)
    assert found.interval == "5"
    assert found.extras == (Extra(name="mood", value='{"good": true}'),)
    assert found.repairs == ("read stop_price without thousands commas",)
    assert found.alert_id == ID
    assert found.accepted_at == NOW
    assert codec.decode(Alert, codec.encode(found)) == found


@pytest.mark.parametrize(
    ("raw", "repair"),
    [
        ("\ufeff" + json.dumps(BASE), "byte order mark"),
        ("\u00a0" + json.dumps(BASE) + "\u00a0\n", "invisible"),
        (json.dumps({name.upper(): value for name, value in BASE.items()}), "case"),
        (json.dumps(BASE)[:-1] + ", }", "trailing comma"),
        (json.dumps(with_base(quantity="1,000.0")), "thousands"),
        (json.dumps(with_base(quantity="1,234,567")), "thousands"),
        (json.dumps(BASE).replace(", ", ",\u00a0"), "invisible spaces between"),
        (json.dumps(BASE).replace('"', "'"), "single quotes"),
    ],
)
def test_what_can_be_mended_without_guessing_is_mended_and_recorded(raw: str, repair: str) -> None:
    found = alert(raw)

    assert len(found.repairs) == 1
    assert repair in found.repairs[0]
    assert replace(found, repairs=(), sizing=None) == replace(alert(BASE), repairs=(), sizing=None)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("", "empty"),
        ("  \ufeff ", "empty"),
        ("AAPL crossing 200", "plain text"),
        ('order {"symbol": "AAPL"}', "text before"),
        ('{"symbol": "{{ticker}}", "action": "buy"}', "{{ticker}}"),
        ('{"symbol": "A", "quantity": {{strategy.order.contracts}}}', "strategy.order.contracts"),
        ('{"a": 1}{"b": 2}', "second JSON object"),
        ('{"a": 1} thanks', "text follows"),
        ('{"price": NaN}', "NaN"),
        ('{"price": -Infinity}', "Infinity"),
        ('{"a": 1, "a": 2}', "twice"),
        ('{"Action": "buy", "action": "sell"}', "upper and lower"),
        ("{'symbol': 'AAPL', 'comment': 'it's'}", "double quotes"),
        ("{'symbol': 'AAPL', 'comment': 'it\\'s'}", "double quotes"),
        ("{“symbol”: “AAPL”}", "curly quotes"),
        ('{"comment": "say "hi""}', "line 1"),
        ('{"qty": 1,000}', "thousands commas"),
        ("[1]", "not one object"),
        ('"buy"', "not one object"),
        ("null", "not one object"),
        ('{"a": "x\x00y"}', "control characters"),
        (b'{"a": "\xff"}', "UTF-8"),
        ("[" * 60000, "not one object"),
        ('{"a":' * 10000, "nested"),
        ('{"a":' * 20 + "1" + "}" * 20, "nested"),
        ('{"quantity": 1' + "0" * 80 + "}", "too long"),
        ('{"a": 1,, }', "not valid JSON"),
    ],
)
def test_what_cannot_be_read_is_400_and_says_what_to_mend(raw: str | bytes, words: str) -> None:
    found = refusal(raw)

    assert found.status == 400
    assert words in found.message


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"symbol": None}, "symbol", "missing"),
        ({"symbol": " "}, "symbol", "missing"),
        ({"symbol": ["AAPL"]}, "symbol", "text"),
        ({"symbol": "TVC:DXY"}, "symbol", "TVC"),
        ({"symbol": "ÄÖ"}, "symbol", "printable"),
        ({"action": None}, "action", "missing"),
        ({"action": "moon"}, "action", "moon"),
        ({"quantity": None}, "quantity", "missing"),
        ({"quantity": "-3"}, "quantity", "above 0"),
        ({"quantity": 0}, "quantity", "above 0"),
        ({"quantity": "NaN"}, "quantity", "no value on this bar"),
        ({"quantity": "1.2K"}, "quantity", "not a number"),
        ({"quantity": True}, "quantity", "not a number"),
        ({"quantity": "1,00"}, "quantity", "not a number"),
        ({"quantity": "1234567890123456789"}, "quantity", "18 digits"),
        ({"quantity": "1e999"}, "quantity", "18 digits"),
        ({"quantity": "0.0000000000001"}, "quantity", "12 behind"),
        ({"quantity_type": "lots"}, "quantity_type", "lots"),
        ({"order_type": "iceberg"}, "order_type", "iceberg"),
        ({"order_type": "limit"}, "limit_price", "needs limit_price"),
        ({"order_type": "limit", "limit_price": "-1"}, "limit_price", "above 0"),
        ({"limit_price": "10", "order_type": "market"}, "limit_price", "contradicts"),
        ({"limit_price": "10", "class": "future"}, "symbol", "no future"),
        ({"quantity": "1,234"}, "quantity", "thousands or a decimal comma"),
        ({"qty": 3}, "qty", "leave it out"),
        ({"tp1": 3}, "tp1", "leave it out"),
        ({"Stop Loss": 3}, "Stop Loss", "stop_loss"),
        ({"order_type": "stop", "stop_price": 9, "limit_price": 9}, "limit_price", "contradicts"),
        ({"order_type": "trailing_stop"}, "trail_amount", "needs one of"),
        (
            {"order_type": "trailing_stop", "trail_amount": 1, "trail_percent": 1},
            "trail_amount",
            "needs one of",
        ),
        ({"order_type": "trailing_stop", "trail_percent": 100}, "trail_percent", "below 100"),
        ({"time_in_force": "gtd"}, "good_till", "gtd needs it"),
        ({"good_till": "2026-12-01T00:00:00Z"}, "good_till", "contradicts"),
        (
            {"time_in_force": "gtd", "good_till": "2026-11-20T14:29:59Z"},
            "good_till",
            "past",
        ),
        ({"time_in_force": "gtd", "good_till": "tomorrow"}, "good_till", "must be a time"),
        ({"good_after": "tomorrow"}, "good_after", "must be a time"),
        ({"action": "cancel", "good_after": 1763650000}, "good_after", "delayed cancel"),
        ({"outside_rth": "maybe"}, "outside_rth", "true or false"),
        ({"account": "DU9"}, "account", "DU9"),
        ({"accounts": "DU1,DU9"}, "accounts", "DU9"),
        ({"account": {}}, "account", "text"),
        ({"id": "x" * 129}, "id", "128"),
        ({"strategy": "x" * 65}, "strategy", "64"),
        ({"max_age_s": "0"}, "max_age_s", "above 0"),
        ({"max_age_s": 1e9}, "max_age_s", "at most"),
        ({"position": "sideways"}, "position", "sideways"),
        ({"orderType": "limit", "limitPrice": 1}, "", "write"),
    ],
)
def test_what_is_no_order_is_422_and_names_its_field(
    change: dict[str, Any], field: str, words: str
) -> None:
    found = refusal(with_base(**change))

    assert found.status == 422
    assert words in found.message
    if field:
        assert found.field == field


NEEDS = {
    "market": {},
    "limit": {"limit_price": 1},
    "stop": {"stop_price": 1},
    "stop_limit": {"stop_price": 1, "limit_price": 1},
    "trailing_stop": {"trail_amount": 1},
    "trailing_stop_limit": {"trail_percent": 1, "stop_price": 1, "limit_price": 1},
    "market_on_open": {},
    "market_on_close": {},
    "limit_on_open": {"limit_price": 1},
    "limit_on_close": {"limit_price": 1},
    "market_if_touched": {"stop_price": 1},
    "limit_if_touched": {"stop_price": 1, "limit_price": 1},
}


@pytest.mark.parametrize("kind", OrderType)
def test_each_order_type_is_read_with_its_prices_and_refused_without(kind: OrderType) -> None:
    prices = NEEDS[kind.name.lower()]
    entry = alert(with_base(order_type=kind.name.lower(), **prices)).entry

    assert entry is not None
    assert entry.type is kind
    for missing in prices:
        rest = {name: value for name, value in prices.items() if name != missing}
        assert refusal(with_base(order_type=kind.name.lower(), **rest)).status == 422


@pytest.mark.parametrize(
    ("fields", "target"),
    [
        ({"quantity": "-3"}, "-3"),
        ({"quantity": 0}, "0"),
        ({"position": "long", "position_size": "5"}, "5"),
        ({"position": "short", "position_size": "5"}, "-5"),
        ({"position": "short", "position_size": "-5"}, "-5"),
        ({"position": "flat", "position_size": "0"}, "0"),
        ({"market_position": "flat"}, "0"),
        ({"market_position": "short", "market_position_size": 2, "quantity": -2}, "-2"),
    ],
)
def test_a_target_is_signed_or_follows_from_the_position(
    fields: dict[str, Any], target: str
) -> None:
    sizing = alert({"symbol": "AAPL", "action": "target", **fields}).sizing

    assert sizing is not None
    assert sizing.value == Decimal(target)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"position": "long"},
        {"position": "long", "position_size": "-5"},
        {"position": "flat", "position_size": "5"},
        {"position": "short", "position_size": "5", "quantity": "10"},
    ],
)
def test_a_target_that_is_not_told_for_certain_is_refused(fields: dict[str, Any]) -> None:
    assert refusal({"symbol": "AAPL", "action": "target", **fields}).status == 422


def test_a_missing_quantity_is_the_routes_where_it_has_one() -> None:
    route = Route(quantity=Decimal(7))
    sizing = alert({"symbol": "AAPL", "action": "buy"}, route).sizing

    assert sizing is not None
    assert sizing.value == 7


@pytest.mark.parametrize("action", ["exit", "reverse", "cancel"])
def test_an_exit_a_reverse_and_a_cancel_need_no_quantity(action: str) -> None:
    assert alert({"symbol": "AAPL", "action": action}).sizing is None


def test_the_strategy_is_the_alerts_then_the_routes_then_its_name() -> None:
    assert alert(with_base(strategy="a")).strategy == "a"
    assert alert(BASE, Route(strategy="b")).strategy == "b"
    assert alert(BASE).strategy == "main"


def test_equal_content_is_one_alert_whenever_it_was_fired_but_not_on_another_bar() -> None:
    def identity(**fields: Any) -> str:
        found = read(with_base(**fields))
        assert isinstance(found, Reading)
        return found.identity

    assert identity(time="2026-11-20T14:30:01Z") == identity(time="2026-11-20T14:30:06Z")
    assert identity(bar_time="2026-11-20T14:25:00Z") != identity(bar_time="2026-11-20T14:30:00Z")
    assert identity(id="a") == identity(id="a", quantity="3")
    assert identity(id="a") != identity(id="b")


def test_numbers_are_exact() -> None:
    entry = alert(with_base(order_type="limit", limit_price=37774.433333333334)).entry

    assert entry is not None
    assert str(entry.limit_price) == "37774.433333333334"


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_refused_and_never_crash(raw: bytes) -> None:
    assert isinstance(read(raw), Refused)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
    st.sampled_from(["buy", "sell", "target", "limit", "gtd", "AAPL", "1", "-1", "1e5", "long"]),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)) | st.text(max_size=8), VALUES))
def test_any_object_is_refused_or_becomes_an_alert_that_survives_the_wire(
    fields: dict[str, Any],
) -> None:
    found = read({**BASE, **fields})

    if isinstance(found, Reading):
        assert codec.decode(Alert, codec.encode(found.alert)) == found.alert
        for text in (found.alert.strategy, found.alert.comment, found.alert.order_id):
            assert text.isascii()
    else:
        assert found.status in {400, 422}
        assert found.message
