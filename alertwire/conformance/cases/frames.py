"""EX-200 to EX-290: bytes that are not what they should be, and those that are more."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.subject import Deviation, expect
from alertwire.wire import codec
from alertwire.wire.command import CommandReply
from alertwire.wire.delivery import AckKind, Delivery, Mode, Outcome

_UNKNOWN_FIELD: Final = b"\xa2\x1f\x05hello"
"""Field 500, length-delimited: five bytes (https://protobuf.dev/programming-guides/encoding/)."""
_KNOWN_KINDS: Final = {
    "empty": b"",
    "zeros": bytes(64),
    "text": b"buy AAPL 10",
    "json": b'{"schema_version": 1}',
    "high_bytes": bytes(range(128, 256)),
    "endless_varint": b"\x08" + b"\xff" * 20,
    "length_beyond_the_end": b"\x12\xff\xff\xff\x7f",
    "group_never_closed": b"\x0b\x08\x01",
    "large": b"\x00" * 2_000_000,
}


def _invalid() -> Iterator[tuple[str, Setup, Any]]:
    for name in vectors.invalid_names():
        yield name, Setup(), name


@cases("EX-200", "An invalid frame of proto/vectors/invalid", _invalid())
def answers_an_invalid_frame(bench: Bench, name: str) -> None:
    invalid = vectors.invalid(name)
    try:
        _answers(bench, invalid)
    except Deviation as seen:
        raise Deviation(f"the answer to {name}.json is {invalid.answer!r}: {seen}") from None


def _answers(bench: Bench, invalid: vectors.Invalid) -> None:
    bench.ready().deliver(invalid.frame)
    about = replace(vectors.alert(), alert_id=invalid.alert_id)
    if invalid.answer == "retry":
        bench.handed_back(about)
    elif invalid.answer == "void":
        asked = bench.asked(about)
        expect(asked.command.mode is Mode.VOID, f"it sent {asked.command.mode.name}, not VOID")
        expect(
            asked.command.instrument is None and asked.command.action is None,
            "a VOID for an alert that cannot be read names no trade",
        )
        asked.reply(Outcome.VOIDED)
        ack = bench.decided(about, Outcome.REJECTED)
        expect(ack.detail, "REJECTED came without a reason in `detail`")
    bench.carry_one()
    if invalid.answer != "void":
        expect(not bench.commands_of(about), "it sent a command for it")
    if invalid.answer == "drop":
        expect(not bench.acks_of(about, *AckKind), "it acked what it cannot read")


@cases(
    "EX-210",
    "Bytes that are no message are logged and dropped; the next alert is carried out",
    ((name, Setup(), frame) for name, frame in _KNOWN_KINDS.items()),
)
def drops_bytes(bench: Bench, frame: bytes) -> None:
    bench.ready()
    known = len(bench.subject.events())
    bench.deliver(frame)
    bench.carry_one()
    expect(bench.subject.is_running, bench.said())
    # An empty frame is a message too: one without a version.
    bench.subject.event(
        "delivery_unreadable" if frame else "delivery_version_unknown", beyond=known
    )


@case("EX-220", "Fields that it does not know are ignored, in the delivery and in the alert")
def ignores_unknown_fields(bench: Bench) -> None:
    delivery = vectors.alert()
    message = codec.to_message(delivery)
    message.alert.MergeFromString(_UNKNOWN_FIELD)
    message.alert.instrument.MergeFromString(_UNKNOWN_FIELD)
    bench.ready().deliver(message.SerializeToString() + _UNKNOWN_FIELD)
    asked = bench.asked(delivery)
    expect(asked.command.mode is Mode.EXECUTE, f"it sent {asked.command.mode.name}")
    asked.gateway.send(asked.sender, codec.encode(_accepted(asked.command)) + _UNKNOWN_FIELD)
    bench.decided(delivery, Outcome.ACCEPTED)


@case("EX-230", "The order of fields on the wire does not matter, nor that one comes twice")
def reads_any_order(bench: Bench) -> None:
    delivery = vectors.alert()
    message = codec.to_message(delivery)
    alert = message.alert.SerializeToString()
    message.ClearField("alert")
    # Field 9, the alert, in front of all others; and an attempt before the one that counts.
    frame = b"\x4a" + _varint(len(alert)) + alert + b"\x30\x07" + message.SerializeToString()
    bench.ready().deliver(frame)
    expect(bench.received(delivery).attempt == delivery.attempt, "the last value counts")
    asked = bench.asked(delivery)
    expect(asked.command.mode is Mode.EXECUTE, f"it sent {asked.command.mode.name}")
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)


@case("EX-240", "A newer schema_version is answered RETRY, and no command is sent")
def hands_a_newer_version_back(bench: Bench) -> None:
    for version in (0, 2, 4_294_967_295):
        delivery = replace(vectors.alert(), attempt=3)
        message = codec.to_message(delivery)
        message.schema_version = version
        bench.ready().deliver(message.SerializeToString())
        bench.handed_back(delivery)
        expect(not bench.commands_of(delivery), f"version {version}: it sent a command")


@case("EX-250", "What the gateway says and nobody can read is logged and dropped")
def drops_unreadable_replies(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    known = len(bench.subject.events())
    asked = bench.asked(delivery)
    newer = codec.to_message(_accepted(asked.command))
    newer.schema_version = 2
    unknown = codec.to_message(_accepted(asked.command))
    unknown.outcome = 99
    for frame in (b"", b"no", newer.SerializeToString(), unknown.SerializeToString()):
        asked.gateway.send(asked.sender, frame)
    asked.reply(Outcome.REJECTED)
    bench.decided(delivery, Outcome.REJECTED)
    bench.subject.event("reply_unreadable", beyond=known)


@case("EX-260", "Answers to commands that it does not have in hand change nothing")
def ignores_strange_answers(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    stranger = CommandReply(command_id="nobody-1", decided=True, outcome=Outcome.REJECTED)
    asked.gateway.send(asked.sender, codec.encode(stranger))
    for _ in range(3):
        asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)
    bench.carry_one()
    count = len(bench.acks_of(delivery, AckKind.DECIDED))
    expect(count == 1, f"DECIDED came {count} times for one delivery")


@case("EX-270", "The longest and strangest text that fits is passed on unchanged")
def passes_text_on(bench: Bench) -> None:
    text = "\u00e9\u4e2d\U0001f680 \\ \" ' \t" + "x" * 4000
    delivery: Delivery = replace(vectors.alert(strategy=text, order_id=text), key=text)
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    told = (asked.command.strategy, asked.command.order_id, asked.command.key)
    expect(told == (text, text, text), "strategy, order_id or key was changed")
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)


def _accepted(command: Any) -> CommandReply:
    return CommandReply(command_id=command.command_id, decided=True, outcome=Outcome.ACCEPTED)


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])
