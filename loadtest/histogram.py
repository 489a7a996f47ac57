"""Latencies: recorded in HDR histograms, told as percentiles."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hdrh.histogram import HdrHistogram

_HIGHEST_NS: Final = 600 * 1_000_000_000
_SIGNIFICANT_DIGITS: Final = 3
_CURVE_POINTS_PER_HALVING: Final = 5


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What a histogram says, in microseconds."""

    count: int
    p50_us: float
    p90_us: float
    p99_us: float
    p99_9_us: float
    max_us: float


class Latencies:
    """Durations of one run."""

    def __init__(self, durations_ns: Iterable[int] = ()) -> None:
        self._histogram = HdrHistogram(1, _HIGHEST_NS, _SIGNIFICANT_DIGITS)
        for duration_ns in durations_ns:
            self.record(duration_ns)

    def record(self, duration_ns: int) -> None:
        """Add a duration. What clocks made negative counts as 1 ns, not as nothing."""
        self._histogram.record_value(min(max(duration_ns, 1), _HIGHEST_NS))

    def add(self, other: "Latencies") -> None:
        self._histogram.add(other._histogram)  # noqa: SLF001 - of its own class

    @property
    def count(self) -> int:
        return int(self._histogram.get_total_count())

    def at_percentile_us(self, percentile: float) -> float:
        """Return the duration that `percentile` % did not exceed; 0 where there is none."""
        if not self.count:
            return 0.0
        return float(self._histogram.get_value_at_percentile(percentile)) / 1000

    def percentiles(self) -> Percentiles:
        return Percentiles(
            count=self.count,
            p50_us=self.at_percentile_us(50),
            p90_us=self.at_percentile_us(90),
            p99_us=self.at_percentile_us(99),
            p99_9_us=self.at_percentile_us(99.9),
            max_us=self.at_percentile_us(100),
        )

    def curve(self) -> list[tuple[float, float]]:
        """Return (percentile, microseconds) pairs, denser towards the tail, for a plot."""
        if not self.count:
            return []
        items = self._histogram.get_percentile_iterator(_CURVE_POINTS_PER_HALVING)
        return [
            (float(item.percentile_level_iterated_to), float(item.value_iterated_to) / 1000)
            for item in items
        ]
