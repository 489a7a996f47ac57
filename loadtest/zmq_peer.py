"""One end of a ZeroMQ leg in Python, over the kernel's own sockets and codec.

The counterpart of floor/leg.c: same arguments behind the first, same files. The first says what
travels: `codec` encodes and decodes a real message each time, `frames` sends one over and over.
push and router stay until SIGTERM. Started by `loadtest.zmq_leg`:

    python -m loadtest.zmq_peer codec push ENDPOINT SIZE COUNT RATE TIMES
"""

import ctypes
import signal
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import zmq

from alertwire.wire import codec, sockets
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Delivery
from loadtest.samples import FIRST_SEQ, command, delivery, reply

_START_AFTER_NS: Final = 100_000_000
_PR_SET_TIMERSLACK: Final = 29
_POLL_MS: Final = 1000
_KINDS: Final = {"push": zmq.PUSH, "pull": zmq.PULL, "dealer": zmq.DEALER, "router": zmq.ROUTER}
_BINDING: Final = {"push", "router"}
_SETTING: Final = "the load test's endpoint"

Frame = Callable[[int], bytes]
Number = Callable[[bytes], int]
Socket = zmq.Socket[bytes]


def push(socket: Socket, frame: Frame, count: int, rate_per_s: float) -> "array[int]":
    times = array("q", [0]) * (count + 1)
    socket.send(frame(0))  # Number 0 tells that the peer is there.
    base = time.monotonic_ns() + _START_AFTER_NS
    for number in range(1, count):
        if rate_per_s:
            due = base + int(number * 1e9 / rate_per_s)
            times[number] = due
            while (wait_ns := due - time.monotonic_ns()) > 0:
                time.sleep(wait_ns / 1e9)
        socket.send(frame(number))
    return times


def pull(socket: Socket, number_of: Number, count: int) -> "array[int]":
    times = array("q", [0]) * (count + 1)
    received = first = 0
    while received < count:
        socket.poll(_POLL_MS)
        for data in sockets.drain(socket):
            number = number_of(data)
            times[number] = time.monotonic_ns()
            received += 1
            if received == 2:
                first = time.monotonic_ns()
    times[count] = time.monotonic_ns() - first
    return times


def dealer(
    socket: Socket, frame: Frame, number_of: Number, count: int, window: int
) -> "array[int]":
    times = array("q", [0]) * (count + 1)
    sent = received = first = 0
    while received < count:
        while sent < count and sent < received + window:
            times[sent] = time.monotonic_ns()
            socket.send(frame(sent))
            sent += 1
        number = number_of(socket.recv())
        times[number] = time.monotonic_ns() - times[number]
        first = first or time.monotonic_ns()
        received += 1
    times[count] = time.monotonic_ns() - first
    return times


def router(socket: Socket, answer: Callable[[bytes], bytes], count: int) -> None:
    for _ in range(count):
        identity, data = socket.recv_multipart()
        socket.send_multipart([identity, answer(data)])


def _deliveries() -> tuple[Frame, Number]:
    sample = delivery(0)
    return (
        lambda number: codec.encode(replace(sample, seq=FIRST_SEQ + number)),
        lambda data: codec.decode(Delivery, data).seq - FIRST_SEQ,
    )


def _commands() -> tuple[Frame, Number]:
    sample = command(0)
    return (
        lambda number: codec.encode(replace(sample, seq=FIRST_SEQ + number)),
        lambda data: int(codec.decode(CommandReply, data).detail),
    )


def _answer(data: bytes) -> bytes:
    asked = codec.decode(OrderCommand, data)
    return codec.encode(reply(asked, asked.seq - FIRST_SEQ))


def _bare_frames(size: int) -> tuple[Frame, Number]:
    rest = bytes(max(size - 8, 0))
    return (
        lambda number: number.to_bytes(8, "little") + rest,
        lambda data: int.from_bytes(data[:8], "little"),
    )


def main(arguments: list[str]) -> None:
    content, role, endpoint, size, count, extra, path = arguments
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)
    with zmq.Context[Socket]() as context:
        open_socket = sockets.bind if role in _BINDING else sockets.connect
        socket = open_socket(context, _KINDS[role], endpoint, setting=_SETTING)
        has_codec = content == "codec"
        made = _deliveries if role in {"push", "pull"} else _commands
        frame, number_of = made() if has_codec else _bare_frames(int(size))
        times = None
        if role == "push":
            times = push(socket, frame, int(count), float(extra))
        elif role == "pull":
            times = pull(socket, number_of, int(count))
        elif role == "dealer":
            times = dealer(socket, frame, number_of, int(count), int(extra))
        else:
            router(socket, _answer if has_codec else bytes, int(count))
        if times is not None:
            _write(Path(path), times)
        if role in _BINDING:
            # The last frames may still be on their way out: whoever sends them stays until it is
            # stopped. LINGER would not do: the kernel's sockets set it to 0 before they bind.
            signal.pause()


def _write(path: Path, times: "array[int]") -> None:
    """Whole or not at all: the reader waits for the name."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(times.tobytes())
    draft.rename(path)


if __name__ == "__main__":
    main(sys.argv[1:])
