"""SQL statements compiled once and handed straight to the database driver.

On the way of every alert: SQLAlchemy's own execution costs several times what SQLite takes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement for one kind of database."""

    text: str
    order: tuple[str, ...] | None  # of positional parameters; None where they are named
    convert: dict[str, Callable[[Any], Any]]  # by parameter, where its type needs it
    constants: dict[str, Any]  # values that stand in the statement itself

    def parameters(self, values: dict[str, Any]) -> Any:
        """Lay one row's values out as the driver takes them."""
        convert = self.convert
        given = self.constants | {
            name: convert[name](value) if name in convert else value
            for name, value in values.items()
        }
        return given if self.order is None else [given[name] for name in self.order]


class Prepared:
    """One statement, compiled at its first use with each kind of database."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement: Final = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, values: dict[str, Any]) -> Sequence[Any] | None:
        """Execute inside the connection's transaction and return the first row, if there is one.

        Raises what SQLAlchemy raises.
        """
        compiled = self._of(connection)
        with _cursor(connection, compiled.text) as cursor:
            cursor.execute(compiled.text, compiled.parameters(values))
            row: Sequence[Any] | None = cursor.fetchone() if cursor.description else None
            return row

    def run_many(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Execute for each row, inside the connection's transaction.

        Raises what SQLAlchemy raises.
        """
        if rows:
            compiled = self._of(connection)
            with _cursor(connection, compiled.text) as cursor:
                cursor.executemany(compiled.text, [compiled.parameters(row) for row in rows])

    def _of(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Any) -> _Compiled:
        compiled: Any = self._statement.compile(dialect=dialect)
        convert = {
            name: processor
            for name, bind in compiled.binds.items()
            if (processor := bind.type.dialect_impl(dialect).bind_processor(dialect))
        }
        constants = {
            name: convert[name](bind.value) if name in convert else bind.value
            for name, bind in compiled.binds.items()
            if not bind.required
        }
        order = tuple(compiled.positiontup) if compiled.positional else None
        return _Compiled(str(compiled), order, convert, constants)


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[Any]:
    """Lend a cursor of the driver; its errors come out as SQLAlchemy's."""
    dialect: Any = connection.dialect
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(
            text, None, error, dialect.loaded_dbapi.Error, dialect=dialect
        ) from error
    finally:
        cursor.close()
