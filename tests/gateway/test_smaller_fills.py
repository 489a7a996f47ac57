"""Protective orders that filled, while we were away, at a smaller size than we knew."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.report import OrderState
from tests.gateway.bench import Bench
from tests.gateway.build import command
from tests.gateway.test_brackets import open_position


def come_back(bench: Bench, *, crashes: bool) -> None:
    if crashes:
        bench.crash()
    bench.connect()
    bench.wait(5)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_stop_that_the_broker_made_smaller_and_filled_keeps_no_exit_waiting(bench, crashes):
    open_position(bench)
    bench.wait(5)
    goal, stop = bench.broker.by_id(2), bench.broker.by_id(3)
    bench.lose()
    bench.broker.fill(goal, Decimal(4), bench.now)
    stop.quantity -= 4
    bench.broker.fill(stop, Decimal(6), bench.now)
    goal.status = "Cancelled"
    come_back(bench, crashes=crashes)

    assert bench.state(stop.ref) is OrderState.FILLED
    assert bench.kept["orders"][stop.ref].quantity == 6
    bench.send(command(Action.BUY, 10, key="n"))
    bench.fill(4)
    bench.wait(5)
    bench.send(command(Action.EXIT, key="out"))

    assert [o.quantity for o in bench.broker.placed[3:]] == [10, 10]
    assert "close_waits_for_protection" not in bench.alarms


def test_a_stop_that_fills_when_it_was_made_smaller_keeps_its_exit_no_longer(bench):
    open_position(bench, take_profits=())
    bench.wait(5)
    out = command(Action.EXIT, 7, key="out")
    bench.send(out)
    bench.broker.fill(bench.broker.by_id(2), Decimal(3), bench.now)
    come_back(bench, crashes=True)

    bench.send(out)

    assert [o.quantity for o in bench.broker.placed] == [10, 3, 7]
    bench.fill(3)
    assert bench.broker.position == 0


@pytest.mark.parametrize("crashes", [False, True])
def test_an_order_of_which_only_fills_are_listed_is_a_persons(bench, crashes):
    open_position(bench, take_profits=())
    bench.wait(5)
    stop = bench.broker.by_id(2)
    bench.lose()
    bench.broker.fill(stop, Decimal(6), bench.now)
    stop.status = "Filled"
    if crashes:
        bench.crash()
    bench.connect(completed=())

    assert bench.state(stop.ref) is OrderState.UNKNOWN
    assert "order_not_found" in bench.alarms
