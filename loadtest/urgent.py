"""An exit that is posted behind a burst of entries, while the broker's pace drains the burst.

What counts is the way of the exit: from its POST to its order's frame at the simulator. A trader
who gets out must not wait for what gets in.
"""

import http.client
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtest import samples
from loadtest.chain import Chain
from loadtest.children import ChildFailed
from loadtest.histogram import Latencies
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.sender import NUMBER, OpenLoop, request, send

SUBJECT: Final = "alertwire"
_SYMBOLS: Final = 20
_PATIENCE_S: Final = 15.0
_NS_PER_S: Final = 1e9


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run measures."""

    rounds: int
    entries: int
    messages_per_s: float


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure the exit, and the drain of the burst, once in each round."""
    with Chain(folder / "urgent", messages_per_s=plan.messages_per_s) as chain:
        for number in range(plan.rounds):
            progress.turn(f"round {number + 1} of {plan.rounds}")
            _post(chain, _body("held", 0, "buy", f"held-{number}"))
            chain.wait_for_orders(chain.order_count() + 1, _PATIENCE_S, lambda _: None)
            _turn(chain, plan, number, folder, report, progress)


def _turn(
    chain: Chain, plan: Plan, number: int, folder: Path, report: Report, progress: Progress
) -> None:
    before = {ref for ref, _ in chain.book().arrivals}
    path = f"/webhook/{chain.token}"
    requests = [
        # A strategy of its own each, so that none waits for another's key.
        request(
            chain.ports["producer"],
            path,
            _body(f"s{each}", 1 + each % _SYMBOLS, "buy", f"{number}-{each}-{NUMBER}"),
        )
        for each in range(plan.entries)
    ]
    began_ns = time.time_ns()
    send(chain.ports["producer"], requests, OpenLoop(plan.entries, 0), folder, progress)
    posted_ns = time.time_ns()
    exit_id = _post(chain, _body("held", 0, "exit", f"exit-{number}"))
    chain.wait_for_orders(len(before) + plan.entries + 1, _PATIENCE_S, lambda _: None)
    arrived = {ref: at for ref, at in chain.book().arrivals if ref not in before}
    found = [at for ref, at in arrived.items() if ref.startswith(exit_id)]
    if not found:
        raise ChildFailed("the exit never reached the simulator")
    (at,) = found
    ahead = sum(1 for each in arrived.values() if posted_ns < each < at)
    last_ns = max(arrived.values())
    report.add_latencies(
        f"exit behind {plan.entries} entries", SUBJECT, Latencies([at - posted_ns])
    )
    report.add_latencies("the burst's last order", SUBJECT, Latencies([last_ns - began_ns]))
    report.add_rate("orders", SUBJECT, len(arrived) / ((last_ns - began_ns) / _NS_PER_S))
    counts = {"entries before the exit, after its POST": ahead, "orders": len(arrived)}
    report.add_counts(SUBJECT, counts)


def _body(strategy: str, number: int, action: str, sender_id: str) -> bytes:
    alert = {
        "strategy": strategy,
        "symbol": f"NASDAQ:{samples.symbol(number)}",
        "action": action,
        "id": sender_id,
    }
    return json.dumps(alert | ({"quantity": "1"} if action == "buy" else {})).encode()


def _post(chain: Chain, body: bytes) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", chain.ports["producer"], timeout=10)
    try:
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"/webhook/{chain.token}", body, headers)
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise ChildFailed(f"the webhook answered {response.status}: {text.decode()[:200]}")
    return str(json.loads(text)["alert_id"])
