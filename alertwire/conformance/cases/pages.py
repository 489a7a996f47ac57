"""EX-055 and EX-800 to EX-809: the health port."""

import contextlib
import http.client
import socket
import time
from typing import Final

from alertwire.conformance.bench import Bench
from alertwire.conformance.case import PLAIN, case, cases
from alertwire.conformance.cases.start import expect_refusal
from alertwire.conformance.subject import DEADLINE_S, POLL_S, expect

_V6: Final = "::1"
_SILENT: Final = 100
"""Clients that say nothing, all at the same time."""
_SLOW_S: Final = 0.3
"""Between the bytes of a client that is slow."""


@case(
    "EX-055",
    "ALERTWIRE_HEALTH_HOST as an address of IPv6: served there, or exit code 78 that says why not",
    alone=True,
)
def listens_on_ipv6_or_says_why_not(bench: Bench) -> None:
    subject = bench.start(changes={"ALERTWIRE_HEALTH_HOST": _V6})
    give_up_s = time.monotonic() + DEADLINE_S
    while subject.is_running:
        with contextlib.suppress(OSError, http.client.HTTPException):
            got, _ = _ask(bench, "GET", "/healthz", _V6)
            expect(got == 200, f"/healthz on {_V6} was answered {got}, not 200")
            return
        expect(time.monotonic() < give_up_s, f"nothing listens on {_V6}; {subject.said()}")
        time.sleep(POLL_S)
    # Not every machine has IPv6, nor every HTTP library.
    expect_refusal(subject, "ALERTWIRE_CONSUMER_HEALTH_PORT")


@case("EX-800", "/healthz and /readyz say 200, an unknown path 404")
def is_healthy(bench: Bench) -> None:
    bench.ready()
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/nothing", 404)):
        got, _ = bench.get(path)
        expect(got == status, f"{path} was answered {got}, not {status}")


_REQUESTS: Final = {
    "query": ("GET", "/healthz?probe=1", 200),
    "head": ("HEAD", "/readyz", 200),
    "head_of_nothing": ("HEAD", "/nothing", 404),
    "post": ("POST", "/healthz", 501),
    "slash_behind": ("GET", "/healthz/", 404),
    "another_case": ("GET", "/Healthz", 404),
}


@cases(
    "EX-801",
    "GET and HEAD are answered, paths to the letter, whatever stands behind a question mark",
    ((name, PLAIN, request) for name, request in _REQUESTS.items()),
)
def answers_probes(bench: Bench, request: tuple[str, str, int]) -> None:
    bench.ready()
    method, path, status = request
    got, body = _ask(bench, method, path)
    expect(got == status, f"{method} {path} was answered {got}, not {status}")
    expect(not body or method != "HEAD", f"HEAD {path} was answered with a body: {body[:40]!r}")


@case("EX-805", "A client of the health port that is slow or silent keeps nobody out", alone=True)
def is_not_held_up(bench: Bench) -> None:
    bench.ready().get("/healthz")
    with contextlib.ExitStack() as open_ones:
        slow, *_ = [
            open_ones.enter_context(socket.create_connection(("127.0.0.1", bench.health_port)))
            for _ in range(_SILENT)
        ]
        give_up_s = time.monotonic() + DEADLINE_S
        while True:
            # Never a whole request, and never silent for long.
            with contextlib.suppress(OSError):
                slow.sendall(b"G")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if _ask(bench, "GET", "/healthz", timeout_s=_SLOW_S)[0] == 200:
                    return
            expect(time.monotonic() < give_up_s, "a slow client kept others from an answer")
            time.sleep(POLL_S)


def _ask(
    bench: Bench, method: str, path: str, host: str = "127.0.0.1", timeout_s: float = 5.0
) -> tuple[int, str]:
    connection = http.client.HTTPConnection(host, bench.health_port, timeout=timeout_s)
    try:
        connection.putrequest(method, path)
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()
