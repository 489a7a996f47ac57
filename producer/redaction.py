"""Takes secrets out of a body before anything is kept, read, quoted or logged of it.

Half of the tutorials put a `secret` or `passphrase` into the alert. We need none there, and the raw
body is kept for years: the value is replaced, and everything else stays as it was sent, byte for
byte, also in a body that is not valid JSON.
"""

import json
import re
from typing import Any, Final

REDACTED: Final = "[redacted]"
_WORDS: Final = frozenset(
    """
    secret secretkey passphrase password passwd pwd key apikey token authtoken accesstoken
    """.split()  # noqa: SIM905 - a list of quoted words would take a page
)
"""What the last word of a secret's name is: `passphrase`, `api_key`, `webhookSecret`."""
_HINT: Final = re.compile(rb"(?i)secret|passphrase|passw|pwd|key|token|\\u00")
"""Most bodies have none of it, and are looked at once."""
_NAME: Final = rb"[\w.-]{0,60}(?:secret|secret[_-]?key|passphrase|passw(?:or)?d|pwd|key|token)"
_QUOTED: Final = rb"\"(?:[^\"\\]|\\.)*(?:\"|\Z)|'(?:[^'\\]|\\.)*(?:'|\Z)"
_MEMBER: Final = re.compile(
    # "name": value, in JSON and what nearly is; an open string reaches to the end of the body.
    rb"(?is)([\"'])(?P<name>" + _NAME + rb")\s*\1(?P<between>\s*:\s*)"
    rb"(?P<value>" + _QUOTED + rb"|[^\s,\[\]{}\"']+)"
)
_PAIR: Final = re.compile(
    # name=value or name: value in plain text: up to a comma, semicolon, ampersand, the line's end,
    # or the next name=.
    rb"(?i)(?<![\w.\"'-])(?P<name>" + _NAME + rb")(?P<between>\s*[=:]\s*)"
    rb"(?P<value>" + _QUOTED + rb"|[^,;&\r\n]+?(?=\s+[\w.-]+\s*=|\s*[,;&\r\n}]|\s*\Z))"
)


def redact(raw: bytes) -> bytes:
    """Return the body with the values of secrets replaced; itself where there are none."""
    if not _HINT.search(raw):
        return raw
    cleaned = _MEMBER.sub(_replaced, raw)
    if not cleaned.lstrip(b" \t\r\n\xef\xbb\xbf").startswith((b"{", b"[")):
        cleaned = _PAIR.sub(_replaced, cleaned)
    return _without_hidden(cleaned)


def secrets_in(raw: bytes) -> list[bytes]:
    """Return the values of secrets that a body holds, as they stand there, without their quotes."""
    found = list(_MEMBER.finditer(raw))
    if not raw.lstrip(b" \t\r\n\xef\xbb\xbf").startswith((b"{", b"[")):
        found += _PAIR.finditer(raw)
    return [
        one["value"].strip(b"\"'")
        for one in found
        if _is_secret(one["name"].decode("utf-8", "replace"))
    ]


def _replaced(found: "re.Match[bytes]") -> bytes:
    if not _is_secret(found["name"].decode("utf-8", "replace")):
        return found[0]
    start, end = found.span("value")
    value = found["value"]
    quote = value[:1] if value[:1] in b"\"'" else b""
    if found.re is _MEMBER:
        quote = quote or b'"'
    offset = found.start()
    return found[0][: start - offset] + quote + REDACTED.encode() + quote + found[0][end - offset :]


def _is_secret(name: str) -> bool:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    parts = re.split(r"[^a-z0-9]+", words.lower().strip())
    return bool(_WORDS.intersection({parts[-1], "".join(parts)}))


def _without_hidden(body: bytes) -> bytes:
    """Catch what only a JSON reader sees: escaped names, and objects and lists under a name."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps(_cleaned(value)).encode() if _holds_secret(value) else body


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(
            (_is_secret(name) and item not in (REDACTED, "", None)) or _holds_secret(item)
            for name, item in value.items()
        )
    return isinstance(value, list) and any(_holds_secret(item) for item in value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {n: REDACTED if _is_secret(n) else _cleaned(item) for n, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return value
