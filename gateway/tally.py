"""How many orders each scope has sent, and when the last equal entry was.

Pure state of the desk, made from the ledger's orders at start: what was sent before a restart
counts on.
"""

from bisect import bisect_left
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from alertwire.trading import ORDERS_MAX
from alertwire.wire.alert import Action
from alertwire.wire.report import Side

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
CLOSES: Final = frozenset({Action.EXIT, Action.FLATTEN})
"""What is never sized beyond what is held."""
EQUALS_MAX: Final = 20_000
"""Strategies, accounts, contracts and sides whose last entry is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a limit is about; empty: all."""

    route: str = ""
    strategy: str = ""
    account: str = ""

    @property
    def words(self) -> str:
        named = {"route": self.route, "strategy": self.strategy, "account": self.account}
        return next((f"{kind} {name}" for kind, name in named.items() if name), "all orders")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An order that was written down, whatever became of it."""

    at: datetime
    route: str
    strategy: str
    account: str
    contract_id: int
    side: Side
    is_entry: bool

    @property
    def scopes(self) -> Iterator[Scope]:
        """Everything that it counts for, the narrowest first."""
        if self.route:
            yield Scope(route=self.route)
        if self.strategy:
            yield Scope(strategy=self.strategy)
        yield Scope(account=self.account)
        yield Scope()


_Equal = tuple[str, str, int, Side]


class Tally:
    """The orders of the last day."""

    def __init__(self) -> None:
        self._times: dict[Scope, list[datetime]] = defaultdict(list)
        self._entries: OrderedDict[_Equal, datetime] = OrderedDict()

    def adopt(self, sent: Iterable[Sent]) -> None:
        """Take orders from the ledger, oldest first."""
        for one in sent:
            self.add(one)

    def add(self, sent: Sent) -> None:
        for scope in sent.scopes:
            times = self._times[scope]
            # Sorted, also where the clock was set back.
            times.append(max(sent.at, times[-1]) if times else sent.at)
            if len(times) > 2 * ORDERS_MAX:
                del times[:ORDERS_MAX]
        if sent.is_entry:
            self._entries[_equal(sent)] = sent.at
            self._entries.move_to_end(_equal(sent))
            if len(self._entries) > EQUALS_MAX:
                self._entries.popitem(last=False)

    def within(self, scope: Scope, now: datetime, period: timedelta) -> int:
        """Count the orders of a scope in the period before `now`.

        A clock that was set back leaves what was sent "later" within.
        """
        times = self._times.get(scope, [])
        return len(times) - bisect_left(times, now - period)

    def since_equal_s(self, sent: Sent) -> float | None:
        """Seconds since an equal entry; None: none is known."""
        at = self._entries.get(_equal(sent))
        return None if at is None else max(0.0, (sent.at - at).total_seconds())


def _equal(sent: Sent) -> _Equal:
    return sent.strategy, sent.account, sent.contract_id, sent.side
