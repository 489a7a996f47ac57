"""One owner of a database: two homes that share one would each send what the other has sent.

The lock belongs to the database, not to the home: a file beside an SQLite database, a session's
advisory lock in PostgreSQL. Both end with the process, however it ends. Journal and ledger may be
one database: each of them has a lock of its own.
"""

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from alertwire.faults import ConfigurationError
from alertwire.journal.database import open_database

_LOCKS: Final = 0x616C6572
"""First half of the advisory locks' keys in PostgreSQL, so that no other program's are meant."""
_SESSION: Final = {"connect_timeout": 5, "tcp_user_timeout": 5000}
"""Seconds and milliseconds after which a server that no longer answers counts as gone."""


class OwnershipLost(RuntimeError):  # noqa: N818 - the event, not its handling
    """The database may have another owner by now: the process must end, and may start again."""


@dataclass(slots=True)
class Owned:
    """A database of ours. `session` is the one that holds the lock in PostgreSQL."""

    engine: Engine
    holder: str
    session: Connection | None = None

    def check(self) -> None:
        """Raise OwnershipLost where the lock is gone. To be called about once a second.

        While the database cannot be reached nobody can write: what is told then is nothing, so
        that the process ends only where it could start again.
        """
        if self.session is None or _answers(self.session):
            return
        try:
            self.engine.connect().close()
        except SQLAlchemyError:
            return
        raise OwnershipLost(
            f"the session that held the lock of this {self.holder} on its database has ended, and "
            f"another {self.holder} may work on it: this one ends; start it again"
        )


@contextmanager
def owned_database(url: str, *, holder: str, setting: str) -> Iterator[Owned]:
    """Open a database and be its only `holder` until left.

    Raises ConfigurationError that names `setting` where it cannot be opened, or where another
    process is its holder already.
    """
    engine = open_database(url, setting=setting)
    try:
        lock = _file_lock if engine.dialect.name == "sqlite" else _session_lock
        with lock(engine, holder, setting) as session:
            yield Owned(engine, holder, session)
    finally:
        engine.dispose()


@contextmanager
def _file_lock(engine: Engine, holder: str, setting: str) -> Iterator[None]:
    database = Path(engine.url.database or "").resolve()
    # Not the database itself: closing any descriptor of that would drop SQLite's own locks.
    path = database.with_name(f"{database.name}.{holder}.lock")
    try:
        file = path.open("w", encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"{setting}: {path} cannot be written: {error.strerror}; check the folder's owner and "
            f"mode"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _another(database.name, holder, setting) from error
        yield


@contextmanager
def _session_lock(engine: Engine, holder: str, setting: str) -> Iterator[Connection]:
    # A connection of its own: the lock is the session's and ends with it. No transaction is left
    # open: it would keep old rows from being cleaned up.
    single = create_engine(
        engine.url, poolclass=NullPool, connect_args=_SESSION, isolation_level="AUTOCOMMIT"
    )
    try:
        connection = single.connect()
    except SQLAlchemyError as error:
        raise ConfigurationError(
            f"{setting}: the database cannot be reached: {error}; is it running?"
        ) from error
    with connection:
        found = connection.execute(
            text("SELECT pg_try_advisory_lock(:first, :second), current_database()"),
            # Keys are signed and of 32 bits each.
            {"first": _LOCKS, "second": zlib.crc32(holder.encode()) & 0x7FFFFFFF},
        ).one()
        if not found[0]:
            raise _another(found[1], holder, setting)
        yield connection


def _answers(session: Connection) -> bool:
    # What was found broken would be connected anew, and that session holds no lock.
    if session.invalidated:
        return False
    try:
        session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _another(database: str, holder: str, setting: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting}: another {holder} works on the database {database}, maybe of another "
        f"ALERTWIRE_HOME: stop it, or set {setting} to a database of its own"
    )
