"""What goes wrong at the broker and at the disk, for a while each."""

import contextlib
import os
import random
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.control import ControlError, SimulatorControl

CLIENT_ID = 1
LOCK_TIMEOUT_S = 5.0
DISK_BYTES = 1280 * 1024 * 1024
"""More than the free space below which the door stops: full is full only when it is filled."""

# Verb, what it is given, and what ends it; some end by themselves.
Trouble = tuple[str, dict[str, object], tuple[str, dict[str, object]] | None]
AT_THE_BROKER: dict[str, Trouble] = {
    "dropped before acceptance": ("drop", {"when": "before"}, None),
    "dropped after acceptance": ("drop", {"when": "after", "how": "rst"}, None),
    "kicked": ("kick", {"how": "rst"}, None),
    "silent": ("mute", {"mode": "silent"}, ("mute", {"on": False})),
    "hanging": ("mute", {"mode": "hang"}, ("mute", {"on": False})),
    "rejects": ("reject_next", {"code": 201, "times": 2}, None),
    "fills in parts": ("partial", {"parts": 3, "delay_s": 0.1}, ("partial", {"parts": 1})),
    "late fills": ("fill_delay", {"delay_s": 0.5}, ("fill_delay", {"delay_s": 0})),
    "late statuses": ("late_status", {"delay_s": 0.5}, ("late_status", {"delay_s": 0})),
    "statuses twice": (
        "duplicate_status",
        {"copies": 2},
        ("duplicate_status", {"copies": 0}),
    ),
    "fills after cancels": ("fill_after_cancel", {}, ("fill_after_cancel", {"on": False})),
    "executions first": ("execution_first", {}, ("execution_first", {"on": False})),
    "silent fills": ("silent_fill", {}, ("silent_fill", {"times": 0})),
    "late commissions": ("commission_delay", {"delay_s": 1}, ("commission_delay", {"delay_s": 0})),
    "notes beside acceptance": ("note_on_accept", {"code": 10349, "times": 3}, None),
    "client id taken": (
        "take_client_id",
        {"clientId": CLIENT_ID},
        ("take_client_id", {"clientId": CLIENT_ID, "on": False}),
    ),
    "no sessions": ("refuse_sessions", {}, ("refuse_sessions", {"on": False})),
    "link lost, 1102": ("connectivity", {"code": 1100}, ("connectivity", {"code": 1102})),
    "link lost, 1101": ("connectivity", {"code": 1100}, ("connectivity", {"code": 1101})),
    "restarted": ("restart", {"down_s": 0.5}, None),
}
NEEDS_A_NEW_SESSION = frozenset({"client id taken", "no sessions"})


class Troubles:
    """One trouble at a time; `clear` ends it early."""

    def __init__(
        self,
        control_port: int | None,
        databases: dict[str, Path],
        chance: random.Random,
        disk: "FullDisk | None" = None,
    ) -> None:
        self._port, self._databases, self._chance, self._disk = (
            control_port,
            databases,
            chance,
            disk,
        )
        self._timer: threading.Timer | None = None
        self._queue: list[str] = []
        self.seen: Counter[str] = Counter()

    def names(self) -> list[str]:
        names = [f"{name} locked" for name in self._databases]
        if self._disk is not None:
            names.append("disk full")
        if self._port is not None:
            names += AT_THE_BROKER
        return names

    def make(self, seconds: float) -> None:
        """Let the next one happen for so long; each comes up as often as any other."""
        if not self._queue:
            self._queue = self.names()
            self._chance.shuffle(self._queue)
        name = self._queue.pop()
        self.seen[name] += 1
        if name.endswith(" locked"):
            self._later(seconds, _lock(self._databases[name.removesuffix(" locked")]))
        elif self._disk is not None and name == "disk full":
            self._disk.fill()
            self._later(seconds, self._disk.empty)
        else:
            self._at_the_broker(name, seconds)

    def _at_the_broker(self, name: str, seconds: float) -> None:
        verb, arguments, end = AT_THE_BROKER[name]
        self._call(verb, **arguments)
        if name in NEEDS_A_NEW_SESSION:
            self._call("kick")
        if end is not None:
            self._later(seconds, lambda: self._call(end[0], **end[1]))

    def _call(self, verb: str, **arguments: object) -> None:
        assert self._port is not None
        with contextlib.suppress(ControlError), SimulatorControl(port=self._port) as control:
            control.call(verb, **arguments)

    def _later(self, seconds: float, end: Callable[[], None]) -> None:
        self.clear()
        self._timer = threading.Timer(seconds, end)
        self._timer.start()

    def clear(self) -> None:
        """Wait for the end of what goes on."""
        if self._timer is not None:
            self._timer.join()
            self._timer = None

    def peace(self) -> None:
        self.clear()
        if self._port is not None:
            self._call("connectivity", code=1102)
            self._call("clear_faults")


def _lock(path: Path) -> Callable[[], None]:
    """Hold the database's write lock, as a backup or a stray shell does."""
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, check_same_thread=False)
    with contextlib.suppress(sqlite3.OperationalError):
        connection.execute("BEGIN EXCLUSIVE")
    return connection.close


class FullDisk:
    """A small disk of its own that can be filled."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self) -> None:
        with self._filler.open("wb") as file, contextlib.suppress(OSError):
            room = os.statvfs(self._filler.parent)
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)

    def empty(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[FullDisk | str]:
    """Mount a disk in memory at the folder, where this may be done; else give the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0:
        yield "mounting a small disk needs root"
        return
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        yield f"a small disk cannot be mounted: {done.stderr.strip()}"
        return
    try:
        yield FullDisk(folder)
    finally:
        subprocess.run(["umount", "-l", str(folder)], timeout=10, check=False)
