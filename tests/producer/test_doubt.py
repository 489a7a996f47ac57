"""A commit that broke, and kept its rows all the same: they are found and delivered, in order."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from producer import arrivals
from tests.producer.inside import Inside, inside
from tests.producer.processes import Executor


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
