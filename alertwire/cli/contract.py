"""`contract`: which contract a symbol stands for at the broker, and how it trades."""

import json
import sys
from typing import Annotated, Final

import typer
from rich.console import Console

from alertwire.cli import probes
from alertwire.cli.lists import AsJson
from alertwire.faults import ConfigurationError
from alertwire.routes import load_routes
from alertwire.settings import Settings, load_settings
from alertwire.wire.alert import Instrument
from alertwire.wire.control import ContractRequest, ControlRequest
from producer.refusal import Refused
from producer.symbols import read_symbol

ANSWER_TIMEOUT_S: Final = 30.0
"""The gateway asks the broker, and gives up on it before this."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(contract)


def contract(
    symbol: Annotated[str, typer.Argument(help="As in TradingView: CME_MINI:ES1!, AAPL.")],
    route: Annotated[str, typer.Option(help="A route whose own names for symbols count too.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say which contract a symbol stands for, when it rolls, and how it trades.

    alertwire contract CME_MINI:ES1!
    """
    settings = load_settings()
    request = ControlRequest(contract=ContractRequest(instrument=_read(settings, symbol, route)))
    reply = probes.need_gateway(settings, request, ANSWER_TIMEOUT_S)
    if reply.error:
        print(f"alertwire: {reply.error}", file=sys.stderr)
        sys.exit(1)
    said = dict(finding.split(": ", 1) for finding in reply.findings)
    if as_json:
        print(json.dumps(said))
        return
    console = Console(highlight=False, soft_wrap=True)
    width = max((len(name) for name in said), default=0)
    for name, value in said.items():
        console.print(f"{name.replace('_', ' '):{width}}  {value}", markup=False)


def _read(settings: Settings, symbol: str, route_name: str) -> Instrument:
    """Read a symbol as the webhook would. Raises ConfigurationError that says why not."""
    if route_name:
        routes = load_routes(settings).by_name
        if route_name not in routes:
            raise ConfigurationError(f"there is no route {route_name}: use {', '.join(routes)}")
        if named := routes[route_name].symbols.get(symbol.upper()):
            return named.instrument(symbol)
    found = read_symbol(symbol)
    if isinstance(found, Refused):
        raise ConfigurationError(found.message)
    return found
