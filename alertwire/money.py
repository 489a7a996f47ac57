"""Exact decimals: how they are read from and written to text.

The form is the contract's (`Decimal` in proto/alertwire/v1/alert.proto): no exponent, no plus
sign, no NaN, at most 18 digits before the point and 12 behind it.
"""

import re
from decimal import Context, Decimal
from typing import Final

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
WIDE: Final = Context(prec=120)
"""Room for what is made of several numbers in the contract's form.

Python's usual 28 digits round silently, and `%` and `quantize` raise beyond them.
"""
_FORM: Final = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d{1,12})?", re.ASCII)


def parse_decimal(text: str) -> Decimal:
    """Read a decimal in the contract's form.

    Raises ValueError for anything else, NaN and exponents included.
    """
    if not _FORM.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a decimal number such as 12.5")
    return Decimal(text)


def format_decimal(value: Decimal) -> str:
    """Write a decimal in the contract's form.

    Raises ValueError where it does not fit, so that no rounded number is ever sent.
    """
    text = f"{value:f}"
    if not _FORM.fullmatch(text):
        raise ValueError(f"{value} does not fit 18 digits before the point and 12 behind it")
    return text


def to_float(value: Decimal) -> float:
    """Convert once, at the broker's edge, where the TWS API takes doubles.

    Raises ValueError where the double would not read back as the same decimal.
    """
    number = float(value)
    if Decimal(repr(number)) != value:
        raise ValueError(f"{value} cannot be told to the broker exactly")
    return number
