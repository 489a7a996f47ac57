"""The frames that the proxies see, however the bytes arrive."""

import pytest

from alertwire.wire import codec
from alertwire.wire.delivery import Ack, AckKind
from tests.chaos.frames import GREETING_BYTES, Sight, Tws, Zmtp

ALERT = "01M826HSNP8DQJ038MXCS72QS9"


def zmtp(body: bytes, flags: int = 0) -> bytes:
    if len(body) < 256:
        return bytes([flags, len(body)]) + body
    return bytes([flags | 2]) + len(body).to_bytes(8, "big") + body


def tws(*fields: str) -> bytes:
    body = "".join(f"{field}\0" for field in fields).encode()
    return len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_acks_are_seen_and_every_byte_passes(step: int) -> None:
    ack = Ack(kind=AckKind.DECIDED, executor_id="e", alert_id=ALERT, detail="x" * 300)
    stream = bytes(GREETING_BYTES) + zmtp(b"\5READY", 4) + zmtp(codec.encode(ack)) + zmtp(b"?")
    parser, passed, seen = Zmtp(Ack, "consumer-1"), b"", []

    for start in range(0, len(stream), step):
        for raw, sight in parser.feed(stream[start : start + step]):
            passed += raw
            seen += [sight] if sight else []

    assert passed == stream
    assert seen == [Sight("decided", ALERT, "consumer-1")]


def test_a_greeting_passes_as_it_comes() -> None:
    assert list(Zmtp(Ack, "").feed(b"\xff123")) == [(b"\xff123", None)]


@pytest.mark.parametrize("step", [1, 5, 10_000])
def test_an_order_to_the_broker_is_seen(step: int) -> None:
    hello = b"API\0" + len(b"v157..178").to_bytes(4, "big") + b"v157..178"
    stream = hello + tws("61", "1") + tws("3", "7", "AAPL", f"{ALERT}-1") + tws("4", "1", "7")
    parser = Tws.to_broker()

    framed = [
        pair
        for start in range(0, len(stream), step)
        for pair in parser.feed(stream[start : start + step])
    ]

    assert b"".join(raw for raw, _ in framed) == stream
    assert [sight for _, sight in framed if sight] == [Sight("place_order", ALERT)]
