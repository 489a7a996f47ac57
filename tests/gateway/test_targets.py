"""Targets at a limit that come again: one order, where they come to the same units."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, QuantityType, Sizing
from gateway.funds import EQUITY
from gateway.messages import AccountValue, FundsAnswered
from tests.gateway.build import ACCOUNT, limit
from tests.gateway.test_verbs import confirm, orders, send


@pytest.mark.parametrize(
    ("kind", "value", "units"),
    [
        (QuantityType.PERCENT_OF_EQUITY, 15, 10),
        (QuantityType.CASH, 1500, 10),
        (QuantityType.CASH, -1500, -10),
        # As a number of units it is what the first one was for.
        (QuantityType.PERCENT_OF_EQUITY, 10, 6),
    ],
)
def test_a_target_that_comes_twice_is_known_by_its_units(bench, kind, value, units):
    bench.turn(AccountValue(account=ACCOUNT, tag=EQUITY, value=Decimal(10_000), currency="USD"))
    bench.turn(FundsAnswered())
    send(bench, Action.TARGET, 10 if units > 0 else -10, entry=limit(150))
    sized = Sizing(type=kind, value=Decimal(value))
    send(bench, Action.TARGET, entry=limit(150), sizing=sized)

    if units == 6:
        assert bench.broker.cancels == [1]
        confirm(bench, 1)
        assert orders(bench) == [10, 6]
    send(bench, Action.TARGET, entry=limit(150), sizing=sized)

    assert orders(bench)[-1] == units
    assert len(bench.broker.cancels) == (units == 6)
