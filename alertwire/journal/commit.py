"""Leader/follower group commit: one sync to disk for everyone who waits.

The first caller that finds no commit under way becomes the leader: it takes the work of all who
wait, does it in one transaction, commits once and wakes them. No writer thread, no timer: a lone
caller commits at once, and the more callers there are, the more each sync carries.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from alertwire.faults import JournalUnavailable

T = TypeVar("T")
Work = Callable[[Connection], T]
COMMIT_TIMEOUT_S: Final = 2.0
"""Longest wait for one's turn. TradingView gives a webhook 3 s."""


class _Job(Generic[T]):
    __slots__ = ("error", "is_done", "result", "work")

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.is_done = False
        self.result: T | None = None
        self.error: Exception | None = None


class GroupCommit:
    """The one writer of a database, for all threads of a process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._leader = threading.Lock()
        self._mutex = threading.Lock()
        self._waiting: list[_Job[Any]] = []
        self._connection: Connection | None = None

    def run(self, work: Work[T], timeout_s: float = COMMIT_TIMEOUT_S) -> T:
        """Do `work` inside a transaction and return its result once that is on disk.

        `work` may run twice, so it must change nothing but the database. Raises what `work`
        raised, or JournalUnavailable where nothing was kept.
        """
        job = _Job(work)
        with self._mutex:
            self._waiting.append(job)
        if not self._leader.acquire(timeout=timeout_s):
            with self._mutex:
                if job in self._waiting:
                    self._waiting.remove(job)
                    raise JournalUnavailable(f"no commit within {timeout_s:g} s")
            # Its transaction is under way: only its end can tell.
            self._leader.acquire()
        try:
            if not job.is_done:
                with self._mutex:
                    batch, self._waiting = self._waiting, []
                self._commit(batch)
        finally:
            self._leader.release()
        if job.error is not None:
            raise job.error
        return job.result  # type: ignore[return-value]

    def close(self) -> None:
        """Wait for the commit under way and close the database."""
        with self._leader:
            self._disconnect()
            self._engine.dispose()

    def _commit(self, batch: list[_Job[Any]]) -> None:
        if len(batch) > 1 and self._try_together(batch):
            return
        for job in batch:
            self._do([job])

    def _try_together(self, batch: list[_Job[Any]]) -> bool:
        """Commit all at once; False where one of them failed and each must stand alone."""
        self._do(batch)
        return all(job.error is None for job in batch)

    def _do(self, batch: list[_Job[Any]]) -> None:
        error: Exception | None = None
        try:
            connection = self._connect()
            with connection.begin():
                for job in batch:
                    job.result = job.work(connection)
        except SQLAlchemyError as failure:
            # A connection that failed may hold a dead transaction: the next work gets a new one.
            self._disconnect()
            reason = str(getattr(failure, "orig", None) or failure).splitlines()[0]
            error = JournalUnavailable(reason)
            error.__cause__ = failure
        except Exception as failure:
            error = failure
        for job in batch:
            job.error = error
            job.is_done = True

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
