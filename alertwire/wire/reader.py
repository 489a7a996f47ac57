"""From a generated message to a value: one reader per value class, written from its type hints.

A hint decides what absence means: `Action` must be set and known, `OptionRight | None` may be
absent, a number is 0. The readers are compiled from straight-line source, as dataclasses makes its
methods, because they run several times on the way of every alert.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, NoReturn, get_args, get_origin, get_type_hints

from alertwire.money import parse_decimal
from alertwire.wire.delivery import Delivery, Mode
from alertwire.wire.hints import EPOCH, compiled, without_none

Read = Callable[[Any], Any]

_READERS: Final[dict[type, Read]] = {}


class DecodeError(ValueError):
    """Bytes that are not a message of this contract. Says which field and why."""

    command_id: str = ""
    """The command that could not be read, where its id could: it still gets an answer."""


class UnsupportedVersion(DecodeError):  # noqa: N818 - the event, not its handling
    """A message of a schema version that this program does not know."""

    def __init__(self, text: str, message: Any) -> None:
        super().__init__(text)
        self.alert_id: str = getattr(message, "alert_id", "")
        self.attempt: int = getattr(message, "attempt", 0)


class UnreadableAlert(DecodeError):  # noqa: N818
    """A delivery whose envelope can be read and whose alert cannot."""

    def __init__(self, text: str, envelope: Delivery) -> None:
        super().__init__(text)
        self.envelope = envelope


def reader(kind: type) -> Read:
    """Return the function that reads a message as `kind`."""
    found = _READERS.get(kind)
    if found is None:
        found = _delivery_reader() if kind is Delivery else _value_reader(kind)
        _READERS[kind] = found
    return found


def _value_reader(kind: type, *, without: str = "") -> Read:
    hints = get_type_hints(kind)
    names: dict[str, Any] = {"kind": kind, "absent": _absent}
    arguments = [
        f"        {field.name}={_expression(kind, field, hints[field.name], names)},"
        for field in fields(kind)
        if field.name != without
    ]
    return compiled(["def function(m):", "    return kind(", *arguments, "    )"], names)


def _delivery_reader() -> Read:
    """Read a delivery so that its envelope can be answered whatever its alert holds."""
    read_envelope = _value_reader(Delivery, without="alert")
    read_all = _value_reader(Delivery)

    def read(message: Any) -> Any:
        try:
            delivery = read_all(message)
        except DecodeError as error:
            if message.mode == Mode.VOID.value:
                return read_envelope(message)
            raise UnreadableAlert(str(error), read_envelope(message)) from error
        if delivery.alert is None and delivery.mode is not Mode.VOID:
            raise UnreadableAlert("Delivery.alert was not set", delivery)
        return delivery

    return read


def _expression(kind: type, field: Field[Any], hint: Any, names: dict[str, Any]) -> str:
    """Write the expression that reads one field of the message `m`."""
    hint, is_optional = without_none(hint)
    name, where = field.name, f"{kind.__name__}.{field.name}"
    has_default = field.default is not MISSING or field.default_factory is not MISSING
    helper = f"read_{name}"
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if item is str:
            return f"tuple(m.{name})"
        names[helper] = reader(item)
        return f"tuple([{helper}(part) for part in m.{name}])"
    if hint is str and not has_default:
        return f"m.{name} or absent({where!r})"
    if hint in {str, int, bool}:
        return f"m.{name}"
    if issubclass(hint, Enum):
        names[helper] = _Members(where, hint, is_optional=is_optional)
        return f"{helper}[m.{name}]"
    if hint is Decimal:
        names[helper] = _telling(where, lambda part: parse_decimal(part.value))
    elif hint is datetime:
        names[helper] = _telling(where, _time)
    else:
        names[helper] = reader(hint)
    names[f"default_{name}"] = hint
    otherwise = (
        "None" if is_optional else f"default_{name}()" if has_default else f"absent({where!r})"
    )
    return f"{helper}(m.{name}) if m.HasField({name!r}) else {otherwise}"


class _Members(dict[int, Any]):
    """The members of an enum by number; asking for another one is an error that names the field."""

    def __init__(self, where: str, kind: type[Enum], *, is_optional: bool) -> None:
        super().__init__({member.value: member for member in kind})
        self._where = where
        if is_optional:
            self[0] = None

    def __missing__(self, number: int) -> NoReturn:
        said = "was not set" if number == 0 else f"was {number}, which is not known here"
        raise DecodeError(f"{self._where} {said}")


def _absent(where: str) -> NoReturn:
    raise DecodeError(f"{where} was not set")


def _telling(where: str, read: Read) -> Read:
    """Let the errors of `read` name the field."""

    def read_or_tell(part: Any) -> Any:
        try:
            return read(part)
        except ValueError as error:
            raise DecodeError(f"{where}: {error}") from error

    return read_or_tell


def _time(part: Any) -> datetime:
    try:
        return EPOCH + timedelta(seconds=part.seconds, microseconds=part.nanos // 1000)
    except OverflowError as error:
        raise ValueError(f"{part.seconds} s since 1970 is not a date") from error
