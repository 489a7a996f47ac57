"""`explain`: what an alert means, without a running producer and without ordering anything."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from alertwire.cli.lists import AsJson
from alertwire.faults import ConfigurationError
from alertwire.identity import RandomIds
from alertwire.money import ONE
from alertwire.routes import DEFAULT_ROUTE, Routes, load_routes
from alertwire.settings import load_settings
from alertwire.wire import codec
from alertwire.wire.delivery import Delivery, Mode
from consumer.plan import Planned, plan
from producer import permissions
from producer.admission import NO_SECRET
from producer.dialects.choice import read_alert
from producer.dry_run import ONLY_ACCOUNT, order_words, reasons
from producer.parts import Split, fixed_accounts, split
from producer.redaction import redact, secrets_in
from producer.refusal import Refused

SIZE_MAX: Final = 64 * 1024
_MADE_UP: Final = frozenset({"alert_id", "accepted_at"})
_ENUM: Final = re.compile(
    r"(?:SECURITY_TYPE|ACTION|QUANTITY_TYPE|ORDER_TYPE|TIME_IN_FORCE|MARKET_POSITION|OPTION_RIGHT)"
    r"_([A-Z_]+)"
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(explain)


def explain(
    file: Annotated[
        str, typer.Argument(help="A file with the alert's message, or `-` for standard input.")
    ],
    route: Annotated[str, typer.Option(help="The route to read it by.")] = DEFAULT_ROUTE,
    as_json: AsJson = False,
) -> None:
    """Say how an alert would be read, what would be ordered for which accounts, and why.

    alertwire explain alert.json

    Nothing is sent: it needs alertwire.toml alone. Exits with 0 when the alert would be accepted,
    1 when it would be refused.
    """
    routes = load_routes(load_settings())
    if route not in routes.by_name:
        known = ", ".join(routes.by_name)
        raise ConfigurationError(f"--route {route}: alertwire.toml has {known}")
    found = explained(_read(file), route, routes, datetime.now(UTC))
    if as_json:
        print(json.dumps(found))
    else:
        _show(found)
    if "error" in found:
        sys.exit(1)


def explained(raw: bytes, route: str, routes: Routes, now: datetime) -> dict[str, Any]:
    """Read a body as the door would, and plan it as an executor would."""
    settings = routes.by_name[route]
    wanted = settings.secret.get_secret_value().encode()
    if wanted and wanted not in secrets_in(raw):
        return {"status": NO_SECRET.status, **NO_SECRET.body()}
    reading = read_alert(redact(raw), route, settings, RandomIds().alert_id(), now)
    if isinstance(reading, Refused):
        return {"status": reading.status, **reading.body()}
    alert = reading.alert
    if refused := permissions.objection(alert, settings):
        return {"status": refused.status, **refused.body()}
    whole = fixed_accounts(alert, settings)
    divided = split(whole, settings.ordering_key, RandomIds(), lambda _: False)
    commands = _commands(divided, routes)
    if isinstance(commands, Refused):
        return {"status": commands.status, **commands.body()}
    return {
        "status": 200,
        "dialect": alert.dialect,
        "repairs": list(alert.repairs),
        "alert": {
            name: value for name, value in codec.to_json(alert).items() if name not in _MADE_UP
        },
        "commands": commands,
        "why": reasons(alert, settings),
        "key": divided.whole.key,
    }


def _commands(divided: Split, routes: Routes) -> list[dict[str, Any]] | Refused:
    found = []
    for part in divided.parts:
        delivery = Delivery(
            stream_id="explain",
            alert_id=part.alert.alert_id,
            key=part.key,
            seq=1,
            attempt=1,
            mode=Mode.EXECUTE,
            alert=part.alert,
        )
        planned = plan(delivery, part.alert, routes)
        if not isinstance(planned, Planned):
            return Refused(422, "plan", planned.reason)
        for command, gateway in zip(planned.commands, planned.gateways, strict=True):
            factor = command.multiplier or ONE
            found.append(
                {
                    "account": command.account or ONLY_ACCOUNT,
                    "order": order_words(part.alert, factor),
                    "key": part.key,
                    **({"gateway": gateway} if gateway else {}),
                    "command": codec.to_json(command),
                }
            )
    return found


def _show(found: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if error := found.get("error"):
        about = f" ({error['field']})" if error["field"] else ""
        console.print(f"refused with {found['status']} {error['code']}{about}", style="bold red")
        console.print(f"  {error['message']}")
        return
    console.print(f"read as {found['dialect']}", style="bold")
    for repair in found["repairs"]:
        console.print(f"  mended: {repair}")
    for command in found["commands"]:
        behind = f" behind gateway {command['gateway']}" if "gateway" in command else ""
        console.print(f"{command['account']}{behind}: {command['order']}")
    console.print("\nwhy")
    for reason in found["why"]:
        console.print(f"  {reason}")
    console.print("\nalert")
    for name, value in found["alert"].items():
        console.print(f"  {name}: {_value(value)}")


def _value(value: Any) -> str:
    """Write the contract's JSON shorter: a decimal is a message there."""
    if isinstance(value, dict):
        if value.keys() == {"value"}:
            return str(value["value"])
        return ", ".join(f"{name} {_value(item)}" for name, item in value.items())
    if isinstance(value, list):
        return "; ".join(_value(item) for item in value)
    found = _ENUM.fullmatch(str(value))
    return found[1].lower() if found else str(value)


def _read(file: str) -> bytes:
    if file == "-":
        raw = sys.stdin.buffer.read(SIZE_MAX + 1)
    else:
        try:
            raw = Path(file).read_bytes()
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    if len(raw) > SIZE_MAX:
        raise ConfigurationError(f"the alert has more than {SIZE_MAX} bytes: the webhook's limit")
    return raw
