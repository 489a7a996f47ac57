"""`config check` and `config show`: is the configuration right, and what is in force."""

import typer
from pydantic import SecretStr
from rich.console import Console

from alertwire.cli.lists import AsJson, show
from alertwire.routes import load_routes
from alertwire.settings import PREFIX, Settings, load_settings

config = typer.Typer(
    no_args_is_help=True, help="Check the configuration, or show what is in force."
)


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(config, name="config")


@config.command()
def check() -> None:
    """Read settings and routes as the processes do, and say every error with its line.

    Exits with 0 when a start or a reload would succeed, 78 otherwise.
    """
    settings = load_settings()
    routes = load_routes(settings, with_tokens=True)
    where = settings.config if settings.config.exists() else f"{settings.config} (not there)"
    console = Console(highlight=False)
    console.print(f"[green]✓[/] settings: mode {settings.trading_mode.value}, home {settings.home}")
    console.print(f"[green]✓[/] {where}: routes {', '.join(routes.by_name)}")


@config.command("show")
def show_settings(as_json: AsJson = False) -> None:
    """Show every setting in force, where it comes from, and never a secret."""
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
