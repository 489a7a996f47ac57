"""The key files of the bus: their modes, their form, and what refuses to start."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zmq
from typer.testing import CliRunner

from alertwire import keys
from alertwire.cli.keys import examine
from alertwire.cli.main import app
from alertwire.faults import ConfigurationError
from alertwire.keys import GATEWAY, OPERATOR, AllowList
from alertwire.settings import Settings


def make_keys(folder: Path) -> None:
    for name in keys.FIRST_NAMES:
        keys.make_pair(folder, name, keys.usual_lists(name))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys" / "bus"
    make_keys(made)
    return made


def test_key_files_have_the_modes_and_the_form_that_are_documented(folder: Path) -> None:
    for name in keys.FIRST_NAMES:
        secret, public = folder / f"{name}.key_secret", folder / f"{name}.key"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert stat.S_IMODE(public.stat().st_mode) == 0o644
        assert len(secret.read_text()) == len(public.read_text()) == 41
        assert zmq.curve_public(secret.read_bytes().strip()) == public.read_bytes().strip()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_secret_that_others_can_read_refuses_to_start(folder: Path, mode: int) -> None:
    path = folder / "gateway.key_secret"
    path.chmod(mode)

    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}"):
        keys.load_pair(folder, GATEWAY)


@pytest.mark.parametrize("where", [".", "allowed", "allowed/commands"])
def test_a_folder_that_others_can_write_refuses_to_start(folder: Path, where: str) -> None:
    (folder / where).chmod(0o777)

    with pytest.raises(ConfigurationError, match="chmod 700"):
        keys.load_pair(folder, GATEWAY)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "gateway.key_secret").unlink(), "alertwire keys new gateway"),
        (lambda f: (f / "gateway.key_secret").write_text("no key"), "40 characters of Z85"),
        (lambda f: (f / "gateway.key_secret").write_text("é" * 40), "40 characters of Z85"),
        (lambda f: shutil.copy(f / "consumer.key", f / "gateway.key"), "does not belong"),
    ],
    ids=["missing", "text", "not ASCII", "another's half"],
)
def test_spoilt_keys_never_mean_no_encryption(
    folder: Path, spoil: Callable[[Path], Any], said: str
) -> None:
    spoil(folder)

    with pytest.raises(ConfigurationError, match=said):
        keys.load_pair(folder, GATEWAY)


def test_an_interrupted_making_is_finished_and_a_revoked_key_stays_revoked(folder: Path) -> None:
    (folder / "operator.key").unlink()
    keys.revoke(folder, OPERATOR)

    assert keys.make_pair(folder, OPERATOR, keys.usual_lists(OPERATOR))
    assert keys.revoke(folder, OPERATOR) == (AllowList.REPORTS, AllowList.CONTROL)
    make_keys(folder)

    assert keys.revoke(folder, OPERATOR) == ()


@pytest.mark.parametrize("name", ["", "../gateway", "Gateway", "a" * 33, "a.b", "-a"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name"):
        keys.make_pair(tmp_path, name)


def test_doctor_tells_how_the_bus_is_protected(tmp_path: Path) -> None:
    alone = Settings(home=tmp_path)
    reachable = Settings(home=tmp_path, acks_endpoint="tcp://*:1")
    found, remedy = examine(alone)
    assert "plain, on this machine only" in found
    assert remedy == ""
    found, remedy = examine(reachable)
    assert "ALERTWIRE_ACKS_ENDPOINT" in found
    assert "alertwire keys new" in remedy

    make_keys(alone.bus_keys_folder)

    assert examine(reachable) == ("encrypted; keys say who may connect", "")
    (alone.bus_keys_folder / "consumer.key_secret").chmod(0o644)
    assert "consumer" in examine(reachable)[1]


def alertwire(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def listed() -> dict[str, dict[str, Any]]:
    rows = [json.loads(line) for line in alertwire("keys", "list", "--json").splitlines()]
    return {row["name"]: row for row in rows}


def test_the_verbs_make_list_allow_and_revoke(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert alertwire("keys", "list").startswith("there are no keys")
    alertwire("keys", "new")
    folder = tmp_path / "keys" / "bus"
    before = {path.name: path.read_bytes() for path in folder.glob("*.key*")}
    bundle = tmp_path / "far"
    alertwire("keys", "new", "consumer-2", "--bundle", str(bundle))

    rows = listed()
    assert rows["consumer"]["may"] == ["alerts", "commands"]
    assert rows["operator"]["may"] == ["reports", "control"]
    assert rows["producer"]["may"] == rows["gateway"]["may"] == rows["consumer-2"]["may"] == []
    assert rows["consumer-2"]["secret"] == "0600"
    assert stat.S_IMODE((bundle / "consumer-2.key_secret").stat().st_mode) == 0o600

    alertwire("keys", "allow", "consumer-2")
    with pytest.raises(ConfigurationError, match="--to alerts --to commands"):
        alertwire("keys", "allow", "somebody")
    with pytest.raises(ConfigurationError, match=r"consumer-9\.key is missing"):
        alertwire("keys", "allow", "consumer-9")
    assert listed()["consumer-2"]["may"] == ["alerts", "commands"]
    assert "restart the producer and the gateway" in alertwire("keys", "revoke", "consumer-2")
    with pytest.raises(ConfigurationError, match="stands on no list"):
        alertwire("keys", "revoke", "consumer-2")

    alertwire("keys", "new")
    assert before.items() <= {p.name: p.read_bytes() for p in folder.glob("*.key*")}.items()
    said = alertwire("keys", "list") + json.dumps(listed())
    assert not [p for p in folder.glob("*.key_secret") if p.read_text().strip() in said]
