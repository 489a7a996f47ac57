"""A commit that broke, and kept its rows all the same: they are found and delivered, in order."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from alertwire.faults import JournalUnavailable
from producer import arrivals
from tests.postgresql import postgresql
from tests.producer.inside import Inside, inside
from tests.producer.processes import Executor, eventually


def break_commits(engine: Engine, monkeypatch: pytest.MonkeyPatch, which: Callable[[], bool]):
    """Let COMMIT reach the disk and then say that it failed, where `which` says so."""
    commit = engine.dialect.do_commit

    def do_commit(connection: Any) -> None:
        commit(connection)
        if which():
            raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(engine.dialect, "do_commit", do_commit)


def take_all(world: Inside, count: int) -> list[tuple[str, int]]:
    world.publisher.start()
    found = []
    with Executor(world.endpoints) as executor:
        while len(found) < count:
            delivery = executor.take()
            executor.receive(delivery)
            executor.decide(delivery)
            if (delivery.key, delivery.seq) not in found:
                found.append((delivery.key, delivery.seq))
    return found


def test_a_row_that_a_broken_commit_kept_is_delivered_before_what_came_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inside(tmp_path) as world:
        broken = [True]
        break_commits(world.engine, monkeypatch, lambda: broken.pop() if broken else False)
        first = world.post(strategy="s", id="1")
        second = world.post(strategy="s", id="2")
        again = world.post(strategy="s", id="1")

        delivered = take_all(world, 2)

    assert (first.status, second.status) == (503, 200)
    assert (again.status, again.body["duplicate"]) == (200, True)
    assert [seq for _, seq in delivered] == [1, 2]


def test_a_row_that_a_broken_commit_kept_overtakes_nothing_that_was_accepted_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inside(tmp_path) as world:
        broken: list[bool] = []
        break_commits(world.engine, monkeypatch, lambda: broken.pop() if broken else False)
        accepted = world.post(strategy="s", id="1")
        broken.append(True)
        doubted = world.post(strategy="s", id="2")

        delivered = take_all(world, 2)

    assert (accepted.status, doubted.status) == (200, 503)
    assert [seq for _, seq in delivered] == [1, 2]


def test_what_has_ended_is_written_down_before_the_journal_is_asked_what_has_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inside(tmp_path) as world:
        broken = [True]
        break_commits(world.engine, monkeypatch, lambda: broken.pop() if broken else False)
        world.post(strategy="s", id="1")

        def settle() -> bool:
            world.rows("UPDATE alerts SET state = 'DONE' RETURNING 1")
            return True

        assert world.publisher._arrivals.take(lambda: False) is None
        assert world.publisher._arrivals.take(settle) == []


def test_many_rows_in_doubt_are_read_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "RELOAD_ROWS", 3)
    with inside(tmp_path) as world:
        broken = [True] * 10
        break_commits(world.engine, monkeypatch, lambda: broken.pop() if broken else False)
        for number in range(12):
            world.post(strategy=f"s{number % 2}", id=str(number))

        delivered = take_all(world, 12)

    for key in {key for key, _ in delivered}:
        assert [seq for k, seq in delivered if k == key] == [1, 2, 3, 4, 5, 6]


def test_a_commit_that_kept_nothing_for_certain_leaves_no_doubt(tmp_path: Path) -> None:
    with inside(tmp_path) as world:
        blocker = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        answer = world.post()
        blocker.execute("ROLLBACK")
        blocker.close()

        assert answer.status == 503
        assert not world.publisher._arrivals._inbox


def test_a_commit_that_postgresql_has_not_finished_yet_is_waited_for(tmp_path: Path) -> None:
    with postgresql() as url, inside(tmp_path, journal_url=SecretStr(url)) as world:
        world.post(strategy="s", id="1")
        line = world.publisher._arrivals
        line.take(lambda: True)
        # The connection broke in COMMIT: the session still has it before itself.
        with world.engine.connect() as late:
            late.exec_driver_sql("CREATE TEMP TABLE kept AS SELECT * FROM alerts")
            late.exec_driver_sql("DELETE FROM alerts")
            late.commit()
            late.exec_driver_sql("INSERT INTO alerts SELECT * FROM kept")
            line.doubt(datetime(2020, 1, 1, tzinfo=UTC))
            with pytest.raises(JournalUnavailable, match="lock timeout"):
                line.take(lambda: True)
            late.commit()

        (found,) = line.take(lambda: True) or []

    assert found.seq == 1


def test_what_was_decided_while_the_journal_was_away_is_not_sent_once_more(
    tmp_path: Path,
) -> None:
    with inside(tmp_path) as world:
        world.publisher.start()
        with Executor(world.endpoints) as executor:
            world.post(strategy="s", id="1")
            delivery = executor.take()
            blocker = sqlite3.connect(tmp_path / "journal.db", isolation_level=None, timeout=60)
            blocker.execute("BEGIN IMMEDIATE")
            # Not received within its time: another send is due, and cannot be written ahead.
            eventually(lambda: executor.speak() or world.publisher._due.sends, "another send")
            executor.decide(delivery)
            eventually(lambda: executor.speak() or world.publisher._due.closings, "its end")
            blocker.execute("ROLLBACK")
            blocker.close()
            eventually(
                lambda: executor.speak() or world.rows("SELECT 1 FROM alerts WHERE state='DONE'"),
                "its end in the journal",
            )
            world.post(strategy="other", id="2")

            following = executor.take()

    assert following.alert_id != delivery.alert_id
