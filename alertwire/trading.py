"""What the operator of `alertwire.toml` says about trading: gateways, accounts, futures, limits.

The gateway alone acts on limits and policies; executors need to know which gateway an account is
behind. Nothing here is a secret.
"""

import re
from decimal import Decimal
from enum import Enum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from alertwire.blackout import read_blackout

ROLL_DAYS: Final = 8
"""A continuous future leaves a contract this many days before its last trade date."""
_ENDPOINT: Final = re.compile(r"(tcp|ipc)://\S+", re.ASCII)
_FORBIDS: Final = ConfigDict(extra="forbid", frozen=True)

ORDERS_MAX: Final = 100_000
"""Orders of one scope that the gateway counts; no limit is above it."""
Percent = Annotated[Decimal, Field(gt=0, le=1000, max_digits=12, decimal_places=6)]
Amount = Annotated[Decimal, Field(gt=0, max_digits=30, decimal_places=12)]


class PositionScope(str, Enum):  # noqa: UP042 - see alertwire.settings
    """Which position exits, reversals and targets of a route are about."""

    ACCOUNT = "account"
    STRATEGY = "strategy"


class MismatchPolicy(str, Enum):  # noqa: UP042
    """What happens when the alert's idea of the position before it is not the truth."""

    WARN = "warn"
    SYNC = "sync"
    REFUSE = "refuse"


class UnprotectedPolicy(str, Enum):  # noqa: UP042
    """What happens to a position whose protective order is missing or refused."""

    ALARM = "alarm"
    CLOSE = "close"


class Hours(str, Enum):  # noqa: UP042
    """When entries may be sent, by the contract's own hours."""

    ANY = "any"
    EXTENDED = "extended"
    REGULAR = "regular"


class Limits(BaseModel):
    """What one entry, and all orders of a scope together, may not exceed; unset: no limit.

    What only reduces a position is exempt from all of them.
    """

    model_config = _FORBIDS

    order_quantity_max: Amount | None = Field(
        None, description="Units of one order: shares, contracts, units of the base currency."
    )
    order_value_max: Amount | None = Field(
        None, description="Value of one order, in the contract's currency."
    )
    position_quantity_max: Amount | None = Field(
        None, description="Units that the account may hold of one contract, long or short."
    )
    position_value_max: Amount | None = Field(
        None, description="Value of those, in the contract's currency."
    )
    open_orders_max: int | None = Field(
        None, ge=0, le=ORDERS_MAX, description="Orders that work at one time."
    )
    orders_per_minute_max: int | None = Field(
        None, ge=0, le=ORDERS_MAX, description="Orders in any 60 seconds."
    )
    orders_per_day_max: int | None = Field(
        None, ge=0, le=ORDERS_MAX, description="Orders in any 24 hours."
    )
    daily_loss_max: Amount | None = Field(
        None,
        description="Loss of the day of the order's account, realised and not, in its own "
        "currency, as the broker counts it.",
    )
    price_distance_max_percent: Percent | None = Field(
        None,
        description="How far a limit or stop price may be from the last price, in percent of it.",
    )
    repeat_entry_s: float | None = Field(
        None,
        gt=0,
        le=86_400,
        description="Seconds in which an entry of the same strategy, account, contract and side is "
        "refused.",
    )
    symbols_allowed: tuple[str, ...] = Field(
        (),
        description="Symbols of the broker that may be traded, `*` for any characters; empty: all.",
    )
    hours: Hours = Field(
        Hours.ANY,
        description="Entries only in the contract's hours: regular, extended (with those before "
        "and after), or any.",
    )
    windows: tuple[str, ...] = Field(
        (),
        description="Entries only in one of these, such as Mon 09:45-15:30 America/New_York; "
        "empty: always.",
    )

    @property
    def are_set(self) -> bool:
        """True where the file says anything of them."""
        return bool(self.model_fields_set)

    @field_validator("windows")
    @classmethod
    def _check_windows(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            read_blackout(text)
        return value


class Gateway(BaseModel):
    """Another gateway beside the one at ALERTWIRE_COMMANDS_ENDPOINT."""

    model_config = _FORBIDS

    commands_endpoint: str = Field(
        description="Where its ROUTER listens, such as tcp://127.0.0.1:5567."
    )

    @field_validator("commands_endpoint")
    @classmethod
    def _check_endpoint(cls, value: str) -> str:
        if not _ENDPOINT.fullmatch(value):
            raise ValueError("must be an address such as tcp://127.0.0.1:5567")
        return value


class AccountRules(BaseModel):
    """What holds for one account, whatever the route."""

    model_config = _FORBIDS

    live: bool = Field(
        default=False,
        description="Real money may move in it; without this an account is not traded in live "
        "mode.",
    )
    crypto_exchange: Literal["", "PAXOS", "ZEROHASH"] = Field(
        "",
        description="Where its crypto currencies trade, PAXOS or ZEROHASH, as IB has set it up; "
        "empty: PAXOS. A route's own symbol that names an exchange wins.",
    )
    limits: Limits = Field(Limits(), description="Limits of this account.")


class StrategyRules(BaseModel):
    """What holds for one strategy, whatever the route."""

    model_config = _FORBIDS

    limits: Limits = Field(Limits(), description="Limits of this strategy.")


class FutureRules(BaseModel):
    """What holds for one root of futures, such as ES."""

    model_config = _FORBIDS

    roll_days: int = Field(
        ROLL_DAYS,
        ge=0,
        le=120,
        description="Days before its last trade date at which a continuous symbol leaves a "
        "contract.",
    )
