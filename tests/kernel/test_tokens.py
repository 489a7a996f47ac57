"""Webhook tokens: generated, rotated with an overlap, never two alike."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alertwire.faults import ConfigurationError
from alertwire.routes import load_routes, token_file
from alertwire.settings import Settings
from alertwire.tokens import previous_token, rotate, token_or_new

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "var", config=tmp_path / "alertwire.toml")


def test_every_route_without_a_token_gets_one_of_256_bits(settings: Settings) -> None:
    settings.config.write_text("[routes.a]\n[routes.b]\n")

    routes = load_routes(settings, with_tokens=True)

    assert [len(token) for token in routes.secrets()] == [43, 43]
    assert routes.name_of(token_file(settings, "b").read_text(), NOW) == "b"
    assert load_routes(settings, with_tokens=True).secrets() == routes.secrets()


def test_a_rotated_token_is_accepted_beside_the_new_one_until_its_time_is_over(
    settings: Settings,
) -> None:
    path = token_file(settings, "default")
    old = token_or_new(path)

    until = rotate(path, DAY, NOW)

    new = path.read_text()
    routes = load_routes(settings, with_tokens=True)
    assert until == NOW + DAY
    assert new != old
    for token in (old, new):
        assert routes.name_of(token, NOW + DAY - timedelta(seconds=1)) == "default"
    assert routes.name_of(old, NOW + DAY) is None
    assert routes.name_of(new, NOW + DAY) == "default"


def test_token_files_are_for_their_owner_only(settings: Settings) -> None:
    path = token_file(settings, "default")
    rotate(path, DAY, NOW)

    assert [stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()] == [0o600] * 2


def test_a_rotation_that_breaks_off_in_the_middle_locks_nobody_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = token_file(settings, "default")
    old = token_or_new(path)
    real = Path.replace

    def break_off(self: Path, target: Path) -> Path:
        if target == path:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", break_off)
    with pytest.raises(ConfigurationError, match="No space left"):
        rotate(path, DAY, NOW)

    assert path.read_text() == old
    assert previous_token(path).token == old
    assert load_routes(settings, with_tokens=True).name_of(old, NOW) == "default"


def test_a_token_of_the_file_can_be_rotated_by_hand(settings: Settings) -> None:
    settings.config.write_text(
        '[routes.a]\ntoken = "new-new-new-new-1"\nprevious_token = "old-old-old-old-1"\n'
    )

    routes = load_routes(settings, with_tokens=True)

    assert routes.name_of("old-old-old-old-1", NOW) == "a"
    assert routes.name_of("new-new-new-new-1", NOW) == "a"


def test_a_previous_token_that_cannot_be_read_is_named(settings: Settings) -> None:
    path = token_file(settings, "default")
    rotate(path, DAY, NOW)
    path.with_name("webhook-token.previous").write_text("half")

    with pytest.raises(ConfigurationError, match=r"webhook-token\.previous cannot be read"):
        load_routes(settings, with_tokens=True)
