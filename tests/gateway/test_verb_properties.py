"""From any start, under partial fills and resting orders, a verb ends where it says, and once."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from alertwire.configuration import ConfigurationFile, Route
from alertwire.trading import PositionScope
from alertwire.wire.alert import Action, OrderType
from tests.gateway.bench import Bench
from tests.gateway.build import command, limit

STEP = st.one_of(
    st.tuples(st.just("market"), st.integers(-9, 9)),
    st.tuples(st.just("limit"), st.integers(-9, 9)),
    st.tuples(st.just("target"), st.integers(-9, 9)),
    st.tuples(st.just("fill"), st.integers(1, 5)),
    st.tuples(st.just("confirm"), st.integers(0, 3)),
    st.tuples(st.just("lose"), st.just(0)),
)
LIVE = {"Submitted", "PreSubmitted"}
ROUNDS_MAX = 40


class Day:
    """A desk, a broker of paper, and steps that go on from wherever they are."""

    def __init__(self, scope: PositionScope = PositionScope.ACCOUNT) -> None:
        self.bench = Bench()
        route = Route(position_scope=scope)
        self.bench.rules.adopt(ConfigurationFile(routes={"r": route}))
        self.bench.connect()
        self.keys = 0

    def send(self, action: Action, quantity: object = None, **fields):
        self.keys += 1
        one = command(action, quantity, key=f"k{self.keys}", route="r", **fields)
        self.bench.send(one)
        return one

    def step(self, kind: str, number: int) -> None:
        side = Action.BUY if number > 0 else Action.SELL
        match kind:
            case "market" if number:
                self.send(side, abs(number))
            case "limit" if number:
                self.send(side, abs(number), entry=limit(100))
            case "target":
                self.send(Action.TARGET, number)
            case "fill":
                self.fill_some(number)
            case "confirm":
                self.end_cancelled(number)
            case "lose":
                self.bench.lose()
                self.bench.connect()

    def live(self):
        return [order for order in self.bench.broker.placed if order.status in LIVE]

    def fill_some(self, units: int) -> None:
        if live := self.live():
            self.bench.fill(
                live[0].order_id, min(Decimal(units), live[0].quantity - live[0].filled)
            )

    def end_cancelled(self, units: int = 0) -> None:
        """Fill a part of each order that is to be cancelled, then end it."""
        for order in self.live():
            if order.order_id in self.bench.broker.cancels:
                part = min(Decimal(units), order.quantity - order.filled)
                if part:
                    self.bench.fill(order.order_id, part)
                if order.status in LIVE:
                    order.status = "Cancelled"
                    self.bench.acknowledge(order.order_id, "Cancelled")

    def settle(self) -> None:
        """Let the broker do all that it was asked; limits alone rest."""
        for _ in range(ROUNDS_MAX):
            self.end_cancelled()
            resting = {
                order.order_id
                for order in self.bench.desk.book.all_live()
                if order.order_type is not OrderType.MARKET
            }
            for order in self.live():
                self.bench.acknowledge(order.order_id)
                if order.order_id not in resting:
                    self.bench.fill(order.order_id)
            self.bench.wait(3.1)
            if not self.bench.desk.register.undecided:
                return
        raise AssertionError("commands never end")


@settings(max_examples=120, deadline=None)
@given(st.lists(STEP, max_size=8), st.integers(-9, 9), st.integers(0, 3))
def test_a_target_is_reached_from_any_start_and_nothing_is_left_to_leave_it(steps, target, part):
    day = Day()
    for step in steps:
        day.step(*step)
    day.settle()

    day.send(Action.TARGET, target)
    day.end_cancelled(part)
    day.settle()

    assert day.bench.broker.position == target
    assert day.live() == []


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=8), st.integers(0, 3))
def test_flatten_ends_flat_with_nothing_working(steps, part):
    day = Day()
    for step in steps:
        day.step(*step)
    day.settle()

    day.send(Action.FLATTEN)
    day.end_cancelled(part)
    day.settle()

    assert day.bench.broker.position == 0
    assert day.live() == []


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_a_reversal_turns_round_exactly_and_is_never_doubled(steps):
    day = Day()
    for step in steps:
        day.step(*step)
    day.settle()
    before = day.bench.broker.position

    day.send(Action.REVERSE)
    day.settle()

    assert day.bench.broker.position == -before
    assert day.live() == [] or not before


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(-9, 9)), min_size=1, max_size=6),
    st.integers(-9, 9),
)
def test_strategies_reach_their_own_targets_beside_each_other(targets, last):
    day = Day(PositionScope.STRATEGY)
    for strategy, target in [*targets, ("a", last)]:
        day.send(Action.TARGET, target, strategy=strategy)
        day.settle()

    wanted = dict([*targets, ("a", last)])
    held = {one.strategy: one.quantity for one in day.bench.desk.holdings.all()}
    assert held == {name: units for name, units in wanted.items() if units}
    assert day.bench.broker.position == sum(wanted.values())
