"""Webhook tokens: generated, rotated with an overlap, never two alike."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from alertwire.configuration import Route
from alertwire.faults import ConfigurationError
from alertwire.routes import Routes, load_routes, token_file
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


@pytest.mark.parametrize("held", ["", "\n", "123456789012345"])
def test_a_token_that_is_empty_or_cut_short_is_never_in_force(
    settings: Settings, held: str
) -> None:
    path = token_file(settings, "default")
    token_or_new(path)
    path.write_text(held)

    with pytest.raises(ConfigurationError, match=r"webhook-token has \d+ characters .*remove"):
        load_routes(settings, with_tokens=True)


def test_every_other_token_must_be_long_too(settings: Settings) -> None:
    by_hand = settings.model_copy(update={"webhook_token": SecretStr("123456789012345")})
    with pytest.raises(ConfigurationError, match="ALERTWIRE_WEBHOOK_TOKEN has 15 characters"):
        load_routes(by_hand, with_tokens=True)

    rotate(path := token_file(settings, "default"), DAY, NOW)
    path.with_name("webhook-token.previous").write_text(f"x {(NOW + DAY).isoformat()}")
    with pytest.raises(ConfigurationError, match=r"webhook-token\.previous has 1 char.*remove"):
        load_routes(settings, with_tokens=True)

    settings.config.write_text('[routes.a]\nprevious_token = "123456789012345"\n')
    with pytest.raises(ConfigurationError, match=r"routes\.a\.previous_token has 15 char.*remove"):
        load_routes(settings, with_tokens=True)


def test_no_token_is_the_token_of_no_route() -> None:
    assert Routes({"default": Route()}).name_of("", NOW) is None


def test_a_token_that_is_no_text_is_named(settings: Settings) -> None:
    token_or_new(path := token_file(settings, "default"))
    path.write_bytes(b"\xff" * 20)

    with pytest.raises(ConfigurationError, match="webhook-token cannot be read"):
        load_routes(settings, with_tokens=True)


def test_a_token_is_on_the_disk_before_it_has_its_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    named: list[str] = []
    link, replace, fsync = os.link, Path.replace, os.fsync

    def note_sync(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def check(draft: Path) -> None:
        assert {str(draft), str(draft.parent)} <= synced
        synced.clear()

    def note_link(draft: Path, path: Path) -> None:
        check(draft)
        named.append(path.name)
        link(draft, path)

    def note_replace(draft: Path, path: Path) -> Path:
        check(draft)
        named.append(path.name)
        return replace(draft, path)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "link", note_link)
    monkeypatch.setattr(Path, "replace", note_replace)
    rotate(token_file(settings, "default"), DAY, NOW)

    assert named == ["webhook-token", "webhook-token.previous", "webhook-token"]
    assert synced == {str(settings.keys_folder)}


def test_a_promised_token_is_not_ended_by_another_rotation(settings: Settings) -> None:
    path = token_file(settings, "default")
    first = token_or_new(path)
    rotate(path, DAY, NOW)
    second = path.read_text()

    with pytest.raises(ConfigurationError, match=r"until 2026-11-21 12:00 UTC.*\.previous"):
        rotate(path, DAY, NOW + DAY / 2)

    routes = load_routes(settings, with_tokens=True)
    assert [routes.name_of(each, NOW + DAY / 2) for each in (first, second)] == ["default"] * 2
    rotate(path, DAY, NOW + DAY)
    assert previous_token(path).token == second


def test_a_rotation_that_broke_off_can_be_done_again(settings: Settings) -> None:
    path = token_file(settings, "default")
    old = token_or_new(path)
    rotate(path, DAY, NOW)
    path.write_text(old)

    rotate(path, DAY, NOW)

    assert previous_token(path).token == old
    assert path.read_text() != old
