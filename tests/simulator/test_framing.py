"""Frames, fields and the handshake, without a socket."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fields import (
    UNSET_DOUBLE,
    FieldError,
    FieldReader,
    ended,
    escaped,
    plain,
    price_or,
    to_decimal,
)
from simulator.framing import FrameError, FrameReader, frame, frame_fields, split_fields
from simulator.handshake import Hello, hello_reply, parse_hello, parse_start_api
from simulator.outbound_order import execution_time
from simulator.versions import agree

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(texts, min_size=1), max_size=5), st.integers(1, 9))
def test_frames_survive_any_cutting(messages, size):
    stream = b"API\0" + b"".join(frame_fields(*fields) for fields in messages)
    reader = FrameReader()
    found = []
    for start in range(0, len(stream), size):
        found += [split_fields(one) for one in reader.feed(stream[start : start + size])]

    assert found == messages


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1", b"APX\0", b"\0"])
def test_a_stream_that_does_not_begin_with_api_is_refused(noise):
    with pytest.raises(FrameError):
        list(FrameReader().feed(noise))


def test_a_frame_too_long_is_refused():
    with pytest.raises(FrameError, match="4294967295"):
        list(FrameReader().feed(b"API\0\xff\xff\xff\xff"))


def test_a_frame_is_length_and_payload():
    assert frame(b"ab") == b"\x00\x00\x00\x02ab"
    assert frame_fields("9", "", "1") == b"\x00\x00\x00\x059\x00\x001\x00"
    assert ended("0", "0", "") == "0\x000\x00\x00"


@pytest.mark.parametrize(
    ("payload", "hello"),
    [
        (b"v157..176", Hello(157, 176, "")),
        (b"v178", Hello(178, 178, "")),
        (b"v100..225 +PACEAPI", Hello(100, 225, "+PACEAPI")),
    ],
)
def test_hellos(payload, hello):
    assert parse_hello(payload) == hello


@pytest.mark.parametrize("payload", [b"", b"157..176", b"v1..", b"v1.2", b"vx", b"v1..2..3"])
def test_what_is_no_hello_is_refused(payload):
    with pytest.raises(FrameError):
        parse_hello(payload)


def test_the_reply_has_exactly_two_fields():
    reply = hello_reply(176, datetime(2026, 11, 22, 7, 8, 23, tzinfo=UTC))

    assert split_fields(reply[4:]) == ["176", "20261122 07:08:23 EST"]


def test_start_api():
    assert parse_start_api(["71", "2", "17", ""]).client_id == 17
    assert parse_start_api(["9", "8", "1"]) is None


@pytest.mark.parametrize(
    ("server", "client", "version"),
    [
        (178, (157, 176), 176),
        (178, (100, 225), 178),
        (158, (157, 176), 157),
        (178, (157, 158), 157),
        (178, (158, 158), None),
        (178, (100, 156), None),
        (170, (176, 178), None),
        (157, (100, 157), 157),
    ],
)
def test_versions_are_agreed(server, client, version):
    assert agree(server, *client) == version


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        (UNSET_DOUBLE, None),
        ("1.7976931348623157e+308", None),
        ("1.797693135e+308", None),
        ("Infinite", None),
        ("1e-07", Decimal("0.0000001")),
        ("100.0", Decimal(100)),
        ("-0.5", Decimal("-0.5")),
    ],
)
def test_numbers_are_read_as_clients_spell_them(text, value):
    assert to_decimal(text) == value


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1,5", "abc", "0x10", "sNaN"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(FieldError):
        to_decimal(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100", "100"),
        ("1E+2", "100"),
        ("1.10", "1.1"),
        ("0.00000001", "0.00000001"),
        ("-0.50", "-0.5"),
    ],
)
def test_numbers_are_written_without_exponent(value, text):
    assert plain(Decimal(value)) == text


def test_execution_times_have_a_zone_from_174_on():
    noon = datetime(2026, 11, 22, 17, tzinfo=UTC)
    here = noon.astimezone().strftime("%Y%m%d  %H:%M:%S")

    assert execution_time(int(noon.timestamp()), 174) == "20261122 12:00:00 US/Eastern"
    assert execution_time(int(noon.timestamp()), 173) == here


def test_absent_prices():
    assert price_or(None, "0.0") == "0.0"
    assert price_or(Decimal("1.50")) == "1.5"


def test_a_missing_tail_reads_as_empty():
    reader = FieldReader(["7", "1"])

    assert (
        reader.integer(),
        reader.flag(),
        reader.text(),
        reader.decimal(),
        reader.integer(-1),
    ) == (
        7,
        True,
        "",
        None,
        -1,
    )


@given(texts)
def test_error_texts_are_ascii_a_client_can_undo(text):
    told = escaped(text)

    assert told.isascii()
    if text.isascii():
        assert told == text
    elif (
        "\\" not in text
        and '"' not in text
        and max(map(ord, text)) < 0x10000
        and text.isprintable()
    ):
        assert json.loads(f'"{told}"') == text
