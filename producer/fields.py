"""Reading an alert's fields: each as what it must be, from text or number, within bounds.

The reader remembers the first thing that is wrong instead of raising it, so that the code which
asks for thirty fields reads straight down and ends with one question: `fields.refused`.
"""

import functools
import json
import re
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final, TypeVar

from alertwire.money import ZERO, format_decimal
from alertwire.wire.alert import Extra
from producer.refusal import Refused, unfit

E = TypeVar("E", bound=Enum)

TEXT_LENGTH_MAX: Final = 128
EXTRAS_MAX: Final = 32
EXTRA_LENGTH_MAX: Final = 256
_GROUPED: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", re.ASCII)
"""en-US thousands: what Pine's str.format makes of a number."""
_NUMBER: Final = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_TRUE: Final = frozenset({"true", "yes", "1", "on"})
_FALSE: Final = frozenset({"false", "no", "0", "off", ""})
_EPOCH_MS_FROM: Final = Decimal(100_000_000_000)
"""Above it a number is milliseconds: as seconds it would be the year 5138."""
_DIGITS_MAX: Final = 40
"""Beyond it a number is not even written out: 1e999999999 would take a gigabyte."""
_UNFILLED: Final = frozenset({"nan", "na", "null", "none", "infinity", "-infinity", "inf", "-inf"})


class Fields:
    """One alert's fields by lower-case name."""

    def __init__(self, values: dict[str, Any], repairs: Collection[str] = ()) -> None:
        self._values = values
        self._asked: set[str] = set()
        self.repairs = list(repairs)
        self.refused: Refused | None = None

    def refuse(self, refused: Refused) -> None:
        """Remember the first thing that is wrong."""
        if self.refused is None:
            self.refused = refused

    def has(self, name: str) -> bool:
        """Whether the field was given and is not empty."""
        return self._take(name) not in (None, "")

    def text(self, name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Return printable ASCII text without outer spaces; empty where it was not given."""
        value = self._take(name)
        if value is None:
            return ""
        if isinstance(value, bool | dict | list):
            self.refuse(unfit(name, f"{name} must be text"))
            return ""
        text = str(value).strip()
        if len(text) > length_max:
            self.refuse(unfit(name, f"{name} is longer than {length_max} characters"))
            return ""
        if not _is_plain(text):
            self.refuse(
                unfit(name, f"{name} must be plain letters, digits and signs (printable ASCII)")
            )
            return ""
        return text

    def remark(self, name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Return text for people, cut and cleaned where it must be: it decides nothing."""
        value = self._take(name)
        if value is None or isinstance(value, dict | list):
            return ""
        return _clean(str(value).strip(), length_max)

    def decimal(self, name: str) -> Decimal | None:
        """Return an exact number; None where it was not given."""
        value = self._take(name)
        if value is None or value == "":
            return None
        number = self._number(name, value)
        if number is None:
            return None
        try:
            return _exact(number)
        except ValueError:
            self.refuse(
                unfit(
                    name,
                    f"{name} has more than 18 digits before the point or 12 behind it; round it, "
                    f"for example with str.tostring(x, format.mintick)",
                )
            )
            return None

    def price(self, name: str) -> Decimal | None:
        """Return a number above zero; None where it was not given."""
        number = self.decimal(name)
        if number is not None and number <= 0:
            self.refuse(unfit(name, f"{name} must be above 0"))
            return None
        return number

    def flag(self, name: str) -> bool:
        """Return a yes or no; no where it was not given."""
        value = self._take(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = str(value).strip().lower()
        if word not in _TRUE | _FALSE:
            self.refuse(unfit(name, f"{name} must be true or false"))
        return word in _TRUE

    def member(self, name: str, kind: type[E]) -> E | None:
        """Return one of an enum's members by its name; None where it was not given."""
        word = self.text(name).lower().replace("-", "_").replace(" ", "_")
        if not word:
            return None
        members = _members(kind)
        found: E | None = members.get(word)
        if found is not None:
            return found
        known = ", ".join(members)
        self.refuse(unfit(name, f"{name} {word[:40]!r} is not known; use one of: {known}"))
        return None

    def instant(self, name: str, *, must: bool = False) -> datetime | None:
        """Return a UTC time from ISO 8601 or epoch seconds or milliseconds.

        A time that only informs is left out where it cannot be read, unless it `must` be right.
        """
        value = self._take(name)
        if value is None or value == "":
            return None
        found = _instant(value)
        if found is None and must:
            self.refuse(
                unfit(name, f"{name} must be a time such as 2026-11-20T14:30:00Z, with its zone")
            )
        elif found is None:
            self.repairs.append(f"left {name} out: it is no time")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, from a list or from one text with commas."""
        value = self._take(name)
        if value is None:
            return ()
        parts = value if isinstance(value, list) else str(value).split(",")
        if isinstance(value, dict | bool) or not all(isinstance(part, str) for part in parts):
            self.refuse(unfit(name, f"{name} must be text or a list of texts"))
            return ()
        found = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
        if not all(_is_plain(part) and len(part) <= 32 for part in found):
            self.refuse(unfit(name, f"{name} must be broker account ids such as DU1234567"))
            return ()
        return found

    def extras(self) -> tuple[Extra, ...]:
        """Return what nobody asked for and is not empty, cut to bounds."""
        rest = [
            (name, value)
            for name, value in self._values.items()
            if name and name not in self._asked and value not in (None, "")
        ]
        return tuple(
            Extra(name=_clean(name, 64), value=_clean(_plain(value), EXTRA_LENGTH_MAX))
            for name, value in rest[:EXTRAS_MAX]
        )

    def _take(self, name: str) -> Any:
        self._asked.add(name)
        return self._values.get(name)

    def _number(self, name: str, value: Any) -> Decimal | None:
        if isinstance(value, Decimal):
            return value
        text = value.strip() if isinstance(value, str) else ""
        if text.lower() in _UNFILLED:
            self.refuse(
                unfit(
                    name,
                    f"{name} is {text[:10]}: the indicator had no value on this bar; guard it in "
                    f"Pine, for example with nz() or not na()",
                    "not_a_number",
                )
            )
            return None
        if _GROUPED.fullmatch(text):
            text = text.replace(",", "")
            self.repairs.append(f"read {name} without thousands commas")
        try:
            if _NUMBER.fullmatch(text):
                return Decimal(text)
        except InvalidOperation:
            pass
        shown = str(value)[:40]
        self.refuse(
            unfit(name, f"{name} {shown!r} is not a number such as 12.5; send it without units")
        )
        return None


@functools.cache
def _members(kind: type[E]) -> dict[str, E]:
    return {member.name.lower(): member for member in kind}


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _exact(number: Decimal) -> Decimal:
    """Return the number in the contract's form, without trailing zeros.

    Raises ValueError where it does not fit. Not Decimal.normalize: that rounds to 28 digits.
    """
    if number and abs(number.adjusted()) > _DIGITS_MAX:
        raise ValueError("far too large or small")
    if not number:
        return ZERO
    text = f"{number:f}"
    return Decimal(format_decimal(Decimal(text.rstrip("0").rstrip(".") if "." in text else text)))


def _instant(value: Any) -> datetime | None:
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
            found = datetime.fromisoformat(value.strip())
            return found.astimezone(UTC) if found.tzinfo else None
        number = Decimal(value.strip() if isinstance(value, str) else value)
        if number >= _EPOCH_MS_FROM:
            number /= 1000
        return datetime.fromtimestamp(float(number), UTC) if number >= 0 else None
    except (ValueError, TypeError, ArithmeticError, OSError):
        return None


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _clean(text: str, length_max: int) -> str:
    """Keep what fits; any other character becomes a question mark."""
    text = text[:length_max]
    if _is_plain(text):
        return text
    return "".join(c if " " <= c <= "~" else "?" for c in text)
