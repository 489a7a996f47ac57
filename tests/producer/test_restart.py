"""Back with many undelivered alerts: all are delivered, each key in its order."""

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from loadtest.restart import write_journal
from tests.producer.processes import Executor, Producer, eventually

ALERTS, KEYS = 600, 20


def test_many_undelivered_alerts_are_all_delivered_in_order_beside_new_ones(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write_journal(home, ALERTS, KEYS)
    with closing(sqlite3.connect(home / "journal.db")) as journal, journal:
        # Some were on their way when the producer died, some wait for a person.
        journal.execute("UPDATE alerts SET state = 'INFLIGHT', attempts = 1 WHERE seq = 1")
        journal.execute("UPDATE alerts SET state = 'LATE' WHERE seq = 3")
    producer = Producer(home).start()
    try:
        new = producer.accept(strategy="after the restart")
        taken: dict[str, list[int]] = defaultdict(list)
        with Executor(producer, slots=64) as executor:
            while sum(map(len, taken.values())) < ALERTS - KEYS + 1:
                delivery = executor.take()
                executor.decide(delivery)
                if delivery.seq not in taken[delivery.key]:
                    taken[delivery.key].append(delivery.seq)
                if delivery.alert_id == new:
                    assert delivery.seq == 1
            eventually(
                lambda: (
                    not producer.rows("SELECT 1 FROM alerts WHERE state NOT IN ('DONE', 'LATE')")
                ),
                "the last end is written",
            )
    finally:
        producer.close()

    assert len(taken) == KEYS + 1
    for seqs in taken.values():
        assert seqs in ([1], [1, 2, *range(4, ALERTS // KEYS + 1)])
