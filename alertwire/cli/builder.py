"""`builder`: the webhook's address and the alert's message, ready to paste into TradingView."""

import re
from enum import Enum
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

import typer

from alertwire.cli.messages import MESSAGES, Kind, Message, fill, with_secret
from alertwire.configuration import Route
from alertwire.dialects import DialectName, EntryQuantity
from alertwire.faults import ConfigurationError
from alertwire.routes import DEFAULT_ROUTE, load_routes
from alertwire.settings import load_settings
from alertwire.wire.alert import Action
from producer.redaction import secrets_in

_NAME: Final = re.compile(r"[A-Za-z0-9 ._-]{1,64}")
_QUANTITY: Final = re.compile(r"(?=.*[1-9])\d{1,18}(\.\d{1,12})?", re.ASCII)
_ANY_NAME: Final = "my-strategy"
_POSITIONS: Final = frozenset({DialectName.NATIVE, DialectName.LARRY, DialectName.TRADINGVIEW})
"""Dialects whose message of a strategy tells the position to reach."""


class FixedAction(str, Enum):  # noqa: UP042 - see alertwire.settings
    """What an indicator's alert does each time."""

    BUY = "buy"
    SELL = "sell"
    EXIT = "exit"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(builder)


def builder(
    kind: Annotated[Kind, typer.Argument(help="What the alert is made on.")] = Kind.STRATEGY,
    dialect: Annotated[
        DialectName, typer.Option(help="In which words; auto: the route's, else native.")
    ] = DialectName.AUTO,
    action: Annotated[
        FixedAction, typer.Option(help="What an indicator's alert does.")
    ] = FixedAction.BUY,
    quantity: Annotated[str, typer.Option(help="How much an indicator's alert trades.")] = "1",
    name: Annotated[
        str, typer.Option(help=f"The strategy's name.  [default: {_ANY_NAME}]", show_default=False)
    ] = "",
    route: Annotated[str, typer.Option(help="The route to send it through.")] = DEFAULT_ROUTE,
    address: Annotated[
        str, typer.Option(help="How TradingView reaches the producer: https://alerts.example.com")
    ] = "",
) -> None:
    """Print the webhook's address and the message for TradingView's alert dialog.

    alertwire builder strategy --address https://alerts.example.com

    The address holds the route's token: whoever has it can order.
    """
    settings = load_settings()
    routes = load_routes(settings, with_tokens=True).by_name
    if route not in routes:
        raise ConfigurationError(f"--route {route}: {settings.config} has {', '.join(routes)}")
    if name and not _NAME.fullmatch(name):
        raise ConfigurationError("--name holds other than letters, digits, spaces, dots and dashes")
    if not _QUANTITY.fullmatch(quantity):
        raise ConfigurationError(f"--quantity {quantity} is not a number above 0 such as 10 or 0.5")
    chosen = _dialect(dialect, routes[route].dialect)
    message = MESSAGES[chosen, kind]
    if not message.text:
        raise ConfigurationError(f"--dialect {chosen.value}, {kind.value}: {message.note}")
    base = address.rstrip("/") or f"http://{settings.producer_host}:{settings.producer_port}"
    reach = _reach(base)
    token = quote(routes[route].token.get_secret_value(), safe="")
    print(f"Webhook URL\n\n{base}/webhook/{token}\n\nMessage\n")
    print(_filled(message, chosen, action.value, quantity, name or _ANY_NAME, routes[route]))
    unused = (
        f"--name is not in this message, which has no place for it; write strategy = "
        f'"{name}" under [routes.{route}] in alertwire.toml'
        if name and "NAME" not in message.text
        else ""
    )
    against = _against(routes[route], chosen, kind, action)
    notes = [note for note in (message.note, unused, *against, reach) if note]
    if notes:
        print("\n" + "\n".join(f"Note: {note}." for note in notes))


def _filled(
    message: Message, dialect: DialectName, action: str, quantity: str, name: str, route: Route
) -> str:
    """Fill a message in, with the secret that its route wants in the body."""
    text = fill(message, action, quantity, name)
    secret = route.secret.get_secret_value()
    if not secret:
        return text
    text = with_secret(text, dialect, secret)
    if secret.encode() not in secrets_in(text.encode()):
        raise ConfigurationError(
            f"the route's secret cannot be written into a {dialect.value} message: make it of "
            f"letters, digits, - and _"
        )
    return text


def _against(route: Route, dialect: DialectName, kind: Kind, action: FixedAction) -> list[str]:
    """Say which settings of the route would refuse the message, or read another order into it."""
    found = []
    if kind is Kind.INDICATOR:
        sent = {Action[action.name]}
    elif dialect in _POSITIONS:
        sent = {Action.TARGET}
    else:
        sent = {Action.BUY, Action.SELL, Action.EXIT}
    if route.actions_allowed and (missing := sent.difference(route.actions_allowed)):
        names = ", ".join(sorted(each.name.lower() for each in missing))
        found.append(f"the route refuses {names}, which this sends: see its actions_allowed")
    if (dialect, kind) == (DialectName.TRADERSPOST, Kind.STRATEGY) and (
        route.entry_quantity is EntryQuantity.POSITION
    ):
        found.append(
            'the route\'s entry_quantity = "position" takes the size of the order, which this '
            "sends, for the position to have: leave it out"
        )
    return found


def _dialect(wanted: DialectName, of_route: DialectName) -> DialectName:
    chosen = of_route if wanted is DialectName.AUTO else wanted
    if of_route not in {DialectName.AUTO, chosen}:
        raise ConfigurationError(
            f"--dialect {chosen.value}: the route reads {of_route.value} only, see alertwire.toml"
        )
    return DialectName.NATIVE if chosen is DialectName.AUTO else chosen


def _reach(base: str) -> str:
    """Say what keeps TradingView from the address: it takes ports 80 and 443 of public hosts."""
    try:
        parts = urlsplit(base)
        port = parts.port or 443
    except ValueError as error:
        raise ConfigurationError(f"--address {base}: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"--address {base} must begin with https:// and a host name")
    is_local = parts.hostname in {"localhost", "0.0.0.0"} or parts.hostname.startswith("127.")
    if is_local:
        return "TradingView cannot reach this machine by this address, see docs/deploy.md"
    if port not in {80, 443}:
        return "TradingView takes the ports 80 and 443 only"
    return "" if parts.scheme == "https" else "without https the token can be read on the way"
