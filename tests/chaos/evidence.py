"""What journal, ledger and broker hold: read while they work, and at the end."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.end_to_end.spartan_tws import SpartanTws

READ_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One row of the journal."""

    alert_id: str
    strategy: str
    symbol: str
    action: str
    key: str
    seq: int
    state: str
    attempts: int
    outcome: str
    detail: str
    raw_body: bytes


@dataclass(frozen=True, slots=True)
class BookRow:
    """One order that the broker took."""

    order_ref: str
    order_id: int
    status: str
    filled: Decimal
    changes: int = 0
    is_transmitted: bool = True

    @property
    def alert_id(self) -> str:
        return self.order_ref[:26]

    @property
    def never_works(self) -> bool:
        """True where the broker forgot it before it told anybody, or holds it for more to come."""
        return self.status == "Lost" or not self.is_transmitted


class Journals:
    """The databases of an installation, opened for reading."""

    def __init__(self, journal: Path, ledger: Path) -> None:
        self._journal, self._ledger = journal, ledger

    @contextmanager
    def _open(self, path: Path) -> Iterator[sqlite3.Connection]:
        where = f"file:{path}?mode=ro"
        with closing(sqlite3.connect(where, uri=True, timeout=READ_TIMEOUT_S)) as connection:
            yield connection

    def is_done(self, alert_id: str) -> bool:
        with self._open(self._journal) as journal:
            found = journal.execute(
                "SELECT state FROM alerts WHERE alert_id = ?", (alert_id,)
            ).fetchone()
        return found is not None and found[0] == "DONE"

    def parked(self) -> list[tuple[str, str, str]]:
        """Return key, strategy and symbol of each halted key."""
        with self._open(self._journal) as journal:
            return journal.execute(
                "SELECT key, strategy, symbol FROM alerts WHERE state = 'PARKED'"
            ).fetchall()

    def waiting(self) -> list[str]:
        """Return the undecided alerts that no parked head holds back."""
        with self._open(self._journal) as journal:
            rows = journal.execute(
                "SELECT alert_id FROM alerts WHERE state IN ('NEW', 'INFLIGHT') AND key NOT IN"
                " (SELECT key FROM alerts WHERE state = 'PARKED')"
            )
            return [row[0] for row in rows]

    def alerts(self) -> list[AlertRow]:
        with self._open(self._journal) as journal:
            rows = journal.execute(
                "SELECT alert_id, strategy, symbol, action, key, seq, state, attempts,"
                " coalesce(outcome, ''), coalesce(detail, ''), raw_body FROM alerts"
                " WHERE void_of IS NULL ORDER BY accepted_at, alert_id"
            )
            return [AlertRow(*row) for row in rows]

    def orders(self) -> dict[str, dict[str, Any]]:
        """Return the ledger's orders by reference."""
        with self._open(self._ledger) as ledger:
            ledger.row_factory = sqlite3.Row
            return {row["order_ref"]: dict(row) for row in ledger.execute("SELECT * FROM orders")}

    def commands(self) -> dict[str, dict[str, Any]]:
        with self._open(self._ledger) as ledger:
            ledger.row_factory = sqlite3.Row
            rows = ledger.execute("SELECT alert_id, command_id, state, detail FROM commands")
            return {row["alert_id"]: dict(row) for row in rows}


def book_rows(answer: dict[str, Any]) -> list[BookRow]:
    """Read the simulator's `book`."""
    return [
        BookRow(
            row["orderRef"],
            row["orderId"],
            row["status"],
            Decimal(row["filled"]),
            row.get("changes", 0),
            row["transmitted"],
        )
        for row in answer["orders"]
    ]


def spartan_rows(tws: SpartanTws) -> list[BookRow]:
    """Read what a foreign TWS took: market orders, filled at once."""
    return [
        BookRow(
            order.order_ref,
            int(order.order_id),
            "Filled",
            Decimal(order.quantity),
            order.changes,
        )
        for order in tws.placed
    ]
