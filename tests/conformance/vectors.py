"""Writes proto/vectors: golden messages and golden plans that every language reproduces.

`python -m tests.conformance.vectors` (part of `make generate`) writes them from the reference
implementation; a test fails when they have drifted.
"""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from alertwire.configuration import Route
from alertwire.routes import Routes
from alertwire.trading import Gateway
from alertwire.wire import codec
from alertwire.wire.alert import Action, Entry, OrderType, TimeInForce
from alertwire.wire.delivery import Delivery, Mode
from consumer.plan import Planned, plan, void
from tests.conformance.samples import (
    CANCEL_SELLS,
    CLOSE_LONG,
    FLATTEN_STRATEGY,
    FULL_ALERT,
    FUTURE,
    MESSAGES,
    MOVE_STOP,
    alert,
    delivery,
    units,
)

FOLDER = Path(__file__).parents[2] / "proto" / "vectors"


TWO_ACCOUNTS = {
    "default": {
        "accounts": [{"id": "DU1234567"}, {"id": "DU7654321", "multiplier": "0.5"}],
    }
}
THREE_GATEWAYS = {
    "default": {
        "accounts": [
            {"id": "DU1", "gateway": "second"},
            {"id": "DU2", "multiplier": "2"},
            {"id": "DU3", "gateway": "second"},
            {"id": "DU4", "gateway": "third"},
        ],
    }
}
PLANS: dict[str, tuple[dict[str, Any], Delivery]] = {
    "buy_market": ({}, delivery(alert())),
    "sell_limit": (
        {},
        delivery(
            alert(
                action=Action.SELL,
                entry=Entry(type=OrderType.LIMIT, limit_price=Decimal("221.35")),
                time_in_force=TimeInForce.GTC,
            )
        ),
    ),
    "buy_stop_outside_rth": (
        {},
        delivery(
            alert(
                entry=Entry(type=OrderType.STOP, stop_price=Decimal(230)),
                outside_rth=True,
            )
        ),
    ),
    "exit_all": ({}, delivery(alert(action=Action.EXIT, sizing=None), not_after=None)),
    "exit_part": ({}, delivery(alert(action=Action.EXIT, sizing=units("4")), not_after=None)),
    "reverse": ({}, delivery(alert(action=Action.REVERSE, sizing=units("5"), instrument=FUTURE))),
    "target_short": ({}, delivery(alert(action=Action.TARGET, sizing=units("-7")))),
    "target_flat": ({}, delivery(alert(action=Action.TARGET, sizing=units("0")))),
    "cancel_one": (
        {},
        delivery(alert(action=Action.CANCEL, sizing=None, entry=None, order_id="Long")),
    ),
    "exit_long": ({}, delivery(CLOSE_LONG)),
    "cancel_sells": ({}, delivery(CANCEL_SELLS)),
    "flatten_strategy": ({}, delivery(FLATTEN_STRATEGY, not_after=None)),
    "modify_stop": ({}, delivery(MOVE_STOP, not_after=None)),
    "everything_set": ({}, delivery(FULL_ALERT)),
    "two_accounts": (TWO_ACCOUNTS, delivery(alert())),
    "one_of_two_accounts": (TWO_ACCOUNTS, delivery(alert(accounts=("DU7654321",)))),
    "account_named_twice": (TWO_ACCOUNTS, delivery(alert(accounts=("DU1234567", "DU1234567")))),
    "account_of_the_alert": ({}, delivery(alert(accounts=("DU1111111",)))),
    "account_not_of_the_route": (TWO_ACCOUNTS, delivery(alert(accounts=("DU9999999",)))),
    "route_unknown": (
        {"other": {"token": "0123456789abcdef"}},
        delivery(alert()),
    ),
    "void": ({}, delivery(alert(), mode=Mode.VOID, attempt=6)),
    "void_two_accounts": (TWO_ACCOUNTS, delivery(alert(), mode=Mode.VOID, attempt=6)),
    "void_one_of_two_accounts": (
        TWO_ACCOUNTS,
        delivery(alert(accounts=("DU7654321",)), mode=Mode.VOID, attempt=6),
    ),
    "void_account_not_of_the_route": (
        TWO_ACCOUNTS,
        delivery(alert(accounts=("DU9",)), mode=Mode.VOID, attempt=6),
    ),
    "void_route_unknown": (
        {"other": {}},
        delivery(alert(accounts=("DU9",)), mode=Mode.VOID, attempt=6),
    ),
    "void_two_accounts_not_of_the_route": (
        TWO_ACCOUNTS,
        delivery(alert(accounts=("DU8", "DU9")), mode=Mode.VOID, attempt=6),
    ),
    "void_envelope_only": ({}, delivery(None, mode=Mode.VOID, attempt=6, not_after=None)),
    "gateways_four_accounts": (THREE_GATEWAYS, delivery(alert())),
    "gateways_one_account": (THREE_GATEWAYS, delivery(alert(accounts=("DU4",)))),
    "gateways_route_without_accounts": ({}, delivery(alert(accounts=("DU4",)))),
    "gateways_account_not_of_the_route": (THREE_GATEWAYS, delivery(alert(accounts=("DU9",)))),
    "gateways_route_unknown": ({"other": {}}, delivery(alert(accounts=("DU4",)))),
    "gateways_void": (THREE_GATEWAYS, delivery(alert(), mode=Mode.VOID, attempt=6)),
    "gateways_void_one_account": (
        THREE_GATEWAYS,
        delivery(alert(accounts=("DU3",)), mode=Mode.VOID, attempt=6),
    ),
    "gateways_void_account_not_of_the_route": (
        THREE_GATEWAYS,
        delivery(alert(accounts=("DU9",)), mode=Mode.VOID, attempt=6),
    ),
    "gateways_void_envelope_only": (
        THREE_GATEWAYS,
        delivery(None, mode=Mode.VOID, attempt=6, not_after=None),
    ),
}
BEHIND_GATEWAYS = frozenset(name for name in PLANS if name.startswith("gateways_"))
"""Plans of a configuration that names two gateways, `second` and `third`."""


def invalid() -> dict[str, tuple[str, bytes]]:
    """Frames that every decoder refuses: name → message and bytes."""
    good = codec.to_message(delivery(alert()))
    frame = bytes(good.SerializeToString())

    def mutated(change: Callable[[Any], None]) -> bytes:
        message = type(good)()
        message.CopyFrom(good)
        change(message)
        return bytes(message.SerializeToString())

    def with_value(path: str, value: Any) -> bytes:
        def change(message: Any) -> None:
            *parents, name = path.split(".")
            for parent in parents:
                message = getattr(message, parent)
            setattr(message, name, value)

        return mutated(change)

    def without(path: str) -> bytes:
        def change(message: Any) -> None:
            *parents, name = path.split(".")
            for parent in parents:
                message = getattr(message, parent)
            message.ClearField(name)

        return mutated(change)

    size = "alert.sizing.value.value"
    return {
        "version_0": ("Delivery", without("schema_version")),
        "version_2": ("Delivery", with_value("schema_version", 2)),
        "mode_unspecified": ("Delivery", with_value("mode", 0)),
        "mode_unknown": ("Delivery", with_value("mode", 99)),
        "stream_id_empty": ("Delivery", without("stream_id")),
        "alert_id_empty": ("Delivery", without("alert_id")),
        "key_empty": ("Delivery", without("key")),
        "not_after_no_date": ("Delivery", with_value("not_after.seconds", 1 << 60)),
        "stage_unknown": ("Delivery", mutated(lambda m: setattr(m.trace.stamps[0], "stage", 99))),
        "stamp_without_time": (
            "Delivery",
            mutated(lambda m: m.trace.stamps[0].ClearField("at")),
        ),
        "extra_without_value": (
            "Delivery",
            mutated(lambda m: m.alert.extras.add(name="leverage")),
        ),
        "action_unknown": ("Delivery", with_value("alert.action", 99)),
        "action_unspecified": ("Delivery", without("alert.action")),
        "closes_unknown": ("Delivery", with_value("alert.closes", 99)),
        "scope_unknown": ("Delivery", with_value("alert.scope", 99)),
        "strategy_empty": ("Delivery", without("alert.strategy")),
        "route_empty": ("Delivery", without("alert.route")),
        "alert_absent": ("Delivery", without("alert")),
        "alert_without_id": ("Delivery", without("alert.alert_id")),
        "instrument_absent": ("Delivery", without("alert.instrument")),
        "security_type_unknown": ("Delivery", with_value("alert.instrument.security_type", 99)),
        "right_unknown": ("Delivery", with_value("alert.instrument.right", 99)),
        "symbol_empty": ("Delivery", with_value("alert.instrument.symbol", "")),
        "sizing_type_unspecified": ("Delivery", without("alert.sizing.type")),
        "sizing_value_absent": ("Delivery", without("alert.sizing.value")),
        "entry_type_unknown": ("Delivery", with_value("alert.entry.type", 99)),
        "time_in_force_unspecified": ("Delivery", without("alert.time_in_force")),
        "decimal_with_exponent": ("Delivery", with_value(size, "1e5")),
        "decimal_nan": ("Delivery", with_value(size, "NaN")),
        "decimal_empty": ("Delivery", mutated(lambda m: m.alert.entry.limit_price.SetInParent())),
        "decimal_with_plus": ("Delivery", with_value(size, "+10")),
        "decimal_with_space": ("Delivery", with_value(size, "10 ")),
        "decimal_with_newline": ("Delivery", with_value(size, "10\n")),
        "decimal_with_zero_in_front": ("Delivery", with_value(size, "010")),
        "decimal_without_digits_behind_the_point": ("Delivery", with_value(size, "10.")),
        "decimal_with_a_comma": ("Delivery", with_value(size, "1,000")),
        "decimal_of_19_digits": ("Delivery", with_value(size, "1" * 19)),
        "decimal_of_13_digits_behind_the_point": ("Delivery", with_value(size, "1." + "1" * 13)),
        "decimal_of_other_digits": ("Delivery", with_value(size, "\u0661\u0660")),
        "good_till_no_date": ("Delivery", with_value("alert.good_till.seconds", -(1 << 60))),
        "truncated": ("Delivery", frame[:-9]),
        "text_not_utf8": ("Delivery", frame.replace(b"ema-cross|AAPL", b"ema-cross|AAP\xff")),
        "text_of_the_alert_not_utf8": (
            "Delivery",
            frame.replace(b"NASDAQ:AAPL", b"NASDAQ:AAP\xff"),
        ),
        "wrong_wire_type": ("Delivery", b"\x0d\x01\x00\x00\x00" + frame[2:]),
        "not_protobuf": ("Delivery", b'{"action": "buy"}'),
    }


def answer_of(message: str, frame: bytes) -> str:
    """Return how an executor answers an invalid frame, see proto/vectors/README.md."""
    if message != "Delivery":
        return "drop"
    try:
        codec.decode(Delivery, frame)
    except codec.UnsupportedVersion as error:
        return "retry" if error.alert_id else "drop"
    except codec.UnreadableAlert:
        return "void"
    except codec.DecodeError:
        return "drop"
    raise ValueError("it can be read")


def routes_of(data: dict[str, Any], known_gateways: Sequence[str] = ()) -> Routes:
    """Read the routes of a plan vector; none given means the built-in one."""
    by_name = {name: Route.model_validate(route) for name, route in data.items()}
    return Routes(
        by_name or {"default": Route()},
        gateways={
            name: Gateway(commands_endpoint=f"ipc:///{name}.socket") for name in known_gateways
        },
    )


def planned_json(about: Delivery, routes: Routes) -> dict[str, Any]:
    """Plan, and write the plan as its vector has it: what is sent, and where to."""
    if about.mode is Mode.VOID or about.alert is None:
        return _sent_json(void(about, routes))
    made = plan(about, about.alert, routes)
    if isinstance(made, Planned):
        return _sent_json(made)
    return {"refused": made.reason, **_sent_json(void(about, routes))}


def _sent_json(planned: Planned) -> dict[str, Any]:
    sent: dict[str, Any] = {"commands": [codec.to_json(command) for command in planned.commands]}
    return sent | ({"gateways": list(planned.gateways)} if any(planned.gateways) else {})


def files() -> dict[str, bytes]:
    """Return every file of proto/vectors with its content."""
    found: dict[str, bytes] = {}
    for name, value in MESSAGES.items():
        found[f"messages/{name}.json"] = _json(
            {"message": type(value).__name__, "json": codec.to_json(value)}
        )
        found[f"messages/{name}.binpb"] = codec.encode(value)
    for name, (routes, about) in PLANS.items():
        known = {} if name not in BEHIND_GATEWAYS else {"known_gateways": ["second", "third"]}
        found[f"plans/{name}.json"] = _json(
            {
                "routes": routes,
                **known,
                "delivery": codec.to_json(about),
                **planned_json(about, routes_of(routes, **known)),
            }
        )
    for name, (message, frame) in invalid().items():
        found[f"invalid/{name}.json"] = _json(
            {"message": message, "hex": frame.hex(), "answer": answer_of(message, frame)}
        )
    return found


def main() -> None:
    for folder in ("messages", "plans", "invalid"):
        shutil.rmtree(FOLDER / folder, ignore_errors=True)
    for name, content in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    sys.stdout.write(f"proto/vectors: {len(files())} files\n")


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    main()
