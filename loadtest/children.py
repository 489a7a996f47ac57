"""Processes that a run starts, and their end: each by its own id, whatever happens."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Final, Self

_STOP_TIMEOUT_S: Final = 8.0
_LOG_LINES_SHOWN: Final = 15
_POLL_S: Final = 0.01


class ChildFailed(Exception):  # noqa: N818 - says what happened
    """A process of the run ended, or did not come up. The text ends with its last log lines."""


class Children:
    """The processes of a run. Leaving the context stops them, last started first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process whose output goes to a log file in the run's folder."""
        with self._log(name).open("wb") as log:
            child = subprocess.Popen(
                command,
                env=None if environment is None else dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the run, which then stops them in order.
                start_new_session=True,
            )
        self._running.append((name, child))
        return child

    def check(self, *, may_succeed: bool = False) -> None:
        """Raise ChildFailed where a process has ended; with `may_succeed`, where it failed."""
        for name, child in self._running:
            code = child.poll()
            if code is not None and not (may_succeed and code == 0):
                raise ChildFailed(f"{name} ended with {child.returncode}:\n{self.log_tail(name)}")

    def wait(self, child: subprocess.Popen[bytes], timeout_s: float) -> None:
        """Wait for a process that ends by itself. Raises ChildFailed where it fails or does not."""
        name = next(n for n, running in self._running if running is child)
        give_up_s = time.monotonic() + timeout_s
        while (code := child.poll()) is None:
            self.check(may_succeed=True)
            if time.monotonic() > give_up_s:
                raise ChildFailed(
                    f"{name} did not end within {timeout_s:g} s:\n{self.log_tail(name)}"
                )
            time.sleep(_POLL_S)
        if code != 0:
            raise ChildFailed(f"{name} ended with {code}:\n{self.log_tail(name)}")
        self._running.remove((name, child))

    def wait_for(self, path: Path, timeout_s: float) -> None:
        """Wait for a file that a process writes. Raises ChildFailed where one ends instead."""
        give_up_s = time.monotonic() + timeout_s
        while not path.exists():
            self.check(may_succeed=True)
            if time.monotonic() > give_up_s:
                raise ChildFailed(f"{path.name} was not written within {timeout_s:g} s")
            time.sleep(_POLL_S)

    def stop(self) -> None:
        """End what still runs: asked to, last started first; killed where it does not listen."""
        for _, child in reversed(self._running):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        give_up_s = time.monotonic() + _STOP_TIMEOUT_S
        while self._running:
            _, child = self._running[-1]
            try:
                child.wait(max(give_up_s - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            self._running.pop()

    def log_tail(self, name: str) -> str:
        """Return the last lines that a process wrote."""
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-_LOG_LINES_SHOWN:]) or "  (it said nothing)"

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


def stop_on_signals() -> None:
    """Make SIGTERM end the run as Ctrl-C does, so that it stops its processes."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell's background job inherits it ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """Return our environment without settings of Alertwire but those in `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ALERTWIRE_")}
    return {**kept, **changes}
