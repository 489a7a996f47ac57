"""The whole-path load test: from the moment an alert was due to its order's frame at the broker."""

import time
from collections import Counter
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
_WARM_UP: Final = "warm-up"
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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one turn showed. `lateness` is the sender's own, and part of the latencies."""

    latencies: Latencies
    per_s: float
    lateness: Latencies


class Run:
    """The running subject and floor, and what was sent to the subject so far."""

    def __init__(self, chain: Chain, floor: FloorChain, plan: Plan, folder: Path) -> None:
        self.chain = chain
        self._floor = floor
        self._plan = plan
        self._folder = folder
        self._turns = 0
        self.sent: dict[str, list[Exchange]] = {}

    def subject(self, leg: str, schedule: OpenLoop | ClosedLoop, progress: Progress) -> Outcome:
        """Send one turn to Alertwire and wait until its orders are at the broker."""
        before = self.chain.order_count()
        requests = self.chain.requests(self._name(), self._plan.symbols)
        exchanges = send(self.chain.ports["producer"], requests, schedule, self._folder, progress)
        self.sent.setdefault(leg, []).extend(exchanges)
        accepted = sum(exchange.status == 200 for exchange in exchanges)
        self.chain.wait_for_orders(
            before + accepted, _PATIENCE_S, lambda seen: progress.done(seen - before, accepted)
        )
        return compare(exchanges, first_arrivals(self.chain.book().arrivals))

    def floor(self, schedule: OpenLoop | ClosedLoop, progress: Progress) -> Outcome:
        """Send the same turn to the floor."""
        requests = self._floor.requests(self._name(), self._plan.symbols)
        exchanges = send(self._floor.port, requests, schedule, self._folder, progress)
        ids = {exchange.alert_id for exchange in exchanges if exchange.alert_id}
        return compare(exchanges, self._floor.arrivals(ids, _PATIENCE_S))

    def settle(self) -> Tally:
        """Wait until everything is over, and count."""
        undecided = wait_until_decided(self._journal, _PATIENCE_S)
        time.sleep(_DOUBLES_SETTLE_S if not undecided else 0)
        book = self.chain.book()
        sent = [one for exchanges in self.sent.values() for one in exchanges]
        return tally(
            (one.status for one in sent),
            (one.alert_id for one in sent if one.status == 200),
            (order_ref for order_ref, _ in book.arrivals),
            book.frames,
        )

    def hops(self) -> dict[str, dict[str, Latencies]]:
        """Read the hops of each leg from the journal."""
        stamps = read_stamps(self._journal)
        arrived_ns = first_arrivals(self.chain.book().arrivals)
        return {
            leg: hop_latencies(stamps, {one.alert_id: one.due_ns for one in exchanges}, arrived_ns)
            for leg, exchanges in self.sent.items()
        }

    @property
    def _journal(self) -> Path:
        return self.chain.home / "journal.db"

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
            gateway_leg.run(chain, plan.gateway_orders, plan.symbols, plan.rounds, report, progress)
    if plan.webhook.seconds:
        webhook.run(plan.webhook, folder, report, progress)


def _whole_way(run: Run, plan: Plan, report: Report, progress: Progress) -> None:
    # The first order of a symbol looks its contract up; that is not what is measured.
    progress.subject("warming up")
    run.subject(_WARM_UP, ClosedLoop(plan.symbols, 1, 0, 30), progress)
    for leg, schedule in plan.schedules().items():
        progress.subject(leg)
        runs = {
            SUBJECT: partial(run.subject, leg, schedule, progress),
            FLOOR: partial(run.floor, schedule, progress),
        }
        lateness = Latencies()
        for turn in interleaved(runs, plan.rounds, progress.turn):
            report.add_latencies(leg, turn.contestant, turn.result.latencies)
            if isinstance(schedule, OpenLoop):
                report.add_rate(f"{leg}, at the broker", turn.contestant, turn.result.per_s)
            lateness.add(turn.result.lateness)
        late_ms = lateness.at_percentile_us(99) / 1000
        report.add_note(f"{leg}: the sender itself was up to {late_ms:.2f} ms late (p99).")
    progress.subject("waiting for the end of every alert")
    report.add_counts("alerts", asdict(run.settle()))
    for leg, hops in run.hops().items():
        if leg != _WARM_UP:
            report.add_hops(leg, hops)
    for leg, exchanges in run.sent.items():
        refusals = Counter(one.status for one in exchanges if one.status != 200)
        for status, number in sorted(refusals.items()):
            report.add_note(f"{leg}: {number} answered with {status or 'nothing'}.")


def first_arrivals(arrivals: list[tuple[str, int]]) -> dict[str, int]:
    """Return when the first order of each alert came, by alert id."""
    first: dict[str, int] = {}
    for order_ref, at_ns in arrivals:
        first.setdefault(order_ref[:ALERT_ID_LENGTH], at_ns)
    return first


def compare(exchanges: list[Exchange], arrived_ns: dict[str, int]) -> Outcome:
    """Compare both ends of a turn. What is lost has no latency: it is counted elsewhere."""
    came = [
        (arrived_ns[exchange.alert_id], exchange.due_ns)
        for exchange in exchanges
        if exchange.alert_id in arrived_ns
    ]
    last_ns = max((at_ns for at_ns, _ in came), default=0)
    first_ns = min((exchange.due_ns for exchange in exchanges), default=0)
    return Outcome(
        latencies=Latencies(at_ns - due_ns for at_ns, due_ns in came),
        per_s=len(came) * 1e9 / max(last_ns - first_ns, 1),
        lateness=Latencies(exchange.sent_ns - exchange.due_ns for exchange in exchanges),
    )
