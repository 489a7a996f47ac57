"""The installation under fire: its processes, the proxies between them, kills and restarts."""

import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Ack, Delivery
from tests.chaos.board import Board
from tests.chaos.frames import Http, Tws, Zmtp
from tests.chaos.proxy import Line, Proxies
from tests.end_to_end.installation import COMMAND, Installation

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 20.0
CASH = 1_000_000_000
UNWRITABLE = ("database is locked", "disk is full", "disk I/O error")
"""How a process says at its start that it cannot write; whoever runs it starts it again."""


class _Quiet:
    """A direction in which nothing is looked for."""

    def feed(self, data: bytes) -> Any:
        yield data, None


@dataclass
class Running:
    """A process: its descriptor stays right though its id may be used again."""

    pid: int
    descriptor: int
    is_up: bool = True
    first_work_of: float = 0.0

    def has_ended(self) -> bool:
        return bool(select.select([self.descriptor], [], [], 0)[0])


class Fleet(Installation):
    """Started by fork from the nursery; with `is_cold` by the command, as an operator does."""

    def __init__(
        self,
        home: Path,
        executors: int,
        chance: random.Random,
        *,
        broker_port: int | None = None,
        is_unsafe: bool = False,
        is_cold: bool = False,
        executor_commands: Sequence[Sequence[str]] = (),
        **environment: str,
    ) -> None:
        super().__init__(home, **environment)
        self.consumers = [f"consumer-{n}" for n in range(1, executors + 1)]
        self._commands = {
            name: command
            for name, command in zip(self.consumers, cycle(executor_commands), strict=False)
            if command
        }
        """Of executors that are not ours, or not in Python."""
        self.victims = ["producer", *self.consumers, "gateway"]
        self.running: dict[str, Running] = {}
        self.crashes: list[str] = []
        self.refused_starts = 0
        """Starts that ended at once, because of a database that we made unwritable."""
        self._is_unsafe, self._is_cold = is_unsafe, is_cold
        self._own_broker = broker_port is None
        self._lock = threading.Lock()
        self.board = Board(self, chance)
        self.proxies = Proxies(self.board.see)
        self._environments = {name: dict(self.environment) for name in self.victims}
        self._open_lines(broker_port or self.simulator_port)
        self._nursery: subprocess.Popen[str] | None = None
        self._simulator: subprocess.Popen[bytes] | None = None
        self._raise_nursery()

    def _open_lines(self, broker_port: int) -> None:
        self.web_port = self.proxies.open(Line("web", self.webhook_port, Http, Http))
        broker = Line("broker", broker_port, Tws.to_broker, Tws.from_broker)
        self._environments["gateway"]["ALERTWIRE_IB_PORT"] = str(self.proxies.open(broker))
        for name in self.consumers:
            for setting, line, up, down in (
                ("ALERTS", "alerts", None, Delivery),
                ("ACKS", "acks", Ack, None),
                ("COMMANDS", "commands", OrderCommand, CommandReply),
            ):
                variable = f"ALERTWIRE_{setting}_ENDPOINT"
                port = int(self.environment[variable].rpartition(":")[2])
                ways = [
                    (lambda kind=kind, name=name: Zmtp(kind, name)) if kind else _Quiet
                    for kind in (up, down)
                ]
                opened = self.proxies.open(Line(f"{line} {name}", port, *ways))
                self._environments[name][variable] = f"tcp://127.0.0.1:{opened}"

    def _raise_nursery(self) -> None:
        if self._is_cold:
            return
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._nursery.stdout is not None
        assert self._nursery.stdout.readline() == "ready\n"

    def start_broker(self) -> None:
        """Start the simulator, where the broker is not somebody else's."""
        if not self._own_broker:
            return
        with (self.home / "simulator.out").open("ab") as out:
            self._simulator = subprocess.Popen(
                [sys.executable, "-m", "simulator", "--cash", str(CASH), "--tick-interval", "1"],
                env=self.environment,
                cwd=ROOT,
                stdout=out,
                stderr=out,
            )
        self.wait(self._simulator_answers, "the simulator listens", START_TIMEOUT_S)

    def _simulator_answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.control_port), 1).close()
        except OSError:
            return False
        return True

    def begin(self, name: str) -> None:
        """Start a process, or start it again after its end."""
        before = self.running.get(name)
        if before is not None:
            select.select([before.descriptor], [], [], END_TIMEOUT_S)
            os.close(before.descriptor)
        started_s = time.monotonic()
        is_cold = self._is_cold or name in self._commands
        pid = self._start_cold(name) if is_cold else self._fork(name)
        running = Running(pid, os.pidfd_open(pid))
        running.first_work_of = started_s if before is not None else 0.0
        with self._lock:
            self.running[name] = running

    def _fork(self, name: str) -> int:
        nursery = self._nursery
        assert nursery is not None
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        order = {
            "name": name,
            "environment": self._environments[name],
            "out": str(self.home / f"{name}.out"),
            "is_unsafe": self._is_unsafe and name == "gateway",
        }
        nursery.stdin.write(json.dumps(order) + "\n")
        nursery.stdin.flush()
        return int(nursery.stdout.readline())

    def _start_cold(self, name: str) -> int:
        command = self._commands.get(name, [str(COMMAND), name.partition("-")[0]])
        if self._is_unsafe and name == "gateway":
            command = [sys.executable, "-m", "tests.chaos.unsafe"]
        with (self.home / f"{name}.out").open("ab") as out:
            started = subprocess.Popen(
                command,
                env={**self._environments[name], "PYTHONPATH": str(ROOT)},
                cwd=self.home,
                stdout=out,
                stderr=out,
            )
        self.processes[name] = started
        return started.pid

    def is_up(self, name: str) -> bool:
        with self._lock:
            running = self.running.get(name)
            return running is not None and running.is_up

    def kill_now(self, name: str) -> bool:
        """Kill -9. From any thread; False where it was dead already."""
        with self._lock:
            running = self.running.get(name)
            if running is None or not running.is_up:
                return False
            running.is_up = False
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(running.descriptor, signal.SIGKILL)
            return True

    def sleep(self, name: str, seconds: float) -> None:
        """Stop a process and let it wake later, unless it is killed before."""
        running = self.running[name]
        self._signal(running, signal.SIGSTOP)
        timer = threading.Timer(seconds, self._signal, (running, signal.SIGCONT))
        timer.daemon = True
        timer.start()

    def _signal(self, running: Running, number: signal.Signals) -> None:
        with self._lock, suppress(OSError):
            if running.is_up:
                signal.pidfd_send_signal(running.descriptor, number)

    def take_restart(self, name: str) -> float:
        """Return when a process was started again, once, until it is killed the next time."""
        running = self.running.get(name)
        if running is None or not running.first_work_of or not running.is_up:
            return 0.0
        started_s, running.first_work_of = running.first_work_of, 0.0
        return started_s

    def down(self) -> list[str]:
        """Name the processes that are to be started; one that died by itself is a finding."""
        ended = []
        for name, running in self.running.items():
            if not running.is_up:
                ended.append(name)
            elif running.has_ended():
                running.is_up = False
                words = self._last_words(name)
                if any(reason in words for reason in UNWRITABLE):
                    self.refused_starts += 1
                else:
                    self.crashes.append(f"{name} ended by itself:\n{words}")
                ended.append(name)
        return ended

    def _last_words(self, name: str, lines: int = 5) -> str:
        text = (self.home / f"{name}.out").read_text(errors="replace")
        return "\n".join(line[:400] for line in text.splitlines()[-lines:])

    def stop(self) -> None:
        for name in list(self.running):
            self.kill_now(name)
        for running in self.running.values():
            select.select([running.descriptor], [], [], END_TIMEOUT_S)
            os.close(running.descriptor)
        self.running.clear()
        for started in self.processes.values():
            started.wait(END_TIMEOUT_S)
        for started in (self._simulator, self._nursery):
            if started is not None:
                started.kill()
                started.wait(END_TIMEOUT_S)
        if self._nursery is not None:
            for stream in (self._nursery.stdin, self._nursery.stdout):
                if stream is not None:
                    stream.close()
        self.proxies.close()
