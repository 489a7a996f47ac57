"""From raw bytes to one JSON object, with lossless repairs only.

TradingView pastes values unescaped into whatever text the trader wrote, so half of what arrives is
nearly JSON. What can be mended without touching the meaning is mended and recorded; anything else
is refused with what to change.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from producer.refusal import Refused, unreadable

DEPTH_MAX: Final = 8
_NUMBER_LENGTH_MAX: Final = 64
_TRAILING_COMMA: Final = re.compile(r",(\s*\}\s*)\Z")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_OUTER: Final = " \t\r\n\ufeff\u00a0\u200b\u200c\u200d\u2060"
_PLACEHOLDER: Final = re.compile(r"\{\{\s*([^{}]{0,80})\}\}")


@dataclass(frozen=True, slots=True)
class Body:
    """One JSON object with lower-case names, numbers as exact Decimals."""

    fields: dict[str, Any]
    repairs: tuple[str, ...] = ()


class _Unreadable(ValueError):  # noqa: N818 - a finding about the body
    """Carries a reason out of the hooks of `json.loads`."""


def read_body(raw: bytes) -> Body | Refused:
    """Read one JSON object."""
    repairs: list[str] = []
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return unreadable("the body is not UTF-8 text; send one JSON object")
    trimmed = text.strip(_OUTER)
    if trimmed != text.strip(" \t\r\n"):
        repairs.append("removed a byte order mark or invisible spaces around the text")
    if not trimmed:
        return unreadable("the body is empty; write one JSON object into the alert's message")
    if _CONTROL.search(trimmed):
        return unreadable("the body holds control characters; retype the alert's message")
    if refused := _not_an_object(trimmed):
        return refused
    try:
        value = _loads(trimmed)
    except _Unreadable as problem:
        return unreadable(str(problem))
    except (ValueError, RecursionError) as error:
        mended = _TRAILING_COMMA.sub(r"\1", trimmed)
        if mended == trimmed:
            return _why_not(trimmed, error)
        try:
            value = _loads(mended)
        except _Unreadable as problem:
            return unreadable(str(problem))
        except (ValueError, RecursionError) as second:
            return _why_not(trimmed, second)
        repairs.append("removed a trailing comma")
    if "{{" in trimmed:
        return _placeholder(trimmed)
    if not isinstance(value, dict):
        return unreadable("the body is JSON, but not one object in braces")
    if _is_deeper(value, DEPTH_MAX):
        return unreadable(f"the body is nested deeper than {DEPTH_MAX} levels")
    return _lower_names(value, repairs)


def _loads(text: str) -> Any:
    return _DECODER.decode(text)


def _number(text: str) -> Decimal:
    if len(text) > _NUMBER_LENGTH_MAX:
        raise _Unreadable(f"a number of {len(text)} characters is too long")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _Unreadable(f"{text[:40]} is not a number") from None


def _constant(name: str) -> Any:
    raise _Unreadable(
        f"{name} is not a number: the indicator had no value on this bar; guard it in Pine, for "
        f"example with nz() or not na()"
    )


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
    parse_constant=_constant,
    object_pairs_hook=_pairs,
)


def _not_an_object(text: str) -> Refused | None:
    if text.startswith("{") or text[0] in '["' or text in {"null", "true", "false"}:
        return None
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
        near = text[max(0, error.pos - 15) : error.pos + 15]
        return unreadable(f"the body is not valid JSON: {error.msg} at {where}, near {near!r}")
    return unreadable(f"the body is not valid JSON: {str(error)[:100]}")


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


def _lower_names(value: dict[str, Any], repairs: list[str]) -> Body | Refused:
    fields = {name.strip().lower(): item for name, item in value.items()}
    if len(fields) != len(value):
        return unreadable("two names differ only in upper and lower case; keep one")
    if fields.keys() != value.keys():
        repairs.append("read field names without regard to case")
    return Body(fields, tuple(repairs))
