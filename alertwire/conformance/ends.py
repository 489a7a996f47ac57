"""The suite's ends of the bus: the producer's PUSH and PULL, and a gateway's ROUTER."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

import zmq

from alertwire.conformance.subject import DEADLINE_S, Deviation, expect
from alertwire.keys import GATEWAY, PRODUCER, AllowList
from alertwire.logs import Logger
from alertwire.ports import free_port
from alertwire.wire import codec, sockets
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.curve import open_curve
from alertwire.wire.delivery import Ack, AckKind, Outcome

POLL_MS: Final = 50
REBIND_PAUSE_S: Final = 0.05
T = TypeVar("T")


class End:
    """One bound socket, which can go and come back at its place as its process would."""

    def __init__(
        self, kind: int, leg: AllowList, keys: Path | None, role: str, logger: Logger
    ) -> None:
        self._kind, self._leg, self._keys = kind, leg, keys
        self._role, self._log = role, logger
        self.endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.open()

    def open(self) -> None:
        """Bind."""
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        encrypt = None
        if self._keys is not None:
            curve = open_curve(self._context, self._keys, self._role, self._log)
            if curve is not None:

                def encrypt(socket: "zmq.Socket[bytes]") -> None:
                    curve.serve(socket, self._leg, "", is_local=True)

        give_up_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.socket = sockets.bind(
                    self._context, self._kind, self.endpoint, setting="", encrypt=encrypt
                )
            except Exception:
                # The port of the socket before it is given free by another thread of libzmq.
                if time.monotonic() > give_up_s:
                    raise
                time.sleep(REBIND_PAUSE_S)
            else:
                break

    def close(self) -> None:
        self._context.destroy(linger=0)


@dataclass(slots=True)
class Asked:
    """A command that arrived, and who waits for its answer."""

    gateway: "Gateway"
    sender: bytes
    command: OrderCommand

    def reply(
        self, outcome: Outcome | None = Outcome.ACCEPTED, *, decided: bool = True, **said: Any
    ) -> None:
        """Answer as a gateway does."""
        about = CommandReply(
            command_id=self.command.command_id,
            decided=decided,
            outcome=outcome if decided else None,
            **{"account": self.command.account, "trace": self.command.trace, **said},
        )
        self.gateway.send(self.sender, codec.encode(about))


class Producer:
    """PUSH and PULL, as the producer has them."""

    def __init__(self, keys: Path | None, logger: Logger) -> None:
        self.alerts = End(zmq.PUSH, AllowList.ALERTS, keys, PRODUCER, logger)
        self.acks = End(zmq.PULL, AllowList.ALERTS, keys, PRODUCER, logger)
        self.history: list[Ack] = []
        """Every ack that came."""
        self._unread: list[Ack] = []

    def send(self, frame: bytes) -> None:
        """Hand a frame to the next executor. Raises Deviation where none is connected."""
        try:
            ready = self.alerts.socket.poll(round(DEADLINE_S * 1000), zmq.POLLOUT)
            expect(ready, "no executor connected its PULL socket to ALERTWIRE_ALERTS_ENDPOINT")
            self.alerts.socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            raise Deviation("the executor's PULL socket went away") from None

    def next(self, is_it: Callable[[Ack], bool], within_s: float) -> Ack | None:
        """Return the first ack that fits and was not returned before; None where none comes."""
        give_up_s = time.monotonic() + within_s
        while True:
            for number, ack in enumerate(self._unread):
                if is_it(ack):
                    return self._unread.pop(number)
            left_ms = max(0, round((give_up_s - time.monotonic()) * 1000))
            if not self.listen(min(left_ms, POLL_MS)) and not left_ms:
                return None

    def listen(self, patience_ms: int = 0) -> bool:
        """Take in what has come, if anything. Raises Deviation where it is no ack."""
        if not self.acks.socket.poll(patience_ms):
            return False
        while self.acks.socket.poll(0):
            parts = self.acks.socket.recv_multipart()
            expect(len(parts) == 1, f"an ack of {len(parts)} frames: a message is one frame")
            ack = _decoded(Ack, parts[0])
            expect(ack.executor_id, "an ack without executor_id")
            self.history.append(ack)
            self._unread.append(ack)
            if len(self._unread) > 1000:
                self._unread = [a for a in self._unread if a.kind is not AckKind.HEARTBEAT]
        return True

    def close(self) -> None:
        self.alerts.close()
        self.acks.close()

    def open(self) -> None:
        """Come back after `close`, as a producer that was restarted."""
        self.alerts.open()
        self.acks.open()


@dataclass(slots=True)
class Gateway:
    """A ROUTER, as a gateway has it. It answers when the case says so."""

    keys: Path | None
    logger: Logger
    role: str = GATEWAY
    """Whose key it has."""
    history: list[OrderCommand] = field(default_factory=list)
    """Every command that came."""
    _unread: list[Asked] = field(default_factory=list)
    _end: End = field(init=False)

    def __post_init__(self) -> None:
        self._end = End(zmq.ROUTER, AllowList.COMMANDS, self.keys, self.role, self.logger)

    @property
    def endpoint(self) -> str:
        return self._end.endpoint

    def next(self, is_it: Callable[[OrderCommand], bool], within_s: float) -> Asked | None:
        """Return the first command that fits and was not returned before; None: none comes."""
        give_up_s = time.monotonic() + within_s
        while True:
            for number, asked in enumerate(self._unread):
                if is_it(asked.command):
                    return self._unread.pop(number)
            left_ms = max(0, round((give_up_s - time.monotonic()) * 1000))
            if not self.listen(min(left_ms, POLL_MS)) and not left_ms:
                return None

    def listen(self, patience_ms: int = 0) -> bool:
        """Take in what has come, if anything. Raises Deviation where it is no command."""
        if not self._end.socket.poll(patience_ms):
            return False
        while self._end.socket.poll(0):
            sender, *parts = self._end.socket.recv_multipart()
            expect(len(parts) == 1, f"a command of {len(parts)} frames: a message is one frame")
            command = _decoded(OrderCommand, parts[0])
            self.history.append(command)
            self._unread.append(Asked(self, sender, command))
        return True

    def send(self, sender: bytes, frame: bytes) -> None:
        """Send a frame to an executor; to one that is gone, nothing."""
        try:
            self._end.socket.send_multipart([sender, frame], zmq.NOBLOCK)
        except zmq.ZMQError as error:
            if error.errno not in {zmq.EHOSTUNREACH, zmq.EAGAIN}:
                raise

    def close(self) -> None:
        self._end.close()

    def open(self) -> None:
        """Come back after `close`, as a gateway that was restarted."""
        self._unread.clear()
        self._end.open()


def _decoded(kind: type[T], frame: bytes) -> T:
    try:
        return codec.decode(kind, frame)
    except codec.DecodeError as error:
        raise Deviation(f"it sent a frame that is no {kind.__name__}: {error}") from error
