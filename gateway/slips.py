"""Tickets as text, for the ledger: what was asked of the broker, to the last field. Pure."""

import json
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from alertwire.wire.alert import OrderType
from alertwire.wire.report import OrderRole, Side
from gateway.tickets import Adjustment, Ticket

_ENUMS: Final[dict[str, type[Enum]]] = {"side": Side, "type": OrderType, "role": OrderRole}
_PLAIN: Final = (str, int)


def write_slip(ticket: Ticket | None) -> str:
    """Write a ticket as JSON; fields that have their default are left out."""
    return "" if ticket is None else json.dumps(_plain(ticket), separators=(",", ":"))


def read_slip(text: str) -> Ticket | None:
    """Read what `write_slip` wrote; orders from before this column have none.

    A field that is no longer known is left out, so that an older ledger can be read.
    """
    if not text:
        return None
    data = json.loads(text)
    change = data.pop("adjustment", None)
    values = _values(data, Ticket)
    if change is not None:
        values["adjustment"] = Adjustment(**_values(change, Adjustment))
    return Ticket(**values)


def _plain(value: Any) -> dict[str, Any]:
    said = {}
    for one in fields(value):
        item = getattr(value, one.name)
        if item == one.default:
            continue
        said[one.name] = _item(item)
    return said


def _item(item: Any) -> Any:
    if isinstance(item, Enum):
        return item.name
    if isinstance(item, Decimal):
        return {"decimal": f"{item:f}"}
    return item if isinstance(item, _PLAIN) else _plain(item)


def _values(data: dict[str, Any], kind: type[Any]) -> dict[str, Any]:
    known = {one.name for one in fields(kind)}
    return {name: _read(name, value) for name, value in data.items() if name in known}


def _read(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return Decimal(value["decimal"])
    return _ENUMS[name][value] if name in _ENUMS else value
