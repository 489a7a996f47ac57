"""Nothing new is sent while the broker restarts or waits for a login."""

from datetime import timedelta

import pytest

from alertwire.blackout import read_blackout
from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from gateway.messages import BrokerError
from tests.gateway.bench import Bench, placed_limit
from tests.gateway.build import NOW, command, limit
from tests.gateway.test_again import crashed

# NOW is 15:00 UTC.
WINDOW = read_blackout("15:10-15:20 UTC")


@pytest.fixture
def bench():
    bench = Bench(blackout=WINDOW)
    bench.connect()
    return bench


def test_nothing_new_is_sent_in_a_window_and_all_goes_on_after_it(bench):
    placed_limit(bench)
    bench.wait(600)
    buy, cancel = command(Action.BUY, 1, key="b"), command(Action.CANCEL, key="c")

    for one in (buy, cancel):
        reply = bench.send(one)
        assert not reply.decided
        assert reply.detail == "blackout window of the broker until 15:20 UTC"
    assert (len(bench.broker.placed), bench.broker.cancels) == (1, [])
    assert bench.desk.why_not_ready(bench.now) == reply.detail

    bench.wait(600)
    bench.send(buy)
    bench.send(cancel)
    assert (len(bench.broker.placed), bench.broker.cancels) == (2, [1, 2])


def test_commands_expire_in_it_by_their_age(bench):
    bench.wait(600)
    old = command(Action.BUY, 1, not_after=NOW + timedelta(seconds=5))

    assert bench.send(old).outcome is Outcome.EXPIRED


def test_what_the_broker_never_saw_waits_for_its_end(bench):
    bench.now += timedelta(seconds=599)
    one = crashed(bench)
    bench.now += timedelta(seconds=60)
    bench.connect()
    assert bench.broker.placed == []

    bench.wait(600)

    assert [order.ref for order in bench.broker.placed] == [one.command_id]


def test_what_waits_for_fills_is_not_sent_when_it_begins(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.acknowledge(1)
    bench.fill(1, 4)
    bench.now += timedelta(seconds=599)
    bench.send(command(Action.EXIT, key="b"))

    bench.wait(3.5)

    assert len(bench.broker.placed) == 1
    assert bench.replies[-1][1].decided is False


def test_a_link_lost_in_it_comes_first_in_the_words(bench):
    bench.wait(600)
    bench.turn(BrokerError(about=-1, code=1100, text="lost"))

    assert "1100" in bench.desk.why_not_ready(bench.now)


def test_messages_of_the_broker_are_heard_in_it(bench):
    bench.send(command(Action.BUY, 10, entry=limit(100)))
    bench.wait(600)
    bench.fill(1)

    assert bench.replies[-1][1].outcome is Outcome.ACCEPTED


def test_nothing_new_overtakes_what_waited_for_its_end(bench):
    bench.now += timedelta(seconds=599)
    one = crashed(bench)
    bench.now += timedelta(seconds=60)
    bench.connect()
    bench.now += timedelta(seconds=600)

    new = command(Action.BUY, 7, key="new")
    reply = bench.send(new)

    assert (reply.decided, reply.detail) == (False, "what was written down before goes first")
    bench.wait(0.05)
    bench.send(new)
    placed = [(order.order_id, order.ref) for order in bench.broker.placed]
    assert placed == [(1, one.command_id), (2, new.command_id)]
