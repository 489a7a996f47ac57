"""Scenarios: control verbs that run by themselves, at a time or after so many orders.

A scenario is TOML or JSON: a list `step`, each with a `verb`, its arguments, and when it runs:
`at_s` seconds after the start, or `after_orders` accepted orders.
"""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from simulator import verbs_faults  # noqa: F401 - its verbs register themselves.
from simulator.exchange import Later
from simulator.verbs import VERBS, VerbError, call

if TYPE_CHECKING:
    from simulator.tws import Tws

log = structlog.get_logger("simulator")


class ScenarioError(ValueError):
    """A scenario that cannot be read; the text says which step and why."""


@dataclass(frozen=True, slots=True)
class Step:
    verb: str
    arguments: dict[str, Any]
    at_s: float | None = None
    after_orders: int | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    steps: tuple[Step, ...]


def load_scenario(path: Path) -> Scenario:
    try:
        text = path.read_text()
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    try:
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise ScenarioError(f"{path}: {error}") from None
    try:
        return parse_scenario(data["step"])
    except (KeyError, TypeError):
        raise ScenarioError(f"{path}: no list of steps named step") from None
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def parse_scenario(rows: Sequence[dict[str, Any]]) -> Scenario:
    return Scenario(tuple(_step(number, row) for number, row in enumerate(rows, 1)))


def _step(number: int, row: dict[str, Any]) -> Step:
    arguments = dict(row)
    verb = arguments.pop("verb", None)
    at_s = arguments.pop("at_s", None)
    after_orders = arguments.pop("after_orders", None)
    if verb not in VERBS:
        raise ScenarioError(f"step {number}: no verb {verb!r}")
    if at_s is not None and after_orders is not None:
        raise ScenarioError(f"step {number}: give at_s or after_orders, not both")
    return Step(verb, arguments, at_s, after_orders)


@dataclass(slots=True)
class ScenarioRun:
    """Carries out the steps of scenarios as their time comes."""

    tws: "Tws"
    later: Later
    _by_orders: list[Step] = field(default_factory=list)

    def start(self, scenario: Scenario) -> None:
        for step in scenario.steps:
            if step.after_orders is not None:
                self._by_orders.append(step)
            else:
                self._schedule(step)
        self._by_orders.sort(key=lambda step: step.after_orders or 0)
        if self._by_orders:
            self.tws.intake.on_accepted = self.on_accepted

    def _schedule(self, step: Step) -> None:
        if step.at_s:
            self.later(step.at_s, lambda: self._carry_out(step))
        else:
            self._carry_out(step)

    def on_accepted(self, accepted: int) -> None:
        """Carry out what waited for this many orders."""
        while self._by_orders and (self._by_orders[0].after_orders or 0) <= accepted:
            self._carry_out(self._by_orders.pop(0))

    def _carry_out(self, step: Step) -> None:
        try:
            call(self.tws, step.verb, step.arguments)
        except VerbError as error:
            log.warning("scenario_step_failed", verb=step.verb, reason=str(error))
        else:
            log.info("scenario_step_done", verb=step.verb)
