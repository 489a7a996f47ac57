"""`producer`, `consumer`, `gateway`, `simulator` and `up`: verbs that run processes."""

import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from alertwire import __version__
from alertwire.cli import probes
from alertwire.cli.supervisor import Supervisor, supervise
from alertwire.conformance.runner import read_command
from alertwire.faults import ConfigurationError
from alertwire.routes import default_token, load_routes
from alertwire.settings import LIVE, Settings, TradingMode, load_settings

READY_TIMEOUT_S: Final = 30.0
REFERENCE: Final = "python"
"""The executor that comes with this program."""
_COLOURS: Final = {
    "simulator": "magenta",
    "gateway": "cyan",
    "consumer": "green",
    "producer": "yellow",
}


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(up)
    app.command()(producer)
    app.command()(consumer)
    app.command()(gateway)
    # The simulator is a product of its own and brings its options along.
    app.command("simulator")(import_module("simulator.command").main)
    app.command()(version)


def producer() -> NoReturn:
    """Take alerts in at POST /webhook/TOKEN, journal them, hand them to the executors.

    ALERTWIRE_PRODUCER_PORT=8090 alertwire producer
    """
    _run("producer")


def consumer() -> NoReturn:
    """Run an executor: plan alerts, have the gateway carry the commands out.

    ALERTWIRE_CONSUMER_HEALTH_PORT=8081 alertwire consumer
    """
    _run("consumer")


def gateway() -> NoReturn:
    """Place orders at TWS, IB Gateway or the simulator: the only process that talks to a broker.

    ALERTWIRE_IB_PORT=4002 alertwire gateway
    """
    _run("gateway")


def version() -> None:
    """Print the version: alertwire version."""
    print(__version__)


def up(
    executor: Annotated[
        list[str] | None,
        typer.Option(
            help="Run this executor instead of the one in Python: its path, or its command in "
            "quotes; given more than once: as many side by side. `python` is ours."
        ),
    ] = None,
) -> None:
    """Run all processes together until Ctrl-C.

    ALERTWIRE_IB_PORT=4002 alertwire up

    alertwire up --executor python --executor build/executor-go

    The simulator is the broker unless ALERTWIRE_IB_HOST and ALERTWIRE_IB_PORT name another one.
    When a process ends by itself, this says which and why, stops the others and exits with 1.
    Without a terminal, SIGHUP makes producer, consumer and gateway read alertwire.toml again.
    Of several executors the first has the health port.
    """
    settings = load_settings()
    executors = _executors(executor or [REFERENCE])
    load_routes(settings, with_tokens=True)
    default_token(settings)
    console = Console(stderr=True, highlight=False)
    signal.signal(signal.SIGTERM, _interrupt)

    def show(name: str, line: str) -> None:
        console.print(f"[{_COLOURS[name.partition('-')[0]]}]{name:>10}[/] ", end="")
        console.print(line, markup=False, soft_wrap=True)

    try:
        with supervise(None, Path.cwd(), settings.home / "logs", show) as children:
            start_all(children, settings, executors)
            _hear_hang_up(children, executors)
            _greet(console, settings)
            while not (ended := children.ended()):
                time.sleep(0.2)
            console.print(f"[red]up: {ended.name} ended; stopping the others")
            why = ended.why()
    except KeyboardInterrupt:
        console.print("up: stopped")
        return
    console.print(why, markup=False)
    sys.exit(1)


def start_all(
    children: Supervisor,
    settings: Settings,
    executors: Mapping[str, Sequence[str]] = MappingProxyType({"consumer": ()}),
) -> None:
    """Start every process, each after the one that it needs, and wait until alerts are taken."""
    if settings.is_simulated:
        taken = not probes.why_not_listening(settings.simulator_host, settings.simulator_port)
        if taken:
            raise ConfigurationError(
                f"ALERTWIRE_SIMULATOR_PORT: {settings.simulator_host}:{settings.simulator_port} is "
                f"in use; stop what listens there or set ALERTWIRE_SIMULATOR_PORT and "
                f"ALERTWIRE_IB_PORT to a free port"
            )
        children.start("simulator")
        children.wait_until(
            "the simulator",
            lambda: probes.why_not_listening(settings.simulator_host, settings.simulator_port),
            READY_TIMEOUT_S,
        )
    for name in ("gateway", "producer"):
        children.start(name)
    children.wait_until(
        "the producer", lambda: probes.why_producer_not_ready(settings), READY_TIMEOUT_S
    )
    # Last, so that its sockets find the others at once and need not try again later.
    for number, (name, command) in enumerate(executors.items()):
        others = {"ALERTWIRE_CONSUMER_HEALTH_PORT": "0"} if number else None
        children.start(name, command, others)
    children.wait_until("the consumer", lambda: probes.why_no_executor(settings), READY_TIMEOUT_S)
    if settings.is_simulated:
        children.wait_until(
            "the gateway", lambda: probes.why_gateway_not_ready(settings), READY_TIMEOUT_S
        )


def _greet(console: Console, settings: Settings) -> None:
    broker = "the simulator" if settings.is_simulated else f"{settings.ib_host}:{settings.ib_port}"
    if settings.trading_mode is TradingMode.LIVE:
        console.print(f"[bold red]up: {LIVE}, at {broker}")
    else:
        console.print(f"[bold green]up: ready, paper, at {broker}")
    console.print(
        f"up: POST alerts to http://{settings.producer_host}:{settings.producer_port}/webhook/TOKEN"
        f"; the token is in {settings.keys_folder / 'webhook-token'}"
        if not settings.webhook_token.get_secret_value()
        else f"up: POST alerts to http://{settings.producer_host}:{settings.producer_port}"
        f"/webhook/TOKEN; the token is ALERTWIRE_WEBHOOK_TOKEN",
        soft_wrap=True,
    )


def _run(name: str) -> NoReturn:
    # The process's own folder is its program: the same as `python -m name`.
    sys.exit(import_module(f"{name}.main").main())


def _executors(given: Sequence[str]) -> dict[str, Sequence[str]]:
    """Name the executors and take their commands apart; an empty one is ours.

    Raises ConfigurationError where a program is not there.
    """
    commands: list[Sequence[str]] = []
    for text in given:
        ours = (sys.executable, "-m", "consumer")
        try:
            commands.append(ours if text == REFERENCE else read_command(text))
        except ConfigurationError as error:
            raise ConfigurationError(f"--executor: {error}") from error
    if len(commands) == 1:
        return {"consumer": commands[0]}
    return {f"consumer-{number}": each for number, each in enumerate(commands, start=1)}


def _hear_hang_up(children: Supervisor, executors: Iterable[str]) -> None:
    """Stop where SIGHUP says that the terminal was closed; without one, read the routes again."""

    def reload(_number: int, _frame: object) -> None:
        # Executors first: what the producer takes by a new route, they must know.
        children.signal(signal.SIGHUP, *executors, "producer", "gateway")

    signal.signal(signal.SIGHUP, _interrupt if sys.stderr.isatty() else reload)


def _interrupt(_number: int, _frame: object) -> None:
    # Raised here, not sent as SIGINT: a shell starts its background jobs with SIGINT ignored.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
