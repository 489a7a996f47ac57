"""`resolve` and `reconcile`: what a person decides where the broker's word is missing."""

import sys
from dataclasses import replace
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from sqlalchemy import Select, and_, case, or_, select

from alertwire.cli import probes
from alertwire.cli.databases import read_ledger
from alertwire.cli.lists import AsJson, show
from alertwire.faults import ConfigurationError
from alertwire.journal.tables import commands, orders
from alertwire.settings import Settings, load_settings
from alertwire.wire.control import (
    NEEDS_PERSON,
    VOUCHED,
    ControlReply,
    ControlRequest,
    ReconcileRequest,
    ResolveRequest,
)

RECONCILE_TIMEOUT_S: Final = 30.0
"""The gateway asks for four lists and gives up on a silent broker long before this."""
_ALERT_ID_LENGTH: Final = 26
_REMEDY: Final = """\
Look in TWS whether the order is there: its Order Ref is the command's id, with a letter behind it
for what protects. Then: alertwire resolve ID --placed, or alertwire resolve ID --not-placed
What TWS shows as not transmitted is the rest of a family that was cut off: discard it there, then
say --not-placed."""


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(resolve)
    app.command()(reconcile)


def resolve(
    identity: Annotated[
        str,
        typer.Argument(
            metavar="[ID]", help="A command's id, or an alert's that has one to decide."
        ),
    ] = "",
    placed: Annotated[
        bool | None,
        typer.Option(
            "--placed/--not-placed", help="Whether the broker has it, as TWS shows it to you."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide what nobody else can: a command that is UNKNOWN, or an order that got lost later.

    alertwire resolve                   what waits for you

    alertwire resolve ID --not-placed   TWS does not show it

    Of the first the broker never said a word; the other it took, and lists it nowhere any more.
    Without an id, or without an answer, it lists those that wait. Exits with 0 when it is done.
    """
    settings = load_settings()
    waiting = _unknown(settings, identity)
    if not identity or placed is None:
        show(waiting, as_json)
        if waiting and not as_json:
            Console(highlight=False).print(f"\n{_REMEDY}", markup=False)
        return
    # A row is an order, and the orders of a family are decided as one: by their command.
    command_ids = {row["command_id"] for row in waiting}
    if len(command_ids) > 1:
        show(waiting, as_json)
        raise ConfigurationError(f"{identity} has {len(command_ids)} commands to decide: name one")
    # Where the ledger has none, the gateway says what it is instead.
    command_id = command_ids.pop() if command_ids else identity
    reply = _ask(
        settings, ControlRequest(resolve=ResolveRequest(command_id=command_id, placed=placed))
    )
    _tell(reply)


def reconcile(as_json: AsJson = False) -> None:
    """Compare the ledger with the broker now: orders, fills, positions.

    alertwire reconcile

    Exits with 0 when nothing needs a person, 1 when something does.
    """
    reply = _ask(load_settings(), ControlRequest(reconcile=ReconcileRequest()))
    needs = [finding.startswith(NEEDS_PERSON) for finding in reply.findings]
    if as_json:
        pairs = zip(reply.findings, needs, strict=True)
        show([{"finding": words, "needs_person": person} for words, person in pairs], as_json)
    _tell(replace(reply, findings=()) if as_json else reply)
    if any(needs):
        sys.exit(1)


def _unknown(settings: Settings, identity: str) -> list[dict[str, Any]]:
    """Read the orders that are UNKNOWN, or of UNKNOWN commands: an alert's, a command's, or all."""
    c, o = commands.c, orders.c
    query: Select[Any] = (
        select(
            c.command_id,
            c.decided_at.label("since"),
            c.account,
            c.strategy,
            c.action,
            c.symbol,
            o.side,
            o.quantity,
            o.local_symbol,
            o.order_type,
            o.limit_price,
            o.order_id,
            case((c.state == "UNKNOWN", c.detail), else_=o.detail).label("detail"),
        )
        .join(orders, o.command_id == c.command_id, isouter=True)
        .where(
            or_(
                c.state == "UNKNOWN",
                and_(o.state == "UNKNOWN", o.detail != VOUCHED, c.state != "INTENT"),
            )
        )
        .order_by(c.command_id)
    )
    if len(identity) == _ALERT_ID_LENGTH:
        query = query.where(c.alert_id == identity)
    elif identity:
        query = query.where(c.command_id == identity)
    return [dict(row) for row in read_ledger(settings, query)]


def _ask(settings: Settings, request: ControlRequest) -> ControlReply:
    return probes.need_gateway(settings, request, RECONCILE_TIMEOUT_S)


def _tell(reply: ControlReply) -> None:
    """Print what was found; end with 1 where it was refused."""
    console = Console(highlight=False, soft_wrap=True)
    for finding in reply.findings:
        console.print(finding, markup=False)
    if reply.error:
        print(f"alertwire: {reply.error}", file=sys.stderr)
        sys.exit(1)
