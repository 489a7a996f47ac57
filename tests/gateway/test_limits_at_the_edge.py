"""Limits where little is known, where nothing waits for them, and of what is sent again."""

from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, Entry, OrderType, StopLoss, TakeProfit
from alertwire.wire.delivery import Outcome, Stage, Stamp, Trace
from alertwire.wire.report import Side
from gateway.messages import AccountValue, FundsAnswered, QuoteTold
from tests.gateway.bench import Crash, outcome
from tests.gateway.build import AAPL_CONTRACT, ACCOUNT, MARKET, command, limit, position
from tests.gateway.test_brackets import bracket, open_position
from tests.gateway.test_limits import limited

MEASURED = {"daily_loss_max": 100, "order_value_max": 100_000}


@pytest.mark.parametrize(("action", "quantity"), [(Action.TARGET, 0), (Action.SELL, 10)])
def test_what_only_closes_waits_for_no_price_and_no_profit(bench, action, quantity):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    bench.wait(5)
    limited(bench, limits=MEASURED)
    bench.send(command(action, quantity, key="out"))

    assert [order.side for order in bench.broker.placed] == [Side.BUY, Side.SELL]


def test_a_stop_that_moves_waits_for_no_price_and_no_profit(bench):
    open_position(bench)
    bench.wait(5)
    limited(bench, limits=MEASURED)
    bench.send(command(Action.MODIFY, key="m", stop_loss=StopLoss(price=Decimal(195))))

    assert bench.broker.by_id(3).aux_price == 195


def test_what_opens_waits_for_them(bench):
    limited(bench, limits=MEASURED)
    buy = command(Action.BUY, 10)
    bench.send(buy)
    assert bench.broker.placed == []

    bench.turn(
        QuoteTold(contract_id=AAPL_CONTRACT.contract_id, last=Decimal(200)),
        AccountValue(account=ACCOUNT, tag="DailyPnL", value=Decimal(0), currency=""),
        FundsAnswered(),
    )
    assert [order.ref for order in bench.broker.placed] == [buy.command_id]


STOP = Entry(type=OrderType.STOP, stop_price=Decimal(1))


@pytest.mark.parametrize(
    ("action", "entry", "price", "is_sent"),
    [
        # It is filled at the limit or better, which for a sell is anything above.
        (Action.SELL, limit(1), 200, False),
        (Action.SELL, limit(1), None, False),
        (Action.SELL, limit(1), 1, True),
        (Action.BUY, STOP, None, False),
        (Action.SELL, STOP, None, True),
        (Action.BUY, limit(1), None, True),
        (Action.BUY, limit(1), 200, False),
    ],
)
def test_where_the_broker_tells_no_price_a_value_is_not_taken_for_small(
    bench, action, entry, price, is_sent
):
    limited(bench, limits={"order_value_max": 2000})
    reason = "the broker told no price in 2 s"
    bench.readings = [QuoteTold(contract_id=AAPL_CONTRACT.contract_id, reason=reason)]
    one = command(action, 1000, entry=entry, price=price and Decimal(price))
    bench.send(one)

    assert bool(bench.broker.placed) == is_sent
    assert outcome(bench, one.command_id) is (None if is_sent else Outcome.REJECTED)


@pytest.mark.parametrize(
    ("action", "entry", "is_sent"),
    [
        (Action.BUY, MARKET, False),
        (Action.BUY, Entry(type=OrderType.STOP, stop_price=Decimal(101)), False),
        (Action.BUY, limit(101), True),
        (Action.SELL, MARKET, True),
    ],
)
def test_what_may_fill_at_any_price_is_worth_what_the_book_asks(bench, action, entry, is_sent):
    """The last trade of an option may be of yesterday, at a part of what it costs now."""
    limited(bench, limits={"order_value_max": 2000})
    book = {"bid": Decimal(90), "ask": Decimal(500), "last": Decimal(100)}
    bench.readings = [QuoteTold(contract_id=AAPL_CONTRACT.contract_id, **book)]
    one = command(action, 10, entry=entry)
    bench.send(one)

    assert bool(bench.broker.placed) == is_sent
    if not is_sent:
        assert "5000 at 500 (order_value_max)" in bench.replies[-1][1].detail


@pytest.mark.parametrize(("seconds", "is_sent"), [(60, True), (61, False)])
def test_an_alerts_price_of_long_ago_bounds_nothing(bench, seconds, is_sent):
    limited(bench, limits={"order_value_max": 2000})
    bench.readings = [QuoteTold(contract_id=AAPL_CONTRACT.contract_id, reason="none")]
    came = Stamp(stage=Stage.RECEIVED, at=bench.now - timedelta(seconds=seconds))
    bench.send(command(Action.BUY, 10, price=Decimal(100), trace=Trace(stamps=(came,))))

    assert bool(bench.broker.placed) == is_sent


@pytest.mark.parametrize(
    ("rules", "held", "sent"),
    [({}, 0, [10]), ({"order_quantity_max": 5}, 0, []), ({"order_quantity_max": 5}, 9, [1])],
)
def test_what_is_sent_again_is_no_larger_than_limits_have_let_it(bench, rules, held, sent):
    limited(bench, limits=rules)
    for number in (1, 2):
        bench.send(command(Action.BUY, 4, key=f"k{number}"))
        bench.acknowledge(number)
        bench.fill(number)
    bench.wait(5)
    target = command(Action.TARGET, 10, key="t")
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(target)
    bench.crash()
    bench.connect(positions=(position(held),))
    bench.wait(5)

    assert [order.quantity for order in bench.broker.placed[2:]] == sent
    if not sent:
        assert "limits let 2 units go" in bench.kept["commands"][target.command_id].detail


@pytest.mark.parametrize(("rules", "sent"), [({}, [1]), ({"order_quantity_max": 5}, [])])
def test_what_is_sent_again_does_not_open_where_it_was_let_through_to_close(bench, rules, sent):
    limited(bench, limits=rules)
    bench.send(command(Action.BUY, 3, key="k1"))
    bench.acknowledge(1)
    bench.fill(1)
    bench.wait(5)
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(command(Action.TARGET, 1, key="t"))
    bench.crash()
    bench.connect(positions=(position(0),))
    bench.wait(5)

    again = bench.broker.placed[1:]
    assert [(order.side, order.quantity) for order in again] == [(Side.BUY, n) for n in sent]


@pytest.mark.parametrize(("working", "is_sent"), [(16, True), (17, False)])
def test_the_stop_of_what_no_take_profit_is_for_takes_a_place_too(bench, working, is_sent):
    for number in range(working):
        one = command(Action.SELL, 1, strategy=f"x{number}", key=f"x{number}", entry=limit(900))
        bench.send(one)
    half = (TakeProfit(price=Decimal(210), portion_percent=Decimal(50)),)
    bench.send(bracket(strategy="z", key="z", take_profits=half))

    assert len(bench.broker.placed) == working + (4 if is_sent else 0)


@pytest.mark.parametrize(("working", "is_sent"), [(17, True), (18, False)])
def test_what_a_modify_adds_takes_a_place_too(bench, working, is_sent):
    bench.send(command(Action.BUY, 100))
    bench.fill(1)
    for number in range(working):
        one = command(Action.SELL, 1, strategy=f"x{number}", key=f"x{number}", entry=limit(900))
        bench.send(one)
    prices = {
        "take_profits": (TakeProfit(price=Decimal(220)),),
        "stop_loss": StopLoss(price=Decimal(195)),
    }
    reply = bench.send(command(Action.MODIFY, key="m", **prices))

    assert len(bench.broker.placed) == 1 + working + (2 if is_sent else 0)
    assert is_sent or "TWS takes 20 working orders" in reply.detail
