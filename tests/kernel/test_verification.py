"""Verification: a sound journal has no finding, and each fault has its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alertwire.journal import tables, verification
from alertwire.journal.database import read_database
from alertwire.journal.retention import prune
from alertwire.journal.verification import Verification
from tests.records import Records

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNSENT = '{"traceparent": "", "stamps": []}'


@pytest.fixture
def records(tmp_path: Path):
    made = Records(tmp_path, NOW)
    yield made
    made.close()


@pytest.fixture
def verified(records: Records) -> Callable[[], list[str]]:
    def verify() -> list[str]:
        journal, ledger = map(read_database, (records.journal_url, records.ledger_url))
        assert journal
        try:
            return list(Verification(journal, ledger, NOW).findings())
        finally:
            journal.dispose()
            if ledger:
                ledger.dispose()

    return verify


Verified = Callable[[], list[str]]


def fill(records: Records) -> list[str]:
    """Every way in which an alert may stand."""
    ids = [records.alert(outcome) for outcome in ("ACCEPTED", "REJECTED", "EXPIRED", "VOIDED")]
    ids += [records.alert("UNKNOWN", state="PARKED", key="parked")]
    ids += [records.alert(state="NEW", key="parked"), records.alert(state="LATE", key="parked")]
    ids += [records.alert(state="INFLIGHT", key="sent", attempts=2)]
    return ids


def test_a_sound_journal_has_no_finding(records: Records, verified: Verified) -> None:
    fill(records)

    assert verified() == []


def test_batches_change_nothing(
    records: Records, verified: Verified, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "BATCH_ROWS", 2)
    fill(records)

    assert verified() == []


def test_it_says_how_much_it_looked_at(records: Records) -> None:
    fill(records)
    checked = Verification(records.journal, records.ledger, NOW)

    assert list(checked.findings()) == []
    assert checked.counts["alerts"] == 8
    assert checked.counts["keys"] == 3
    assert checked.counts["commands"] == checked.counts["fences"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcome": None}, "DONE without an outcome"),
        ({"outcome": "UNKNOWN"}, "DONE without an outcome"),
        ({"detail": ""}, "without a reason"),
        ({"decided_at": None}, "since when"),
        ({"state": "GONE"}, "state GONE is none"),
        ({"state": "PARKED"}, "PARKED without a reason"),
        ({"state": "NEW"}, "has the outcome ACCEPTED"),
        ({"message": b"\xff"}, "message cannot be read"),
        ({"raw_body": b""}, "raw body is gone"),
        ({"trace": "no JSON"}, "trace cannot be read"),
        ({"seq": 3}, "2 to 2, are missing"),
        ({"outcome": "VOIDED"}, "it is VOIDED, but its commands in the ledger are: ACCEPTED"),
    ],
)
def test_a_fault_of_an_alert_is_found(
    records: Records, verified: Verified, change: dict[str, object], said: str
) -> None:
    records.alert()
    second = records.alert()
    records.change(tables.alerts, second, **change)

    found = [line for line in verified() if line.startswith(second)]

    assert any(said in line for line in found), found


@pytest.mark.parametrize("first_attempts", [1, 2])
def test_an_alert_sent_while_an_earlier_one_was_undecided_is_found(
    records: Records, verified: Verified, first_attempts: int
) -> None:
    first = records.alert(state="INFLIGHT", attempts=first_attempts)
    pushed = records.alert()
    again = records.alert(state="INFLIGHT", attempts=2, trace=UNSENT)

    assert verified() == [
        f"{each}: it was sent while {first} before it is undecided" for each in (pushed, again)
    ]


def test_two_of_a_key_that_came_at_the_same_time_are_no_fault(
    records: Records, verified: Verified
) -> None:
    # Both written ahead of a send by the door; the second one waits all the same.
    for _ in range(2):
        records.alert(state="INFLIGHT", attempts=1, trace=UNSENT)

    assert verified() == []


def test_an_alert_sent_before_the_earlier_one_was_decided_is_found(
    records: Records, verified: Verified
) -> None:
    records.alert(decided_at=NOW + HOUR)
    second = records.alert()

    (found,) = verified()

    assert found.startswith(f"{second}: it was sent before")


def test_one_that_ends_while_it_is_looked_at_is_no_fault(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "BATCH_ROWS", 1)
    first = records.alert(state="INFLIGHT", attempts=1)
    end = {"state": "DONE", "outcome": "VOIDED", "detail": "x", "decided_at": NOW}

    def go_on() -> None:
        if len(records.ids()) == 1:
            records.change(tables.alerts, first, **end)
            records.alert("VOIDED", age=-HOUR)

    checked = Verification(records.journal, records.ledger, NOW, go_on)

    assert list(checked.findings()) == []
    assert checked.counts["alerts"] == 2


def test_an_accepted_alert_without_its_command_is_found(
    records: Records, verified: Verified
) -> None:
    lost = records.alert(with_command=False)

    assert verified() == [f"{lost}: it is ACCEPTED, but its commands in the ledger are: none"]


def test_a_command_without_its_alert_is_found_unless_it_is_old_enough_to_be_pruned(
    records: Records, verified: Verified
) -> None:
    records.alert(seq=9)
    old = NOW - timedelta(days=8)
    records.command("01KAPRT3M2W8Y4ZC9N5QOLDOLD", seq=1, at=old, decided_at=old)
    young = records.command("01KAPRT3M2W8Y4ZC9N5QYOUNGG", seq=2, at=NOW)
    records.fence("s|stock AAPL", 9)

    assert verified() == [f"{young}: its alert is not in the journal (it is ACCEPTED)"]


def test_a_command_with_another_number_than_its_alert_is_found(
    records: Records, verified: Verified
) -> None:
    first = records.alert()
    records.change(tables.commands, f"{first}-1", seq=7)
    records.fence("s|stock AAPL", 7)

    assert any("as number 7" in line and "as number 1" in line for line in verified())


def test_a_fence_below_a_command_is_found(records: Records, verified: Verified) -> None:
    records.alert()
    records.alert()
    records.fence("s|stock AAPL", 1)

    assert verified() == ["key 's|stock AAPL': its fence is 1, but command number 2 was taken"]


def test_a_journal_older_than_the_ledger_is_found(records: Records, verified: Verified) -> None:
    records.alert()
    records.fence("s|stock AAPL", 5)

    (found,) = verified()

    assert "its fence is 5, the journal's newest number 1" in found
    assert "would be voided" in found


def test_accepted_alerts_without_any_ledger_are_found(records: Records, verified: Verified) -> None:
    records.alert()
    records.ledger.dispose()
    (records.home / "ledger.db").unlink()

    assert verified() == ["1 alerts are ACCEPTED, and there is no ledger"]


def test_a_damaged_file_is_found(records: Records, verified: Verified) -> None:
    for _ in range(50):
        records.alert("VOIDED")
    records.close()
    path = records.home / "journal.db"
    raw = bytearray(path.read_bytes())
    for start in (raw.index(name) for name in (b"default id 01", b"01KAPRT3M2W8Y4ZC9N5Q000017")):
        raw[start : start + 8] = b"ZZZZZZZZ"
    path.write_bytes(bytes(raw))

    assert any("SQLite says" in line for line in verified())


def test_a_file_cut_short_is_found(records: Records, verified: Verified) -> None:
    for _ in range(50):
        records.alert("VOIDED")
    records.close()
    path = records.home / "journal.db"
    path.write_bytes(path.read_bytes()[: 5 * 4096])

    found = verified()

    assert any("malformed" in line for line in found), found


def test_a_pruned_journal_is_sound(records: Records, verified: Verified) -> None:
    for _ in range(3):
        records.alert(age=timedelta(days=40))
    records.alert(age=timedelta(days=40), key="other")
    records.alert()
    for _ in prune(records.journal, records.journal, NOW - timedelta(days=30), lambda _: None):
        pass

    assert len(records.ids()) == 2
    assert verified() == []
