"""A whole Alertwire in a folder of its own: real processes started by the real command."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alertwire.ports import free_ports

COMMAND = Path(sys.executable).parent / "alertwire"
TOKEN = "a-token-for-the-tests-only"
READY_TIMEOUT_S = 120


class Installation:
    """Folder, ports and processes; `broker_port` is where its TWS listens."""

    def __init__(self, home: Path, broker_port: int | None = None, **environment: str) -> None:
        ports = free_ports(7)
        self.home = home
        self.webhook_port = ports[0]
        self.simulator_port = ports[5]
        self.control_port = ports[6]
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "ALERTWIRE_HOME": str(home),
            "ALERTWIRE_CONFIG": str(home / "alertwire.toml"),
            "ALERTWIRE_WEBHOOK_TOKEN": TOKEN,
            "ALERTWIRE_PRODUCER_PORT": str(ports[0]),
            "ALERTWIRE_ALERTS_ENDPOINT": f"tcp://127.0.0.1:{ports[1]}",
            "ALERTWIRE_ACKS_ENDPOINT": f"tcp://127.0.0.1:{ports[2]}",
            "ALERTWIRE_COMMANDS_ENDPOINT": f"tcp://127.0.0.1:{ports[3]}",
            "ALERTWIRE_REPORTS_ENDPOINT": f"tcp://127.0.0.1:{ports[4]}",
            "ALERTWIRE_SIMULATOR_PORT": str(ports[5]),
            "ALERTWIRE_SIMULATOR_CONTROL_PORT": str(ports[6]),
            "ALERTWIRE_IB_PORT": str(broker_port or ports[5]),
            **environment,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        for name in names:
            self.start_with(name)

    def start_with(self, name: str, *arguments: str) -> None:
        with (self.home / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(
                [COMMAND, name, *arguments],
                env=self.environment,
                cwd=self.home,
                stdout=out,
                stderr=out,
            )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def listed(self, verb: str, *options: str) -> list[dict[str, Any]]:
        done = self.run(verb, *options, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def post(self, body: Any, *, token: str = TOKEN, query: str = "") -> tuple[int, dict[str, Any]]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.webhook_port, timeout=10)
        try:
            connection.request("POST", f"/webhook/{token}{query}", raw)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def wait_ready(self) -> None:
        def is_ready() -> bool:
            connection = http.client.HTTPConnection("127.0.0.1", self.webhook_port, timeout=5)
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except OSError:
                return False
            finally:
                connection.close()

        self.wait(is_ready, "the producer is ready")

    def wait(self, check: Callable[[], Any], what: str, timeout_s: float = READY_TIMEOUT_S) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not check():
            assert time.monotonic() < deadline_s, f"not within {timeout_s} s: {what}\n{self.said()}"
            time.sleep(0.05)

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        process = self.processes.pop(name)
        process.send_signal(number)
        return process.wait(20)

    def said(self, lines: int = 15) -> str:
        """Return the last lines of every process, for a failing test's message."""
        return "\n".join(
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
            for path in sorted(self.home.glob("*.out"))
        )

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)
