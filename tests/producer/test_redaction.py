"""Secrets leave a body before anything is kept of it; everything else stays as it was sent."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.dialects.document import Document, open_document
from producer.redaction import redact, secrets_in

PLANTED = "pl4nted-S3cret"
DEFAULT_TEXT = "Golden Key: order buy @ 33.33 filled on NASDAQ:AAPL. New strategy position is 100"
BODY_MAX = 65536


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
        ('{"secret":{"v":"§"}}', '{"secret":"[redacted]"}'),
        ('{"a":[{"key":[{"v":"§]}"}, 1]}],"b":1.0}', '{"a":[{"key":"[redacted]"}],"b":1.0}'),
        ('{"sec\\u0072et":"§"}', '{"sec\\u0072et":"[redacted]"}'),
        ('{"secret":"§\\', '{"secret":"[redacted]"'),
        ('{"secret":"§","quantity":1e2,}', '{"secret":"[redacted]","quantity":1e2,}'),
        ('{"text":"{\\"key\\":\\"§\\"}"}', '{"text":"{\\"key\\":\\"[redacted]\\"}"}'),
        ("ID1,buy,EURUSD,risk=1,secret=§", "ID1,buy,EURUSD,risk=1,secret=[redacted]"),
        ("secret=§;buy AAPL", "secret=[redacted];buy AAPL"),
        ("buy AAPL secret=§ T U qty=1", "buy AAPL secret=[redacted] qty=1"),
        ("secret = §\nbuy", "secret = [redacted]\nbuy"),
        ("secret='§, b' x=1, y=2", "secret='[redacted]' x=1, y=2"),
        ("a=1&token=§&b=2", "a=1&token=[redacted]&b=2"),
        ('\ufeff{"secret":"§"}', '\ufeff{"secret":"[redacted]"}'),
        ('\u00a0{"secret"\u00a0:\u00a0"§"}', '\u00a0{"secret"\u00a0:\u00a0"[redacted]"}'),
        ('{"secret"\u200b:"§","x":1}', '{"secret"\u200b:"[redacted]","x":1}'),
        ('{\ufeff"secret"\ufeff:"§"}', '{\ufeff"secret"\ufeff:"[redacted]"}'),
        ('{"secret"\uff1a"§"}', '{"secret"\uff1a"[redacted]"}'),
        ("{“secret”: “§ it\u2019s, x”, “x”: “1”}", "{“secret”: “[redacted]”, “x”: “1”}"),
        ("{\u2018secret\u2019: \u2018§ §\u2019}", "{\u2018secret\u2019: \u2018[redacted]\u2019}"),
        ('{"secret": “§ §”}', '{"secret": "[redacted]"}'),
        (
            '{\\"secret\\":\\"§ \\\\\\"§\\", \\"x\\": 1}',
            '{\\"secret\\":\\"[redacted]\\", \\"x\\": 1}',
        ),
        ('{secret: "§", x: 1}', '{secret: "[redacted]", x: 1}'),
        ("{'x': 1 'secret': '§'}", "{'x': 1 'secret': '[redacted]'}"),
        ("{x: 1, api_key: § §, y: 2}", '{x: 1, api_key: "[redacted]", y: 2}'),
        ('{secret = "§"}', '{secret = "[redacted]"}'),
        ('{secret":"§","x":1}', '{secret":"[redacted]","x":1}'),
        ('{"secret: "§","x":1}', '{"secret: "[redacted]","x":1}'),
        ('{"secret": § §, "x": 1}', '{"secret": "[redacted]", "x": 1}'),
        (
            '{"metrics":[{"name":"secret","value":"§"},{"name":"qty","value":1}]}',
            '{"metrics":[{"name":"secret","value":"[redacted]"},{"name":"qty","value":1}]}',
        ),
        ('[{"key": "api_key", "value": ["§"]}]', '[{"key": "[redacted]", "value": "[redacted]"}]'),
        ('{"secrets":["§"],"x":1}', '{"secrets":"[redacted]","x":1}'),
        ('{"mysecret":"§","APISecret":"§"}', '{"mysecret":"[redacted]","APISecret":"[redacted]"}'),
        ('{"pass_phrase":"§","pass":"§"}', '{"pass_phrase":"[redacted]","pass":"[redacted]"}'),
        ('{"password1":"§","passcode":"§"}', '{"password1":"[redacted]","passcode":"[redacted]"}'),
        ('{"auth":"§","credentials":"§"}', '{"auth":"[redacted]","credentials":"[redacted]"}'),
        ('{"Authorization":"Bearer §"}', '{"Authorization":"[redacted]"}'),
        ('{"comment":"a, secret=§"}', '{"comment":"a, secret=[redacted]"}'),
        ('{"comment":"passphrase: §, b"}', '{"comment":"passphrase: [redacted], b"}'),
        ('{"x":"y"} secret=§', '{"x":"y"} secret=[redacted]'),
        ("ticker: AAPL\npassphrase: §\n", "ticker: AAPL\npassphrase: [redacted]\n"),
        ("ID1,buy,EURUSD,risk=1,secret:§", "ID1,buy,EURUSD,risk=1,secret:[redacted]"),
        ("secret\u00a0=\u00a0§", "secret\u00a0=\u00a0[redacted]"),
        ("%7B%22secret%22%3A%22§%22%7D", "%7B%22secret%22%3A%22[redacted]%22%7D"),
        ("body=%7B%22key%22%3A+%22§%22%7D", "body=%7B%22key%22%3A+%22[redacted]%22%7D"),
        ("secret%3D§%26a%3D1", "secret%3D[redacted]%26a%3D1"),
        ('{"x":"%22secret%22%3A%22§%22"}', '{"x":"%22secret%22%3A%22[redacted]%22"}'),
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
        DEFAULT_TEXT,
        DEFAULT_TEXT.replace("Golden Key", "Key"),
        DEFAULT_TEXT.replace("Golden Key", '"Key"'),
        '{"comment":"{monkey: 5}","quantity":1}',
        '{"comment":"first, key: none; “key”, then \\"key\\""}',
        "buy AAPL, key: none",
        "bypass: 5, monkey%3A 5, author%3D5",
        '{"id":"key=1","Strategy":"Secret: long","strategy":{"order_id":"token=2"}}',
        '{"strategy":"compass","author":"x","encoded":"50%3A50"}',
        DEFAULT_TEXT.replace("Golden Key", "Secret"),
        "",
        "\u0000key",
    ],
)
def test_a_body_without_secrets_is_left_alone(raw: str) -> None:
    assert redact(raw.encode()) == raw.encode()


def test_what_is_known_for_a_secret_is_replaced_wherever_it_stands() -> None:
    raw = b'{"comment":"post to https://x.example/webhook/known-token-1?a","symbol":"A"}'

    cleaned = redact(raw, (b"known-token-1",))
    assert cleaned == raw.replace(b"known-token-1", b"[redacted]")


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("secret=§ Golden: order buy @ 1 filled on X.", "secret=[redacted] Golden: order buy @ 1"),
        ("Golden (key=§): order buy @ 1 filled on X.", "Golden (key=[redacted]): order buy @ 1"),
    ],
)
def test_in_tradingviews_own_text_no_more_than_a_word_is_replaced(text: str, kept: str) -> None:
    raw = f"{text} New strategy position is 100".replace("§", PLANTED)

    assert redact(raw.encode()).decode().startswith(kept)
    assert redact(raw.encode()).endswith(b"filled on X. New strategy position is 100")
    assert secrets_in(raw.encode()) == [PLANTED.encode()]


@pytest.mark.parametrize("hiding", ['"token":{"v":"§"}', '"tok\\u0065n":"§"', '"token":"§"'])
def test_numbers_keep_every_digit_and_a_doubled_name_stays_doubled(hiding: str) -> None:
    exact = '"price":0.1000000000000000055511151231257827,"quantity":100000000000000000000000.10'
    raw = "{" + hiding.replace("§", PLANTED) + f",{exact}}}"

    assert redact(raw.encode()).decode().endswith(f",{exact}}}")
    doubled = open_document(redact(raw[:-1].encode() + b',"quantity":1}'))
    assert isinstance(doubled, Document)
    assert doubled.problem
    assert "'quantity' stands twice" in doubled.problem.message


@pytest.mark.parametrize(
    "comment", ["{'key': §}", "'key': '§'", "'key':", '{"secret": "§"}', '"key": §', "a 'key': §\\"]
)
def test_what_looks_like_a_secret_within_a_string_does_not_break_the_json(comment: str) -> None:
    value = {"comment": comment.replace("§", PLANTED), "quantity": "1", "n": 2}

    cleaned = json.loads(redact(json.dumps(value).encode()))

    assert PLANTED not in str(cleaned)
    assert cleaned | {"comment": ""} == value | {"comment": ""}


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_secret_in_a_text_within_a_text_is_found(depth: int) -> None:
    body: object = {"passphrase": PLANTED, "quantity": 1}
    for _ in range(depth):
        body = {"text": json.dumps(body)}

    cleaned = redact(json.dumps(body).encode())

    assert PLANTED.encode() not in cleaned
    found = json.loads(cleaned)
    for _ in range(depth):
        found = json.loads(found["text"])
    assert found == {"passphrase": "[redacted]", "quantity": 1}


@pytest.mark.parametrize(
    "raw",
    [
        '{"secret"\u00a0:\u00a0"§"}',
        "{“secret”: “§”}",
        '{\\"secret\\":\\"§\\"}',
        "{secret: §}",
        '{"secret": § , "x": 1}',
    ],
)
def test_what_is_taken_out_is_the_secret_itself(raw: str) -> None:
    assert PLANTED.encode() in secrets_in(raw.replace("§", PLANTED).encode())


UNITS = [
    *("key=a ", "key = ", "key ", " ", "key", "key.", "secret", '"secret" ', '"key":', "'key':"),
    *("'key' ", '"', "'", "\\", '"\\', "{", "[", '{"key":', '"key":"', "'key':'", "key='", "="),
    *(
        "“key”: ",
        "“",
        "”:",
        '\\\\"key\\\\":',
        '\\\\"',
        "{key: ",
        ",key",
        "\u00a0",
        "\u200b:",
        "\uff1a",
    ),
    *('"key":[', ",", "\n", '"\\u006b', '"a":"\'key\': ', "a", "-", 'key="'),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("end", ["!", "\\"])
@pytest.mark.parametrize("start", ["", "key=a", '{"key"', '{"a":"\'key\''])
def test_no_body_takes_long(start: str, end: str) -> None:
    for unit in UNITS:
        raw = (start + unit * (BODY_MAX // len(unit)) + end).encode()
        redact(raw)
        secrets_in(raw)
