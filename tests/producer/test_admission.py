"""Who may knock at the webhook."""

import time
import tracemalloc
from ipaddress import IPv4Address

import pytest
from pydantic import SecretStr

from alertwire.configuration import Route
from producer.admission import (
    COUNTERS_MAX,
    LOCK_OUT_S,
    WRONG_TOKENS_MAX,
    Admission,
    Visitor,
    counter_of,
)

TRADINGVIEW = Visitor("52.89.214.238")
STRANGER = Visitor("203.0.113.9")


def guess(door: Admission, visitor: Visitor, times: int) -> list[int]:
    return [door.refuse_stranger(visitor).status for _ in range(times)]


def test_a_flood_of_wrong_tokens_from_one_address_is_answered_429() -> None:
    door = Admission(requests_per_minute_max=5)

    answers = [door.refuse_stranger(STRANGER) for _ in range(6)]

    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert answers[5].retry_after_s == 60
    assert door.refuse_stranger(TRADINGVIEW).status == 401


def test_an_address_that_guesses_tokens_is_locked_out() -> None:
    door = Admission(requests_per_minute_max=1000)

    answers = guess(door, STRANGER, WRONG_TOKENS_MAX + 1)

    assert answers == [401] * WRONG_TOKENS_MAX + [429]
    assert door.refuse_stranger(STRANGER).retry_after_s == LOCK_OUT_S
    assert door.refuse_stranger(Visitor("203.0.113.10")).status == 401


def test_a_lock_out_outlasts_the_minutes_in_which_the_guesses_were_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door = Admission(requests_per_minute_max=1000)
    guess(door, STRANGER, WRONG_TOKENS_MAX + 1)
    real = time.time

    monkeypatch.setattr(time, "time", lambda: real() + LOCK_OUT_S - 1)
    assert door.refuse_stranger(STRANGER).status == 429

    monkeypatch.setattr(time, "time", lambda: real() + LOCK_OUT_S + 1)
    assert door.refuse_stranger(STRANGER).status == 401


def test_who_has_a_network_of_addresses_is_one_guesser() -> None:
    door = Admission(requests_per_minute_max=1000)

    answers = [
        door.refuse_stranger(Visitor(f"2001:db8:1:2::{n:x}")).status
        for n in range(1, WRONG_TOKENS_MAX + 2)
    ]

    assert answers == [401] * WRONG_TOKENS_MAX + [429]
    assert door.refuse_stranger(Visitor("2001:db8:1:3::1")).status == 401
    mapped = [f"::ffff:203.0.113.{n}" for n in (9, 10)]
    assert counter_of(mapped[0]) == counter_of(STRANGER.address) != counter_of(mapped[1])


def test_strangers_without_number_take_no_memory_without_end() -> None:
    door = Admission(requests_per_minute_max=1000)
    for n in range(3 * COUNTERS_MAX):
        door.refuse_stranger(Visitor(str(IPv4Address(n))))

    tracemalloc.start()
    for n in range(5_000):
        door.refuse_stranger(Visitor(str(IPv4Address(0x0A000000 + n))))
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert grown < 1024 * 1024


def test_guesses_at_a_secret_count_like_guesses_at_a_token() -> None:
    door = Admission(requests_per_minute_max=1000)
    route = Route(secret=SecretStr("open-sesame"))
    wrong, right = b'{"secret": "guess"}', b'{"secret": "open-sesame"}'

    refused = [door.refuse_body(STRANGER, route, wrong) for _ in range(WRONG_TOKENS_MAX + 1)]

    assert [each.status for each in refused] == [401] * WRONG_TOKENS_MAX + [429]
    assert refused[0].code == "secret"
    assert door.refuse_body(STRANGER, route, right) is None


@pytest.mark.parametrize(
    ("addresses", "visitor", "is_in"),
    [
        ((), STRANGER, True),
        (("tradingview",), TRADINGVIEW, True),
        (("tradingview",), STRANGER, False),
        (("tradingview", "203.0.113.0/24"), STRANGER, True),
        (("203.0.113.9",), TRADINGVIEW, False),
    ],
)
def test_a_route_takes_alerts_from_its_addresses_only(
    addresses: tuple[str, ...], visitor: Visitor, is_in: bool
) -> None:
    refused = Admission(1000).admit(visitor, "swing", Route(addresses=addresses))

    assert (refused is None) is is_in
    assert refused is None or (refused.status, refused.code) == (403, "address")


def test_a_route_may_want_a_client_certificate() -> None:
    door = Admission(1000)
    route = Route(client_subjects=("webhook-server@tradingview.com", "TradingView Webhooks"))

    with_certificate = Visitor(TRADINGVIEW.address, "CN=TradingView Webhooks,O=TradingView\\, Inc.")

    assert door.admit(with_certificate, "swing", route) is None
    assert door.admit(TRADINGVIEW, "swing", route).code == "certificate"
