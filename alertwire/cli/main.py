"""`alertwire`: every verb, and how an error reaches the operator."""

import sys

import typer

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


def main() -> None:
    """Run the command line; a wrong configuration ends in one line and exit code 78."""
    try:
        app()
    except ConfigurationError as error:
        print(f"alertwire: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIGURATION)
