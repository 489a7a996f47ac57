"""What each strategy holds by its own fills, and orders that are about that alone."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile, Route
from alertwire.trading import Limits, PositionScope
from alertwire.wire.alert import Action, QuantityType, Scope, Sizing
from tests.gateway.build import AAPL_CONTRACT, ACCOUNT, limit, position
from tests.gateway.test_halts import flatten, halt
from tests.gateway.test_verbs import confirm, orders, outcome_of, send

CONTRACT = AAPL_CONTRACT.contract_id


@pytest.fixture
def own(bench):
    """A route whose strategies' own positions count."""
    route = Route(position_scope=PositionScope.STRATEGY)
    bench.rules.adopt(ConfigurationFile(routes={"r": route}))
    return bench


def trade(bench, action, quantity=None, strategy="a", **fields):
    one = send(bench, action, quantity, strategy=strategy, route="r", **fields)
    placed = bench.broker.placed
    if placed and placed[-1].ref == one.command_id:
        bench.fill(placed[-1].order_id)
    return one


def held(bench) -> dict[str, Decimal]:
    return {one.strategy: one.quantity for one in bench.desk.holdings.all()}


def test_two_strategies_on_one_symbol_do_not_fight(own):
    trade(own, Action.BUY, 10, "a")
    trade(own, Action.TARGET, -4, "b")
    assert held(own) == {"a": 10, "b": -4}

    trade(own, Action.EXIT, None, "a")
    assert orders(own) == [10, -4, -10]
    assert held(own) == {"b": -4}

    trade(own, Action.REVERSE, None, "b")
    assert orders(own)[3:] == [8]
    assert held(own) == {"b": 4}


def test_without_the_scope_the_account_is_meant(bench):
    send(bench, Action.BUY, 10, strategy="a")
    bench.fill(1)
    send(bench, Action.TARGET, -4, strategy="b")

    assert orders(bench) == [10, -14]


@pytest.mark.parametrize(
    ("account", "sold"),
    [(10, -10), (4, -4), (0, None), (-3, None), (25, -10)],
)
def test_no_more_is_closed_than_the_account_explains(own, account, sold):
    trade(own, Action.BUY, 10, "a")
    own.wait(4)
    own.turn(position(account))
    exit_ = trade(own, Action.EXIT, None, "a")

    assert orders(own)[1:] == ([] if sold is None else [sold])
    if account < 10:
        assert "strategy_position_drifted" in own.alarms
        assert (
            "holds 10 by its fills, of which the account has only" in outcome_of(own, exit_).detail
        )


def test_what_another_strategy_is_short_of_explains_the_account(own):
    trade(own, Action.BUY, 10, "a")
    trade(own, Action.SELL, 10, "b")
    trade(own, Action.EXIT, None, "a")

    assert orders(own) == [10, -10, -10]
    assert held(own) == {"b": -10}


def test_percents_and_flatten_are_about_the_strategys_own(own):
    trade(own, Action.BUY, 10, "a")
    trade(own, Action.BUY, 6, "b")
    half = Sizing(type=QuantityType.PERCENT_OF_POSITION, value=Decimal(50))
    trade(own, Action.EXIT, strategy="b", sizing=half)
    assert orders(own)[2:] == [-3]

    send(own, Action.SELL, 2, strategy="b", entry=limit(300))
    flatten = send(own, Action.FLATTEN, strategy="a", route="r")
    assert own.broker.cancels == []
    assert orders(own)[4:] == [-10], outcome_of(own, flatten).detail

    own.fill(5)
    send(own, Action.FLATTEN, strategy="a", route="r", scope=Scope.INSTRUMENT)
    confirm(own, 4)
    assert orders(own)[5:] == [-3]


def test_holdings_survive_a_crash_and_follow_corrections(own):
    trade(own, Action.BUY, 10, "a")
    own.crash()
    own.connect()
    assert held(own) == {"a": 10}

    fill = own.broker.executions[0]
    own.load(fill.order_ref)
    corrected = replace(fill, execution_id="0000.02", quantity=Decimal(7))
    own.turn(corrected)
    assert held(own) == {"a": 7}
    assert own.kept["holdings"][ACCOUNT, "a", CONTRACT].quantity == 7


def test_drift_is_told_once_and_said_to_who_asks(own):
    trade(own, Action.BUY, 10, "a")
    own.wait(4)
    own.turn(position(4))
    own.broker.placed[0].filled = Decimal(4)
    for _ in range(2):
        own.desk.link.inquire(own.turn())
        own.answer_inquiry()

    told = [note for note in own.notes if note.event == "strategy_position_drifted"]
    assert len(told) == 1
    assert told[0].is_alarm
    words = f"strategies hold 10 AAPL in {ACCOUNT} by their fills, the account holds 4"
    assert words in told[0].fields["detail"]


def test_manual_positions_in_other_contracts_are_no_drift(own):
    own.turn(position(100))
    own.answer_inquiry()

    assert own.desk.holdings.drifts(own.desk.positions) == []
    assert own.alarms == []


def both(bench):
    """A route whose strategies' own positions count, and one where the account's does."""
    mixed = {"r": Route(position_scope=PositionScope.STRATEGY), "wide": Route()}
    bench.rules.adopt(ConfigurationFile(routes=mixed))
    trade(bench, Action.BUY, 10, "a")
    trade(bench, Action.BUY, 10, "b")


@pytest.mark.parametrize(
    "close",
    [
        {"action": Action.FLATTEN, "route": "r", "scope": Scope.INSTRUMENT},
        {"action": Action.EXIT, "route": "wide"},
        {"action": Action.TARGET, "quantity": 0, "route": "wide"},
    ],
)
def test_what_a_close_of_the_account_took_is_not_closed_again(bench, close):
    both(bench)
    send(bench, strategy="a", **close)
    bench.fill(3)
    assert orders(bench)[2:] == [-20]
    assert held(bench) == {}
    taken = [note for note in bench.notes if note.event == "strategy_position_taken"]
    assert [note.fields["detail"] for note in taken] == ["b held 10 AAPL, holds 0"]

    trade(bench, Action.EXIT, None, "b")
    assert bench.broker.position == 0


def test_a_part_that_is_closed_is_the_strategys_own_first(bench):
    both(bench)
    send(bench, Action.EXIT, 15, strategy="a", route="wide")
    bench.fill(3, 12)
    assert held(bench) == {"b": 8}
    bench.fill(3)
    assert held(bench) == {"b": 5}

    bench.crash()
    bench.connect()
    trade(bench, Action.EXIT, None, "b")
    assert bench.broker.position == 0


def test_a_target_of_the_account_leaves_the_strategy_that_traded_it_with_what_is_there(bench):
    both(bench)
    send(bench, Action.TARGET, -5, strategy="a", route="wide")
    bench.fill(3, 23)
    assert held(bench) == {"a": -3}
    bench.fill(3)

    assert held(bench) == {"a": -5}


def test_what_was_bought_by_hand_and_closed_is_nobodys(bench):
    both(bench)
    bench.wait(4)
    bench.turn(position(26))
    bench.broker.placed[0].filled += 6
    send(bench, Action.EXIT, 23, strategy="a", route="wide")
    bench.fill(3)

    assert held(bench) == {}


@pytest.mark.parametrize(("asked", "sold"), [(None, []), (15, [-5])])
def test_a_strategys_exit_counts_a_close_of_the_account_that_works(bench, asked, sold):
    both(bench)
    send(bench, Action.EXIT, asked, strategy="a", route="wide")
    exit_ = send(bench, Action.EXIT, strategy="b", route="r")

    assert orders(bench)[3:] == sold
    assert "is already being closed by sell" in outcome_of(bench, exit_).detail
    for order in bench.broker.placed[2:]:
        bench.fill(order.order_id)
    assert bench.broker.position == 0
    assert held(bench) == {}


@pytest.mark.parametrize(
    "close",
    [
        {"action": Action.FLATTEN, "route": "r", "scope": Scope.INSTRUMENT},
        {"action": Action.EXIT, "route": "wide"},
        {"action": Action.TARGET, "quantity": 0, "route": "wide"},
    ],
)
def test_what_strategies_hold_against_each_other_is_closed_where_the_account_is_flat(bench, close):
    both(bench)
    trade(bench, Action.TARGET, -10, "b")
    assert held(bench) == {"a": 10, "b": -10}
    send(bench, strategy="a", **close)
    assert held(bench) == {}
    assert bench.notes[-1].event == "strategy_position_taken"

    for name in "ab":
        trade(bench, Action.EXIT, None, name)
    assert bench.broker.position == 0
    assert len(bench.broker.placed) == 3


@pytest.mark.parametrize(
    ("action", "quantity", "passes"),
    [
        (Action.EXIT, None, True),
        (Action.FLATTEN, None, True),
        (Action.TARGET, 0, True),
        (Action.TARGET, 4, True),
        (Action.SELL, 10, True),
        (Action.SELL, 11, False),
        (Action.REVERSE, None, False),
        # It makes the account's position smaller, and opens one all the same.
        (Action.BUY, 5, False),
    ],
)
@pytest.mark.parametrize("is_halted", [True, False])
def test_halts_and_limits_let_out_what_closes_the_strategys_own(
    own, action, quantity, passes, is_halted
):
    trade(own, Action.BUY, 10, "a")
    trade(own, Action.SELL, 20, "b")
    if is_halted:
        halt(own)
    else:
        route = Route(position_scope=PositionScope.STRATEGY)
        limits = Limits(orders_per_day_max=1)
        own.rules.adopt(ConfigurationFile(routes={"r": route}, limits=limits))
    one = trade(own, action, quantity, "a")

    assert len(own.broker.placed) == 2 + passes, outcome_of(own, one).detail
    if action in {Action.EXIT, Action.FLATTEN}:
        said = "the account goes from -10 to -20, which other strategies hold"
        assert said in outcome_of(own, one).detail


@pytest.mark.parametrize(
    ("rests", "closes", "cancelled"),
    [
        # About the account's position: whoever's exit rests is in the way.
        (("b", "r"), {"strategy": "a", "route": "wide"}, [3]),
        (("b", "wide"), {"strategy": "a", "route": "wide"}, [3]),
        (("a", "wide"), {"strategy": "b", "route": "r"}, [3]),
        # About the strategy's own: another one's own stays.
        (("b", "r"), {"strategy": "a", "route": "r"}, []),
        (("a", "r"), {"strategy": "a", "route": "r"}, [3]),
    ],
)
def test_an_exit_that_rests_makes_way_where_it_would_close_the_same_units(
    bench, rests, closes, cancelled
):
    both(bench)
    strategy, route = rests
    send(bench, Action.EXIT, strategy=strategy, route=route, entry=limit(300))
    send(bench, Action.EXIT, **closes)
    assert bench.broker.cancels == cancelled
    for order_id in cancelled:
        bench.end(order_id)
    for order in bench.broker.placed:
        if order.status == "Submitted":
            bench.fill(order.order_id)

    assert bench.broker.position >= 0


@pytest.mark.parametrize("age_s", [0, 60])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_fill_of_while_the_gateway_was_down_takes_nothing_from_others(bench, age_s, is_told):
    """Of the account's position, before a snapshot that may lag a fill that is seconds old."""
    send(bench, Action.BUY, 10, strategy="a")
    bench.fill(1)
    send(bench, Action.BUY, 10, strategy="b")
    bench.fill(2)
    send(bench, Action.TARGET, 16, strategy="a", entry=limit(300))
    bench.broker.fill(bench.broker.by_id(3), Decimal(4), bench.now)
    bench.wait(age_s)
    bench.crash()
    bench.connect(positions=None if is_told or age_s else (position(20),))

    assert held(bench) == {"a": 6, "b": 10}
    flatten(bench, "01KTESTFLATTEN000000000001", strategy="a")
    bench.wait(3.1)
    assert orders(bench)[3:] == [-6]


def test_what_was_traded_by_hand_while_the_gateway_was_down_is_told_as_drift(own):
    trade(own, Action.BUY, 10)
    send(own, Action.EXIT, 4, strategy="a", route="r", entry=limit(300))
    own.broker.fill(own.broker.by_id(2), Decimal(4), own.now)
    own.crash()
    own.connect(positions=(position(9),))
    own.wait(3.1)

    assert held(own) == {"a": 6}
    assert [one.words for one in own.desk.holdings.drifts(own.desk.positions)]
    assert "strategy_position_drifted" in own.alarms
