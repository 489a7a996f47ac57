"""From an alert and its route's settings to commands: a pure function, the same in every language.

One command per account at most, numbered from 1 in the order of the accounts, so that planning the
same alert again gives the same ids. Side and size are not worked out here: only the gateway knows
the account's truth. proto/vectors/plans holds the golden plans.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from alertwire.configuration import Route
from alertwire.identity import command_id
from alertwire.money import ONE
from alertwire.routes import Routes
from alertwire.wire.alert import Alert
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Delivery, Mode


@dataclass(frozen=True, slots=True)
class Planned:
    """What the gateway shall do, one command per account."""

    commands: tuple[OrderCommand, ...]


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
        )
    )


def void(delivery: Delivery, routes: Routes) -> OrderCommand:
    """Make the command that sees to it that an alert is never carried out, unless it was.

    Made from the envelope alone where nobody can read the alert. Otherwise it says which trade
    is voided, so that the close of an entry that never came only reduces: in which account, where
    there is exactly one; an empty account stands for all.
    """
    command = OrderCommand(
        stream_id=delivery.stream_id,
        alert_id=delivery.alert_id,
        command_id=delivery.alert_id,
        key=delivery.key,
        seq=delivery.seq,
        mode=Mode.VOID,
        trace=delivery.trace,
    )
    alert = delivery.alert
    if alert is None:
        return command
    route = routes.by_name.get(alert.route, Route())
    accounts = _accounts(alert, route)
    only = list(accounts) if not isinstance(accounts, Refused) and len(accounts) == 1 else [""]
    return replace(
        command,
        account=only[0],
        strategy=alert.strategy,
        instrument=alert.instrument,
        action=alert.action,
        sizing=alert.sizing,
    )


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
