"""The journal and the ledger as verbs read them; nothing where one does not exist yet."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Select

from alertwire.journal.database import read_database
from alertwire.settings import Settings


def journal_engine(settings: Settings) -> Engine | None:
    """Open the journal. What cannot be read raises ConfigurationError, now or later."""
    return read_database(settings.journal_location, setting="ALERTWIRE_JOURNAL_URL")


def ledger_engine(settings: Settings) -> Engine | None:
    """Open the ledger, as `journal_engine` does the journal."""
    return read_database(settings.ledger_location, setting="ALERTWIRE_LEDGER_URL")


def read_journal(settings: Settings, query: Select[Any]) -> list[Mapping[str, Any]]:
    """Return the rows of a query on the journal."""
    return _read(journal_engine(settings), query)


def read_ledger(settings: Settings, query: Select[Any]) -> list[Mapping[str, Any]]:
    """Return the rows of a query on the ledger."""
    return _read(ledger_engine(settings), query)


def _read(engine: Engine | None, query: Select[Any]) -> list[Mapping[str, Any]]:
    if engine is None:
        return []
    try:
        with engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
    finally:
        engine.dispose()
