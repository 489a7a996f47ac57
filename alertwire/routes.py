"""Routes by their tokens: which webhook address belongs to which route of `alertwire.toml`.

A route is a webhook address of its own, with a token, accounts and ages. Without a file there is
one route, `default`.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from alertwire.configuration import ConfigurationFile, Route, place_in, read_configuration
from alertwire.faults import ConfigurationError
from alertwire.settings import Settings
from alertwire.tokens import Previous, check_length, previous_token, token_in, token_or_new
from alertwire.trading import Gateway

DEFAULT_ROUTE: Final = "default"
_TOKEN_BREAKERS: Final = frozenset("/?#% ")
"""Characters that would end the token within a URL, or stand for another one."""
_HOW_TO_MAKE_ONE: Final = (
    "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
)


@dataclass(frozen=True, slots=True)
class Routes:
    """All routes, found by name or by token."""

    by_name: dict[str, Route]
    previous: tuple[tuple[str, Previous], ...] = ()
    """Tokens that were rotated away, by the name of their route."""
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    """Those beside the one at ALERTWIRE_COMMANDS_ENDPOINT."""

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
    """Read the routes; without a file, the built-in one. As `routes_of`."""
    file = read_configuration(settings.config)
    return routes_of(file, settings, with_tokens=with_tokens, makes_tokens=makes_tokens)


def routes_of(
    file: ConfigurationFile,
    settings: Settings,
    *,
    with_tokens: bool = False,
    makes_tokens: bool = True,
) -> Routes:
    """Return the routes of a file; where it names none, the built-in one.

    `with_tokens` is for the producer: a token that is not set is generated in the keys folder,
    unless `makes_tokens` is False: then it stays empty, which is nobody's token.
    Raises ConfigurationError that names field and remedy.
    """
    given = file.routes or {DEFAULT_ROUTE: Route()}
    if not with_tokens:
        return Routes(given, gateways=file.gateways)
    routes = {
        name: route.model_copy(
            update={"token": SecretStr(_token(name, route, settings, makes_tokens=makes_tokens))}
        )
        for name, route in given.items()
    }
    previous = tuple(_previous(settings, given))
    tokens = {name: route.token.get_secret_value() for name, route in routes.items()}
    _refuse_one_for_two(settings, tokens, previous)
    return Routes(routes, previous, file.gateways)


def _refuse_one_for_two(
    settings: Settings, tokens: Mapping[str, str], previous: tuple[tuple[str, Previous], ...]
) -> None:
    """Raise ConfigurationError where a token, old ones included, would be two routes'."""
    owners: dict[str, str] = {}
    for name, token in (*tokens.items(), *((name, old.token) for name, old in previous)):
        other = owners.setdefault(token, name) if token else name
        if other != name:
            raise ConfigurationError(
                f"{place_in(settings.config, ('routes', name))}: two routes share a token, this "
                f"one and {other}"
            )


def _previous(settings: Settings, routes: Mapping[str, Route]) -> Iterator[tuple[str, Previous]]:
    for name, route in routes.items():
        if named := route.previous_token.get_secret_value():
            where = place_in(settings.config, ("routes", name, "previous_token"))
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


def _token(name: str, route: Route, settings: Settings, *, makes_tokens: bool) -> str:
    """Return the token of a route; empty where it has none yet and none is to be made."""
    if has_token_file(settings, name, route):
        path = token_file(settings, name)
        token = token_or_new(path) if makes_tokens else token_in(path) or ""
        _check_signs(token, str(path))
        return token
    if token := route.token.get_secret_value():
        where = place_in(settings.config, ("routes", name, "token"))
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
