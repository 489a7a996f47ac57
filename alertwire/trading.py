"""What the operator of `alertwire.toml` says about trading: gateways, accounts, futures, limits.

The gateway alone acts on limits and policies; executors need to know which gateway an account is
behind. Nothing here is a secret.
"""

from decimal import Decimal
from enum import Enum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

ROLL_DAYS: Final = 8
"""A continuous future leaves a contract this many days before its last trade date."""
_FORBIDS: Final = ConfigDict(extra="forbid", frozen=True)

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


class Limits(BaseModel):
    """What one order, and all orders of a scope together, may not exceed; unset: no limit."""

    model_config = _FORBIDS


class Gateway(BaseModel):
    """Another gateway beside the one at ALERTWIRE_COMMANDS_ENDPOINT."""

    model_config = _FORBIDS

    commands_endpoint: str = Field(
        min_length=1, description="Where its ROUTER listens, such as tcp://127.0.0.1:5567."
    )


class AccountRules(BaseModel):
    """What holds for one account, whatever the route."""

    model_config = _FORBIDS

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
