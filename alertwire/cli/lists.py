"""`alerts`, `orders`, `positions`: what came in, what was ordered, what is held."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid
from sqlalchemy import Select, select

from alertwire.cli import probes
from alertwire.faults import ConfigurationError
from alertwire.journal.database import read_database
from alertwire.journal.tables import alerts as alerts_table
from alertwire.journal.tables import orders as orders_table
from alertwire.journal.tables import refusals as refusals_table
from alertwire.money import format_decimal
from alertwire.settings import load_settings

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(alerts)
    app.command()(orders)
    app.command()(positions)


def alerts(
    limit: Limit = 20,
    refused: Annotated[bool, typer.Option(help="Those refused at the door, with reason.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the alerts that came in and how each ended."""
    settings = load_settings()
    if refused:
        r = refusals_table.c
        query: Select[Any] = select(
            r.at, r.route, r.source, r.status, r.code, r.field, r.detail, r.raw_body
        ).order_by(r.at.desc())
    else:
        a = alerts_table.c
        query = select(
            a.accepted_at,
            a.alert_id,
            a.strategy,
            a.symbol,
            a.action,
            a.state,
            a.outcome,
            a.attempts,
            a.detail,
        ).order_by(a.alert_id.desc())
    show(read(settings.journal_location, query.limit(limit)), as_json)


def orders(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the orders and where each stands."""
    o = orders_table.c
    query = select(
        o.created_at,
        o.order_ref,
        o.account,
        o.strategy,
        o.side,
        o.quantity,
        o.local_symbol,
        o.order_type,
        o.limit_price,
        o.stop_price,
        o.state,
        o.filled,
        o.average_price,
        o.detail,
    ).order_by(o.created_at.desc(), o.order_ref.desc())
    show(read(load_settings().ledger_location, query.limit(limit)), as_json)


def positions(as_json: AsJson = False) -> None:
    """List the positions that the gateway knows, of every account."""
    status = probes.gateway_status(load_settings())
    if status is None:
        raise ConfigurationError(
            "the gateway does not answer; start it with: alertwire up (or alertwire gateway)"
        )
    show(
        [
            {
                "account": p.account,
                "symbol": p.local_symbol or p.symbol,
                "quantity": p.quantity,
                "average_cost": p.average_cost,
                "currency": p.currency,
            }
            for p in status.positions
            if p.quantity
        ],
        as_json,
    )


def read(url: str, query: Select[Any]) -> list[Mapping[str, Any]]:
    """Run a query on a journal or ledger; nothing where it does not exist yet."""
    engine = read_database(url)
    if engine is None:
        return []
    with engine.connect() as connection:
        rows: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(query).mappings()]
    engine.dispose()
    return rows


def show(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows as a grid, or as one JSON object per line."""
    if as_json:
        for row in rows:
            print(json.dumps({name: plain(value) for name, value in row.items()}))
        return
    if not rows:
        print("none")
        return
    grid = Grid(box=None, header_style="bold", pad_edge=False)
    for name in rows[0]:
        grid.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        grid.add_row(*("" if value is None else str(plain(value)) for value in row.values()))
    # Piped into a file the width is unknown: let no column be cut.
    Console(width=None if sys.stdout.isatty() else 240).print(grid)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; decimals stay exact, as text."""
    if isinstance(value, Decimal):
        return format_decimal(value.normalize())
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value
