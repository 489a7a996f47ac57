"""`halt`, `resume` and `flatten`: stop new orders, let them go on, close what is open."""

import getpass
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from alertwire.cli import probes
from alertwire.faults import ConfigurationError
from alertwire.identity import RandomIds
from alertwire.journal.halts import Place, place, read_halts, widened, write_halts
from alertwire.journal.ownership import owned_database
from alertwire.settings import Settings, load_settings
from alertwire.wire.control import (
    NEEDS_PERSON,
    ON_ITS_WAY,
    ControlReply,
    ControlRequest,
    FlattenRequest,
    Halt,
    HaltRequest,
    ResumeRequest,
)
from alertwire.wire.sockets import hold_lock

HALT_TIMEOUT_S: Final = 10.0
"""A gateway whose disk is slow still answers; one that answers not at all is said to."""
FLATTEN_TIMEOUT_S: Final = 30.0
"""Cancels first, then the close: an open market has confirmed both long before."""
FLATTEN_PAUSE_S: Final = 0.5
Account = Annotated[str, typer.Option(help="Only this account.")]
Strategy = Annotated[str, typer.Option(help="Only this strategy.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(halt)
    app.command()(resume)
    app.command()(flatten)


def halt(
    account: Account = "",
    strategy: Strategy = "",
    block_exits: Annotated[
        bool, typer.Option("--block-exits", help="Refuse what only reduces a position too.")
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Cancel what works; protective orders stay.")
    ] = False,
    close: Annotated[
        bool, typer.Option("--flatten", help="Close what is open, after cancelling what works.")
    ] = False,
) -> None:
    """Stop new orders, now and over restarts, until `alertwire resume`.

    alertwire halt

    alertwire halt --strategy ema-cross --flatten

    After it returns no new order reaches the broker, whatever waits. What only reduces a position
    is let through. Where the gateway does not run, its next start is halted.
    """
    settings = load_settings()
    asked = HaltRequest(
        account=account,
        strategy=strategy,
        cancel=cancel,
        flatten=close,
        block_exits=block_exits,
        by=_operator(),
        request_id=RandomIds().alert_id(),
    )
    reply = probes.ask_gateway(settings, ControlRequest(halt=asked), HALT_TIMEOUT_S)
    if reply is not None:
        tell(reply)
        if close:
            _follow(
                settings,
                FlattenRequest(account=account, strategy=strategy, request_id=asked.request_id),
            )
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
    if cancel or close:
        _refuse("nothing was cancelled or closed: that needs the gateway; start it, then ask again")


def resume(account: Account = "", strategy: Strategy = "") -> None:
    """Let orders through again: ends the halt of exactly this account and strategy.

    alertwire resume --strategy ema-cross
    """
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


def flatten(
    account: Account = "",
    strategy: Strategy = "",
    symbol: Annotated[
        str, typer.Option(help="Only this symbol of the broker, or local symbol: ES, or ESZ6.")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing before, as without a terminal.")
    ] = False,
    request: Annotated[
        str, typer.Option(help="Id of a flatten before: nothing of it is ordered again.")
    ] = "",
) -> None:
    """Cancel what works and close what is open, at the market, once; new orders go on.

    alertwire flatten --account DU1234567 --symbol ES

    Exits with 0 when every close was taken by the broker. With `alertwire halt --flatten` nothing
    new is opened after it.
    """
    settings = load_settings()
    if not probes.is_gateway_there(settings):
        raise probes.silent_gateway()
    if sys.stdin.isatty() and not yes:
        whose = f"strategy {strategy} in " if strategy else ""
        words = f"{symbol or 'every position'} of {whose}{account or 'every account'}"
        typer.confirm(f"Close {words} at the market?", abort=True)
    asked = FlattenRequest(
        account=account,
        strategy=strategy,
        symbol=symbol,
        request_id=request or RandomIds().alert_id(),
    )
    _say(f"request {asked.request_id}")
    _follow(settings, asked)


def _follow(settings: Settings, asked: FlattenRequest) -> None:
    """Ask until every close has its end; the same id orders nothing again."""
    give_up_s = time.monotonic() + FLATTEN_TIMEOUT_S
    again = f"alertwire flatten --request {asked.request_id}"
    while True:
        reply = probes.ask_gateway(settings, ControlRequest(flatten=asked), HALT_TIMEOUT_S)
        if reply is None:
            _refuse(f"the gateway does not answer; what was asked may go on. Look again: {again}")
        waits = any(ON_ITS_WAY in finding for finding in reply.findings)
        if reply.error or not waits or time.monotonic() > give_up_s:
            break
        time.sleep(FLATTEN_PAUSE_S)
    tell(reply)
    if any(ON_ITS_WAY in finding or NEEDS_PERSON in finding for finding in reply.findings):
        _refuse(f"not all is closed; look again: {again}")


def _refuse(text: str) -> NoReturn:
    print(f"alertwire: {text}", file=sys.stderr)
    sys.exit(1)


def tell(reply: ControlReply) -> None:
    """Print what was done; end with 1 where it was refused."""
    for finding in reply.findings:
        _say(finding)
    if reply.error:
        _refuse(reply.error)


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
