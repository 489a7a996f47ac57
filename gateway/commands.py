"""The ROUTER on which executors send commands and get their answers, one frame each."""

from collections.abc import Iterator

import zmq

from alertwire.wire.codec import DecodeError, decode, encode
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Outcome


class CommandSocket:
    """Reads without waiting; what cannot be sent is dropped, for executors ask again."""

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket

    @property
    def descriptor(self) -> int:
        return int(self._socket.getsockopt(zmq.FD))

    @property
    def has_more(self) -> bool:
        """True if something can be read.

        The descriptor alone does not say so: it is edge-triggered, and sending may use the edge up
        (http://api.zeromq.org/4-3:zmq-getsockopt, ZMQ_EVENTS).
        """
        return bool(int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)

    def drain(self, most: int) -> Iterator[tuple[bytes, OrderCommand | DecodeError]]:
        """Yield what has arrived, up to `most` commands, each with who sent it."""
        for _ in range(most):
            try:
                sender, *_, frame = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                yield sender, decode(OrderCommand, frame)
            except DecodeError as error:
                yield sender, error

    def reply(self, address: bytes, reply: CommandReply) -> bool:
        """Answer; False where the executor is gone."""
        try:
            self._socket.send_multipart([address, encode(reply)], zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True


def refusal(error: DecodeError) -> CommandReply | None:
    """Answer a command that cannot be read, where at least its id could be."""
    if not error.command_id:
        return None
    return CommandReply(
        command_id=error.command_id, decided=True, outcome=Outcome.REJECTED, detail=str(error)
    )
