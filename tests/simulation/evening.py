"""The evening of a day: in peace everything ends, or waits for a person, and all books agree."""

from collections import Counter

from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway.orders import ENDED
from gateway.positions import QUIET_S
from tests.simulation.broker import POSITION_LAG_S
from tests.simulation.ledger import booked
from tests.simulation.oracle import OPEN, must
from tests.simulation.producer import COMMIT_S
from tests.simulation.world import World

SETTLE_S = 300.0
"""Virtual seconds of calm in which everything must have ended."""


def settle(world: World) -> None:
    """End the chaos and hold what comes of it against the broker's book."""
    world.settle()
    world.run(COMMIT_S)
    end_s = world.schedule.now_s + SETTLE_S
    while is_open(world):
        must(world.schedule.now_s < end_s, "undecided after {} s of calm", SETTLE_S)
        world.run(1.0)
    # Once more from the ledger: what memory alone knew does not count.
    world.kill(world.gateway, 0.0)
    world.run(0.1)
    while not _is_ready(world):
        must(world.schedule.now_s < end_s, "not ready after {} s of calm", SETTLE_S)
        world.run(1.0)
    world.run(POSITION_LAG_S + QUIET_S + 1.0)
    # A person may have decided meanwhile, and what waited behind goes on.
    while is_open(world):
        must(world.schedule.now_s < end_s, "undecided after all")
        world.run(POSITION_LAG_S + QUIET_S + 1.0)
    check_journal(world)
    check_books(world)


def _is_ready(world: World) -> bool:
    return not world.gateway.desk.why_not_ready(world.gateway.clock.now())


def is_open(world: World) -> bool:
    """Tell whether an alert is neither decided, nor parked, nor behind a parked one."""
    rows = world.producer.rows.values()
    parked = {row.key for row in rows if row.outcome is Outcome.UNKNOWN}
    return any(row.outcome is None and row.key not in parked for row in rows)


def check_journal(world: World) -> None:
    """Only the gateway ends an alert, and the dispatcher knows all that have no end."""
    asked = {name[:26] for name in world.oracle.answers}
    rows = world.producer.rows.values()
    open_ = [row for row in rows if row.outcome in OPEN]
    for row in rows:
        is_told = row.outcome is None or row.alert.alert_id in asked
        must(is_told, "the gateway never heard of {}", row.alert.alert_id)
    undecided = world.producer.dispatcher.undecided
    must(undecided == len(open_), "{} undecided, {} in the journal", undecided, len(open_))


def check_books(world: World) -> None:
    """Hold positions, fills and orders against the broker's."""
    broker, desk, ledger = world.broker, world.gateway.desk, world.gateway.ledger
    for (account, contract_id), units in broker.positions.items():
        held = desk.positions.quantity(account, contract_id)
        must(held == units, "{} of {} held, the broker has {}", held, contract_id, units)
    fills = booked(ledger)
    check_holdings(world)
    listed = {o.ref for o in broker.book if o.is_transmitted and not o.is_forgotten}
    for order in broker.book:
        filled = fills.get(order.ref, 0)
        must(filled == order.filled, "{}: {} booked of {}", order.ref, filled, order.filled)
        is_unlisted = order.is_forgotten or not order.is_transmitted
        if is_unlisted or order.ref[:26] in world.oracle.resolved:
            continue
        state = ledger.orders[order.ref].state
        must(order.is_live == (state not in ENDED), "{} is {} here, {}", order.ref, state, order)
        command_id = ledger.orders[order.ref].command_id
        family = [one for one in ledger.orders.values() if one.command_id == command_id]
        if any(one.order_ref not in listed for one in family):
            # A family of which TWS tells a part only is a person's.
            continue
        end = ledger.commands[command_id].outcome
        must(end is not Outcome.UNKNOWN, "{} is parked, and the broker lists it", order.ref)


def check_holdings(world: World) -> None:
    """Hold what strategies hold against what their orders filled at the broker."""
    broker, desk, ledger = world.broker, world.gateway.desk, world.gateway.ledger
    if not desk.rules.has_strategy_scope:
        return
    sums: Counter[tuple[str, str, int]] = Counter()
    for order in broker.book:
        place = (order.account, ledger.orders[order.ref].strategy, order.contract.contract_id)
        sums[place] += order.filled if order.side is Side.BUY else -order.filled
    for place, units in sums.items():
        held = desk.holdings.quantity(*place)
        must(held == units, "{} holds {} here, its orders filled {}", place, held, units)
