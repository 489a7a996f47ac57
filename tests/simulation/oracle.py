"""What must hold, told from the accepted alerts and the broker's book alone."""

from collections import defaultdict
from typing import Any

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome

NOT_ORDERED = {Outcome.EXPIRED, Outcome.VOIDED, Outcome.REJECTED}
OPEN = {None, Outcome.UNKNOWN}
NOTHING = ("nothing to", "already", "cancel")


class Violation(AssertionError):  # noqa: N818 - the event itself
    """The protocol was broken."""


def must(holds: Any, said: str, *names: Any) -> None:
    if not holds:
        raise Violation(said.format(*names))


class Oracle:
    """Compares at each change: alerts accepted and closed, answers given, orders in the book."""

    def __init__(self) -> None:
        self.alerts: dict[str, tuple[str, int, Any]] = {}
        self.answers: dict[str, Outcome] = {}
        self.ends: dict[str, Outcome] = {}
        self.orders: dict[str, list[Any]] = defaultdict(list)
        self.latest: dict[str, int] = defaultdict(int)
        self.resolved: set[str] = set()

    def accepted(self, row: Any) -> None:
        self.alerts[row.alert.alert_id] = (row.key, row.seq, row.not_after)

    def sent(self, row: Any, send: Any, rows: Any, closings: Any) -> None:
        is_written = row.attempts >= send.attempt or row.outcome is Outcome.UNKNOWN
        must(is_written, "{} sent before its write-ahead", send.alert_id)
        told = {close.alert_id for close in closings if close.outcome not in OPEN}
        for other in rows:
            if other.key == row.key and other.seq < row.seq:
                ended = other.outcome not in OPEN or other.alert.alert_id in told
                must(ended, "{} sent while {} is open", send.alert_id, other.alert.alert_id)

    def ordering(self, ref: str, now: Any) -> None:
        not_after = self.alerts[ref[:26]][2]
        must(not_after is None or now <= not_after, "{} ordered after {}", ref, not_after)

    def placed(self, order: Any, is_written: bool) -> None:
        alert_id = order.ref[:26]
        key, seq, _ = self.alerts[alert_id]
        must(is_written, "{} placed before it was written down", order.ref)
        twins = [one for one in self.orders[alert_id] if one.ref == order.ref]
        must(not twins, "{} ordered twice", order.ref)
        must(seq >= self.latest[key], "{} ordered after a later one of {}", order.ref, key)
        self.latest[key] = seq
        parent = order.ticket.parent_id if order.ticket else 0
        entries = [one.order_id for one in self.orders[alert_id]]
        must(not parent or parent in entries, "{} came without its entry", order.ref)
        self.orders[alert_id].append(order)
        self.moved(order)

    def vanished(self, order: Any) -> None:
        self.orders[order.ref[:26]].remove(order)

    def moved(self, order: Any) -> None:
        """An order lives or fills."""
        for name in (order.ref[:26], order.ref):
            end = self.ends.get(name) or self.answers.get(name)
            is_bad = end in NOT_ORDERED and (order.is_live or order.filled)
            must(not is_bad or name[:26] in self.resolved, "{} is {} and works", name, end)

    def answered(self, reply: Any) -> None:
        self._end(self.answers, reply.command_id, reply.outcome)
        for order in self.orders.get(reply.command_id[:26], ()):
            self.moved(order)

    def closed(self, row: Any, close: Any) -> None:
        alert_id = close.alert_id
        self._end(self.ends, alert_id, close.outcome)
        orders = self.orders.get(alert_id, ())
        for order in orders:
            self.moved(order)
        is_said = row.alert.action is Action.CANCEL or any(w in close.detail for w in NOTHING)
        is_true = close.outcome is not Outcome.ACCEPTED or orders or is_said
        must(is_true or alert_id in self.resolved, "{} ACCEPTED without an order", alert_id)

    def _end(self, ends: dict[str, Outcome], name: str, outcome: Outcome) -> None:
        before = ends.setdefault(name, outcome)
        is_kept = before in {Outcome.UNKNOWN, outcome}
        must(is_kept, "{} was {} and became {}", name, before, outcome)
        ends[name] = outcome
