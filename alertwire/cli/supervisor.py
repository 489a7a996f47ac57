"""Runs the processes of one Alertwire side by side, for `up` and `demo`.

Nothing is restarted in silence: when one process ends by itself, the caller hears which and why.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from alertwire.faults import ConfigurationError

STOP_TIMEOUT_S: Final = 8.0
"""From SIGTERM to SIGKILL."""
POLL_S: Final = 0.05
_KEPT_LINES: Final = 12

Show = Callable[[str, str], None]
"""Called with a process's name and a line that it wrote."""


@dataclass(slots=True)
class Child:
    """One running process, its log file and its last lines."""

    name: str
    popen: subprocess.Popen[str]
    log: Path
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    reader: threading.Thread | None = None

    def why(self) -> str:
        """Tell how it ended, with the last lines that it wrote."""
        if self.reader:
            self.reader.join(timeout=1)
        code = self.popen.returncode
        said = "\n".join(f"    {line}" for line in self.last_lines)
        return f"{self.name} ended with exit code {code}; its last lines ({self.log}):\n{said}"


class Supervisor:
    """Starts children in order and stops them in the opposite one."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path, logs: Path, show: Show
    ) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._logs = logs
        self._show = show
        self._children: list[Child] = []

    def start(
        self,
        name: str,
        command: Sequence[str] = (),
        changes: Mapping[str, str] | None = None,
    ) -> Child:
        """Start `python -m name`, or another program under that name; `changes` of its settings."""
        try:
            self._logs.mkdir(parents=True, exist_ok=True)
            log = (self._logs / f"{name}.log").open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(
                f"{self._logs} cannot be written: {error.strerror}; make ALERTWIRE_HOME writable"
            ) from error
        with _signals_held_back():
            popen = subprocess.Popen(
                command or [sys.executable, "-m", name],
                cwd=self._folder,
                env={**self._environment, **(changes or {}), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                # Ctrl-C on the terminal is for us: we stop them in order.
                process_group=0,
            )
            child = Child(name, popen, Path(log.name))
            self._children.append(child)

            def read() -> None:
                with log, popen.stdout or contextlib.nullcontext(()) as lines:
                    for line in lines:
                        log.write(line)
                        log.flush()
                        child.last_lines.append(line.rstrip())
                        self._show(name, line.rstrip())

            child.reader = threading.Thread(target=read, name=f"log-{name}", daemon=True)
            child.reader.start()
        return child

    def wait_until(self, what: str, check: Callable[[], str], timeout_s: float) -> None:
        """Wait until `check` returns "", the reason why not otherwise.

        Raises ConfigurationError when a process ends meanwhile or the time is over.
        """
        deadline_s = time.monotonic() + timeout_s
        while reason := check():
            self.raise_if_ended()
            if time.monotonic() > deadline_s:
                raise ConfigurationError(f"{what} is not ready after {timeout_s:g} s: {reason}")
            time.sleep(POLL_S)

    def signal(self, number: signal.Signals, *names: str) -> None:
        """Pass a signal on to these processes, in this order."""
        for name in names:
            for child in self._children:
                if child.name == name and child.popen.poll() is None:
                    child.popen.send_signal(number)

    def ended(self) -> Child | None:
        """Return a process that has ended, if one has."""
        return next((c for c in self._children if c.popen.poll() is not None), None)

    def raise_if_ended(self) -> None:
        """Raise ConfigurationError with the reason where a process has ended."""
        if child := self.ended():
            raise ConfigurationError(child.why())

    def stop(self) -> None:
        """Stop all: first those that take alerts in, last the broker's end."""
        for child in reversed(self._children):
            if child.popen.poll() is None:
                child.popen.terminate()
                try:
                    child.popen.wait(STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    child.popen.kill()
                    child.popen.wait()
        for child in self._children:
            if child.reader:
                child.reader.join(timeout=1)


@contextlib.contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let what a signal raises wait: a child that was started and not noted would outlive us."""
    came: list[int] = []
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {
            number: handler
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
            if callable(handler := signal.getsignal(number))
        }
    for number in before:
        signal.signal(number, lambda caught, _frame: came.append(caught))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for caught in came:
        signal.raise_signal(caught)


@contextlib.contextmanager
def supervise(
    environment: Mapping[str, str] | None, folder: Path, logs: Path, show: Show
) -> Iterator[Supervisor]:
    """Supervise processes; all are stopped when the block ends, however it ends."""
    supervisor = Supervisor(os.environ if environment is None else environment, folder, logs, show)
    try:
        yield supervisor
    finally:
        supervisor.stop()
