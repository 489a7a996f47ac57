"""What closes a position and is lost: it is cancelled before a close, for it may still work."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.messages import BrokerError
from tests.gateway.bench import Bench, outcome
from tests.gateway.build import command, limit
from tests.gateway.test_brackets import open_position
from tests.gateway.test_clearance import hold, order, sent, works


def lose(bench: Bench, *order_ids: int) -> list[str]:
    """Let the broker list these orders nowhere after a reconnect; return their refs."""
    refs = [bench.broker.hide(order_id).ref for order_id in order_ids]
    bench.lose()
    bench.connect(positions=bench.broker.snapshot())
    bench.wait(4)
    assert {bench.state(ref) for ref in refs} == {OrderState.UNKNOWN}
    return refs


def deny(bench: Bench, *order_ids: int) -> None:
    """Let the broker have nothing to cancel."""
    for order_id in order_ids:
        bench.turn(BrokerError(about=order_id, code=10147, text="not found"))


def test_an_exit_goes_out_once_the_broker_has_nothing_to_cancel(bench):
    open_position(bench)
    lose(bench, 2, 3)
    leave = order(bench, "s")
    assert sorted(bench.broker.cancels) == [2, 3]
    assert sent(bench, 1) == []

    deny(bench, 2, 3)

    assert sent(bench, 1) == [(Side.SELL, 10)]
    bench.acknowledge(4)
    assert outcome(bench, leave.command_id) is Outcome.ACCEPTED


def test_a_lost_stop_that_works_ends_before_the_exit(bench):
    open_position(bench)
    stop, *_ = lose(bench, 3)
    order(bench, "s")
    bench.end(2)
    assert sent(bench, 2) == []

    bench.acknowledge(3, "Cancelled")

    assert bench.state(stop) is OrderState.CANCELLED
    assert sent(bench, 2) == [(Side.SELL, 10)]


def test_an_exit_waits_for_an_answer_about_a_lost_stop_and_says_so(bench):
    open_position(bench)
    lose(bench, 3)
    leave = order(bench, "s")
    bench.end(2)
    bench.wait(6)

    assert sent(bench, 2) == []
    assert bench.alarms.count("close_waits_for_protection") == 1
    bench.send(leave)
    bench.wait(3.1)
    deny(bench, 3)
    assert sent(bench, 2) == [(Side.SELL, 10)]


def test_a_close_of_a_part_changes_nothing_that_is_lost(bench):
    hold(bench, "s")
    hold(bench, "s")
    lose(bench, 2, 3)

    order(bench, "s", Action.EXIT, 4)
    assert sorted(bench.broker.cancels) == [2, 3]
    deny(bench, 2, 3)

    assert sent(bench, 4) == [(Side.SELL, 4)]
    assert works(bench) == {5: 10, 6: 10}


def test_an_exit_does_not_rest_beside_protection_that_is_lost(bench):
    open_position(bench)
    lose(bench, 2, 3)
    leave = order(bench, "s", entry=limit(220))
    assert outcome(bench, leave.command_id) is Outcome.REJECTED
    assert bench.broker.cancels == []

    order(bench, "s", Action.EXIT, 4)
    deny(bench, 2, 3)
    bench.fill(4)
    bench.wait(4)
    order(bench, "s", entry=limit(220))

    assert sent(bench, 1) == [(Side.SELL, 4), (Side.SELL, 6)]


def test_what_was_said_of_a_cancel_before_it_was_lost_is_no_proof(bench):
    open_position(bench)
    deny(bench, 3)
    lose(bench, 3)

    order(bench, "s")
    bench.end(2)

    assert 3 in bench.broker.cancels
    assert sent(bench, 2) == []


@pytest.fixture
def resting(bench: Bench) -> Bench:
    """Ten are held, and an exit of all of them rests, of which the broker lists nothing."""
    bench.send(command(Action.BUY, 10, key="in"))
    bench.fill(1)
    bench.wait(4)
    bench.send(command(Action.EXIT, entry=limit(300), key="a"))
    bench.wait(4)
    bench.acknowledge(2)
    lose(bench, 2)
    return bench


@pytest.mark.parametrize(
    ("action", "wanted"),
    [(Action.EXIT, 10), (Action.FLATTEN, 10), (Action.REVERSE, 20), (Action.TARGET, 7)],
)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_lost_exit_that_rests_makes_way(resting, action, wanted, is_there):
    size = 3 if action is Action.TARGET else None
    order(resting, "s", action, size)
    assert resting.broker.cancels == [2]
    assert sent(resting, 1) == []

    if is_there:
        resting.acknowledge(2, "Cancelled")
    else:
        deny(resting, 2)

    assert sent(resting, 1) == [(Side.SELL, wanted)]


def test_nothing_is_traded_beside_a_lost_exit_of_which_nothing_is_said(resting):
    leave = order(resting, "s")
    resting.wait(11)

    assert outcome(resting, leave.command_id) is Outcome.REJECTED
    assert "orders_not_cancelled_first" in resting.alarms
    assert sent(resting, 1) == []


def test_a_target_that_is_lost_is_not_said_to_be_on_its_way(bench):
    goal = {"entry": limit(150), "strategy": "s"}
    bench.send(command(Action.TARGET, 10, key="a", **goal))
    bench.acknowledge(1)
    lose(bench, 1)

    bench.send(command(Action.TARGET, 10, key="b", **goal))
    assert bench.broker.cancels == [1]
    deny(bench, 1)

    assert sent(bench, 0) == [(Side.BUY, 10)]


def test_what_another_client_id_lost_keeps_nobody_in(bench):
    bench.send(command(Action.BUY, 10, key="in"))
    bench.fill(1)
    bench.wait(4)
    bench.send(command(Action.EXIT, entry=limit(300), key="a"))
    bench.wait(4)
    bench.acknowledge(2)
    (ref,) = lose(bench, 2)
    bench.desk.book.orders[ref].client_id = 9

    order(bench, "s")

    assert bench.broker.cancels == []
    assert sent(bench, 1) == [(Side.SELL, Decimal(10))]
