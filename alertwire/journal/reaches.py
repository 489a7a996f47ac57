"""What each flatten over contracts is about, in the ledger: as it stood where it was first seen."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, select

from alertwire.journal.tables import reaches as table

KEPT_FOR: Final = timedelta(days=7)
"""So long it is remembered what a flatten is about; none comes again after that."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One contract of a flatten, and the most that was held, or about to be, of either side."""

    flatten_id: str
    account: str
    contract_id: int
    long: Decimal
    short: Decimal
    """Units, not signed."""
    at: datetime


def read_reaches(connection: Connection) -> list[Reached]:
    """Return what flattens of the last days are about, oldest first."""
    rows: Any = connection.execute(select(table).order_by(table.c.at)).mappings()
    return [Reached(**row) for row in rows]


def write_reaches(connection: Connection, reached: Iterable[Reached]) -> None:
    """Keep what flattens are about, and forget what is old."""
    for one in reached:
        connection.execute(table.delete().where(table.c.at < one.at - KEPT_FOR))
        connection.execute(table.insert().values(**asdict(one)))
