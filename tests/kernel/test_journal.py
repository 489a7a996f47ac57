"""The journal: group commit, migrations, exact decimals, errors that tell what to do."""

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, inspect, select
from sqlalchemy.exc import IntegrityError

from alertwire.faults import ConfigurationError, JournalUnavailable
from alertwire.journal.commit import GroupCommit
from alertwire.journal.database import open_database, read_database
from alertwire.journal.tables import fills, metadata, streams
from tests.postgresql import postgresql

AT = datetime(2026, 11, 22, 14, 30, 0, 123_456, UTC)
INSERT = insert(streams)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'journal.db'}"


def add(name: str):
    return lambda connection: connection.execute(INSERT, {"stream_id": name, "created_at": AT})


def names(path: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(path / "journal.db")) as connection:
        return {row[0] for row in connection.execute("SELECT stream_id FROM streams")}


@pytest.fixture
def journal(tmp_path: Path):
    opened = GroupCommit(open_database(url(tmp_path), setting="ALERTWIRE_JOURNAL_URL"))
    yield opened
    opened.close()


def test_the_migrations_make_the_tables_as_they_are_declared(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path), setting="X")
    found = inspect(engine)
    for table in metadata.sorted_tables:
        columns = {c["name"]: c["nullable"] for c in found.get_columns(table.name)}
        assert columns == {c.name: bool(c.nullable) for c in table.columns}
        assert {i["name"] for i in found.get_indexes(table.name)} == {i.name for i in table.indexes}
    engine.dispose()


def test_a_commit_is_synced_and_in_wal_mode(journal: GroupCommit) -> None:
    def pragmas(connection: Connection) -> tuple[object, object]:
        read = connection.exec_driver_sql
        return read("PRAGMA journal_mode").scalar(), read("PRAGMA synchronous").scalar()

    assert journal.run(pragmas) == ("wal", 2)


def test_what_many_threads_commit_at_once_is_all_kept(journal: GroupCommit, tmp_path: Path) -> None:
    def work(thread: int) -> None:
        for number in range(25):
            journal.run(add(f"{thread}-{number}"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert names(tmp_path) == {f"{t}-{n}" for t in range(16) for n in range(25)}


def test_commits_of_those_who_wait_share_one_sync(tmp_path: Path) -> None:
    engine = open_database(url(tmp_path), setting="X")
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)
    journal = GroupCommit(engine)
    inside, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        inside.set()
        release.wait(5)
        add("leader")(connection)

    leader = threading.Thread(target=journal.run, args=(slow,))
    leader.start()
    inside.wait(5)
    followers = [threading.Thread(target=journal.run, args=(add(str(n)),)) for n in range(7)]
    for thread in followers:
        thread.start()
    while len(journal._waiting) < 7:
        time.sleep(0.001)
    release.set()
    for thread in (leader, *followers):
        thread.join()

    assert names(tmp_path) == {"leader", *map(str, range(7))}
    assert len(commits) == 2
    journal.close()


def test_one_that_fails_does_not_spoil_the_others(journal: GroupCommit, tmp_path: Path) -> None:
    barrier = threading.Barrier(3)
    failures: list[Exception] = []

    def bad(connection: Connection) -> None:
        add("bad")(connection)
        raise LookupError("mine alone")

    def run(work) -> None:
        barrier.wait(5)
        try:
            journal.run(work)
        except LookupError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(w,)) for w in (add("a"), bad, add("b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert names(tmp_path) == {"a", "b"}
    assert len(failures) == 1


def test_a_wrong_statement_is_a_bug_and_not_a_journal_to_wait_for(journal: GroupCommit) -> None:
    journal.run(add("once"))

    with pytest.raises(IntegrityError):
        journal.run(add("once"))

    journal.run(add("and it goes on"))


def test_a_locked_journal_says_so_within_two_seconds_and_keeps_nothing(
    journal: GroupCommit, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(JournalUnavailable, match="locked"):
        journal.run(add("late"))

    other.execute("ROLLBACK")
    other.close()
    assert names(tmp_path) == set()
    journal.run(add("afterwards"))
    assert names(tmp_path) == {"afterwards"}


def test_a_table_locked_in_postgresql_says_so_and_keeps_nothing() -> None:
    with postgresql() as location:
        engine = open_database(location, setting="X")
        journal = GroupCommit(engine)
        with engine.connect() as other:
            other.exec_driver_sql("LOCK TABLE streams IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(JournalUnavailable, match="lock timeout"):
                journal.run(add("late"))
            other.rollback()
        journal.run(add("afterwards"))
        kept = journal.run(lambda connection: connection.execute(select(streams.c.stream_id)).all())
        journal.close()

    assert kept == [("afterwards",)]


def test_a_caller_whose_turn_does_not_come_gives_up_and_keeps_nothing(
    journal: GroupCommit, tmp_path: Path
) -> None:
    release = threading.Event()
    inside = threading.Event()

    def slow(connection: Connection) -> None:
        inside.set()
        release.wait(10)
        add("slow")(connection)

    leader = threading.Thread(target=journal.run, args=(slow,))
    leader.start()
    inside.wait(5)
    with pytest.raises(JournalUnavailable, match=r"within 0\.1 s"):
        journal.run(add("impatient"), timeout_s=0.1)
    release.set()
    leader.join()

    journal.run(add("next"))
    assert names(tmp_path) == {"slow", "next"}


def test_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    script = f"""
import os, signal
from tests.kernel.test_journal import *
journal = GroupCommit(open_database({url(tmp_path)!r}, setting="X"))
journal.run(add("kept"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)

    assert done.returncode == -9
    assert names(tmp_path) == {"kept"}


def test_a_decimal_keeps_every_digit(journal: GroupCommit) -> None:
    price = Decimal("12345678901.12345678")
    row = {
        "execution_id": "1",
        "order_ref": "r",
        "quantity": Decimal("0.1"),
        "price": price,
        "at": AT,
        "commission": None,
        "commission_currency": "",
    }
    journal.run(lambda connection: connection.execute(insert(fills), row))

    found = journal.run(lambda c: c.execute(select(fills.c.price, fills.c.at)).one())

    assert tuple(found) == (price, AT)


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy() -> None:
    with pytest.raises(ConfigurationError, match=r"ALERTWIRE_JOURNAL_URL.*cannot be opened"):
        open_database("sqlite:////proc/nowhere/journal.db", setting="ALERTWIRE_JOURNAL_URL")


@pytest.mark.parametrize("wrong", ["mysql://host/db", "no url", "sqlite://"])
def test_a_url_that_cannot_serve_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="ALERTWIRE_JOURNAL_URL"):
        open_database(wrong, setting="ALERTWIRE_JOURNAL_URL")


def test_a_journal_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    open_database(url(tmp_path), setting="ALERTWIRE_JOURNAL_URL").dispose()
    with sqlite3.connect(tmp_path / "journal.db") as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(ConfigurationError, match="was made by a newer Alertwire"):
        open_database(url(tmp_path), setting="ALERTWIRE_JOURNAL_URL")

    with sqlite3.connect(tmp_path / "journal.db") as left:
        assert left.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_reading_a_journal_that_does_not_exist_makes_none(tmp_path: Path) -> None:
    assert read_database(url(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_start_waits_for_a_database_that_another_program_has_locked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.db"
    open_database(url, setting="X").dispose()
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    # Longer than one wait for a lock.
    release = threading.Timer(2.5, other.execute, ["ROLLBACK"])
    release.start()

    engine = open_database(url, setting="X")

    assert release.finished.is_set()
    engine.dispose()
    other.close()
