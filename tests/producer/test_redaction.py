"""Secrets leave a body before anything is kept of it; everything else stays as it was sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.redaction import redact

PLANTED = "pl4nted-S3cret"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('{"secret":"§","symbol":"A"}', '{"secret":"[redacted]","symbol":"A"}'),
        ('{ "Passphrase" : "§" }', '{ "Passphrase" : "[redacted]" }'),
        ('{"password":"a\\"§","x":1}', '{"password":"[redacted]","x":1}'),
        (
            '{"api_key":"§","webhookSecret":"§"}',
            '{"api_key":"[redacted]","webhookSecret":"[redacted]"}',
        ),
        ('{"key": 4711, "x": 1}', '{"key": "[redacted]", "x": 1}'),
        ('{"a":{"b":[{"token":"§"}]}}', '{"a":{"b":[{"token":"[redacted]"}]}}'),
        ('{"secret":"§", "symbol":', '{"secret":"[redacted]", "symbol":'),
        ('{"secret":"§ cut', '{"secret":"[redacted]"'),
        ("{'secret':'§','x':1}", "{'secret':'[redacted]','x':1}"),
        ('{"secret":{"v":"§"}}', '{"secret": "[redacted]"}'),
        ('{"sec\\u0072et":"§"}', '{"secret": "[redacted]"}'),
        ("ID1,buy,EURUSD,risk=1,secret=§", "ID1,buy,EURUSD,risk=1,secret=[redacted]"),
        ("secret=§;buy AAPL", "secret=[redacted];buy AAPL"),
        ("buy AAPL secret=§ T U qty=1", "buy AAPL secret=[redacted] qty=1"),
        ("passphrase: §\nbuy", "passphrase: [redacted]\nbuy"),
        ("a=1&token=§&b=2", "a=1&token=[redacted]&b=2"),
        ('\ufeff{"secret":"§"}', '\ufeff{"secret":"[redacted]"}'),
    ],
)
def test_the_value_is_replaced_and_the_rest_is_as_it_was_sent(raw: str, expected: str) -> None:
    assert redact(raw.replace("§", PLANTED).encode()) == expected.encode()


@pytest.mark.parametrize(
    "raw",
    [
        '{"symbol":"NASDAQ:AAPL","action":"buy","quantity":1}',
        '{"strategy":"keystone","comment":"monkey business","tokens":3}',
        '{"strategy":"secret sauce","comment":"key: none"}',
        "60012345678,buy,EURUSD,risk=1",
        "",
        "\u0000key",
    ],
)
def test_a_body_without_secrets_is_left_alone(raw: str) -> None:
    assert redact(raw.encode()) == raw.encode()


def test_bytes_that_are_no_text_are_left_alone_but_for_the_secret() -> None:
    assert redact(b'\xff\xfe{"secret":"x"}\xff') == b'\xff\xfe{"secret":"[redacted]"}\xff'


NAMES = st.sampled_from(["secret", "Passphrase", "KEY", "password", "token", "api_key", "apiKey"])
VALUES = st.one_of(
    st.text(max_size=20), st.integers(), st.lists(st.text(max_size=5), max_size=3), st.booleans()
)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5), NAMES, st.text(max_size=20))
def test_no_json_object_keeps_a_secret_and_none_loses_anything_else(
    others: dict[str, object], name: str, value: str
) -> None:
    cleaned = json.loads(redact(json.dumps({**others, name: PLANTED + value}).encode()))

    assert PLANTED not in json.dumps(cleaned)
    assert cleaned[name] == "[redacted]"
    assert others.keys() <= cleaned.keys()
    assert {n: v for n, v in others.items() if cleaned[n] != "[redacted]"} == {
        n: v for n, v in cleaned.items() if v != "[redacted]" and n in others
    }


@given(st.binary(max_size=200))
def test_anything_at_all_is_taken(raw: bytes) -> None:
    redact(raw)


def test_a_long_body_takes_no_long_time() -> None:
    redact(b'{"' + b"key" * 20_000 + b'":')
    redact(b"secret" * 10_000)
    redact(b'"secret" ' * 7_000)
