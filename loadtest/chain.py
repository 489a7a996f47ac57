"""Alertwire itself, as a run's subject: real processes on free ports, in a folder of its own."""

import http.client
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from alertwire.ports import free_ports
from loadtest import samples
from loadtest.children import ChildFailed, Children, environment_with
from loadtest.sender import NUMBER, request
from simulator.control import SimulatorControl

PROCESSES: Final = ("simulator", "gateway", "consumer", "producer")
_PORTS: Final = (
    *("producer", "gateway", "consumer", "broker", "control"),
    *("alerts", "acks", "commands", "reports"),
)
_START_TIMEOUT_S: Final = 30.0
_CONTROL_TIMEOUT_S: Final = 60.0
_POLL_S: Final = 0.05
_MAX_AGE_S: Final = 3600
"""A paced burst takes longer than an alert is usually good for."""
_PER_MINUTE: Final = 100_000_000
"""The door's limit is not what is measured."""
_CASH: Final = 1_000_000_000_000
"""So much that no order is refused for want of margin."""


@dataclass(frozen=True, slots=True)
class Book:
    """The simulator's book: arrival of each order by its orderRef, and the frames read for them."""

    arrivals: list[tuple[str, int]]
    frames: int


class Chain:
    """Alertwire's processes, or some of them. Leaving the context stops them.

    `programs` names the module that runs in a process's place.
    """

    def __init__(
        self,
        folder: Path,
        *,
        processes: Iterable[str] = PROCESSES,
        programs: Mapping[str, str] | None = None,
        messages_per_s: float = 0.0,
        settings: dict[str, str] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "alertwire.toml"
        config.write_text(
            f"[routes.default]\nmax_age_s = {_MAX_AGE_S}\nalerts_per_minute_max = {_PER_MINUTE}\n",
            encoding="utf-8",
        )
        self._processes = tuple(processes)
        self._programs = programs or {}
        self._children = Children(folder)
        self.ports = dict(zip(_PORTS, free_ports(len(_PORTS)), strict=True))
        self.home = folder / "home"
        self.token = secrets.token_urlsafe(24)
        self.commands_endpoint = self._endpoint("commands")
        self._environment = environment_with(
            {
                "ALERTWIRE_HOME": str(self.home),
                "ALERTWIRE_CONFIG": str(config),
                "ALERTWIRE_WEBHOOK_TOKEN": self.token,
                "ALERTWIRE_PRODUCER_PORT": str(self.ports["producer"]),
                "ALERTWIRE_ALERTS_ENDPOINT": self._endpoint("alerts"),
                "ALERTWIRE_ACKS_ENDPOINT": self._endpoint("acks"),
                "ALERTWIRE_COMMANDS_ENDPOINT": self.commands_endpoint,
                "ALERTWIRE_REPORTS_ENDPOINT": self._endpoint("reports"),
                "ALERTWIRE_IB_PORT": str(self.ports["broker"]),
                "ALERTWIRE_IB_MESSAGES_PER_S": f"{messages_per_s:g}",
                "ALERTWIRE_SIMULATOR_PORT": str(self.ports["broker"]),
                "ALERTWIRE_SIMULATOR_CONTROL_PORT": str(self.ports["control"]),
                "ALERTWIRE_GATEWAY_HEALTH_PORT": str(self.ports["gateway"]),
                "ALERTWIRE_CONSUMER_HEALTH_PORT": str(self.ports["consumer"]),
                **(settings or {}),
            }
        )

    def __enter__(self) -> Self:
        try:
            for name in self._processes:
                extra = ["--cash", str(_CASH)] if name == "simulator" else []
                program = [sys.executable, "-m", self._programs.get(name, name), *extra]
                self._children.start(name, program, self._environment)
                if name == "simulator":
                    # A gateway that finds no broker waits before it tries again.
                    self._wait_until_up(name)
            for name in self._processes:
                self._wait_until_up(name)
        except BaseException:
            self._children.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._children.stop()

    def check(self) -> None:
        """Raise ChildFailed where a process has died."""
        self._children.check()

    def requests(self, name: str, symbols: int) -> list[bytes]:
        """Write one alert per symbol; `name` sets this turn's alerts apart from all others."""
        path = f"/webhook/{self.token}"
        return [
            request(self.ports["producer"], path, samples.body(number, f"{name}-{NUMBER}"))
            for number in range(symbols)
        ]

    def book(self) -> Book:
        """Ask the simulator for all orders."""
        answer = self._ask("book")
        arrivals = [
            (str(order["orderRef"]), round(order["received_at"] * 1e9))
            for order in answer["orders"]
        ]
        return Book(arrivals, int(answer["frames"]) - int(self._ask("status")["refused"]))

    def order_count(self) -> int:
        return int(self._ask("status")["orders"])

    def wait_for_orders(self, count: int, patience_s: float, tell: Callable[[int], None]) -> None:
        """Wait until the simulator has so many orders, or none has come for `patience_s`."""
        seen, give_up_s = -1, 0.0
        while seen < count:
            self.check()
            now = self.order_count()
            if now != seen:
                seen, give_up_s = now, time.monotonic() + patience_s
                tell(seen)
            elif time.monotonic() > give_up_s:
                return
            time.sleep(_POLL_S)

    def _ask(self, verb: str) -> dict[str, Any]:
        port = self.ports["control"]
        with SimulatorControl("127.0.0.1", port, _CONTROL_TIMEOUT_S) as control:
            return control.call(verb)

    def _wait_until_up(self, name: str) -> None:
        give_up_s = time.monotonic() + _START_TIMEOUT_S
        while not self._is_up(name):
            self._children.check()
            if time.monotonic() > give_up_s:
                raise ChildFailed(
                    f"{name} was not ready within {_START_TIMEOUT_S:g} s:\n"
                    f"{self._children.log_tail(name)}"
                )
            time.sleep(_POLL_S)

    def _is_up(self, name: str) -> bool:
        if name == "simulator":
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.ports["broker"]), 1).close()
                return True
            return False
        # A producer without executors is up, though it may say that nobody takes its alerts.
        is_alone = name == "producer" and "consumer" not in self._processes
        return answers(self.ports[name], "/healthz" if is_alone else "/readyz")

    def _endpoint(self, name: str) -> str:
        return f"tcp://127.0.0.1:{self.ports[name]}"


def answers(port: int, path: str) -> bool:
    """Tell whether an HTTP server says 200 there."""
    try:
        return _get(port, path)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def scrape(port: int) -> str:
    """Return the metrics of a process."""
    return _get(port, "/metrics")[1]


def _get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
