"""Compare WSGI servers under new connections, 64 at a time: python -m loadtest.wsgi.

Each turn starts one server with one subject, hammers it for a while, stops it; turns are
interleaved over the rounds. waitress and cheroot are no dependencies: pip install them first, or
name the servers to compare. Bounded: rounds x servers x subjects x (seconds + about 2 s).
"""

import argparse
import json
import secrets
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from alertwire.ports import free_ports
from loadtest.children import Children, environment_with
from loadtest.rounds import interleaved
from loadtest.samples import body
from loadtest.sender import NUMBER, ClosedLoop, OpenLoop, request, send
from loadtest.wsgi.contestants import SERVERS, SUBJECTS

_START_TIMEOUT_S: Final = 20.0
_WARM_UP_S: Final = 0.5
_SYMBOLS: Final = 400
_POLL_S: Final = 0.02


def main() -> int:
    arguments = _arguments()
    contestants = [(s, a) for s in arguments.servers for a in arguments.subjects]
    results: dict[str, list[dict[str, float]]] = {f"{s} {a}": [] for s, a in contestants}
    with TemporaryDirectory(prefix="alertwire-wsgi-") as folder:
        runs: dict[str, Callable[[], dict[str, float]]] = {
            f"{s} {a}": partial(_turn, s, a, Path(folder), arguments) for s, a in contestants
        }
        for turn in interleaved(runs, arguments.rounds, lambda text: print(text, file=sys.stderr)):
            results[turn.contestant].append(turn.result)
            print(json.dumps({"contestant": turn.contestant, **turn.result}), file=sys.stderr)
    print("| server, subject | req/s | p50 ms | p99 ms | burst of 500, last answer ms | failed |")
    print("|---|---|---|---|---|---|")
    for name, rounds in results.items():
        middle = {key: median(one[key] for one in rounds) for key in rounds[0]}
        print(
            f"| {name} | {middle['per_s']:,.0f} | {middle['p50_ms']:.1f} | "
            f"{middle['p99_ms']:.1f} | {middle['burst_ms']:.0f} | "
            f"{sum(one['failed'] for one in rounds):.0f} |"
        )
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="loadtest.wsgi", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--servers", nargs="+", choices=list(SERVERS), default=list(SERVERS))
    parser.add_argument("--subjects", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    return parser.parse_args()


def _turn(server: str, subject: str, folder: Path, plan: argparse.Namespace) -> dict[str, float]:
    port, alerts, acks = free_ports(3)
    token = secrets.token_urlsafe(24)
    home = folder / secrets.token_hex(4)
    environment = environment_with(
        {
            "ALERTWIRE_HOME": str(home),
            "ALERTWIRE_CONFIG": str(home / "alertwire.toml"),
            "ALERTWIRE_WEBHOOK_TOKEN": token,
            "ALERTWIRE_PRODUCER_PORT": str(port),
            "ALERTWIRE_ALERTS_ENDPOINT": f"tcp://127.0.0.1:{alerts}",
            "ALERTWIRE_ACKS_ENDPOINT": f"tcp://127.0.0.1:{acks}",
            "ALERTWIRE_LOG_FORMAT": "json",
        }
    )
    with Children(folder) as children:
        command = [sys.executable, "-m", "loadtest.wsgi.contestants", server, subject]
        children.start("server", command, environment)
        _wait_until_up(port, children)

        def requests(turn: str) -> list[bytes]:
            return [
                request(port, f"/webhook/{token}", body(n, f"{turn}-{NUMBER}"))
                for n in range(_SYMBOLS)
            ]

        closed = partial(ClosedLoop, None, plan.connections, 0.0)
        send(port, requests("warm-up"), closed(_WARM_UP_S), folder)
        exchanges = send(port, requests("turn"), closed(plan.seconds), folder)
        burst = send(port, requests("burst"), OpenLoop(500, 0.0), folder)
    answered = [one for one in exchanges if one.status == 200]
    if not answered:
        raise SystemExit(f"{server} {subject}: no request was answered with 200")
    times = sorted((one.answered_ns - one.due_ns) / 1e6 for one in answered)
    first = min(one.due_ns for one in answered)
    last = max(one.answered_ns for one in answered)
    in_burst = [one for one in burst if one.status == 200]
    # The run ends while the callers' last requests are under way.
    failed = max(len(exchanges) - len(answered) - plan.connections, 0)
    return {
        "per_s": len(answered) / ((last - first) / 1e9),
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[int(len(times) * 0.99)],
        "burst_ms": max((one.answered_ns - one.due_ns) / 1e6 for one in in_burst),
        "failed": failed + len(burst) - len(in_burst),
    }


def _wait_until_up(port: int, children: Children) -> None:
    give_up_s = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < give_up_s:
        children.check()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(_POLL_S)
    raise SystemExit(f"the server did not come up:\n{children.log_tail('server')}")


if __name__ == "__main__":
    sys.exit(main())
