"""From an alert and its route's settings to commands: a pure function, the same in every language.

One command per account at most, numbered from 1 in the order of the accounts, so that planning the
same alert again gives the same ids. Side and size are not worked out here: only the gateway knows
the account's truth. proto/vectors/plans holds the golden plans.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from alertwire.configuration import Route
from alertwire.identity import command_id
from alertwire.money import ONE
from alertwire.routes import Routes
from alertwire.wire.alert import Alert
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Delivery, Mode

DEFAULT_GATEWAY: Final = ""
"""The one at ALERTWIRE_COMMANDS_ENDPOINT."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What the gateways shall do: commands, and beside each the gateway that it goes to."""

    commands: tuple[OrderCommand, ...]
    gateways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why no command can be made of the alert."""

    reason: str


def plan(delivery: Delivery, alert: Alert, routes: Routes) -> Planned | Refused:
    """Plan one alert."""
    route = routes.by_name.get(alert.route)
    if route is None:
        return Refused(
            f"route {alert.route!r} is not in this executor's configuration; "
            f"producer and executors must read the same alertwire.toml"
        )
    accounts = _accounts(alert, route)
    if isinstance(accounts, Refused):
        return accounts
    return Planned(
        tuple(
            _command(delivery, alert, account, multiplier, number)
            for number, (account, multiplier) in enumerate(accounts.items(), start=1)
        ),
        tuple(_gateway_of(account, route) for account in accounts),
    )


def void(delivery: Delivery, routes: Routes) -> Planned:
    """Make the commands that see to it that an alert is never carried out, unless it was.

    One for each gateway with an account of the alert; for every gateway where nobody can tell
    which. Each is made from the envelope, and says which trade is voided where the alert can be
    read, so that the close of an entry that never came only reduces: in which account, where it is
    exactly one of that gateway, and where the route does not list it (any more), which the alert
    names itself; an empty account stands for all.
    """
    command = _envelope(delivery)
    alert = delivery.alert
    if alert is None:
        everywhere = _everywhere(routes)
        return Planned((command,) * len(everywhere), everywhere)
    command = replace(
        command,
        strategy=alert.strategy,
        instrument=alert.instrument,
        action=alert.action,
        sizing=alert.sizing,
    )
    route = routes.by_name.get(alert.route)
    accounts = _accounts(alert, route or Route())
    behind: dict[str, list[str]] = {}
    if route is None or isinstance(accounts, Refused):
        # Whose accounts they are is not known; which ones the alert was for, it says itself.
        named = list(dict.fromkeys(alert.accounts))
        behind = dict.fromkeys(_everywhere(routes), named)
    else:
        for account in accounts:
            behind.setdefault(_gateway_of(account, route), []).append(account)
    return Planned(
        tuple(replace(command, account=its[0] if len(its) == 1 else "") for its in behind.values()),
        tuple(behind),
    )


def _envelope(delivery: Delivery) -> OrderCommand:
    return OrderCommand(
        stream_id=delivery.stream_id,
        alert_id=delivery.alert_id,
        command_id=delivery.alert_id,
        key=delivery.key,
        seq=delivery.seq,
        mode=Mode.VOID,
        trace=delivery.trace,
    )


def _everywhere(routes: Routes) -> tuple[str, ...]:
    return (DEFAULT_GATEWAY, *sorted(routes.gateways))


def _gateway_of(account: str, route: Route) -> str:
    """Return the gateway that trades an account; the default where the route does not list it."""
    return next((each.gateway for each in route.accounts if each.id == account), DEFAULT_GATEWAY)


def _accounts(alert: Alert, route: Route) -> dict[str, Decimal] | Refused:
    """Return the accounts to trade with their multipliers; "" is the broker's only account."""
    allowed = {account.id: account.multiplier for account in route.accounts}
    if not alert.accounts:
        return allowed or {"": ONE}
    if not allowed:
        return dict.fromkeys(alert.accounts, ONE)
    strangers = [account for account in alert.accounts if account not in allowed]
    if strangers:
        return Refused(f"account {strangers[0]} is not among those of route {alert.route!r}")
    return {account: allowed[account] for account in alert.accounts}


def _command(
    delivery: Delivery, alert: Alert, account: str, multiplier: Decimal, number: int
) -> OrderCommand:
    return OrderCommand(
        stream_id=delivery.stream_id,
        alert_id=delivery.alert_id,
        command_id=command_id(delivery.alert_id, number),
        key=delivery.key,
        seq=delivery.seq,
        mode=Mode.EXECUTE,
        not_after=delivery.not_after,
        account=account,
        strategy=alert.strategy,
        instrument=alert.instrument,
        action=alert.action,
        sizing=alert.sizing,
        multiplier=None if multiplier == ONE else multiplier,
        entry=alert.entry,
        take_profits=alert.take_profits,
        stop_loss=alert.stop_loss,
        time_in_force=alert.time_in_force,
        good_till=alert.good_till,
        good_after=alert.good_after,
        outside_rth=alert.outside_rth,
        cancel_working_first=alert.cancel_working_first,
        order_id=alert.order_id,
        trace=delivery.trace,
        closes=alert.closes,
        scope=alert.scope,
        route=alert.route,
        position=alert.position,
        price=alert.price,
    )
