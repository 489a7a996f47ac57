"""Single fields: how TWS spells numbers, flags and the absence of a value."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

# TWS API: Java's spellings. Clients' own spellings are never echoed, because some decoders
# cannot read another language's (a Go client panics on Python's 1.797693135e+308).
UNSET_DOUBLE: Final = "1.7976931348623157E308"
UNSET_INTEGER: Final = "2147483647"

_UNSET_FROM: Final = Decimal("1e300")
_UNSET_INTEGERS: Final = frozenset({2147483647, 9223372036854775807})


class FieldError(ValueError):
    """A field cannot be read as what its place demands; the request is answered with 320."""


class FieldReader:
    """Read a message's fields in order; a missing tail reads as empty, as TWS treats it."""

    __slots__ = ("_fields", "_position")

    def __init__(self, fields: Sequence[str], position: int = 0) -> None:
        self._fields = fields
        self._position = position

    def text(self) -> str:
        position = self._position
        self._position = position + 1
        return self._fields[position] if position < len(self._fields) else ""

    def integer(self, default: int = 0) -> int:
        text = self.text()
        if not text:
            return default
        try:
            value = int(text)
        except ValueError:
            number = to_decimal(text)
            value = default if number is None else int(number)
        return default if value in _UNSET_INTEGERS else value

    def flag(self) -> bool:
        return self.text() in ("1", "true", "True")

    def decimal(self) -> Decimal | None:
        return to_decimal(self.text())

    def skip(self, count: int) -> None:
        self._position += count


@lru_cache(maxsize=8192)
def to_decimal(text: str) -> Decimal | None:
    """Read a number; empty, DBL_MAX and Infinite are None."""
    if not text or text == "Infinite":
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise FieldError(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise FieldError(f"{text!r} is not a number")
    return None if abs(value) >= _UNSET_FROM else value


@lru_cache(maxsize=8192)
def plain(value: Decimal) -> str:
    """Shortest exact spelling without an exponent: 100, 0.25, 1.10505."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_or(value: Decimal | None, absent: str = "") -> str:
    return absent if value is None else plain(value)


def flag(value: bool) -> str:
    return "1" if value else "0"


def escaped(text: str) -> str:
    r"""Spell text in ASCII with `\uXXXX`, as TWS sends error texts to versions from 153 on."""
    if text.isascii():
        return text
    return text.encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")


def ended(*fields: str) -> str:
    """Join fields as the wire has them, each ended by NUL."""
    return "\0".join((*fields, ""))
