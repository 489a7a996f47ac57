"""Closes alone never open anything, whoever sends them and whichever position they are about."""

from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from alertwire.configuration import ConfigurationFile, Route
from alertwire.trading import PositionScope
from alertwire.wire.alert import Action, Entry, OrderType, Scope
from tests.gateway.build import command, limit
from tests.gateway.test_verb_properties import Day

NAMES = st.sampled_from("ab")
ROUTES = st.sampled_from(["own", "wide"])
PART = st.one_of(st.none(), st.integers(1, 6))
STOP = Entry(type=OrderType.STOP, stop_price=Decimal(90))
CLOSE = st.one_of(
    st.tuples(st.just("exit"), NAMES, ROUTES, PART),
    st.tuples(st.just("limit"), NAMES, ROUTES, PART),
    st.tuples(st.just("stop"), NAMES, ROUTES, PART),
    st.tuples(st.just("flatten"), NAMES, ROUTES, st.booleans()),
    st.tuples(st.just("target"), NAMES, ROUTES, st.just(0)),
)
MOVE = st.one_of(
    st.tuples(st.just("fill"), st.integers(0, 3), st.integers(1, 9)),
    st.tuples(st.just("confirm"), st.integers(0, 3)),
    st.tuples(st.just("wait")),
    st.tuples(st.just("lose")),
)


class Shared(Day):
    """Two strategies of one account and symbol, by routes of both scopes."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        routes = {"own": Route(position_scope=PositionScope.STRATEGY), "wide": Route()}
        self.bench.rules.adopt(ConfigurationFile(routes=routes))
        for name, units in (("a", a), ("b", b)):
            if units:
                side = Action.BUY if units > 0 else Action.SELL
                self.order(side, abs(units), name, "own")
                self.bench.fill(len(self.bench.broker.placed))
        self.bench.wait(3.1)
        self.least = sum(units for units in (a, b) if units < 0)
        self.most = sum(units for units in (a, b) if units > 0)

    def order(self, action, quantity, name, route, **fields) -> None:
        self.keys += 1
        one = {"key": f"k{self.keys}", "route": route, "strategy": name} | fields
        self.bench.send(command(action, quantity, **one))

    def close(self, kind: str, name: str, route: str, part) -> None:
        match kind:
            case "exit":
                self.order(Action.EXIT, part, name, route)
            case "limit":
                self.order(Action.EXIT, part, name, route, entry=limit(300))
            case "stop":
                self.order(Action.EXIT, part, name, route, entry=STOP)
            case "flatten":
                scope = Scope.INSTRUMENT if part else None
                self.order(Action.FLATTEN, None, name, route, scope=scope)
            case "target":
                self.order(Action.TARGET, part, name, route)

    def move(self, kind: str, *numbers: int) -> None:
        match kind:
            case "fill":
                self.fill_one(*numbers)
            case "confirm":
                self.end_cancelled(*numbers)
            case "wait":
                self.bench.wait(3.1)
            case "lose":
                self.bench.lose()
                self.bench.connect()

    def fill_one(self, which: int, units: int) -> None:
        if live := self.live():
            order = live[which % len(live)]
            self.bench.fill(order.order_id, min(Decimal(units), order.quantity - order.filled))

    def check(self) -> None:
        held = {one.strategy: one.quantity for one in self.bench.desk.holdings.all()}
        position = self.bench.broker.position
        assert sum(held.values()) == position
        assert self.least <= position <= self.most


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-9, 9),
    st.integers(-9, 9),
    st.lists(st.one_of(CLOSE, CLOSE, MOVE), min_size=1, max_size=10),
)
@example(
    1,
    1,
    [("target", "a", "own", 0), ("limit", "a", "wide", None), ("exit", "a", "wide", 1), ("wait",)],
)
def test_closes_of_two_strategies_under_both_scopes_open_nothing(a, b, steps):
    day = Shared(a, b)
    for step in steps:
        if step[0] in {"fill", "confirm", "wait", "lose"}:
            day.move(*step)
        else:
            day.close(*step)
        day.check()
    day.settle()
    # Whatever still rests is filled, to the last of it.
    while live := day.live():
        day.bench.fill(live[0].order_id)
        day.check()
    day.settle()
    day.check()

    day.close("flatten", "a", "own", True)
    day.settle()
    day.check()
    assert day.bench.broker.position == 0
    assert day.live() == []

    for name in "ab":
        for route in ("own", "wide"):
            day.close("exit", name, route, None)
    day.settle()
    assert day.bench.broker.position == 0
