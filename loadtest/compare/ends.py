"""The producer's and the gateway's side, as fast as one Python thread can be.

Frames are not decoded while time is taken: ids of one length are found by their common beginning.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import zmq

from alertwire.wire import codec
from alertwire.wire.delivery import Ack, AckKind
from loadtest import samples
from loadtest.children import ChildFailed
from loadtest.histogram import Latencies

LIMIT_S: Final = 60.0
"""Longest wait for one turn."""
SENT_AGAIN_S: Final = 1.0
_BEGINNING: Final = samples.ALERT_ID[:12].encode()
_LENGTH: Final = len(samples.ALERT_ID)
_DECIDED: Final = bytes((0x08, 1, 0x10, AckKind.DECIDED.value))
"""How an ack of schema version 1 with this kind begins, in the order of the fields' numbers."""
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(slots=True)
class Carried:
    """What one flow of alerts took."""

    seconds: float
    planned: Latencies = field(default_factory=Latencies)
    """From the delivery's sending to the command's arrival."""
    acked: Latencies = field(default_factory=Latencies)
    """From the reply's sending to the arrival of DECIDED."""
    added: Latencies = field(default_factory=Latencies)
    """Both together: what the executor adds to an alert's way."""
    busy: float = 0.0
    """Share of the time in which this side was at work itself: near 1, it is the limit."""


class Ends:
    """Bound sockets for one executor at a time. Leaving the context closes them."""

    def __init__(self) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._push = self._context.socket(zmq.PUSH)
        self._pull = self._context.socket(zmq.PULL)
        self._router = self._context.socket(zmq.ROUTER)
        self._places = {}
        for name, socket in (
            ("ALERTS", self._push),
            ("ACKS", self._pull),
            ("COMMANDS", self._router),
        ):
            socket.linger = 0
            port = socket.bind_to_random_port("tcp://127.0.0.1")
            self._places[f"ALERTWIRE_{name}_ENDPOINT"] = f"tcp://127.0.0.1:{port}"
        self._poller = zmq.Poller()
        self._poller.register(self._pull, zmq.POLLIN)
        self._poller.register(self._router, zmq.POLLIN)
        self._number = 0
        self._delivery = codec.encode(samples.delivery(1))
        asked = samples.command(1)
        self._reply = codec.encode(samples.reply(asked, 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def settings(self, folder: Path) -> Mapping[str, str]:
        """Return an executor's settings."""
        return {
            **self._places,
            "ALERTWIRE_HOME": str(folder),
            "ALERTWIRE_CONFIG": str(folder / "none.toml"),
            "ALERTWIRE_LOG_FORMAT": "json",
        }

    def wait_for_heartbeat(self) -> int:
        """Return when the first ack came, in ns of the monotonic clock."""
        if not self._pull.poll(round(LIMIT_S * 1000)):
            raise ChildFailed(f"no heartbeat within {LIMIT_S:g} s")
        at_ns = time.monotonic_ns()
        codec.decode(Ack, self._pull.recv())
        return at_ns

    def warm_up(self) -> None:
        """Carry one alert through, sent again until it is: all sockets are connected then."""
        give_up_s = time.monotonic() + LIMIT_S
        while time.monotonic() < give_up_s:
            self._send()
            if self._router.poll(round(SENT_AGAIN_S * 1000)):
                break
        self._drain()

    def carry(self, count: int, *, rate_per_s: float = 0.0, window: int = 64) -> Carried:
        """Carry alerts through: at a rate, or as fast as they are decided with `window` under way.

        Raises ChildFailed where they are not decided in time.
        """
        sent_ns: dict[bytes, int] = {}
        planned_ns: dict[bytes, int] = {}
        replied_ns: dict[bytes, int] = {}
        begun_ns, begun_cpu_s = time.monotonic_ns(), time.thread_time()
        carried = Carried(0.0)
        done = 0
        gap_ns = round(1e9 / rate_per_s) if rate_per_s else 0
        while done < count:
            now_ns = time.monotonic_ns()
            if now_ns - begun_ns > LIMIT_S * 1e9:
                raise ChildFailed(f"{done} of {count} alerts decided within {LIMIT_S:g} s")
            wait_ms = 1
            if len(sent_ns) < count:
                if gap_ns:
                    due_ns = begun_ns + len(sent_ns) * gap_ns - now_ns
                    is_due = due_ns <= 0
                    wait_ms = max(0, int(due_ns / 1e6))
                else:
                    is_due = len(sent_ns) - done < window
                if is_due:
                    self._number += 1
                    alert_id = _alert_id(self._number)
                    frame = self._delivery.replace(samples.ALERT_ID.encode(), alert_id)
                    sent_ns[alert_id] = time.monotonic_ns()
                    self._push.send(frame)
                    wait_ms = 0
            ready = dict(self._poller.poll(wait_ms))
            if self._router in ready:
                sender, frame = self._router.recv_multipart()
                at_ns = time.monotonic_ns()
                alert_id = _id_in(frame)
                if alert_id in sent_ns:
                    planned_ns[alert_id] = at_ns - sent_ns[alert_id]
                    reply = self._reply.replace(samples.ALERT_ID.encode(), alert_id)
                    replied_ns[alert_id] = time.monotonic_ns()
                    self._router.send_multipart([sender, reply])
            if self._pull in ready:
                frame = self._pull.recv()
                at_ns = time.monotonic_ns()
                if frame.startswith(_DECIDED) and (alert_id := _id_in(frame)) in replied_ns:
                    acked_ns = at_ns - replied_ns[alert_id]
                    carried.planned.record(planned_ns[alert_id])
                    carried.acked.record(acked_ns)
                    carried.added.record(planned_ns[alert_id] + acked_ns)
                    done += 1
        carried.seconds = (time.monotonic_ns() - begun_ns) / 1e9
        carried.busy = (time.thread_time() - begun_cpu_s) / carried.seconds
        return carried

    def forget(self) -> None:
        """Drop what the executor before has left."""
        while self._pull.poll(0):
            self._pull.recv()
        while self._router.poll(0):
            self._router.recv_multipart()

    def _send(self) -> None:
        self._number += 1
        frame = self._delivery.replace(samples.ALERT_ID.encode(), _alert_id(self._number))
        if self._push.poll(round(LIMIT_S * 1000), zmq.POLLOUT):
            self._push.send(frame)

    def _drain(self) -> None:
        """Answer what waits, until nothing comes."""
        while self._router.poll(200):
            sender, frame = self._router.recv_multipart()
            reply = self._reply.replace(samples.ALERT_ID.encode(), _id_in(frame))
            self._router.send_multipart([sender, reply])
        while self._pull.poll(0):
            self._pull.recv()


def _alert_id(number: int) -> bytes:
    """Make an id of the usual length that begins as all of this run do."""
    digits = ""
    while number:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return _BEGINNING + digits.rjust(_LENGTH - len(_BEGINNING), "0").encode()


def _id_in(frame: bytes) -> bytes:
    start = frame.find(_BEGINNING)
    return frame[start : start + _LENGTH]
