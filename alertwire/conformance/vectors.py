"""The golden vectors of proto/vectors as the suite uses them: each alert gets an id of its own."""

import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from alertwire.identity import RandomIds
from alertwire.wire import codec
from alertwire.wire.alert import Alert
from alertwire.wire.delivery import Delivery

_ALERT_ID: Final = "01JD4Z6T5VQ2M8XWJ3C9R7H1KB"
"""The alert's id in every vector."""
SHIPPED: Final = Path(__file__).parent / "golden"
FOLDER: Final = (
    SHIPPED if SHIPPED.is_dir() else Path(__file__).parents[2].joinpath("proto", "vectors")
)
"""In an installed package beside this file, else where they are written."""
_IDS: Final = RandomIds()


@dataclass(frozen=True, slots=True)
class Golden:
    """One file of vectors/plans."""

    delivery: Delivery
    commands: list[tuple[str, dict[str, Any]]]
    """Gateway and command that must reach it, the trace unstamped; VOIDs where it is refused."""
    refused: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """One file of vectors/invalid that is a Delivery."""

    alert_id: str
    frame: bytes
    answer: str
    """`retry`, `void` or `drop`, see proto/vectors/README.md."""


def plan_names() -> list[str]:
    return sorted(path.stem for path in (FOLDER / "plans").glob("*.json"))


def invalid_names() -> list[str]:
    found = (FOLDER / "invalid").glob("*.json")
    return sorted(path.stem for path in found if _read(path)["message"] == "Delivery")


def configured(name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a plan's table `routes`, empty for the built-in route, and its further gateways."""
    vector = _read(FOLDER / "plans" / f"{name}.json")
    return vector["routes"], tuple(vector.get("known_gateways", ()))


def golden(name: str) -> Golden:
    """Read a plan, for an alert that nobody has seen."""
    text = _text(FOLDER / "plans" / f"{name}.json").replace(_ALERT_ID, str(_IDS.alert_id()))
    vector = json.loads(text)
    commands = vector["commands"]
    gateways = vector.get("gateways", [""] * len(commands))
    return Golden(
        codec.from_json(Delivery, vector["delivery"]),
        list(zip(gateways, commands, strict=True)),
        vector.get("refused", ""),
    )


def invalid(name: str) -> Invalid:
    """Read an invalid frame, for an alert that nobody has seen."""
    vector = _read(FOLDER / "invalid" / f"{name}.json")
    alert_id = str(_IDS.alert_id())
    # Of the same length, so that the frame stays as invalid as it was.
    frame = bytes.fromhex(vector["hex"]).replace(_ALERT_ID.encode(), alert_id.encode())
    return Invalid(alert_id, frame, vector["answer"])


def alert(**changes: Any) -> Delivery:
    """Make a delivery of a new alert to buy ten shares; `changes` are of the alert."""
    delivery = golden("buy_market").delivery
    return replace(delivery, alert=replace(readable(delivery), **changes))


def readable(delivery: Delivery) -> Alert:
    """Return a delivery's alert. Raises ValueError where there is none."""
    if delivery.alert is None:
        raise ValueError(f"{delivery.alert_id} has no alert")
    return delivery.alert


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(_text(path))
    return read
