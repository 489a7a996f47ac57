"""What the protection costs: Alertwire beside itself without journal, acks, window and ledger.

Both run at the same time and take turns; the other one idles. Each alert has a key of its own, for
without the protocol nothing would keep a key in order.
"""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from loadtest.chain import Chain
from loadtest.path import Outcome, compare, first_arrivals
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved
from loadtest.sender import ClosedLoop, Exchange, OpenLoop, send
from loadtest.tally import tally

SUBJECT: Final = "alertwire"
UNPROTECTED: Final = {
    name: f"loadtest.unprotected.{name}" for name in ("producer", "consumer", "gateway")
}
_GAP_MS: Final = 20.0
_PATIENCE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run measures; `symbols` is also the number of alerts in a burst."""

    rounds: int
    one_by_one: int
    rate_per_s: float
    seconds: float
    symbols: int

    def schedules(self) -> dict[str, OpenLoop | ClosedLoop]:
        limit_s = self.one_by_one * (_GAP_MS / 1000 + 1) + 10
        count = max(round(self.rate_per_s * self.seconds), 1)
        return {
            "one by one": ClosedLoop(self.one_by_one, 1, _GAP_MS, limit_s),
            f"{self.rate_per_s:g}/s": OpenLoop(count, self.rate_per_s),
            f"burst of {self.symbols}": OpenLoop(self.symbols, 0),
        }


class Contestant:
    """One of the two, and what was sent to it."""

    def __init__(self, chain: Chain, plan: Plan, folder: Path, progress: Progress) -> None:
        self._chain, self._plan = chain, plan
        self._folder, self._progress = folder, progress
        self._turns = 0
        self._sent: list[Exchange] = []

    def turn(self, schedule: OpenLoop | ClosedLoop) -> Outcome:
        """Send one turn and wait until its orders are at the broker."""
        self._turns += 1
        before = self._chain.order_count()
        requests = self._chain.requests(f"turn-{self._turns}", self._plan.symbols)
        port = self._chain.ports["producer"]
        exchanges = send(port, requests, schedule, self._folder, self._progress)
        self._sent += exchanges
        accepted = sum(exchange.status == 200 for exchange in exchanges)
        self._chain.wait_for_orders(
            before + accepted, _PATIENCE_S, lambda n: self._progress.done(n - before, accepted)
        )
        return compare(exchanges, first_arrivals(self._chain.book().arrivals))

    def counts(self) -> dict[str, int]:
        """Count what was lost and doubled, in the broker's book."""
        book = self._chain.book()
        return asdict(
            tally(
                (one.status for one in self._sent),
                (one.alert_id for one in self._sent if one.status == 200),
                (order_ref for order_ref, _ in book.arrivals),
                book.frames,
            )
        )


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure both in turn and fill the report; the floor is the unprotected one."""
    progress.subject("starting")
    with (
        Chain(folder / "protected") as protected,
        Chain(folder / "unprotected", programs=UNPROTECTED) as unprotected,
    ):
        contestants = {
            SUBJECT: Contestant(protected, plan, folder, progress),
            FLOOR: Contestant(unprotected, plan, folder, progress),
        }
        progress.subject("warming up")
        for contestant in contestants.values():
            # The first order of a symbol looks its contract up; that is not what is measured.
            contestant.turn(ClosedLoop(plan.symbols, 1, 0, 60))
        for leg, schedule in plan.schedules().items():
            progress.subject(leg)
            runs = {
                name: partial(contestant.turn, schedule) for name, contestant in contestants.items()
            }
            for turn in interleaved(runs, plan.rounds, progress.turn):
                report.add_latencies(leg, turn.contestant, turn.result.latencies)
                if isinstance(schedule, OpenLoop):
                    report.add_rate(f"{leg}, at the broker", turn.contestant, turn.result.per_s)
        for name, contestant in contestants.items():
            report.add_counts(name, contestant.counts())
    report.add_note("floor: the same processes without journal, acks, window and ledger.")
