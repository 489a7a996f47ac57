"""Each route's own rules at a real webhook: addresses, symbols, actions, headers, OpenAPI."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.producer.processes import TOKEN, Producer

PROXIED = {"ALERTWIRE_TRUSTED_PROXIES": "127.0.0.1", "ALERTWIRE_CLIENT_SUBJECT_HEADER": "X-Subject"}
BUY = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": 1}


def post(producer: Producer, body: object, **headers: str) -> tuple[int, str]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    status, answer, _ = producer.request("POST", f"/webhook/{TOKEN}", json.dumps(body), names)
    return status, answer.get("error", {}).get("code", "")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_behind_a_configured_proxy_only_the_routes_addresses_get_in(home: Path) -> None:
    (home / "alertwire.toml").write_text('[routes.default]\naddresses = ["tradingview"]\n')
    with closing(Producer(home, **PROXIED).start()) as producer:
        from_tradingview = post(producer, BUY, X_Forwarded_For="34.212.75.30")
        from_elsewhere = post(producer, BUY, X_Forwarded_For="1.2.3.4")
        from_both = post(producer, BUY, X_Forwarded_For="1.2.3.4, 34.212.75.30")

        assert from_tradingview == (200, "")
        assert from_elsewhere == (403, "address")
        assert from_both == (403, "address")


def test_without_a_configured_proxy_the_forwarded_address_is_not_believed(home: Path) -> None:
    (home / "alertwire.toml").write_text('[routes.default]\naddresses = ["tradingview"]\n')
    with closing(Producer(home).start()) as producer:
        assert post(producer, BUY, X_Forwarded_For="34.212.75.30") == (403, "address")


def test_a_port_behind_the_forwarded_address_is_no_part_of_it(home: Path) -> None:
    (home / "alertwire.toml").write_text('[routes.default]\naddresses = ["tradingview"]\n')
    with closing(Producer(home, **PROXIED).start()) as producer:
        assert post(producer, BUY, X_Forwarded_For="34.212.75.30:443") == (200, "")
        assert post(producer, BUY, X_Forwarded_For="1.2.3.4:443") == (403, "address")

        guesses = [
            producer.request(
                "POST", f"/webhook/wrong-{n}", b"{}", {"X-Forwarded-For": f"1.2.3.4:{n + 1000}"}
            )[0]
            for n in range(12)
        ]
        assert guesses == [401] * 10 + [429] * 2


def test_a_client_certificate_can_be_demanded_of_the_proxy(home: Path) -> None:
    (home / "alertwire.toml").write_text(
        '[routes.default]\nclient_subjects = ["webhook-server@tradingview.com"]\n'
    )
    with closing(Producer(home, **PROXIED).start()) as producer:
        subject = "emailAddress=webhook-server@tradingview.com,O=TradingView"

        assert post(producer, BUY, X_Subject=subject) == (200, "")
        assert post(producer, BUY, X_Subject="CN=somebody") == (403, "certificate")
        assert post(producer, BUY) == (403, "certificate")


def test_a_route_may_want_a_secret_in_the_body_and_keeps_none_of_it(home: Path) -> None:
    (home / "alertwire.toml").write_text('[routes.default]\nsecret = "open-sesame"\n')
    with closing(Producer(home).start()) as producer:
        assert post(producer, BUY | {"passphrase": "open-sesame"}) == (200, "")
        assert post(producer, BUY | {"passphrase": "open"}) == (401, "secret")
        assert post(producer, BUY) == (401, "secret")
        kept = producer.rows("SELECT code, raw_body FROM refusals")
        assert [row["code"] for row in kept] == ["secret", "secret"]
        assert b'"open"' not in kept[0]["raw_body"]
        # An alert, and no word to the gateway of what a stranger may have made up.
        [row] = producer.rows("SELECT raw_body FROM alerts")
        assert b"sesame" not in row["raw_body"]
        assert "sesame" not in producer.log.read_text()


def test_a_route_trades_its_symbols_and_actions_only_and_keeps_what_it_refuses(home: Path) -> None:
    (home / "alertwire.toml").write_text(
        '[routes.default]\nsymbols_allowed = ["nasdaq:*"]\nactions_allowed = ["buy", "exit"]\n'
    )
    with closing(Producer(home).start()) as producer:
        assert post(producer, BUY) == (200, "")
        assert post(producer, BUY | {"symbol": "NYSE:IBM"}) == (422, "not_allowed")
        assert post(producer, BUY | {"action": "sell"}) == (422, "not_allowed")
        kept = producer.rows("SELECT field FROM refusals ORDER BY refusal_id")
        assert [row["field"] for row in kept] == ["symbol", "action"]


@pytest.mark.parametrize(
    "body",
    [
        {"symbol": "NASDAQ:AAPL", "action": "flatten", "scope": "account"},
        {"symbol": "NASDAQ:AAPL", "action": "flatten", "scope": "strategy"},
        {"symbol": "NASDAQ:AAPL", "action": "cancel", "scope": "account"},
        "601,closeall,AAPL",
    ],
)
def test_a_route_of_some_symbols_does_not_reach_beyond_them(home: Path, body: object) -> None:
    (home / "alertwire.toml").write_text('[routes.default]\nsymbols_allowed = ["*AAPL"]\n')
    with closing(Producer(home).start()) as producer:
        status, answer = producer.post(body)

        assert (status, answer["error"]["code"]) == (422, "not_allowed")
        assert answer["error"]["field"] == "scope"
        one = {"symbol": "NASDAQ:AAPL", "action": "flatten", "scope": "instrument"}
        assert producer.post(one)[0] == 200


def test_a_guesser_is_locked_out_and_the_right_token_still_gets_in(home: Path) -> None:
    with closing(Producer(home).start()) as producer:
        statuses = [producer.post(BUY, token=f"wrong-{n}")[0] for n in range(12)]

        assert statuses[:10] == [401] * 10
        assert set(statuses[10:]) == {429}
        # Many may share its address: TradingView's, or a proxy's that nobody configured.
        assert producer.post(BUY)[0] == 200


def test_probes_are_answered_to_nobody_without_end(shared: Producer) -> None:
    def ask() -> tuple[int, dict[str, str]]:
        status, _, headers = shared.get("/metrics")
        return status, {name.lower(): value for name, value in headers.items()}

    answers = [ask() for _ in range(300)]

    refused = [headers for status, headers in answers if status == 429]
    assert answers[0][0] == 200
    assert all(headers["retry-after"] == "1" for headers in refused)
    assert refused or len(answers) < 60


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/nothing", f"/webhook/{TOKEN}"])
def test_every_answer_has_the_security_headers_and_names_no_server(
    shared: Producer, path: str
) -> None:
    headers = {name.lower(): value for name, value in shared.get(path)[2].items()}

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "granian" not in str(headers).lower()


def test_the_openapi_document_describes_the_webhook(shared: Producer) -> None:
    status, document, _ = shared.get("/openapi.json")

    assert status == 200
    answers = document["paths"]["/webhook/{token}"]["post"]["responses"]
    assert {"200", "400", "401", "403", "413", "422", "429", "503"} <= set(answers)
