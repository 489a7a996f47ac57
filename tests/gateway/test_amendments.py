"""Changes of what protects a position: the same order with other prices, or what is missing."""

import contextlib
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, MarketPosition, StopLoss, TakeProfit
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from tests.gateway.bench import Bench, Crash, outcome, refused
from tests.gateway.build import command
from tests.gateway.test_brackets import open_position


def modify(**fields):
    action = fields.pop("action", Action.MODIFY)
    return command(action, **({"stop_loss": StopLoss(price=Decimal(195))} | fields))


def goals(*prices):
    return tuple(TakeProfit(price=Decimal(price)) for price in prices)


def tell_all(bench: Bench) -> None:
    for order in bench.broker.placed[1:]:
        bench.tell(order)


def test_a_stop_is_moved_under_its_own_number_and_without_its_parent(bench):
    open_position(bench)
    change = modify()

    bench.send(change)

    assert [o.order_id for o in bench.broker.placed] == [1, 2, 3]
    moved = bench.broker.by_id(3)
    assert (moved.aux_price, moved.quantity, moved.parent_id) == (195, 10, 1)
    ticket = bench.desk.book.orders[moved.ref].ticket
    assert (ticket.parent_id, ticket.transmit) == (0, True)
    assert outcome(bench, change.command_id) is None
    bench.tell(moved)
    assert outcome(bench, change.command_id) is Outcome.ACCEPTED
    assert bench.kept["orders"][moved.ref].stop_price == 195


def test_what_the_broker_said_before_the_change_does_not_confirm_it(bench):
    open_position(bench)
    old = bench.broker.by_id(3).opened()
    change = modify()
    bench.send(change)

    bench.turn(old)

    assert outcome(bench, change.command_id) is None


def test_both_are_moved_by_one_alert(bench):
    open_position(bench)
    change = modify(take_profits=goals(220))
    bench.send(change)
    tell_all(bench)

    assert bench.broker.by_id(2).limit_price == 220
    assert bench.broker.by_id(3).aux_price == 195
    assert outcome(bench, change.command_id) is Outcome.ACCEPTED


@pytest.mark.parametrize("code", [104, 105, 110, 134, 201, 329, 440, 2102])
def test_a_change_that_the_broker_refuses_ends_no_order(bench, code):
    open_position(bench)
    change = modify()
    bench.send(change)

    bench.turn(refused(3, code, "no"))

    assert outcome(bench, change.command_id) is Outcome.REJECTED
    assert "protection_not_changed" in bench.alarms
    order = bench.desk.book.orders[bench.broker.by_id(3).ref]
    assert (order.state.name, order.stop_price) == ("WORKING", 190)


@pytest.mark.parametrize("action", [Action.MODIFY, Action.EXIT])
def test_a_bare_position_gets_a_pair_that_cancels_each_other(bench, action):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    change = modify(action=action, take_profits=goals(220))
    bench.send(change)

    pair = bench.broker.placed[1:]
    assert [(o.side, o.quantity, o.limit_price, o.aux_price) for o in pair] == [
        (Side.SELL, 10, 220, None),
        (Side.SELL, 10, None, 195),
    ]
    tickets = [bench.desk.book.orders[o.ref].ticket for o in pair]
    assert {t.oca_group for t in tickets} == {f"{change.command_id}/1"}
    assert all(t.transmit and not t.parent_id for t in tickets)
    for order in pair:
        bench.acknowledge(order.order_id)
    assert outcome(bench, change.command_id) is Outcome.ACCEPTED


def test_a_stop_that_is_missing_joins_the_take_profit(bench):
    open_position(bench, stop_loss=None)
    bench.send(modify())

    stop = bench.broker.placed[-1]
    assert (stop.side, stop.quantity, stop.aux_price) == (Side.SELL, 10, 195)
    book = bench.desk.book.orders
    assert book[stop.ref].ticket.oca_group == book[bench.broker.by_id(2).ref].ticket.oca_group


def test_nothing_to_protect_is_refused(bench):
    reply = bench.send(modify())

    assert reply.outcome is Outcome.REJECTED
    assert "nothing to protect" in reply.detail


def test_a_change_for_the_other_side_touches_nothing(bench):
    open_position(bench)

    reply = bench.send(modify(closes=MarketPosition.SHORT))

    assert reply.outcome is Outcome.REJECTED
    assert bench.broker.by_id(3).aux_price == 190


@pytest.mark.parametrize("where", ["committed", "placed"])
def test_killed_in_the_middle_of_a_change_it_is_made_all_the_same(bench, where):
    open_position(bench)
    bench.crash_at = where
    change = modify(take_profits=goals(220))
    with pytest.raises(Crash):
        bench.send(change)
    bench.crash()
    bench.connect()
    bench.wait(4)
    tell_all(bench)

    assert [(o.limit_price, o.aux_price) for o in bench.broker.placed[1:]] == [
        (220, None),
        (None, 195),
    ]
    assert bench.kept["commands"][change.command_id].outcome is Outcome.ACCEPTED
    assert len(bench.broker.placed) == 3


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_killed_in_the_middle_of_a_new_pair_none_is_there_twice(bench, sent):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    change = modify(take_profits=goals(220))
    bench.sends = sent
    with contextlib.suppress(Crash):
        bench.send(change)
    bench.crash()
    bench.connect()
    bench.wait(3.1)
    tell_all(bench)

    assert [o.order_id for o in bench.broker.placed] == [1, 2, 3]
    assert bench.kept["commands"][change.command_id].outcome is Outcome.ACCEPTED


def test_a_repeated_change_is_the_same_change(bench):
    open_position(bench)
    change = modify()
    bench.send(change)
    tell_all(bench)

    bench.send(change)

    assert bench.replies[-1][1].outcome is Outcome.ACCEPTED
    assert len(bench.broker.placed) == 3


@pytest.mark.parametrize("action", [Action.MODIFY, Action.EXIT])
def test_a_change_that_is_never_confirmed_is_a_persons_and_can_be_sent_again(bench, action):
    open_position(bench)
    change = modify(action=action, take_profits=goals(220))
    bench.send(change)
    bench.broker.by_id(2).limit_price, bench.broker.by_id(3).aux_price = (
        Decimal(210),
        Decimal(190),
    )

    bench.wait(11)
    bench.answer_inquiry()

    assert outcome(bench, change.command_id) is Outcome.UNKNOWN
    assert "command_unknown" in bench.alarms
    again = modify(action=action, take_profits=goals(220))
    bench.send(again)
    bench.wait(4)
    tell_all(bench)
    assert outcome(bench, again.command_id) is Outcome.ACCEPTED
    assert bench.broker.by_id(3).aux_price == 195


@pytest.mark.parametrize("is_told", [False, True])
def test_a_change_never_gives_back_what_a_fill_took_off(bench, is_told):
    open_position(bench)
    bench.fill(2, 4)
    stop = bench.broker.by_id(3)
    stop.quantity -= 4
    if is_told:
        bench.tell(stop)

    bench.send(modify())

    assert (stop.aux_price, stop.quantity) == (195, 6)


def test_what_is_added_beside_a_part_is_for_what_is_left_of_it(bench):
    open_position(bench, stop_loss=None)
    bench.fill(2, 4)

    bench.send(modify())

    assert bench.broker.by_id(3).quantity == 6


@pytest.mark.parametrize("sent", [0, 1, 2])
def test_killed_between_the_parts_of_a_change_it_is_not_called_done_before_all_is(bench, sent):
    open_position(bench, take_profits=())
    bench.wait(5)
    change = modify(take_profits=goals(220))
    bench.sends = sent
    with contextlib.suppress(Crash):
        bench.send(change)
    bench.crash()
    bench.connect()
    bench.wait(3.1)
    tell_all(bench)
    bench.wait(5)

    assert [(o.limit_price, o.aux_price) for o in bench.broker.placed[1:]] == [
        (None, 195),
        (220, None),
    ]
    assert bench.kept["commands"][change.command_id].outcome is Outcome.ACCEPTED
