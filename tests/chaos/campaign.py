"""One campaign: an installation, alerts, kills step by step and at random, troubles, then peace."""

import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulator.control import SimulatorControl
from tests.chaos.evidence import BookRow, Journals, book_rows, spartan_rows
from tests.chaos.fleet import Fleet
from tests.chaos.sender import Sender
from tests.chaos.steps import STEPS, Step
from tests.chaos.troubles import Troubles, small_disk
from tests.chaos.verdict import Verdict, judge
from tests.end_to_end.spartan_tws import SpartanTws

DOWN_S = (0.0, 0.25)
"""How long a killed process stays dead."""
PAUSE_S = (0.0, 0.15)
TROUBLE_EVERY_S = (2.0, 5.0)
TROUBLE_S = (0.5, 2.5)
LOOK_EVERY_S = 1.0
CALM_EVERY = 16
CALM_S = 2.0
"""After so many moves, so long without one: what waits gets its turn, and recovery shows."""
BACKLOG = 100
"""So many undecided alerts halve the rate of new ones, so that few expire."""
RANDOM_SHARE = 0.25
"""Kills at no step at all."""
PEACE_TIMEOUT_S = 120.0
SETTLED_S = 3.0
POLL_S = 0.02
DUPLICATE_ID = 103
"""TWS API: the id belongs to an order that is over."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What to do. `rounds` ends the campaign after so many turns through all steps; 0: by time."""

    seconds: float
    executors: int = 1
    seed: int = 1
    rate_per_s: float = 8.0
    steps: tuple[Step, ...] = STEPS
    rounds: int = 0
    patience_s: float = 5.0
    """How long a step waits for its frame."""
    has_troubles: bool = True
    is_unsafe: bool = False
    is_cold: bool = False
    executor_commands: tuple[tuple[str, ...], ...] = ()
    """Programs of the executors, in turn; an empty one, or none: ours."""


@dataclass
class Outcome:
    """What a campaign found."""

    plan: Plan
    verdict: Verdict
    seconds: float
    kills: Counter[str]
    others: Counter[str]
    missed: Counter[str]
    troubles: Counter[str]
    recovery_s: dict[str, list[float]]
    repeated: int
    """placeOrder frames beyond the first of an alert."""
    duplicates_refused: int
    """Those that only the broker's 103 kept from a second life."""
    crashes: list[str]
    refused_starts: int


class Campaign:
    """Runs one plan against one broker."""

    def __init__(
        self,
        plan: Plan,
        home: Path,
        databases: Path,
        troubles: Callable[["Campaign"], Troubles],
        broker: SpartanTws | None = None,
    ) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)
        self.databases = {
            "journal": databases / "journal.db",
            "ledger": databases / "ledger.db",
        }
        self.journals = Journals(self.databases["journal"], self.databases["ledger"])
        self._broker = broker
        self.fleet = Fleet(
            home,
            plan.executors,
            self.chance,
            broker_port=broker.port if broker else None,
            is_unsafe=plan.is_unsafe,
            is_cold=plan.is_cold,
            executor_commands=plan.executor_commands,
            ALERTWIRE_JOURNAL_URL=f"sqlite:///{self.databases['journal']}",
            ALERTWIRE_LEDGER_URL=f"sqlite:///{self.databases['ledger']}",
            ALERTWIRE_IB_MESSAGES_PER_S="200",
            ALERTWIRE_LOG_LEVEL="debug",
        )
        self.fleet.board.is_done = self.journals.is_done
        self.sender = Sender(
            self.fleet.web_port, plan.rate_per_s, plan.seed, only_market=broker is not None
        )
        self.troubles = troubles(self)
        self.missed: Counter[str] = Counter()
        self.random_kills: Counter[str] = Counter()
        self._moves = 0
        self._restarts: dict[str, float] = {}
        self._next_trouble_s = self._next_look_s = 0.0

    def run(self, say: Say) -> Outcome:
        started_s = time.monotonic()
        self._start()
        self.sender.start()
        begun_s = time.monotonic()
        self._next_trouble_s = begun_s + self.chance.uniform(*TROUBLE_EVERY_S)
        told_s = begun_s
        for step in self._schedule(begun_s + self.plan.seconds):
            self._take(step)
            if time.monotonic() - told_s > 10:
                told_s = time.monotonic()
                say(self._progress(told_s - begun_s))
        say("peace: no kills, no troubles, everything up")
        self.sender.stop()
        self.troubles.peace()
        self._settle(say)
        verdict = self._judge()
        if verdict.parked and not self.plan.is_unsafe:
            verdict = self._resolve(verdict, say)
        return self._outcome(verdict, time.monotonic() - started_s)

    def _start(self) -> None:
        self.fleet.start_broker()
        for name in self.fleet.victims:
            self.fleet.begin(name)
        self.fleet.wait_ready()

    def _schedule(self, until_s: float) -> Iterator[Step | None]:
        """Yield every step in turn, shuffled anew each round; None is a kill at random."""
        number = 0
        while True:
            number += 1
            steps = list(self.plan.steps)
            self.chance.shuffle(steps)
            for step in steps:
                if time.monotonic() > until_s:
                    return
                if not self.plan.rounds and self.chance.random() < RANDOM_SHARE:
                    yield None
                yield step
            if number == self.plan.rounds:
                return

    def _take(self, step: Step | None) -> None:
        board = self.fleet.board
        if step is None:
            name = self.chance.choice(self.fleet.victims)
            if self.fleet.kill_now(name):
                self.random_kills[name.partition("-")[0]] += 1
        else:
            board.arm(step)
            deadline_s = time.monotonic() + self.plan.patience_s
            while not board.fired.wait(POLL_S) and time.monotonic() < deadline_s:
                self._tend()
            board.disarm()
            if not board.fired.is_set():
                self.missed[step.name] += 1
        self._moves += 1
        is_calm = self._moves % CALM_EVERY == 0
        self._tend_for(CALM_S if is_calm else self.chance.uniform(*PAUSE_S))

    def _tend_for(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        self._tend()
        while time.monotonic() < until_s:
            time.sleep(POLL_S)
            self._tend()

    def _tend(self) -> None:
        """Start what is due to be started, let the next trouble come, give up halted keys."""
        now_s = time.monotonic()
        for name in self.fleet.down():
            due_s = self._restarts.setdefault(name, now_s + self.chance.uniform(*DOWN_S))
            if now_s >= due_s:
                del self._restarts[name]
                self.fleet.begin(name)
        if self.plan.has_troubles and now_s > self._next_trouble_s:
            self._next_trouble_s = now_s + self.chance.uniform(*TROUBLE_EVERY_S)
            self.troubles.make(self.chance.uniform(*TROUBLE_S))
        if now_s > self._next_look_s:
            self._next_look_s = now_s + LOOK_EVERY_S
            self.sender.slowness = 1 + len(self.journals.waiting()) / BACKLOG
            for _, strategy, symbol in self.journals.parked():
                self.sender.retire(strategy, symbol)

    def _resolve(self, before: Verdict, say: Say) -> Verdict:
        """Decide what is parked as a person would who sees the broker's book; judge again."""
        say(f"peace: {len(before.parked)} parked; a person looks in TWS and decides")
        at_broker = {row.alert_id for row in self.book() if not row.never_works}
        for row in self.journals.alerts():
            if row.state == "PARKED":
                answer = "--placed" if row.alert_id in at_broker else "--not-placed"
                done = self.fleet.run("resolve", row.alert_id, answer)
                if done.returncode:
                    self.fleet.crashes.append(f"resolve {answer}: {done.stdout}{done.stderr}")
        self._settle(say, is_parked_over=True)
        verdict = self._judge()
        verdict.lost += [f"{line}; a person decided, and it stayed" for line in verdict.parked]
        verdict.parked, verdict.halted = before.parked, before.halted
        verdict.parked_at_broker = before.parked_at_broker
        return verdict

    def _settle(self, say: Say, *, is_parked_over: bool = False) -> None:
        """Wait until every alert is decided, or halted behind one that waits for a person."""
        deadline_s = time.monotonic() + PEACE_TIMEOUT_S
        quiet_since_s = told_s = time.monotonic()
        while time.monotonic() < deadline_s:
            self._tend_in_peace()
            waiting = self.journals.waiting()
            if is_parked_over:
                waiting += [key for key, _, _ in self.journals.parked()]
            if waiting:
                quiet_since_s = time.monotonic()
            elif time.monotonic() - quiet_since_s > SETTLED_S:
                return
            if time.monotonic() - told_s > 10:
                told_s = time.monotonic()
                say(f"peace: {len(waiting)} alerts on their way")
            time.sleep(0.25)

    def _tend_in_peace(self) -> None:
        for name in self.fleet.down():
            self.fleet.begin(name)

    def book(self) -> list[BookRow]:
        if self._broker is not None:
            return spartan_rows(self._broker)
        with SimulatorControl(port=self.fleet.control_port, timeout_s=30) as control:
            return book_rows(control.call("book"))

    def _refused(self) -> dict[str, list[int]]:
        """Return the codes of the broker's refusals by alert."""
        codes: dict[str, list[int]] = defaultdict(list)
        if self._broker is None:
            with SimulatorControl(port=self.fleet.control_port, timeout_s=30) as control:
                for row in control.call("refused")["refused"]:
                    codes[row["orderRef"][:26]].append(row["code"])
        return codes

    def _duplicates_refused(self) -> int:
        if self._broker is not None:
            return self._broker.duplicates_refused
        return sum(codes.count(DUPLICATE_ID) for codes in self._refused().values())

    def _judge(self) -> Verdict:
        return judge(
            self.sender.sent,
            self.journals.alerts(),
            self.book(),
            None if self.plan.is_unsafe else self.journals.orders(),
            self._refused(),
        )

    def _outcome(self, verdict: Verdict, seconds: float) -> Outcome:
        board = self.fleet.board
        kills = Counter(
            {s.name: n for s in self.plan.steps if s.is_kill and (n := board.kills[s.name])}
        )
        kills.update({f"{name}: at random": n for name, n in self.random_kills.items()})
        others = Counter(
            {s.name: n for s in self.plan.steps if not s.is_kill and (n := board.kills[s.name])}
        )
        return Outcome(
            plan=self.plan,
            verdict=verdict,
            seconds=seconds,
            kills=kills,
            others=others,
            missed=self.missed,
            troubles=self.troubles.seen,
            recovery_s=dict(board.recovery_s),
            repeated=sum(count - 1 for count in board.placements.values()),
            duplicates_refused=self._duplicates_refused(),
            crashes=self.fleet.crashes,
            refused_starts=self.fleet.refused_starts,
        )

    def _progress(self, seconds: float) -> str:
        kills = sum(self.fleet.board.kills.values()) + sum(self.random_kills.values())
        return (
            f"{seconds:4.0f} s: {len(self.sender.sent)} alerts sent, {kills} kills and stops,"
            f" {len(self.journals.waiting())} on their way, {len(self.journals.parked())} parked"
        )

    def close(self) -> None:
        self.troubles.clear()
        self.fleet.stop()


@contextmanager
def campaign(
    plan: Plan, say: Say, broker: SpartanTws | None = None, home: Path | None = None
) -> Iterator[Campaign]:
    """Make a campaign in a folder of its own, databases on a small disk where that can be."""
    with ExitStack() as stack:
        if home is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        disk = stack.enter_context(small_disk(home / "disk"))
        if isinstance(disk, str):
            say(f"no full disk: {disk}")

        def troubles(made: Campaign) -> Troubles:
            return Troubles(
                None if broker else made.fleet.control_port,
                made.databases,
                made.chance,
                None if isinstance(disk, str) else disk,
            )

        made = stack.enter_context(closing(Campaign(plan, home, home / "disk", troubles, broker)))
        yield made
