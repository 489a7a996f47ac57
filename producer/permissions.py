"""What a route may trade: its symbols and its actions."""

from fnmatch import fnmatchcase
from typing import Final

from alertwire.configuration import Route
from alertwire.wire.alert import Alert, Scope
from producer.refusal import Refused, unfit

_BEYOND_A_SYMBOL: Final = frozenset({Scope.STRATEGY, Scope.ACCOUNT})


def objection(alert: Alert, route: Route) -> Refused | None:
    """Say what of this alert its route does not allow; None: it allows all."""
    symbol = alert.instrument.source_symbol
    if route.symbols_allowed and not any(
        fnmatchcase(symbol.upper(), pattern.upper()) for pattern in route.symbols_allowed
    ):
        return unfit(
            "symbol",
            f"route {alert.route} does not trade {symbol}: nothing was ordered; symbols_allowed in "
            f"alertwire.toml: {', '.join(route.symbols_allowed)}",
            "not_allowed",
        )
    if route.symbols_allowed and alert.scope in _BEYOND_A_SYMBOL:
        # What it would close or cancel has symbols of its own, which nobody has looked at.
        return unfit(
            "scope",
            f"route {alert.route} has symbols_allowed in alertwire.toml, and this is about every "
            f"symbol of the {alert.scope.name.lower()}: nothing was done; send it for a symbol, or "
            f"through a route without symbols_allowed",
            "not_allowed",
        )
    if route.actions_allowed and alert.action not in route.actions_allowed:
        names = ", ".join(action.name.lower() for action in route.actions_allowed)
        return unfit(
            "action",
            f"route {alert.route} does not take {alert.action.name.lower()}: nothing was ordered; "
            f"its actions_allowed in alertwire.toml are {names}",
            "not_allowed",
        )
    return None
