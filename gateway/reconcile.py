"""What the ledger thinks against what the broker lists. Pure: two lists in, matches out.

By orderRef first; then by client and order id, but only where the broker shows no other ref: ids
that never reached IB are issued again after a restart, so an id alone proves nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.messages import CompletedOrder, Evidence, Execution, OpenOrder
from gateway.records import OrderRecord

OUR_REF: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}-(\d+|(\d+-)?[0-9a-f]{8})[a-z]{0,2}")
"""The form of an `alertwire.identity.order_ref`, and of what a flatten over contracts makes."""


@dataclass(frozen=True, slots=True)
class Match:
    """One order of the ledger and what the broker lists of it."""

    order: OrderRecord
    open_order: OpenOrder | None
    completed: CompletedOrder | None
    executions: tuple[Execution, ...]

    @property
    def is_found(self) -> bool:
        return bool(self.open_order or self.completed or self.executions)


def match(orders: Iterable[OrderRecord], evidence: Evidence) -> list[Match]:
    """Find what the broker lists of each order."""
    open_by_ref = {o.order_ref: o for o in evidence.open_orders if o.order_ref}
    open_by_id = {(o.client_id, o.order_id): o for o in evidence.open_orders if not o.order_ref}
    completed_by_ref = {o.order_ref: o for o in evidence.completed if o.order_ref}
    executions_by_ref: dict[str, list[Execution]] = defaultdict(list)
    executions_by_id: dict[tuple[int, int], list[Execution]] = defaultdict(list)
    for execution in evidence.executions:
        if execution.order_ref:
            executions_by_ref[execution.order_ref].append(execution)
        else:
            executions_by_id[execution.client_id, execution.order_id].append(execution)
    matches = []
    for order in orders:
        number = (order.client_id, order.order_id)
        executions = executions_by_ref.get(order.order_ref) or executions_by_id.get(number, [])
        matches.append(
            Match(
                order,
                open_by_ref.get(order.order_ref) or open_by_id.get(number),
                completed_by_ref.get(order.order_ref),
                tuple(executions),
            )
        )
    return matches


def refs_of(evidence: Evidence) -> set[str]:
    """Every reference of our form that the broker lists."""
    listed: tuple[OpenOrder | CompletedOrder | Execution, ...] = (
        *evidence.open_orders,
        *evidence.completed,
        *evidence.executions,
    )
    return {item.order_ref for item in listed if is_ours(item.order_ref)}


def is_ours(order_ref: str) -> bool:
    return OUR_REF.fullmatch(order_ref) is not None
