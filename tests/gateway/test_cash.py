"""Market buys of crypto: how much cash goes out, and what else follows from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import (
    Action,
    MarketPosition,
    QuantityType,
    Sizing,
    StopLoss,
    StrategyPosition,
    TakeProfit,
    TimeInForce,
)
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway import cash
from gateway.quotes import Price
from gateway.sizing import Approved, Refused
from tests.gateway.bench import outcome
from tests.gateway.build import command, limit, units
from tests.gateway.coins import BITCOIN, STEP, D, order_of, quote, send, spent, trading
from tests.gateway.test_limits import limited


def test_units_go_out_as_what_they_cost_now(coins):
    one = send(coins, size="0.0123456")

    ticket = order_of(coins, one).ticket
    # 987.648 USD, and no part of a cent.
    assert (ticket.cash, ticket.quantity, ticket.time_in_force) == (
        D("987.64"),
        D("0.0123456"),
        "IOC",
    )
    spent(coins, one, "0.0123456")
    detail = coins.replies[-1][1].detail
    assert detail.startswith("buy BTC.USD for 987.64 USD, about 0.0123456; ")
    assert "0.0123456 at 80,000 (the ask)" in detail


@pytest.mark.parametrize(("asked", "goes"), [("1000", "1000"), ("999.999", "999.99")])
def test_cash_goes_out_as_it_was_asked_for(coins, asked, goes):
    one = send(coins, sizing=Sizing(type=QuantityType.CASH, value=D(asked)))

    ticket = order_of(coins, one).ticket
    assert ticket.cash == D(goes)
    assert ticket.quantity == (D(asked) / 80_000).quantize(STEP, "ROUND_DOWN")


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        (Action.SELL, {}),
        (Action.BUY, {"entry": limit(70_000)}),
        (Action.BUY, {"instrument": None}),
    ],
)
def test_what_ib_takes_in_units_goes_out_in_units(coins, action, fields):
    if fields.get("instrument", BITCOIN) is None:
        fields = {"instrument": command().instrument}
    if action is Action.SELL:
        spent(coins, send(coins, size="1"), "1")
    one = send(coins, action, 1, **fields)

    assert order_of(coins, one).ticket.cash is None


def test_the_limits_hold_against_the_cash_and_not_the_last_price(coins):
    trading(limited(coins, limits={"order_value_max": 900}))
    coins.readings = [quote(79_000, 80_000, 70_000)]

    refused = send(coins, size="0.012")
    assert outcome(coins, refused.command_id) is Outcome.REJECTED
    assert "an order of 900 USD, this would make it 960 at 80000" in coins.replies[-1][1].detail

    goes = send(coins, sizing=Sizing(type=QuantityType.CASH, value=D(900)))
    assert order_of(coins, goes).cash == 900


def test_positions_are_limited_by_what_the_cash_is_expected_to_bring(coins):
    trading(limited(coins, limits={"position_quantity_max": "0.015", "position_value_max": 1500}))
    spent(coins, send(coins, size="0.01"), "0.01")

    send(coins, size="0.006")
    assert "position_quantity_max" in coins.replies[-1][1].detail
    coins.readings = [quote(139_000, 140_000)]
    coins.wait(20)
    send(coins, size="0.004")
    assert "position_value_max" in coins.replies[-1][1].detail


@pytest.mark.parametrize(
    "legs",
    [{"stop_loss": StopLoss(price=D(70_000))}, {"take_profits": (TakeProfit(price=D(90_000)),)}],
)
def test_protection_needs_units_so_a_bracket_at_market_is_refused(coins, legs):
    one = send(coins, size="0.01", **legs)
    assert outcome(coins, one.command_id) is Outcome.REJECTED
    assert "use a limit order, or send the stop with modify" in coins.replies[-1][1].detail
    assert coins.broker.placed == []

    send(coins, size="0.01", entry=limit(80_000), **legs)
    assert [order.quantity for order in coins.broker.placed] == [D("0.01")] * 2


def test_a_stop_can_be_added_for_what_was_bought(coins):
    spent(coins, send(coins, size="0.01"), "0.0099")

    send(coins, Action.MODIFY, stop_loss=StopLoss(price=D(70_000)))

    assert [(o.side, o.quantity) for o in coins.broker.placed[1:]] == [(Side.SELL, D("0.0099"))]


def test_without_a_price_no_amount_can_be_named(coins):
    coins.readings = [quote(None, None)]
    one = send(coins, size="0.01")

    assert outcome(coins, one.command_id) is Outcome.REJECTED
    detail = coins.replies[-1][1].detail
    assert "IB takes a market buy of crypto as an amount of cash alone, and no price" in detail
    assert coins.broker.placed == []


def test_less_than_a_cent_is_refused(coins):
    one = send(coins, size="0.0000001")

    assert outcome(coins, one.command_id) is Outcome.REJECTED


@pytest.mark.parametrize("action", [Action.BUY, Action.SELL])
@pytest.mark.parametrize(
    ("tif", "goes"),
    [("DAY", True), ("IOC", True), ("GTC", False), ("FOK", False), ("GTD", False)],
)
def test_at_the_market_crypto_trades_at_once_or_not_at_all(coins, action, tif, goes):
    if action is Action.SELL:
        spent(coins, send(coins, size="0.01"), "0.01")
    one = send(coins, action, "0.01", time_in_force=TimeInForce[tif])

    if goes:
        assert order_of(coins, one).ticket.time_in_force == "IOC"
    else:
        assert outcome(coins, one.command_id) is Outcome.REJECTED
        assert coins.replies[-1][1].detail.endswith("at once or not at all: use ioc")


def test_a_target_is_reached_when_it_is_as_near_as_cash_comes(coins):
    spent(coins, send(coins, Action.TARGET, "0.01"), "0.00997")

    again = send(coins, Action.TARGET, "0.01")
    assert outcome(coins, again.command_id) is Outcome.ACCEPTED
    assert "position is 0.00997, within 0.5 % of 0.01" in coins.replies[-1][1].detail
    assert len(coins.broker.placed) == 1
    send(coins, Action.TARGET, "0.011")
    assert coins.broker.placed[1].quantity == D("0.00103")


@pytest.mark.parametrize("bought", ["0.00997", "0.01003"])
@pytest.mark.parametrize("action", [Action.SELL, Action.EXIT])
def test_the_sale_of_what_was_bought_leaves_no_dust_and_opens_nothing(coins, action, bought):
    spent(coins, send(coins, size="0.01"), bought)

    send(coins, action, "0.01")

    assert coins.broker.placed[1].quantity == D(bought)


def test_a_target_that_is_further_off_is_bought(coins):
    spent(coins, send(coins, Action.TARGET, "0.01"), "0.00994")

    send(coins, Action.TARGET, "0.01")

    assert coins.broker.placed[1].quantity == D("0.00006")


def test_dust_is_left_to_a_sale_that_works_already(coins):
    spent(coins, send(coins, size="0.01"), "0.01003")
    send(coins, Action.SELL, "0.00001", entry=limit(90_000))

    send(coins, Action.SELL, "0.01")

    assert [order.quantity for order in coins.broker.placed[1:]] == [D("0.00001"), D("0.01")]


def test_what_is_sent_again_spends_no_more_than_was_written_down(coins):
    own = order_of(coins, send(coins, size="0.01"))
    assert own.cash == D(800)

    more = cash.kept(Approved(Side.BUY, D("0.02")), own)
    less = cash.kept(Approved(Side.BUY, D("0.005")), own)

    assert isinstance(more, Approved)
    assert (more.quantity, more.cash) == (D("0.01"), D(800))
    assert isinstance(less, Approved)
    assert (less.quantity, less.cash) == (D("0.005"), D(400))
    assert isinstance(cash.kept(Approved(Side.SELL, D("0.005")), own), Refused)


def test_another_size_is_sold_as_it_is_told(coins):
    spent(coins, send(coins, size="0.01"), "0.01")

    send(coins, Action.SELL, "0.009")

    assert coins.broker.placed[1].quantity == D("0.009")


@pytest.mark.parametrize(
    ("action", "size", "fields"),
    [
        (Action.SELL, "0.011", {}),
        (Action.SELL, "0.011", {"entry": limit(90_000)}),
        (Action.REVERSE, None, {}),
        (Action.TARGET, "-0.01", {}),
    ],
)
def test_no_more_is_sold_than_is_held_and_its_stop_stays(coins, action, size, fields):
    stop = StopLoss(price=D(70_000))
    bought = send(coins, size="0.01", entry=limit(80_000), stop_loss=stop)
    for order_id in (1, 2):
        coins.acknowledge(order_id)
    coins.fill(1)
    coins.wait(4)
    one = send(coins, action, size, **fields)
    coins.wait(4)

    assert outcome(coins, bought.command_id) is Outcome.ACCEPTED
    assert outcome(coins, one.command_id) is Outcome.REJECTED
    assert "IB sells no crypto short: 0.01 is held, and 0.0" in coins.replies[-1][1].detail
    assert (len(coins.broker.placed), coins.broker.cancels) == (2, [])


def test_what_is_being_bought_at_the_market_may_be_sold(coins):
    send(coins, size="0.01")
    send(coins, Action.SELL, "0.005")

    assert [order.side for order in coins.broker.placed] == [Side.BUY, Side.SELL]


def test_an_alert_that_expects_what_was_meant_meets_no_mismatch(coins):
    spent(coins, send(coins, size="0.01"), "0.00997")
    told = StrategyPosition(
        side=MarketPosition.FLAT,
        size=D(0),
        previous_side=MarketPosition.LONG,
        previous_size=D("0.01"),
    )

    send(coins, Action.EXIT, position=told)
    assert coins.alarms == []


@given(
    st.decimals("0.00000001", "1000", places=8),
    st.decimals("0.01", "200000", places=2),
    st.sampled_from(["USD", "JPY"]),
)
def test_no_amount_is_above_what_the_units_cost(quantity, price, currency):
    approved = Approved(Side.BUY, quantity)
    found = cash.spending(approved, None, Price(price, "the ask"), currency)

    cost = quantity * price
    cent = D(1) if currency == "JPY" else D("0.01")
    if isinstance(found, Refused):
        assert cost < cent
        return
    assert 0 <= cost - found.cash < cent
    assert found.cash % cent == 0
    assert found.quantity == quantity


def test_units_of_stocks_are_never_bought_for_cash(coins):
    assert not cash.may_go_in_cash(command(Action.BUY, sizing=units(1)), D(0))
