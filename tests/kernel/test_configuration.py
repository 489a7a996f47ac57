"""What alertwire.toml may say of gateways, and what it is refused for."""

from pathlib import Path

import pytest

from alertwire.configuration import read_configuration
from alertwire.faults import ConfigurationError
from alertwire.routes import load_routes
from alertwire.settings import Settings

STOCK = 'type = "stock", symbol = "X", exchange = "SMART"'
FUTURE = 'type = "future", symbol = "X", exchange = "CME"'
SECOND = '[gateways.second]\ncommands_endpoint = "tcp://127.0.0.1:5567"\n'
OTHER_ROUTE = '[routes.b]\naccounts = ["DU2"]\n'


def test_gateways_are_read_beside_the_routes(tmp_path: Path) -> None:
    path = tmp_path / "alertwire.toml"
    path.write_text(
        SECOND + '[routes.default]\naccounts = ["DU1", { id = "DU2", gateway = "second" }]\n'
    )

    routes = load_routes(Settings(home=tmp_path, config=path))

    assert routes.gateways["second"].commands_endpoint == "tcp://127.0.0.1:5567"
    assert [a.gateway for a in routes.by_name["default"].accounts] == ["", "second"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            '[routes.a]\naccounts = [{ id = "DU2", gateway = "third" }]\n',
            "line 4: routes.a.accounts: account DU2 is behind gateway 'third', which [gateways]",
        ),
        (
            "[routes.a]\naccounts = [{ id = 'DU2', gateway = 'second' }]\n" + OTHER_ROUTE,
            "line 6: routes.b.accounts: account DU2 is behind gateway '' here and 'second' in",
        ),
        (
            '[gateways.third]\ncommands_endpoint = "tcp://127.0.0.1:5567"\n',
            "line 3: gateways.third: two of them have the same commands_endpoint",
        ),
        ("[routes.a]\nactions_allowed = 5\n", "line 4: routes.a.actions_allowed"),
        ("[routes.a]\nactions_allowed = true\n", "line 4: routes.a.actions_allowed"),
        (
            '[routes.a]\nactions_allowed = ["buy", "hold"]\n',
            "line 4: routes.a.actions_allowed: 'hold' is not one of buy, sell, exit",
        ),
        (
            '[routes.a]\nquantity_type = "lots"\n',
            "line 4: routes.a.quantity_type: 'lots' is not one of units, cash",
        ),
        (
            '[routes.a]\nstrategy = "s"\naccounts = ["DU1", "DU1"]\n',
            "line 5: routes.a.accounts: names an account twice",
        ),
        ('[routes.a]\naddresses = "tradingview"\n', "line 4: routes.a.addresses: must be a list"),
        ('[routes.a]\naccounts = ["DU 1"]\n', "line 4: routes.a.accounts.0.id: holds signs"),
        (
            f'[routes.a.symbols]\n"es" = {{ {STOCK} }}\n',
            "line 4: routes.a.symbols.es: must be in capitals",
        ),
        (
            f'[routes.a.symbols]\nX = {{ {STOCK}, currency = "usd" }}\n',
            "line 4: routes.a.symbols.X.currency",
        ),
        (
            f'[routes.a.symbols]\nX = {{ {FUTURE}, expiry = "202613" }}\n',
            "line 4: routes.a.symbols.X: expiry must be a month or day",
        ),
        # It would hold for no contract.
        ("[futures.es]\nroll_days = 5\n", "line 3: futures.es: must be the root in capitals"),
        (
            '[gateways.a]\ncommands_endpoint = "x"\n',
            "line 4: gateways.a.commands_endpoint: must be",
        ),
        ("[routes.a]\nsymbols_allowed = ['']\n", "line 4: routes.a.symbols_allowed"),
        ("[route.a]\n", "line 3: route: is not a setting"),
        # Every subject holds the empty text.
        ('[routes.a]\nclient_subjects = [""]\n', "line 4: routes.a.client_subjects"),
    ],
)
def test_what_could_order_twice_or_nowhere_is_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "alertwire.toml"
    path.write_text(SECOND + text)

    with pytest.raises(ConfigurationError) as refused:
        read_configuration(path)

    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('\ntoken = "short"\n', "line 3: routes.a.token has 5 characters"),
        ('token = "0123456789/abcdef"\n', "line 2: routes.a.token has a character"),
        (
            'token = "0123456789abcdef"\nprevious_token = "short"\n',
            "line 3: routes.a.previous_token has 5 characters",
        ),
        (
            'token = "0123456789abcdef"\n[routes.b]\ntoken = "0123456789abcdef"\n',
            "line 3: routes.b: two routes share a token, this one and a",
        ),
    ],
)
def test_what_is_wrong_with_a_token_is_told_with_its_line(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "alertwire.toml"
    path.write_text("[routes.a]\n" + text)

    with pytest.raises(ConfigurationError) as refused:
        load_routes(Settings(home=tmp_path, config=path), with_tokens=True)

    assert reason in str(refused.value)
    assert "0123456789" not in str(refused.value)
