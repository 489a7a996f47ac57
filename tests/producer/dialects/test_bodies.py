"""Bodies that traders have sent somewhere, each with its decided outcome.

`accepted` is dialect, action, symbol and size; `refused` is status, code and field.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alertwire.configuration import Route
from alertwire.wire import codec
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading
from producer.refusal import Refused

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
DATA = Path(__file__).parents[1] / "data" / "bodies.jsonl"
ROWS = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
OBJECTS = [row["body"] for row in ROWS if "accepted" in row and row["body"].startswith("{")]


def read(body: str) -> Reading | Refused:
    return read_alert(body.encode(), "main", Route(), ID, NOW)


def order(body: str) -> dict[str, Any]:
    found = read(body)
    assert isinstance(found, Reading), found
    shown = codec.to_json(found.alert)
    shown.pop("repairs", None)
    return shown


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["body"][:40])
def test_each_body_has_its_decided_outcome(row: dict[str, Any]) -> None:
    found = read(row["body"])

    if isinstance(found, Refused):
        assert row.get("refused") == [found.status, found.code, found.field], found.message
        assert found.message
        return
    alert = found.alert
    size = "" if alert.sizing is None else str(alert.sizing.value)
    assert row.get("accepted") == [
        alert.dialect,
        alert.action.name.lower(),
        alert.instrument.symbol,
        size,
    ]


def test_the_bodies_are_many_and_most_are_no_orders() -> None:
    assert len(ROWS) == 45
    assert len(OBJECTS) == 8


@pytest.mark.parametrize("body", OBJECTS, ids=lambda body: body[:40])
@pytest.mark.parametrize(
    ("before", "after"),
    [("\ufeff", ""), ("\u00a0\n", "\u200b"), ("  ", "\r\n\t"), ("", "")],
)
def test_what_is_lossless_changes_no_order(body: str, before: str, after: str) -> None:
    assert order(before + body + after) == order(body)
    trailing = body.rstrip()[:-1] + ",}"
    assert order(trailing) == order(body)


@pytest.mark.parametrize("body", OBJECTS, ids=lambda body: body[:40])
@pytest.mark.parametrize(
    "broken",
    [
        lambda body: body + body,
        lambda body: "note: " + body,
        lambda body: body + " // note",
        lambda body: body.replace('"', "\u201d"),
        lambda body: body.rstrip()[:-1],
        lambda body: body.rstrip()[:-1] + ",,}",
        lambda body: body.rstrip()[:-1] + ', "more": "{{close}}"}',
        lambda body: body.rstrip()[:-1] + ', "price": 1, "Price": 2}',
        lambda body: body.rstrip()[:-1] + ', "more": 1,000}',
        lambda body: body.rstrip()[:-1] + ', "more": NaN}',
        lambda body: body.rstrip()[:-1] + ', "more": 1' + "0" * 70 + "}",
        lambda body: body.rstrip()[:-1] + ', "more": ' + "[" * 9 + "]" * 9 + "}",
        lambda body: body.rstrip()[:-1] + ', "more": "\x00"}',
        lambda body: f"[{body}]",
    ],
)
def test_what_could_mean_something_else_is_refused(body: str, broken: Any) -> None:
    found = read(broken(body))

    assert isinstance(found, Refused)
    assert found.status == 400
