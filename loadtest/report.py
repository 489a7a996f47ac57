"""What a run found: tables for the eye, JSON for a machine."""

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from loadtest.histogram import Latencies
from loadtest.rounds import FLOOR, ratio_of_medians

_US_PER_MS: Final = 1000.0
_SHOWN: Final = (50, 90, 99, 99.9)


class Report:
    """Rates, latencies and counts by subject and contestant, each round kept."""

    def __init__(self, name: str, parameters: dict[str, Any]) -> None:
        self.name = name
        self.parameters = parameters
        self.notes: list[str] = []
        self.rates: dict[str, dict[str, list[float]]] = {}
        self.latencies: dict[str, dict[str, list[Latencies]]] = {}
        self.counts: dict[str, dict[str, int]] = {}
        self.hops: dict[str, dict[str, Latencies]] = {}

    def add_note(self, text: str) -> None:
        """Keep a sentence that the reader needs, once."""
        if text not in self.notes:
            self.notes.append(text)

    def add_rate(self, subject: str, contestant: str, per_s: float) -> None:
        self.rates.setdefault(subject, {}).setdefault(contestant, []).append(per_s)

    def add_latencies(self, subject: str, contestant: str, latencies: Latencies) -> None:
        self.latencies.setdefault(subject, {}).setdefault(contestant, []).append(latencies)

    def add_counts(self, subject: str, counts: dict[str, int]) -> None:
        known = self.counts.setdefault(subject, {})
        for name, number in counts.items():
            known[name] = known.get(name, 0) + number

    def add_hops(self, subject: str, hops: dict[str, Latencies]) -> None:
        self.hops[subject] = hops

    def total(self, name: str) -> int:
        """Return a count, such as lost, over all subjects."""
        return sum(counts.get(name, 0) for counts in self.counts.values())

    def show(self, console: Console) -> None:
        if self.rates:
            console.print(self._rate_table())
        if self.latencies:
            console.print(self._latency_table())
        if self.hops:
            console.print(self._hop_table())
        if self.counts:
            console.print(self._count_table())
        for note in self.notes:
            console.print(f"· {note}", highlight=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "test": self.name,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": {
                "system": platform.platform(),
                "cpus": os.cpu_count(),
                "python": platform.python_version(),
            },
            "parameters": self.parameters,
            "rates": {
                subject: {
                    contestant: {
                        "per_s_median": median(values),
                        "per_s_rounds": values,
                        "ratio_to_floor": ratio_of_medians(values, contestants.get(FLOOR, [])),
                    }
                    for contestant, values in contestants.items()
                }
                for subject, contestants in self.rates.items()
            },
            "latencies": {
                subject: {
                    contestant: {
                        **asdict(merged(rounds).percentiles()),
                        "p50_us_rounds": percentile_us(rounds, 50),
                        "p99_us_rounds": percentile_us(rounds, 99),
                        "ratio_to_floor": {
                            name: _ratio(contestants, contestant, each)
                            for name, each in (*((f"p{p:g}", p) for p in _SHOWN), ("max", 100))
                        },
                    }
                    for contestant, rounds in contestants.items()
                }
                for subject, contestants in self.latencies.items()
            },
            "hops": {
                subject: {name: asdict(hop.percentiles()) for name, hop in hops.items()}
                for subject, hops in self.hops.items()
            },
            "counts": self.counts,
            "notes": self.notes,
        }

    def _rate_table(self) -> Table:
        table = _table("rate, per second", "median", "lowest", "highest", "ratio to floor")
        for subject, contestants in self.rates.items():
            table.add_row(subject, style="bold")
            for contestant, values in contestants.items():
                figures = [f"{value:,.0f}" for value in (median(values), min(values), max(values))]
                ratio = ratio_of_medians(values, contestants.get(FLOOR, []))
                told = "" if contestant == FLOOR else _ratio_text(ratio)
                table.add_row(f"  {contestant}", *figures, told)
            table.add_section()
        return table

    def _latency_table(self) -> Table:
        table = _table("latency, ms", "n", *(f"p{percentile:g}" for percentile in _SHOWN), "max")
        for subject, contestants in self.latencies.items():
            table.add_row(subject, style="bold")
            for contestant, rounds in contestants.items():
                table.add_row(f"  {contestant}", *_percentile_cells(merged(rounds)))
                if contestant != FLOOR and FLOOR in contestants:
                    ratios = [_ratio(contestants, contestant, each) for each in (*_SHOWN, 100)]
                    told = map(_ratio_text, ratios)
                    table.add_row("    to floor", "", *told, style="italic")
            table.add_section()
        return table

    def _hop_table(self) -> Table:
        table = _table("hop, ms", "n", *(f"p{percentile:g}" for percentile in _SHOWN), "max")
        for subject, hops in self.hops.items():
            table.add_row(subject, style="bold")
            for name, hop in hops.items():
                table.add_row(f"  {name}", *_percentile_cells(hop))
            table.add_section()
        return table

    def _count_table(self) -> Table:
        columns = list(dict.fromkeys(name for counts in self.counts.values() for name in counts))
        table = _table("count", *columns)
        for subject, counts in self.counts.items():
            table.add_row(subject, *(str(counts.get(name, "")) for name in columns))
        return table


def merged(rounds: list[Latencies]) -> Latencies:
    """Return all rounds in one histogram."""
    whole = Latencies()
    for latencies in rounds:
        whole.add(latencies)
    return whole


def percentile_us(rounds: list[Latencies], percentile: float) -> list[float]:
    """Return one percentile of each round."""
    return [latencies.at_percentile_us(percentile) for latencies in rounds]


def _ratio(
    contestants: dict[str, list[Latencies]], contestant: str, percentile: float
) -> float | None:
    return ratio_of_medians(
        percentile_us(contestants[contestant], percentile),
        percentile_us(contestants.get(FLOOR, []), percentile),
    )


def _percentile_cells(latencies: Latencies) -> list[str]:
    told = latencies.percentiles()
    times_us = (told.p50_us, told.p90_us, told.p99_us, told.p99_9_us, told.max_us)
    return [str(told.count), *(_ms_text(time_us) for time_us in times_us)]


def _ms_text(time_us: float) -> str:
    time_ms = time_us / _US_PER_MS
    return f"{time_ms:.3f}" if time_ms < 100 else f"{time_ms:,.1f}"


def _ratio_text(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f} x" if ratio >= 0.1 else f"{ratio:.4f} x"


def _table(title: str, *columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column(title)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table
