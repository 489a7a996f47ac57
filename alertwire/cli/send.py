"""`send`: post an alert to the running producer, as TradingView would."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

from alertwire.cli import probes, trace
from alertwire.faults import ConfigurationError
from alertwire.routes import load_routes
from alertwire.settings import Settings, load_settings

WAIT_S: Final = 20.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(send)


def send(
    alert: Annotated[
        list[str],
        typer.Argument(
            help="A file with the alert's message, `-` for standard input, or fields: "
            "symbol=NASDAQ:AAPL action=buy quantity=1"
        ),
    ],
    route: Annotated[str, typer.Option(help="The route to send it through.")] = "default",
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be ordered, order nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the outcome and show the trace.")] = False,
) -> None:
    """Post an alert to the webhook and print the answer, which is JSON.

    alertwire send symbol=NASDAQ:AAPL action=buy quantity=1 strategy=first --wait

    alertwire send alert.json --dry-run

    Exits with 0 when it was accepted, 1 when it was refused.
    """
    settings = load_settings()
    answer = post(settings, route, _body(alert), dry_run=dry_run)
    print(answer.text.strip())
    if answer.status != 200:
        sys.exit(1)
    if wait and not dry_run:
        alert_id = str(answer.json()["alert_id"])
        deadline_s = time.monotonic() + WAIT_S
        while not trace.is_decided(settings, alert_id) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        trace.trace(alert_id)


def post(settings: Settings, route: str, body: bytes, *, dry_run: bool = False) -> probes.Answer:
    """Post a body to a route's webhook. Raises ConfigurationError where that cannot be done."""
    routes = load_routes(settings, with_tokens=True)
    if route not in routes.by_name:
        raise ConfigurationError(
            f"--route {route}: {settings.config} has {', '.join(routes.by_name)}"
        )
    token = routes.by_name[route].token.get_secret_value()
    path = f"/webhook/{quote(token, safe='')}" + ("?dry_run=1" if dry_run else "")
    return probes.ask_producer(settings, path, body)


def _body(alert: list[str]) -> bytes:
    if alert == ["-"]:
        return sys.stdin.buffer.read()
    if len(alert) == 1 and "=" not in alert[0]:
        try:
            return Path(alert[0]).read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{alert[0]} cannot be read: {error.strerror}") from error
    fields = dict(part.partition("=")[::2] for part in alert)
    return json.dumps(fields).encode()
