"""Connections that libzmq gave up, on real sockets."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
import zmq
from structlog.testing import CapturingLogger

from alertwire.faults import ConfigurationError
from alertwire.ports import free_port
from alertwire.wire import sockets
from alertwire.wire.connections import Connections
from tests.kernel.test_curve import wait

SETTING = "ALERTWIRE_COMMANDS_ENDPOINT"
Socket = zmq.Socket[bytes]


class Site:
    """A context, what it connects, and what is said of it."""

    def __init__(self) -> None:
        self.context: zmq.Context[Socket] = zmq.Context()
        self.held: list[Socket] = []
        self.said = CapturingLogger()
        logger = structlog.wrap_logger(self.said, processors=[_as_arguments])
        self.connections = Connections(self.context, logger)

    def connect(self, kind: int, endpoint: str) -> Socket:
        watch = partial(self.connections.watch, endpoint=endpoint, setting=SETTING, has_keys=False)
        self.held.append(
            sockets.connect(self.context, kind, endpoint, setting=SETTING, watch=watch)
        )
        return self.held[-1]

    def bind(self, kind: int, endpoint: str) -> Socket:
        socket = self.context.socket(kind)
        self.held.append(socket)
        socket.linger = 0
        wait(partial(_is_bound, socket, endpoint), "bound")
        return socket

    def reasons(self) -> list[str]:
        self.connections.tend()
        return [call.kwargs["reason"] for call in self.said.calls]


def _as_arguments(_logger: Any, _method: str, event: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return (), event


def _is_bound(socket: Socket, endpoint: str) -> bool:
    try:
        socket.bind(endpoint)
    except zmq.ZMQError:
        return False
    return True


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.connections.close()
    made.context.destroy(linger=0)


@pytest.fixture(params=["tcp", "ipc"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"tcp://127.0.0.1:{free_port()}" if request.param == "tcp" else f"ipc://{tmp_path}/s"


def test_the_right_socket_is_found_after_another_kind(site: Site, endpoint: str) -> None:
    stranger = site.bind(zmq.PULL, endpoint)
    dealer = site.connect(zmq.DEALER, endpoint)
    assert wait(site.reasons, "told") == ["another kind of socket answers there"]
    stranger.close()
    router = site.bind(zmq.ROUTER, endpoint)

    def is_heard() -> bool:
        site.connections.tend()
        return sockets.try_send(dealer, b"x") and bool(router.poll(100))

    wait(is_heard, "the router hears")
    assert site.reasons() == ["another kind of socket answers there"]


def test_what_comes_and_goes_is_found_without_a_word(site: Site, endpoint: str) -> None:
    dealer = site.connect(zmq.DEALER, endpoint)
    for _ in range(2):
        router = site.bind(zmq.ROUTER, endpoint)
        wait(lambda: sockets.try_send(dealer, b"x"), "found")
        router.close()
        wait(lambda: not sockets.try_send(dealer, b"x"), "gone")

    assert not site.reasons()


def test_a_forgotten_socket_holds_up_no_other(site: Site, endpoint: str) -> None:
    router = site.bind(zmq.ROUTER, endpoint)
    forgotten = site.connect(zmq.DEALER, endpoint)
    wait(lambda: sockets.try_send(forgotten, b"x"), "found")

    site.connections.forget(forgotten)
    router.close()
    wait(lambda: not sockets.try_send(forgotten, b"x"), "gone")

    site.bind(zmq.ROUTER, endpoint)
    other = site.connect(zmq.DEALER, endpoint)
    wait(lambda: sockets.try_send(other, b"x"), "found by another")
    assert not site.reasons()


def test_a_socket_that_could_not_connect_is_forgotten(site: Site) -> None:
    with pytest.raises(ConfigurationError, match="cannot connect to"):
        site.connect(zmq.DEALER, f"ipc:///{'x' * 200}")

    site.connections.tend()

    assert not site.connections._watched
