"""The bus with keys: who gets in on which endpoint, who is turned away, and what refuses to start.

Real sockets over TCP. A peer that is turned away is known by what the guard logs, never by waiting
a while for nothing.
"""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import zmq

from alertwire import keys
from alertwire.faults import ConfigurationError
from alertwire.keys import CONSUMER, GATEWAY, OPERATOR, PRODUCER, AllowList
from alertwire.ports import free_ports
from alertwire.settings import Settings
from alertwire.wire import sockets
from alertwire.wire.bus import Bus, Leg

DEADLINE_S = 30
ENDS = {
    # leg: server's kind, client's kind, who may, who may not
    Leg.ALERTS: (zmq.PUSH, zmq.PULL, CONSUMER, OPERATOR),
    Leg.ACKS: (zmq.PULL, zmq.PUSH, CONSUMER, OPERATOR),
    Leg.COMMANDS: (zmq.ROUTER, zmq.DEALER, CONSUMER, OPERATOR),
    Leg.REPORTS: (zmq.PUB, zmq.SUB, OPERATOR, CONSUMER),
    Leg.CONTROL: (zmq.ROUTER, zmq.REQ, OPERATOR, CONSUMER),
}


class Log:
    """Keeps events."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, _logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        self.events.append({"level": method, **event})
        raise structlog.DropEvent

    @property
    def logger(self) -> Any:
        return structlog.wrap_logger(None, processors=[self])

    def named(self, event: str) -> list[dict[str, Any]]:
        return [each for each in list(self.events) if each["event"] == event]


class HeldBus(Bus):
    """A bus whose sockets live as long as itself, as a process's do."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.held: list[zmq.Socket[bytes]] = []

    def bind(self, kind: int, leg: Leg) -> zmq.Socket[bytes]:
        self.held.append(super().bind(kind, leg))
        return self.held[-1]

    def connect(self, kind: int, leg: Leg) -> zmq.Socket[bytes]:
        self.held.append(super().connect(kind, leg))
        return self.held[-1]


class Site:
    """Keys in a folder, endpoints on free ports, and what is open."""

    def __init__(self, home: Path) -> None:
        ports = free_ports(5)
        self.settings = Settings(
            home=home,
            alerts_endpoint=f"tcp://127.0.0.1:{ports[0]}",
            acks_endpoint=f"tcp://127.0.0.1:{ports[1]}",
            commands_endpoint=f"tcp://127.0.0.1:{ports[2]}",
            reports_endpoint=f"tcp://127.0.0.1:{ports[3]}",
            control_endpoint=f"tcp://127.0.0.1:{ports[4]}",
        )
        self.folder = self.settings.bus_keys_folder
        self.log = Log()
        self.buses: list[Bus] = []

    def make_keys(self) -> None:
        for name in keys.FIRST_NAMES:
            keys.make_pair(self.folder, name, keys.usual_lists(name))

    def bus(self, role: str, settings: Settings | None = None) -> Bus:
        made = HeldBus(settings or self.settings, role, self.log.logger)
        self.buses.append(made)
        return made

    def serve(self, leg: Leg) -> zmq.Socket[bytes]:
        return self.bus(leg.server).bind(ENDS[leg][0], leg)

    def join(self, leg: Leg, role: str, settings: Settings | None = None) -> zmq.Socket[bytes]:
        made = self.bus(role, settings).connect(ENDS[leg][1], leg)
        if ENDS[leg][1] == zmq.SUB:
            made.subscribe(b"")
        return made

    def close(self) -> None:
        for each in self.buses:
            each.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def locked(site: Site) -> Site:
    site.make_keys()
    return site


def told_at_a_client(site: Site) -> list[dict[str, Any]]:
    for each in site.buses:
        each.tend()
    return site.log.named("bus_not_entered")


def wait(check: Callable[[], Any], what: str) -> Any:
    deadline_s = time.monotonic() + DEADLINE_S
    while not (found := check()):
        assert time.monotonic() < deadline_s, what
        time.sleep(0.02)
    return found


def carries(leg: Leg, server: zmq.Socket[bytes], client: zmq.Socket[bytes]) -> bool:
    """Whether a message gets from one end to the other, both ways where the leg has two."""
    if leg in {Leg.ALERTS, Leg.REPORTS}:
        return bool(wait(lambda: sockets.try_send(server, b"x") and client.poll(50), "carried"))
    # Again and again: what went into a line that is about to break is lost.
    wait(lambda: sockets.try_send(client, b"ask") and server.poll(500), "carried")
    *route, asked = server.recv_multipart()
    if leg is Leg.ACKS:
        return asked == b"ask"
    server.send_multipart([*route, b"answer"])
    return bool(client.poll(DEADLINE_S * 1000)) and client.recv() == b"answer"


@pytest.mark.parametrize("leg", Leg)
def test_an_allowed_key_is_let_in_on_every_endpoint(locked: Site, leg: Leg) -> None:
    server = locked.serve(leg)
    client = locked.join(leg, ENDS[leg][2])

    assert carries(leg, server, client)
    assert server.mechanism == zmq.CURVE
    assert locked.log.named("peer_refused") == []


@pytest.mark.parametrize("leg", Leg)
def test_a_key_of_another_list_is_turned_away_and_said(locked: Site, leg: Leg) -> None:
    server = locked.serve(leg)
    client = locked.join(leg, ENDS[leg][3])

    [said] = wait(lambda: locked.log.named("peer_refused"), "said")
    assert said["reason"] == "its key is not allowed here"
    assert said["address"] == "127.0.0.1"
    public = (locked.folder / f"{ENDS[leg][3]}.key").read_bytes().strip()
    assert said["key"] == keys.fingerprint(public)
    assert nothing_passes(server, client)


@pytest.mark.parametrize("leg", Leg)
def test_a_peer_without_a_key_is_turned_away_and_said(
    locked: Site, leg: Leg, tmp_path: Path
) -> None:
    server = locked.serve(leg)
    client = locked.join(
        leg, ENDS[leg][2], locked.settings.model_copy(update={"home": tmp_path / "no-keys"})
    )

    said, *_ = wait(lambda: locked.log.named("peer_refused"), "said")
    # Either end may be the first to see that they do not agree.
    assert "it speaks without encryption" in said["reason"] or "it left" in said["reason"]
    assert said["address"] == "127.0.0.1"
    assert said["where"] == leg.setting
    assert nothing_passes(server, client)


def test_a_peer_with_made_up_keys_is_turned_away_and_said(locked: Site, tmp_path: Path) -> None:
    stranger = locked.settings.model_copy(update={"home": tmp_path / "stranger"})
    for name in keys.FIRST_NAMES:
        keys.make_pair(stranger.bus_keys_folder, name)
    # It has learnt the server's public key, which is no secret.
    shutil.copy(locked.folder / "gateway.key", stranger.bus_keys_folder)
    (stranger.bus_keys_folder / "gateway.key_secret").unlink()
    server = locked.serve(Leg.COMMANDS)
    client = locked.join(Leg.COMMANDS, CONSUMER, stranger)

    [said] = wait(lambda: locked.log.named("peer_refused"), "said")
    assert said["reason"] == "its key is not allowed here"
    assert nothing_passes(server, client)


def test_a_server_that_is_not_ours_learns_nothing(locked: Site, tmp_path: Path) -> None:
    impostor = locked.settings.model_copy(update={"home": tmp_path / "impostor"})
    for name in keys.FIRST_NAMES:
        keys.make_pair(impostor.bus_keys_folder, name, keys.usual_lists(name))
    server = locked.bus(GATEWAY, impostor).bind(zmq.ROUTER, Leg.COMMANDS)
    client = locked.join(Leg.COMMANDS, CONSUMER)

    wait(lambda: told_at_a_client(locked), "said at the client")
    assert nothing_passes(server, client)


def nothing_passes(server: zmq.Socket[bytes], client: zmq.Socket[bytes]) -> bool:
    """Neither end has anybody to send to, or anything to read."""
    for each in (server, client):
        if each.type in {zmq.PULL, zmq.SUB, zmq.ROUTER}:
            assert not each.poll(0)
        elif each.type == zmq.PUB:
            each.send(b"into the void", zmq.NOBLOCK)
        else:
            assert not sockets.try_send(each, b"x")
    return not client.poll(100) if client.type in {zmq.PULL, zmq.SUB} else True


def test_a_refused_peer_comes_in_once_it_is_allowed_without_a_restart(locked: Site) -> None:
    server = locked.serve(Leg.COMMANDS)
    keys.make_pair(locked.folder, "consumer-2")
    (locked.folder / "consumer.key_secret").unlink()
    client = locked.join(Leg.COMMANDS, CONSUMER)
    wait(lambda: locked.log.named("peer_refused"), "turned away")
    told = wait(lambda: told_at_a_client(locked), "and told")
    assert "alertwire keys allow" in told[0]["remedy"]

    keys.allow(locked.folder, "consumer-2", (AllowList.COMMANDS,))

    assert carries(Leg.COMMANDS, server, client)


def test_a_revoked_key_keeps_its_session_until_it_breaks(locked: Site) -> None:
    server = locked.serve(Leg.COMMANDS)
    client = locked.join(Leg.COMMANDS, CONSUMER)
    assert carries(Leg.COMMANDS, server, client)

    assert keys.revoke(locked.folder, CONSUMER) == (AllowList.ALERTS, AllowList.COMMANDS)

    assert carries(Leg.COMMANDS, server, client)
    again = locked.join(Leg.COMMANDS, CONSUMER)
    wait(lambda: locked.log.named("peer_refused"), "turned away")
    assert not sockets.try_send(again, b"x")


def test_peers_find_back_after_the_other_end_was_made_anew(locked: Site) -> None:
    bus = locked.bus(GATEWAY)
    server = bus.bind(zmq.ROUTER, Leg.COMMANDS)
    client = locked.join(Leg.COMMANDS, CONSUMER)
    assert carries(Leg.COMMANDS, server, client)

    server.close()
    server = wait(lambda: bind_again(bus), "the port is free again")

    assert carries(Leg.COMMANDS, server, client)


def bind_again(bus: Bus) -> "zmq.Socket[bytes] | None":
    try:
        return bus.bind(zmq.ROUTER, Leg.COMMANDS)
    except ConfigurationError:
        return None


def test_no_secret_is_in_what_the_guard_says(locked: Site) -> None:
    locked.serve(Leg.COMMANDS)
    locked.join(Leg.COMMANDS, OPERATOR)
    wait(lambda: locked.log.named("peer_refused"), "said")

    said = str(locked.log.events)
    secrets = [path.read_text().strip() for path in locked.folder.glob("*.key_secret")]
    assert len(secrets) == 4
    assert not [secret for secret in secrets if secret in said]
    assert not [s for s in secrets if s in repr(keys.load_pair(locked.folder, PRODUCER))]


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("tcp://127.0.0.1:5555", True),
        ("tcp://127.8.8.8:5555", True),
        ("tcp://[::1]:5555", True),
        ("tcp://localhost:5555", True),
        ("ipc:///tmp/x", True),
        ("tcp://127.0.0.1:0;127.0.0.1:5555", True),
        ("tcp://0.0.0.0:5555", False),
        ("tcp://*:5555", False),
        ("tcp://[::]:5555", False),
        ("tcp://10.0.0.5:5555", False),
        ("tcp://eth0:5555", False),
        ("tcp://producer:5555", False),
        ("tcp://localhost.example.com:5555", False),
        ("tcp://127.0.0.1.example.com:5555", False),
        ("tcp://127.0.0.1:0;10.0.0.5:5555", False),
        ("tcp://:5555", False),
    ],
)
def test_only_addresses_that_say_so_are_loopback(endpoint: str, expected: bool) -> None:
    assert sockets.is_loopback(endpoint) is expected


@pytest.mark.parametrize("port", ["", ":", ":0", ":65536", ":+5555", ":5555/", ":*", "\n:5555"])
def test_one_connects_to_a_port_that_there_can_be(site: Site, port: str) -> None:
    settings = site.settings.model_copy(update={"alerts_endpoint": f"tcp://127.0.0.1{port}"})

    with pytest.raises(ConfigurationError, match=r"ALERTWIRE_ALERTS_ENDPOINT.*is no endpoint"):
        site.bus(OPERATOR, settings).connect(zmq.PULL, Leg.ALERTS)


@pytest.mark.parametrize("leg", [Leg.ALERTS, Leg.CONTROL])
@pytest.mark.parametrize("end", ["bind", "connect"])
def test_an_endpoint_off_loopback_needs_keys(site: Site, leg: Leg, end: str) -> None:
    field = f"{leg.setting.removeprefix('ALERTWIRE_').lower()}"
    endpoint = f"tcp://0.0.0.0:{0 if end == 'bind' else 5555}"
    settings = site.settings.model_copy(update={field: endpoint})
    make = getattr(site.bus(leg.server if end == "bind" else OPERATOR, settings), end)

    with pytest.raises(ConfigurationError, match=rf"{leg.setting}.*alertwire keys new"):
        make(ENDS[leg][0], leg)

    site.make_keys()
    assert getattr(site.bus(leg.server if end == "bind" else OPERATOR, settings), end)(
        ENDS[leg][0], leg
    )


@pytest.mark.parametrize("endpoint", ["udp://127.0.0.1:5", "ipc://@name", "ipc://*", "5555", ""])
def test_an_endpoint_that_nothing_protects_is_refused(site: Site, endpoint: str) -> None:
    settings = site.settings.model_copy(update={"alerts_endpoint": endpoint})

    with pytest.raises(ConfigurationError, match="ALERTWIRE_ALERTS_ENDPOINT"):
        site.bus(PRODUCER, settings).bind(zmq.PUSH, Leg.ALERTS)


def test_a_socket_file_is_its_owners_only_whatever_the_umask(site: Site) -> None:
    settings = site.settings.model_copy(update={"control_endpoint": ""})
    before = os.umask(0)
    try:
        server = site.bus(GATEWAY, settings).bind(zmq.ROUTER, Leg.CONTROL)
    finally:
        os.umask(before)
    path = Path(settings.control_location.removeprefix("ipc://"))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert carries(Leg.CONTROL, server, site.join(Leg.CONTROL, OPERATOR, settings))


def test_a_file_that_is_no_socket_is_not_spoken_to(site: Site, tmp_path: Path) -> None:
    (tmp_path / "gateway.sock").write_text("")
    settings = site.settings.model_copy(update={"control_endpoint": ""})

    with pytest.raises(ConfigurationError, match="ALERTWIRE_CONTROL_ENDPOINT"):
        site.bus(OPERATOR, settings).connect(zmq.REQ, Leg.CONTROL)


def test_a_client_without_the_servers_public_key_is_told_to_copy_it(locked: Site) -> None:
    (locked.folder / "gateway.key").unlink()

    with pytest.raises(ConfigurationError, match=r"gateway\.key is missing: copy it"):
        locked.join(Leg.COMMANDS, CONSUMER)


def test_a_bundle_is_all_that_another_machine_needs(locked: Site, tmp_path: Path) -> None:
    keys.make_pair(locked.folder, "consumer-2")
    keys.allow(locked.folder, "consumer-2", keys.usual_lists("consumer-2"))
    far = locked.settings.model_copy(update={"home": tmp_path / "far"})
    keys.bundle(locked.folder, "consumer-2", far.bus_keys_folder)

    held = sorted(path.name for path in far.bus_keys_folder.iterdir())
    assert held == ["consumer-2.key", "consumer-2.key_secret", "gateway.key", "producer.key"]
    server = locked.serve(Leg.COMMANDS)
    assert carries(Leg.COMMANDS, server, locked.join(Leg.COMMANDS, CONSUMER, far))
