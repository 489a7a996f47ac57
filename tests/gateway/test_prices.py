"""Prices that the exchange takes: on its grid, on the safe side, and told."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import Entry, OrderType
from alertwire.wire.report import Side
from gateway.prices import Rounded, round_entry, round_price
from gateway.sizing import Refused
from gateway.terms import PriceStep, Terms

D = Decimal
CENT = Terms(min_tick=D("0.01"), price_steps=(PriceStep(D(0), D("0.01")),))
INDEX_OPTION = Terms(
    min_tick=D("0.05"),
    price_steps=(PriceStep(D(0), D("0.05")), PriceStep(D(3), D("0.10"))),
)
CORN = Terms(min_tick=D("0.25"), price_magnifier=100)
UNEVEN = Terms(
    min_tick=D("0.03"),
    # A step that begins between two multiples of the increments on both its sides.
    price_steps=(PriceStep(D(0), D("0.03")), PriceStep(D(10), D("0.07"))),
)
INCREMENTS = ["0.0001", "0.0005", "0.001", "0.005", "0.01", "0.05", "0.25", "1", "5", "0.015625"]


@st.composite
def rules(draw) -> Terms:
    increments = sorted(draw(st.sets(st.sampled_from([D(one) for one in INCREMENTS]), min_size=1)))
    lows = [D(0)]
    for _ in increments[1:]:
        lows.append(lows[-1] + draw(st.integers(1, 50)))
    steps = tuple(PriceStep(low, step) for low, step in zip(lows, increments, strict=True))
    return Terms(min_tick=increments[0], price_steps=steps)


prices = st.decimals(min_value=0, max_value=500, places=6, allow_nan=False)


def is_taken(price: Decimal, terms: Terms) -> bool:
    return price % terms.increment_at(price) == 0


@given(prices, rules() | st.just(UNEVEN), st.sampled_from(Side))
def test_a_rounded_price_is_one_that_the_exchange_takes_on_the_safe_side(price, terms, side):
    rounded = round_price(price, side, terms)

    assert is_taken(rounded, terms)
    assert rounded <= price if side is Side.BUY else rounded >= price


@given(prices, rules() | st.just(UNEVEN), st.sampled_from(Side))
def test_it_moves_by_less_than_two_steps_and_stays_when_rounded_again(price, terms, side):
    rounded = round_price(price, side, terms)
    coarsest = max(step.increment for step in terms.price_steps)

    assert abs(rounded - price) < 2 * coarsest
    assert round_price(rounded, side, terms) == rounded


@given(prices, rules())
def test_a_price_that_the_exchange_takes_is_left_alone(price, terms):
    if is_taken(price, terms):
        assert round_price(price, Side.BUY, terms) == price == round_price(price, Side.SELL, terms)


@given(prices, prices, rules(), st.sampled_from(Side))
def test_what_was_higher_is_never_lower(one, other, terms, side):
    low, high = sorted((one, other))

    assert round_price(low, side, terms) <= round_price(high, side, terms)


@pytest.mark.parametrize(
    ("terms", "side", "asked", "used"),
    [
        (CENT, Side.BUY, "100.007", "100.00"),
        (CENT, Side.SELL, "100.003", "100.01"),
        (INDEX_OPTION, Side.BUY, "2.99", "2.95"),
        (INDEX_OPTION, Side.SELL, "2.96", "3.00"),
        (INDEX_OPTION, Side.BUY, "3.15", "3.10"),
        (INDEX_OPTION, Side.SELL, "3.15", "3.20"),
        (CORN, Side.BUY, "430.30", "430.25"),
        (Terms(), Side.BUY, "1.23456", "1.23456"),
    ],
)
def test_the_market_rule_counts_at_the_price(terms, side, asked, used):
    assert round_price(D(asked), side, terms) == D(used)


def entry(kind=OrderType.STOP_LIMIT, **prices) -> Entry:
    return Entry(type=kind, **{name: D(value) for name, value in prices.items()})


def test_what_was_changed_is_told_with_the_numbers():
    asked = entry(limit_price="10.004", stop_price="10")

    rounded = round_entry(asked, Side.SELL, CENT, None)

    assert rounded == Rounded(
        entry(limit_price="10.01", stop_price="10"),
        D("0.00"),
        ("limit_price 10.004 is 10.01 in steps of 0.01",),
    )


def test_steps_that_were_not_told_are_named_where_a_price_was_changed():
    terms = Terms(min_tick=D("0.01"), remark="market rule 26 was not told")

    changed = round_entry(entry(OrderType.LIMIT, limit_price="10.005"), Side.BUY, terms, None)
    same = round_entry(entry(OrderType.LIMIT, limit_price="10.01"), Side.BUY, terms, None)

    assert changed.remarks[-1] == "market rule 26 was not told"
    assert same.remarks == ()


@pytest.mark.parametrize("asked", ["0.004", "0", "-1"])
def test_a_price_that_comes_to_nothing_is_refused(asked):
    verdict = round_entry(entry(OrderType.LIMIT, limit_price=asked), Side.BUY, CENT, None)

    assert isinstance(verdict, Refused)
    assert "limit_price" in verdict.reason


def test_a_trail_is_rounded_down_but_never_to_nothing_and_a_percent_is_kept():
    trail = entry(OrderType.TRAILING_STOP, trail_amount="0.019", trail_percent="1.234")
    close = entry(OrderType.TRAILING_STOP, trail_amount="0.001")

    assert round_entry(trail, Side.SELL, CENT, None).entry.trail_amount == D("0.01")
    assert round_entry(trail, Side.SELL, CENT, None).entry.trail_percent == D("1.234")
    assert round_entry(close, Side.SELL, CENT, None).entry.trail_amount == D("0.01")


def test_a_distance_goes_by_the_step_at_the_price_that_is_known():
    trail = entry(OrderType.TRAILING_STOP, trail_amount="0.25")

    assert round_entry(trail, Side.SELL, INDEX_OPTION, None).entry.trail_amount == D("0.25")
    assert round_entry(trail, Side.SELL, INDEX_OPTION, D(5)).entry.trail_amount == D("0.20")


@pytest.mark.parametrize(
    ("side", "limit", "is_taken"),
    [
        (Side.SELL, 99, True),
        (Side.SELL, 100, True),
        (Side.SELL, 101, False),
        (Side.BUY, 101, True),
        (Side.BUY, 99, False),
    ],
)
def test_a_trailing_limit_on_the_wrong_side_of_its_stop_is_refused(side, limit, is_taken):
    """TWS is told a distance: it would put the limit where nobody asked for it."""
    entry = Entry(
        type=OrderType.TRAILING_STOP_LIMIT,
        limit_price=D(limit),
        stop_price=D(100),
        trail_amount=D(1),
    )

    found = round_entry(entry, side, CENT, None)

    assert isinstance(found, Rounded) is is_taken
    if not is_taken:
        assert "stop_price 100" in found.reason
