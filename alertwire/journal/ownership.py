"""One owner of a database: two homes that share one would each send what the other has sent.

The lock belongs to the database, not to the home: a file beside an SQLite database, a session's
advisory lock in PostgreSQL. Both end with the process, however it ends. Journal and ledger may be
one database: each of them has a lock of its own.
"""

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, text

from alertwire.faults import ConfigurationError
from alertwire.journal.database import open_database

_LOCKS: Final = 0x616C6572
"""First half of the advisory locks' keys in PostgreSQL, so that no other program's are meant."""


@contextmanager
def owned_database(url: str, *, holder: str, setting: str) -> Iterator[Engine]:
    """Open a database and be its only `holder` until left.

    Raises ConfigurationError that names `setting` where it cannot be opened, or where another
    process is its holder already.
    """
    engine = open_database(url, setting=setting)
    try:
        lock = _file_lock if engine.dialect.name == "sqlite" else _session_lock
        with lock(engine, holder, setting):
            yield engine
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
def _session_lock(engine: Engine, holder: str, setting: str) -> Iterator[None]:
    with engine.connect() as connection:
        # Never back to the pool: the lock is the session's and ends with it.
        connection.detach()
        found = connection.execute(
            text("SELECT pg_try_advisory_lock(:first, :second), current_database()"),
            # Keys are signed and of 32 bits each.
            {"first": _LOCKS, "second": zlib.crc32(holder.encode()) & 0x7FFFFFFF},
        ).one()
        # An open transaction would keep old rows from being cleaned up.
        connection.commit()
        if not found[0]:
            raise _another(found[1], holder, setting)
        yield


def _another(database: str, holder: str, setting: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting}: another {holder} works on the database {database}, maybe of another "
        f"ALERTWIRE_HOME: stop it, or set {setting} to a database of its own"
    )
