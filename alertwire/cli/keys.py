"""`keys`: who may speak on the bus, and new webhook tokens. Nothing here prints a secret."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from alertwire import keys, tokens
from alertwire.cli.lists import AsJson
from alertwire.faults import ConfigurationError
from alertwire.keys import AllowList, Entry
from alertwire.routes import DEFAULT_ROUTE, has_token_file, load_routes, token_file
from alertwire.settings import Settings, load_settings
from alertwire.wire.bus import Leg
from alertwire.wire.sockets import is_loopback

_app: Final = typer.Typer(
    help="Keys of the bus: make them, allow them, revoke them. Tokens of the webhook: rotate them.",
    no_args_is_help=True,
)
_Name = Annotated[
    str, typer.Argument(help="Small letters, digits, hyphens: consumer-2, operator-anna.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(_app, name="keys")


@_app.command("new")
def new(
    name: Annotated[
        str, typer.Argument(help="One more executor, operator or subscriber; empty: all usual.")
    ] = "",
    bundle: Annotated[
        Path | None,
        typer.Option(help="Also copy what NAME (consumer) needs on its machine into this folder."),
    ] = None,
) -> None:
    """Make what is missing: pairs for producer, gateway, consumer and operator, and their rights.

    alertwire keys new

    alertwire keys new consumer-2 --bundle for-the-other-machine

    With NAME: one more pair, which may do nothing before `alertwire keys allow NAME`.
    """
    folder = load_settings().bus_keys_folder
    if name and name not in keys.FIRST_NAMES:
        _say_made(name, keys.make_pair(folder, name))
    else:
        for each in (name,) if name else keys.FIRST_NAMES:
            _say_made(each, keys.make_pair(folder, each, keys.usual_lists(each)))
    if bundle:
        keys.bundle(folder, name or keys.CONSUMER, bundle)
        print(f"copied {name or keys.CONSUMER} and the servers' public keys to {bundle}")
    print(f"keys are in {folder}; restart every process that ran before there were any")


@_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List keys: whose, their fingerprints, whether others can read the secret, who may what.

    alertwire keys list
    """
    found = list(keys.entries(load_settings().bus_keys_folder))
    if as_json:
        for entry in found:
            print(json.dumps(_row(entry)))
        return
    table = Table("name", "fingerprint", "secret", "may", box=None, header_style="bold")
    for entry in found:
        row = _row(entry)
        table.add_row(row["name"], row["fingerprint"], row["secret"], ", ".join(row["may"]))
    Console(highlight=False).print(table if found else "there are no keys: the bus is plain")


@_app.command("allow")
def allow(
    name: _Name,
    to: Annotated[
        list[AllowList] | None,
        typer.Option(help="Where it may connect; unset: what its name is for."),
    ] = None,
) -> None:
    """Let the key in NAME.key connect, from now on.

    alertwire keys allow consumer-2

    Names that begin with consumer- get alerts and commands, operator- reports and control,
    subscriber- reports. The process that was turned away comes in by itself.
    """
    lists = tuple(to or keys.usual_lists(name))
    if not lists:
        raise ConfigurationError(
            f"what {name} is for cannot be told from its name: say it with --to "
            f"{' --to '.join(AllowList)}"
        )
    keys.allow(load_settings().bus_keys_folder, name, lists)
    print(f"{name} may use: {', '.join(lists)}")


@_app.command("revoke")
def revoke(name: _Name) -> None:
    """Take a key off every list.

    alertwire keys revoke consumer-2

    It cannot connect again. A session that is open lasts until it breaks: restart the producer and
    the gateway to end it now.
    """
    lists = keys.revoke(load_settings().bus_keys_folder, name)
    if not lists:
        raise ConfigurationError(f"{name} stands on no list: see alertwire keys list")
    print(
        f"{name} may no longer use: {', '.join(lists)}. A session that is open now lasts until it "
        f"breaks: restart the producer and the gateway to end it"
    )


@_app.command("rotate")
def rotate(
    route: Annotated[str, typer.Argument(help="The route whose webhook gets a new token.")] = (
        DEFAULT_ROUTE
    ),
    overlap_h: Annotated[
        float,
        typer.Option(min=0, max=8760, help="Hours for which the old token is accepted too."),
    ] = 24,
) -> None:
    """Make a new webhook token; the old one is accepted too for a while.

    alertwire keys rotate default --overlap-h 2

    Change the webhook's address in TradingView's alerts meanwhile: alertwire builder prints it.
    """
    settings = load_settings()
    given = load_routes(settings).by_name
    if route not in given:
        raise ConfigurationError(f"there is no route {route}; there are: {', '.join(given)}")
    if not has_token_file(settings, route, given[route]):
        raise ConfigurationError(
            f"the token of route {route} is set by hand, by ALERTWIRE_WEBHOOK_TOKEN or in "
            f"{settings.config}: change it there, keep the old one as previous_token, then send "
            f"SIGHUP to the producer"
        )
    path = token_file(settings, route)
    until = tokens.rotate(path, timedelta(hours=overlap_h), datetime.now(UTC))
    print(f"the new token of route {route} is in {path}")
    print(f"the old one is accepted until {until:%Y-%m-%d %H:%M} UTC")
    print("to put both in force, send SIGHUP to the producer, or restart it")


def examine(settings: Settings) -> tuple[str, str]:
    """Say for `doctor` how the bus is protected, and what mends it (empty: well)."""
    folder = settings.bus_keys_folder
    try:
        is_encrypted = keys.has_keys(folder)
        open_legs = [leg for leg in Leg if not is_loopback(leg.endpoint(settings))]
        for role in keys.SERVERS if is_encrypted else ():
            if (folder / f"{role}.key_secret").exists():
                keys.load_pair(folder, role)
    except ConfigurationError as error:
        return "its keys cannot be used", str(error)
    if is_encrypted:
        readable = [e.name for e in keys.entries(folder) if e.secret_mode and e.secret_mode & 0o077]
        return (
            "encrypted; keys say who may connect",
            f"others can read the secret of {readable[0]}: make it a new pair" if readable else "",
        )
    if open_legs:
        found = (
            f"plain, and {open_legs[0].setting} can be reached from other machines: whoever is on "
            f"the network could place orders"
        )
        return found, "alertwire keys new, then restart every process"
    found = (
        "plain, on this machine only: every user and program of this machine could place orders; "
        "alertwire keys new locks it"
    )
    return found, ""


def _say_made(name: str, is_new: bool) -> None:
    print(f"{name}: {'made' if is_new else 'is there already'}")


def _row(entry: Entry) -> dict[str, Any]:
    mode = entry.secret_mode
    return {
        "name": entry.name,
        "fingerprint": entry.fingerprint,
        "secret": "elsewhere"
        if mode is None
        else f"{mode:04o}{', others can read it' if mode & 0o077 else ''}",
        "may": [each.value for each in entry.allowed],
    }
