"""Values to bytes and back: the only importer of the generated code.

Each value class mirrors a message of proto/alertwire/v1 by its name and its fields' names. At
import one pair of functions is built per class from the type hints; a hint decides what absence
means: `Action` must be set and known, `OptionRight | None` may be absent. A value that the schema
knows and this program does not (a new enum member) is refused, never guessed.
"""

import types
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message

from alertwire.money import format_decimal, parse_decimal
from alertwire.v1 import alert_pb2, command_pb2, control_pb2, delivery_pb2, report_pb2
from alertwire.wire.alert import Alert
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.control import ControlReply, ControlRequest
from alertwire.wire.delivery import Ack, Delivery, Mode
from alertwire.wire.report import OrderReport

SCHEMA_VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T")
Encode = Callable[[Any, Any], None]
Decode = Callable[[Any], Any]


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


def encode(
    value: Alert
    | Delivery
    | Ack
    | OrderCommand
    | CommandReply
    | OrderReport
    | ControlRequest
    | ControlReply,
) -> bytes:
    """Write a value as one frame."""
    return cast("bytes", to_message(value).SerializeToString())


def decode(kind: type[T], frame: bytes) -> T:
    """Read one frame as `kind`.

    Raises DecodeError; where the reader can still answer, as UnsupportedVersion or
    UnreadableAlert.
    """
    message = _MESSAGES[kind]()
    try:
        message.ParseFromString(frame)
    except ProtobufDecodeError as error:
        raise DecodeError(f"{len(frame)} bytes are not a {kind.__name__}: {error}") from error
    try:
        return from_message(kind, message)
    except DecodeError as error:
        error.command_id = getattr(message, "command_id", "")
        raise


def to_message(value: Any) -> Any:
    """Build the generated message of a value."""
    message = _MESSAGES[type(value)]()
    _encode_into(value, message)
    return message


def from_message(kind: type[T], message: Any) -> T:
    """Read a generated message as `kind`.

    Raises UnsupportedVersion and DecodeError.
    """
    if kind in _VERSIONED and message.schema_version != SCHEMA_VERSION:
        raise UnsupportedVersion(
            f"{kind.__name__} has schema version {message.schema_version}, "
            f"this program knows {SCHEMA_VERSION}",
            message,
        )
    return cast("T", _decoder(kind)(message))


def to_json(value: Any) -> dict[str, Any]:
    """Write a value as the message's canonical JSON, with the names of the .proto files."""
    return MessageToDict(to_message(value), preserving_proto_field_name=True)


def from_json(kind: type[T], data: dict[str, Any]) -> T:
    """Read the message's JSON as `kind`. Raises DecodeError."""
    try:
        message = ParseDict(data, _MESSAGES[kind]())
    except ValueError as error:
        raise DecodeError(f"not a {kind.__name__}: {error}") from error
    return from_message(kind, message)


_MESSAGES: Final[dict[type, type[Message]]] = {
    Alert: alert_pb2.Alert,
    Delivery: delivery_pb2.Delivery,
    Ack: delivery_pb2.Ack,
    OrderCommand: command_pb2.OrderCommand,
    CommandReply: command_pb2.CommandReply,
    OrderReport: report_pb2.OrderReport,
    ControlRequest: control_pb2.ControlRequest,
    ControlReply: control_pb2.ControlReply,
}
_VERSIONED: Final = frozenset(_MESSAGES) - {Alert}
_ENCODERS: dict[type, tuple[Encode, ...]] = {}
_DECODERS: dict[type, Decode] = {}


def _encode_into(value: Any, message: Any) -> None:
    kind = type(value)
    if kind in _VERSIONED:
        message.schema_version = SCHEMA_VERSION
    for put in _encoders(kind):
        put(value, message)


def _encoders(kind: type) -> tuple[Encode, ...]:
    found = _ENCODERS.get(kind)
    if found is None:
        hints = get_type_hints(kind)
        found = tuple(_field_encoder(f.name, hints[f.name]) for f in fields(kind))
        _ENCODERS[kind] = found
    return found


def _field_encoder(name: str, hint: Any) -> Encode:
    """Return a function that copies one field of a value into a message."""
    hint, _ = _unwrap(hint)
    if get_origin(hint) is tuple:
        return _repeated_encoder(name, get_args(hint)[0])
    if hint is Decimal:

        def put_decimal(value: Any, message: Any) -> None:
            if (number := getattr(value, name)) is not None:
                getattr(message, name).value = format_decimal(number)

        return put_decimal
    if hint is datetime:

        def put_time(value: Any, message: Any) -> None:
            if (at := getattr(value, name)) is not None:
                since = at - _EPOCH
                stamp = getattr(message, name)
                # SetInParent: the epoch itself is a time, not an absence.
                stamp.SetInParent()
                stamp.seconds = since.days * 86_400 + since.seconds
                stamp.nanos = since.microseconds * 1000

        return put_time
    if isinstance(hint, type) and issubclass(hint, Enum):

        def put_enum(value: Any, message: Any) -> None:
            if (member := getattr(value, name)) is not None:
                setattr(message, name, member.value)

        return put_enum
    if hint in {str, int, bool}:

        def put_scalar(value: Any, message: Any) -> None:
            if scalar := getattr(value, name):
                setattr(message, name, scalar)

        return put_scalar

    def put_message(value: Any, message: Any) -> None:
        if (part := getattr(value, name)) is not None:
            target = getattr(message, name)
            target.SetInParent()
            _encode_into(part, target)

    return put_message


def _repeated_encoder(name: str, item: Any) -> Encode:
    if item is str:

        def put_texts(value: Any, message: Any) -> None:
            getattr(message, name).extend(getattr(value, name))

        return put_texts

    def put_messages(value: Any, message: Any) -> None:
        target = getattr(message, name)
        for part in getattr(value, name):
            _encode_into(part, target.add())

    return put_messages


def _decoder(kind: type) -> Decode:
    found = _DECODERS.get(kind)
    if found is None:
        hints = get_type_hints(kind)
        getters = tuple(
            (f.name, _field_decoder(kind, f.name, hints[f.name], _has_default(f)))
            for f in fields(kind)
        )

        def read(message: Any) -> Any:
            return kind(**{name: get(message) for name, get in getters})

        found = _delivery_decoder(getters) if kind is Delivery else read
        _DECODERS[kind] = found
    return found


def _delivery_decoder(getters: tuple[tuple[str, Decode], ...]) -> Decode:
    """Read the envelope first: a VOID delivery is handled whatever its alert holds."""
    envelope_getters = tuple(getter for getter in getters if getter[0] != "alert")
    get_alert = dict(getters)["alert"]

    def read_delivery(message: Any) -> Any:
        envelope = Delivery(**{name: get(message) for name, get in envelope_getters})
        if envelope.mode is Mode.VOID:
            return envelope
        try:
            return replace(envelope, alert=get_alert(message))
        except DecodeError as error:
            raise UnreadableAlert(str(error), envelope) from error

    return read_delivery


def _field_decoder(kind: type, name: str, hint: Any, defaulted: bool) -> Decode:
    """Return a function that reads one field of a message."""
    hint, optional = _unwrap(hint)
    where = f"{kind.__name__}.{name}"
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if item is str:
            return lambda message: tuple(getattr(message, name))
        return lambda message: tuple(_decoder(item)(part) for part in getattr(message, name))
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = {member.value: member for member in hint}

        def get_enum(message: Any) -> Any:
            number = getattr(message, name)
            if number in members:
                return members[number]
            if number == 0 and optional:
                return None
            said = "was not set" if number == 0 else f"was {number}, which is not known here"
            raise DecodeError(f"{where} {said}")

        return get_enum
    if hint is str and not defaulted:

        def get_text(message: Any) -> Any:
            if text := getattr(message, name):
                return text
            raise DecodeError(f"{where} was empty")

        return get_text
    if hint in {str, int, bool}:
        return lambda message: getattr(message, name)
    read = _decimal if hint is Decimal else _time if hint is datetime else None

    def get_part(message: Any) -> Any:
        if not message.HasField(name):
            if optional:
                return None
            if defaulted:
                return hint()
            raise DecodeError(f"{where} was not set")
        part = getattr(message, name)
        try:
            return read(part) if read else _decoder(hint)(part)
        except DecodeError:
            raise
        except ValueError as error:
            raise DecodeError(f"{where}: {error}") from error

    return get_part


def _decimal(part: Any) -> Decimal:
    return parse_decimal(part.value)


def _time(part: Any) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=part.seconds, microseconds=part.nanos // 1000)
    except OverflowError as error:
        raise ValueError(f"{part.seconds} s since 1970 is not a date") from error


def _has_default(field: Any) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _unwrap(hint: Any) -> tuple[Any, bool]:
    """Split `X | None` into X and whether None is allowed."""
    if get_origin(hint) in {types.UnionType, Union}:
        return next(arg for arg in get_args(hint) if arg is not type(None)), True
    return hint, False
