"""Matching, the walk, portions, commission and accounts: values in, values out."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.accounts import Account, commission, order_margin
from simulator.auctions import auctions_between
from simulator.catalogue import Catalogue
from simulator.exchange import split
from simulator.market import Market, opening_quote, walk
from simulator.matching import execution_price, watch
from simulator.order_rules import parse_time
from simulator.orders import Order, Terms
from tests.simulator.test_catalogue import TODAY

CATALOGUE = Catalogue(7, lambda: TODAY)
AAPL = CATALOGUE.by_symbol("AAPL")
ES = CATALOGUE.by_symbol("ES", "FUT")
QUOTE = Market(7).set_price(AAPL, price=Decimal(200))


def order(action, order_type, **terms):
    made = Terms(action, Decimal(1), order_type, **terms)
    stop = made.trail_stop_price if order_type.startswith("TRAIL") else made.aux_price
    return Order(*(made, AAPL, 1, 1, 1, 1, 0.0), stop_price=stop, limit_price=made.limit_price)


def test_a_price_set_by_hand_has_a_book_around_it():
    assert (QUOTE.bid, QUOTE.ask, QUOTE.last) == (Decimal("199.99"), Decimal("200.01"), 200)


@pytest.mark.parametrize(
    ("action", "limit", "arriving", "resting"),
    [
        ("BUY", "200.01", "200.01", "200.01"),
        ("BUY", "205", "200.01", "205"),
        ("BUY", "200", None, None),
        ("SELL", "199.99", "199.99", "199.99"),
        ("SELL", "150", "199.99", "150"),
        ("SELL", "200", None, None),
    ],
)
def test_limits(action, limit, arriving, resting):
    one = order(action, "LMT", limit_price=Decimal(limit))
    found = [execution_price(one, QUOTE, is_arriving=is_arriving) for is_arriving in (True, False)]

    assert found == [price and Decimal(price) for price in (arriving, resting)]


@pytest.mark.parametrize(
    ("action", "order_type", "stop", "triggers"),
    [
        ("BUY", "STP", "200", True),
        ("BUY", "STP", "200.01", False),
        ("SELL", "STP", "200", True),
        ("SELL", "STP LMT", "199.99", False),
        ("BUY", "MIT", "200", True),
        ("BUY", "MIT", "199.99", False),
        ("SELL", "LIT", "200.01", False),
        ("SELL", "LIT", "199", True),
    ],
)
def test_triggers(action, order_type, stop, triggers):
    one = order(action, order_type, aux_price=Decimal(stop), limit_price=Decimal(200))

    assert watch(one, QUOTE, AAPL.min_tick).is_triggered is triggers
    assert execution_price(one, QUOTE, is_arriving=True) is None


def test_a_trailing_stop_never_moves_back():
    one = order("SELL", "TRAIL", aux_price=Decimal(5))
    stops = []
    for last in (200, 210, 206, 207):
        trigger = watch(one, replace(QUOTE, last=Decimal(last)), AAPL.min_tick)
        one.stop_price = trigger.stop_price
        stops.append(trigger.stop_price)
        assert not trigger.is_triggered

    assert stops == [195, 205, 205, 205]
    assert watch(one, replace(QUOTE, last=Decimal(205)), AAPL.min_tick).is_triggered


def test_a_trailing_limit_keeps_its_distance():
    one = order(
        *("BUY", "TRAIL LIMIT"),
        aux_price=Decimal(5),
        trail_stop_price=Decimal(206),
        limit_price_offset=Decimal("0.5"),
    )
    trigger = watch(one, QUOTE, AAPL.min_tick)

    assert (trigger.stop_price, trigger.limit_price) == (205, Decimal("205.5"))


@given(st.integers(0, 2**32), st.sampled_from([AAPL, ES]), st.floats(0.01, 3600))
def test_the_walk_keeps_to_the_tick_and_the_book_open(seed, contract, seconds):
    rng = Random(seed)
    quote = opening_quote(contract, rng)
    for _ in range(20):
        quote = walk(quote, contract, seconds, rng)
        assert 0 < quote.bid < quote.ask
        assert quote.bid <= quote.last <= quote.ask
        assert quote.low <= quote.last <= quote.high
        assert all(price % contract.min_tick == 0 for price in (quote.bid, quote.ask, quote.last))


def test_the_same_seed_walks_the_same_way():
    paths = []
    for _ in range(2):
        market = Market(11)
        for _ in range(50):
            market.step([AAPL], 1.0)
        paths.append(market.quote(AAPL))

    assert paths[0] == paths[1] != Market(12).quote(AAPL)


@given(st.integers(1, 100_000), st.integers(1, 9), st.sampled_from(["1", "0.0001", "0.00000001"]))
def test_portions_add_up(quantity, parts, increment):
    step = Decimal(increment)
    portions = split(quantity * step, parts, step)

    assert sum(portions) == quantity * step
    assert 1 <= len(portions) <= parts
    assert all(portion > 0 and portion % step == 0 for portion in portions)


@given(st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(100, 300)), max_size=30))
def test_an_account_neither_makes_nor_loses_money(trades):
    """Cash and what is held at the last price equal the opening cash and every gain."""
    account = Account("DU1", Decimal(1_000_000))
    paid = Decimal(0)
    for quantity, price in trades:
        fee = commission(AAPL, Decimal(abs(quantity)), Decimal(price))
        account.book(AAPL, Decimal(quantity), Decimal(price), fee)
        paid += Decimal(quantity) * price + fee
    totals = account.totals(lambda _: QUOTE)
    held = sum(quantity for quantity, _ in trades)

    assert account.cash["USD"] == 1_000_000 - paid
    assert totals.net_liquidation == account.cash["USD"] + held * 200
    gain = totals.net_liquidation - 1_000_000
    assert abs(totals.realized + totals.unrealized - gain) < 31


def test_futures_cost_no_cash_but_their_gain_counts():
    account = Account("DU1", Decimal(1_000_000))
    account.book(ES, Decimal(2), Decimal(6600), Decimal("4.5"))
    quote = Market(7).set_price(ES, price=Decimal(6610))

    assert account.cash["USD"] == 1_000_000
    assert account.totals(lambda _: quote).net_liquidation == Decimal("1000995.5")
    realized = account.book(ES, Decimal(-2), Decimal(6610), Decimal("4.5"))
    assert realized == 2 * 10 * 50 - Decimal("4.5") * 2
    assert account.cash["USD"] == 1_000_000 + 1000 - 9


def test_commission_and_margin_of_a_share():
    assert commission(AAPL, Decimal(1000), Decimal(200)) == 5
    assert commission(AAPL, Decimal(1), Decimal(200)) == 1
    assert order_margin(AAPL, Decimal(100), Decimal(200)) == 5000


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("20261218 16:00:00 US/Eastern", "2026-12-18T21:00:00+00:00"),
        ("20261218-21:00:00", "2026-12-18T21:00:00+00:00"),
        ("20261218 16:00:00", "2026-12-18T21:00:00+00:00"),
        ("20261218 16:00 Europe/Berlin", "2026-12-18T15:00:00+00:00"),
        ("20261218", "2026-12-19T04:59:59+00:00"),
        ("soon", None),
        ("20261341 10:00:00", None),
        ("20261218 10:00:00 Mars/Olympus", None),
    ],
)
def test_times(text, when):
    found = parse_time(text)

    assert (found and found.isoformat()) == when


def test_auctions_happen_once_and_not_at_weekends():
    close = parse_time("20261120 16:00:00 US/Eastern").timestamp()
    saturday = parse_time("20261121 16:00:00 US/Eastern").timestamp()

    assert auctions_between(close - 1, close) == ["close"]
    assert auctions_between(close, close + 1) == []
    assert auctions_between(close - 8 * 3600, close) == ["open", "close"]
    assert auctions_between(saturday - 1, saturday) == []
