"""Sizes against the account's position."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import Action, MarketPosition
from alertwire.wire.report import Side
from gateway.sizing import Approved, Nothing, Refused, in_whole, size

D = Decimal
QUANTITIES = st.decimals("0.01", "10000", places=2)
POSITIONS = st.decimals("-10000", "10000", places=2)


def signed(verdict) -> Decimal:
    if isinstance(verdict, Nothing):
        return D(0)
    return verdict.quantity if verdict.side is Side.BUY else -verdict.quantity


@pytest.mark.parametrize(
    ("action", "sizing", "position", "verdict"),
    [
        (Action.BUY, 10, 0, Approved(Side.BUY, D(10))),
        (Action.SELL, 10, 25, Approved(Side.SELL, D(10))),
        (Action.EXIT, None, 25, Approved(Side.SELL, D(25))),
        (Action.EXIT, None, -25, Approved(Side.BUY, D(25))),
        (Action.EXIT, 10, 25, Approved(Side.SELL, D(10))),
        (Action.EXIT, 40, 25, Approved(Side.SELL, D(25))),
        (Action.EXIT, None, 0, Nothing("no position: nothing to close")),
        (Action.REVERSE, None, 10, Approved(Side.SELL, D(20))),
        (Action.REVERSE, 4, 10, Approved(Side.SELL, D(14))),
        (Action.REVERSE, 4, -10, Approved(Side.BUY, D(14))),
        (Action.REVERSE, 4, 0, Refused("no position to reverse")),
        (Action.TARGET, -5, 10, Approved(Side.SELL, D(15))),
        (Action.TARGET, 0, -10, Approved(Side.BUY, D(10))),
        (Action.TARGET, 10, 10, Nothing("position is already 10")),
    ],
)
def test_each_verb(action, sizing, position, verdict):
    wanted = None if sizing is None else D(sizing)

    assert size(action, wanted, D(position)) == verdict


@pytest.mark.parametrize("wanted", [None, D(5)])
def test_a_reversal_turns_nothing_that_is_turned_already(wanted):
    long, short = MarketPosition.LONG, MarketPosition.SHORT

    assert isinstance(size(Action.REVERSE, wanted, D(-5), long), Nothing)
    assert isinstance(size(Action.REVERSE, wanted, D(5), short), Nothing)
    assert size(Action.REVERSE, wanted, D(5), long) == Approved(Side.SELL, D(10))
    assert size(Action.REVERSE, wanted, D(-5), short) == Approved(Side.BUY, D(10))
    assert isinstance(size(Action.REVERSE, wanted, D(0), long), Refused)


@given(QUANTITIES | st.none(), POSITIONS)
def test_an_exit_only_reduces(quantity, position):
    after = position + signed(size(Action.EXIT, quantity, position))

    assert abs(after) <= abs(position)
    assert after * position >= 0


@given(POSITIONS, POSITIONS)
def test_a_target_is_reached_exactly(target, position):
    assert position + signed(size(Action.TARGET, target, position)) == target


@pytest.mark.parametrize(("action", "quantity"), [(Action.BUY, 0), (Action.SELL, -1)])
def test_a_size_must_be_above_zero(action, quantity):
    assert isinstance(size(action, D(quantity), D(0)), Refused)


def test_a_buy_without_a_size_is_refused():
    assert isinstance(size(Action.BUY, None, D(0)), Refused)


@pytest.mark.parametrize(
    ("quantity", "step", "ordered"),
    [("10.5", "1", "10"), ("10", "1", "10"), ("0.5", "1", None), ("10.5", "0", "10.5")],
)
def test_a_size_is_cut_to_steps_and_less_than_one_step_is_refused(quantity, step, ordered):
    verdict = in_whole(Approved(Side.SELL, D(quantity)), D(step))

    if ordered is None:
        assert verdict == Refused(
            "0.5 of it stays: the broker takes steps of 1 by its API; trade it in TWS"
        )
    else:
        assert isinstance(verdict, Approved)
        assert verdict.quantity == D(ordered)
        assert ("stays" in verdict.detail) is (D(ordered) != D(quantity))
