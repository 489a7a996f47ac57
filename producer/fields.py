"""Reading an alert's fields: each as what it must be, from text or number, within bounds.

The reader remembers the first thing that is wrong instead of raising it, so that the code which
asks for thirty fields reads straight down and ends with one question: `fields.refused`.
"""

import functools
import hashlib
import json
import re
import sys
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final, TypeVar

from alertwire.money import ZERO, format_decimal
from alertwire.wire.alert import Extra
from producer.refusal import Refused, unfit

E = TypeVar("E", bound=Enum)

TEXT_LENGTH_MAX: Final = 128
_MARK_LENGTH: Final = 6
EXTRAS_MAX: Final = 32
EXTRA_LENGTH_MAX: Final = 256
_GROUPED: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+", re.ASCII)
_GROUPED_FOR_CERTAIN: Final = re.compile(
    r"[+-]?[1-9]\d{0,2}(?:(,\d{3})+\.\d+|(,\d{3}){2,})", re.ASCII
)
"""en-US thousands, as Pine's str.format makes them, where no comma can be a decimal one."""
_NUMBER: Final = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
_TRUE: Final = frozenset({"true", "yes", "1", "on"})
_FALSE: Final = frozenset({"false", "no", "0", "off", ""})
_EPOCH_MS_FROM: Final = Decimal(100_000_000_000)
"""Above it a number is milliseconds: as seconds it would be the year 5138."""
_YEAR_FROM: Final = 2000
_EPOCH_S_FROM: Final = int(datetime(_YEAR_FROM, 1, 1, tzinfo=UTC).timestamp())
_DIGITS_MAX: Final = 40
"""Beyond it a number is not even written out: 1e999999999 would take a gigabyte."""
SIZE_ERROR_MAX: Final = Decimal("1e-12")
"""A size is rounded where it changes by no more than this share: 0.30000000000000004 is what a
double makes of 0.3, and no broker trades in steps that small."""
_PRICE_ERROR_MAX: Final = Decimal("1e-6")
"""A price is rounded to 12 decimals where it changes by no more than this share: `{{plot}}` writes
all digits of a double, such as 219.43333333333334. No tick is that fine."""
_DOUBLE_DIGITS: Final = 17
"""As many digits a double prints at most; what has more was not worked out by TradingView."""
_ANY_DIGITS: Final = sys.maxsize
_SMALLEST: Final = Decimal("1e-12")
_ROUNDING: Final = Context(prec=_DIGITS_MAX + 20)
PARTS: Final = (
    *("price", "percent", "offset", "portion_percent"),
    *("limit_price", "trail_amount", "trail_percent", "trail_trigger"),
    *("break_even_trigger", "break_even_offset"),
)
"""What a take profit or stop loss may hold."""
SECRETS: Final = frozenset(
    {"passphrase", "password", "secret", "token", "key", "apikey", "api_key", "license"}
)
"""Names of fields that are never carried along."""
_UNFILLED: Final = frozenset({"nan", "na", "null", "none", "infinity", "-infinity", "inf", "-inf"})


class Fields:
    """One alert's fields by the native alert's names.

    `called` gives the names that the sender uses, where they differ: what is wrong is told in them.
    """

    def __init__(
        self,
        values: dict[str, Any],
        repairs: Collection[str] = (),
        called: dict[str, str] | None = None,
    ) -> None:
        self._values = values
        self._called = called or {}
        self.repairs = list(repairs)
        self.refused: Refused | None = None

    def called(self, name: str) -> str:
        """Return the sender's name of a field."""
        return self._called.get(name, name)

    def refuse(self, refused: Refused) -> None:
        """Remember the first thing that is wrong."""
        if self.refused is None:
            self.refused = refused

    def wrong(self, name: str, message: str, code: str = "invalid") -> None:
        """Refuse a field; the message begins with its name."""
        called = self.called(name)
        self.refuse(unfit(called, f"{called} {message}", code))

    def called_part(self, name: str, part: str) -> str:
        """Return the sender's name of a field in an object within this one."""
        return self._called.get(f"{name}.{part}", part)

    def part(self, name: str, value: dict[str, Any]) -> "Fields":
        """Return the fields of an object within this one."""
        called = self.called(name)
        return Fields(value, (), {key: f"{called}.{self.called_part(name, key)}" for key in PARTS})

    def has(self, name: str) -> bool:
        """Whether the field was given and is not empty."""
        return self._values.get(name) not in (None, "")

    def value(self, name: str) -> Any:
        """Return a field as it came."""
        return self._values.get(name)

    def text(self, name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Return printable ASCII text without outer spaces; empty where it was not given."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, bool | dict | list):
            self.wrong(name, "must be text")
            return ""
        text = str(value).strip()
        if len(text) > length_max:
            self.wrong(name, f"is longer than {length_max} characters")
            return ""
        if not _is_plain(text):
            self.wrong(name, "must be plain letters, digits and signs (printable ASCII)")
            return ""
        return text

    def label(self, name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Return text that only tells one thing from another, in any letters; as `marked`."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return self.text(name, length_max=length_max)
        found = marked(value.strip(), length_max)
        if found != value.strip():
            self.repairs.append(f"wrote {self.called(name)} in plain letters, with a mark: {found}")
        return found

    def remark(self, name: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
        """Return text for people, cut and cleaned where it must be: it decides nothing."""
        value = self._values.get(name)
        if value is None or isinstance(value, dict | list):
            return ""
        return clean(str(value).strip(), length_max)

    def decimal(
        self, name: str, *, error_max: Decimal = ZERO, digits_max: int = _ANY_DIGITS
    ) -> Decimal | None:
        """Return a number; None where it was not given.

        It is exact, or rounded to 12 decimals where that changes it by at most the share
        `error_max` and it has at most `digits_max` digits; then the repair is recorded.
        """
        number = self._given(name)
        if number is None:
            return None
        try:
            return _exact(number)
        except ValueError:
            is_long = len(number.as_tuple().digits) > digits_max
            rounded = None if is_long else _rounded(number)
            if rounded is not None and abs(rounded - number) <= error_max * abs(number):
                self.repairs.append(f"rounded {self.called(name)} to {rounded:f}")
                return rounded
            self.wrong(
                name,
                "has more than 18 digits before the point or 12 behind it; round it, for example "
                "with str.tostring(x, format.mintick)",
            )
            return None

    def size(self, name: str) -> Decimal | None:
        """Return a size, without what doubles add to it; None where it was not given."""
        return self.decimal(name, error_max=SIZE_ERROR_MAX)

    def figure(self, name: str) -> Decimal | None:
        """Return a number that only informs: for its digits no alert is refused."""
        number = self._given(name)
        if number is None:
            return None
        try:
            return _exact(number)
        except ValueError:
            rounded = _rounded(number)
        called = self.called(name)
        self.repairs.append(
            f"left {called} out: it is too large or too small"
            if rounded is None
            else f"rounded {called} to {rounded:f}"
        )
        return rounded

    def quote(self, name: str) -> Decimal | None:
        """Return a price, or 0, without what doubles add to it; None where it was not given."""
        return self.decimal(name, error_max=_PRICE_ERROR_MAX, digits_max=_DOUBLE_DIGITS)

    def price(self, name: str) -> Decimal | None:
        """Return a number above zero, as `quote`; None where it was not given."""
        number = self.quote(name)
        if number is not None and number <= 0:
            self.wrong(name, "must be above 0")
            return None
        return number

    def flag(self, name: str) -> bool:
        """Return a yes or no; no where it was not given."""
        value = self._values.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        word = str(value).strip().lower()
        if word not in _TRUE | _FALSE:
            self.wrong(name, "must be true or false")
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
        self.wrong(name, f"{word[:40]!r} is not known; use one of: {known}")
        return None

    def instant(self, name: str, *, must: bool = False) -> datetime | None:
        """Return a UTC time from ISO 8601 or epoch seconds or milliseconds.

        A time that only informs is left out where it cannot be read, unless it `must` be right.
        """
        value = self._values.get(name)
        if value is None or value == "":
            return None
        found = value if isinstance(value, datetime) else read_instant(value)
        if found is None and must:
            self.wrong(name, "must be a time such as 2026-11-20T14:30:00Z, with its zone")
        elif found is None:
            self.repairs.append(f"left {self.called(name)} out: it is no time")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, from a list or from one text with commas."""
        value = self._values.get(name)
        if value is None:
            return ()
        parts = value if isinstance(value, list) else str(value).split(",")
        if isinstance(value, dict | bool) or not all(isinstance(part, str) for part in parts):
            self.wrong(name, "must be text or a list of texts")
            return ()
        found = tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
        if not all(_is_plain(part) and len(part) <= 32 for part in found):
            self.wrong(name, "must be broker account ids such as DU1234567")
            return ()
        return found

    def _given(self, name: str) -> Decimal | None:
        value = self._values.get(name)
        return None if value is None or value == "" else self._number(name, value)

    def _number(self, name: str, value: Any) -> Decimal | None:
        if isinstance(value, Decimal):
            return value
        text = value.strip() if isinstance(value, str) else ""
        if text.lower() in _UNFILLED:
            self.wrong(
                name,
                f"is {text[:10]}: the indicator had no value on this bar; guard it in Pine, for "
                f"example with nz() or not na()",
                "not_a_number",
            )
            return None
        if _GROUPED_FOR_CERTAIN.fullmatch(text):
            text = text.replace(",", "")
            self.repairs.append(f"read {self.called(name)} without thousands commas")
        elif _GROUPED.fullmatch(text):
            self.wrong(
                name,
                f"{text[:40]!r} may mean thousands or a decimal comma; send it without a comma, "
                f'for example with str.tostring(x, "#.########")',
            )
            return None
        try:
            if _NUMBER.fullmatch(text):
                return Decimal(text)
        except InvalidOperation:
            pass
        shown = json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
        self.wrong(name, f"{shown[:40]!r} is not a number such as 12.5; send it without units")
        return None


def extras(values: Mapping[str, Any]) -> tuple[Extra, ...]:
    """Return what nobody reads and is not empty, cut to bounds; never a secret."""
    rest = [
        (name, value)
        for name, value in values.items()
        if name and value not in (None, "") and name.lower() not in SECRETS
    ]
    return tuple(
        Extra(name=clean(name, 64), value=clean(_plain(value), EXTRA_LENGTH_MAX))
        for name, value in rest[:EXTRAS_MAX]
    )


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


def _rounded(number: Decimal) -> Decimal | None:
    """Return the number with 12 decimals; None where it is far from fitting."""
    if abs(number.adjusted()) > _DIGITS_MAX:
        return None
    try:
        return _exact(number.quantize(_SMALLEST, context=_ROUNDING))
    except (ValueError, InvalidOperation):
        return None


def read_instant(value: Any) -> datetime | None:
    """Read ISO 8601 with its zone, or epoch seconds or milliseconds; None where it is neither.

    No alert fires before the year 2000: 20261123 is a date without its zone, not a day of 1970.
    """
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
            found = datetime.fromisoformat(value.strip())
            return found.astimezone(UTC) if found.tzinfo and found.year >= _YEAR_FROM else None
        number = Decimal(value.strip() if isinstance(value, str) else value)
        if number >= _EPOCH_MS_FROM:
            number /= 1000
        return datetime.fromtimestamp(float(number), UTC) if number >= _EPOCH_S_FROM else None
    except (ValueError, TypeError, ArithmeticError, OSError):
        return None


def _plain(value: Any) -> str:
    is_json = isinstance(value, dict | list | bool)
    return json.dumps(value, default=str) if is_json else str(value)


def marked(text: str, length_max: int) -> str:
    """Cut and clean a name where it must be, with a mark behind it that tells it from others."""
    shown = clean(text, length_max)
    if shown == text:
        return text
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_LENGTH]
    return f"{shown[: length_max - _MARK_LENGTH - 1]} {mark}"


def clean(text: str, length_max: int) -> str:
    """Keep what fits; any other character becomes a question mark."""
    text = text[:length_max]
    if _is_plain(text):
        return text
    return "".join(c if " " <= c <= "~" else "?" for c in text)
