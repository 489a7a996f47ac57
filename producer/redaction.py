"""Takes secrets out of a body before anything is kept, read, quoted or logged of it.

Half of the tutorials put a `secret` or `passphrase` into the alert. We need none there, and the raw
body is kept for years: the value is replaced, and everything else stays as it was sent, byte for
byte, also in a body that is not valid JSON.

Bodies are strangers' work: every pattern here looks at a byte a bounded number of times. Repeats
that could be tried in several ways are possessive (`*+`), and what is found is passed for good.
"""

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

REDACTED: Final = "[redacted]"
_REDACTED: Final = REDACTED.encode()
_WORDS: Final = frozenset(
    """
    secret secretkey passphrase password passwd pwd key apikey token authtoken accesstoken
    """.split()  # noqa: SIM905 - a list of quoted words would take a page
)
"""What the last word of a secret's name is: `passphrase`, `api_key`, `webhookSecret`."""
_HINT: Final = re.compile(rb"(?i)secret|passphrase|passw|pwd|key|token|\\u00")
"""Most bodies have none of it, and are looked at once."""
_NAME: Final = rb"[\w.-]{0,60}(?:secret|secret[_-]?key|passphrase|passw(?:or)?d|pwd|key|token)"
_DOUBLE: Final = rb"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+(?:\"|\\?\Z)"
_SINGLE: Final = rb"'[^'\\]*+(?:\\.[^'\\]*+)*+(?:'|\\?\Z)"
"""An open string reaches to the end of the body."""
_QUOTED: Final = re.compile(rb"(?s)" + _DOUBLE + rb"|" + _SINGLE)
_MEMBER: Final = re.compile(
    # "name": value, in what is nearly JSON.
    rb"(?is)([\"'])(?P<name>" + _NAME + rb")\s*+\1\s*+:\s*+"
    rb"(?P<value>" + _DOUBLE + rb"|" + _SINGLE + rb"|[^\s,\[\]{}\"']++)"
)
_STRING: Final = re.compile(rb"(?s)(?P<string>" + _DOUBLE + rb")(?P<colon>\s*+:\s*+)?")
"""In JSON a string before a colon is a name, whatever it holds."""
_BRACKET: Final = re.compile(rb"(?s)" + _DOUBLE + rb"|[{}\[\]]")
_SCALAR: Final = re.compile(rb"[^\s,\[\]{}\"]*+")
_PAIR: Final = re.compile(rb"(?<![\w.\"'-])(?P<name>[\w.-]++)[ \t]*+=[ \t]*+")
"""name=, in plain text. Not `name: value`: so begins TradingView's default text, with the name of
the strategy."""
_PAIR_END: Final = re.compile(rb"[,;&\r\n}]|\Z")
_WORD_END: Final = re.compile(rb"[\s,;&:)}]|\Z")
_DEFAULT_TEXT: Final = b"New strategy position is"
"""TradingView's own words, which are an order: in them a value is no longer than a word."""


class _Find(NamedTuple):
    """A place in the body, what is put there, and the secret that it held, where it was one."""

    start: int
    end: int
    instead: bytes
    secret: bytes | None


def redact(raw: bytes) -> bytes:
    """Return the body with the values of secrets replaced; itself where there are none."""
    if not _HINT.search(raw):
        return raw
    if _is_object(raw):
        cleaned = _replaced(raw, _members(raw))
        return cleaned if _is_json(cleaned) else _replaced(cleaned, _near_members(cleaned))
    if _DEFAULT_TEXT not in raw:
        raw = _replaced(raw, _near_members(raw))
    return _replaced(raw, _pairs(raw))


def secrets_in(raw: bytes) -> list[bytes]:
    """Return the values of secrets that a body holds, without their quotes."""
    found = list(_members(raw)) if _is_object(raw) else list(_pairs(raw))
    if not _is_object(raw) or not _is_json(raw):
        found += _near_members(raw)
    return [one.secret for one in found if one.secret is not None]


def _is_object(raw: bytes) -> bool:
    return raw.lstrip(b" \t\r\n\xef\xbb\xbf").startswith((b"{", b"["))


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


def _replaced(raw: bytes, finds: Iterator[_Find]) -> bytes:
    parts, place = [], 0
    for find in finds:
        parts += [raw[place : find.start], find.instead]
        place = find.end
    return b"".join([*parts, raw[place:]])


def _members(raw: bytes) -> Iterator[_Find]:
    """Find what a JSON reader would see: names however they are written, also with objects."""
    place = 0
    while found := _STRING.search(raw, place):
        string, place = found["string"], found.end("string")
        if found["colon"] is None:
            if _HINT.search(string):
                yield from _within(string, found.start())
        elif _is_secret(_text(string)):
            start = found.end()
            place = _value_end(raw, start)
            if place > start:
                yield _Find(start, place, b'"%b"' % _REDACTED, _plain(raw[start:place]))


def _within(string: bytes, start: int) -> Iterator[_Find]:
    """Find what looks like a member inside a JSON string, which must stay one."""
    inside = _text(string).encode("utf-8", "surrogatepass")
    cleaned = _replaced(inside, _near_members(inside))
    if cleaned != inside:
        text = json.dumps(cleaned.decode("utf-8", "surrogatepass"))
        yield _Find(start, start + len(string), text.encode(), None)


def _value_end(raw: bytes, start: int) -> int:
    if raw[start : start + 1] not in {b"{", b"["}:
        found = _QUOTED.match(raw, start) or _SCALAR.match(raw, start)
        return found.end() if found else start
    depth = 0
    for sign in _BRACKET.finditer(raw, start):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(sign[0], 0)
        if depth == 0:
            return sign.end()
    return len(raw)


def _near_members(raw: bytes) -> Iterator[_Find]:
    for found in _MEMBER.finditer(raw):
        if _is_secret(found["name"].decode("ascii", "replace")):
            value = found["value"]
            quote = value[:1] if value[:1] in {b'"', b"'"} else found[1]
            yield _Find(*found.span("value"), quote + _REDACTED + quote, value.strip(b"\"'"))


def _pairs(raw: bytes) -> Iterator[_Find]:
    """Find name=value in plain text: up to a separator, the line's end, or the next name=."""
    ending = _WORD_END if _DEFAULT_TEXT in raw else _PAIR_END
    heads = list(_PAIR.finditer(raw))
    limits = [*(head.start() for head in heads[1:]), len(raw)]
    place = 0
    for head, limit in zip(heads, limits, strict=False):
        start = head.end()
        if head.start() < place or not _is_secret(head["name"].decode("ascii", "replace")):
            continue
        if quoted := _QUOTED.match(raw, start):
            value, quote = quoted[0], quoted[0][:1]
        else:
            end = ending.search(raw, start, limit)
            value, quote = raw[start : end.start() if end else limit].rstrip(), b""
        place = start + len(value)
        if value:
            yield _Find(start, place, quote + _REDACTED + quote, value.strip(b"\"'"))


def _text(string: bytes) -> str:
    try:
        return str(json.loads(string))
    except ValueError:
        return string[1:].removesuffix(b'"').decode("utf-8", "replace")


def _plain(value: bytes) -> bytes:
    is_string = value.startswith(b'"')
    return _text(value).encode("utf-8", "surrogatepass") if is_string else value.strip(b"'")


def _is_secret(name: str) -> bool:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    parts = re.findall(r"[a-z0-9]+", words.lower())
    return bool(parts) and bool(_WORDS.intersection({parts[-1], "".join(parts)}))
