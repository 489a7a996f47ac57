"""`alertwire`: every verb, and how an error reaches the operator."""

import sys
from typing import Annotated, Final

import typer
from rich.console import Console

from alertwire import __version__
from alertwire.cli import (
    builder,
    config,
    conformance,
    contract,
    demo,
    doctor,
    explain,
    halting,
    journal,
    keys,
    letters,
    lists,
    processes,
    recovery,
    send,
    trace,
)
from alertwire.faults import ConfigurationError
from alertwire.process import EXIT_CONFIGURATION
from alertwire.settings import LIVE, TradingMode, load_settings

_SAY_IT_THEMSELVES: Final = {"up", "producer", "consumer", "gateway", "simulator", "demo", "doctor"}
"""Verbs that log, trade on the simulator, or show the mode among what they show."""

app = typer.Typer(
    name="alertwire",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="TradingView alerts become Interactive Brokers orders: none lost, none twice.\n\n"
    "See it work:  [bold]alertwire demo[/bold]\n\n"
    "Run it:  [bold]alertwire up[/bold], then post alerts to "
    "http://127.0.0.1:8080/webhook/TOKEN (the token is in $ALERTWIRE_HOME/keys/webhook-token)\n\n"
    "Settings are environment variables, all of them in .env.example and docs/configuration.md.",
)

for verbs in (
    demo,
    processes,
    send,
    explain,
    builder,
    lists,
    contract,
    trace,
    letters,
    journal,
    recovery,
    halting,
    keys,
    doctor,
    config,
    conformance,
):
    verbs.register(app)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        print(__version__)
        raise typer.Exit


@app.callback()
def say_live(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Say that real money moves, above whatever a verb shows; of a wrong setting the verb tells."""
    if context.invoked_subcommand in _SAY_IT_THEMSELVES:
        return
    try:
        is_live = load_settings().trading_mode is TradingMode.LIVE
    except ConfigurationError:
        return
    if is_live:
        Console(stderr=True).print(f"[bold red]{LIVE}")


def main() -> None:
    """Run the command line; a wrong configuration ends in one line and exit code 78."""
    try:
        app()
    except ConfigurationError as error:
        print(f"alertwire: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)
