"""Any body at all: an alert that is sound, or a refusal with its words. See tests/fuzz."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import claims


def as_object(seed: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(seed)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


SEEDS = sorted(set(claims.seeds()))
OBJECTS = [found for seed in SEEDS if (found := as_object(seed))]
TOKENS = [
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"-", b"'", b"//", b"\\u0000", b"\n", b" "),
    *(b"{{close}}", b"NaN", b"Infinity", b"1,234", b"1,234.5", b"1e99", b"1.234K", b"null"),
    *(b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xe2\x80\x9c", b"\x00", b"\xff"),
    *(b'"symbol":"AAPL"', b'"action":"buy"', b"New strategy position is 5", b"closelong"),
]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(
        [
            *("buy", "sell", "exit", "long", "short", "flat", "limit", "stop", "target", "0", "-1"),
            *("1e5", "1,234", "1,234.5", "NaN", "AAPL", "ES1!", "1.5K", "2%", "$3", "BTCUSDT.P"),
            *("2026-11-20T14:30:00Z", "1670712860260", "-1e10", "strategy.close"),
        ]
    ),
    st.lists(st.integers() | st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=5), max_size=3),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A body of the test data with a few places cut, doubled, swapped or filled."""
    body = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = min(len(body), start + draw(st.integers(0, 12)))
        part = body[start:end]
        new = draw(st.sampled_from([b"", part * 2, part.upper(), part[::-1], *TOKENS]))
        body = body[:start] + new + body[end:]
    return body


@st.composite
def revalued(draw: st.DrawFn) -> bytes:
    """An object of the test data with other values, other names or fields of another dialect."""
    body = dict(draw(st.sampled_from(OBJECTS)))
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(body) or ["symbol"]))
        if isinstance(body.get(name), dict) and draw(st.booleans()):
            inner = dict(body[name])
            inner[draw(st.sampled_from([*sorted(inner), "more"]))] = draw(VALUES)
            body[name] = inner
        else:
            body[name] = draw(VALUES)
    other = draw(st.sampled_from(OBJECTS))
    for name in draw(st.lists(st.sampled_from(sorted(other) or ["x"]), max_size=2)):
        body[name] = other.get(name)
    return json.dumps(body, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def test_the_bodies_of_the_data_hold_the_claims_and_make_orders() -> None:
    assert sum(claims.check(seed) > 0 for seed in SEEDS) > 100
    assert len(OBJECTS) > 100


@given(st.binary(max_size=300))
def test_any_bytes(raw: bytes) -> None:
    claims.check(raw)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    claims.check(text.encode("utf-8", "surrogatepass"))


@given(mutated())
def test_a_known_body_with_places_changed(raw: bytes) -> None:
    claims.check(raw)


@given(revalued())
def test_a_known_object_with_other_values(raw: bytes) -> None:
    claims.check(raw)
