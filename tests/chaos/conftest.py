"""One small campaign for all tests of its outcome: starting an installation costs seconds."""

import pytest

from tests.chaos.campaign import Outcome, Plan, campaign
from tests.chaos.steps import BY_NAME


def fight(plan: Plan) -> Outcome:
    said: list[str] = []
    with campaign(plan, said.append) as made:
        return made.run(said.append)


@pytest.fixture(scope="session")
def outcome() -> Outcome:
    """Two executors, each step of the crash matrix once, no troubles beside it."""
    return fight(Plan(seconds=600, executors=2, rounds=1, patience_s=30, has_troubles=False))


@pytest.fixture(scope="session")
def outcome_without_safeguards() -> Outcome:
    names = ("consumer: before the ack", "gateway: after ACCEPTED, before the reply")
    steps = tuple(BY_NAME[name] for name in names)
    return fight(
        Plan(600, steps=steps, rounds=2, patience_s=30, has_troubles=False, is_unsafe=True)
    )
