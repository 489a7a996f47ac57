"""Limits in any sequence of alerts."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from alertwire.wire.alert import Action, Entry, OrderType
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.orders import ENDED
from tests.gateway.bench import Bench, Crash, outcome
from tests.gateway.build import command, position
from tests.gateway.test_limits import limited

D = Decimal


_ALL = {
    "position_quantity_max": 20,
    "order_quantity_max": 15,
    "orders_per_minute_max": 4,
    "open_orders_max": 3,
}
_VERB = st.tuples(
    st.sampled_from([Action.BUY, Action.SELL, Action.TARGET]),
    st.integers(-30, 30).filter(bool),
    st.booleans(),
)
_STEPS = st.lists(
    st.one_of(
        # Most steps order, or no rate would ever be met.
        _VERB,
        _VERB,
        _VERB,
        _VERB,
        st.tuples(st.sampled_from([Action.EXIT, Action.REVERSE]), st.none(), st.just(False)),
        st.tuples(st.just("fill"), st.integers(1, 30), st.just(False)),
        st.tuples(st.just("wait"), st.integers(1, 40), st.just(False)),
        st.tuples(st.just("crash"), st.just(0), st.just(False)),
    ),
    min_size=8,
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(_STEPS, st.sets(st.sampled_from(sorted(_ALL)), min_size=1))
def test_no_sequence_of_alerts_breaks_a_limit(steps, names):
    """Counted from the paper broker alone; what only reduces is free of every limit.

    Some of the limits are set, so that none is hidden behind another.
    """
    tables = {"limits": {name: _ALL[name] for name in names}}
    most = {name: _ALL[name] if name in names else 10**6 for name in _ALL}
    bench = Bench()
    bench.connect()
    limited(bench, **tables)
    sent_at = []
    for number, (what, amount, is_limit) in enumerate(steps):
        before = len(bench.broker.placed)
        held, working = bench.broker.position, _working(bench)
        if what == "fill":
            for first in working[:1]:
                bench.fill(first.order_id, min(D(amount), first.quantity - first.filled))
        elif what == "wait":
            bench.wait(amount)
        elif what == "crash":
            bench.crash_at = "intended"
            try:
                bench.send(command(Action.BUY, 1, key=f"crash-{number}"))
            except Crash:
                bench.crash()
                limited(bench, **tables).connect()
            bench.crash_at = ""
        else:
            _send(bench, what, amount, is_limit, f"k{number}")
        new = bench.broker.placed[before:]
        if what == "fill":
            # What waited for the fill goes out after it.
            held = bench.broker.position
            working = [order for order in _working(bench) if order not in new]
        for order in new:
            same = [o.quantity - o.filled for o in working if o.side is order.side]
            sign = 1 if order.side is Side.BUY else -1
            free = -sign * held - sum(same)
            by = bench.kept["commands"][order.ref].command
            if by.action is not Action.EXIT and order.quantity > free:
                assert order.quantity <= most["order_quantity_max"]
                after = abs(held + sign * (sum(same) + order.quantity))
                assert after <= most["position_quantity_max"]
                assert len(working) < most["open_orders_max"]
                recent = [at for at in sent_at if at > bench.now - timedelta(minutes=1)]
                assert len(recent) < most["orders_per_minute_max"]
            sent_at.append(bench.now)


def _working(bench: Bench) -> list:
    return [o for o in bench.broker.placed if o.filled < o.quantity and o.status == "Submitted"]


def _send(bench: Bench, action: Action, amount: int | None, is_limit: bool, key: str) -> None:
    price = Entry(type=OrderType.LIMIT, limit_price=D(100)) if is_limit else None
    fields = {"entry": price} if price and action is not Action.TARGET else {}
    wanted = amount if action is Action.TARGET or amount is None else abs(amount)
    bench.send(command(action, wanted, key=key, **fields))
    for order in bench.kept["orders"].values():
        if order.state not in ENDED and order.state is not OrderState.WORKING:
            bench.acknowledge(order.order_id)


def test_a_snapshot_that_lags_a_fill_lets_nothing_past_a_limit_of_the_position(bench):
    limited(bench, limits={"position_quantity_max": 10})
    bench.send(command(Action.BUY, 10))
    bench.acknowledge(1)
    bench.fill(1)
    bench.lose()
    bench.connect(positions=())
    more = command(Action.BUY, 10, key="y")
    bench.send(more)
    bench.turn(position(10))
    bench.wait(3.1)

    assert outcome(bench, more.command_id) is Outcome.REJECTED
    assert len(bench.broker.placed) == 1
