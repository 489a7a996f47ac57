"""EX-480 and EX-490: something else answers at a gateway's or the producer's address for a while.

libzmq ends a client's connection that broke its protocol and does not begin another: without more,
the socket reaches nobody until its process is started again.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import zmq

from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import PLAIN, case, cases
from alertwire.conformance.subject import DEADLINE_S, POLL_S

_STRANGERS: Final = {
    "another_kind_of_socket": (PLAIN, (zmq.PULL, False)),
    "with_encryption": (PLAIN, (zmq.ROUTER, True)),
    "without_encryption": (Setup(has_keys=True), (zmq.ROUTER, False)),
}
_STAYS_S: Final = 2.0
"""For several attempts: which end hangs up first, and so whether libzmq gives up, is a race."""
_COMMANDS: Final = "ALERTWIRE_COMMANDS_ENDPOINT"
_ALERTS: Final = "ALERTWIRE_ALERTS_ENDPOINT"
_ACKS: Final = "ALERTWIRE_ACKS_ENDPOINT"


@cases(
    "EX-480",
    "Something else at a gateway's address: it is told, and the gateway is found afterwards",
    ((name, setup, stranger) for name, (setup, stranger) in _STRANGERS.items()),
    alone=True,
)
def finds_a_gateway_after_a_stranger(bench: Bench, stranger: tuple[int, bool]) -> None:
    kind, is_encrypted = stranger
    bench.ready()
    bench.gateway.close()
    with _stranger(bench.gateway.endpoint, kind, is_encrypted=is_encrypted):
        bench.subject.event("bus_not_entered", setting=_COMMANDS)
        time.sleep(_STAYS_S)
    bench.gateway.open()
    bench.carry_one()


@case(
    "EX-490",
    "Something else at the producer's addresses: it is told, and the producer found afterwards",
    alone=True,
)
def finds_a_producer_after_a_stranger(bench: Bench) -> None:
    bench.ready()
    bench.producer.close()
    with ExitStack() as open_ones:
        open_ones.enter_context(_stranger(bench.producer.alerts.endpoint, zmq.PULL))
        open_ones.enter_context(_stranger(bench.producer.acks.endpoint, zmq.ROUTER))
        for setting in (_ALERTS, _ACKS):
            bench.subject.event("bus_not_entered", setting=setting)
    bench.producer.open()
    bench.heartbeat()
    bench.carry_one()


@contextmanager
def _stranger(endpoint: str, kind: int, *, is_encrypted: bool = False) -> Iterator[None]:
    """Have a socket of this kind at an endpoint."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(kind)
    if is_encrypted:
        socket.curve_server = True
        socket.curve_secretkey = zmq.curve_keypair()[1]
    give_up_s = time.monotonic() + DEADLINE_S
    try:
        while True:
            try:
                socket.bind(endpoint)
            except zmq.ZMQError:
                # Another thread of libzmq gives the port free.
                if time.monotonic() > give_up_s:
                    raise
                time.sleep(POLL_S)
            else:
                break
        yield
    finally:
        context.destroy(linger=0)
