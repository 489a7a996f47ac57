"""What `alertwire.toml` holds: routes, accounts, gateways, futures, limits. Read whole, or refused.

Producer, executors and gateway read the same file; without one there is the built-in route alone.
"""

import re
import tomllib
from decimal import Decimal
from enum import Enum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from alertwire.complaints import place_of, words
from alertwire.dialects import DialectName, EntryQuantity, NamedInstrument, PineConnector
from alertwire.faults import ConfigurationError
from alertwire.toml_lines import line_of
from alertwire.trading import (
    AccountRules,
    FutureRules,
    Gateway,
    Limits,
    MismatchPolicy,
    PositionScope,
    StrategyRules,
    UnprotectedPolicy,
)
from alertwire.wire.alert import Action, QuantityType

TRADINGVIEW: Final = "tradingview"
"""In an address rule: the addresses that TradingView's webhooks come from."""
_PRINTABLE: Final = r"^[ -~]*$"
"""The broker's messages hold printable ASCII only."""
_NAME: Final = r"^[A-Za-z0-9._-]{1,64}$"
_SYMBOL: Final = r"^[!-`{-~]([ -`{-~]{0,62}[!-`{-~])?$"
"""As alerts spell them, in capitals."""
_ROOT: Final = r"^[A-Z0-9]{1,12}$"
_ACCOUNT: Final = r"^[!-~]{1,32}$"
_FACTOR: Final = re.compile(r"(0|[1-9]\d{0,5})(\.\d{1,6})?", re.ASCII)
_WEEK_S: Final = 604_800


class OrderingKey(str, Enum):  # noqa: UP042 - see alertwire.settings
    """What is carried out strictly one after the other."""

    STRATEGY_AND_INSTRUMENT = "strategy_and_instrument"
    INSTRUMENT = "instrument"
    ROUTE = "route"


class LatePolicy(str, Enum):  # noqa: UP042
    """What happens to an alert that fired before the last accepted one of its key."""

    PARK = "park"
    ACCEPT = "accept"
    REFUSE = "refuse"


class AgeFrom(str, Enum):  # noqa: UP042
    """Since when an alert has grown old."""

    ARRIVAL = "arrival"
    FIRE_TIME = "fire_time"


class Account(BaseModel):
    """One account that a route trades."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=_ACCOUNT, description="The broker's account id, such as DU1234567.")
    multiplier: Decimal = Field(
        Decimal(1),
        gt=0,
        max_digits=12,
        decimal_places=6,
        description="Factor on every size in this account.",
    )
    gateway: str = Field(
        "",
        description="Name of the gateway that trades it, one of [gateways]; empty: the one at "
        "ALERTWIRE_COMMANDS_ENDPOINT.",
    )

    @field_validator("multiplier", mode="before")
    @classmethod
    def _check_form(cls, value: Any) -> Any:
        # Text is read to the letter, as by executors in other languages: no 1e1, +2, 1_000 or ٣.
        if isinstance(value, str) and not _FACTOR.fullmatch(value):
            raise ValueError("use a number above 0, such as 2 or 0.5")
        return value


class Route(BaseModel):
    """One webhook address and what belongs to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretStr = Field(
        SecretStr(""),
        description="Last part of the webhook's address; empty: generated in the keys folder.",
    )
    previous_token: SecretStr = Field(
        SecretStr(""),
        description="The token before it, accepted too until this line is removed.",
    )
    secret: SecretStr = Field(
        SecretStr(""),
        description="What every alert must hold in its body, as secret, passphrase, password, "
        "token or key; empty: nothing.",
    )
    strategy: str = Field(
        "",
        pattern=_PRINTABLE,
        max_length=64,
        description="Strategy of alerts that name none; empty: the route's name.",
    )
    accounts: tuple[Account, ...] = Field(
        (), description="Accounts to trade; empty: the only one that the broker manages."
    )
    quantity: Decimal | None = Field(
        None,
        gt=0,
        max_digits=30,
        decimal_places=12,
        description="Size of an entry that gives none, in quantity_type; unset: refused.",
    )
    quantity_type: QuantityType = Field(
        QuantityType.UNITS,
        description="What quantity counts: units, cash, percent_of_equity, percent_of_position, "
        "risk_cash or risk_percent.",
    )
    max_age_s: float = Field(
        60, gt=0, le=_WEEK_S, description="Entries older than this are not carried out, in seconds."
    )
    exit_max_age_s: float | None = Field(
        None, gt=0, le=_WEEK_S, description="The same for exits and cancels; unset: no limit."
    )
    age_from: AgeFrom = Field(
        AgeFrom.ARRIVAL,
        description="Since when ages count: the arrival, or the fire time where the alert tells "
        "one; only where it is {{timenow}}, and not the beginning of a bar.",
    )
    deduplicate_s: float = Field(
        20,
        ge=0,
        le=_WEEK_S,
        description="Window in which an equal body is a duplicate, in seconds; 0: off.",
    )
    ordering_key: OrderingKey = Field(
        OrderingKey.STRATEGY_AND_INSTRUMENT,
        description="What is carried out strictly one after the other.",
    )
    late: LatePolicy = Field(
        LatePolicy.PARK,
        description="An alert that fired before the last accepted one of its key: park keeps it "
        "for a person, accept carries it out, refuse answers 422.",
    )
    addresses: tuple[str, ...] = Field(
        (),
        description="Addresses and CIDR networks that may send, and `tradingview` for its four; "
        "empty: any.",
    )
    client_subjects: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        description="Parts of the subject that a trusted proxy must have verified in the client's "
        "certificate, one of them; empty: none needed.",
    )
    symbols_allowed: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        description="TradingView symbols that may be traded, `*` for any characters; empty: all.",
    )
    actions_allowed: tuple[Action, ...] = Field(
        (), description="Actions that may be taken, such as buy and exit; empty: all."
    )
    alerts_per_minute_max: int = Field(
        6000,
        ge=1,
        description="More are answered 429 with the seconds to wait; as many may come at once.",
    )
    dialect: DialectName = Field(
        DialectName.AUTO,
        description="In which words alerts are written; auto: told from their shape.",
    )
    entry_quantity: EntryQuantity = Field(
        EntryQuantity.ORDER,
        description="TradersPost's quantity of a buy or sell: order trades as much, position "
        "trades to as much.",
    )
    pineconnector: PineConnector = Field(
        PineConnector(), description="What risk, sl and tp mean in PineConnector's alerts."
    )
    position_scope: PositionScope = Field(
        PositionScope.ACCOUNT,
        description="Which position exits, reversals and targets are about: the account's, or what "
        "the strategy holds by its own fills.",
    )
    position_mismatch: MismatchPolicy = Field(
        MismatchPolicy.WARN,
        description="Where the position before an alert is not what the alert says: warn orders as "
        "told, sync trades to the position after it, refuse does not order.",
    )
    unprotected: UnprotectedPolicy = Field(
        UnprotectedPolicy.ALARM,
        description="A position whose protective order is missing or refused: alarm calls a "
        "person, close closes it as well.",
    )
    limits: Limits = Field(Limits(), description="Limits of this route.")
    symbols: dict[Annotated[str, Field(pattern=_SYMBOL)], NamedInstrument] = Field(
        default_factory=dict,
        description="What a symbol of this route stands for, instead of what its name says.",
    )

    @field_validator("addresses")
    @classmethod
    def _check_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if entry != TRADINGVIEW:
                ip_network(entry)
        return value

    @field_validator("actions_allowed", mode="before")
    @classmethod
    def _read_actions(cls, value: Any) -> Any:
        return [_named(Action, name) for name in value] if isinstance(value, list) else value

    @field_validator("quantity_type", mode="before")
    @classmethod
    def _read_quantity_type(cls, value: Any) -> Any:
        return _named(QuantityType, value)

    @field_validator("accounts", mode="before")
    @classmethod
    def _accept_plain_account_ids(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [{"id": item} if isinstance(item, str) else item for item in value]
        return value

    @model_validator(mode="after")
    def _refuse_an_account_twice(self) -> Self:
        ids = [account.id for account in self.accounts]
        if len(ids) != len(set(ids)):
            raise _wrong(("accounts",), "names an account twice, which would order twice")
        return self


def _named(kind: type[Enum], value: Any) -> Any:
    """Return the member of this name; a member is its own. Raises ValueError with all names."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str) and value.upper() in kind.__members__:
        return kind[value.upper()]
    raise ValueError(f"{value!r} is not one of {', '.join(kind.__members__).lower()}")


def _wrong(place: tuple[str, ...], message: str) -> PydanticCustomError:
    """Say what is wrong where, from a check of several fields."""
    return PydanticCustomError("misplaced", "{message}", {"message": message, "place": place})


class ConfigurationFile(BaseModel):
    """All that `alertwire.toml` holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: dict[Annotated[str, Field(pattern=_NAME)], Route] = Field(default_factory=dict)
    gateways: dict[Annotated[str, Field(pattern=_NAME)], Gateway] = Field(default_factory=dict)
    accounts: dict[str, AccountRules] = Field(default_factory=dict)
    strategies: dict[str, StrategyRules] = Field(default_factory=dict)
    futures: dict[Annotated[str, Field(pattern=_ROOT)], FutureRules] = Field(default_factory=dict)
    limits: Limits = Field(Limits(), description="Limits of all orders together.")

    @model_validator(mode="after")
    def _refuse_unknown_gateways(self) -> Self:
        for name, route in self.routes.items():
            for account in route.accounts:
                if account.gateway and account.gateway not in self.gateways:
                    raise _wrong(
                        ("routes", name, "accounts"),
                        f"account {account.id} is behind gateway {account.gateway!r}, which "
                        f"[gateways] does not name",
                    )
        return self

    @model_validator(mode="after")
    def _refuse_an_account_behind_two_gateways(self) -> Self:
        behind: dict[str, str] = {}
        for name, route in self.routes.items():
            for account in route.accounts:
                if behind.setdefault(account.id, account.gateway) != account.gateway:
                    raise _wrong(
                        ("routes", name, "accounts"),
                        f"account {account.id} is behind gateway {account.gateway!r} here and "
                        f"{behind[account.id]!r} in another route: only one ledger can keep an "
                        f"account's orders from being placed twice",
                    )
        return self

    @model_validator(mode="after")
    def _refuse_two_names_for_a_gateway(self) -> Self:
        behind: dict[str, str] = {}
        for name, gateway in self.gateways.items():
            if behind.setdefault(gateway.commands_endpoint, name) != name:
                raise _wrong(
                    ("gateways", name),
                    f"two of them have the same commands_endpoint, {name} and "
                    f"{behind[gateway.commands_endpoint]}",
                )
        return self


def read_configuration(path: Path) -> ConfigurationFile:
    """Read `alertwire.toml`; a missing file is an empty one.

    Raises ConfigurationError that names line, field and remedy.
    """
    try:
        # As it stands: read_text() would take a carriage return alone for the end of a line.
        text = path.read_bytes().decode("utf-8-sig")
        data = tomllib.loads(text)
    except FileNotFoundError:
        return ConfigurationFile()
    # ValueError: no UTF-8, no TOML, or a number of thousands of digits.
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    try:
        return ConfigurationFile.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(_told(text, problem) for problem in error.errors())
        raise ConfigurationError(f"{path}: {problems}") from error


def place_in(path: Path, place: tuple[str | int, ...]) -> str:
    """Name a place of the file with its line, for messages about what was read from it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        text = ""
    return f"{path}: {_place(text, place)}"


def _told(text: str, problem: ErrorDetails) -> str:
    return f"{_place(text, place_of(problem))}: {words(problem)}"


def _place(text: str, place: tuple[str | int, ...]) -> str:
    name = ".".join(str(part) for part in place)
    line = line_of(text, place)
    return f"line {line}: {name}" if line else name
