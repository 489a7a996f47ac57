"""A fraction of a share or of a lot is held: it stays, and keeps nothing else from happening.

It comes of a reinvested dividend or a trade in TWS; by its API the broker takes whole steps alone
(TWS API: error 10243).
"""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, QuantityType, Sizing, StopLoss
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway.terms import Terms
from tests.gateway.bench import Bench
from tests.gateway.build import AAPL_CANDIDATE, command, limit, position
from tests.gateway.test_brackets import CLOSES, open_position
from tests.gateway.test_clearance import clear, sent, works
from tests.gateway.test_restoration import answers, end, leave, unprotected

HALF = Sizing(type=QuantityType.PERCENT_OF_POSITION, value=Decimal(50))


def trades_in(bench: Bench, step: int) -> None:
    terms = Terms(size_increment=Decimal(step), min_size=Decimal(step))
    bench.broker.candidates = (replace(AAPL_CANDIDATE, terms=terms),)


def hold(bench: Bench, held: object) -> None:
    """Let the account hold what no order of ours brought about."""
    bench.turn(position(held))
    bench.wait(4)


@pytest.fixture(params=[None, CLOSES], ids=["tells", "closes"])
def desk(request) -> Bench:
    """A desk whose route only tells what is unprotected, and one whose route closes it."""
    bench = Bench(rules=request.param)
    bench.connect()
    trades_in(bench, 1)
    return bench


@pytest.mark.parametrize("action", [Action.EXIT, Action.FLATTEN])
def test_a_close_ends_what_protects_beside_a_fraction_and_goes_out(desk, action):
    open_position(desk, route="main")
    hold(desk, "10.5")

    desk.send(command(action, key="out"))
    assert sorted(desk.broker.cancels) == [2, 3]
    clear(desk)

    assert sent(desk, 3) == [(Side.SELL, 10)]
    assert works(desk) == {}
    desk.acknowledge(4)
    desk.fill(4)
    hold(desk, "0.5")
    answers(desk)
    assert desk.alarms == []
    assert sent(desk, 4) == []


def test_a_close_of_a_part_leaves_protection_of_whole_shares(desk):
    open_position(desk, route="main")
    hold(desk, "10.5")

    desk.send(command(Action.EXIT, sizing=HALF, key="out"))
    clear(desk)

    assert works(desk) == {2: 5, 3: 5}
    assert sent(desk, 3) == [(Side.SELL, 5)]


def test_a_close_of_less_than_two_lots_ends_the_protection_of_one(bench):
    trades_in(bench, 100)
    open_position(bench, quantity=100)
    hold(bench, 150)

    bench.send(command(Action.EXIT, key="out"))
    assert sorted(bench.broker.cancels) == [2, 3]
    clear(bench)

    assert sent(bench, 3) == [(Side.SELL, 100)]
    assert works(bench) == {}


def test_what_grows_back_beside_a_fraction_is_whole(desk):
    open_position(desk, route="main")
    hold(desk, "10.5")
    leave(desk)
    assert works(desk) == {2: 6, 3: 6}

    desk.acknowledge(4)
    desk.fill(4, 2)
    end(desk, 4)
    hold(desk, "8.5")
    answers(desk)

    assert works(desk) == {2: 8, 3: 8}
    assert unprotected(desk) == []
    assert sent(desk, 4) == []


def test_what_is_bare_beside_a_fraction_is_told_in_whole_shares(desk):
    open_position(desk, route="main")
    hold(desk, "4.5")

    for order_id in (2, 3):
        desk.end(order_id)
    answers(desk)

    assert unprotected(desk)[0].startswith("4 AAPL are held without their stop loss")


@pytest.mark.parametrize(
    ("step", "held", "closing", "size"), [(1, "10.5", 5, 5), (100, 350, 200, 100)]
)
def test_a_new_stop_closes_whole_steps_of_what_an_exit_leaves(bench, step, held, closing, size):
    trades_in(bench, step)
    hold(bench, held)
    bench.send(command(Action.EXIT, closing, entry=limit(300), key="out"))
    bench.acknowledge(1)

    bench.send(command(Action.MODIFY, stop_loss=StopLoss(price=Decimal(190)), key="more"))

    assert sent(bench, 1) == [(Side.SELL, size)]


def test_no_stop_is_made_for_a_fraction_that_an_exit_leaves(bench):
    trades_in(bench, 1)
    hold(bench, "10.5")
    bench.send(command(Action.EXIT, entry=limit(300), key="out"))
    bench.acknowledge(1)

    bench.send(command(Action.MODIFY, stop_loss=StopLoss(price=Decimal(190)), key="more"))

    reply = bench.replies[-1][1]
    assert reply.outcome is Outcome.REJECTED
    assert "10 AAPL are closed by" in reply.detail
    assert sent(bench, 1) == []


@pytest.mark.parametrize(("held", "target"), [("10.5", 10), ("9.5", 10), ("-10.5", -10)])
def test_a_target_that_a_fraction_is_off_is_reached(bench, held, target):
    trades_in(bench, 1)
    hold(bench, held)

    reply = bench.send(command(Action.TARGET, target))

    assert reply.outcome is Outcome.ACCEPTED
    assert "steps of 1 by its API" in reply.detail
    assert sent(bench, 0) == []


def test_a_target_that_a_fraction_is_off_bounds_no_later_trade(bench):
    trades_in(bench, 1)
    hold(bench, "10.5")
    bench.send(command(Action.TARGET, 10))

    bench.send(command(Action.SELL, 20))

    assert sent(bench, 0) == [(Side.SELL, 20)]


@pytest.mark.parametrize("action", [Action.EXIT, Action.TARGET])
def test_flat_is_not_where_a_fraction_stays(bench, action):
    trades_in(bench, 1)
    hold(bench, "0.5")

    reply = bench.send(command(action, 0 if action is Action.TARGET else None))

    assert reply.outcome is Outcome.REJECTED
    assert "0.5 of it stays" in reply.detail
