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
from loadtest import commits, cost, path, restart, samples, siege, urgent, webhook, zmq_leg
from loadtest.children import ChildFailed, stop_on_signals
from loadtest.plot import plot
from loadtest.progress import Progress
from loadtest.report import Report

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="How fast Alertwire is, always beside the floor that this machine allows.",
)

Rounds = Annotated[
    int, typer.Option(min=1, max=100, help="How often subject and floor take turns.")
]
Symbols = Annotated[
    int,
    typer.Option(
        min=1,
        max=samples.SYMBOLS_MAX,
        help="Distinct symbols, each an ordering key: alerts of one key go one after the other.",
    ),
]
Connections = Annotated[
    int, typer.Option(min=1, max=1000, help="Callers at the webhook at the same time.")
]
JsonFile = Annotated[
    Path | None, typer.Option("--json", help="Write everything found to this file.")
]


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


@app.command("path")
def path_command(
    one_by_one: Annotated[
        int, typer.Option(min=0, max=100_000, help="Lone alerts per turn, 20 ms apart.")
    ] = 0,
    burst: Annotated[
        int, typer.Option(min=0, max=100_000, help="Alerts per turn that are due at once.")
    ] = 0,
    rate: Annotated[
        float, typer.Option(min=0, max=50_000, help="Alerts per second, open loop.")
    ] = 0,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, help="Length of a turn at --rate.")
    ] = 10,
    rounds: Rounds = 5,
    symbols: Symbols = 20,
    pace: Annotated[
        float,
        typer.Option(
            min=0,
            max=1000,
            help="Messages per second towards the broker; 0: unpaced, to compare with the floor. "
            "The product's default is 40.",
        ),
    ] = 0,
    gateway_orders: Annotated[
        int, typer.Option(min=0, max=10_000, help="Orders per turn of the gateway alone; 0: none.")
    ] = 100,
    webhook_seconds: Annotated[
        float, typer.Option(min=0, max=60, help="Length of a webhook turn; 0: none.")
    ] = 2,
    connections: Connections = 64,
    floor_syncs: Annotated[
        int, typer.Option(min=1, max=2, help="2: the floor's last hop syncs to disk as well.")
    ] = 1,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", help="Write a picture (PNG) to this file.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """The whole way: from the moment an alert was due to its order's arrival at the simulator.

    Starts simulator, gateway, consumer and producer on free ports in a folder of their own, and
    takes the floors in turn with them: a chain of C programs, a bare WSGI hello on the same server,
    a bare TWS socket. Without --one-by-one, --burst or --rate: --one-by-one 200 --burst 500.
    Exits with 1 when an alert was lost or doubled.
    """
    if not (one_by_one or burst or rate):
        one_by_one, burst = 200, 500
    hammer = webhook.Plan(rounds, webhook_seconds, connections, symbols, has_chain=False)
    plan = path.Plan(
        rounds=rounds,
        one_by_one=one_by_one,
        burst=burst,
        rate_per_s=rate,
        seconds=seconds,
        symbols=symbols,
        messages_per_s=pace,
        gateway_orders=gateway_orders,
        floor_syncs=floor_syncs,
        webhook=hammer,
    )
    report = _run("path", locals(), json_file, lambda *given: path.run(plan, *given), plot_file)
    if report.total("lost") or report.total("doubled"):
        raise typer.Exit(1)


@app.command("webhook")
def webhook_command(
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="Length of a turn.")] = 5,
    connections: Connections = 64,
    rounds: Rounds = 5,
    symbols: Symbols = 20,
    alone: Annotated[
        bool, typer.Option("--alone", help="Only the producer: nobody takes the alerts.")
    ] = False,
    json_file: JsonFile = None,
) -> None:
    """Sustained alerts per second at the webhook, beside a bare WSGI hello on the same server.

    Callers that each open a new connection for each alert, as TradingView does, with the whole
    chain behind the webhook at work.
    """
    plan = webhook.Plan(rounds, seconds, connections, symbols, has_chain=not alone)
    _run("webhook", locals(), json_file, lambda *given: webhook.run(plan, *given))


@app.command("cost")
def cost_command(
    one_by_one: Annotated[
        int, typer.Option(min=1, max=100_000, help="Lone alerts per turn, 20 ms apart.")
    ] = 200,
    rate: Annotated[
        float, typer.Option(min=1, max=50_000, help="Alerts per second, open loop.")
    ] = 50,
    seconds: Annotated[
        float, typer.Option(min=0.1, max=600, help="Length of a turn at --rate.")
    ] = 5,
    rounds: Rounds = 5,
    symbols: Symbols = 200,
    json_file: JsonFile = None,
) -> None:
    """What the protection costs: the same pipeline with journal, acks, window and ledger off.

    One by one, at a rate, and a burst of as many alerts as there are --symbols. Exits with 1 when
    Alertwire lost or doubled an alert.
    """
    plan = cost.Plan(rounds, one_by_one, rate, seconds, symbols)
    report = _run("cost", locals(), json_file, lambda *given: cost.run(plan, *given))
    counts = report.counts[cost.SUBJECT]
    if counts["lost"] or counts["doubled"]:
        raise typer.Exit(1)


@app.command("commits")
def commits_command(
    seconds: Annotated[float, typer.Option(min=0.1, max=60, help="Length of a turn.")] = 3,
    callers: Annotated[
        list[int], typer.Option(min=1, max=1000, help="Callers at the same time; may be repeated.")
    ] = [1, 8, 64],  # noqa: B006 - typer reads the default, nobody changes it
    rounds: Rounds = 5,
    symbols: Symbols = 20,
    json_file: JsonFile = None,
) -> None:
    """Group commit at the door: alerts per second, beside one sync for each alert."""
    plan = commits.Plan(rounds, seconds, tuple(callers), symbols)
    _run("commits", locals(), json_file, lambda *given: commits.run(plan, *given))


@app.command("siege")
def siege_command(
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Length of a turn.")] = 10,
    rate: Annotated[float, typer.Option(min=1, max=1000, help="Alerts per second.")] = 20,
    connections: Annotated[
        int, typer.Option(min=1, max=50_000, help="Connections that send a byte a second.")
    ] = 5000,
    flooders: Annotated[
        int, typer.Option(min=0, max=100, help="Callers that post wrong tokens without a pause.")
    ] = 8,
    rounds: Rounds = 3,
    json_file: JsonFile = None,
) -> None:
    """The webhook under siege: slow senders and a flood, while alerts go on coming.

    Exits with 1 when an alert was not answered within the 3 seconds that TradingView waits.
    """
    plan = siege.Plan(rounds, seconds, rate, connections, flooders)
    report = _run("siege", locals(), json_file, lambda *given: siege.run(plan, *given))
    if report.total("sent") != report.total("accepted") or siege.slowest_s(report) > 3:
        raise typer.Exit(1)


@app.command("restart")
def restart_command(
    alerts: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Undelivered alerts in the journal.")
    ] = 100_000,
    keys: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Over so many ordering keys; may be given several times."),
    ] = None,
    rounds: Rounds = 3,
    json_file: JsonFile = None,
) -> None:
    """How soon the producer accepts alerts again with many undelivered ones, and its memory.

    Beside it the start with an empty journal.
    """
    plan = restart.Plan(rounds, alerts, tuple(keys or (1, 1000, alerts)))
    _run("restart", locals(), json_file, lambda *given: restart.run(plan, *given))


@app.command("exit")
def exit_command(
    entries: Annotated[
        int, typer.Option(min=1, max=100_000, help="Entries posted at once before the exit.")
    ] = 1000,
    pace: Annotated[
        float, typer.Option(min=1, max=1000, help="Messages per second towards the broker.")
    ] = 40,
    rounds: Rounds = 3,
    json_file: JsonFile = None,
) -> None:
    """An exit behind a burst of entries: from its POST to its order at the simulator."""
    plan = urgent.Plan(rounds, entries, pace)
    _run("exit", locals(), json_file, lambda *given: urgent.run(plan, *given))


def _run(
    name: str,
    given: dict[str, Any],
    json_file: Path | None,
    measure: Callable[[Path, Report, Progress], None],
    plot_file: Path | None = None,
) -> Report:
    """Measure in a folder of its own, show the report and keep it; exit on failure."""
    console = Console()
    kinds = (int, float, str, bool)
    report = Report(name, {key: value for key, value in given.items() if isinstance(value, kinds)})
    stop_on_signals()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="alertwire-loadtest-") as folder,
            Progress(console) as progress,
        ):
            measure(Path(folder), report, progress)
        if plot_file is not None:
            plot(report, plot_file)
    except KeyboardInterrupt:
        print("loadtest: stopped; its processes are stopped too", file=sys.stderr)
        raise typer.Exit(130) from None
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
