"""Asks running processes how they are: the webhook by HTTP, the gateway by its control socket."""

import http.client
import json
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
import zmq

from alertwire.faults import ConfigurationError
from alertwire.keys import OPERATOR
from alertwire.settings import Settings
from alertwire.wire import codec
from alertwire.wire.bus import Bus, Leg
from alertwire.wire.control import ControlReply, ControlRequest, GatewayStatus, StatusRequest

CONTROL_TIMEOUT_S: Final = 2.0
HTTP_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    text: str

    def json(self) -> dict[str, Any]:
        """Return the body as an object; {} where it is none."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


def request(
    settings: Settings,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask the producer. Raises OSError where it does not answer."""
    host = settings.producer_host if settings.producer_host != "0.0.0.0" else "127.0.0.1"
    connection = http.client.HTTPConnection(host, settings.producer_port, timeout=HTTP_TIMEOUT_S)
    try:
        given = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        connection.request(method, path, body, given)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode("utf-8", "replace"))
    except http.client.HTTPException as error:
        raise ConnectionError(f"no HTTP answer: {error!r}") from error
    finally:
        connection.close()


def ask_producer(
    settings: Settings,
    path: str,
    body: bytes,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Post to the producer for a verb. Raises ConfigurationError where it does not answer."""
    try:
        return request(settings, "POST", path, body, headers)
    except OSError as error:
        raise ConfigurationError(
            f"the producer does not answer on {settings.producer_host}:{settings.producer_port} "
            f"({error}); start it with: alertwire up"
        ) from error


def need_gateway(settings: Settings, asked: ControlRequest, timeout_s: float) -> ControlReply:
    """Send one control request. Raises ConfigurationError where the gateway does not answer."""
    reply = ask_gateway(settings, asked, timeout_s)
    if reply is None:
        raise silent_gateway()
    return reply


def silent_gateway() -> ConfigurationError:
    """Say that the gateway does not answer, and what helps."""
    return ConfigurationError(
        "the gateway does not answer; start it with: alertwire up (or alertwire gateway)"
    )


def is_gateway_there(settings: Settings) -> bool:
    """Whether the gateway's control socket takes a connection; nothing is asked."""
    bus = _operators_bus(settings)
    try:
        control = bus.connect(zmq.REQ, Leg.CONTROL)
        return _takes(control)
    finally:
        bus.close()


def ask_gateway(
    settings: Settings, asked: ControlRequest, timeout_s: float = CONTROL_TIMEOUT_S
) -> ControlReply | None:
    """Send one control request; None where the gateway does not answer in time."""
    bus = _operators_bus(settings)
    try:
        control = bus.connect(zmq.REQ, Leg.CONTROL)
        if not _takes(control):
            # Says so where it did not let us in.
            bus.tend()
            return None
        control.send(codec.encode(asked), zmq.NOBLOCK)
        if not control.poll(round(timeout_s * 1000)):
            return None
        return codec.decode(ControlReply, control.recv())
    finally:
        bus.close()


def _operators_bus(settings: Settings) -> Bus:
    # Standard output is the verb's.
    return Bus(settings, OPERATOR, structlog.wrap_logger(structlog.PrintLogger(sys.stderr)))


def _takes(control: "zmq.Socket[bytes]") -> bool:
    """Whether the other end is there, now or soon."""
    return bool(control.poll(round(CONTROL_TIMEOUT_S * 1000), zmq.POLLOUT))


def gateway_answer(settings: Settings) -> ControlReply | None:
    """Ask the gateway how it is, and what it found; None where it does not answer."""
    return ask_gateway(settings, ControlRequest(status=StatusRequest()))


def gateway_status(settings: Settings) -> GatewayStatus | None:
    """Ask the gateway how it is; None where it does not answer."""
    reply = gateway_answer(settings)
    return reply.status if reply else None


def why_gateway_not_ready(settings: Settings) -> str:
    """Return why the gateway cannot place orders; empty when it can."""
    status = gateway_status(settings)
    if status is None:
        return "it does not answer on its control endpoint"
    return "" if status.ready else status.reason or "not ready"


def why_producer_not_ready(settings: Settings) -> str:
    """Return why the webhook cannot take alerts; empty when it can."""
    try:
        answer = request(settings, "GET", "/readyz")
    except OSError as error:
        return f"no answer on port {settings.producer_port}: {error}"
    return "" if answer.status == http.client.OK else answer.text.strip()


def why_no_executor(settings: Settings) -> str:
    """Return why alerts would wait at the producer; empty when an executor is there."""
    try:
        metrics = request(settings, "GET", "/metrics").text
    except OSError as error:
        return f"no answer on port {settings.producer_port}: {error}"
    found = re.search(r"^alertwire_executors (\d+)", metrics, re.MULTILINE)
    if found is None or found[1] == "0":
        return "no executor's heartbeat has come"
    return ""


def why_not_listening(host: str, port: int) -> str:
    """Return why nothing can be reached at a TCP port; empty when something listens."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError as error:
        return f"nothing listens on {host}:{port} ({error.strerror or error})"
    return ""


def why_no_peer(endpoint: str) -> str:
    """Return why nothing can be reached at an endpoint of the bus; empty when something listens."""
    transport, _, place = endpoint.partition("://")
    if transport == "ipc":
        return "" if Path(place).is_socket() else f"{place} is no socket"
    host, _, port = place.rpartition(";")[2].rpartition(":")
    if not port.isdecimal():
        return f"{endpoint} names no port"
    return why_not_listening(host.strip("[]"), int(port))
