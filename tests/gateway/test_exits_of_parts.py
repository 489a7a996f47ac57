"""An exit of a part takes away only those exits that rest for the units which it closes."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, MarketPosition, QuantityType, Sizing
from alertwire.wire.delivery import Outcome
from gateway.messages import QuoteTold
from tests.gateway.bench import Bench
from tests.gateway.build import AAPL_CONTRACT, command, limit, position, units
from tests.gateway.test_exits import settle, sizes


def of_position(value: int) -> Sizing:
    return Sizing(type=QuantityType.PERCENT_OF_POSITION, value=Decimal(value))


def cash(value: int) -> Sizing:
    return Sizing(type=QuantityType.CASH, value=Decimal(value))


@pytest.fixture
def long(bench) -> Bench:
    """A position of 10 with an exit of 5 that rests, at a price of 200."""
    price = Decimal(200)
    contract_id = AAPL_CONTRACT.contract_id
    bench.readings = [QuoteTold(contract_id=contract_id, last=price, bid=price, ask=price)]
    bench.turn(position(10))
    bench.wait(4)
    settle(bench, command(Action.EXIT, 5, entry=limit(300), key="rests"))
    return bench


@pytest.mark.parametrize(
    "sizing", [units(5), of_position(50), cash(1100)], ids=["units", "percent", "cash"]
)
@pytest.mark.parametrize("strategy", ["s", "another"])
def test_an_exit_stays_that_rests_for_what_is_left(long, sizing, strategy):
    settle(long, command(Action.EXIT, sizing=sizing, key="out", strategy=strategy))

    assert sizes(long) == [-5, -5]
    assert long.broker.cancels == []
    assert long.alarms == []


@pytest.mark.parametrize(
    "sizing", [units(6), of_position(60), cash(1200)], ids=["units", "percent", "cash"]
)
def test_an_exit_makes_way_that_rests_for_more_than_is_left(long, sizing):
    settle(long, command(Action.EXIT, sizing=sizing, key="out"))
    assert long.broker.cancels == [1]
    long.end(1)

    assert sizes(long) == [-5, -6]
    assert long.alarms == ["resting_exit_cancelled"]


@pytest.mark.parametrize(
    ("percent", "cancels"), [(50, []), (40, [1])], ids=["leaves room", "leaves none"]
)
def test_a_target_in_percent_of_another_strategy_leaves_what_rests_beside_it(
    long, percent, cancels
):
    settle(long, command(Action.TARGET, sizing=of_position(percent), key="to", strategy="another"))

    assert long.broker.cancels == cancels


def test_a_part_of_a_position_of_the_other_side_is_none_to_close(bench):
    bench.turn(position(-1))
    bench.wait(4)

    half = command(Action.EXIT, sizing=of_position(50), closes=MarketPosition.LONG)
    reply = bench.send(half)

    assert reply.outcome is Outcome.ACCEPTED
    assert reply.detail == "no long position to close"
    assert bench.broker.placed == []


def test_a_target_of_less_than_a_share_keeps_none(bench):
    bench.turn(position(1))
    bench.wait(4)

    bench.send(command(Action.TARGET, sizing=of_position(50)))

    assert sizes(bench) == [-1]
