"""The executor under test: a program that is started, watched and ended."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DEADLINE_S: Final = 20.0
"""Longest wait for anything that needs no time of its own. Generous: a busy machine is no bug."""
POLL_S: Final = 0.02
_LINES_SHOWN: Final = 6
_LINE_LENGTH_SHOWN: Final = 300


class Deviation(Exception):  # noqa: N818 - what it did, not an error of ours
    """What the executor did, or did not do, that the contract says."""


def expect(holds: object, what: str) -> None:
    """Raise Deviation with `what` was seen instead, unless it holds."""
    if not holds:
        raise Deviation(what)


@dataclass(slots=True)
class Subject:
    """One run of the program. Its output goes to files in `folder`."""

    popen: subprocess.Popen[bytes]
    out: Path
    errors: Path

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *arguments: str,
        errors_to: int | None = None,
    ) -> "Subject":
        number = len(list(folder.glob("executor-*.err"))) + 1
        out, errors = folder / f"executor-{number}.out", folder / f"executor-{number}.err"
        ours = {k: v for k, v in os.environ.items() if not k.startswith("ALERTWIRE_")}
        with out.open("wb") as to_out, errors.open("wb") as to_errors:
            popen = subprocess.Popen(
                [*command, *arguments],
                env={**ours, **environment},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=to_out,
                stderr=to_errors if errors_to is None else errors_to,
                # A Ctrl-C is for the suite, which then ends it.
                start_new_session=True,
            )
        return cls(popen, out, errors)

    @property
    def is_running(self) -> bool:
        return self.popen.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self.popen.send_signal(number)

    def exit_code(self, timeout_s: float = DEADLINE_S) -> int:
        """Wait for its end. Raises Deviation where it goes on."""
        try:
            return self.popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Deviation(f"it did not end within {timeout_s:g} s; {self.said()}") from None

    def kill(self) -> None:
        """Kill -9, and wait."""
        self.popen.kill()
        self.popen.wait()

    def said(self) -> str:
        """Return the last lines that it wrote, for a deviation's text."""
        lines = self.errors.read_text(errors="replace").splitlines()[-_LINES_SHOWN:]
        if not lines:
            return "it wrote nothing to stderr"
        return "its last lines:\n" + "\n".join(f"    {line[:_LINE_LENGTH_SHOWN]}" for line in lines)

    def events(self) -> list[dict[str, Any]]:
        """Return its log lines so far. Raises Deviation where one is not a JSON object."""
        found = []
        for line in self.errors.read_text(errors="replace").split("\n")[:-1]:
            try:
                event = json.loads(line)
            except ValueError:
                event = None
            expect(isinstance(event, dict), f"a line on stderr is no JSON object: {line[:200]}")
            found.append(event)
        return found

    def event(self, name: str, *, beyond: int = 0, **fields: Any) -> dict[str, Any]:
        """Wait for a log line of this name with these fields, after the first `beyond` lines."""
        give_up_s = time.monotonic() + DEADLINE_S
        while True:
            for event in self.events()[beyond:]:
                if event.get("event") == name and fields.items() <= event.items():
                    return event
            expect(
                time.monotonic() < give_up_s,
                f"no log line {name} with {fields or 'anything'}; {self.said()}",
            )
            time.sleep(POLL_S)
