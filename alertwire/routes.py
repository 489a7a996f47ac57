"""Routes and accounts: what `alertwire.toml` holds.

A route is a webhook address of its own, with a token, accounts and ages. Without a file there is
one route, `default`. The producer and every executor read the same file.
"""

import os
import secrets
import tomllib
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
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

from alertwire.faults import ConfigurationError
from alertwire.settings import Settings
from alertwire.toml_lines import line_of

DEFAULT_ROUTE: Final = "default"
TOKEN_LENGTH_MIN: Final = 16
_PRINTABLE: Final = r"^[ -~]*$"
"""The broker's messages hold printable ASCII only."""
_NAME: Final = r"^[A-Za-z0-9._-]{1,64}$"
_TOKEN_BREAKERS: Final = frozenset("/?#% ")
"""Characters that would end the token within a URL, or stand for another one."""
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

    token: SecretStr = Field(SecretStr(""), description="Last part of the webhook's address.")
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
    alerts_per_minute_max: int = Field(
        6000,
        ge=1,
        description="More are answered 429 with the seconds to wait; as many may come at once.",
    )

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


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    routes: dict[Annotated[str, Field(pattern=_NAME)], Route] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Routes:
    """All routes, found by name or by token."""

    by_name: dict[str, Route]

    def name_of(self, token: str) -> str | None:
        """Return the name of the route with this token, comparing every one in constant time."""
        given = token.encode()
        found = None
        for name, route in self.by_name.items():
            if secrets.compare_digest(route.token.get_secret_value().encode(), given):
                found = name
        return found


def load_routes(settings: Settings, *, with_tokens: bool = False) -> Routes:
    """Read the routes; without a file, the built-in one.

    `with_tokens` is for the producer: the default route's token is generated where none is set,
    and every other route must have one. Raises ConfigurationError that names field and remedy.
    """
    routes = _read(settings.config).routes
    if not routes:
        routes = {DEFAULT_ROUTE: Route()}
    if with_tokens:
        routes = {name: _with_token(name, route, settings) for name, route in routes.items()}
        for name, route in routes.items():
            _check_token(name, route.token.get_secret_value(), settings)
        tokens = [route.token.get_secret_value() for route in routes.values()]
        if len(tokens) != len(set(tokens)):
            raise ConfigurationError(f"{settings.config}: two routes share a token")
    return Routes(routes)


def default_token(settings: Settings) -> str:
    """Return the built-in route's token, generated on the first call and kept with mode 0600."""
    given = settings.webhook_token.get_secret_value()
    if given:
        return given
    path = settings.keys_folder / "webhook-token"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whole or not at all, even when two processes start at once.
        draft = path.with_name(f".webhook-token.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32), encoding="ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"the webhook token could not be kept in {path}: {error.strerror}; make "
            f"ALERTWIRE_HOME writable or set ALERTWIRE_WEBHOOK_TOKEN"
        ) from error


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


def _check_token(name: str, token: str, settings: Settings) -> None:
    """Refuse a token that could never arrive: it is a part of the webhook's address."""
    if not token.isascii() or not token.isprintable() or _TOKEN_BREAKERS.intersection(token):
        where = (
            "ALERTWIRE_WEBHOOK_TOKEN"
            if token == settings.webhook_token.get_secret_value()
            else f"{settings.config}: routes.{name}.token"
        )
        raise ConfigurationError(
            f"{where} has a character that a web address cannot carry there: use letters, digits, "
            f"- and _"
        )


def _with_token(name: str, route: Route, settings: Settings) -> Route:
    token = route.token.get_secret_value()
    if not token and name == DEFAULT_ROUTE:
        return route.model_copy(update={"token": SecretStr(default_token(settings))})
    if len(token) < TOKEN_LENGTH_MIN:
        raise ConfigurationError(
            f"{settings.config}: routes.{name}.token has {len(token)} characters and needs "
            f"{TOKEN_LENGTH_MIN} or more; make one with: python3 -c "
            f"'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return route
