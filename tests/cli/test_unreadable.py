"""What a verb says of a journal or ledger that it cannot read: one line with the remedy."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from alertwire.cli.main import app
from alertwire.faults import ConfigurationError
from alertwire.journal.database import DatabaseUnreadable, open_database, read_database
from tests.cli.verbs import run

ALERT = "01KAPRT3M2W8Y4ZC9N5QJ7XH6D"
READING = [
    ("alerts",),
    ("alerts", "--dead"),
    ("alerts", "--refused"),
    ("orders",),
    ("trace", ALERT),
    ("replay", ALERT),
    ("drop", ALERT),
    ("resolve",),
    ("journal", "export"),
    ("journal", "prune", "--before", "90d", "--dry-run"),
]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path))
    return tmp_path


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, ConfigurationError), done.exception
    line = str(done.exception)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("verb", READING, ids=" ".join)
def test_a_file_that_is_no_database_is_named_with_what_helps(
    home: Path, verb: tuple[str, ...]
) -> None:
    for name in ("journal.db", "ledger.db"):
        (home / name).write_text("not a database at all" * 100)

    assert "is not a database; restore it from a backup" in said(*verb)


@pytest.mark.parametrize("verb", READING, ids=" ".join)
def test_a_database_of_an_older_version_is_brought_up_to_date_by_a_start(
    home: Path, verb: tuple[str, ...]
) -> None:
    for name in ("journal.db", "ledger.db"):
        with sqlite3.connect(home / name) as connection:
            connection.execute("CREATE TABLE alerts (alert_id TEXT)")

    assert "the next start brings ours up to date: alertwire up" in said(*verb)


@pytest.mark.parametrize("verb", READING, ids=" ".join)
@pytest.mark.parametrize("url", ["no url", "mysql://host/db", "sqlite://"])
def test_a_url_that_cannot_serve_is_told_by_its_setting(
    home: Path, monkeypatch: pytest.MonkeyPatch, url: str, verb: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ALERTWIRE_JOURNAL_URL", url)
    monkeypatch.setenv("ALERTWIRE_LEDGER_URL", url)

    assert said(*verb).startswith(("ALERTWIRE_JOURNAL_URL: ", "ALERTWIRE_LEDGER_URL: "))


def test_a_server_that_cannot_be_reached_is_named_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTWIRE_JOURNAL_URL", "postgresql://me:secret@127.0.0.1:1/alerts")

    line = said("alerts")

    assert "postgresql://me:***@127.0.0.1:1/alerts cannot be read" in line
    assert "secret" not in line


def test_the_doctor_says_what_helps_a_database_of_an_older_version(home: Path) -> None:
    for name in ("journal.db", "ledger.db"):
        with sqlite3.connect(home / name) as connection:
            connection.execute("CREATE TABLE alerts (alert_id TEXT)")

    told = run("doctor", code=1).stdout

    assert "✗ journal: cannot be read: no such column" in told
    assert "✗ ledger: cannot be read: no such column" in told
    assert "→ another program or version made it" in told


def test_the_doctor_shows_a_name_in_brackets_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "[/red]"
    folder.mkdir(parents=True)
    monkeypatch.setenv("ALERTWIRE_HOME", str(folder))

    assert "[/red]" in run("doctor", code=1).stdout


def test_verify_names_the_file_that_it_cannot_read(home: Path) -> None:
    (home / "journal.db").write_text("not a database at all" * 100)

    told = run("journal", "verify", code=1).stdout

    assert "journal.db cannot be read: file is not a database; restore it" in told
    assert "1 findings" in told


def test_a_folder_whose_name_needs_quoting_is_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/50%20 #1/journal.db"
    open_database(url, setting="ALERTWIRE_JOURNAL_URL").dispose()

    engine = read_database(url)

    assert engine
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alerts")).scalar_one() == 0
        with pytest.raises(DatabaseUnreadable, match="readonly"):
            connection.execute(text("DELETE FROM alerts"))
    engine.dispose()


def test_a_flatten_that_reached_nobody_says_so_and_asks_nothing_again(home: Path) -> None:
    line = said("flatten", "--yes")

    assert line == "the gateway does not answer; start it with: alertwire up (or alertwire gateway)"
