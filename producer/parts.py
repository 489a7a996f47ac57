"""An alert for several accounts, taken apart: each has a row, a queue and an end of its own.

One that stays undecided or becomes UNKNOWN parks its own queue and nobody else's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from alertwire.configuration import OrderingKey, Route
from alertwire.identity import Ids
from alertwire.wire import codec
from alertwire.wire.alert import Alert
from producer.keys import account_key, ordering_key


@dataclass(frozen=True, slots=True)
class Part:
    """One row of an alert. `is_sent_at_once` writes the first send ahead with it."""

    alert: Alert
    key: str
    message: bytes  # the encoded alert
    is_sent_at_once: bool = False

    @property
    def account(self) -> str:
        """The account it is for; several with commas between, empty for the broker's only one."""
        return ",".join(self.alert.accounts)


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of an alert, the first of which has its id.

    `whole` is the alert in one row, in the queue of all accounts: for as long as alerts wait there
    that a version before this one took in, what follows must stand behind them.
    """

    parts: tuple[Part, ...]
    whole: Part

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(part.key for part in self.parts)


def fixed_accounts(alert: Alert, route: Route) -> Alert:
    """Write the route's accounts into an alert that names none.

    Numbered anew after a change of the route, one would be ordered twice.
    """
    if alert.accounts:
        return alert
    return replace(alert, accounts=tuple(account.id for account in route.accounts))


def split(alert: Alert, rule: OrderingKey, ids: Ids, would_send: Callable[[str], bool]) -> Split:
    """Take an alert apart whose accounts are fixed."""
    key = ordering_key(alert, rule)
    message = codec.encode(alert)
    whole = Part(alert, key, message)
    if len(alert.accounts) < 2:
        own_key = account_key(key, *alert.accounts or ("",))
        return Split((Part(alert, own_key, message, would_send(own_key)),), whole)
    found: list[Part] = []
    for account in dict.fromkeys(alert.accounts):
        own_id = ids.alert_id() if found else alert.alert_id
        own = replace(alert, alert_id=own_id, accounts=(account,))
        own_key = account_key(key, account)
        found.append(Part(own, own_key, codec.encode(own), would_send(own_key)))
    return Split(tuple(found), whole)


def void_part(of: Part, entry: Alert) -> Part:
    """Make the part that has the gateway told of an entry, in the queue where another one stands.

    It must not be sent ahead of its row: it is no order.
    """
    return Part(entry, of.key, codec.encode(entry))
