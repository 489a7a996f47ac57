"""The picture of a run: latency by percentile, and the hops."""

from pathlib import Path

from alertwire.faults import ConfigurationError
from loadtest.histogram import Latencies
from loadtest.report import Report, merged
from loadtest.rounds import FLOOR

_US_PER_MS = 1000.0
_NINES = (50, 90, 99, 99.9, 99.99)


def plot(report: Report, file: Path) -> None:
    """Write a PNG. Raises ConfigurationError where matplotlib is not installed."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 - takes a second, and only pictures need it
        from matplotlib import pyplot as plt  # noqa: PLC0415

        mpl.use("agg")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "--plot needs matplotlib: pip install 'alertwire[loadtest]'"
        ) from error
    figure, (curves, hops) = plt.subplots(2, 1, figsize=(11, 9), layout="constrained")
    curves.set_title(f"loadtest {report.name}")
    for number, (subject, contestants) in enumerate(report.latencies.items()):
        for contestant, rounds in contestants.items():
            points = [(p, us) for p, us in merged(rounds).curve() if p < 100]
            curves.plot(
                [1 / (1 - p / 100) for p, _ in points],
                [us / _US_PER_MS for _, us in points],
                color=f"C{number}",
                linestyle="--" if contestant == FLOOR else "-",
                label=f"{subject}, {contestant}",
            )
    curves.set_xscale("log")
    curves.set_yscale("log")
    curves.set_xticks([1 / (1 - p / 100) for p in _NINES], [f"{p:g} %" for p in _NINES])
    curves.set_xlabel("percentile")
    curves.set_ylabel("latency, ms")
    curves.grid(alpha=0.3)
    if report.latencies:
        curves.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1))
    names = list(dict.fromkeys(name for each in report.hops.values() for name in each))
    height = 0.8 / max(len(report.hops), 1)
    for number, (subject, durations) in enumerate(report.hops.items()):
        hops.barh(
            [position + (number + 0.5) * height - 0.4 for position in range(len(names))],
            [durations.get(name, Latencies()).at_percentile_us(50) / _US_PER_MS for name in names],
            height=height,
            color=f"C{number}",
            label=f"{subject}, p50",
        )
    hops.set_yticks(range(len(names)), names)
    hops.invert_yaxis()
    hops.set_xscale("log")
    hops.set_xlabel("ms")
    hops.grid(axis="x", alpha=0.3)
    if names:
        hops.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1))
    figure.savefig(file, dpi=120)
    plt.close(figure)
