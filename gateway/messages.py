"""What the broker says, as frozen values of our own: nothing behind `broker` knows the library.

Numbers are Decimal, times UTC. Field meanings are TWS API, "EWrapper".
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.wire.report import Side
from gateway.terms import NOTHING_TOLD, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract as TWS names it; `strike` is 0 and the texts are empty where it has none."""

    contract_id: int = 0
    security_type: str = ""
    symbol: str = ""
    expiry: str = ""
    strike: Decimal = Decimal(0)
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One answer to a contract query."""

    contract: Contract
    terms: Terms = NOTHING_TOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    status: str
    account: str = ""
    symbol: str = ""
    exchange: str = ""
    quantity: Decimal | None = None
    """As it is now: the broker itself reduces what shares an OCA group with a fill."""
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tws_type: str = ""
    """As it is now: the broker itself turns a stop that it adjusts into another kind."""
    trail_percent: Decimal | None = None
    trail_stop_price: Decimal | None = None
    """Where a trailing stop has come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedOrder:
    """An order of today that has ended. TWS tells neither its order id nor its client."""

    perm_id: int
    order_ref: str
    status: str
    filled: Decimal = Decimal(0)
    detail: str = ""
    account: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatus:
    order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: Decimal
    average_price: Decimal | None = None
    why_held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    execution_id: str
    order_id: int
    client_id: int
    perm_id: int
    order_ref: str
    account: str
    contract_id: int
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    at: datetime
    is_live: bool = True
    """False: an answer to a request for past executions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    execution_id: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerError:
    """`about` is an order id, a request id, or -1 for the connection as a whole."""

    about: int
    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionUpdate:
    account: str
    contract: Contract
    quantity: Decimal
    average_cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the broker listed when asked: open orders, completed orders, today's executions."""

    open_orders: tuple[OpenOrder, ...] = ()
    completed: tuple[CompletedOrder, ...] = ()
    executions: tuple[Execution, ...] = ()
    is_complete: bool = True
    """False: the list of completed orders did not end in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The connection is up and every list has come to its End marker."""

    next_order_id: int
    accounts: tuple[str, ...]
    server_version: int
    evidence: Evidence = field(default_factory=Evidence)
    positions: tuple[PositionUpdate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The connection is gone, or could not be made."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquired:
    """The answer to an inquiry over a connection that stands."""

    evidence: Evidence
    positions: tuple[PositionUpdate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractsFound:
    """The answer to a contract query, under the desk's key of it."""

    key: object
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractQueryFailed:
    """`is_final`: the broker says that there is none; else the query may be made again."""

    key: object
    reason: str
    is_final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountValue:
    """One value of an account; of a rate, the currency that it is the rate of."""

    account: str
    tag: str
    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsAnswered:
    """All account values were told, or `reason` says why not."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteTold:
    """What a contract costs at this moment; with no price in it, `reason` says why."""

    contract_id: int
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    is_delayed: bool = False
    reason: str = ""


Reading = AccountValue | FundsAnswered | QuoteTold
READINGS: Final[tuple[type[Reading], ...]] = (AccountValue, FundsAnswered, QuoteTold)
"""What accounts and contracts are worth at a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDropped:
    """The library could not read a message: what it held is lost until the next reconcile."""

    detail: str


Message = (
    OpenOrder
    | OrderStatus
    | Execution
    | Commission
    | BrokerError
    | PositionUpdate
    | Ready
    | Lost
    | Inquired
    | ContractsFound
    | ContractQueryFailed
    | AccountValue
    | FundsAnswered
    | QuoteTold
    | MessageDropped
)
