"""A target of 0: out, whatever becomes of an entry that is still under way."""

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from gateway.exposure import BEFORE_ENTRY
from tests.gateway.bench import outcome, refused
from tests.gateway.build import MARKET, limit
from tests.gateway.test_brackets import bracket
from tests.gateway.test_verbs import confirm, orders, outcome_of, send


def test_an_entry_at_the_market_that_waits_is_cancelled_and_nothing_is_sold_ahead_of_it(bench):
    send(bench, Action.BUY, 4)
    flat = send(bench, Action.TARGET, 0)

    assert (orders(bench), bench.broker.cancels) == ([4], [1])
    bench.turn(refused(1))
    assert outcome(bench, flat.command_id) is Outcome.ACCEPTED
    assert (orders(bench), bench.broker.position) == ([4], 0)


def test_what_the_entry_filled_before_its_cancel_is_closed(bench):
    buy = bracket(entry=MARKET)
    bench.send(buy)
    for number in (1, 2, 3):
        bench.acknowledge(number)
    flat = send(bench, Action.TARGET, 0)
    bench.fill(1, 4)
    confirm(bench, 1, 2, 3)
    bench.wait(0.1)
    bench.fill(4)

    assert orders(bench) == [10, -10, -10, -4]
    assert outcome_of(bench, flat).outcome is Outcome.ACCEPTED
    assert bench.broker.position == 0


def test_the_same_target_again_leaves_the_close_that_waits_alone(bench):
    send(bench, Action.BUY, 10)
    bench.fill(1)
    send(bench, Action.TARGET, 0)
    again = send(bench, Action.TARGET, 0)

    assert (orders(bench), bench.broker.cancels) == ([10, -10], [])
    assert outcome_of(bench, again).detail.startswith("already being closed by")


def test_beside_the_entry_of_another_strategy_it_is_not_called_done(bench):
    send(bench, Action.BUY, 4, strategy="other")
    flat = send(bench, Action.TARGET, 0)

    assert outcome_of(bench, flat).outcome is Outcome.REJECTED
    assert (orders(bench), bench.broker.cancels) == ([4], [])
    assert bench.alarms == [BEFORE_ENTRY]


@pytest.mark.parametrize("entry", [MARKET, limit(190)])
def test_with_the_entry_of_another_strategy_to_come_what_is_held_is_closed(bench, entry):
    send(bench, Action.BUY, 10)
    bench.fill(1)
    send(bench, Action.BUY, 4, strategy="other")
    flat = send(bench, Action.TARGET, 0, entry=entry)

    assert orders(bench) == [10, 4, -10]
    assert "leaves 4; exit again after it fills" in outcome_of(bench, flat).detail
    assert bench.alarms == [BEFORE_ENTRY]
