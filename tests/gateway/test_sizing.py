"""Sizes against the account's position."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import Action, QuantityType, Sizing
from alertwire.wire.report import Side
from gateway.sizing import Approved, Nothing, Refused, size
from tests.gateway.build import units

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
    given_size = None if sizing is None else units(sizing)

    assert size(action, given_size, None, D(position)) == verdict


def test_the_multiplier_is_a_factor_on_every_size():
    assert size(Action.BUY, units(10), D("0.5"), D(0)) == Approved(Side.BUY, D("5.0"))
    assert size(Action.TARGET, units(10), D(2), D(5)) == Approved(Side.BUY, D(15))


@given(QUANTITIES | st.none(), POSITIONS)
def test_an_exit_only_reduces(quantity, position):
    after = position + signed(size(Action.EXIT, quantity and units(quantity), None, position))

    assert abs(after) <= abs(position)
    assert after * position >= 0


@given(POSITIONS, POSITIONS)
def test_a_target_is_reached_exactly(target, position):
    assert position + signed(size(Action.TARGET, units(target), None, position)) == target


@pytest.mark.parametrize("kind", [k for k in QuantityType if k is not QuantityType.UNITS])
def test_other_quantity_types_are_refused_by_name(kind):
    verdict = size(Action.BUY, Sizing(type=kind, value=D(1)), None, D(0))

    assert verdict == Refused(f"quantity type {kind.name.lower()} is not supported yet")


@pytest.mark.parametrize(("action", "quantity"), [(Action.BUY, 0), (Action.SELL, -1)])
def test_a_size_must_be_above_zero(action, quantity):
    assert isinstance(size(action, units(quantity), None, D(0)), Refused)


def test_a_buy_without_a_size_is_refused():
    assert isinstance(size(Action.BUY, None, None, D(0)), Refused)
