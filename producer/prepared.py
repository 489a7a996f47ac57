"""SQL statements compiled once and handed straight to the database driver.

On the way of every alert: SQLAlchemy's own execution costs several times what SQLite takes.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement


class Prepared:
    """One statement, compiled at its first use with each kind of database."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement: Final = statement
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(self, connection: Connection, values: dict[str, Any]) -> Sequence[Any] | None:
        """Execute inside the connection's transaction and return the first row, if there is one.

        Raises what SQLAlchemy raises.
        """
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        text, order, convert = found
        given = {
            name: convert[name](value) if name in convert else value
            for name, value in values.items()
        }
        parameters: Any = given if order is None else [given[name] for name in order]
        raw = connection.connection.cursor()
        try:
            raw.execute(text, parameters)
            row: Sequence[Any] | None = raw.fetchone() if raw.description else None
            return row
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                text, None, error, dialect.loaded_dbapi.Error, dialect=dialect
            ) from error
        finally:
            raw.close()

    def _compile(self, dialect: Any) -> tuple[str, list[str] | None, dict[str, Any]]:
        compiled: Any = self._statement.compile(dialect=dialect)
        convert = {
            name: processor
            for name, bind in compiled.binds.items()
            if (processor := bind.type.dialect_impl(dialect).bind_processor(dialect))
        }
        return str(compiled), compiled.positiontup if compiled.positional else None, convert
