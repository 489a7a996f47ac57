"""A running compose project: containers, webhook, broker's book. Standard library only."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

HEALTHY_TIMEOUT_S: Final = 120.0
FILLED_TIMEOUT_S: Final = 45.0
POLL_S: Final = 0.5
BOOK: Final = (
    "import json; from simulator.control import SimulatorControl; "
    "print(json.dumps(SimulatorControl().call('book')['orders']))"
)


class CheckError(Exception):
    """Something is not as it must be."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any]


class Project:
    """A compose project: its containers, its webhook, its broker's book."""

    def __init__(self, name: str, token: str) -> None:
        self._name = name
        self._token = token

    def container(self, service: str) -> str:
        labels = {"project": self._name, "service": service}
        filters = [f"--filter=label=com.docker.compose.{k}={v}" for k, v in labels.items()]
        found = docker("ps", "-a", "-q", *filters).split()
        if len(found) != 1:
            raise CheckError(f"{len(found)} containers of service {service}, 1 expected")
        return found[0]

    def state(self, service: str) -> dict[str, Any]:
        found = docker("inspect", "--format", "{{json .State}}", self.container(service))
        return dict(json.loads(found))

    def execute(self, service: str, *command: str) -> str:
        return docker("exec", self.container(service), *command)

    def kill(self, service: str) -> None:
        docker("kill", self.container(service))

    def start(self, service: str) -> None:
        docker("start", self.container(service))

    def stop(self, service: str) -> None:
        docker("stop", "--time", "15", self.container(service))

    def restart(self, service: str) -> None:
        docker("restart", "--time", "15", self.container(service))

    def run_beside(self, service: str, program: str) -> str:
        """Run a Python program in a container of its own, like a service's and on the bus."""
        image = docker("inspect", "--format", "{{.Config.Image}}", self.container(service))
        where = f"--network={self._name}_wire --volume={self._name}_executor:/var/lib/executor:ro"
        return docker(
            "run", "--rm", *where.split(), "--entrypoint=python", image.strip(), "-c", program
        )

    def post(self, **fields: Any) -> Answer:
        port = docker("port", self.container("producer"), "8080/tcp").split()[0]
        host, _, number = port.rpartition(":")
        if host != "127.0.0.1":
            raise CheckError(f"the webhook is published on {host}, 127.0.0.1 expected")
        connection = http.client.HTTPConnection(host, int(number), timeout=10)
        try:
            connection.request("POST", f"/webhook/{self._token}", json.dumps(fields))
            answer = connection.getresponse()
            return Answer(answer.status, json.loads(answer.read()))
        finally:
            connection.close()

    def accepted(self, **fields: Any) -> str:
        """Post an alert that must be accepted; return its id."""
        answer = self.post(**fields)
        if answer.status != 200:
            raise CheckError(f"{fields} was answered with {answer.status} {answer.body}")
        return str(answer.body["alert_id"])

    def book(self) -> list[dict[str, Any]]:
        """Return every order that the broker ever accepted."""
        found: list[dict[str, Any]] = json.loads(self.execute("simulator", "python", "-c", BOOK))
        return found

    def ledger(self) -> list[dict[str, Any]]:
        """Return every order as `alertwire orders` lists it."""
        lines = self.execute("gateway", "alertwire", "orders", "--json", "--limit", "1000")
        return [json.loads(line) for line in lines.splitlines()]

    def ordered(self, *alert_ids: str) -> dict[str, list[dict[str, Any]]]:
        """Return the orders of each of these alerts in the broker's book."""
        found: dict[str, list[dict[str, Any]]] = {alert_id: [] for alert_id in alert_ids}
        for order in self.book():
            found.get(str(order["orderRef"]).partition("-")[0], []).append(order)
        return found


def docker(*arguments: str) -> str:
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode != 0:
        raise CheckError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def say(text: str) -> None:
    sys.stdout.write(f"compose-test: {text}\n")
    sys.stdout.flush()


def wait_until(what: str, why_not: Callable[[], str], timeout_s: float) -> None:
    """Wait until `why_not` returns ""; CheckError with its last word when the time is over."""
    started_s = time.monotonic()
    while reason := why_not():
        if time.monotonic() - started_s > timeout_s:
            raise CheckError(f"{what}: not after {timeout_s:g} s: {reason}")
        time.sleep(POLL_S)


def wait_until_healthy(project: Project, *services: str) -> None:
    def why_not() -> str:
        for service in services:
            state = project.state(service)
            health = state.get("Health", {})
            if state["Status"] != "running" or health.get("Status") != "healthy":
                last = (health.get("Log") or [{}])[-1].get("Output", "").strip()
                return f"{service} is {state['Status']}, {health.get('Status')}: {last}"
        return ""

    wait_until("containers healthy", why_not, HEALTHY_TIMEOUT_S)


def wait_until_filled(project: Project, alert_ids: list[str]) -> None:
    def why_not() -> str:
        orders = project.ordered(*alert_ids)
        states = {a: [o["status"] for o in found] for a, found in orders.items()}
        return "; ".join(f"{a}: {s}" for a, s in states.items() if set(s) != {"Filled"})

    wait_until("orders filled", why_not, FILLED_TIMEOUT_S)
