"""An entry with a stop right behind the close of the other side: it is never bare."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import (
    Action,
    Entry,
    MarketPosition,
    OrderType,
    StopLoss,
    StrategyPosition,
    TakeProfit,
)
from alertwire.wire.delivery import Outcome
from gateway.rules import Rules
from gateway.terms import Terms
from tests.gateway.bench import Bench, Crash
from tests.gateway.build import AAPL_CANDIDATE, MARKET, command, limit, position

LEGS = {
    "take_profits": (TakeProfit(price=Decimal(210)),),
    "stop_loss": StopLoss(price=Decimal(190)),
}


def short(scope: str = "account") -> Bench:
    """Return a bench whose strategy is short by 10."""
    file = ConfigurationFile.model_validate({"routes": {"r": {"position_scope": scope}}})
    bench = Bench(rules=Rules(file))
    bench.broker.candidates = (replace(AAPL_CANDIDATE, terms=Terms(size_increment=Decimal(1))),)
    bench.connect()
    bench.send(command(Action.SELL, 10, route="r"))
    bench.fill(1)
    return bench


def legs(bench: Bench) -> list[Decimal]:
    """Return the sizes of the stops."""
    return [order.quantity for order in bench.broker.placed if order.tws_type == "STP"]


@pytest.mark.parametrize("scope", ["account", "strategy"])
@pytest.mark.parametrize("entry", [MARKET, limit(200)])
@pytest.mark.parametrize(
    "close", [(Action.EXIT, None), (Action.BUY, 10), (Action.TARGET, 0), (Action.REVERSE, 10)]
)
def test_an_entry_behind_a_close_that_has_not_filled_is_protected(close, entry, scope):
    bench = short(scope)
    bench.send(command(*close, route="r"))
    bench.acknowledge(2)

    bench.send(command(Action.BUY, 10, entry=entry, route="r", **LEGS))

    assert legs(bench) == [10]
    bench.fill(2)
    bench.fill(3)
    assert not bench.alarms


def test_what_closes_an_entry_that_has_not_filled_waits_for_it_and_its_stop():
    bench = short()
    bench.send(command(Action.BUY, 20, **LEGS))
    for order_id in (2, 3, 4):
        bench.acknowledge(order_id)
    bench.send(command(Action.SELL, 10))
    assert len(bench.broker.placed) == 4

    bench.fill(2)
    assert bench.broker.cancels == [3, 4]
    bench.end(3)
    bench.end(4)

    assert [order.quantity for order in bench.broker.placed] == [10, 20, 10, 10, 10]


def test_it_waits_no_longer_than_it_would_for_any_position():
    bench = short()
    bench.send(command(Action.BUY, 20, **LEGS))
    for order_id in (2, 3, 4):
        bench.acknowledge(order_id)
    bench.send(command(Action.SELL, 10))
    bench.wait(3)

    assert len(bench.broker.placed) == 5


def test_a_close_that_is_lost_may_have_filled_so_the_entry_after_it_is_protected():
    bench = short()
    bench.send(command(Action.EXIT))
    bench.acknowledge(2)
    bench.broker.hide(2)
    bench.lose()
    bench.connect(positions=(position(-10),))
    bench.wait(4)

    bench.send(command(Action.BUY, 10, **LEGS))

    assert legs(bench) == [10]


def test_a_target_behind_such_a_close_is_protected_whole():
    bench = short()
    bench.send(command(Action.BUY, 4))
    bench.acknowledge(2)
    bench.send(command(Action.TARGET, 5, **LEGS))
    bench.wait(3)

    assert [order.quantity for order in bench.broker.placed] == [10, 4, 11, 5, 5]


def test_an_entry_that_rests_counts_what_rests_before_it():
    bench = short()
    bench.send(command(Action.BUY, 10, entry=limit(195)))
    bench.acknowledge(2)

    bench.send(command(Action.BUY, 10, entry=limit(194), **LEGS))

    assert legs(bench) == [10]


@pytest.mark.parametrize("kind", [OrderType.MARKET_ON_OPEN, OrderType.MARKET_ON_CLOSE])
def test_an_entry_in_the_auction_of_the_close_before_it_is_protected(kind):
    bench = short()
    auction = Entry(type=kind)
    bench.send(command(Action.EXIT, entry=auction))
    bench.acknowledge(2)

    bench.send(command(Action.BUY, 10, entry=auction, **LEGS))
    bench.wait(3)

    assert legs(bench) == [10]


def test_what_opens_nothing_says_that_no_stop_goes_with_it():
    bench = short()
    buy = command(Action.BUY, 10, **LEGS)
    bench.send(buy)
    bench.acknowledge(2)

    assert not legs(bench)
    assert "opens nothing" in bench.kept["commands"][buy.command_id].detail


def test_while_a_position_may_lag_a_fill_no_stop_is_worked_out_from_it():
    bench = short()
    told = bench.broker.snapshot()
    bench.send(command(Action.EXIT))
    bench.lose()
    bench.broker.fill(bench.broker.by_id(2), Decimal(10), bench.now)
    bench.connect(positions=told)

    bench.send(command(Action.BUY, 10, **LEGS))

    assert len(bench.broker.placed) == 2
    bench.wait(3)
    assert len(bench.broker.placed) in {3, 5}


def test_of_a_fraction_of_a_share_the_whole_ones_are_closed_and_the_rest_is_said():
    bench = short()
    bench.lose()
    bench.connect(positions=(position("-10.5"),))
    bench.wait(3)
    out = command(Action.EXIT)
    bench.send(out)

    assert bench.broker.placed[-1].quantity == 10
    assert "0.5 of it stays" in bench.kept["commands"][out.command_id].detail


def test_what_closed_before_a_crash_and_opens_after_it_is_not_sent_bare():
    bench = short()
    buy = command(Action.BUY, 10, **LEGS)
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(buy)
    bench.crash_at = ""
    bench.crash()

    bench.connect(positions=(position(0),))  # what was short was bought by hand
    bench.wait(3)

    assert bench.kept["commands"][buy.command_id].outcome is Outcome.REJECTED
    assert len(bench.broker.placed) == 1


@pytest.mark.parametrize(
    ("after", "size", "wanted", "ordered"),
    [
        (MarketPosition.SHORT, None, None, []),
        (MarketPosition.SHORT, 5, None, []),
        (MarketPosition.SHORT, None, 5, []),
        (MarketPosition.LONG, None, None, [20]),
        (MarketPosition.LONG, None, 5, [15]),
        (None, None, None, [20]),
    ],
)
def test_a_reversal_turns_only_what_its_alert_expects(after, size, wanted, ordered):
    bench = short()
    told = StrategyPosition(side=after, size=None if size is None else Decimal(size))

    reply = bench.send(command(Action.REVERSE, wanted, route="r", position=told))

    assert [order.quantity for order in bench.broker.placed[1:]] == ordered
    assert ("position_mismatch" in bench.alarms) is (not ordered)
    if not ordered:
        assert reply is not None
        assert reply.outcome is Outcome.ACCEPTED
        assert "no long position to reverse: it is -10" in reply.detail


def test_a_reversal_that_comes_twice_turns_once():
    bench = short()
    told = StrategyPosition(side=MarketPosition.LONG)
    for _ in range(2):
        bench.send(command(Action.REVERSE, route="r", position=told))

    assert [order.quantity for order in bench.broker.placed[1:]] == [20]
