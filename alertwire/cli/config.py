"""`config check` and `config show`: is the configuration right, and what is in force."""

import typer
from pydantic import SecretStr
from rich.console import Console

from alertwire.cli.keys import examine
from alertwire.cli.lists import AsJson, show
from alertwire.configuration import place_in, read_configuration
from alertwire.faults import ConfigurationError
from alertwire.journal.database import locate
from alertwire.routes import load_routes
from alertwire.settings import PREFIX, Settings, load_settings
from producer.symbols import brokers_root

config = typer.Typer(
    no_args_is_help=True, help="Check the configuration, or show what is in force."
)


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(config, name="config")


@config.command()
def check() -> None:
    """Check what is written down: settings, routes with their tokens, database URLs, bus keys.

    alertwire config check

    Exits with 0 where these are right, and with 78 and the place of each error otherwise. Nothing
    is written, and nothing is asked that runs: not whether a port is free, a database answers, or
    a folder is writable. That is seen at the start, and by alertwire doctor.
    """
    settings = load_settings()
    routes = load_routes(settings, with_tokens=True, makes_tokens=False)
    _check_roots(settings)
    journal = locate(settings.journal_location, "ALERTWIRE_JOURNAL_URL").get_backend_name()
    ledger = locate(settings.ledger_location, "ALERTWIRE_LEDGER_URL").get_backend_name()
    bus, remedy = examine(settings)
    if remedy:
        raise ConfigurationError(f"the bus: {bus}; {remedy}")
    where = settings.config if settings.config.exists() else f"{settings.config} (not there)"
    console = Console(highlight=False)
    console.print(f"[green]✓[/] settings: mode {settings.trading_mode.value}, home {settings.home}")
    console.print(f"[green]✓[/] {where}: routes {', '.join(routes.by_name)}")
    console.print(f"[green]✓[/] databases: journal {journal}, ledger {ledger}")
    console.print(f"[green]✓[/] bus: {bus}")


def _check_roots(settings: Settings) -> None:
    """Refuse a root in TradingView's words, which would hold for no contract of the broker's."""
    for root in read_configuration(settings.config).futures:
        if (brokers := brokers_root(root)) != root:
            raise ConfigurationError(
                f"{place_in(settings.config, ('futures', root))}: Interactive Brokers names this "
                f"root {brokers}: write [futures.{brokers}]"
            )


@config.command("show")
def show_settings(as_json: AsJson = False) -> None:
    """Show every setting in force, where it comes from, and never a secret.

    alertwire config show
    """
    settings = load_settings()
    given = settings.model_fields_set
    show(
        [
            {
                "setting": PREFIX + name.upper(),
                "value": _told(getattr(settings, name)),
                "from": "environment or .env" if name in given else "default",
            }
            for name in Settings.model_fields
        ],
        as_json,
    )


def _told(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    return str(getattr(value, "value", value))
