"""Opening a journal: the engine, its pragmas, its migrations."""

import sqlite3
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Engine, ExceptionContext, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from alertwire.faults import ConfigurationError

BUSY_TIMEOUT_MS: Final = 900
"""How long a statement waits for another session's lock: twice that, one's own wait and that of
the commit before, still answers a webhook within 2 s."""
OPEN_PATIENCE_S: Final = 30.0
"""How long a start waits for a database that another program keeps locked: it passes by itself."""
_OPEN_PAUSE_S: Final = 0.2
_PASSES: Final = ("locked", "busy", "starting up", "lock timeout")
_MIGRATION_LOCK: Final = 0x616C6572
"""PostgreSQL advisory lock that lets one process migrate at a time."""
_REMEDIES: Final = (
    # What SQLite and PostgreSQL say, in small letters, and what helps.
    (
        ("no such table", "no such column", 'relation "', "column "),
        "another program or version made it; the next start brings ours up to date: alertwire up",
    ),
    (("not a database", "malformed"), "restore it from a backup, see docs/operations.md"),
    (("locked", "lock timeout"), "another program is at work on it: try again"),
)
_ANY_REMEDY: Final = "check the file's owner, mode and disk, or the database's address"


class DatabaseUnreadable(ConfigurationError):  # noqa: N818 - what is the case
    """A journal or ledger cannot be read; `reason` is the database's, `remedy` what helps."""

    def __init__(self, place: str, reason: str) -> None:
        said = reason.lower()
        self.reason = reason
        self.remedy = next(
            (helps for words, helps in _REMEDIES if any(word in said for word in words)),
            _ANY_REMEDY,
        )
        super().__init__(f"{place} cannot be read: {reason}; {self.remedy}")


def open_database(url: str, *, setting: str) -> Engine:
    """Open the database, made and migrated where needed.

    `setting` names the variable to change. Raises ConfigurationError where it cannot be written.
    """
    try:
        location = locate(url, setting)
        if location.get_backend_name() == "sqlite":
            _make_folder(Path(location.database or ""))
        engine = create_engine(
            location,
            pool_pre_ping=location.get_backend_name() != "sqlite",
            connect_args=_connect_args(location.get_backend_name()),
        )
        _prepare(engine)
        _migrate_when_free(engine, setting)
    except ModuleNotFoundError as error:
        raise _no_driver(setting) from error
    except (SQLAlchemyError, OSError) as error:
        raise ConfigurationError(
            f"{setting}: {_place(url)} cannot be opened for writing: "
            f"{_reason(error)}; {_ANY_REMEDY}"
        ) from error
    return engine


def read_database(url: str, *, setting: str = "the database") -> Engine | None:
    """Open the database for reading; None where it is a file that does not exist yet.

    `setting` names the variable to change, where there is one. Whatever the engine then cannot
    read, at the connection or at any row, raises DatabaseUnreadable; an unusable URL raises
    ConfigurationError.
    """
    location = locate(url, setting)
    if location.get_backend_name() == "sqlite":
        path = location.database or ""
        if not Path(path).exists():
            return None
        location = URL.create(
            "sqlite", database=f"file:{quote(path)}", query={"mode": "ro", "uri": "true"}
        )
    waits = {} if location.get_backend_name() == "sqlite" else _connect_args("postgresql")
    try:
        engine = create_engine(location, connect_args=waits)
    except ModuleNotFoundError as error:
        raise _no_driver(setting) from error
    if engine.dialect.name == "sqlite":
        _prepare(engine, writable=False)

    @event.listens_for(engine, "handle_error")
    def say_what_helps(context: ExceptionContext) -> None:
        reason = str(context.original_exception).splitlines() or ["it does not say why"]
        raise DatabaseUnreadable(f"{setting}: {_place(url)}", reason[0]) from None

    return engine


def locate(url: str, setting: str) -> URL:
    """Read the URL of a database. Raises ConfigurationError where it names none we can use."""
    try:
        location = make_url(url)
        backend = location.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend == "postgresql":
        return location.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigurationError(f"{setting}: use a sqlite:/// or a postgresql:// URL")
    if location.database in {None, "", ":memory:"}:
        raise ConfigurationError(f"{setting}: an in-memory database would lose alerts; name a file")
    return location


def _no_driver(setting: str) -> ConfigurationError:
    return ConfigurationError(
        f"{setting}: PostgreSQL needs its driver; install it with: pip install "
        f"'alertwire[postgres]'"
    )


def _connect_args(backend: str) -> dict[str, Any]:
    if backend == "sqlite":
        return {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    return {"connect_timeout": 5}


def _prepare(engine: Engine, *, writable: bool = True) -> None:
    if engine.dialect.name != "sqlite":

        @event.listens_for(engine, "connect")
        def bound_waits(connection: Any, _record: Any) -> None:
            # Without it a table that is locked from outside would keep a webhook waiting for ever.
            connection.execute(f"SET lock_timeout = {BUSY_TIMEOUT_MS}")
            connection.commit()

        return

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own transaction handling would begin late; ours begins at BEGIN.
        connection.isolation_level = None
        if writable:
            connection.execute("PRAGMA journal_mode=WAL")
            # FULL: a commit is on the disk when it returns (https://sqlite.org/pragma.html#pragma_synchronous).
            connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writable else "BEGIN")


def _migrate_when_free(engine: Engine, setting: str) -> None:
    give_up_s = time.monotonic() + OPEN_PATIENCE_S
    while True:
        try:
            _migrate(engine, setting)
        except OperationalError as error:
            said = _reason(error).lower()
            if time.monotonic() > give_up_s or not any(word in said for word in _PASSES):
                raise
            time.sleep(_OPEN_PAUSE_S)
        else:
            return


def _migrate(engine: Engine, setting: str) -> None:
    # A third of the import time, and the verbs that only read need none of it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "alertwire:journal/migrations")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Another process may be at it, and that may take its time.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            place = engine.url.render_as_string(hide_password=True)
            raise ConfigurationError(
                f"{setting}: {place} was made by a newer Alertwire ({error}): run that one, or "
                f"restore the backup from before"
            ) from error


def _make_folder(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)


def _place(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "the URL"


def _reason(error: Exception) -> str:
    origin = getattr(error, "orig", None) or error
    return str(origin).splitlines()[0]
