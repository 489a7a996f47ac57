"""Routes and accounts: what `alertwire.toml` holds.

A route is a webhook address of its own, with a token, accounts and ages. Without a file there is
one route, `default`. The producer and every executor read the same file.
"""

import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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

from alertwire.dialects import DialectName, EntryQuantity, NamedInstrument, PineConnector
from alertwire.faults import ConfigurationError
from alertwire.settings import Settings
from alertwire.tokens import Previous, check_length, previous_token, token_in, token_or_new
from alertwire.toml_lines import line_of
from alertwire.wire.alert import Action

DEFAULT_ROUTE: Final = "default"
TRADINGVIEW: Final = "tradingview"
"""In an address rule: the addresses that TradingView's webhooks come from."""
_PRINTABLE: Final = r"^[ -~]*$"
"""The broker's messages hold printable ASCII only."""
_NAME: Final = r"^[A-Za-z0-9._-]{1,64}$"
_SYMBOL: Final = r"^[!-`{-~]([ -`{-~]{0,62}[!-`{-~])?$"
"""As alerts spell them, in capitals."""
_TOKEN_BREAKERS: Final = frozenset("/?#% ")
"""Characters that would end the token within a URL, or stand for another one."""
_HOW_TO_MAKE_ONE: Final = (
    "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
)
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


class Account(BaseModel):
    """One account that a route trades."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, description="The broker's account id, such as DU1234567.")
    multiplier: Decimal = Field(
        Decimal(1),
        gt=0,
        max_digits=12,
        decimal_places=6,
        description="Factor on every size in this account.",
    )


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
        description="Size of an entry that gives none, in units; unset: refused.",
    )
    max_age_s: float = Field(
        60, gt=0, le=_WEEK_S, description="Entries older than this are not carried out, in seconds."
    )
    exit_max_age_s: float | None = Field(
        None, gt=0, le=_WEEK_S, description="The same for exits and cancels; unset: no limit."
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
    client_subjects: tuple[str, ...] = Field(
        (),
        description="Parts of the subject that a trusted proxy must have verified in the client's "
        "certificate, one of them; empty: none needed.",
    )
    symbols_allowed: tuple[str, ...] = Field(
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
        return [Action[name.upper()] if _is_action(name) else name for name in value]

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
            raise ValueError("accounts names an account twice, which would order twice")
        return self


def _is_action(name: Any) -> bool:
    return isinstance(name, str) and name.upper() in Action.__members__


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: dict[Annotated[str, Field(pattern=_NAME)], Route] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Routes:
    """All routes, found by name or by token."""

    by_name: dict[str, Route]
    previous: tuple[tuple[str, Previous], ...] = ()
    """Tokens that were rotated away, by the name of their route."""

    def name_of(self, token: str, now: datetime) -> str | None:
        """Return the name of the route with this token, comparing every one in constant time."""
        if not token:
            return None
        given = token.encode()
        found = None
        for name, route in self.by_name.items():
            if secrets.compare_digest(route.token.get_secret_value().encode(), given):
                found = name
        for name, old in self.previous:
            if secrets.compare_digest(old.token.encode(), given) and now < old.until:
                found = name
        return found

    def secrets(self) -> list[str]:
        """Return every token and secret, for those who must not show one."""
        routes = self.by_name.values()
        tokens = [route.token.get_secret_value() for route in routes]
        in_bodies = [route.secret.get_secret_value() for route in routes]
        return [*tokens, *(old.token for _, old in self.previous), *filter(None, in_bodies)]


def load_routes(
    settings: Settings, *, with_tokens: bool = False, makes_tokens: bool = True
) -> Routes:
    """Read the routes; without a file, the built-in one.

    `with_tokens` is for the producer: a token that is not set is generated in the keys folder,
    unless `makes_tokens` is False: then it stays empty, which is nobody's token.
    Raises ConfigurationError that names field and remedy.
    """
    given = _read(settings.config).routes or {DEFAULT_ROUTE: Route()}
    if not with_tokens:
        return Routes(given)
    routes = {
        name: route.model_copy(
            update={"token": SecretStr(_token(name, route, settings, makes_tokens=makes_tokens))}
        )
        for name, route in given.items()
    }
    previous = tuple(_previous(settings, given))
    tokens = {name: route.token.get_secret_value() for name, route in routes.items()}
    owners = {(name, token) for name, token in tokens.items() if token}
    owners |= {(name, old.token) for name, old in previous}
    if len(owners) != len({token for _, token in owners}):
        raise ConfigurationError(f"{settings.config}: two routes share a token")
    return Routes(routes, previous)


def _previous(settings: Settings, routes: Mapping[str, Route]) -> Iterator[tuple[str, Previous]]:
    for name, route in routes.items():
        if named := route.previous_token.get_secret_value():
            where = f"{settings.config}: routes.{name}.previous_token"
            check_length(named, where, "remove it: only the new one is accepted then")
            yield name, Previous(named, datetime.max.replace(tzinfo=UTC))
        elif has_token_file(settings, name, route) and (
            old := previous_token(token_file(settings, name))
        ):
            yield name, old


def has_token_file(settings: Settings, name: str, route: Route) -> bool:
    """Tell whether a route's token is a file of ours, and not the operator's own word."""
    if name == DEFAULT_ROUTE and settings.webhook_token.get_secret_value():
        return False
    return not route.token.get_secret_value()


def token_file(settings: Settings, route_name: str) -> Path:
    """Name the file of a route's generated token."""
    end = "" if route_name == DEFAULT_ROUTE else f"-{route_name}"
    return settings.keys_folder / f"webhook-token{end}"


def default_token(settings: Settings) -> str:
    """Return the built-in route's token, generated on the first call and kept with mode 0600."""
    given = settings.webhook_token.get_secret_value()
    return given or token_or_new(token_file(settings, DEFAULT_ROUTE))


def _read(path: Path) -> _File:
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except FileNotFoundError:
        return _File()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    try:
        return _File.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(
            f"line {line_of(text, problem['loc'])}: "
            f"{'.'.join(str(part) for part in problem['loc'])}: "
            + (
                "is not a setting, see docs/configuration.md"
                if problem["type"] == "extra_forbidden"
                else problem["msg"]
            )
            for problem in error.errors()
        )
        raise ConfigurationError(f"{path}: {problems}") from error


def _token(name: str, route: Route, settings: Settings, *, makes_tokens: bool) -> str:
    """Return the token of a route; empty where it has none yet and none is to be made."""
    if has_token_file(settings, name, route):
        path = token_file(settings, name)
        token = token_or_new(path) if makes_tokens else token_in(path) or ""
        _check_signs(token, str(path))
        return token
    if token := route.token.get_secret_value():
        where = f"{settings.config}: routes.{name}.token"
    else:
        token, where = settings.webhook_token.get_secret_value(), "ALERTWIRE_WEBHOOK_TOKEN"
    _check_signs(token, where)
    check_length(token, where, _HOW_TO_MAKE_ONE)
    return token


def _check_signs(token: str, where: str) -> None:
    """Refuse a token that could never arrive: it is a part of the webhook's address."""
    if not token.isascii() or not token.isprintable() or _TOKEN_BREAKERS.intersection(token):
        raise ConfigurationError(
            f"{where} has a character that a web address cannot carry there: use letters, digits, "
            f"- and _"
        )
