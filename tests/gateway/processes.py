"""A gateway in a process of its own, an executor's socket to it, and a subscriber's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import zmq

from alertwire.ports import free_port
from alertwire.wire.codec import decode, encode
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.control import ControlReply, ControlRequest, GatewayStatus, StatusRequest
from alertwire.wire.report import OrderReport

ROOT = Path(__file__).resolve().parents[2]


def until(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> object:
    """Wait for a condition, and return what it returned."""
    ends = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < ends, f"{what} did not come about"
        time.sleep(0.02)
    return found


@dataclass
class GatewayProcess:
    """`python -m gateway` on a data folder of its own; started again on the same one."""

    home: Path
    ib_port: int
    python: str = sys.executable
    settings: dict[str, str] = field(default_factory=dict)
    commands: str = field(default_factory=lambda: f"tcp://127.0.0.1:{free_port()}")
    reports: str = field(default_factory=lambda: f"tcp://127.0.0.1:{free_port()}")
    process: subprocess.Popen | None = None

    @property
    def log(self) -> str:
        return (self.home / "log").read_text()

    @property
    def environment(self) -> dict[str, str]:
        """What the gateway runs with, and a command line beside it."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("ALERTWIRE")
        }
        return (
            inherited
            | {
                "ALERTWIRE_HOME": str(self.home),
                "ALERTWIRE_IB_PORT": str(self.ib_port),
                "ALERTWIRE_COMMANDS_ENDPOINT": self.commands,
                "ALERTWIRE_REPORTS_ENDPOINT": self.reports,
                "ALERTWIRE_LOG_FORMAT": "json",
                "ALERTWIRE_IB_MESSAGES_PER_S": "0",
                "PYTHONPATH": str(ROOT),
            }
            | self.settings
        )

    def start(self) -> "GatewayProcess":
        self.home.mkdir(exist_ok=True)
        with (self.home / "log").open("a") as log:
            self.process = subprocess.Popen(
                [self.python, "-m", "gateway"], cwd=self.home, env=self.environment, stderr=log
            )
        return self

    def ready(self) -> "GatewayProcess":
        until(lambda: self.status().ready, f"a ready gateway: {self.log}")
        return self

    def status(self) -> GatewayStatus:
        context = zmq.Context.instance()
        with context.socket(zmq.REQ) as asking:
            asking.linger = 0
            asking.connect(f"ipc://{self.home.resolve()}/gateway.sock")
            asking.send(encode(ControlRequest(status=StatusRequest())))
            assert asking.poll(20_000), f"no status: {self.log}"
            return decode(ControlReply, asking.recv()).status

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


class Executor:
    """A DEALER that sends commands and keeps the replies."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(gateway.commands)

    def send(self, command: OrderCommand) -> None:
        self.socket.send(encode(command))

    def reply(self, timeout_s: float = 20.0) -> CommandReply:
        assert self.socket.poll(timeout_s * 1000), "no reply"
        return decode(CommandReply, self.socket.recv())

    def ask(self, command: OrderCommand, timeout_s: float = 20.0) -> CommandReply:
        self.send(command)
        return self.reply(timeout_s)

    def insist(self, command: OrderCommand) -> CommandReply:
        """Send again until it is decided, as the producer does."""
        return until(lambda: reply if (reply := self.ask(command)).decided else None, "a decision")

    def close(self) -> None:
        self.socket.close()


class Subscriber:
    """A SUB that keeps what the gateway reports."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self.socket = zmq.Context.instance().socket(zmq.SUB)
        self.socket.linger = 0
        self.socket.connect(gateway.reports)
        self.socket.subscribe(b"")
        self.reports: list[OrderReport] = []

    def of(self, order_ref: str) -> list[OrderReport]:
        while self.socket.poll(0):
            self.reports.append(decode(OrderReport, self.socket.recv()))
        return [report for report in self.reports if report.order_ref == order_ref]

    def close(self) -> None:
        self.socket.close()
