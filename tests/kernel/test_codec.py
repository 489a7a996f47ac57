"""The codec beyond the golden messages."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire import codec
from alertwire.wire.alert import Alert, QuantityType, Sizing
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Delivery, Mode
from tests.conformance.samples import alert, delivery


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=12, min_value=-(10**17), max_value=10**17
    )
)
def test_a_decimal_survives_the_wire_exactly(number: Decimal) -> None:
    sent = alert(sizing=Sizing(type=QuantityType.UNITS, value=number))

    received = codec.decode(Alert, codec.encode(sent))

    assert received.sizing is not None
    assert received.sizing.value == number


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_a_time_survives_the_wire_to_the_microsecond(at: datetime) -> None:
    at = at.replace(tzinfo=UTC)

    assert codec.decode(Alert, codec.encode(alert(accepted_at=at))).accepted_at == at


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused_and_never_crash(frame: bytes) -> None:
    for kind in (Delivery, OrderCommand):
        with contextlib.suppress(codec.DecodeError):
            codec.decode(kind, frame)


def test_a_decimal_that_does_not_fit_is_not_sent_rounded() -> None:
    sent = alert(sizing=Sizing(type=QuantityType.UNITS, value=Decimal("0.0000000000001")))

    with pytest.raises(ValueError, match="does not fit"):
        codec.encode(sent)


def test_a_void_delivery_is_read_whatever_its_alert_holds() -> None:
    message = codec.to_message(delivery(alert(), mode=Mode.VOID))
    message.alert.action = 99

    received = codec.decode(Delivery, message.SerializeToString())

    assert received.mode is Mode.VOID
    assert received.alert is None


def test_a_void_delivery_carries_its_alert_where_that_can_be_read() -> None:
    sent = delivery(alert(), mode=Mode.VOID)

    assert codec.decode(Delivery, codec.encode(sent)) == sent


def test_a_delivery_with_an_unreadable_alert_can_still_be_answered() -> None:
    message = codec.to_message(delivery(alert()))
    message.alert.action = 99

    with pytest.raises(codec.UnreadableAlert, match=r"Alert\.action was 99") as refusal:
        codec.decode(Delivery, message.SerializeToString())

    assert refusal.value.envelope.alert_id == alert().alert_id


def test_a_newer_schema_is_told_apart_so_that_it_can_be_answered() -> None:
    message = codec.to_message(delivery(alert(), attempt=3))
    message.schema_version = 2

    with pytest.raises(codec.UnsupportedVersion) as refusal:
        codec.decode(Delivery, message.SerializeToString())

    assert (refusal.value.alert_id, refusal.value.attempt) == (alert().alert_id, 3)


def test_fields_of_a_newer_minor_schema_are_ignored() -> None:
    unknown_field = bytes([0xFA, 0x3F, 0x02]) + b"hi"  # field 1023, two bytes

    assert codec.decode(Alert, codec.encode(alert()) + unknown_field) == alert()
