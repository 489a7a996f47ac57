"""Golden cases of each dialect: a body and its route's settings → the alert, or the refusal.

`alert` and `reads` are the alert's JSON without what the test fixes (id, route, time). `reads` is
what was understood of an alert that is refused because Alertwire cannot carry it out yet.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertwire.configuration import Route
from alertwire.dialects import DialectName
from alertwire.wire import codec
from alertwire.wire.alert import Alert
from producer.dialects.choice import DIALECTS, read_alert
from producer.dialects.reading import Reading
from producer.refusal import Refused

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
DATA = Path(__file__).parents[1] / "data"
NAMES = sorted(name.value for name in DialectName if name is not DialectName.AUTO)
CASES_MIN = 12
ALL_OF_IT = [{"name": "qty", "value": -1e10}]


def cases(name: str) -> list[dict[str, Any]]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [{**json.loads(line), "dialect": name} for line in lines]


def title(case: dict[str, Any]) -> str:
    return f"{case['dialect']}: {case['name']}"


ALL = [case for name in NAMES for case in cases(name)]


def shown(alert: Alert) -> dict[str, Any]:
    found = codec.to_json(alert)
    for fixed in ("alert_id", "route", "accepted_at"):
        del found[fixed]
    return found


@pytest.mark.parametrize("case", ALL, ids=title)
def test_each_body_becomes_its_alert_or_is_refused_by_name(case: dict[str, Any]) -> None:
    route = Route.model_validate(case.get("route", {}))
    found = read_alert(case["body"].encode(), "main", route, ID, NOW)

    if isinstance(found, Refused):
        assert case.get("refused") == {
            "status": found.status,
            "code": found.code,
            "field": found.field,
        }, found.message
        assert found.message
    else:
        assert case.get("alert") == shown(found.alert)
        assert case["dialect"] == found.alert.dialect
        assert codec.decode(Alert, codec.encode(found.alert)) == found.alert


@pytest.mark.parametrize("name", NAMES)
def test_each_dialect_has_its_cases_and_its_reader(name: str) -> None:
    assert len(cases(name)) >= CASES_MIN
    assert {"alert", "refused"} <= {key for case in cases(name) for key in case}
    assert name in {dialect.NAME for dialect in DIALECTS}


@pytest.mark.parametrize(
    ("body", "again"),
    [
        ({"ticker": "A", "action": "buy", "time": "1"}, {"time": "2"}),
        (
            {"ticker": "A", "direction": "strategy.close", "metrics": ALL_OF_IT, "timestamp": 1},
            {"timestamp": 2},
        ),
        ({"ticker": "A", "strategy": {"position_size": 1}, "time": "1"}, {"time": "2"}),
        (
            {"ticker": "A", "strategy": {"position_size": 1, "timestamp": "1"}},
            {"strategy": {"position_size": 1, "timestamp": "2"}},
        ),
    ],
)
def test_an_alert_fired_again_is_equal_and_a_changed_one_is_not(
    body: dict[str, Any], again: dict[str, Any]
) -> None:
    def identity(**more: Any) -> str:
        found = read_alert(json.dumps({**body, **more}).encode(), "main", Route(), ID, NOW)
        assert isinstance(found, Reading), found
        return found.identity

    assert identity() == identity(**again)
    assert identity() != identity(ticker="B")


@pytest.mark.parametrize("name", ["time", "timenow", "timestamp", "fired_at", "FireTime"])
@pytest.mark.parametrize(
    "body",
    [
        {"symbol": "A", "action": "exit"},
        {"ticker": "A", "action": "buy"},
        {"symbol": "A", "action": "close"},
        {"ticker": "A", "direction": "strategy.close", "metrics": ALL_OF_IT},
        {"ticker": "A", "strategy": {"position_size": 1}},
    ],
    ids=str,
)
def test_the_fire_time_is_read_and_left_out_of_what_is_equal_under_every_name(
    body: dict[str, Any], name: str
) -> None:
    def reading(time: Any) -> Reading:
        raw = json.dumps({**body, name: time}).encode()
        found = read_alert(raw, "main", Route(), ID, NOW)
        assert isinstance(found, Reading), found
        return found

    first, again = reading("2026-11-20T14:29:58Z"), reading(1795185000000)

    assert first.identity == again.identity == reading("soon").identity
    assert (first.alert.fired_at, again.alert.fired_at) == (NOW - timedelta(seconds=2), NOW)


def test_a_secret_is_neither_carried_along_nor_shown() -> None:
    bodies = [case for case in ALL if "s3cret" in case["body"] or "secret words" in case["body"]]

    assert bodies
    assert not [case for case in bodies if "s3cret" in json.dumps(case.get("alert"))]
    assert not [case for case in bodies if "secret words" in json.dumps(case.get("alert"))]
