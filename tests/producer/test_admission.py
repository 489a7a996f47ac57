"""Who may knock at the webhook."""

import pytest

from alertwire.routes import Route
from producer.admission import LOCK_OUT_S, WRONG_TOKENS_MAX, Admission, Visitor
from producer.front import read_networks

TRADINGVIEW = Visitor("52.89.214.238")
STRANGER = Visitor("203.0.113.9")
PROXY = Visitor("10.0.0.2")


def admission(requests_per_minute_max: int = 1000) -> Admission:
    return Admission(requests_per_minute_max, read_networks([PROXY.address]))


def guess(door: Admission, visitor: Visitor, times: int) -> list[int]:
    return [door.refuse_token(visitor).status for _ in range(times)]


def test_a_flood_from_one_address_is_answered_429_and_others_are_not() -> None:
    door = admission(requests_per_minute_max=5)

    answers = [door.admit_stranger(STRANGER) for _ in range(6)]

    assert answers[:5] == [None] * 5
    assert (answers[5].status, answers[5].retry_after_s) == (429, 60)
    assert door.admit_stranger(TRADINGVIEW) is None


def test_an_address_that_guesses_tokens_is_locked_out() -> None:
    door = admission()

    answers = guess(door, STRANGER, WRONG_TOKENS_MAX + 1)

    assert answers == [401] * WRONG_TOKENS_MAX + [429]
    assert door.admit_stranger(STRANGER).retry_after_s == LOCK_OUT_S
    assert door.admit_stranger(Visitor("203.0.113.10")) is None


@pytest.mark.parametrize("visitor", [TRADINGVIEW, PROXY, Visitor("127.0.0.1")])
def test_an_address_that_many_share_still_delivers_what_has_the_right_token(
    visitor: Visitor,
) -> None:
    door = admission()

    answers = guess(door, visitor, WRONG_TOKENS_MAX + 2)

    assert answers[-1] == 429
    assert door.admit_stranger(visitor) is None


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
    refused = admission().admit(visitor, "swing", Route(addresses=addresses))

    assert (refused is None) is is_in
    assert refused is None or (refused.status, refused.code) == (403, "address")


def test_a_route_may_want_a_client_certificate() -> None:
    door = admission()
    route = Route(client_subjects=("webhook-server@tradingview.com", "TradingView Webhooks"))

    with_certificate = Visitor(TRADINGVIEW.address, "CN=TradingView Webhooks,O=TradingView\\, Inc.")

    assert door.admit(with_certificate, "swing", route) is None
    assert door.admit(TRADINGVIEW, "swing", route).code == "certificate"
