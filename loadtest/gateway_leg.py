"""The gateway alone: fed with OrderCommands on its ROUTER, beside a bare TWS socket.

Both place the same market orders at the same simulator, one by one. Two times are taken: until the
placeOrder frame was read by the simulator, and until the sender knows what became of the order
(the gateway's reply, which is committed first; the client's first orderStatus).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import zmq

from alertwire.identity import RandomIds, command_id
from alertwire.wire import codec, sockets
from alertwire.wire.command import CommandReply
from loadtest import samples
from loadtest.chain import Chain
from loadtest.children import ChildFailed
from loadtest.histogram import Latencies
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved
from loadtest.tws_client import TwsClient, TwsRefused

TO_FRAME: Final = "gateway, to the frame"
TO_ANSWER: Final = "gateway, to the answer"
_GATEWAY: Final = "gateway"
_REPLY_TIMEOUT_MS: Final = 10_000
_GAP_S: Final = 0.01
_CLIENT_ID: Final = 900_001


@dataclass(frozen=True, slots=True)
class Placed:
    """One order: when it was asked for, and when that was answered; since 1970."""

    order_ref: str
    asked_ns: int
    answered_ns: int


def run(
    chain: Chain, orders: int, symbols: int, rounds: int, report: Report, progress: Progress
) -> None:
    """Measure both in turn and fill the report."""
    progress.subject(_GATEWAY)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    setting = "ALERTWIRE_COMMANDS_ENDPOINT"
    dealer = sockets.connect(context, zmq.DEALER, chain.commands_endpoint, setting=setting)
    feed = Feed(dealer)
    try:
        with TwsClient(chain.ports["broker"], _CLIENT_ID) as client:
            # The first order of a symbol looks its contract up; that is not what is measured.
            _place(lambda number: feed.place(number % symbols), symbols)
            _place(lambda number: _raw(client, number % symbols), symbols)
            runs = {
                _GATEWAY: lambda: _place(lambda number: feed.place(number % symbols), orders),
                FLOOR: lambda: _place(lambda number: _raw(client, number % symbols), orders),
            }
            for turn in interleaved(runs, rounds, progress.turn):
                arrived = dict(chain.book().arrivals)
                to_frame, to_answer = Latencies(), Latencies()
                for placed in turn.result:
                    to_answer.record(placed.answered_ns - placed.asked_ns)
                    if placed.order_ref in arrived:
                        to_frame.record(arrived[placed.order_ref] - placed.asked_ns)
                report.add_latencies(TO_FRAME, turn.contestant, to_frame)
                report.add_latencies(TO_ANSWER, turn.contestant, to_answer)
    except TwsRefused as error:
        raise ChildFailed(f"the simulator refused the floor's order: {error}") from error
    finally:
        context.destroy(linger=0)


class Feed:
    """An executor's place at the gateway's ROUTER."""

    def __init__(self, dealer: zmq.Socket[bytes]) -> None:
        self._dealer = dealer
        self._dealer.rcvtimeo = _REPLY_TIMEOUT_MS
        self._dealer.sndtimeo = _REPLY_TIMEOUT_MS
        self._ids = RandomIds()
        self._seq = 0

    def place(self, number: int) -> Placed:
        """Send one command and wait for its end. Raises ChildFailed where it was not placed."""
        self._seq += 1
        name = command_id(self._ids.alert_id(), 1)
        frame = codec.encode(samples.command(number, command_id=name, seq=self._seq))
        asked_ns = time.time_ns()
        try:
            self._dealer.send(frame)
            reply = codec.decode(CommandReply, self._dealer.recv())
        except zmq.Again:
            raise ChildFailed("the gateway did not answer a command within 10 s") from None
        answered_ns = time.time_ns()
        if not reply.decided or reply.outcome is None or reply.outcome.name != "ACCEPTED":
            raise ChildFailed(f"the gateway did not place an order: {reply.detail or reply}")
        return Placed(name, asked_ns, answered_ns)


def _raw(client: TwsClient, number: int) -> Placed:
    name = command_id(RandomIds().alert_id(), 1)
    asked_ns = time.time_ns()
    order_id = client.place(samples.symbol(number), name)
    client.wait_for_status(order_id)
    return Placed(name, asked_ns, time.time_ns())


def _place(place: Callable[[int], Placed], orders: int) -> list[Placed]:
    """Place orders one by one, with a pause in which the last one's fills go by."""
    placed = []
    for number in range(orders):
        placed.append(place(number))
        time.sleep(_GAP_S)
    return placed
