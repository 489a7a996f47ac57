"""A journal that is locked, full or read-only: nothing is lost, nothing is sent, and it comes back.

The disks are real ones: a lock from outside, a small file system filled to the last byte.
"""

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from alertwire.wire.delivery import Delivery
from tests.producer.inside import inside
from tests.producer.processes import Executor, Producer, eventually

ALERT = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1", "strategy": "s"}
POSTS_MAX = 2000
"""More than fit into the small disk."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        # A sandbox may forbid it: no tool that could be installed is missing.
        pytest.xfail(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path: Path) -> None:
    """Write a file until there is no byte left."""
    with path.open("wb", buffering=0) as file:
        for size in (65536, 512, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)


def post_until_refused(producer: Producer) -> list[str]:
    accepted = []
    for number in range(POSTS_MAX):
        status, answer = producer.post({**ALERT, "id": str(number)})
        if status != 200:
            assert (status, answer["error"]["code"]) == (503, "journal")
            return accepted
        accepted.append(answer["alert_id"])
    raise AssertionError("the disk did not fill")


def deliver_all(executor: Executor, count: int) -> list[str]:
    seen: list[str] = []
    while len(seen) < count:
        delivery = executor.take()
        executor.receive(delivery)
        executor.decide(delivery)
        if delivery.alert_id not in seen:
            seen.append(delivery.alert_id)
    return seen


def test_on_a_full_disk_nothing_is_sent_and_with_room_again_nothing_is_missing(
    small_disk: Path,
) -> None:
    home = small_disk / "home"
    producer = Producer(home, ALERTWIRE_DISK_FREE_MIN_MIB="0")
    producer.log = small_disk.parent / "producer.log"
    producer.start()
    try:
        accepted = [producer.accept(strategy="s", id="first")]
        fill(small_disk / "filler")
        accepted += post_until_refused(producer)
        with Executor(producer) as executor:
            eventually(
                lambda: executor.speak() or producer.events("journal_failed"),
                "the dispatcher's commit fails",
            )
            assert executor.take_any(1.0) is None
            status, reason, _ = producer.get("/readyz")
            assert status == 503
            assert "journal cannot be written" in reason
            (small_disk / "filler").unlink()
            last = producer.accept(strategy="s", id="last")

            delivered = deliver_all(executor, len(accepted) + 1)

            assert delivered == [*accepted, last]
            eventually(lambda: producer.get("/readyz")[0] == 200, "ready again")
            eventually(
                lambda: not producer.rows("SELECT 1 FROM alerts WHERE state <> 'DONE'"),
                "the last end is written",
            )
        assert [row["alert_id"] for row in producer.rows("SELECT * FROM alerts ORDER BY seq")] == [
            *accepted,
            last,
        ]
    finally:
        producer.close()


def test_a_locked_journal_holds_deliveries_and_ends_back_until_it_is_free(
    producer: Producer,
) -> None:
    with Executor(producer) as executor:
        executor.settle(producer)
        first = producer.accept(strategy="s", quantity="1")
        second = producer.accept(strategy="s", quantity="2")
        delivery = executor.take()
        # Else it is sent again after a second, maybe before the lock.
        again: Delivery | None = delivery
        while again is not None:
            executor.receive(again)
            again = executor.take_any(1.5)
        blocker = sqlite3.connect(producer.home / "journal.db", isolation_level=None)
        with contextlib.closing(blocker):
            blocker.execute("BEGIN EXCLUSIVE")
            executor.decide(delivery)
            eventually(lambda: producer.events("journal_failed"), "the dispatcher's commit fails")
            failed_at = datetime.now(UTC)
            # A busy producer may have sent once more just before the lock.
            while (late := executor.take_any(1.0)) is not None:
                assert late.trace.stamps[-1].at < failed_at
            blocker.execute("ROLLBACK")
        following = executor.take()
        executor.decide(following)
        producer.wait_for(first, "DONE")
        producer.wait_for(second, "DONE")

    assert (delivery.alert_id, following.alert_id) == (first, second)
    eventually(lambda: producer.events("journal_works_again"), "word of it")


def test_a_read_only_journal_refuses_alerts_and_sends_nothing_until_it_can_be_written(
    tmp_path: Path,
) -> None:
    is_read_only = False

    with inside(tmp_path) as world:

        @event.listens_for(world.engine, "checkout")
        def turn(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute(f"PRAGMA query_only = {int(is_read_only)}")

        accepted = world.post(id="1").body["alert_id"]
        is_read_only = True
        world.commit._disconnect()
        refused = [world.post(id="2"), world.post(id="3")]
        world.publisher.start()
        with Executor(world.endpoints) as executor:
            eventually(
                lambda: executor.speak() or "readonly" in world.publisher.why_not_ready(),
                "the dispatcher's commit fails",
            )
            assert executor.take_any(1.0) is None
            is_read_only = False
            delivered = executor.take()
            executor.decide(delivered)
            eventually(
                lambda: world.rows("SELECT state FROM alerts") == [("DONE",)], "the end is written"
            )

    assert [answer.status for answer in refused] == [503, 503]
    assert delivered.alert_id == accepted
