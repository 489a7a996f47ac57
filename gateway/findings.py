"""What a comparison with the broker showed, in words, one line each. Pure."""

from collections.abc import Iterable, Sequence

from alertwire.wire.control import NEEDS_PERSON
from alertwire.wire.report import OrderState
from gateway.messages import Evidence
from gateway.orders import ENDED
from gateway.positions import Drift
from gateway.records import OrderRecord


def lines(
    orders: Sequence[OrderRecord],
    evidence: Evidence,
    strangers: Iterable[str],
    drifts: Iterable[Drift],
    unknown_commands: int,
) -> tuple[str, ...]:
    """Say how the orders stand that had not ended before, and what else a person should know."""
    ended = [order for order in orders if order.state in ENDED]
    lost = [order for order in orders if order.state is OrderState.UNKNOWN]
    under_way = len(orders) - len(ended) - len(lost)
    compared = f"{len(orders)} orders that had not ended were compared"
    ends = f"{len(ended)} have ended, {len(lost)} the broker does not list"
    said = [f"{compared}: {under_way} are under way, {ends}"]
    said += [_line(order) for order in orders]
    said += [
        f"{NEEDS_PERSON}{ref}: the broker has this order of ours and the ledger does not know it: "
        "look at it in TWS, nothing follows it"
        for ref in strangers
    ]
    said += [
        f"position {drift.account} {drift.contract.local_symbol or drift.contract.symbol}: "
        f"counted {drift.counted:f}, the broker says {drift.told:f}, which holds from now on"
        for drift in drifts
    ]
    if not evidence.is_complete:
        said.append(f"{NEEDS_PERSON}the broker did not end its list of completed orders")
    if unknown_commands:
        said.append(
            f"{NEEDS_PERSON}{unknown_commands} commands wait for a person: alertwire resolve"
        )
    return tuple(said)


def name(order: OrderRecord) -> str:
    """Name an order to a person."""
    return (
        f"{order.side.name.lower()} {order.quantity.normalize():f} "
        f"{order.local_symbol or order.symbol} on {order.account}, order id {order.order_id}"
    )


def _line(order: OrderRecord) -> str:
    said = f"{order.order_ref} ({name(order)}): "
    if order.is_vouched:
        return f"{said}not listed, and a person says that the broker has it"
    if order.state is OrderState.UNKNOWN:
        return (
            f"{NEEDS_PERSON}{said}the broker lists it nowhere: look for it in TWS, "
            f"then: alertwire resolve {order.command_id}"
        )
    filled = f", {order.filled.normalize():f} filled" if order.filled else ""
    return f"{said}{order.state.name.lower()}{filled}"
