"""The whole-path load test: from the moment an alert was due to its order's frame at the broker."""

import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from loadtest import gateway_leg, webhook
from loadtest.chain import Chain
from loadtest.floor_chain import FloorChain
from loadtest.histogram import Latencies
from loadtest.hops import hop_latencies, read_stamps, wait_until_decided
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved
from loadtest.sender import ClosedLoop, Exchange, OpenLoop, send
from loadtest.tally import ALERT_ID_LENGTH, Tally, tally

SUBJECT: Final = "alertwire"
_ONE_BY_ONE_GAP_MS: Final = 20.0
"""Long enough for the alert before to be over."""
_PATIENCE_S: Final = 15.0
"""Silence at the broker after which what has not come is lost; above the slowest re-send."""
_DOUBLES_SETTLE_S: Final = 1.5
"""A second delivery comes after 1 s without a sign of the first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run measures."""

    rounds: int
    one_by_one: int
    burst: int
    rate_per_s: float
    seconds: float
    symbols: int
    messages_per_s: float
    gateway_orders: int
    floor_syncs: int
    webhook: webhook.Plan

    def schedules(self) -> dict[str, OpenLoop | ClosedLoop]:
        """Name each leg that is asked for, and how it is sent."""
        schedules: dict[str, OpenLoop | ClosedLoop] = {}
        if self.one_by_one:
            limit_s = self.one_by_one * (_ONE_BY_ONE_GAP_MS / 1000 + 1) + 10
            loop = ClosedLoop(self.one_by_one, 1, _ONE_BY_ONE_GAP_MS, limit_s)
            schedules["one by one"] = loop
        if self.burst:
            schedules[f"burst of {self.burst}"] = OpenLoop(self.burst, 0)
        if self.rate_per_s:
            count = max(round(self.rate_per_s * self.seconds), 1)
            schedules[f"{self.rate_per_s:g}/s"] = OpenLoop(count, self.rate_per_s)
        return schedules


class Run:
    """The running subject and floor, and what was sent to the subject so far."""

    def __init__(self, chain: Chain, floor: FloorChain, plan: Plan, folder: Path) -> None:
        self.chain = chain
        self._floor = floor
        self._plan = plan
        self._folder = folder
        self._turns = 0
        self.sent: list[Exchange] = []

    def subject(self, schedule: OpenLoop | ClosedLoop, progress: Progress) -> Latencies:
        """Send one turn to Alertwire and wait until its orders are at the broker."""
        before = self.chain.order_count()
        requests = self.chain.requests(self._name(), self._plan.symbols)
        exchanges = send(self.chain.ports["producer"], requests, schedule, self._folder, progress)
        self.sent += exchanges
        accepted = sum(exchange.status == 200 for exchange in exchanges)
        self.chain.wait_for_orders(
            before + accepted, _PATIENCE_S, lambda seen: progress.done(seen - before, accepted)
        )
        return _latencies(exchanges, first_arrivals(self.chain.book().arrivals))

    def floor(self, schedule: OpenLoop | ClosedLoop, progress: Progress) -> Latencies:
        """Send the same turn to the floor."""
        requests = self._floor.requests(self._name(), self._plan.symbols)
        exchanges = send(self._floor.port, requests, schedule, self._folder, progress)
        ids = {exchange.alert_id for exchange in exchanges if exchange.alert_id}
        return _latencies(exchanges, self._floor.arrivals(ids, _PATIENCE_S))

    def settle(self) -> tuple[Tally, dict[str, Latencies]]:
        """Wait until everything is over; count, and read the hops from the journal."""
        journal = self.chain.home / "journal.db"
        undecided = wait_until_decided(journal, _PATIENCE_S)
        time.sleep(_DOUBLES_SETTLE_S if not undecided else 0)
        book = self.chain.book()
        accepted = [one for one in self.sent if one.status == 200]
        counted = tally(
            (one.status for one in self.sent),
            (one.alert_id for one in accepted),
            (order_ref for order_ref, _ in book.arrivals),
            book.frames,
        )
        due_ns = {one.alert_id: one.due_ns for one in accepted}
        return counted, hop_latencies(read_stamps(journal), due_ns, first_arrivals(book.arrivals))

    def _name(self) -> str:
        self._turns += 1
        return f"turn-{self._turns}"


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure the whole way, the webhook and the gateway, each beside its floor."""
    progress.subject("starting")
    with (
        Chain(folder / "path", messages_per_s=plan.messages_per_s) as chain,
        FloorChain(folder, plan.floor_syncs) as floor,
    ):
        _whole_way(Run(chain, floor, plan, folder), plan, report, progress)
    if plan.gateway_orders:
        with Chain(folder / "gateway", processes=("simulator", "gateway")) as chain:
            gateway_leg.run(chain, plan.gateway_orders, plan.symbols, plan.rounds, report, progress)
    if plan.webhook.seconds:
        webhook.run(plan.webhook, folder, report, progress)


def _whole_way(run: Run, plan: Plan, report: Report, progress: Progress) -> None:
    # The first order of a symbol looks its contract up; that is not what is measured.
    progress.subject("warming up")
    run.subject(ClosedLoop(plan.symbols, 1, 0, 30), progress)
    for name, schedule in plan.schedules().items():
        progress.subject(name)
        runs = {
            SUBJECT: partial(run.subject, schedule, progress),
            FLOOR: partial(run.floor, schedule, progress),
        }
        for turn in interleaved(runs, plan.rounds, progress.turn):
            report.add_latencies(name, turn.contestant, turn.result)
    progress.subject("waiting for the end of every alert")
    counted, hops = run.settle()
    report.add_counts("alerts", asdict(counted))
    report.add_hops(hops)
    refusals = sorted({one.status for one in run.sent if one.status != 200})
    if refusals:
        report.add_note(f"Not accepted, by status (0: no answer): {refusals}.")


def first_arrivals(arrivals: list[tuple[str, int]]) -> dict[str, int]:
    """Return when the first order of each alert came, by alert id."""
    first: dict[str, int] = {}
    for order_ref, at_ns in arrivals:
        first.setdefault(order_ref[:ALERT_ID_LENGTH], at_ns)
    return first


def _latencies(exchanges: list[Exchange], arrived_ns: dict[str, int]) -> Latencies:
    """Return the times from due to arrival. What is lost has none: it is counted elsewhere."""
    return Latencies(
        arrived_ns[exchange.alert_id] - exchange.due_ns
        for exchange in exchanges
        if exchange.alert_id in arrived_ns
    )
