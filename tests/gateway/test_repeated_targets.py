"""Targets that come again: what is there already, and what their stops make of it."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, StopLoss
from tests.gateway.build import limit
from tests.gateway.test_verbs import outcome_of, send


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize(("stop", "sent"), [(140, [10]), (145, [10, 10]), (None, [10, 10])])
def test_a_target_at_a_limit_that_brings_another_stop_takes_the_place_of_the_first(
    bench, stop, sent, crashes
):
    first = {"entry": limit(150), "stop_loss": StopLoss(price=Decimal(140))}
    send(bench, Action.TARGET, 10, **first)
    bench.acknowledge(1)
    if crashes:
        bench.crash()
        bench.connect()
    again = first | {"stop_loss": stop and StopLoss(price=Decimal(stop))}
    send(bench, Action.TARGET, 10, **again)
    if bench.broker.cancels:
        bench.end(1)
        bench.end(2)

    entries = [order for order in bench.broker.placed if not order.parent_id]
    # After a crash nobody knows the first alert any more.
    assert [order.quantity for order in entries] == ([10, 10] if crashes else sent)


def test_a_target_that_is_reached_says_that_its_stop_moves_nothing(bench):
    protected = {"stop_loss": StopLoss(price=Decimal(140))}
    send(bench, Action.TARGET, 10, **protected)
    bench.fill(1)
    again = send(bench, Action.TARGET, 10, **protected)

    assert outcome_of(bench, again).detail == (
        "position is already 10; what protects it stays as it is: modify changes that"
    )
