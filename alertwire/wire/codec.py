"""Values to bytes and back: the only importer of the generated code.

Each value class mirrors a message of proto/alertwire/v1 by its name and its fields' names; `reader`
and `writer` build their functions from the type hints. A value that the schema knows and this
program does not (a new enum member) is refused, never guessed.
"""

from typing import Any, Final, TypeVar, cast

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message

from alertwire.v1 import alert_pb2, command_pb2, control_pb2, delivery_pb2, report_pb2
from alertwire.wire.alert import Alert
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.control import ControlReply, ControlRequest
from alertwire.wire.delivery import Ack, Delivery
from alertwire.wire.reader import DecodeError, UnreadableAlert, UnsupportedVersion, reader
from alertwire.wire.report import OrderReport
from alertwire.wire.writer import writer

__all__ = [
    "SCHEMA_VERSION",
    "DecodeError",
    "UnreadableAlert",
    "UnsupportedVersion",
    "decode",
    "encode",
    "from_json",
    "from_message",
    "to_json",
    "to_message",
]

SCHEMA_VERSION: Final = 1

T = TypeVar("T")


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
    message: Any = _MESSAGES[type(value)]()
    if type(value) in _VERSIONED:
        message.schema_version = SCHEMA_VERSION
    writer(type(value))(value, message)
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
    return cast("T", reader(kind)(message))


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
