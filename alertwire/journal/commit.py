"""Leader/follower group commit: one sync to disk for everyone who waits.

The first caller that finds no commit under way becomes the leader: it takes the work of all who
wait, does it in one transaction, commits once and wakes them. No writer thread, no timer: a lone
caller commits at once, and the more callers there are, the more each sync carries.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from prometheus_client import Counter
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import (
    DataError,
    IntegrityError,
    InvalidRequestError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from alertwire.faults import JournalUnavailable

T = TypeVar("T")
Work = Callable[[Connection], T]
Then = Callable[[T], None]
_BUGS: Final = (DataError, IntegrityError, InvalidRequestError, ProgrammingError)
"""Errors of the statement, not of the disk: they would fail again for ever."""
COMMIT_TIMEOUT_S: Final = 2.0
"""Longest wait for one's turn. TradingView gives a webhook 3 s."""

_COMMITS: Final = Counter("alertwire_commits", "Transactions committed to journal or ledger.")
_CALLERS: Final = Counter("alertwire_commit_callers", "Callers whose work those carried.")


class _Job(Generic[T]):
    """One caller's work, and the lock that it sleeps on."""

    __slots__ = ("doubted", "error", "is_done", "result", "then", "wake", "work")

    def __init__(
        self, work: Work[T], then: Then[T] | None, doubted: Callable[[], None] | None
    ) -> None:
        self.work = work
        self.then = then
        self.doubted = doubted
        self.is_done = False
        self.result: T | None = None
        self.error: Exception | None = None
        # A plain lock wakes a thread faster than an Event does.
        self.wake = threading.Lock()
        self.wake.acquire()


class GroupCommit:
    """The one writer of a database, for all threads of a process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._mutex = threading.Lock()
        self._waiting: list[_Job[Any]] = []
        self._has_leader = False
        self._connection: Connection | None = None

    def run(
        self,
        work: Work[T],
        timeout_s: float = COMMIT_TIMEOUT_S,
        *,
        then: Then[T] | None = None,
        doubted: Callable[[], None] | None = None,
    ) -> T:
        """Do `work` inside a transaction and return its result once that is on disk.

        `work` may run twice, so it must change nothing but the database. `then` is called once
        with the result, after the commit, strictly in the order of the commits; it must be quick
        and raise nothing. `doubted` is called so instead where COMMIT itself broke, and may have
        kept the work all the same. Raises what `work` raised, or JournalUnavailable where nothing
        was kept, as far as can be known.
        """
        job = _Job(work, then, doubted)
        with self._mutex:
            self._waiting.append(job)
            leads = not self._has_leader
            self._has_leader = True
        if not leads:
            self._sleep(job, timeout_s)
        if not job.is_done:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]

    def close(self) -> None:
        """Wait for the commits under way and close the database."""
        self.run(lambda _connection: None)
        self._disconnect()
        self._engine.dispose()

    def _sleep(self, job: _Job[Any], timeout_s: float) -> None:
        """Wait until the job is done, or until its caller is to lead."""
        if job.wake.acquire(timeout=timeout_s):
            return
        with self._mutex:
            was_woken = job.wake.acquire(blocking=False)
            if not was_woken and job in self._waiting:
                self._waiting.remove(job)
                raise JournalUnavailable(f"no commit within {timeout_s:g} s")
        if not was_woken:
            # Its transaction is under way: only its end can tell.
            job.wake.acquire()

    def _lead(self) -> None:
        """Commit everyone's work, wake them, and hand over to one who came meanwhile."""
        with self._mutex:
            batch, self._waiting = self._waiting, []
        self._commit(batch)
        for job in batch:
            if job.then is not None and job.error is None:
                job.then(job.result)
            if job.doubted is not None and getattr(job.error, "is_in_doubt", False):
                job.doubted()
        for job in batch:
            job.is_done = True
            job.wake.release()
        with self._mutex:
            if self._waiting:
                self._waiting[0].wake.release()
            else:
                self._has_leader = False

    def _commit(self, batch: list[_Job[Any]]) -> None:
        self._do(batch)
        error = batch[0].error
        # A database that is locked, full or away is so for all: trying each would only add up.
        is_shared = error is not None and isinstance(error.__cause__, OperationalError)
        if len(batch) > 1 and error is not None and not is_shared:
            # One of them spoilt it for all: each stands alone.
            for job in batch:
                self._do([job])

    def _do(self, batch: list[_Job[Any]]) -> None:
        error: Exception | None = None
        is_committing = False
        try:
            connection = self._connect()
            with connection.begin():
                for job in batch:
                    job.result = job.work(connection)
                is_committing = True
            _COMMITS.inc()
            _CALLERS.inc(len(batch))
        except _BUGS as failure:
            error = failure
        except SQLAlchemyError as failure:
            # A connection that failed may hold a dead transaction: the next work gets a new one.
            self._disconnect()
            error = JournalUnavailable(
                str(getattr(failure, "orig", None) or failure), is_in_doubt=is_committing
            )
            error.__cause__ = failure
        except Exception as failure:
            error = failure
        for job in batch:
            job.error = error

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                connection.invalidate()
