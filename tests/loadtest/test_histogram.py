"""Latencies and ratios."""

import pytest

from loadtest.histogram import Latencies
from loadtest.rounds import interleaved, ratio_of_medians


def test_percentiles_are_those_of_the_durations() -> None:
    told = Latencies(number * 1000 for number in range(1, 1001)).percentiles()

    assert told.count == 1000
    # Three significant digits are kept.
    assert told.p50_us == pytest.approx(500, rel=0.002)
    assert told.p90_us == pytest.approx(900, rel=0.002)
    assert told.p99_us == pytest.approx(990, rel=0.002)
    assert told.p99_9_us == pytest.approx(999, rel=0.002)
    assert told.max_us == pytest.approx(1000, rel=0.002)


def test_an_empty_histogram_says_zero() -> None:
    assert Latencies().percentiles().max_us == 0
    assert Latencies().curve() == []


def test_histograms_add_up() -> None:
    one, other = Latencies([1000] * 10), Latencies([9000] * 10)

    one.add(other)

    assert one.count == 20
    assert one.at_percentile_us(100) == pytest.approx(9, rel=0.002)


def test_a_duration_that_clocks_made_negative_is_not_dropped() -> None:
    assert Latencies([-5]).count == 1


def test_subject_and_floor_take_turns() -> None:
    turns = interleaved({"subject": lambda: 1, "floor": lambda: 2}, 2, lambda _text: None)

    assert [(turn.contestant, turn.round) for turn in turns] == [
        ("subject", 1),
        ("floor", 1),
        ("subject", 2),
        ("floor", 2),
    ]


def test_the_ratio_is_of_medians_so_one_bad_round_does_not_tell() -> None:
    assert ratio_of_medians([20, 20, 900], [10, 10, 10]) == 2
    assert ratio_of_medians([20], []) is None
