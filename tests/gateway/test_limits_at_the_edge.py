"""Limits where little is known, where nothing waits for them, and of what is sent again."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import (
    Action,
    Entry,
    MarketPosition,
    OrderType,
    StopLoss,
    StrategyPosition,
    TakeProfit,
)
from alertwire.wire.delivery import Outcome, Stage, Stamp, Trace
from alertwire.wire.report import Side
from gateway.messages import AccountValue, FundsAnswered, QuoteTold
from gateway.terms import Session, Terms
from tests.gateway.bench import Crash, outcome
from tests.gateway.build import (
    AAPL_CANDIDATE,
    AAPL_CONTRACT,
    ACCOUNT,
    MARKET,
    NOW,
    command,
    limit,
    position,
)
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


@pytest.mark.parametrize(
    ("rules", "held", "is_sent"),
    [
        ({"order_quantity_max": 5}, 12, True),
        ({"order_quantity_max": 5}, 4, False),
        ({"order_quantity_max": 5}, 0, False),
        ({"position_quantity_max": 12}, -10, False),
        ({}, 0, True),
    ],
)
def test_what_no_limit_was_looked_at_for_is_not_sent_again_to_open(bench, rules, held, is_sent):
    limited(bench, limits=rules)
    for number in (1, 2, 3):
        bench.send(command(Action.BUY, 4, key=f"k{number}"))
        bench.acknowledge(number)
        bench.fill(number)
    bench.wait(5)
    out = command(Action.SELL, 12, key="out")
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(out)
    bench.crash()
    bench.connect(positions=(position(held),))
    bench.wait(5)

    assert [order.quantity for order in bench.broker.placed[3:]] == ([12] if is_sent else [])
    if not is_sent:
        kept = bench.kept["commands"][out.command_id]
        assert kept.outcome is Outcome.REJECTED
        assert "which only reduced, and it would open now; send it again" in kept.detail


@pytest.mark.parametrize(
    ("rules", "hours", "held", "limit_name"),
    [
        ({"windows": ["15:00-15:10 UTC"]}, 0, 0, ""),
        ({"windows": ["15:00-15:10 UTC"]}, 6, 0, "windows"),
        ({"hours": "regular"}, 0, 0, ""),
        ({"hours": "regular"}, 12, 0, "hours"),
        ({"position_quantity_max": 10}, 0, 0, ""),
        ({"position_quantity_max": 10}, 0, 1, "position_quantity_max"),
        ({"position_quantity_max": 10}, 0, -5, ""),
        # It was counted when it was written down, and needs no place of its own.
        ({"orders_per_day_max": 1, "open_orders_max": 1, "repeat_entry_s": 60}, 0, 0, ""),
    ],
)
def test_an_entry_is_not_sent_again_where_it_may_not_go_any_more(
    bench, rules, hours, held, limit_name
):
    opens = (Session(NOW, NOW + timedelta(hours=1)),)
    terms = Terms(trading_sessions=opens, liquid_sessions=opens)
    bench.broker.candidates = (replace(AAPL_CANDIDATE, terms=terms),)
    limited(bench, limits=rules)
    buy = command(Action.BUY, 10)
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(buy)
    bench.crash()
    bench.now += timedelta(hours=hours)
    bench.connect(positions=(position(held),))
    bench.wait(5)

    assert bool(bench.broker.placed) is not bool(limit_name)
    if limit_name:
        assert bench.kept["commands"][buy.command_id].outcome is Outcome.REJECTED
        assert f"({limit_name})" in bench.kept["commands"][buy.command_id].detail


@pytest.mark.parametrize("price", [Decimal(0), Decimal(-1)])
def test_an_alerts_price_of_zero_is_none(bench, price):
    limited(bench, limits={"order_value_max": 2000})
    bench.readings = [QuoteTold(contract_id=AAPL_CONTRACT.contract_id, reason="none")]
    buy = command(Action.BUY, 100_000, price=price)
    bench.send(buy)

    assert bench.broker.placed == []
    assert "send the price in the alert" in bench.replies[-1][1].detail


def synced(action, quantity, after):
    """A trade that leaves so much by the chart, which was flat before it."""
    side = MarketPosition.LONG if after > 0 else MarketPosition.SHORT
    told = StrategyPosition(
        side=side,
        size=Decimal(abs(after)),
        previous_side=MarketPosition.FLAT,
        previous_size=Decimal(0),
    )
    return command(action, quantity, key="g", route="r", position=told)


def test_what_sync_makes_an_entry_waits_for_price_and_profit(bench):
    limited(bench, limits=MEASURED, routes={"r": {"position_mismatch": "sync"}})
    bench.turn(position(-5))
    bench.wait(5)
    buy = synced(Action.BUY, 5, after=5)
    bench.send(buy)
    assert (bench.broker.placed, outcome(bench, buy.command_id)) == ([], None)

    bench.turn(
        QuoteTold(contract_id=AAPL_CONTRACT.contract_id, last=Decimal(200)),
        AccountValue(account=ACCOUNT, tag="DailyPnL", value=Decimal(0), currency=""),
        FundsAnswered(),
    )
    assert [order.quantity for order in bench.broker.placed] == [10]


def test_what_sync_makes_a_close_of_a_part_waits_for_neither(bench):
    limited(bench, limits=MEASURED, routes={"r": {"position_mismatch": "sync"}})
    bench.turn(position(-8))
    bench.wait(5)
    bench.send(synced(Action.SELL, 5, after=-5))

    assert [(o.side, o.quantity) for o in bench.broker.placed] == [(Side.BUY, 3)]


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
