"""Retention: what is removed, what is kept whatever its age, and that nobody waits for it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from alertwire.journal import retention, tables
from alertwire.journal.database import open_database
from alertwire.journal.retention import Removed, prune, removable
from tests.records import Records

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
LIMIT = NOW - timedelta(days=30)
OLD, YOUNG = timedelta(days=31), timedelta(days=29)


@pytest.fixture
def records(tmp_path: Path):
    made = Records(tmp_path, NOW)
    yield made
    made.close()


def run(records: Records) -> Removed:
    done = list(prune(records.journal, records.journal, LIMIT, pause=lambda _seconds: None))
    return done[-1] if done else Removed()


def test_old_decided_alerts_go_and_young_ones_stay(records: Records) -> None:
    old = [records.alert(outcome, age=OLD) for outcome in ("ACCEPTED", "EXPIRED", "VOIDED")]
    young = [records.alert(age=YOUNG), records.alert()]
    for each in (*old, *young):
        records.put(
            records.journal, tables.attempts, alert_id=each, attempt=1, at=NOW, mode="E", reason=""
        )
    refused = records.refusal(age=OLD), records.refusal(age=YOUNG)

    assert removable(records.journal, LIMIT) == Removed(3, 1)
    assert run(records) == Removed(3, 1)
    assert records.ids() == young
    assert records.ids(tables.refusals) == [refused[1]]
    with records.journal.connect() as connection:
        left = connection.execute(select(tables.attempts.c.alert_id)).scalars().all()
    assert left == young


@pytest.mark.parametrize("state", ["NEW", "INFLIGHT", "PARKED", "LATE"])
def test_what_waits_is_kept_whatever_its_age(records: Records, state: str) -> None:
    waiting = records.alert("UNKNOWN", state=state, age=timedelta(days=900))
    newest = records.alert(age=OLD)

    run(records)

    assert records.ids() == [waiting, newest]


def test_the_newest_of_a_key_is_kept_so_that_its_numbers_rise(records: Records) -> None:
    records.alert(age=OLD, key="one")
    kept = [records.alert(age=OLD, key=key) for key in ("one", "two")]

    run(records)
    run(records)

    assert records.ids() == kept


def test_what_a_person_dealt_with_lately_is_kept(records: Records) -> None:
    kept = records.alert("VOIDED", age=OLD, handled_at=NOW, handled_as="replayed as X")
    refused = records.refusal(age=OLD, handled_at=NOW, handled_as="dropped")
    newest = records.alert()

    run(records)

    assert records.ids() == [kept, newest]
    assert records.ids(tables.refusals) == [refused]


def test_each_transaction_is_short_and_others_can_write_between(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 4)
    for _ in range(11):
        records.alert(age=OLD)
    writer = open_database(records.journal_url, setting="X")
    sums = []

    def write(_seconds: float) -> None:
        records.refusal()

    for done in prune(records.journal, writer, LIMIT, pause=write):
        sums.append(done.alerts)
        assert len(records.ids()) == 11 - done.alerts
    writer.dispose()

    assert sums == [4, 8, 10]
    assert len(records.ids(tables.refusals)) == 3


def test_a_route_cannot_remember_longer_than_the_shortest_retention() -> None:
    from alertwire.configuration import Route

    assert Route(deduplicate_s=retention.AGE_MIN.total_seconds())
    with pytest.raises(ValueError, match="deduplicate_s"):
        Route(deduplicate_s=retention.AGE_MIN.total_seconds() + 1)
