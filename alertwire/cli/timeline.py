"""What happened to an alert, laid out by time: pure, from what `trace` read."""

from datetime import UTC, datetime
from typing import Any, Final

_SOURCES: Final = {
    "received": "door",
    "journaled": "door",
    "pushed": "dispatcher",
    "pulled": "executor",
    "commanded": "executor",
    "acknowledged": "broker",
}
"""Who stamps a step; the others are the gateway's."""

_ROLES: Final = {"TAKE_PROFIT": "take profit", "STOP_LOSS": "stop loss"}
"""What an order is called that is none of its own."""

_OUR_STATES: Final = frozenset({"INTENT", "SENT"})
"""States of an order before the broker has said a word."""


def since_first(stamps: list[list[str]]) -> list[dict[str, Any]]:
    """Lay the stamps out with the milliseconds since the step before and since the first."""
    rows = []
    times = [datetime.fromisoformat(at) for _, at in stamps]
    for number, ((stage, at), time) in enumerate(zip(stamps, times, strict=True)):
        rows.append(
            {
                "step": stage.lower(),
                "at": at,
                "since_last_ms": f"{_ms(times[max(0, number - 1)], time):.2f}",
                "since_first_ms": f"{_ms(times[0], time):.2f}",
            }
        )
    return rows


def in_order(found: dict[str, Any]) -> list[dict[str, str]]:
    """Lay out all that is known of an alert in one list, the earliest first."""
    happened: list[tuple[datetime, str, str, str]] = []
    names = _names(found["orders"])

    def add(at: str | None, source: str, what: str, detail: str = "") -> None:
        if at:
            happened.append((datetime.fromisoformat(at), source, what, detail))

    for step in found["steps"]:
        add(step["at"], _SOURCES.get(step["step"], "gateway"), step["step"])
    for attempt in found["attempts"]:
        what = f"attempt {attempt['attempt']}"
        add(attempt["at"], "dispatcher", what, _words(attempt["mode"].lower(), attempt["reason"]))
    for command in found["commands"]:
        name = _words("command", command["account"])
        add(command["decided_at"], "gateway", f"{name} {command['state']}", command["detail"])
    for event in found["events"]:
        filled = "" if event["filled"] in {"0", ""} else f"filled {event['filled']}"
        code = f"code {event['code']}" if event["code"] else ""
        what = f"{names.get(event['order_ref'], 'order')} {event['state']}"
        source = "gateway" if event["state"] in _OUR_STATES else "broker"
        add(event["at"], source, what, "; ".join(filter(None, (filled, code, event["detail"]))))
    for fill in found["fills"]:
        # An event tells of it where it came, to the microsecond.
        if not any(fill["execution_id"] in event["detail"] for event in found["events"]):
            what = _words(names.get(fill["order_ref"], ""), "fill")
            add(fill["at"], "broker", what, f"{fill['quantity']} at {fill['price']}")
    alert = found["alert"]
    add(
        alert["decided_at"], "dispatcher", alert["outcome"] or alert["state"], alert["detail"] or ""
    )
    add(alert["handled_at"], "person", "dealt with", alert["handled_as"] or "")
    happened.sort(key=lambda each: _latest(each[0]))
    return [
        {
            "at": at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
            "since_first_ms": f"{_ms(happened[0][0], at):.1f}",
            "source": source,
            "what": what,
            "detail": detail,
        }
        for at, source, what, detail in happened
    ]


def _names(orders: list[dict[str, Any]]) -> dict[str, str]:
    """Name each of several orders by its role and what its ref has behind the alert's id."""
    if len(orders) < 2:
        return {}
    return {
        order["order_ref"]: f"{_ROLES.get(order['role'], 'order')} "
        + order["order_ref"].partition("-")[2]
        for order in orders
    }


def _latest(at: datetime) -> datetime:
    """Return the end of a whole second: the broker tells the times of fills no finer."""
    return at if at.microsecond else at.replace(microsecond=999_999)


def _words(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _ms(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000
