"""When the door stops: what keeps it from taking alerts in that it could not carry through.

Nothing is kept then, and the sender is asked to come again. It never waits for executors.
"""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import make_url

from alertwire.settings import Settings
from producer.dispatcher import Waiting
from producer.refusal import Refused

RESEND_AFTER_S: Final = 5
"""TradingView sends again so long after a 503."""
UNDECIDED_MAX: Final = 200_000
"""Undecided alerts of all keys together: they are in memory, about 1 KiB each."""
_MIB: Final = 1024 * 1024

DiskFree = Callable[[Path], int]
"""Returns the bytes that are free on a folder's disk. Raises OSError."""


class Waiters(Protocol):
    """The alerts that wait: the publisher's."""

    @property
    def is_full(self) -> bool: ...
    @property
    def undecided(self) -> int: ...
    def backlog(self, key: str) -> int: ...
    def head(self, key: str) -> Waiting | None: ...
    def heads(self) -> list[Waiting]: ...


def disk_free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Capacity:
    """What can be taken in now. Any thread may ask; `look` looks at the disk, off their way."""

    def __init__(
        self, settings: Settings, waiters: Waiters, disk_free: DiskFree = disk_free
    ) -> None:
        self._folder = journal_folder(settings)
        self._disk_free_min_mib = settings.disk_free_min_mib
        self._backlog_max = settings.key_backlog_max
        self._head_age_max_s = settings.key_head_age_max_s
        self._waiters = waiters
        self._disk_free = disk_free
        self._disk = ""

    def look(self) -> None:
        """Ask the disk how much is free; to be called about once a second."""
        if not self._disk_free_min_mib:
            return
        try:
            free_mib = self._disk_free(self._folder) // _MIB
        except OSError as error:
            self._disk = f"the disk of {self._folder} cannot be asked: {error.strerror}"
            return
        self._disk = (
            f"the disk of {self._folder} has {free_mib} MiB free, under the "
            f"{self._disk_free_min_mib} MiB of ALERTWIRE_DISK_FREE_MIN_MIB: make room"
            if free_mib < self._disk_free_min_mib
            else ""
        )

    def objection(self) -> Refused | None:
        """Say why nothing can be taken in now; None: it can."""
        if self._disk:
            return _come_again("disk", self._disk)
        if self._waiters.is_full or self._waiters.undecided >= UNDECIDED_MAX:
            return _come_again("backlog", f"{self._waiters.undecided} alerts wait already")
        return None

    def objection_to(self, key: str, now: datetime) -> Refused | None:
        """Say why nothing of this key can be taken in now; None: it can."""
        reason = self._strain(key, self._waiters.head(key), now)
        return _come_again("backlog", reason) if reason else None

    def why_not_ready(self, now: datetime) -> str:
        """Say what the door stops for, the first cause that is found; empty: for nothing."""
        if refused := self.objection():
            return refused.message
        for head in self._waiters.heads():
            if reason := self._strain(head.key, head, now):
                return reason
        return ""

    def _strain(self, key: str, head: Waiting | None, now: datetime) -> str:
        if head is None:
            return ""
        remedy = "resolve" if head.is_parked else "trace"
        behind = f"see `alertwire {remedy} {head.alert_id}`, which the others wait for"
        if (count := self._waiters.backlog(key)) >= self._backlog_max:
            return (
                f"{count} alerts of {key} wait, and ALERTWIRE_KEY_BACKLOG_MAX is "
                f"{self._backlog_max}: {behind}"
            )
        age_s = (now - head.accepted_at).total_seconds() if head.accepted_at else 0.0
        if age_s > self._head_age_max_s:
            return (
                f"the first undecided alert of {key} has waited {age_s:.0f} s, and "
                f"ALERTWIRE_KEY_HEAD_AGE_MAX_S is {self._head_age_max_s:g}: {behind}"
            )
        return ""


def journal_folder(settings: Settings) -> Path:
    """Return the folder whose disk the journal fills."""
    location = make_url(settings.journal_location)
    if location.get_backend_name() == "sqlite":
        return Path(location.database or "").resolve().parent
    return settings.home.resolve()


def _come_again(code: str, reason: str) -> Refused:
    message = f"{reason}; nothing was kept, please send it again"
    return Refused(503, code, message, retry_after_s=RESEND_AFTER_S)
