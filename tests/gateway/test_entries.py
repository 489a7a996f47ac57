"""The close after an entry that was not carried out only reduces."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from tests.gateway.bench import Bench, PaperBroker, refused
from tests.gateway.build import AAPL, ACCOUNT, NOW, command, limit, void
from tests.gateway.test_exits import sizes

D, VENUES = Decimal, ("BATS", "NASDAQ")
PAST = NOW - timedelta(seconds=1)


def expired(bench, action=Action.BUY, quantity=10):
    assert bench.send(command(action, quantity, not_after=PAST)).outcome is Outcome.EXPIRED


def rejected(bench):
    bench.send(command(Action.BUY, 10))
    bench.turn(refused(len(bench.broker.placed)))
    bench.broker.placed.pop()


def rejected_after_it_worked(bench):
    bench.send(command(Action.BUY, 10))
    bench.acknowledge(1, "PreSubmitted")
    bench.turn(refused(1))
    bench.broker.placed.pop()


def cancelled_by_the_broker(bench):
    """IB takes a market order and cancels it, unfilled: no liquidity, a collar, a halt."""
    bench.send(command(Action.BUY, 10))
    bench.acknowledge(1, "PreSubmitted")
    bench.acknowledge(1, "Cancelled")
    bench.turn(refused(1, 202, "Order Canceled - reason: no liquidity"))
    bench.broker.placed.pop()


def cancelled_at_once(bench):
    bench.send(command(Action.BUY, 10))
    bench.acknowledge(1, "Cancelled")
    bench.turn(refused(1, 202, "Order Canceled - reason: no liquidity"))
    bench.wait(0.3)
    bench.broker.placed.pop()


def voided(bench):
    bench.answers_queries = False
    buy = command(Action.BUY, 10)
    bench.send(buy)
    assert bench.send(void(buy)).outcome is Outcome.VOIDED
    bench.answers_queries = True
    bench.find_contract()


def voided_before_it_came(bench):
    buy = command(Action.BUY, 10)
    bench.send(void(buy))
    assert bench.send(buy).outcome is Outcome.VOIDED


def voided_and_never_came(bench):
    buy = command(Action.BUY, 10)
    bench.send(of_alert(buy))


def of_alert(one, account=""):
    """A VOID that tells what the alert was, as far as it can be read."""
    told = {"action", "instrument", "strategy", "sizing"}
    fields = {name: getattr(one, name) for name in told}
    return replace(void(one), account=account, **fields)


@pytest.mark.parametrize(
    "fail",
    [
        expired,
        rejected,
        rejected_after_it_worked,
        cancelled_by_the_broker,
        cancelled_at_once,
        voided,
        voided_before_it_came,
        voided_and_never_came,
    ],
)
def test_the_close_of_an_entry_that_was_not_carried_out_orders_nothing_when_flat(bench, fail):
    fail(bench)

    reply = bench.send(command(Action.SELL, 10))

    assert reply.outcome is Outcome.ACCEPTED
    assert reply.detail == "its entry was not carried out: nothing to close"
    assert sizes(bench) == []


@pytest.mark.parametrize(
    "fail",
    [
        expired,
        rejected,
        cancelled_by_the_broker,
        cancelled_at_once,
        voided,
        voided_and_never_came,
    ],
)
def test_it_orders_nothing_after_a_restart_either(bench, fail):
    fail(bench)
    bench.crash()
    bench.connect()

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == []


def test_a_void_that_comes_again_after_a_restart_is_answered_the_same(bench):
    buy = command(Action.BUY, 10)
    first = bench.send(of_alert(buy))
    bench.crash()
    bench.connect()

    again = bench.send(of_alert(buy))

    assert (first.outcome, again.outcome) == (Outcome.VOIDED, Outcome.VOIDED)
    assert bench.send(buy).outcome is Outcome.VOIDED


def test_the_close_is_clipped_to_the_position(bench):
    bench.send(command(Action.BUY, 4))
    bench.fill(1)
    expired(bench)

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == [4, -4]
    bench.acknowledge(2)
    assert bench.replies[-1][1].detail.endswith("it only reduces: its entry was not carried out")


def test_the_close_waits_for_fills_and_counts_working_closes(bench):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    bench.send(command(Action.SELL, 6))
    bench.acknowledge(2)
    expired(bench)

    bench.send(command(Action.SELL, 10))
    bench.wait(3.1)

    assert sizes(bench) == [10, -6, -4]


def test_once_the_close_passed_the_next_trade_is_free(bench):
    expired(bench)
    bench.send(command(Action.SELL, 10))

    bench.send(command(Action.SELL, 7))

    assert sizes(bench) == [-7]


def test_an_exit_is_such_a_close_too(bench):
    expired(bench)
    bench.send(command(Action.EXIT))

    bench.send(command(Action.SELL, 7))

    assert sizes(bench) == [-7]


@pytest.mark.parametrize("fail", [expired, voided_and_never_came])
@pytest.mark.parametrize("crashes", [False, True])
def test_a_close_in_parts_opens_nothing_and_then_the_next_trade_is_free(bench, fail, crashes):
    fail(bench)
    for _ in range(2):
        assert bench.send(command(Action.SELL, 5)).outcome is Outcome.ACCEPTED
        if crashes:
            bench.crash()
            bench.connect()
    assert sizes(bench) == []

    bench.send(command(Action.SELL, 7))

    assert sizes(bench) == [-7]


@pytest.mark.parametrize("crashes", [False, True])
def test_an_entry_of_the_same_side_is_free_and_what_was_missed_stays_bounded(bench, crashes):
    expired(bench)
    bench.send(command(Action.BUY, 3))
    bench.fill(1)
    if crashes:
        bench.crash()
        bench.connect(next_order_id=2)

    bench.send(command(Action.SELL, 13))
    bench.wait(3.1)
    bench.fill(2)
    bench.send(command(Action.SELL, 4))
    bench.wait(3.1)

    assert sizes(bench) == [3, -3, -4]


@pytest.mark.parametrize("account", ["", ACCOUNT])
def test_a_void_bounds_the_close_although_an_older_trade_of_the_account_succeeded(bench, account):
    bench.send(command(Action.BUY, 3))
    bench.fill(1)
    bench.send(command(Action.SELL, 3))
    bench.fill(2)
    bench.send(of_alert(command(Action.BUY, 10), account))

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == [3, -3]


def test_a_void_leaves_the_account_alone_whose_command_was_carried_out():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()
    buy = command(Action.BUY, 10, account="DU1", key="k")
    bench.send(buy)
    bench.acknowledge(1)
    bench.send(of_alert(buy))

    bound = bench.send(command(Action.SELL, 10, account="DU2"))
    bench.send(command(Action.SELL, 10, account="DU1"))

    assert bound.detail == "its entry was not carried out: nothing to close"
    assert sizes(bench) == [10, -10]


def test_a_void_of_a_close_leaves_the_rule(bench):
    expired(bench)
    bench.send(of_alert(command(Action.SELL, 10)))

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == []


def test_a_late_void_of_an_old_alert_changes_nothing(bench):
    old = command(Action.BUY, 10, seq=1_000_001)
    bench.send(command(Action.BUY, 10, seq=1_000_002))
    bench.fill(1)
    bench.send(of_alert(old))

    bench.send(command(Action.SELL, 12, seq=1_000_003))

    assert sizes(bench) == [10, -12]


def test_a_refusal_after_the_acceptance_is_known_after_a_restart(bench):
    bench.send(command(Action.BUY, 10))
    bench.acknowledge(1, "PreSubmitted")
    bench.turn(refused(1))
    bench.broker.placed.pop()
    bench.crash()
    bench.connect()

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == []


@pytest.mark.parametrize("fields", [{"strategy": "other"}, {"key": "k", "strategy": "third"}])
def test_other_strategies_are_free(bench, fields):
    expired(bench)

    bench.send(command(Action.SELL, 10, **fields))

    assert sizes(bench) == [-10]


def test_a_refused_target_counts_by_its_sign(bench):
    expired(bench, Action.TARGET, -5)

    assert bench.send(command(Action.BUY, 5)).outcome is Outcome.ACCEPTED
    assert sizes(bench) == []


def test_a_refused_reversal_counts_by_the_position(bench):
    bench.send(command(Action.BUY, 5))
    bench.fill(1)
    expired(bench, Action.REVERSE, None)

    bench.send(command(Action.BUY, 5))

    assert sizes(bench) == [5]


def test_a_close_that_failed_too_leaves_the_rule(bench):
    expired(bench)
    expired(bench, Action.SELL)

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == []


@pytest.mark.parametrize("crashes", [False, True])
@pytest.mark.parametrize("is_acknowledged", [False, True])
def test_the_trade_after_an_entry_that_we_cancelled_is_free(bench, crashes, is_acknowledged):
    bench.send(command(Action.BUY, 10, entry=limit(150)))
    if is_acknowledged:
        bench.acknowledge(1)
    bench.send(command(Action.CANCEL, key="c"))
    bench.acknowledge(1, "Cancelled")
    bench.turn(refused(1, 202, "Order Canceled - reason:"))
    bench.wait(0.3)
    bench.broker.placed.pop()
    if crashes:
        bench.crash()
        bench.connect(next_order_id=2)

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == [-10]


def test_an_entry_cancelled_after_a_part_was_filled_was_carried_out(bench):
    bench.send(command(Action.BUY, 10))
    bench.fill(1, 4)
    bench.acknowledge(1, "Cancelled")

    bench.send(command(Action.SELL, 10))

    assert sizes(bench) == [10, -10]


def test_one_stock_is_one_however_the_alert_spells_it(bench):
    one, other = (replace(AAPL, source_symbol=f"{at}:AAPL", primary_exchange=at) for at in VENUES)
    bench.send(of_alert(command(Action.BUY, 10, instrument=one)))
    bench.send(command(Action.SELL, 10, instrument=other))
    bench.find_contract()

    assert bench.replies[-1][1].detail == "its entry was not carried out: nothing to close"
    assert sizes(bench) == []
