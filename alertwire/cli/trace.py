"""`trace`: one alert's way, step by step."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from sqlalchemy import select

from alertwire.cli.lists import AsJson, plain, read, show
from alertwire.faults import ConfigurationError
from alertwire.journal.tables import alerts, commands, fills, orders
from alertwire.settings import Settings, load_settings

_ALERT_ID_LENGTH = 26


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(trace)


def trace(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="An alert's id, or a command's or order's of it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Show one alert's way: each step with its time, the commands, orders and fills, the end."""
    found = collect(load_settings(), identity[:_ALERT_ID_LENGTH])
    if found is None:
        raise ConfigurationError(f"no alert {identity} in the journal; see: alertwire alerts")
    if as_json:
        print(json.dumps(found))
        return
    alert = found["alert"]
    console = Console(highlight=False)
    console.print(
        f"[bold]{alert['alert_id']}[/]  {alert['strategy']}  {alert['action']} {alert['symbol']}  "
        f"→ [bold]{alert['outcome'] or alert['state']}[/] {alert['detail'] or ''}"
    )
    for title, rows in (
        ("steps", found["steps"]),
        ("commands", found["commands"]),
        ("orders", found["orders"]),
        ("fills", found["fills"]),
    ):
        if rows:
            console.print(f"\n[bold]{title}[/]")
            show(rows, as_json=False)


def is_decided(settings: Settings, alert_id: str) -> bool:
    """Whether an alert has ended, well or badly."""
    rows = read(settings.journal_location, select(alerts.c.state).filter_by(alert_id=alert_id))
    return bool(rows) and rows[0]["state"] in {"DONE", "PARKED"}


def collect(settings: Settings, alert_id: str) -> dict[str, Any] | None:
    """Read all that journal and ledger know of an alert; None where they do not know it."""
    a, c, o, f = alerts.c, commands.c, orders.c, fills.c
    found = read(
        settings.journal_location,
        select(
            a.alert_id,
            a.route,
            a.strategy,
            a.symbol,
            a.action,
            a.key,
            a.seq,
            a.state,
            a.attempts,
            a.outcome,
            a.detail,
            a.accepted_at,
            a.not_after,
            a.decided_at,
            a.raw_body,
            a.trace,
        ).where(a.alert_id == alert_id),
    )
    if not found:
        return None
    ledger = settings.ledger_location
    refs = select(o.order_ref).where(o.alert_id == alert_id)
    steps = json.loads(found[0]["trace"] or "{}")
    return {
        "alert": _plain_row({k: v for k, v in found[0].items() if k != "trace"}),
        "traceparent": steps.get("traceparent", ""),
        "steps": timeline(steps.get("stamps", [])),
        "commands": [
            _plain_row(row)
            for row in read(
                ledger,
                select(c.command_id, c.account, c.action, c.state, c.detail, c.decided_at)
                .where(c.alert_id == alert_id)
                .order_by(c.command_id),
            )
        ],
        "orders": [
            _plain_row(row)
            for row in read(
                ledger,
                select(
                    o.order_ref,
                    o.order_id,
                    o.perm_id,
                    o.side,
                    o.quantity,
                    o.local_symbol,
                    o.order_type,
                    o.limit_price,
                    o.stop_price,
                    o.state,
                    o.filled,
                    o.average_price,
                    o.code,
                    o.detail,
                    o.updated_at,
                ).where(o.alert_id == alert_id),
            )
        ],
        "fills": [
            _plain_row(row)
            for row in read(
                ledger,
                select(
                    f.execution_id,
                    f.order_ref,
                    f.quantity,
                    f.price,
                    f.commission,
                    f.commission_currency,
                    f.at,
                ).where(f.order_ref.in_(refs)),
            )
        ],
    }


def timeline(stamps: list[list[str]]) -> list[dict[str, Any]]:
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


def _ms(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() * 1000


def _plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}
