"""From raw bytes to a document: text, and the one JSON object in it where there is one.

TradingView pastes values unescaped into whatever text the trader wrote, so half of what arrives is
nearly JSON. What can be mended without touching the meaning is mended and recorded; anything else
is refused with what to change.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from producer.refusal import Refused, unreadable

DEPTH_MAX: Final = 8
_NUMBER_LENGTH_MAX: Final = 64
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ESCAPED_CONTROL: Final = re.compile(
    r"(?<!\\)(?:\\\\)*\\(?:u00(?:0[0-8bcef]|1[\da-f]|7f)|[bf])", re.ASCII | re.IGNORECASE
)
"""One written in JSON's own way; a tab or the end of a line is none of them."""
_INVISIBLE: Final = "\ufeff\u00a0\u200b\u200c\u200d\u2060"
_OUTER: Final = " \t\r\n" + _INVISIBLE
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]{0,80})\}\}")
_STRING: Final = r'"(?:[^"\\]|\\.)*(?:"|\Z)'
"""A JSON string, also one that never ends: else every quote would be tried as a beginning."""
_INNER: Final = re.compile(f"({_STRING})|[{_INVISIBLE}]+", re.DOTALL)
_TRAILING_COMMA: Final = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)
_COMMA_BEFORE: Final = re.compile(r":\s*-?\d{1,40},\Z", re.ASCII)
_OTHERS_WORD: Final = re.compile(r"(?:true|false|none|null|undefined)\b", re.ASCII | re.IGNORECASE)
_DIGIT_OR_POINT: Final = re.compile(r"[\d.]", re.ASCII)
_BARE_THOUSANDS: Final = re.compile(r":\s*-?\d{1,3}(,\d{3})+\s*[.,}]")


@dataclass(frozen=True, slots=True)
class NotANumber:
    """What an indicator without a value renders: NaN or Infinity, bare in JSON."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Document:
    """A body that could be decoded.

    `fields` holds the object by names in lower case, numbers as exact Decimals; None where the
    text is no JSON object, and then `problem` says why. `spelled` holds the names as they came,
    `unfilled` the top names whose value is or holds NaN.
    """

    text: str
    fields: dict[str, Any] | None = None
    spelled: dict[str, str] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()
    unfilled: tuple[str, ...] = ()
    problem: Refused | None = None

    def has(self, *names: str) -> bool:
        """Whether it is an object with all these names."""
        return self.fields is not None and self.fields.keys() >= {*names}

    def word(self, name: str) -> str:
        """Return a field's text in lower case; empty where it holds none."""
        value = (self.fields or {}).get(name)
        return value.strip().lower() if isinstance(value, str) else ""


_CONTROLLED: Final = unreadable("the body holds control characters; retype the alert's message")


class _Unreadable(ValueError):  # noqa: N818 - a finding about the body
    """Carries a reason out of the hooks of `json.loads`."""


def open_document(raw: bytes) -> Document | Refused:
    """Decode a body and look for one JSON object in it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return unreadable("the body is not UTF-8 text; send one JSON object")
    repairs: list[str] = []
    trimmed = text.strip(_OUTER)
    if trimmed != text.strip(" \t\r\n"):
        repairs.append("removed a byte order mark or invisible spaces around the text")
    if not trimmed:
        return unreadable("the body is empty; write one JSON object into the alert's message")
    if _CONTROL.search(trimmed):
        return _CONTROLLED
    if not trimmed.startswith("{"):
        if "{{" in trimmed:
            return _placeholder(trimmed)
        return Document(trimmed, problem=_not_an_object(trimmed), repairs=tuple(repairs))
    value = _read(trimmed, repairs)
    if "{{" in trimmed:
        # Also where it begins a text that is no JSON, and that some dialect would know.
        return value if isinstance(value, Refused) else _placeholder(trimmed)
    if isinstance(value, Refused):
        return Document(trimmed, problem=value)
    if "\\" in trimmed and _ESCAPED_CONTROL.search(trimmed):
        return _CONTROLLED
    return _lower_names(trimmed, value, repairs)


def _read(text: str, repairs: list[str]) -> dict[str, Any] | Refused:
    """Decode one object, as it is or mended."""
    found = _decoded(text)
    if isinstance(found, Refused | dict):
        return found
    mended, made = text, []
    for repair, mend in _MENDERS:
        changed = mend(mended)
        if changed != mended:
            mended = changed
            made.append(repair)
    again = _decoded(mended) if made else found
    if isinstance(again, Refused):
        return again
    if isinstance(again, dict):
        repairs.extend(made)
        return again
    # The text as it came: its places are those that the trader sees.
    return _why_not(text, found)


def _decoded(text: str) -> dict[str, Any] | Refused | Exception:
    try:
        value = _DECODER.decode(text)
    except _Unreadable as problem:
        return unreadable(str(problem))
    except (ValueError, RecursionError) as error:
        return error
    if not isinstance(value, dict):
        return unreadable("the body is not one object in braces")
    is_nested = text.count("{") + text.count("[") > DEPTH_MAX
    if is_nested and _is_deeper(value, DEPTH_MAX):
        return unreadable(f"the body is nested deeper than {DEPTH_MAX} levels")
    return value


def _without_invisibles(text: str) -> str:
    # A space, not nothing: it must not join two numbers.
    return _INNER.sub(lambda found: found[1] or " ", text)


def _with_double_quotes(text: str) -> str:
    """Turn a Python dict's quotes round where no other sign could be meant by them."""
    return text if '"' in text or "\\" in text else text.replace("'", '"')


def _without_trailing_comma(text: str) -> str:
    found = [match for match in _TRAILING_COMMA.finditer(text) if match[1] is None]
    if len(found) != 1:
        return text
    return text[: found[0].start()] + text[found[0].end() :]


_MENDERS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("read invisible spaces between fields as spaces", _without_invisibles),
    ("read single quotes as double quotes", _with_double_quotes),
    ("removed a trailing comma", _without_trailing_comma),
)


def _number(text: str) -> Decimal:
    if len(text) > _NUMBER_LENGTH_MAX:
        raise _Unreadable(f"a number of {len(text)} characters is too long")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _Unreadable(f"{text[:40]} is not a number") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Unreadable(f"the name {twice[:40]!r} stands twice; keep one")
    return found


_DECODER: Final = json.JSONDecoder(
    parse_float=_number,
    parse_int=_number,
    parse_constant=NotANumber,
    object_pairs_hook=_pairs,
)


def _not_an_object(text: str) -> Refused:
    if text[0] in '["' or text in {"null", "true", "false"}:
        return unreadable("the body is not one object in braces")
    if "{" in text:
        return unreadable("there is text before the JSON; the alert's message must begin with {")
    return unreadable(
        "this is plain text, not JSON; replace the alert's default message by a JSON object with "
        "symbol, action and quantity",
        "not_json",
    )


def _why_not(text: str, error: Exception) -> Refused:
    """Say in the trader's words what keeps the text from being JSON."""
    if "{{" in text:
        return _placeholder(text)
    if isinstance(error, RecursionError):
        return unreadable(f"the body is nested deeper than {DEPTH_MAX} levels")
    if isinstance(error, json.JSONDecodeError):
        if error.msg == "Extra data":
            more = text[error.pos :].lstrip().startswith("{")
            what = "a second JSON object" if more else "text"
            return unreadable(f"{what} follows the first JSON object; send one object per alert")
        where = f"line {error.lineno}, column {error.colno}"
        if any(quote in text for quote in "\u201c\u201d\u2018\u2019"):
            return unreadable(f'the body holds curly quotes; use straight ones (") ({where})')
        if "'" in text and '"' not in text:
            return unreadable(f'JSON needs double quotes (") instead of single ones ({where})')
        if _BARE_THOUSANDS.search(text):
            return unreadable(
                f"a number holds thousands commas, which JSON cannot read; write it with "
                f'str.tostring(x, "#.########") ({where})'
            )
        if hint := _hint(text, error):
            return unreadable(f"{hint} ({where})")
        near = text[max(0, error.pos - 15) : error.pos + 15]
        return unreadable(f"the body is not valid JSON: {error.msg} at {where}, near {near!r}")
    return unreadable(f"the body is not valid JSON: {str(error)[:100]}")


def _hint(text: str, error: json.JSONDecodeError) -> str:
    """Name the slip that traders make most, where the text breaks off; empty for any other."""
    before, after = text[: error.pos].rstrip(), text[error.pos :].lstrip()
    if _COMMA_BEFORE.search(before) and after[:1].isdigit():
        return (
            "a number holds a decimal comma, which JSON cannot read; write it with a point, for "
            'example with str.tostring(x, "#.########")'
        )
    if found := _OTHERS_WORD.match(after):
        return f"JSON knows true, false and null in small letters only; {found[0]} is none of them"
    is_number = error.msg == "Expecting value" and after[:1] in {".", "+"}
    if is_number or (
        text[error.pos - 1 : error.pos].isdigit() and _DIGIT_OR_POINT.match(text[error.pos :])
    ):
        return (
            "a number is not written as JSON writes it, such as 5, 0.5 or -5: no + and no zeros "
            "before it, and digits on both sides of its point"
        )
    is_text = error.msg.startswith("Expecting ',' delimiter") and before.endswith('"')
    if is_text and after[:1] not in {"", '"'}:
        return (
            'a quote (") stands inside a text, where it ends the text, or a comma is missing '
            "behind a text; leave quotes out of texts"
        )
    return ""


def _placeholder(text: str) -> Refused:
    found = _PLACEHOLDER.search(text)
    return unreadable(
        f"{found.group(0)[:60] if found else '{{'} was not filled in: TradingView expands "
        f"placeholders in the alert dialog's message only, not in alert(), and none that is "
        f"misspelt",
        "placeholder",
    )


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(part, levels - 1) for part in parts)


def _lower_names(text: str, value: dict[str, Any], repairs: list[str]) -> Document:
    spelled = {_key(name): name for name in value}
    if len(spelled) != len(value):
        two = unreadable("two names differ only in upper and lower case; keep one")
        return Document(text, problem=two)
    fields = dict(zip(spelled, value.values(), strict=True))
    may_be_unfilled = "NaN" in text or "Infinity" in text
    unfilled = (name for name, item in fields.items() if may_be_unfilled and _is_unfilled(item))
    return Document(
        text, fields=fields, spelled=spelled, repairs=tuple(repairs), unfilled=tuple(unfilled)
    )


def _key(name: str) -> str:
    return name.strip(_OUTER).lower()


def _is_unfilled(value: Any) -> bool:
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return any(_is_unfilled(part) for part in parts)
    return isinstance(value, NotANumber)
