"""What the desk decides, event by event."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome, Stage
from alertwire.wire.report import OrderState
from gateway.events import Effects
from gateway.messages import OrderStatus
from tests.gateway.bench import Bench, PaperBroker, outcome, refused
from tests.gateway.build import ACCOUNT, NOW, command

# The way of one command


def test_a_buy_is_written_down_placed_and_answered_when_the_broker_has_it(bench):
    buy = command(Action.BUY, 10)

    assert bench.send(buy) is None
    bench.acknowledge(1)

    (order,) = bench.broker.placed
    assert (order.ref, order.order_id, order.quantity) == (buy.command_id, 1, 10)
    reply = bench.replies[-1][1]
    assert (reply.decided, reply.outcome, reply.account) == (True, Outcome.ACCEPTED, ACCOUNT)
    stages = [stamp.stage for stamp in reply.trace.stamps]
    assert stages == [Stage.TAKEN, Stage.INTENDED, Stage.PLACED, Stage.ACKNOWLEDGED]


def test_an_execution_alone_is_an_acknowledgement(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.fill(1)

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED
    assert bench.state(buy.command_id) is OrderState.FILLED


def test_the_same_command_again_is_answered_the_same_and_ordered_once(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.acknowledge(1)
    first = bench.replies[-1][1]

    assert bench.send(buy, b"another executor") == first
    bench.crash()
    bench.connect()
    assert bench.send(buy).outcome is Outcome.ACCEPTED
    assert len(bench.broker.placed) == 1


def test_everyone_who_asked_is_answered(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy, b"one")
    bench.send(buy, b"two")
    bench.send(buy, b"two")

    bench.acknowledge(1)

    assert sorted(address for address, _ in bench.replies) == [b"one", b"two"]
    assert len(bench.broker.placed) == 1


def test_an_order_that_the_broker_refuses_is_rejected_with_its_text(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.turn(refused(1))

    assert outcome(bench, buy.command_id) is Outcome.REJECTED
    assert "no margin" in bench.replies[-1][1].detail
    assert bench.state(buy.command_id) is OrderState.REJECTED


@pytest.mark.parametrize("word", ["Inactive", "Cancelled"])
def test_a_refusal_whose_status_comes_first_is_still_a_refusal(bench, word):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.acknowledge(1, word)
    assert outcome(bench, buy.command_id) is None
    bench.turn(refused(1))

    assert outcome(bench, buy.command_id) is Outcome.REJECTED


def test_an_order_cancelled_at_once_was_accepted(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.acknowledge(1, "Cancelled")

    bench.wait(0.3)

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED
    assert "cancelled at once" in bench.replies[-1][1].detail


@pytest.mark.parametrize("code", [399, 10349, 2109, 103, 105, 404, 31337])
def test_a_warning_is_no_refusal(bench, code):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    bench.turn(refused(1, code, "just so you know"))
    bench.acknowledge(1)

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED


def test_an_error_about_a_request_never_meets_an_order(bench):
    bench.send(command(Action.BUY, 10))

    bench.turn(refused(1_000_000_001, 200, "no security definition"))

    assert bench.replies == []


# What is not ordered


def test_a_command_past_its_time_expires_by_the_gateways_clock(bench):
    late = command(Action.BUY, 10, not_after=NOW - timedelta(seconds=1))

    assert bench.send(late).outcome is Outcome.EXPIRED
    assert bench.broker.placed == []
    assert bench.send(late).outcome is Outcome.EXPIRED


def test_a_command_expires_even_while_not_connected():
    bench = Bench()

    reply = bench.send(command(Action.BUY, 10, not_after=NOW - timedelta(seconds=1)))

    assert reply.outcome is Outcome.EXPIRED


def test_nothing_is_decided_while_not_connected():
    bench = Bench()
    buy = command(Action.BUY, 10)

    reply = bench.send(buy)

    assert (reply.decided, reply.detail) == (False, "not connected to the broker yet")
    bench.connect()
    bench.send(buy)
    assert len(bench.broker.placed) == 1


def test_an_account_that_the_broker_does_not_manage_is_refused_with_the_list(bench):
    reply = bench.send(command(Action.BUY, 10, account="DU9"))

    assert reply.outcome is Outcome.REJECTED
    assert ACCOUNT in reply.detail


def test_no_account_is_the_only_one():
    bench = Bench()
    bench.connect()
    bench.send(command(Action.BUY, 10, account=""))
    bench.acknowledge(1)

    assert bench.replies[-1][1].account == ACCOUNT


def test_no_account_among_two_is_refused():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()

    assert bench.send(command(Action.BUY, 10, account="")).outcome is Outcome.REJECTED


@pytest.mark.parametrize("field", ["command_id", "alert_id", "strategy", "account"])
def test_a_name_that_would_break_the_protocol_is_refused(bench, field):
    bad = replace(command(Action.BUY, 10), **{field: "a\0b"})

    assert bench.send(bad).outcome is Outcome.REJECTED
    assert bench.kept["commands"] == {}


def test_an_unknown_contract_is_refused_and_not_remembered(bench):
    bench.answers_queries = False
    bench.send(command(Action.BUY, 10))
    bench.fail_query("AAPL: no security definition (200)", is_final=True)
    assert bench.replies[-1][1].outcome is Outcome.REJECTED

    bench.send(command(Action.BUY, 10))
    assert len(bench.queries) == 1


def test_a_query_that_got_no_answer_is_no_refusal(bench):
    bench.answers_queries = False
    bench.send(command(Action.BUY, 10))

    bench.fail_query("no answer in time", is_final=False)

    assert bench.replies[-1][1].decided is False


def test_a_contract_is_asked_for_once(bench):
    for number in range(3):
        bench.send(command(Action.BUY, 1, key=f"k{number}"))

    assert len(bench.queries) == 1
    assert len(bench.broker.placed) == 3


# Sizes from the truth


def test_an_exit_waits_for_the_fill_of_the_entry_before_it(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.acknowledge(1)
    bench.send(command(Action.EXIT, key="b"))
    assert len(bench.broker.placed) == 1

    bench.fill(1)

    assert [order.quantity for order in bench.broker.placed] == [10, 10]


def test_an_exit_waits_no_longer_than_three_seconds(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.acknowledge(1)
    bench.fill(1, 4)
    exit_ = command(Action.EXIT, key="b")
    bench.send(exit_)

    bench.wait(2.9)
    assert len(bench.broker.placed) == 1
    bench.wait(0.2)

    assert bench.broker.placed[1].quantity == 4


def test_a_broker_that_tells_fills_by_status_only(bench):
    bench.send(command(Action.BUY, 10, key="a"))
    bench.turn(OrderStatus(order_id=1, client_id=1, perm_id=9, status="Filled", filled=Decimal(10)))

    bench.send(command(Action.EXIT, key="b"))

    assert bench.broker.placed[1].quantity == 10


def test_an_exit_of_nothing_is_accepted_without_an_order(bench):
    reply = bench.send(command(Action.EXIT))

    assert (reply.outcome, reply.detail) == (Outcome.ACCEPTED, "no position: nothing to close")
    assert bench.broker.placed == []


# What cannot be read


def test_a_known_command_that_cannot_be_read_is_answered_by_its_id(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    recall = bench.desk.register.recall
    effects = Effects()

    assert recall(buy.command_id, b"late", effects)
    assert effects.replies == []
    bench.acknowledge(1)
    assert {address for address, _ in bench.replies} == {b"executor", b"late"}
    assert recall(buy.command_id, b"later", effects)
    assert effects.replies[0][1].outcome is Outcome.ACCEPTED
    assert not recall("nobody", b"x", effects)
