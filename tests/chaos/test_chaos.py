"""The chaos suite in small: each step of the crash matrix once, and its negative control.

`make chaos` runs it for ten minutes, with troubles at the broker and at the disk.
"""

import pytest

from tests.chaos.campaign import Outcome
from tests.chaos.steps import STEPS, Step

pytestmark = pytest.mark.timeout(900)


def test_no_alert_is_lost(outcome: Outcome) -> None:
    assert outcome.verdict.lost == []
    assert outcome.verdict.alerts > len(STEPS)


def test_no_alert_is_ordered_twice(outcome: Outcome) -> None:
    assert outcome.verdict.doubled == []


def test_the_orders_of_a_key_reach_the_broker_in_their_order(outcome: Outcome) -> None:
    assert outcome.verdict.disordered == []


def test_what_the_journal_says_is_what_the_broker_has(outcome: Outcome) -> None:
    assert outcome.verdict.untrue == []


def test_no_process_ends_by_itself(outcome: Outcome) -> None:
    assert outcome.crashes == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_step_was_reached(outcome: Outcome, step: Step) -> None:
    assert (outcome.kills + outcome.others)[step.name] == 1


@pytest.mark.parametrize("process", ["producer", "consumer", "gateway"])
def test_a_killed_process_works_again(outcome: Outcome, process: str) -> None:
    assert outcome.recovery_s[process]


def test_a_gateway_without_its_memory_orders_twice(outcome_without_safeguards: Outcome) -> None:
    assert outcome_without_safeguards.verdict.doubled
