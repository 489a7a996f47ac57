"""`python -m loadtest`: the command line."""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from alertwire.faults import ConfigurationError
from alertwire.process import EXIT_CONFIGURATION
from loadtest import zmq_leg
from loadtest.children import ChildFailed, stop_on_sigterm
from loadtest.progress import Progress
from loadtest.report import Report

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, rich_markup_mode=None)

Rounds = Annotated[
    int, typer.Option(min=1, max=100, help="How often subject and floor take turns.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write everything found to this file.")
]


@app.callback()
def _commands() -> None:
    """Keep the verbs even while there is one."""


@app.command("zmq")
def zmq_command(
    rounds: Rounds = 5,
    messages: Annotated[
        int, typer.Option(min=100, max=10_000_000, help="Messages of one throughput turn.")
    ] = 100_000,
    rate: Annotated[
        float, typer.Option(min=1, max=100_000, help="Messages per second of the one-way test.")
    ] = 1000,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=60, help="Length of one turn of the one-way test.")
    ] = 3,
    round_trips: Annotated[
        int, typer.Option(min=20, max=1_000_000, help="Round trips of one turn, one by one.")
    ] = 3000,
    json_file: JsonFile = None,
) -> None:
    """Both ZeroMQ legs with real messages, beside libzmq in C.

    codec: the product's sockets and codec, two Python processes. frames: the same without the
    codec. floor: C, frames of equal size.
    """
    plan = zmq_leg.Plan(rounds, messages, seconds, rate, round_trips)
    _run("zmq", locals(), json_file, lambda *given: zmq_leg.run(plan, *given))


def _run(
    name: str,
    given: dict[str, Any],
    json_file: Path | None,
    measure: Callable[[Path, Report, Progress], None],
) -> Report:
    """Measure in a folder of its own, show the report and keep it; exit on failure."""
    console = Console()
    kinds = (int, float, str, bool)
    report = Report(name, {key: value for key, value in given.items() if isinstance(value, kinds)})
    stop_on_sigterm()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="alertwire-loadtest-") as folder,
            Progress(console) as progress,
        ):
            measure(Path(folder), report, progress)
    except ConfigurationError as error:
        print(f"loadtest: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_CONFIGURATION) from error
    except ChildFailed as error:
        print(f"loadtest: {error}", file=sys.stderr)
        raise typer.Exit(1) from error
    report.show(console)
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    return report


if __name__ == "__main__":
    app()
