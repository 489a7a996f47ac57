"""New protective orders close what nothing else does: a unit is never sold twice."""

from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import Action, QuantityType, Sizing, TakeProfit
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway import covers
from gateway.rules import Rules
from tests.gateway.bench import Bench, outcome
from tests.gateway.build import command, limit, position
from tests.gateway.test_amendments import goals, modify
from tests.gateway.test_brackets import LEGS, bracket, open_position

SCOPED = Rules(
    ConfigurationFile.model_validate({"routes": {"main": {"position_scope": "strategy"}}})
)
OTHER = {"strategy": "other", "key": "other", "route": "main"}


@pytest.mark.parametrize("rules", [None, SCOPED], ids=["account", "strategy"])
@pytest.mark.parametrize("action", [Action.MODIFY, Action.EXIT])
def test_another_strategy_does_not_protect_the_same_shares_again(rules, action):
    bench = Bench(rules=rules)
    bench.connect()
    open_position(bench, route="main")
    bench.wait(4)

    reply = bench.send(modify(action=action, **OTHER))

    assert reply.outcome is Outcome.REJECTED
    assert len(bench.broker.placed) == 3


@pytest.mark.parametrize("rules", [None, SCOPED], ids=["account", "strategy"])
def test_another_strategy_protects_only_what_is_bare(rules):
    bench = Bench(rules=rules)
    bench.connect()
    open_position(bench, route="main")
    bench.send(command(Action.BUY, 5, **OTHER))
    bench.fill(4)
    bench.wait(4)

    bench.send(modify(**OTHER))

    assert [(o.side, o.quantity) for o in bench.broker.placed[4:]] == [(Side.SELL, 5)]


def test_what_waits_for_an_entry_covers_nothing_yet(bench):
    bench.send(command(Action.BUY, 5))
    bench.fill(1)
    bench.send(bracket(strategy="other", key="other"))
    for order_id in (2, 3, 4):
        bench.acknowledge(order_id)
    bench.wait(4)

    bench.send(modify())

    assert [(o.side, o.quantity) for o in bench.broker.placed[4:]] == [(Side.SELL, 5)]


def test_beside_a_resting_exit_no_stop_is_sent_that_could_fill_after_it(bench):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    bench.wait(4)
    bench.send(command(Action.EXIT, entry=limit(250)))
    bench.acknowledge(2)

    reply = bench.send(modify())

    assert reply.outcome is Outcome.REJECTED
    assert "change or cancel those first" in reply.detail
    assert len(bench.broker.placed) == 2


def test_beside_an_exit_of_a_part_the_stop_is_for_the_rest_and_says_so(bench):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    bench.wait(4)
    bench.send(command(Action.EXIT, 4, entry=limit(250)))
    bench.acknowledge(2)

    bench.send(modify())
    bench.acknowledge(3)

    assert bench.broker.by_id(3).quantity == 6
    assert "for 6 of 10" in bench.replies[-1][1].detail


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [(QuantityType.UNITS, 25, 25), (QuantityType.PERCENT_OF_POSITION, 25, 50)],
)
def test_an_exit_at_two_prices_takes_its_size_as_every_exit_does(bench, kind, value, expected):
    bench.send(command(Action.BUY, 200))
    bench.fill(1)
    bench.wait(4)

    size = Sizing(type=kind, value=Decimal(value))
    bench.send(command(Action.EXIT, sizing=size, **LEGS))

    assert [o.quantity for o in bench.broker.placed[1:]] == [expected, expected]


def test_nothing_is_added_to_an_entry_that_has_not_filled(bench):
    bench.send(bracket(take_profits=()))
    for order_id in (1, 2):
        bench.acknowledge(order_id)

    reply = bench.send(modify(stop_loss=None, take_profits=goals(205)))

    assert reply.outcome is Outcome.REJECTED
    assert "not all there" in reply.detail
    assert len(bench.broker.placed) == 2


def test_nothing_is_added_to_what_closes_no_position_any_more(bench):
    open_position(bench, take_profits=())
    bench.wait(4)
    bench.turn(position(0))
    bench.wait(4)

    reply = bench.send(modify(stop_loss=None, take_profits=goals(205)))

    assert reply.outcome is Outcome.REJECTED
    assert len(bench.broker.placed) == 2


def test_parts_of_an_entry_cover_together_what_it_has_filled(bench):
    halves = tuple(TakeProfit(price=price, portion_percent=Decimal(50)) for price in (210, 220))
    bench.send(bracket(take_profits=halves))
    for order in list(bench.broker.placed):
        bench.acknowledge(order.order_id)
    bench.fill(1, 6)
    bench.wait(5)
    book = bench.desk.book
    assert covers.covered([one for one in book.all_live() if one.is_leg], book) == 6
    before = len(bench.broker.placed)

    other = modify(strategy="other", key="other")
    bench.send(other)

    assert len(bench.broker.placed) == before
    assert outcome(bench, other.command_id) is Outcome.REJECTED


def test_a_fill_is_taken_off_what_the_broker_has_not_told_smaller_yet(bench):
    open_position(bench)
    bench.fill(2, 4)
    book = bench.desk.book

    assert covers.covered([one for one in book.all_live() if one.is_leg], book) == 6
