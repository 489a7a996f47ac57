"""Posting alerts: starts sender.c, waits for it, reads what it noted."""

import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtest import toolchain
from loadtest.children import Children
from loadtest.progress import Progress

NUMBER: Final = "#" * 12
"""In a request: replaced by the request's number, so that no two alerts are the same."""
_POLL_S: Final = 0.1
_MARGIN_S: Final = 20.0
_RATE_PER_S_MAX: Final = 60_000
"""More than any server here answers: bounds the sender's memory."""


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """Requests due at a fixed rate, whatever the answers do; rate 0: all at once."""

    count: int
    rate_per_s: float
    answer_timeout_s: float = 10.0

    @property
    def limit_s(self) -> float:
        sending_s = self.count / self.rate_per_s if self.rate_per_s else 0.0
        return sending_s + self.answer_timeout_s


@dataclass(frozen=True, slots=True)
class ClosedLoop:
    """Callers that each wait for the answer, and then `gap_ms`, before the next request.

    Ends after `count` requests, where that is set, and at `limit_s` in any case.
    """

    count: int | None
    connections: int
    gap_ms: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. Times in nanoseconds since 1970; status 0: no answer."""

    number: int
    due_ns: int
    sent_ns: int
    answered_ns: int
    status: int
    alert_id: str


def request(port: int, path: str, body: bytes = b"", method: str = "POST") -> bytes:
    """Write an HTTP request as TradingView sends it, on a connection of its own."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip\r\n"
        f"User-Agent: Go-http-client/1.1\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def send(
    port: int,
    requests: Iterable[bytes],
    schedule: OpenLoop | ClosedLoop,
    folder: Path,
    progress: Progress | None = None,
) -> list[Exchange]:
    """Post the requests, taken in turn, by the schedule. Returns what was started, in order."""
    program = toolchain.build(toolchain.SENDER, folder)
    templates, results = folder / "requests.bin", folder / "exchanges.txt"
    templates.write_bytes(b"".join(struct.pack("=I", len(one)) + one for one in requests))
    results.unlink(missing_ok=True)
    match schedule:
        case OpenLoop():
            mode = ["open", str(schedule.count), repr(schedule.rate_per_s)]
        case ClosedLoop():
            connections, gap_ms = str(schedule.connections), repr(schedule.gap_ms)
            count = schedule.count or int(schedule.limit_s * _RATE_PER_S_MAX)
            mode = ["closed", str(count), connections, gap_ms]
    command = [str(program), "127.0.0.1", str(port), str(templates), str(results), *mode]
    with Children(folder) as children:
        child = children.start("sender", [*command, repr(schedule.limit_s)])
        if progress is not None:
            _follow(child.poll, folder / "sender.log", schedule, progress)
        children.wait(child, schedule.limit_s + _MARGIN_S)
    return [_exchange(line) for line in results.read_text(encoding="ascii").splitlines()]


def _follow(
    poll: Callable[[], int | None],
    log: Path,
    schedule: OpenLoop | ClosedLoop,
    progress: Progress,
) -> None:
    """Show how far the sender is until it ends."""
    give_up_s = time.monotonic() + schedule.limit_s + _MARGIN_S
    while poll() is None and time.monotonic() < give_up_s:
        time.sleep(_POLL_S)
        lines = log.read_text(encoding="ascii", errors="replace").splitlines()
        if lines and lines[-1].replace(" ", "").isdigit() and " " in lines[-1]:
            progress.done(int(lines[-1].split()[1]), schedule.count)


def _exchange(line: str) -> Exchange:
    number, due_ns, sent_ns, answered_ns, status, alert_id = line.split()
    return Exchange(
        int(number),
        int(due_ns),
        int(sent_ns),
        int(answered_ns),
        int(status),
        "" if alert_id == "-" else alert_id,
    )
