"""Several gateways behind one executor, on real sockets, plain and with keys."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
import zmq

from alertwire import keys
from alertwire.faults import ConfigurationError
from alertwire.keys import AllowList
from alertwire.ports import free_port
from alertwire.settings import Settings
from alertwire.trading import Gateway
from alertwire.wire import codec
from alertwire.wire.bus import Bus, Leg
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import AckKind, Outcome
from consumer.gateways import Gateways
from tests.conformance.samples import alert, delivery
from tests.consumer.test_process import Ends, stop

ROUTES = """
[routes.default]
accounts = ["DU1", {{ id = "DU2", gateway = "second" }}]
[gateways.second]
commands_endpoint = "{endpoint}"
"""


class TwoGateways(Ends):
    """The ends of an executor's sockets, with another gateway's."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.second = self.context.socket(zmq.ROUTER)
        self.second.linger = 0
        port = self.second.bind_to_random_port("tcp://127.0.0.1")
        self.config = home / "alertwire.toml"
        self.routes = ROUTES.format(endpoint=f"tcp://127.0.0.1:{port}")
        self.environment["ALERTWIRE_CONFIG"] = str(self.config)

    def command_at(self, router: "zmq.Socket[bytes]") -> tuple[bytes, OrderCommand]:
        assert router.poll(15_000), "no command came"
        sender, frame = router.recv_multipart()
        return sender, codec.decode(OrderCommand, frame)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[TwoGateways]:
    opened = TwoGateways(tmp_path)
    yield opened
    opened.context.destroy(linger=0)


def decide(ends: TwoGateways) -> Outcome | None:
    """Answer at both gateways and return what the alert's end is."""
    first, second = ends.command_at(ends.router), ends.command_at(ends.second)
    assert (first[1].account, second[1].account) == ("DU1", "DU2")
    ends.accept(*first)
    ends.router, router = ends.second, ends.router
    ends.accept(*second)
    ends.router = router
    return ends.ack(AckKind.DECIDED).outcome


def test_each_gateway_gets_the_commands_of_its_accounts_and_both_answers_count(
    ends: TwoGateways,
) -> None:
    ends.config.write_text(ends.routes)
    process = ends.start()
    ends.ack(AckKind.HEARTBEAT)
    ends.push.send(codec.encode(delivery(alert())))

    assert decide(ends) is Outcome.ACCEPTED
    stop(process, signal.SIGTERM)


def test_sighup_connects_to_a_gateway_that_was_added_and_keeps_the_old_ones_of_a_wrong_file(
    ends: TwoGateways,
) -> None:
    ends.config.write_text("[routes.default]\n")
    process = ends.start()
    ends.ack(AckKind.HEARTBEAT)
    for text, event in (
        (ends.routes, b"routes_reloaded"),
        # Off this machine without keys.
        (ROUTES.format(endpoint="tcp://192.0.2.1:5557"), b"routes_kept"),
    ):
        ends.config.write_text(text)
        process.send_signal(signal.SIGHUP)
        wait_for(process, event)
    ends.push.send(codec.encode(delivery(alert())))

    assert decide(ends) is Outcome.ACCEPTED
    stop(process, signal.SIGTERM)


def test_of_a_wrong_file_no_gateway_is_connected_to(tmp_path: Path) -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    server = context.socket(zmq.DEALER)
    server.linger = 0
    server.bind(endpoint)
    client = Bus(Settings(home=tmp_path), keys.CONSUMER, structlog.get_logger())
    gateways = Gateways(client, zmq.Poller())
    try:
        # The second is off this machine, and there are no keys.
        places = {"second": endpoint, "third": "tcp://192.0.2.1:5557"}
        wanted = {name: Gateway(commands_endpoint=place) for name, place in places.items()}
        with pytest.raises(ConfigurationError, match=r"gateways\.third\.commands_endpoint"):
            gateways.use(wanted)
        time.sleep(0.5)
        assert not server.poll(0, zmq.POLLOUT)

        gateways.use({"second": wanted["second"]})
        assert server.poll(15_000, zmq.POLLOUT)
    finally:
        client.close()
        context.destroy(linger=0)


def wait_for(process: subprocess.Popen[bytes], event: bytes) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if event in line:
            return
    raise AssertionError(f"{event!r} was not said")


@pytest.mark.parametrize("has_own_key", [True, False])
def test_a_gateway_is_known_by_its_own_key_or_by_the_first_ones(
    tmp_path: Path, *, has_own_key: bool
) -> None:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    ours = Settings(home=tmp_path / "ours")
    theirs = Settings(home=tmp_path / "theirs", commands_endpoint=endpoint)
    for name in keys.FIRST_NAMES:
        keys.make_pair(ours.bus_keys_folder, name)
    if has_own_key:
        keys.make_pair(theirs.bus_keys_folder, "gateway-second")
        shutil.copy(theirs.bus_keys_folder / "gateway-second.key", ours.bus_keys_folder)
    else:
        theirs.bus_keys_folder.mkdir(parents=True)
        shutil.copy(ours.bus_keys_folder / "gateway.key_secret", theirs.bus_keys_folder)
    shutil.copy(ours.bus_keys_folder / "consumer.key", theirs.bus_keys_folder)
    keys.allow(theirs.bus_keys_folder, "consumer", (AllowList.COMMANDS,))
    log = structlog.get_logger()
    server = Bus(theirs, keys.GATEWAY, log)
    client = Bus(ours, keys.CONSUMER, log)
    try:
        router = server.bind(zmq.ROUTER, Leg.COMMANDS)
        dealer = client.connect_gateway("second", endpoint)

        dealer.send(b"ask")

        assert router.poll(15_000)
        assert router.mechanism == zmq.CURVE
    finally:
        client.close()
        server.close()
