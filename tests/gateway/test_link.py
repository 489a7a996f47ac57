"""What the desk does while TWS has no link to IB, and when it has it again."""

from datetime import timedelta

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from gateway.events import Tick
from gateway.link import DOWN_MAX_S
from gateway.messages import BrokerError, Inquired, Ready
from tests.gateway.bench import Bench, placed_limit
from tests.gateway.build import ACCOUNT, command
from tests.gateway.test_again import crashed


def say(bench, code):
    return bench.turn(BrokerError(about=-1, code=code, text="said"))


@pytest.mark.parametrize("code", [1100, 2110])
def test_a_link_lost_just_before_the_connection_was_ready_stays_lost(code):
    bench = Bench()
    say(bench, code)
    bench.connect()

    reply = bench.send(command(Action.BUY, 10))
    assert (reply.decided, str(code) in reply.detail) == (False, True)

    say(bench, 1102)
    bench.answer_inquiry()
    assert not bench.desk.why_not_ready(bench.now)


def test_a_new_connection_is_not_blamed_for_the_link_of_the_old_one(bench):
    say(bench, 1100)
    bench.lose()
    bench.connect()

    assert not bench.desk.why_not_ready(bench.now)


def test_what_was_never_sent_waits_for_the_link(bench):
    bench.send(command(Action.BUY, 1, key="a"))
    bench.acknowledge(1)
    bench.is_connected = False
    bench.send(command(Action.BUY, 10))
    bench.lose()
    say(bench, 2110)
    bench.connect()
    assert len(bench.broker.placed) == 1

    say(bench, 1101)
    bench.answer_inquiry()

    assert len(bench.broker.placed) == 2


def test_an_order_that_is_nowhere_is_found_out_when_the_link_is_back(bench):
    ref = placed_limit(bench)
    bench.lose()
    bench.broker.placed.clear()
    say(bench, 2110)
    bench.connect()
    assert bench.alarms == ["broker_link_lost"]

    say(bench, 1101)
    bench.answer_inquiry()

    assert bench.alarms == ["broker_link_lost", "order_not_found"]
    assert bench.state(ref).name == "UNKNOWN"


def test_what_waits_for_its_contract_is_not_ordered_after_the_link_was_lost(bench):
    bench.answers_queries = False
    buy = command(Action.BUY, 10)
    bench.send(buy)
    say(bench, 1100)

    bench.find_contract()

    assert bench.broker.placed == []
    assert bench.replies[-1][1].decided is False
    say(bench, 1102)
    bench.answer_inquiry()
    bench.send(buy)
    assert len(bench.broker.placed) == 1


def test_what_waits_for_fills_is_not_ordered_after_the_link_was_lost(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.acknowledge(1)
    bench.fill(1, 4)
    exit_ = command(Action.EXIT, key="b")
    bench.send(exit_)
    say(bench, 1100)

    bench.wait(4)

    assert len(bench.broker.placed) == 1
    assert "1100" in bench.replies[-1][1].detail


def test_a_cancel_that_a_crash_interrupted_waits_for_the_link(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.crash()
    bench.broker.cancels.clear()
    say(bench, 1100)
    bench.connect()
    assert bench.broker.cancels == []

    say(bench, 1102)
    bench.answer_inquiry()

    assert bench.broker.cancels == [1]
    bench.acknowledge(1, "Cancelled")
    assert bench.send(cancel).outcome is Outcome.ACCEPTED


def test_an_inquiry_whose_positions_lag_does_not_lose_a_fill(bench):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)

    bench.turn(Inquired(evidence=bench.broker.evidence(), positions=()))
    bench.send(command(Action.EXIT))

    assert [order.quantity for order in bench.broker.placed] == [10, 10]


def test_lists_that_began_without_the_link_prove_nothing_though_it_is_back(bench):
    bench.send(command(Action.BUY, 1, key="warm"))
    bench.fill(1)
    one = crashed(bench)
    say(bench, 1100)
    say(bench, 1102)

    bench.connect(next_order_id=2)
    assert len(bench.broker.placed) == 1
    assert "reconciling" in bench.desk.why_not_ready(bench.now)

    bench.answer_inquiry()
    assert bench.send(one).outcome is Outcome.UNKNOWN
    assert not bench.desk.why_not_ready(bench.now)


def test_a_connection_that_began_without_the_link_asks_when_it_is_back(bench):
    bench.lose()
    say(bench, 1100)
    say(bench, 1102)

    ready = Ready(next_order_id=1, accounts=(ACCOUNT,), server_version=176)
    assert bench.turn(ready).inquire


@pytest.mark.parametrize("code", [1100, 2110])
def test_a_link_of_which_nothing_more_is_said_is_asked_after_over_a_new_connection(bench, code):
    say(bench, code)
    bench.now += timedelta(seconds=DOWN_MAX_S - 1)
    assert not bench.turn(Tick()).hang_up
    bench.now += timedelta(seconds=1)

    assert f"({code}) and said no more for 300 s" in bench.turn(Tick()).hang_up
    assert not bench.turn(Tick()).hang_up


def test_a_link_that_came_back_keeps_its_connection(bench):
    say(bench, 2110)
    say(bench, 1102)
    bench.now += timedelta(seconds=DOWN_MAX_S + 1)

    assert not bench.turn(Tick()).hang_up
