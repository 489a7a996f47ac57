"""Why there is no connection to the broker, in words, and what to do about it. Pure."""

from enum import Enum
from typing import Final

from alertwire.faults import ConfigurationError
from alertwire.settings import PAPER_ACCOUNT_PREFIXES, Settings, TradingMode
from gateway.rules import Rules


class Phase(Enum):
    """How far a connection has come; the value names what is waited for."""

    CONNECT = "the TCP connection"
    HELLO = "its version"
    LOGIN = "its accounts and order ids"
    OPEN_ORDERS = "its list of open orders"
    COMPLETED_ORDERS = "its list of completed orders"
    EXECUTIONS = "its list of executions"
    POSITIONS = "its list of positions"
    READY = "nothing"


LISTS: Final = frozenset(
    {Phase.OPEN_ORDERS, Phase.COMPLETED_ORDERS, Phase.EXECUTIONS, Phase.POSITIONS}
)
_REMEDIES: Final = {
    Phase.CONNECT: "is the host up, and does a firewall drop the connection?",
    Phase.HELLO: "something accepts connections and answers none: is TWS or IB Gateway logged in, "
    "its API enabled, and this address trusted? If it is, it hangs: restart it",
    Phase.LOGIN: "it is not logged in yet, or hangs: look at its window",
    Phase.OPEN_ORDERS: "is Read-Only API ticked in TWS or IB Gateway, Configure → API → Settings? "
    "If it is not, it hangs: restart it",
}
_HANGS: Final = "it hangs: restart TWS or IB Gateway"


def explain(error: Exception, phase: Phase, settings: Settings) -> str:
    """Say in one line why a connection could not be made, and what to do."""
    broker = f"{settings.ib_host}:{settings.ib_port}"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens on {broker}: start TWS, IB Gateway or alertwire simulator"
    if isinstance(error, TimeoutError):
        return f"{broker} did not give {phase.value} in time: {_REMEDIES.get(phase, _HANGS)}"
    text = str(error) or type(error).__name__
    if "client id" in text.lower() or "clientid" in text.lower():
        return (
            f"{broker} refuses client id {settings.ib_client_id}, which another program or our own "
            f"last connection uses; the same id is tried again: stop that program, or give it "
            f"another id. Keep ALERTWIRE_IB_CLIENT_ID: under another one the orders that work now "
            f"cannot be cancelled ({text})"
        )
    return f"{broker}: {text}"


def check_accounts(accounts: tuple[str, ...], settings: Settings, rules: Rules) -> None:
    """Stop before the first order where account, mode and configuration do not agree.

    Real money moves only where three say so: the mode, the account's name in alertwire.toml, and
    the broker's login. Raises ConfigurationError.
    """
    broker = f"{settings.ib_host}:{settings.ib_port}"
    prefixes = " or ".join(f"{prefix}…" for prefix in PAPER_ACCOUNT_PREFIXES)
    paper = [name for name in accounts if name.startswith(PAPER_ACCOUNT_PREFIXES)]
    real = [name for name in accounts if name not in paper]
    if settings.trading_mode is TradingMode.PAPER:
        if real:
            raise ConfigurationError(
                f"ALERTWIRE_TRADING_MODE is paper, but {broker} manages {', '.join(real)}, which "
                f"is no paper account ({prefixes}): point ALERTWIRE_IB_PORT to the paper TWS, or "
                f"set ALERTWIRE_TRADING_MODE=live"
            )
        return
    if paper:
        raise ConfigurationError(
            f"ALERTWIRE_TRADING_MODE is live, but {broker} manages {', '.join(paper)}, which is a "
            f"paper account ({prefixes}): point ALERTWIRE_IB_PORT to the live TWS, or set "
            f"ALERTWIRE_TRADING_MODE=paper"
        )
    if not live_accounts(accounts, rules):
        raise ConfigurationError(
            f"ALERTWIRE_TRADING_MODE is live, and none of the accounts of {broker} is named for "
            f"it: {', '.join(accounts)}; write into {settings.config}: "
            f"[accounts.{accounts[0] if accounts else 'U…'}] live = true"
        )


def live_accounts(accounts: tuple[str, ...], rules: Rules) -> tuple[str, ...]:
    """Return the accounts in which real money may move."""
    return tuple(name for name in accounts if rules.account(name).live)
