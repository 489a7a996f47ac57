"""`python -m loadtest.compare`: the command line."""

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from alertwire.faults import ConfigurationError
from alertwire.process import EXIT_CONFIGURATION
from loadtest.children import ChildFailed, stop_on_signals
from loadtest.compare import page
from loadtest.compare.contestants import Contestant, chosen
from loadtest.compare.measure import Plan, Turn, measure
from loadtest.progress import Progress
from loadtest.rounds import interleaved


def compare(
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often they take turns.")] = 5,
    rate: Annotated[
        float, typer.Option(min=1, max=10_000, help="Alerts per second for the latencies.")
    ] = 200,
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="How long, in a turn.")] = 4,
    flood: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Alerts as fast as they are decided, a turn.")
    ] = 5000,
    executors: Annotated[
        str, typer.Option(help="python, go, cpp, separated by commas; default: all that are built.")
    ] = "",
    write: Annotated[
        Path | None, typer.Option(help="Write the page here, and its picture beside it.")
    ] = None,
) -> None:
    """The executors in Python, Go and C++ under the same load, taking turns.

    A turn takes about 10 s: 5 rounds of three executors two and a half minutes.
    """
    plan = Plan(rate, seconds, flood)
    console = Console()
    stop_on_signals()
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    try:
        measured = _run(chosen(executors), plan, rounds, console)
    except KeyboardInterrupt:
        print("compare: stopped; its processes are stopped too", file=sys.stderr)
        raise typer.Exit(130) from None
    except ConfigurationError as error:
        print(f"compare: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CONFIGURATION) from error
    except ChildFailed as error:
        print(f"compare: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    console.print(Markdown(page.table(measured)))
    if write is not None:
        picture = write.with_suffix(".svg")
        page.picture(measured, picture)
        command = (
            f"python -m loadtest.compare --rounds {rounds} --rate {rate:g} --seconds {seconds:g} "
            f"--flood {flood}"
        )
        write.write_text(page.page(measured, plan, command, picture.name, load), encoding="utf-8")
        console.print(f"written: {write}, {picture}")


def _run(
    contestants: list[Contestant], plan: Plan, rounds: int, console: Console
) -> dict[Contestant, list[Turn]]:
    measured: dict[Contestant, list[Turn]] = {each: [] for each in contestants}
    by_name = {each.name: each for each in contestants}
    with (
        tempfile.TemporaryDirectory(prefix="alertwire-compare-") as folder,
        Progress(console) as progress,
    ):
        runs = {
            each.name: lambda each=each: measure(each, plan, Path(folder) / each.name)
            for each in contestants
        }
        progress.subject("compare")
        for turn in interleaved(runs, rounds, progress.turn):
            measured[by_name[turn.contestant]].append(turn.result)
    return measured


if __name__ == "__main__":
    typer.run(compare)
