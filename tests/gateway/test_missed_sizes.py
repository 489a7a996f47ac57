"""How much of an entry that was not carried out still bounds the trades of the other side."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, MarketPosition, QuantityType, Sizing
from tests.gateway.build import command
from tests.gateway.test_entries import expired, of_alert
from tests.gateway.test_exits import sizes

D = Decimal


def test_what_was_missed_twice_is_bounded_as_a_whole(bench):
    expired(bench)
    expired(bench, quantity=5)
    bench.send(command(Action.SELL, 10))
    bench.send(command(Action.SELL, 5))

    assert sizes(bench) == []


def test_after_a_turn_that_was_cut_off_its_own_close_opens_nothing_either(bench):
    """What the strategy sold beyond what was missed it believes to be short."""
    expired(bench)
    bench.send(command(Action.SELL, 15))

    bench.send(command(Action.BUY, 5))
    assert sizes(bench) == []
    bench.send(command(Action.BUY, 2))

    assert sizes(bench) == [2]


def test_where_nobody_knows_how_much_was_missed_only_a_close_ends_it(bench):
    cash = Sizing(type=QuantityType.CASH, value=D(1000))
    bench.send(of_alert(replace(command(Action.BUY, 10), sizing=cash)))
    for _ in range(3):
        bench.send(command(Action.SELL, 5))
    assert sizes(bench) == []

    bench.send(command(Action.EXIT))
    bench.send(command(Action.SELL, 5))

    assert sizes(bench) == [-5]


def test_a_close_of_the_other_side_does_not_end_it(bench):
    expired(bench)
    bench.send(command(Action.EXIT, closes=MarketPosition.SHORT))

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == []


def test_an_exit_of_a_part_leaves_the_rest_bounded(bench):
    expired(bench)
    bench.send(command(Action.EXIT, 4))
    bench.send(command(Action.SELL, 6))
    assert sizes(bench) == []

    bench.send(command(Action.SELL, 6))

    assert sizes(bench) == [-6]


@pytest.mark.parametrize(
    ("percent", "closes", "sent"),
    [(100, None, [-6]), (150, None, [-6]), (99, None, []), (100, MarketPosition.SHORT, [])],
)
def test_an_exit_of_all_in_percent_ends_it_too(bench, percent, closes, sent):
    expired(bench)
    share = Sizing(type=QuantityType.PERCENT_OF_POSITION, value=D(percent))
    bench.send(command(Action.EXIT, sizing=share, closes=closes))

    bench.send(command(Action.SELL, 6))

    assert sizes(bench) == sent
