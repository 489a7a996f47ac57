"""What happened to an alert, laid out by time."""

from typing import Any

from alertwire.cli.timeline import in_order

ALERT = "01KAPRT3M2W8Y4ZC9N5QJ7XH6D"
AT = "2026-11-23T15:00:00.000001Z"


def found(*orders: tuple[str, str]) -> dict[str, Any]:
    """Return what `trace` reads of an alert with these orders, each with its role."""
    refs = [(f"{ALERT}-{suffix}", role) for suffix, role in orders]
    event = {"at": AT, "state": "WORKING", "filled": "0", "code": 0, "detail": ""}
    fill = {"at": AT, "quantity": "2", "price": "187.25", "execution_id": "0001.01"}
    return {
        "alert": dict.fromkeys(
            ("decided_at", "outcome", "state", "detail", "handled_at", "handled_as")
        ),
        "steps": [],
        "attempts": [],
        "commands": [],
        "orders": [{"order_ref": ref, "role": role} for ref, role in refs],
        "events": [event | {"order_ref": ref} for ref, _ in refs],
        "fills": [fill | {"order_ref": refs[-1][0]}],
    }


def said(*orders: tuple[str, str]) -> list[str]:
    return [row["what"] for row in in_order(found(*orders))]


def test_of_a_family_each_line_names_its_order():
    family = ("1", "MAIN"), ("1a", "TAKE_PROFIT"), ("1b", "STOP_LOSS")

    assert said(*family) == [
        "order 1 WORKING",
        "take profit 1a WORKING",
        "stop loss 1b WORKING",
        "stop loss 1b fill",
    ]


def test_the_one_order_of_an_alert_needs_no_name():
    assert said(("1", "MAIN")) == ["order WORKING", "fill"]
