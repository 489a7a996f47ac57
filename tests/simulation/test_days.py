"""Thousands of random days of dispatcher, executors and gateway: none may break the protocol."""

import pytest

from tests.simulation.__main__ import run_block
from tests.simulation.day import run_day
from tests.simulation.mutants import MUTANTS
from tests.simulation.oracle import Violation
from tests.simulation.world import passing_values

BLOCKS = 15
DAYS = 200
MUTANT_DAYS = 600


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_day_breaks_the_protocol(block: int) -> None:
    totals, broken = run_block(block * DAYS, DAYS)

    assert broken == []
    assert totals["seeds"] == DAYS
    assert totals["orders"] > DAYS
    assert totals["crashes"] > DAYS


def test_the_same_seed_is_the_same_day() -> None:
    def lines(seed: int) -> list[str]:
        said: list[str] = []
        with passing_values():
            run_day(seed, said.append)
        return said

    assert lines(7) == lines(7)
    assert lines(7) != lines(8)


def run_days(count: int) -> None:
    with passing_values():
        for seed in range(count):
            run_day(seed)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_safeguard_taken_out_is_seen(mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite must be able to fail, and say which seed shows it."""
    mutant(monkeypatch)

    with pytest.raises(Violation, match=r"--seed \d+ --trace"):
        run_days(MUTANT_DAYS)
