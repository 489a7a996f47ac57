"""EX-900 to EX-990: CURVE with the right keys, with wrong ones, and without those it needs."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import zmq

from alertwire import keys
from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.cases.gateways import TWO_GATEWAYS
from alertwire.conformance.cases.start import refuses_to_start
from alertwire.conformance.subject import expect
from alertwire.wire.delivery import Outcome

WITH_KEYS: Final = Setup(has_keys=True)
_NOBODY_S: Final = 2.5
"""How long nothing must come through."""


@case("EX-900", "With the right keys an alert goes through, encrypted", WITH_KEYS)
def speaks_with_keys(bench: Bench) -> None:
    bench.ready().carry_one()


@case(
    "EX-910",
    "A key of another name, consumer-east, is used where it is the only one",
    WITH_KEYS,
    alone=True,
)
def uses_a_key_of_another_name(bench: Bench) -> None:
    folder = _keys(bench)
    for ending in ("key", "key_secret"):
        (folder / f"consumer.{ending}").rename(folder / f"consumer-east.{ending}")
    bench.ready()


@case(
    "EX-920", "A key that is not allowed gets nothing, and gets in when it is", WITH_KEYS, slow=True
)
def waits_to_be_allowed(bench: Bench) -> None:
    servers = bench.server_keys or Path()
    keys.revoke(servers, keys.CONSUMER)
    subject = bench.start()
    _nothing_comes(bench)
    expect(subject.is_running, bench.said())
    keys.allow(servers, keys.CONSUMER, keys.usual_lists(keys.CONSUMER))
    bench.heartbeat()
    bench.carry_one()


@case(
    "EX-930", "A server with another key than it knows gets nothing from it", WITH_KEYS, slow=True
)
def refuses_a_strange_server(bench: Bench) -> None:
    strange = zmq.curve_keypair()[0]
    for name in (keys.PRODUCER, keys.GATEWAY):
        _write(_keys(bench) / f"{name}.key", strange)
    subject = bench.start()
    _nothing_comes(bench)
    expect(subject.is_running, bench.said())
    subject.event("bus_not_entered")


@case("EX-940", "With keys it says nothing to a server without encryption", slow=True)
def says_nothing_in_the_clear(bench: Bench) -> None:
    servers = bench.folder / "servers"
    for name in (keys.PRODUCER, keys.GATEWAY, keys.CONSUMER):
        keys.make_pair(servers, name)
    keys.bundle(servers, keys.CONSUMER, _keys(bench))
    subject = bench.start()
    _nothing_comes(bench)
    expect(subject.is_running, bench.said())


def _open_secret(folder: Path) -> None:
    (folder / "consumer.key_secret").chmod(0o644)


def _open_list(folder: Path) -> None:
    (folder / "allowed").mkdir(exist_ok=True)
    (folder / "allowed").chmod(0o777)


def _two_secrets(folder: Path) -> None:
    for name in ("consumer-east", "consumer-west"):
        shutil.copy(folder / "consumer.key_secret", folder / f"{name}.key_secret")
    (folder / "consumer.key_secret").unlink()


def _other_half(folder: Path) -> None:
    _write(folder / "consumer.key", zmq.curve_keypair()[0])


_WRONG_KEYS: Final[dict[str, tuple[Callable[[Path], None], str]]] = {
    "secret_open_to_others": (_open_secret, "chmod 600"),
    "folder_open_to_others": (lambda folder: folder.chmod(0o777), "chmod 700"),
    "no_secret": (lambda folder: (folder / "consumer.key_secret").unlink(), "consumer"),
    "two_secrets": (_two_secrets, "consumer"),
    "other_half": (_other_half, "consumer.key"),
    "no_producer_key": (lambda folder: (folder / "producer.key").unlink(), "producer.key"),
    "no_gateway_key": (lambda folder: (folder / "gateway.key").unlink(), "gateway.key"),
    "no_number": (
        lambda folder: _write(folder / "producer.key", b"#" * keys.KEY_LENGTH),
        "producer.key",
    ),
    "list_open_to_others": (_open_list, "chmod 700"),
    "short_key": (
        lambda folder: _write(folder / "producer.key", b"abc"),
        "producer.key",
    ),
    "no_z85": (
        lambda folder: _write(folder / "gateway.key", b'"' * keys.KEY_LENGTH),
        "gateway.key",
    ),
}


@cases(
    "EX-950",
    "Keys that cannot be used: exit code 78 and one line that names the file",
    ((name, WITH_KEYS, wrong) for name, wrong in _WRONG_KEYS.items()),
    alone=True,
)
def refuses_keys(bench: Bench, wrong: tuple[Callable[[Path], None], str]) -> None:
    spoil, named = wrong
    spoil(_keys(bench))
    refuses_to_start(bench, named)


@case(
    "EX-960",
    "A gateway of [gateways] with a key of its own, gateway-NAME.key, is spoken to by that",
    replace(TWO_GATEWAYS, has_keys=True),
    alone=True,
)
def knows_each_gateway(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    for gateway in bench.gateways:
        bench.asked(delivery, gateway).reply()
    bench.decided(delivery, Outcome.ACCEPTED)


def _keys(bench: Bench) -> Path:
    return bench.home / "keys" / "bus"


def _write(path: Path, key: bytes) -> None:
    path.write_bytes(key + b"\n")


def _nothing_comes(bench: Bench) -> None:
    # It is up, so what it would say it could say by now.
    bench.get("/healthz")
    give_up_s = time.monotonic() + _NOBODY_S
    while time.monotonic() < give_up_s:
        bench.producer.listen(50)
        bench.gateway.listen(0)
    expect(not bench.producer.history, "an ack came through")
    expect(not bench.gateway.history, "a command came through")
