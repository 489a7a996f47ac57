"""Numbers at their edges, through the desk: none of them ends the gateway."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, QuantityType, Sizing
from alertwire.wire.delivery import Outcome
from gateway import translation
from gateway.messages import QuoteTold
from gateway.terms import Terms
from tests.gateway.bench import Bench, outcome
from tests.gateway.build import AAPL_CONTRACT, command, limit, units
from tests.gateway.test_limits import limited

D = Decimal
HUGE = 10**17


def on_terms(bench: Bench, **terms) -> Bench:
    """Let the broker tell these terms of every contract."""
    candidates = bench.broker.candidates
    bench.broker.candidates = tuple(replace(c, terms=Terms(**terms)) for c in candidates)
    return bench


def quote(last: object) -> QuoteTold:
    return QuoteTold(
        contract_id=AAPL_CONTRACT.contract_id,
        bid=None,
        ask=None,
        last=D(str(last)),
        is_delayed=False,
        reason="",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {
            "sizing": Sizing(type=QuantityType.CASH, value=D(HUGE)),
            "entry": limit("0.000000000001"),
        },
        {"sizing": units(9 * HUGE), "multiplier": D(999_999)},
    ],
)
def test_a_size_beyond_all_numbers_is_refused(bench, fields):
    on_terms(bench, size_increment=D("0.00000001"))
    huge = command(Action.BUY, **fields)

    bench.send(huge)

    assert outcome(bench, huge.command_id) is Outcome.REJECTED
    assert "18 digits" in bench.replies[-1][1].detail
    assert bench.alarms == []
    bench.send(command(Action.BUY, 10))
    assert [order.quantity for order in bench.broker.placed] == [10]


def test_a_price_beyond_all_distances_breaks_its_limit(bench):
    limited(bench, limits={"price_distance_max_percent": 5})
    bench.turn(quote("0.000000000001"))
    far = command(Action.BUY, 1, entry=limit(HUGE))

    bench.send(far)

    assert outcome(bench, far.command_id) is Outcome.REJECTED
    assert "price_distance_max_percent" in bench.replies[-1][1].detail


def test_the_largest_doubles_of_the_broker_can_be_read():
    assert translation.exact(1e29) == 10**29
    assert translation.exact(2.5) == D("2.5")
