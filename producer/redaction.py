"""Takes secrets out of a body before anything is kept, read, quoted or logged of it.

Half of the tutorials put a `secret` or `passphrase` into the alert. We need none there, and the raw
body is kept for years: the value is replaced, and everything else stays as it was sent, byte for
byte, also in a body that is not valid JSON.

Bodies are strangers' work: every pattern here looks at a byte a bounded number of times. Repeats
that could be tried in several ways are possessive (`*+`), and what is found is passed for good.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

REDACTED: Final = "[redacted]"
_REDACTED: Final = REDACTED.encode()
_WORDS: Final = frozenset(
    """
    secret secrets secretkey passphrase pass passcode password passwords passwd pwd key apikey token
    authtoken accesstoken auth authorization bearer credential credentials
    """.split()  # noqa: SIM905 - a list of quoted words would take a page
)
"""What the last word of a secret's name is: `passphrase`, `api_key`, `webhookSecret`."""
_ENDINGS: Final = ("secret", "passphrase", "password", "passwd")
"""What it may end in, where no sign divides the words: `mysecret`, `APISecret`."""
_DECISIVE: Final = frozenset(
    {"strategy", "symbol", "ticker", "id", "order_id", "orderref", "account", "accounts"}
)
"""Names whose text tells one order from another: words in it that look like a secret stay."""
KNOWN_LENGTH_MIN: Final = 8
"""A shorter one may stand in any word."""
_HINT: Final = re.compile(rb"(?i)secret|pass|pwd|key|token|auth|bearer|credential|\\u00")
"""Most bodies have none of it, and are looked at once."""
_NAME: Final = (
    rb"[\w.-]{0,60}(?:secrets?|secret[_-]?key|pass(?:[_-]?phrase|code|w(?:or)?ds?)?|pwd|key|token"
    rb"|auth(?:orization)?|bearer|credentials?)\d{0,4}"
)
_GAP: Final = rb"(?:\s|\xc2\xa0|\xe2\x80[\x8b-\x8d]|\xe2\x81\xa0|\xef\xbb\xbf)*+"
"""White space, and the invisible signs that a reader of nearly JSON takes for it."""
_COLON: Final = rb"(?::|\xef\xbc\x9a)"
"""Also the wide one of East Asian keyboards."""
_MARK: Final = rb"(?:\\{0,16}+[\"']|\xe2\x80[\x98-\x9f])"
"""A quote: straight, escaped in a text within a text, or curly, as word processors make them."""
_DOUBLE: Final = rb"\"[^\"\\]*+(?:\\.[^\"\\]*+)*+(?:\"|\\?\Z)"
_SINGLE: Final = rb"'[^'\\]*+(?:\\.[^'\\]*+)*+(?:'|\\?\Z)"
"""An open string reaches to the end of the body."""
_ESCAPED: Final = (
    rb"(?P<escape>\\{1,16}+)(?P<sign>[\"'])(?:(?!(?<!\\)(?P=escape)(?P=sign)).)*+"
    rb"(?:(?P=escape)(?P=sign)|\Z)"
)
_CURLY: Final = (
    rb"\xe2\x80[\x98-\x9b](?:(?!\xe2\x80[\x98-\x9b]).)*+(?:\xe2\x80.|\Z)"
    rb"|\xe2\x80[\x9c-\x9f](?:(?!\xe2\x80[\x9c-\x9f]).)*+(?:\xe2\x80.|\Z)"
)
_TEXT: Final = b"|".join((_DOUBLE, _SINGLE, _ESCAPED, _CURLY))
_QUOTED: Final = re.compile(rb"(?s)" + _TEXT)
_VALUE: Final = rb"(?P<value>" + _TEXT + rb"|[^,\[\]{}\"'\r\n]++)"
_NAMED: Final = rb"%b(?P<name>%b)%b" % (_GAP, _NAME, _GAP)
_MEMBER: Final = re.compile(
    # "name": value, in text.
    rb"(?is)(?P<mark>%b)%b%b%b%b%b%b" % (_MARK, _NAMED, _MARK, _GAP, _COLON, _GAP, _VALUE)
)
_MEMBER_OF_OBJECT: Final = re.compile(
    # In what is nearly JSON also {name: value, where one quote of the name is missing, or both.
    rb"(?is)(?P<mark>[{,]%b(?:%b)?|%b)%b(?:%b)?%b(?:%b|=)%b%b"
    % (_GAP, _MARK, _MARK, _NAMED, _MARK, _GAP, _COLON, _GAP, _VALUE)
)
_ENDS: Final = re.compile(rb"\A" + _MARK + rb"|" + _MARK + rb"\Z")
_LAST_MARK: Final = re.compile(_MARK + rb"\Z")
_STRING: Final = re.compile(
    rb"(?s)(?P<string>" + _DOUBLE + rb")(?P<colon>" + _GAP + _COLON + _GAP + rb")?"
)
"""In JSON a string before a colon is a name, whatever it holds."""
_LISTED: Final = re.compile(
    rb"(?i)\"(?:name|key|field)\"%b:%b\"(?P<name>%b)\"%b,%b\"value\"%b:%b"
    % (*(_GAP,) * 2, _NAME, *(_GAP,) * 4)
)
"""A list of names and values: {"name": "secret", "value": …}."""
_OBJECT: Final = re.compile(_GAP + rb"[{\[]")
_BRACKET: Final = re.compile(rb"(?s)" + _DOUBLE + rb"|[{}\[\]]")
_SCALAR: Final = re.compile(rb"[^,\[\]{}\"\r\n]*+")
_PAIR: Final = re.compile(
    rb"(?<![\w.\"'-])(?P<name>[\w.-]++)(?:[ \t]|\xc2\xa0)*+=(?:[ \t]|\xc2\xa0)*+"
)
"""name=, in plain text. Not `name: value`: so begins TradingView's default text, with the name of
the strategy."""
_TOLD: Final = re.compile(
    rb"(?i)(?<![\w.\"'-])(?P<name>[\w.-]{0,60}(?:secret|pass[_-]?phrase|passw(?:or)?d))"
    rb"[ \t]*+:[ \t]*+(?P<value>[^\s,;&{}\"'\\]++)"
)
"""secret: value, in text; not of words that have a meaning besides, such as key."""
_ENCODED: Final = re.compile(
    rb"(?is)(?<![\w.-])(?P<name>%b)(?:%%2[27])?(?:%%20|%%09|\+)*+%%3[AD](?:%%20|%%09|\+)*+"
    rb"(?P<value>%%22(?:(?!%%22)[^\"\\\r\n])*+(?:%%22)?|%%27(?:(?!%%27)[^\"\\\r\n])*+(?:%%27)?"
    rb"|(?:(?!%%(?:2[267C]|5D|7D|0A|0D))[^\"'\\&,;\s}])++)" % _NAME
)
"""What a form makes of JSON: %%22secret%%22%%3A%%22value%%22."""
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


def redact(raw: bytes, known: Sequence[bytes] = ()) -> bytes:
    """Return the body with the values of secrets replaced; itself where there are none.

    `known` are secrets that are to stand nowhere, whatever their name: an address pasted whole.
    """
    for secret in known:
        if secret in raw:
            raw = raw.replace(secret, _REDACTED)
    if not _HINT.search(raw):
        return raw
    if b"%3" in raw:
        raw = _replaced(raw, _encoded(raw))
    if _is_object(raw):
        cleaned = _replaced(raw, _listed(raw))
        cleaned = _replaced(cleaned, _members(cleaned))
        if _is_json(cleaned):
            return cleaned
        cleaned = _replaced(cleaned, _near_members(cleaned))
        return _replaced(cleaned, _pairs(cleaned))
    if _DEFAULT_TEXT not in raw:
        raw = _replaced(raw, _near_members(raw))
        raw = _replaced(raw, _told(raw))
    return _replaced(raw, _pairs(raw))


def secrets_in(raw: bytes) -> list[bytes]:
    """Return the values of secrets that a body holds, without their quotes."""
    found = list(_members(raw)) if _is_object(raw) else list(_pairs(raw))
    if not _is_object(raw) or not _is_json(raw):
        found += _near_members(raw)
    return [one.secret for one in found if one.secret is not None]


def _is_object(raw: bytes) -> bool:
    return _OBJECT.match(raw) is not None


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
    place, name = 0, ""
    while found := _STRING.search(raw, place):
        string, place = found["string"], found.end("string")
        if found["colon"] is None:
            if _HINT.search(string):
                is_prose = name.strip().lower() not in _DECISIVE
                yield from _within(string, found.start(), is_prose=is_prose)
        elif _is_secret(name := _text(string)):
            start = found.end()
            place = _value_end(raw, start)
            if place > start:
                yield _Find(start, place, b'"%b"' % _REDACTED, _plain(raw[start:place]))


def _listed(raw: bytes) -> Iterator[_Find]:
    """Find the value of an entry in a list of names and values."""
    place = 0
    while found := _LISTED.search(raw, place):
        place = start = found.end()
        if _is_secret(found["name"].decode("ascii", "replace")):
            place = _value_end(raw, start)
            if place > start:
                yield _Find(start, place, b'"%b"' % _REDACTED, None)


def _within(string: bytes, start: int, *, is_prose: bool) -> Iterator[_Find]:
    """Find what looks like a member inside a JSON string, which must stay one."""
    inside = _text(string).encode("utf-8", "surrogatepass")
    cleaned = inside
    for find in (_near_members, *((_told, _pairs) if is_prose else ())):
        cleaned = _replaced(cleaned, find(cleaned))
    if cleaned != inside:
        text = json.dumps(cleaned.decode("utf-8", "surrogatepass"))
        yield _Find(start, start + len(string), text.encode(), None)


def _value_end(raw: bytes, start: int) -> int:
    if raw[start : start + 1] not in {b"{", b"["}:
        if found := _QUOTED.match(raw, start):
            return found.end()
        bare = _SCALAR.match(raw, start)
        return start + len(bare[0].rstrip()) if bare else start
    depth = 0
    for sign in _BRACKET.finditer(raw, start):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(sign[0], 0)
        if depth == 0:
            return sign.end()
    return len(raw)


def _near_members(raw: bytes) -> Iterator[_Find]:
    # Text that is no object may well hold `, key: value`.
    pattern = _MEMBER_OF_OBJECT if _is_object(raw) else _MEMBER
    for found in pattern.finditer(raw):
        if _is_secret(found["name"].decode("ascii", "replace")):
            yield _near_find(found)


def _near_find(found: re.Match[bytes]) -> _Find:
    value = found["value"].rstrip()
    start = found.start("value")
    of_name = _LAST_MARK.search(found["mark"])
    marks = [mark[0] for mark in _ENDS.finditer(value)] or [of_name[0] if of_name else b'"']
    instead = marks[0] + _REDACTED + marks[-1]
    return _Find(start, start + len(value), instead, _ENDS.sub(b"", value))


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


def _told(raw: bytes) -> Iterator[_Find]:
    """Find name: value in plain text, where the name leaves no doubt."""
    for found in _TOLD.finditer(raw):
        yield _Find(found.start("value"), found.end("value"), _REDACTED, found["value"])


def _encoded(raw: bytes) -> Iterator[_Find]:
    """Find what was encoded for an address or a form."""
    for found in _ENCODED.finditer(raw):
        if _is_secret(found["name"].decode("ascii", "replace")):
            start, end = found.start("value"), found.end("value")
            mark = found["value"][:3] if found["value"][:3] in {b"%22", b"%27"} else b""
            yield _Find(start, end, mark + _REDACTED + mark, None)


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
    parts = re.findall(r"[a-z]+", words.lower())
    if not parts:
        return False
    last = parts[-1]
    known = {last, "".join(parts[-2:]), "".join(parts)}
    return bool(_WORDS.intersection(known)) or last.endswith(_ENDINGS)
