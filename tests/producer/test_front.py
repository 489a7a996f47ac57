"""Whom the producer believes about who sent a request."""

from typing import Any

import pytest

from producer.front import SUBJECT, Front, is_within, read_networks

PROXY, SENDER, STRANGER = "172.20.0.2", "52.89.214.238", "203.0.113.9"


def seen_by_the_app(peer: str, **headers: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return [b""]

    front = Front(app, read_networks(["172.20.0.0/16"]), "X-Client-Subject")
    front({"REMOTE_ADDR": peer, **headers}, lambda *_: None)
    return seen


def test_a_configured_proxy_says_who_connected_to_it() -> None:
    assert seen_by_the_app(PROXY, HTTP_X_FORWARDED_FOR=SENDER)["REMOTE_ADDR"] == SENDER


@pytest.mark.parametrize("told", [f"{SENDER}, {STRANGER}", f"{STRANGER},{SENDER}"])
def test_more_than_one_address_is_believed_to_be_nobodys(told: str) -> None:
    address = seen_by_the_app(PROXY, HTTP_X_FORWARDED_FOR=told)["REMOTE_ADDR"]

    assert not is_within(address, read_networks(["0.0.0.0/0", "::/0"]))


def test_a_stranger_cannot_pose_as_tradingview() -> None:
    seen = seen_by_the_app(
        STRANGER, HTTP_X_FORWARDED_FOR=SENDER, HTTP_X_CLIENT_SUBJECT="CN=TradingView Webhooks"
    )

    assert seen["REMOTE_ADDR"] == STRANGER
    assert SUBJECT not in seen


def test_a_configured_proxy_tells_the_subject_of_the_clients_certificate() -> None:
    seen = seen_by_the_app(PROXY, HTTP_X_CLIENT_SUBJECT="CN=TradingView Webhooks")

    assert seen[SUBJECT] == "CN=TradingView Webhooks"


def test_every_answer_carries_the_security_headers() -> None:
    told: list[tuple[str, str]] = []

    def app(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]

    Front(app, (), "")({"REMOTE_ADDR": STRANGER}, lambda _status, headers: told.extend(headers))

    assert ("X-Content-Type-Options", "nosniff") in told
    assert ("Cache-Control", "no-store") in told


@pytest.mark.parametrize(
    ("address", "expected"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("11.0.0.1", False), ("unix", False)],
)
def test_an_address_lies_in_a_network_also_in_its_ipv6_form(address: str, expected: bool) -> None:
    assert is_within(address, read_networks(["10.0.0.0/8"])) is expected


def test_a_wrong_network_is_named() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0\.0/33' is no address or network"):
        read_networks(["10.0.0.0/33"])
