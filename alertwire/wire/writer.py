"""From a value to its generated message: one writer per value class, written from its type hints.

What equals the message's own default is not written. Compiled like the readers, and why.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, get_args, get_origin, get_type_hints

from alertwire.money import format_decimal
from alertwire.wire.hints import EPOCH, compiled, without_none

Write = Callable[[Any, Any], None]

_WRITERS: Final[dict[type, Write]] = {}


def writer(kind: type) -> Write:
    """Return the function that copies a value of `kind` into its message."""
    found = _WRITERS.get(kind)
    if found is None:
        hints = get_type_hints(kind)
        names: dict[str, Any] = {"format_decimal": format_decimal, "write_time": _write_time}
        lines = ["def function(v, m):", "    pass"]
        for field in fields(kind):
            lines += _statements(field.name, hints[field.name], names)
        found = _WRITERS[kind] = compiled(lines, names)
    return found


def _statements(name: str, hint: Any, names: dict[str, Any]) -> list[str]:
    """Write the statements that copy one field of the value `v` into the message `m`."""
    hint, _ = without_none(hint)
    helper = f"write_{name}"
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if item is str:
            return [f"    if v.{name}: m.{name}.extend(v.{name})"]
        names[helper] = writer(item)
        return [f"    for part in v.{name}: {helper}(part, m.{name}.add())"]
    if hint in {str, int, bool}:
        return [f"    if v.{name}: m.{name} = v.{name}"]
    if hint is Decimal:
        copy = f"m.{name}.value = format_decimal(v.{name})"
    elif hint is datetime:
        copy = f"write_time(v.{name}, m.{name})"
    elif issubclass(hint, Enum):
        copy = f"m.{name} = v.{name}.value"
    else:
        names[helper] = writer(hint)
        # SetInParent: a part whose every field is a default is there all the same.
        copy = f"m.{name}.SetInParent(); {helper}(v.{name}, m.{name})"
    return [f"    if v.{name} is not None: {copy}"]


def _write_time(at: datetime, stamp: Any) -> None:
    since = at - EPOCH
    stamp.SetInParent()
    stamp.seconds = since.days * 86_400 + since.seconds
    stamp.nanos = since.microseconds * 1000
