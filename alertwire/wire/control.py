"""Control messages. Fields are described in proto/alertwire/v1/control.proto."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from alertwire.wire.alert import Instrument, SecurityType

NEEDS_PERSON: Final = "! "
"""A finding that begins so needs somebody to look."""
ON_ITS_WAY: Final = "on its way"
"""In a finding about a command: it has no end yet."""
VOUCHED: Final = "resolved by a person: the broker has it"
"""Detail of what a person said to be at the broker, while the broker has not said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusRequest:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRequest:
    account: str = ""
    strategy: str = ""
    cancel: bool = False
    flatten: bool = False
    block_exits: bool = False
    by: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRequest:
    account: str = ""
    strategy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenRequest:
    account: str = ""
    strategy: str = ""
    symbol: str = ""
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractRequest:
    instrument: Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRequest:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveRequest:
    command_id: str
    placed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRequest:
    """Exactly one of the requests is set."""

    status: StatusRequest | None = None
    halt: HaltRequest | None = None
    resume: ResumeRequest | None = None
    reconcile: ReconcileRequest | None = None
    resolve: ResolveRequest | None = None
    flatten: FlattenRequest | None = None
    contract: ContractRequest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    account: str
    contract_id: int
    symbol: str
    security_type: SecurityType | None = None
    local_symbol: str = ""
    currency: str = ""
    quantity: Decimal
    average_cost: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    account: str = ""
    strategy: str = ""
    block_exits: bool = False
    since: datetime | None = None
    by: str = ""

    @property
    def scope(self) -> str:
        """What it is about, in words."""
        if not self.account and not self.strategy:
            return "all orders"
        account = f"account {self.account}" if self.account else ""
        strategy = f"strategy {self.strategy}" if self.strategy else ""
        return ", ".join(filter(None, (account, strategy)))

    @property
    def words(self) -> str:
        """What is halted, since when and by whom, and what lets it go on."""
        since = f" since {self.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        by = f" by {self.by}" if self.by else ""
        exits = ", exits too" if self.block_exits else ""
        account = f" --account {self.account}" if self.account else ""
        strategy = f" --strategy '{self.strategy}'" if self.strategy else ""
        return f"halted{since}{by} ({self.scope}{exits}): alertwire resume{account}{strategy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyHolding:
    account: str
    strategy: str
    contract_id: int
    symbol: str
    local_symbol: str = ""
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStatus:
    gateway_id: str
    ready: bool
    reason: str = ""
    trading_mode: str = ""
    broker: str = ""
    server_version: int = 0
    accounts: tuple[str, ...] = ()
    positions: tuple[Position, ...] = ()
    open_orders: int = 0
    unknown_commands: int = 0
    started_at: datetime | None = None
    halts: tuple[Halt, ...] = ()
    strategy_holdings: tuple[StrategyHolding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReply:
    error: str = ""
    status: GatewayStatus | None = None
    findings: tuple[str, ...] = ()
