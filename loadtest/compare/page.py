"""Writes docs/compare.md and its picture from what was measured."""

import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from alertwire import __version__
from loadtest.compare.contestants import Contestant
from loadtest.compare.measure import Plan, Turn
from loadtest.histogram import Latencies

BROKER_PER_S: Final = 50
"""Messages per second that IB takes over all clients of one TWS."""
BUSY: Final = 0.9
BUSY_LOAD: Final = 0.5
"""Processes that want a core, beyond which a figure says much about them."""
_PERCENTILES: Final = (50, 99, 99.9)
_US_PER_MS: Final = 1000.0

Turns = Mapping[Contestant, Sequence[Turn]]


def merged(turns: Sequence[Turn], part: Callable[[Turn], Latencies]) -> Latencies:
    """Put the same latencies of several rounds together."""
    whole = Latencies()
    for turn in turns:
        whole.add(part(turn))
    return whole


def table(measured: Turns) -> str:
    """Return the figures as a table: medians over the rounds, percentiles over all alerts."""
    rows: list[tuple[str, Callable[[Contestant, Sequence[Turn]], str]]] = [
        ("added to an alert's way, p50 / p99 / p99.9, ms", lambda _, t: _triple(t, _added)),
        ("\u2003delivery sent \u2192 command received", lambda _, t: _triple(t, _planned)),
        ("\u2003reply sent \u2192 outcome received", lambda _, t: _triple(t, _acked)),
        ("most alerts per second, one executor", lambda _, t: _flood(t)),
        (
            "processor time per alert in that flood, \u00b5s",
            lambda _, t: f"{_of(t, lambda turn: turn.flood_cpu_us):,.0f}",
        ),
        (
            "processor time per alert at the pace, \u00b5s",
            lambda _, t: f"{_of(t, lambda turn: turn.paced_cpu_us):,.0f}",
        ),
        ("memory after the start, MiB", lambda _, t: f"{_of(t, lambda turn: turn.idle_mib):.0f}"),
        ("memory at most, MiB", lambda _, t: f"{_of(t, lambda turn: turn.peak_mib):.0f}"),
        ("start to first heartbeat, s", lambda _, t: f"{_of(t, lambda turn: turn.start_s):.2f}"),
        ("program, MiB", lambda c, _: _size(c.binary_mib)),
        ("container image, MB", lambda c, _: _size(c.image_mb())),
        ("lines of code", lambda c, _: f"{c.lines_of_code():,}"),
    ]
    head = f"| | {' | '.join(each.title for each in measured)} |"
    lines = [head, "|---|" + "--:|" * len(measured)]
    for name, cell in rows:
        cells = [cell(contestant, turns) for contestant, turns in measured.items()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page(measured: Turns, plan: Plan, command: str, picture: str, load: float) -> str:
    """Return docs/compare.md; `load` is what waited for each core before the start."""
    (first, *_) = measured
    rounds = len(measured[first])
    python = next((turns for each, turns in measured.items() if each.name == "python"), None)
    return f"""# Python, Go and C++ compared

The same executor three times, held to one contract ([executors.md](executors.md)). Written by
`{command}`;
`make compare` writes it anew.

{table(measured)}

![Added latency by percentile, most alerts per second, memory]({picture})

Rounds in which they take turns, each with a new process: {rounds}. In each {plan.rate_per_s:g}
alerts/s for {plan.seconds:g} s for the latencies, then {plan.flood:,} alerts with 64 under way.
Medians over rounds; percentiles over all alerts of all rounds. Producer and gateway are one thread
in Python, the same for all; where it was itself busy all the time, \u2265 says that the executor
can do more. Time on the wire, and in that thread, is in the latencies. A start ends with the first
heartbeat that is heard. Lines hold code,
without tests, comments and generated code; of the one in Python with all of the kernel that it
loads. An image holds its base, Debian; that of the one in Python is shared with the producer and
the gateway. The program in Go needs libzmq beside it, the one in C++ also the libraries that its
README names.

Alertwire {__version__}, {_machine()}, {datetime.now(UTC):%Y-%m-%d}. Before the start {load:.1f}
processes wanted each core{_busy(load)}.

## What it means for you

- **Stay with Python** unless you have a reason. Interactive Brokers takes {BROKER_PER_S} messages
  a second from you, over all clients, and Alertwire paces itself below that
  (`ALERTWIRE_IB_MESSAGES_PER_S`).{_share(python)}
  The broker's limit comes long before that of any executor.
- An order's way is two commits to disk here, the broker's network and the exchange: several
  milliseconds and tens more. What an executor adds, and what another language takes off, is a
  small part of that ([loadtest.md](loadtest.md)).
- **Take Go or C++** for a small machine (memory, start-up), for a host where you want no Python
  beside the gateway, or to have two that share no code: run one of each side by side, and a
  mistake in one language's library does not stop both.
- **Write your own** if yours is another: [consumer/README.md](../consumer/README.md) is all it
  must do, and `alertwire conformance ./my-executor` says when it does.

What none of them changes: nothing is lost or ordered twice whichever dies, because journal and
ledger see to that ([reliability.md](reliability.md)), not the executor.
"""


def picture(measured: Turns, file: Path) -> None:
    """Draw latency by percentile, throughput and memory as SVG."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, and only pictures need it

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "alertwire"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (curves, rates, memory) = plt.subplots(
        1, 3, figsize=(13, 4), layout="constrained", width_ratios=(2, 1, 1)
    )
    for contestant, turns in measured.items():
        points = [(p, us) for p, us in merged(turns, _added).curve() if p < 100]
        curves.plot(
            [1 / (1 - p / 100) for p, _ in points],
            [us / _US_PER_MS for _, us in points],
            label=contestant.title,
        )
    curves.set_xscale("log")
    curves.set_yscale("log")
    curves.set_xticks([1 / (1 - p / 100) for p in _PERCENTILES], [f"{p:g} %" for p in _PERCENTILES])
    curves.set_xlabel("percentile of alerts")
    curves.set_title("added by the executor, ms")
    curves.grid(alpha=0.3)
    curves.legend()
    titles = [contestant.title for contestant in measured]
    colours = [f"C{number}" for number in range(len(titles))]
    rates.bar(titles, [_of(turns, _flood_rate) for turns in measured.values()], color=colours)
    rates.axhline(BROKER_PER_S, color="black", linestyle="--")
    rates.annotate(
        f"the broker's {BROKER_PER_S}",
        (0, BROKER_PER_S),
        va="bottom",
        ha="center",
        bbox={"facecolor": "white", "alpha": 0.8},
    )
    rates.set_yscale("log")
    rates.set_ylim(bottom=10)
    rates.set_title("most alerts per second")
    memory.bar(
        titles, [_of(turns, lambda t: t.peak_mib) for turns in measured.values()], color=colours
    )
    memory.set_title("memory at most, MiB")
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)


def _of(turns: Sequence[Turn], part: Callable[[Turn], float]) -> float:
    return median(map(part, turns))


def _added(turn: Turn) -> Latencies:
    return turn.added


def _planned(turn: Turn) -> Latencies:
    return turn.planned


def _acked(turn: Turn) -> Latencies:
    return turn.acked


def _flood_rate(turn: Turn) -> float:
    return turn.flood_per_s


def _triple(turns: Sequence[Turn], part: Callable[[Turn], Latencies]) -> str:
    whole = merged(turns, part)
    return " / ".join(f"{whole.at_percentile_us(p) / _US_PER_MS:.2f}" for p in _PERCENTILES)


def _flood(turns: Sequence[Turn]) -> str:
    at_least = "\u2265 " if _of(turns, lambda turn: turn.flood_busy) > BUSY else ""
    return f"{at_least}{_of(turns, _flood_rate):,.0f}"


def _size(size: float | None) -> str:
    return "\u2014" if size is None else f"{size:.1f}"


def _share(python: Sequence[Turn] | None) -> str:
    if python is None:
        return ""
    share = _of(python, lambda turn: turn.paced_cpu_us) * BROKER_PER_S / 1e6
    times = _of(python, _flood_rate) / BROKER_PER_S
    return (
        f" The slowest of the three carries {times:,.0f} times as many, and at {BROKER_PER_S} a\n"
        f"  second it uses {share:.0%} of one core."
    )


def _busy(load: float) -> str:
    return ": others were at work, so read the times as upper bounds" if load > BUSY_LOAD else ""


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"Python {platform.python_version()}, {model}"
