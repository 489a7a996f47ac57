"""Settings and routes: what they accept, and what they say when they do not."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alertwire.faults import ConfigurationError
from alertwire.routes import Routes, default_token, load_routes
from alertwire.settings import PREFIX, Settings, env_example, load_settings, secret_names

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("ALERTWIRE_CONFIG", str(tmp_path / "alertwire.toml"))
    monkeypatch.chdir(tmp_path)


def write(text: str) -> Settings:
    Path("alertwire.toml").write_text(text)
    return load_settings()


def test_the_defaults_are_paper_loopback_and_the_simulator() -> None:
    settings = load_settings()

    assert settings.trading_mode.value == "paper"
    assert settings.producer_host == "127.0.0.1"
    assert settings.is_simulated
    assert settings.journal_location.endswith("/var/journal.db")


def test_an_unknown_variable_is_refused_with_the_nearest_name(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_PRODUCER_PROT", "1")

    with pytest.raises(ConfigurationError, match=r"PROT is not a setting: did you mean .*_PORT\?"):
        load_settings()


def test_all_wrong_variables_are_named_at_once(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_IB_PORT", "ibkr")
    monkeypatch.setenv("ALERTWIRE_TRADING_MODE", "yolo")

    with pytest.raises(ConfigurationError, match=r"(?s)TRADING_MODE.*IB_PORT"):
        load_settings()


def test_an_unknown_line_of_the_env_file_is_refused_too() -> None:
    Path(".env").write_text("ALERTWIRE_PRODUCER_PORTT=1\n")

    with pytest.raises(ConfigurationError, match="ALERTWIRE_PRODUCER_PORTT is not a setting"):
        load_settings()


def test_a_long_home_still_gives_a_socket_path_that_fits(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_HOME", "/tmp/" + "x" * 200)

    assert len(load_settings().control_location) < 107


def test_the_ledger_is_beside_a_sqlite_journal_and_inside_a_postgresql_one(monkeypatch) -> None:
    assert load_settings().ledger_location.endswith("/var/ledger.db")

    monkeypatch.setenv("ALERTWIRE_JOURNAL_URL", "postgresql://db/alertwire")

    assert load_settings().ledger_location == "postgresql://db/alertwire"


def test_a_journal_url_with_a_password_is_not_printed(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_JOURNAL_URL", "postgresql://me:hunter2@db/alertwire")

    assert "hunter2" not in repr(load_settings())


@pytest.mark.parametrize("name", secret_names())
def test_every_secret_may_stand_in_a_file(monkeypatch, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("postgresql://from-a-file/x\n")
    monkeypatch.setenv(f"{PREFIX}{name.upper()}_FILE", str(tmp_path / "secret"))

    secret = getattr(load_settings(), name)

    assert secret.get_secret_value() == "postgresql://from-a-file/x"
    assert "from-a-file" not in repr(load_settings())


@pytest.mark.parametrize("content", [None, "", "\n", "x" * 5000, "\xff"])
def test_a_secret_that_cannot_be_read_from_its_file_names_the_variable(
    monkeypatch, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "secret").write_bytes(content.encode("latin-1"))
    monkeypatch.setenv("ALERTWIRE_WEBHOOK_TOKEN_FILE", str(tmp_path / "secret"))

    with pytest.raises(ConfigurationError, match=r"ALERTWIRE_WEBHOOK_TOKEN_FILE: .*secret") as said:
        load_settings()

    assert "xxx" not in str(said.value)


def test_a_secret_given_twice_is_refused(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("0123456789abcdef")
    Path(".env").write_text(f"ALERTWIRE_WEBHOOK_TOKEN_FILE={tmp_path / 'secret'}\n")
    monkeypatch.setenv("ALERTWIRE_WEBHOOK_TOKEN", "fedcba9876543210")

    with pytest.raises(ConfigurationError, match="are both set") as said:
        load_settings()

    assert "0123456789" not in str(said.value)


def test_the_password_within_a_url_is_a_secret_too(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_JOURNAL_URL", "postgresql://me:hun%2Fter2@db/alertwire")

    assert {"hun%2Fter2", "hun/ter2"} <= set(load_settings().secrets)


def test_the_example_file_is_the_generated_one() -> None:
    assert (ROOT / ".env.example").read_text() == env_example(), "run make generate"


def test_the_token_is_generated_once_and_readable_by_its_owner_only() -> None:
    settings = load_settings()

    token = default_token(settings)

    assert len(token) >= 43
    assert default_token(settings) == token
    kept = settings.keys_folder / "webhook-token"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_token_that_cannot_be_kept_says_which_folder(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_HOME", "/proc/nowhere")

    with pytest.raises(ConfigurationError, match=r"/proc/nowhere.*ALERTWIRE_HOME"):
        default_token(load_settings())


def test_without_a_file_there_is_the_route_default(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_WEBHOOK_TOKEN", "a-token-from-outside")

    routes = load_routes(load_settings(), with_tokens=True)

    assert routes.name_of("a-token-from-outside", NOW) == "default"
    assert routes.name_of("another-token-here", NOW) is None


def test_routes_are_told_apart_by_their_tokens() -> None:
    settings = write(
        '[routes.fast]\ntoken = "0123456789abcdef"\n'
        'accounts = ["DU1", {id="DU2", multiplier="2"}]\n'
        '[routes.slow]\ntoken = "fedcba9876543210"\n'
    )

    routes = load_routes(settings, with_tokens=True)

    assert routes.name_of("0123456789abcdef", NOW) == "fast"
    assert routes.name_of("fedcba9876543210", NOW) == "slow"
    assert [str(a.multiplier) for a in routes.by_name["fast"].accounts] == ["1", "2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[routes.a]\ntoken = 'short'\n", r"routes\.a\.token has 5 characters"),
        ("[routes.a]\ntokn = 'x'\n", r"routes\.a\.tokn: is not a setting"),
        ("[routes.a\n", "cannot be read"),
        ("[routes.default]\nmax_age_s = -1\n", r"routes\.default\.max_age_s"),
        ("[routes.default]\naccounts = ['DU1', 'DU1']\n", "twice"),
        (
            "[routes.a]\ntoken='0123456789abcdef'\n[routes.b]\ntoken='0123456789abcdef'\n",
            "share a token",
        ),
        ("[routes.a]\ntoken='0123456789/abcdef'\n", r"routes\.a\.token has a character"),
        ("[routes.default]\nmax_age_s = inf\n", r"routes\.default\.max_age_s"),
        ("[routes.default]\nquantity = '1e-20'\n", r"routes\.default\.quantity"),
        ("[routes.default]\nstrategy = 'Übersicht'\n", r"routes\.default\.strategy"),
        ("[routes.'über']\ntoken='0123456789abcdef'\n", "über"),
    ],
)
def test_a_wrong_file_names_the_field_and_the_remedy(text: str, said: str) -> None:
    settings = write(text)

    with pytest.raises(ConfigurationError, match=said):
        load_routes(settings, with_tokens=True)


def test_a_token_is_not_printed_with_its_route() -> None:
    settings = write('[routes.a]\ntoken = "0123456789abcdef"\n')

    assert "0123456789abcdef" not in repr(Routes(load_routes(settings, with_tokens=True).by_name))


def test_a_token_that_no_address_can_carry_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_WEBHOOK_TOKEN", "with/a/slash")

    with pytest.raises(ConfigurationError, match="ALERTWIRE_WEBHOOK_TOKEN has a character"):
        load_routes(load_settings(), with_tokens=True)
