"""Protective orders that a position closed by hand, or by another order, has left behind."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from tests.gateway.bench import Bench, refused
from tests.gateway.build import command, limit, position
from tests.gateway.test_brackets import bracket, open_position
from tests.gateway.test_clearance import SCOPED, clear, hold, order, trailing, works

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


def lists(bench: Bench, seconds: int = 8, *, tells: bool = True) -> None:
    """Pass time beside a broker that tells its lists, and what it makes of changes."""
    for _ in range(seconds):
        bench.wait(1)
        if bench.is_asked:
            bench.answer_inquiry()
        for one in bench.broker.placed:
            if tells and one.parent_id and one.status == "Submitted":
                bench.tell(one)


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_stop_that_stays_larger_than_its_take_profit_is_made_smaller(bench, is_refused):
    open_position(bench)
    bench.wait(5)
    bench.fill(2, 4)
    bench.wait(3)
    assert said(bench) == []

    lists(bench, 7, tells=not is_refused)
    if is_refused:
        assert bench.broker.by_id(3).quantity == 6
        bench.broker.by_id(3).quantity = 10
        bench.turn(refused(3, 201, "not now"))
    lists(bench)

    assert works(bench) == {2: 10, 3: 10 if is_refused else 6}
    assert bench.broker.cancels == []
    assert ["4 too much stay" in detail for detail in said(bench)] == [True] * is_refused
    lists(bench)
    assert len(said(bench)) == is_refused


def test_a_change_that_never_arrives_is_told_when_it_is_late(bench):
    open_position(bench)
    bench.wait(5)
    bench.fill(2, 4)
    bench.loses_bytes = True
    lists(bench, 14)
    assert said(bench) == []

    lists(bench)

    assert "4 too much stay" in said(bench)[0]


def test_a_change_that_overtook_a_fill_of_the_take_profit_is_put_right(bench):
    open_position(bench)
    goal, stop = bench.broker.by_id(2), bench.broker.by_id(3)
    # The broker took it off the stop before our change came, and tells it long after.
    late = bench.broker.fill(goal, Decimal(3), bench.now)
    stop.quantity -= 3
    bench.send(command(Action.EXIT, 4, key="out"))
    for one in (goal, stop):
        bench.tell(one)
    bench.wait(3.1)
    bench.fill(4)
    assert (goal.quantity, stop.quantity, bench.broker.position) == (6, 6, 3)

    bench.turn(late)
    lists(bench, 14)

    assert (goal.quantity - goal.filled, stop.quantity) == (3, 3)
    assert bench.alarms == []
    assert not any(one.ticket.whole for one in bench.desk.book.all_live())


def test_a_trailing_stop_stays_where_it_has_come_to(bench):
    stop = trailing(bench, trail_amount=Decimal(5))
    bench.fill(2, 4)
    stop.trail_stop_price = Decimal(197)
    # Only when it is asked does the broker say where the stop is.
    lists(bench, tells=False)

    assert (stop.quantity, stop.tws_type, stop.trail_stop_price) == (6, "TRAIL", 197)


def test_a_fill_that_the_broker_takes_off_after_all_is_given_back(bench):
    open_position(bench)
    bench.wait(5)
    bench.fill(2, 4)
    lists(bench)
    stop = bench.broker.by_id(3)
    assert stop.quantity == 6

    # Late, it takes off what our change had in it.
    stop.quantity = Decimal(2)
    bench.tell(stop)
    lists(bench, 14)

    assert (stop.quantity, bench.broker.position) == (6, 6)
    assert bench.alarms == []
