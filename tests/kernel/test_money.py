"""Decimals in and out of text."""

from decimal import Decimal

import pytest

from alertwire.money import format_decimal, parse_decimal, to_float


@pytest.mark.parametrize("text", ["0", "-1", "12.50", "999999999999999999.123456789012"])
def test_a_decimal_in_the_contracts_form_is_read_exactly(text: str) -> None:
    assert parse_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "1e5", "+1", "01", "1.", ".5", "1,000", "\u0661", "1_0", " 1"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a decimal number"):
        parse_decimal(text)


def test_a_small_number_is_never_written_with_an_exponent() -> None:
    assert format_decimal(Decimal("1E-7")) == "0.0000001"


def test_a_number_the_broker_cannot_be_told_exactly_is_refused() -> None:
    assert to_float(Decimal("219.91")) == 219.91
    with pytest.raises(ValueError, match="exactly"):
        to_float(Decimal("123456789012345678.123456789012"))
