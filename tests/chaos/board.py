"""Watches every frame, springs the armed trap, and notes when a restarted process works again."""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from tests.chaos.frames import Sight
from tests.chaos.proxy import PASS, Handling
from tests.chaos.steps import Step, When

WITHIN_S = 0.004
LATE_S = (0.3, 2.5)
ASLEEP_S = (2.2, 4.0)
"""Beyond the 2 s after which an executor whose heartbeats are missing is taken for dead."""
DONE_TIMEOUT_S = 2.0
FIRST_WORK = {"producer": "delivery", "consumer": "command", "gateway": "place_order"}
"""The frame by which a process shows that it works again."""


class Board:
    """One trap is armed at a time. `see` runs in the proxies' thread, `arm` in the campaign's."""

    def __init__(self, fleet: Any, chance: random.Random) -> None:
        self._fleet = fleet
        self._chance = chance
        self._armed: Step | None = None
        self._lock = threading.Lock()
        self.fired = threading.Event()
        self.targets: dict[str, list[str]] = defaultdict(list)
        """What was hit, by alert id: for the evidence."""
        self.kills: Counter[str] = Counter()
        self.recovery_s: dict[str, list[float]] = defaultdict(list)
        self.placements: Counter[str] = Counter()
        self.is_done: Callable[[str], bool] = lambda _alert_id: True

    def arm(self, step: Step) -> None:
        with self._lock:
            self.fired.clear()
            self._armed = step

    def disarm(self) -> None:
        with self._lock:
            self._armed = None

    def see(self, sight: Sight) -> Handling:
        self._note(sight)
        with self._lock:
            step = self._armed
            if step is None or step.kind != sight.kind:
                return PASS
            victim = sight.owner if step.victim == "consumer" else step.victim
            if victim != "broker" and not self._fleet.is_up(victim):
                return PASS
            self._armed = None
        return self._spring(step, victim, sight)

    def _spring(self, step: Step, victim: str, sight: Sight) -> Handling:
        if sight.alert_id:
            self.targets[sight.alert_id].append(step.name)

        def kill() -> None:
            self._fleet.kill_now(victim)
            self._hit(step)

        def kill_soon() -> None:
            time.sleep(self._chance.uniform(0, WITHIN_S))
            kill()

        match step.when:
            case When.BEFORE:
                kill()
                return Handling(is_forwarded=False, is_cut=True)
            case When.AFTER:
                return Handling(then=kill)
            case When.WITHIN:
                return Handling(then=kill_soon)
            case When.LATE:
                return Handling(hold_s=self._chance.uniform(*LATE_S), then=kill)
            case When.DECIDED:
                return Handling(then=lambda: self._kill_when_done(sight.alert_id, kill))
            case When.STOPPED:
                self._fleet.sleep(victim, self._chance.uniform(*ASLEEP_S))
                self._hit(step)
                return PASS
            case When.CUT_BEFORE:
                self._hit(step)
                return Handling(is_forwarded=False, is_cut=True)
            case When.CUT_AFTER:
                self._hit(step)
                return Handling(is_cut=True)

    def _hit(self, step: Step) -> None:
        self.kills[step.name] += 1
        self.fired.set()

    def _kill_when_done(self, alert_id: str, kill: Callable[[], None]) -> None:
        deadline_s = time.monotonic() + DONE_TIMEOUT_S

        def look() -> None:
            while not self.is_done(alert_id) and time.monotonic() < deadline_s:
                time.sleep(0.002)
            kill()

        threading.Thread(target=look, daemon=True).start()

    def _note(self, sight: Sight) -> None:
        if sight.kind == "place_order":
            self.placements[sight.alert_id] += 1
        for name, kind in FIRST_WORK.items():
            if kind != sight.kind:
                continue
            process = sight.owner if name == "consumer" else name
            started_s = self._fleet.take_restart(process)
            if started_s:
                self.recovery_s[name].append(time.monotonic() - started_s)
