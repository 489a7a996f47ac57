"""The comparison of executors, in small: what it measures is there, and the page says it."""

from pathlib import Path

import pytest

from alertwire.faults import ConfigurationError
from loadtest.compare import page
from loadtest.compare.contestants import chosen
from loadtest.compare.measure import Plan, Turn, measure

PLAN = Plan(rate_per_s=100, seconds=0.3, flood=100)


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Turn:
    (python,) = chosen("python")
    return measure(python, PLAN, tmp_path_factory.mktemp("compare"))


def test_every_alert_of_the_pace_is_measured_on_both_ways(turn: Turn) -> None:
    assert turn.planned.count == turn.acked.count == turn.added.count == 30
    assert turn.added.at_percentile_us(50) > turn.planned.at_percentile_us(50)


def test_a_turn_tells_start_memory_time_and_rate(turn: Turn) -> None:
    assert turn.start_s > 0
    assert turn.peak_mib >= turn.idle_mib > 10
    assert turn.flood_cpu_us > 0
    assert turn.flood_per_s > 0


def test_the_page_has_a_column_for_each_executor_and_a_picture(turn: Turn, tmp_path: Path) -> None:
    (python,) = chosen("python")
    measured = {python: [turn, turn]}

    text = page.page(measured, PLAN, "make compare", "compare.svg", 1.5)
    page.picture(measured, tmp_path / "compare.svg")

    assert "| | Python |" in text
    assert "a new process: 2." in text
    assert "upper bounds" in text
    assert "](compare.svg)" in text
    assert (tmp_path / "compare.svg").read_text().startswith("<?xml")


def test_lines_of_code_are_neither_comments_nor_generated() -> None:
    (python,) = chosen("python")

    assert 1000 < python.lines_of_code() < 4000


def test_an_executor_that_is_not_built_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="make executors"):
        chosen("cobol")
