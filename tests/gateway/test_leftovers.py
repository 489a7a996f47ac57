"""Protective orders that a position closed by hand, or by another order, has left behind."""

import pytest

from alertwire.wire.alert import Action
from tests.gateway.bench import Bench
from tests.gateway.build import command, limit, position
from tests.gateway.test_brackets import bracket, open_position
from tests.gateway.test_clearance import SCOPED, clear, hold, order, works

LEFT = "protection_without_position"


def trade_by_hand(bench: Bench, held: object) -> None:
    """Let the account hold so much, for a reason that nobody here knows of."""
    bench.wait(4)
    bench.turn(position(held))


def look(bench: Bench) -> None:
    for _ in range(7):
        bench.wait(1)


def said(bench: Bench) -> list[str]:
    return [note.fields["detail"] for note in bench.notes if note.event == LEFT]


def test_what_is_left_of_a_position_closed_by_hand_is_cancelled_loudly(bench):
    open_position(bench)
    trade_by_hand(bench, 0)
    for _ in range(5):
        bench.wait(1)
    assert not bench.broker.cancels

    bench.wait(2)
    clear(bench)
    look(bench)

    assert sorted(bench.broker.cancels) == [2, 3]
    assert works(bench) == {}
    (detail,) = said(bench)
    assert "0 AAPL are held in DU1234567" in detail
    assert "cancelled: " in detail
    assert bench.alarms == [LEFT]


def test_a_position_on_the_other_side_is_protected_by_nothing_of_this_one(bench):
    open_position(bench)
    trade_by_hand(bench, -5)
    look(bench)

    assert sorted(bench.broker.cancels) == [2, 3]


def test_what_protects_more_than_a_part_left_by_hand_is_a_persons(bench):
    open_position(bench)
    trade_by_hand(bench, 4)
    look(bench)
    look(bench)

    assert not bench.broker.cancels
    (detail,) = said(bench)
    assert "6 too much stay: cancel or change in TWS" in detail

    trade_by_hand(bench, 0)
    look(bench)
    assert sorted(set(bench.broker.cancels)) == [2, 3]
    assert "cancelled: " in said(bench)[1]


def test_of_two_parts_the_older_goes_where_one_is_enough(bench):
    hold(bench, "s")
    hold(bench, "s")
    trade_by_hand(bench, 10)
    look(bench)

    assert sorted(bench.broker.cancels) == [2, 3]


def test_of_two_parts_the_one_without_a_stop_goes_first(bench):
    hold(bench, "s")
    hold(bench, "s", stop_loss=None)
    trade_by_hand(bench, 10)
    look(bench)

    assert bench.broker.cancels == [5]


def test_an_order_that_rested_and_closed_the_position_leaves_nothing_behind(bench):
    bench.send(command(Action.SELL, 10, entry=limit(205), key="rests"))
    bench.acknowledge(1)
    bench.send(bracket(strategy="t"))
    for order_id in (2, 3, 4):
        bench.acknowledge(order_id)
    bench.fill(2)
    bench.fill(1)
    look(bench)

    assert sorted(bench.broker.cancels) == [3, 4]


def test_what_the_broker_ends_itself_after_a_fill_is_not_meddled_with(bench):
    open_position(bench)
    bench.fill(2)
    bench.wait(1)
    bench.wait(1)
    bench.end(3)
    look(bench)

    assert not bench.broker.cancels
    assert bench.alarms == []


def test_an_entry_that_has_not_filled_keeps_its_protection(bench):
    bench.send(bracket())
    for order_id in (1, 2, 3):
        bench.acknowledge(order_id)
    look(bench)

    assert not bench.broker.cancels


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_strategys_protection_is_about_what_it_holds(is_closed):
    bench = Bench(rules=SCOPED)
    bench.connect()
    hold(bench, "s")
    order(bench, "t", Action.SELL, 10)
    bench.fill(4)
    if is_closed:
        bench.wait(4)
        bench.turn(position(-10))
    look(bench)

    assert sorted(bench.broker.cancels) == ([2, 3] if is_closed else [])


def test_protection_of_another_client_id_is_only_told(bench):
    open_position(bench)
    for one in bench.desk.book.orders.values():
        one.client_id = 7
    trade_by_hand(bench, 0)
    look(bench)

    assert not bench.broker.cancels
    assert "10 too much stay" in said(bench)[0]


def test_a_stop_that_stays_larger_than_its_take_profit_is_a_persons(bench):
    open_position(bench)
    bench.wait(5)
    bench.fill(2, 4)
    bench.wait(3)
    assert said(bench) == []

    look(bench)

    assert "4 too much stay" in said(bench)[0]
    assert bench.broker.cancels == []
