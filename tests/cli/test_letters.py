"""`alertwire trace`, `drop` and `config check` where something is wrong."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alertwire import keys
from alertwire.cli import probes
from alertwire.cli.main import app
from alertwire.cli.probes import Answer
from alertwire.faults import ConfigurationError
from alertwire.settings import load_settings
from tests.cli.verbs import run
from tests.records import Records

UNKNOWN = "01KAPRT3M2W8Y4ZC9N5QNOSUCH"


def test_a_strangers_text_neither_colours_nor_breaks_a_trace(records: Records) -> None:
    refused = records.refusal(
        b"\x1b[31mbody", detail="\x1b[31mdetail", field="\x1b[31mfield", source="\x9bsource"
    )
    alert = records.alert("VOIDED", detail="\x1b[31mdetail", handled_as="\x1b[31mhandled")

    said = run("trace", refused).stdout + run("trace", alert).stdout

    assert "\x1b" not in said
    assert "\x9b" not in said
    for word in ("body", "detail", "field", "handled"):
        assert f"\\x1b[31m{word}" in said
    assert "\\x9bsource" in said


def test_all_letters_are_dropped_whatever_becomes_of_one(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = records.alert("VOIDED"), records.alert("EXPIRED")
    asked: list[str] = []

    def request(_settings: object, _method: str, path: str, *_: object) -> Answer:
        asked.append(path)
        return Answer(200, json.dumps({"dropped": path}))

    monkeypatch.setattr(probes, "request", request)
    said = run("drop", first, UNKNOWN, last, code=1).output

    assert asked == [f"/alerts/{first}/drop", f"/alerts/{last}/drop"]
    assert f"drop {UNKNOWN}: no alert or refusal" in said
    assert f'{{"dropped": "/alerts/{last}/drop"}}' in said
    run("drop", first, last)


def refused_check() -> str:
    done = CliRunner().invoke(app, ["config", "check"])
    assert isinstance(done.exception, ConfigurationError), done.output
    return str(done.exception)


def test_a_check_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path / "home"))
    (tmp_path / "alertwire.toml").write_text("[routes.a]\n[routes.b]\n")

    said = run("config", "check").stdout

    assert [path.name for path in tmp_path.iterdir()] == ["alertwire.toml"]
    for word in ("routes a, b", "journal sqlite, ledger sqlite", "bus: plain"):
        assert word in said


def test_a_check_names_a_root_of_futures_that_the_broker_calls_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alertwire.toml").write_text("[futures.ES]\n[futures.6E]\nroll_days = 5\n")

    assert "line 2: futures.6E: Interactive Brokers names this root EUR" in refused_check()


@pytest.mark.parametrize("setting", ["ALERTWIRE_JOURNAL_URL", "ALERTWIRE_LEDGER_URL"])
@pytest.mark.parametrize(
    "url", ["s3cret", "mysql://me:s3cret@h/d", "postgresql://me:s3cret@h:port/d", "sqlite://"]
)
def test_a_check_names_a_database_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(setting, url)

    said = refused_check()

    assert said.startswith(f"{setting}: ")
    assert "s3cret" not in said


def test_a_check_names_keys_of_the_bus_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path))
    folder = load_settings().bus_keys_folder
    for name in keys.FIRST_NAMES:
        keys.make_pair(folder, name, keys.usual_lists(name))
    assert "bus: encrypted" in run("config", "check").stdout

    (folder / "gateway.key_secret").chmod(0o644)

    assert "bus" in refused_check()


def test_a_check_names_a_bus_that_other_machines_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTWIRE_ALERTS_ENDPOINT", "tcp://0.0.0.0:5555")

    assert "ALERTWIRE_ALERTS_ENDPOINT can be reached from other machines" in refused_check()
