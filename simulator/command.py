"""The command line: `python -m simulator`, and the verb `alertwire simulator` that mounts it."""

import asyncio
import signal
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from alertwire import logs
from alertwire.faults import ConfigurationError
from alertwire.process import EXIT_CONFIGURATION
from alertwire.settings import load_settings
from simulator import versions
from simulator.options import DEFAULT_ACCOUNT, DEFAULT_PORT, SimulatorOptions
from simulator.scenario import ScenarioError
from simulator.server import ListenError, Simulator, run


def main(
    port: Annotated[
        int,
        typer.Option(
            help="TWS port clients connect to; 0 picks a free one.",
            envvar="ALERTWIRE_SIMULATOR_PORT",
            min=0,
            max=65535,
        ),
    ] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen on.", envvar="ALERTWIRE_SIMULATOR_HOST")
    ] = "127.0.0.1",
    control_port: Annotated[
        int,
        typer.Option(
            help="JSON-lines port for faults and questions; 0 is the port after --port.",
            envvar="ALERTWIRE_SIMULATOR_CONTROL_PORT",
            min=0,
            max=65535,
        ),
    ] = 0,
    accounts: Annotated[
        str,
        typer.Option(
            help="Account codes, separated by commas.", envvar="ALERTWIRE_SIMULATOR_ACCOUNTS"
        ),
    ] = DEFAULT_ACCOUNT,
    seed: Annotated[
        int,
        typer.Option(help="Prices follow from symbol and seed.", envvar="ALERTWIRE_SIMULATOR_SEED"),
    ] = 7,
    scenario: Annotated[
        Path | None,
        typer.Option(
            help="TOML or JSON file of timed faults.", envvar="ALERTWIRE_SIMULATOR_SCENARIO"
        ),
    ] = None,
    server_version: Annotated[
        int,
        typer.Option(
            help="Newest protocol version offered.", min=versions.OLDEST, max=versions.NEWEST
        ),
    ] = versions.NEWEST,
    cash: Annotated[int, typer.Option(help="Dollars in each account at the start.", min=0)] = (
        1_000_000
    ),
    tick_interval: Annotated[
        float,
        typer.Option(help="Seconds between moves of the market; 0 lets it stand still.", min=0),
    ] = 0.25,
    time_scale: Annotated[
        float,
        typer.Option(help="Market seconds that pass in one real second.", min=0.001),
    ] = 1.0,
    master_client_id: Annotated[
        int | None, typer.Option(help="Client id that hears of every client's orders.")
    ] = None,
    pacing: Annotated[
        int,
        typer.Option(help="Messages per second over all clients, as 50 at IB; 0 is no limit."),
    ] = 0,
) -> None:
    """Run a TWS that needs no Interactive Brokers account.

    alertwire simulator --accounts DU1234567,DU7654321 --seed 11

    Any client library connects to it as to TWS or IB Gateway. Orders fill
    against a book that a seeded random walk moves; nothing leaves this machine.

    Connect, in Python:
    ib_insync.IB().connect("127.0.0.1", 4102, clientId=1)

    Steer it, one JSON object per line to the control port:
    {"verb": "set_price", "symbol": "AAPL", "price": 200}
    """
    options = SimulatorOptions(
        host=host,
        port=port,
        control_port=control_port or None,
        accounts=tuple(name.strip() for name in accounts.split(",") if name.strip()),
        seed=seed,
        server_version=server_version,
        cash=Decimal(cash),
        tick_interval_s=tick_interval,
        time_scale=time_scale,
        master_client_id=master_client_id,
        pacing_limit=pacing,
        scenario=scenario,
    )
    if not options.accounts:
        _fail("no account: give --accounts or ALERTWIRE_SIMULATOR_ACCOUNTS a code like DU1234567")
    try:
        logs.configure("simulator", load_settings())
    except ConfigurationError as error:
        _fail(str(error))
    try:
        asyncio.run(_serve(options))
    except ListenError as error:
        option, variable = (
            ("--control-port", "ALERTWIRE_SIMULATOR_CONTROL_PORT")
            if error.purpose == "control"
            else ("--port", "ALERTWIRE_SIMULATOR_PORT")
        )
        why = (
            "something else listens there: stop it, or choose"
            if error.is_taken
            else f"{error.reason}: choose"
        )
        _fail(
            f"cannot listen on {error.host}:{error.port} ({error.purpose}), {why} another port "
            f"with {option} or {variable}"
        )
    except ScenarioError as error:
        _fail(f"scenario {error}")


async def _serve(options: SimulatorOptions) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    await run(options, stopped, _tell_ready)


def _tell_ready(simulator: Simulator) -> None:
    host = simulator.options.host
    sys.stdout.write(
        f"simulator: TWS protocol on {host}:{simulator.port}, "
        f"control on {host}:{simulator.control_port}, "
        f"accounts {', '.join(simulator.options.accounts)}\n"
    )
    sys.stdout.flush()


def _fail(reason: str) -> None:
    sys.stderr.write(f"simulator: {reason}\n")
    raise SystemExit(EXIT_CONFIGURATION)
