"""Market buys of crypto: only the fill tells how many units the cash bought."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import (
    Action,
)
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.events import Tick
from gateway.messages import CompletedOrder
from gateway.orders import ACK_S
from tests.gateway.bench import Bench, Crash, outcome
from tests.gateway.build import command, opened, status
from tests.gateway.coins import BITCOIN, CONTRACT, D, order_of, quote, send, spent, trading


def asks_after(bench: Bench, seconds: float) -> bool:
    """Tell whether the broker is asked for its lists after so long."""
    bench.now += timedelta(seconds=seconds)
    return bench.turn(Tick()).inquire


def test_more_than_was_expected_is_no_end_and_no_error(coins):
    one = send(coins, size="0.01")

    spent(coins, one, "0.006", "0.005", is_told=False)
    assert coins.state(one.command_id) is OrderState.PARTIALLY_FILLED
    assert order_of(coins, one).quantity == D("0.011")

    spent(coins, one, "0.0002")
    kept = coins.kept["orders"][one.command_id]
    assert (kept.state, kept.filled, kept.quantity) == (OrderState.FILLED, *[D("0.0112")] * 2)
    assert coins.desk.positions.quantity(kept.account, kept.contract_id) == D("0.0112")
    assert coins.desk.holdings.quantity(kept.account, "s", kept.contract_id) == D("0.0112")
    assert coins.alarms == []


def test_less_than_was_expected_is_whole_when_the_broker_says_so(coins):
    one = send(coins, size="0.01")

    spent(coins, one, "0.0098")

    kept = coins.kept["orders"][one.command_id]
    assert (kept.state, kept.quantity) == (OrderState.FILLED, D("0.0098"))
    assert coins.desk.book.live(kept.account, kept.contract_id) == []


def test_a_status_before_its_executions_counts_once(coins):
    one = send(coins, size="0.01")
    order = order_of(coins, one)

    coins.turn(status(order, "Filled", "0.0101"))
    assert (order.state, order.quantity) == (OrderState.FILLED, D("0.0101"))
    coins.fill(order.order_id, "0.0101")

    assert (order.filled, order.quantity) == (D("0.0101"), D("0.0101"))
    assert coins.desk.positions.quantity(order.account, order.contract_id) == D("0.0101")


def test_a_filled_order_without_a_fill_is_not_believed(coins):
    one = send(coins, size="0.01")
    order = order_of(coins, one)

    coins.turn(opened(order, "Filled"))

    assert order.state is OrderState.WORKING


def test_what_ioc_could_not_fill_is_cancelled_and_the_rest_is_held(coins):
    one = send(coins, size="0.01")
    spent(coins, one, "0.004", is_told=False)
    coins.end(order_of(coins, one).order_id)

    kept = coins.kept["orders"][one.command_id]
    assert (kept.state, kept.filled, kept.quantity) == (
        OrderState.CANCELLED,
        D("0.004"),
        D("0.01"),
    )


def test_the_end_is_found_among_completed_orders_after_a_lost_connection(coins):
    one = send(coins, size="0.01")
    order = order_of(coins, one)
    spent(coins, one, "0.0099", is_told=False)
    coins.lose()
    coins.broker.by_id(order.order_id).status = "Filled"

    coins.connect()

    kept = coins.kept["orders"][one.command_id]
    assert (kept.state, kept.quantity) == (OrderState.FILLED, D("0.0099"))


def test_an_end_that_is_not_told_is_asked_for(coins):
    one = send(coins, size="0.01")
    order = order_of(coins, one)
    spent(coins, one, "0.0099", is_told=False)
    coins.broker.by_id(order.order_id).status = "Filled"

    assert not asks_after(coins, ACK_S - 1)
    assert asks_after(coins, 2)
    coins.answer_inquiry()

    assert (order.state, order.quantity) == (OrderState.FILLED, D("0.0099"))
    assert not asks_after(coins, ACK_S + 1)


@pytest.mark.parametrize("filled", ["0", "0.0102"])
def test_a_completed_order_ends_it_with_what_it_tells(coins, filled):
    one = send(coins, size="0.01")
    order = order_of(coins, one)
    told = CompletedOrder(
        perm_id=9001, order_ref=order.order_ref, status="Filled", filled=D(filled)
    )
    coins.lose()
    coins.broker.hide(order.order_id)

    coins.connect(completed=(told,))

    kept = coins.kept["orders"][one.command_id]
    assert kept.state is OrderState.FILLED
    assert kept.filled == kept.quantity == (D(filled) or D("0.01"))


@pytest.mark.parametrize("when", ["intended", "committed", "placed"])
def test_whatever_dies_the_same_amount_goes_out_once(coins, when):
    coins.crash_at = when
    one = command(Action.BUY, "0.01", instrument=BITCOIN)
    with pytest.raises(Crash):
        coins.send(one)
    coins.crash()
    # Nobody tells a price any more, and what it was has changed.
    coins.readings = [quote(None, None)]
    if when == "intended":
        coins.readings = [quote()]
    coins.connect()
    coins.send(one)

    (placed,) = coins.broker.placed
    assert placed.ref == one.command_id
    assert order_of(coins, one).cash == D(800)
    assert coins.kept["orders"][one.command_id].ticket.cash == D(800)


def test_what_was_written_down_in_units_is_not_sent_again(coins):
    """As a version before this one has written it."""
    coins.crash_at = "committed"
    one = command(Action.BUY, "0.01", instrument=BITCOIN)
    with pytest.raises(Crash):
        coins.send(one)
    order = coins.kept["orders"][one.command_id]
    order.ticket = replace(order.ticket, cash=None)
    coins.crash()
    coins.connect()

    assert coins.broker.placed == []
    assert outcome(coins, coins.send(one).command_id) is Outcome.REJECTED
    assert "and none was written down" in coins.replies[-1][1].detail


def test_what_closed_meanwhile_takes_its_part_of_the_amount_off(coins):
    """A target that was written down is sized anew, and spends no more than was written down."""
    coins.crash_at = "committed"
    one = command(Action.TARGET, "0.01", instrument=BITCOIN)
    with pytest.raises(Crash):
        coins.send(one)
    coins.crash()
    held = replace(coins.broker.snapshot()[0], contract=CONTRACT, quantity=D("0.004"))
    coins.connect(positions=(held,))

    order = order_of(coins, one)
    assert (order.quantity, order.cash) == (D("0.006"), D(480))
    (record,) = [r for r in coins.kept["commands"].values() if r.command is not None]
    assert record.detail.startswith("buy BTC.USD for 480 USD, about 0.006")


@given(
    st.lists(st.decimals("0.00000001", "0.02", places=8), min_size=1, max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_units_are_counted_once_however_they_are_told(parts, status_first, is_cancelled):
    bench = Bench()
    bench.connect()
    trading(bench)
    one = send(bench, size="0.01")
    order, total = order_of(bench, one), sum(parts)
    end = status(order, "Cancelled" if is_cancelled else "Filled", total)
    if status_first:
        bench.turn(end)
    for part in parts:
        bench.fill(order.order_id, part)
        assert order.filled <= order.quantity
    bench.turn(end)

    assert order.state is (OrderState.CANCELLED if is_cancelled else OrderState.FILLED)
    assert order.filled == total
    assert is_cancelled or order.quantity == total
    assert bench.desk.positions.quantity(order.account, order.contract_id) == total
