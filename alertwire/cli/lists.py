"""`alerts`, `orders`, `positions`: what came in, what was ordered, what is held."""

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.console import Console
from rich.table import Table as Grid
from sqlalchemy import Connection, Select, select

from alertwire.cli import probes
from alertwire.cli.databases import journal_engine, read_journal, read_ledger
from alertwire.cli.moments import MOMENT_HELP, read_moment
from alertwire.faults import ConfigurationError
from alertwire.journal.letters import Letter, Wanted, dead_letters, refused_requests
from alertwire.journal.tables import alerts as alerts_table
from alertwire.journal.tables import orders as orders_table
from alertwire.money import format_decimal
from alertwire.settings import Settings, load_settings

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_Row = TypeVar("_Row")
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(alerts)
    app.command()(orders)
    app.command()(positions)


class End(str, Enum):  # noqa: UP042 - see alertwire.settings
    """What can be asked for with --outcome: an outcome, or where an undecided alert stands."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    VOIDED = "voided"
    NEW = "new"
    INFLIGHT = "inflight"
    PARKED = "parked"
    LATE = "late"
    REFUSED = "refused"


def alerts(
    limit: Limit = 20,
    strategy: Annotated[str, typer.Option(help="Only those of this strategy.")] = "",
    symbol: Annotated[
        str, typer.Option(help="Only those of this symbol; AAPL also finds NASDAQ:AAPL.")
    ] = "",
    outcome: Annotated[
        End | None, typer.Option(case_sensitive=False, help="Only those that ended or stand so.")
    ] = None,
    since: Annotated[str, typer.Option(help=f"Only those since then: {MOMENT_HELP}.")] = "",
    dead: Annotated[
        bool, typer.Option("--dead", help="What became no order, and nobody dealt with it yet.")
    ] = False,
    refused: Annotated[
        bool, typer.Option("--refused", help="Those refused at the door, with reason.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the alerts that came in and how each ended.

    alertwire alerts --since 2h --outcome rejected

    Dead letters are what became no order: refused at the door, rejected, expired, voided, late or
    parked. Deal with each by the verb that stands behind it: replay, drop or resolve.

    alertwire alerts --dead
    """
    if refused and outcome not in {None, End.REFUSED}:
        raise ConfigurationError("--refused: what was refused at the door has no other --outcome")
    settings = load_settings()
    wanted = Wanted(
        strategy,
        symbol,
        outcome.name if outcome else "",
        read_moment(since, "--since", datetime.now(UTC)) if since else None,
    )
    if dead:
        letters = _read(settings, dead_letters, wanted, limit)
        show([_letter_row(each) for each in letters], as_json)
        return
    if refused or outcome is End.REFUSED:
        show(_read(settings, refused_requests, wanted, limit), as_json)
        return
    a = alerts_table.c
    query: Select[Any] = (
        select(
            a.accepted_at,
            a.alert_id,
            a.strategy,
            a.symbol,
            a.action,
            a.account,
            a.state,
            a.outcome,
            a.attempts,
            a.detail,
            a.handled_as,
        )
        .where(*wanted.conditions())
        .order_by(a.alert_id.desc())
    )
    show(read_journal(settings, query.limit(limit)), as_json)


def orders(limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the orders and where each stands.

    alertwire orders --limit 50
    """
    o = orders_table.c
    query = select(
        o.created_at,
        o.order_ref,
        o.account,
        o.strategy,
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
        o.detail,
    ).order_by(o.created_at.desc(), o.order_ref.desc())
    show(read_ledger(load_settings(), query.limit(limit)), as_json)


def positions(
    by_strategy: Annotated[
        bool, typer.Option("--by-strategy", help="What each strategy holds by its own fills.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the positions that the gateway knows, of every account.

    alertwire positions --by-strategy
    """
    status = probes.gateway_status(load_settings())
    if status is None:
        raise probes.silent_gateway()
    if by_strategy:
        held = [
            {
                "account": one.account,
                "strategy": one.strategy,
                "symbol": one.local_symbol or one.symbol,
                "quantity": one.quantity,
            }
            for one in status.strategy_holdings
        ]
        show(held, as_json)
        return
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


def _read(
    settings: Settings,
    question: Callable[[Connection, Wanted, int], list[_Row]],
    wanted: Wanted,
    limit: int,
) -> list[_Row]:
    """Ask the journal; nothing where there is none yet."""
    engine = journal_engine(settings)
    if engine is None:
        return []
    try:
        with engine.connect() as connection:
            return question(connection, wanted, limit)
    finally:
        engine.dispose()


def _letter_row(letter: Letter) -> dict[str, Any]:
    return {**asdict(letter), "remedy": letter.remedy}


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
        grid.add_row(
            *("" if value is None else printable(str(plain(value))) for value in row.values())
        )
    # Piped into a file the width is unknown: let no column be cut. Markup is the sender's text.
    Console(width=None if sys.stdout.isatty() else 240, markup=False, emoji=False).print(grid)


def printable(text: str) -> str:
    """Write what would move the cursor or colour the terminal as text: bodies are strangers."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; decimals stay exact, as text."""
    if isinstance(value, Decimal):
        return format_decimal(value.normalize())
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value
