"""`halt` and `resume`: stop new orders, and let them go on."""

import getpass
import socket
import sys
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.console import Console

from alertwire.cli import probes
from alertwire.faults import ConfigurationError
from alertwire.journal.halts import Place, place, read_halts, widened, write_halts
from alertwire.journal.ownership import owned_database
from alertwire.settings import Settings, load_settings
from alertwire.wire.control import (
    ControlReply,
    ControlRequest,
    Halt,
    HaltRequest,
    ResumeRequest,
)
from alertwire.wire.sockets import hold_lock

HALT_TIMEOUT_S: Final = 10.0
"""A gateway whose disk is slow still answers; one that answers not at all is said to."""
Account = Annotated[str, typer.Option(help="Only this account.")]
Strategy = Annotated[str, typer.Option(help="Only this strategy.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(halt)
    app.command()(resume)


def halt(
    account: Account = "",
    strategy: Strategy = "",
    block_exits: Annotated[
        bool, typer.Option("--block-exits", help="Refuse what only reduces a position too.")
    ] = False,
) -> None:
    """Stop new orders, now and over restarts, until `alertwire resume`.

    After it returns no new order reaches the broker, whatever waits. What only reduces a position
    is let through. Where the gateway does not run, its next start is halted.
    """
    settings = load_settings()
    asked = HaltRequest(account=account, strategy=strategy, block_exits=block_exits, by=_operator())
    reply = probes.ask_gateway(settings, ControlRequest(halt=asked), HALT_TIMEOUT_S)
    if reply is not None:
        tell(reply)
        return
    wanted = Halt(
        account=account,
        strategy=strategy,
        block_exits=block_exits,
        since=datetime.now(UTC),
        by=asked.by,
    )
    halts = _change(settings, place(wanted), wanted)
    _say(f"the gateway does not run; its next start is {halts[place(wanted)].words}")


def resume(account: Account = "", strategy: Strategy = "") -> None:
    """Let orders through again: ends the halt of exactly this account and strategy."""
    settings = load_settings()
    asked = ResumeRequest(account=account, strategy=strategy)
    reply = probes.ask_gateway(settings, ControlRequest(resume=asked), HALT_TIMEOUT_S)
    if reply is not None:
        tell(reply)
        return
    halts = _change(settings, (account, strategy), None)
    scope = Halt(account=account, strategy=strategy).scope
    _say(f"the gateway does not run; at its next start no halt of {scope} is in force")
    for left in halts.values():
        _say(f"still {left.words}")


def tell(reply: ControlReply) -> None:
    """Print what was done; end with 1 where it was refused."""
    for finding in reply.findings:
        _say(finding)
    if reply.error:
        print(f"alertwire: {reply.error}", file=sys.stderr)
        sys.exit(1)


def _change(settings: Settings, where: Place, halt: Halt | None) -> dict[Place, Halt]:
    """Write to the ledger of a gateway that does not run; return the halts then in force.

    Raises ConfigurationError where it runs after all: nobody knows then what it took in.
    """
    try:
        with (
            hold_lock(settings.home / "gateway.lock", holder="gateway"),
            owned_database(
                settings.ledger_location, holder="gateway", setting="ALERTWIRE_LEDGER_URL"
            ) as owned,
            owned.engine.begin() as connection,
        ):
            halts = {place(each): each for each in read_halts(connection)}
            new = None if halt is None else widened(halts.get(where), halt)
            write_halts(connection, {where: new})
            return {place(each): each for each in read_halts(connection)}
    except ConfigurationError as error:
        raise ConfigurationError(
            f"NOT SURE whether that is in force: the gateway does not answer, and its ledger is "
            f"not free: {error}. Stop the gateway, or kill it, then ask again"
        ) from error


def _operator() -> str:
    """Name who asks, for those who find it halted."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = "operator"
    return f"{name}@{socket.gethostname()}"


def _say(text: str) -> None:
    Console(highlight=False, soft_wrap=True).print(text, markup=False)
