"""`trace`: one alert's way, step by step."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from sqlalchemy import or_, select

from alertwire.cli.databases import read_journal, read_ledger
from alertwire.cli.lists import AsJson, plain, printable, show
from alertwire.cli.timeline import in_order, since_first
from alertwire.faults import ConfigurationError
from alertwire.journal.letters import REPLAYED
from alertwire.journal.tables import (
    alerts,
    attempts,
    commands,
    fills,
    order_events,
    orders,
    refusals,
)
from alertwire.routes import load_routes
from alertwire.settings import Settings, load_settings

_ALERT_ID_LENGTH: Final = 26
_REPLAY: Final = "replay/"
"""How the identity of an alert begins that is another's replay; the other's id follows."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(trace)


def trace(
    identity: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="An alert's id, or a command's or order's of it, or a refusal's."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Show one alert's way in one list: who did what when, and how it ended.

    alertwire trace 01KAPRT3M2W8Y4ZC9N5QJ7XH6D

    Times are UTC, with the milliseconds since the first. Of a request refused at the door: why, and
    its body.
    """
    settings = load_settings()
    found = collect(settings, identity[:_ALERT_ID_LENGTH])
    if found is None or found["alert"]["void_of"]:
        identity = found["alert"]["void_of"] if found else identity
        found = collect(settings, identity)
    if found is None:
        refusal = _refusal(settings, identity)
        if refusal is None:
            raise ConfigurationError(f"no alert {identity} in the journal; see: alertwire alerts")
        _show_refusal(refusal, as_json)
        return
    if as_json:
        print(json.dumps(found))
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for number, each in enumerate((found, *found["siblings"])):
        if number:
            console.print()
        _show_alert(each, console)
        if said := _elsewhere(settings, each):
            console.print(printable(f"\n{said}"))


def is_decided(settings: Settings, alert_id: str) -> bool:
    """Whether an alert has ended in all its accounts, well or badly, or waits for a person."""
    a = alerts.c
    query = select(a.state).where(or_(a.alert_id == alert_id, a.sibling_of == alert_id))
    rows = read_journal(settings, query)
    return bool(rows) and all(row["state"] in {"DONE", "PARKED", "LATE"} for row in rows)


def collect(settings: Settings, alert_id: str) -> dict[str, Any] | None:
    """Read all that journal and ledger know of an alert; None where they do not know it.

    `siblings` is the same of the other accounts' parts, where it is the first of a message.
    """
    found = _collect_one(settings, alert_id)
    if found is None:
        return None
    siblings = read_journal(
        settings,
        select(alerts.c.alert_id).where(alerts.c.sibling_of == alert_id).order_by(alerts.c.account),
    )
    each = [_collect_one(settings, row["alert_id"]) for row in siblings]
    return found | {"siblings": [one for one in each if one is not None]}


def _show_alert(found: dict[str, Any], console: Console) -> None:
    alert = found["alert"]
    account = f"  in {alert['account']}" if alert["account"] else ""
    console.print(
        printable(
            f"{alert['alert_id']}  {alert['strategy']}  {alert['action']} {alert['symbol']}"
            f"{account}  → {alert['outcome'] or alert['state']} {alert['detail'] or ''}"
        ),
        style="bold",
    )
    if alert["sibling_of"]:
        console.print(f"another account's part of {alert['sibling_of']}")
    if found["replayed"]["of"]:
        console.print(f"replay of {found['replayed']['of']}")
    if alert["handled_as"]:
        console.print(printable(f"a person dealt with it: {alert['handled_as']}"))
    console.print()
    show(in_order(found), as_json=False)
    for title, rows in (("commands", found["commands"]), ("orders", found["orders"])):
        if rows:
            console.print(f"\n{title}")
            show(rows, as_json=False)


def _elsewhere(settings: Settings, found: dict[str, Any]) -> str:
    """Say where the commands are that the ledger here cannot hold; empty: it holds them."""
    if found["commands"]:
        return ""
    alert = found["alert"]
    try:
        route = load_routes(settings).by_name.get(alert["route"])
    except ConfigurationError:
        return ""
    held = {account.id: account.gateway for account in route.accounts} if route else {}
    gateways = sorted({held.get(each, "") for each in (alert["account"] or "").split(",")} - {""})
    if not gateways:
        return ""
    return (
        f"no command here: its account is behind gateway {', '.join(gateways)}, whose own ledger "
        "has them: set ALERTWIRE_LEDGER_URL to that one and ask again"
    )


def _collect_one(settings: Settings, alert_id: str) -> dict[str, Any] | None:
    a, t, c, o, f, e = (
        table.c for table in (alerts, attempts, commands, orders, fills, order_events)
    )
    found = read_journal(
        settings,
        select(
            a.alert_id,
            a.route,
            a.strategy,
            a.symbol,
            a.action,
            a.account,
            a.sibling_of,
            a.void_of,
            a.key,
            a.seq,
            a.state,
            a.attempts,
            a.outcome,
            a.detail,
            a.fired_at,
            a.accepted_at,
            a.not_after,
            a.decided_at,
            a.handled_at,
            a.handled_as,
            a.raw_body,
            a.identity,
            a.trace,
        ).where(a.alert_id == alert_id),
    )
    if not found:
        return None
    row = dict(found[0])
    steps = json.loads(row.pop("trace") or "{}")
    identity, handled_as = row.pop("identity"), row["handled_as"] or ""
    refs = select(o.order_ref).where(o.alert_id == alert_id)
    return {
        "alert": _plain_row(row),
        "traceparent": steps.get("traceparent", ""),
        "steps": since_first(steps.get("stamps", [])),
        "attempts": _plain_rows(
            read_journal(
                settings,
                select(t.attempt, t.at, t.mode, t.reason)
                .where(t.alert_id == alert_id)
                .order_by(t.attempt),
            )
        ),
        "commands": _plain_rows(
            read_ledger(
                settings,
                select(c.command_id, c.account, c.action, c.state, c.detail, c.decided_at)
                .where(c.alert_id == alert_id)
                .order_by(c.command_id),
            )
        ),
        "orders": _plain_rows(
            read_ledger(
                settings,
                select(
                    o.order_ref,
                    o.order_id,
                    o.perm_id,
                    o.role,
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
                )
                .where(o.alert_id == alert_id)
                .order_by(o.order_ref),
            )
        ),
        "events": _plain_rows(
            read_ledger(
                settings,
                select(e.order_ref, e.at, e.state, e.filled, e.code, e.detail)
                .where(e.order_ref.in_(refs))
                .order_by(e.event_id),
            )
        ),
        "fills": _plain_rows(
            read_ledger(
                settings,
                select(
                    f.execution_id,
                    f.order_ref,
                    f.quantity,
                    f.price,
                    f.commission,
                    f.commission_currency,
                    f.at,
                )
                .where(f.order_ref.in_(refs))
                .order_by(f.at),
            )
        ),
        "replayed": {
            "of": identity.removeprefix(_REPLAY) if identity.startswith(_REPLAY) else None,
            "as": handled_as.removeprefix(REPLAYED) if handled_as.startswith(REPLAYED) else None,
        },
    }


def _refusal(settings: Settings, identity: str) -> dict[str, Any] | None:
    query = select(refusals).where(refusals.c.refusal_id == identity[:_ALERT_ID_LENGTH])
    found = _plain_rows(read_journal(settings, query))
    return found[0] if found else None


def _show_refusal(refusal: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"refusal": refusal}))
        return
    console = Console(highlight=False, markup=False, soft_wrap=True)
    field = f" ({refusal['field']})" if refusal["field"] else ""
    console.print(
        printable(
            f"{refusal['refusal_id']}  refused with {refusal['status']} {refusal['code']}{field}: "
            f"{refusal['detail']}"
        ),
        style="bold",
    )
    console.print(printable(f"{refusal['at']}  route {refusal['route']}  from {refusal['source']}"))
    if refusal["handled_as"]:
        console.print(printable(f"a person dealt with it: {refusal['handled_as']}"))
    console.print(f"\n{printable(refusal['raw_body'])}")


def _plain_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_plain_row(row) for row in rows]


def _plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}
