"""What `alertwire flatten` cancels and closes, once for each request."""

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.report import OrderState, Side
from gateway.sweep import SWEEP_S
from tests.gateway.bench import placed_limit
from tests.gateway.build import alert_id, command, limit, position
from tests.gateway.test_halts import flatten, held


@pytest.mark.parametrize("crashes", [False, True])
def test_a_flatten_closes_once_for_each_request(bench, crashes):
    held(bench)
    request = alert_id()
    (line,) = flatten(bench, request).findings
    assert line.endswith("AAPL: on its way")
    assert [o.side for o in bench.broker.placed] == [Side.BUY, Side.SELL]
    if crashes:
        bench.crash()
        bench.connect()

    flatten(bench, request)
    bench.fill(2)
    (line,) = flatten(bench, request).findings

    assert "ACCEPTED: sell 10 AAPL" in line
    assert len(bench.broker.placed) == 2
    assert bench.broker.position == 0
    assert flatten(bench, alert_id()).findings == ("nothing is held and nothing works",)


@pytest.mark.parametrize(
    ("scope", "closes"),
    [({"symbol": "aapl"}, True), ({"symbol": "MSFT"}, False), ({"account": "DU7"}, False)],
)
def test_a_flatten_is_about_its_account_and_symbol_alone(bench, scope, closes):
    held(bench)

    flatten(bench, alert_id(), **scope)

    assert (len(bench.broker.placed) == 2) is closes


def test_a_flatten_of_an_account_that_the_broker_does_not_manage_is_refused(bench):
    """A slip of the pen must not look like a flat account."""
    held(bench)

    answer = flatten(bench, alert_id(), account="DU7")

    assert answer.error.startswith("the broker does not manage DU7: DU1234567")
    assert not answer.findings


def test_a_flatten_of_a_strategy_leaves_what_others_hold(bench):
    held(bench)
    bench.send(command(Action.BUY, 4, strategy="t", key="other"))
    bench.fill(2)
    placed_limit(bench, key="own")
    placed_limit(bench, key="others", strategy="t")

    flatten(bench, alert_id(), strategy="s")

    assert bench.broker.cancels == [3]
    bench.end(3)
    assert (bench.broker.placed[-1].side, bench.broker.placed[-1].quantity) == (Side.SELL, 10)
    bench.fill(5)
    assert bench.broker.position == 4


@pytest.mark.parametrize("scope", [{}, {"strategy": "s"}])
def test_a_flatten_that_is_asked_again_leaves_its_own_close_alone(bench, scope):
    held(bench)
    request = alert_id()
    flatten(bench, request, **scope)
    bench.acknowledge(2, "PreSubmitted")
    bench.wait(0.5)

    (line,) = flatten(bench, request, **scope).findings

    assert "ACCEPTED: sell 10 AAPL" in line
    assert bench.broker.cancels == []
    bench.fill(2)
    assert bench.broker.position == 0


def test_a_flatten_of_a_strategy_closes_what_is_left_once_its_orders_are_gone(bench):
    held(bench)
    bench.send(command(Action.SELL, 10, key="out", entry=limit(300)))
    bench.acknowledge(2)
    request = alert_id()
    (line,) = flatten(bench, request, strategy="s").findings
    assert line.endswith("AAPL: on its way")
    assert (bench.broker.cancels, len(bench.broker.placed)) == ([2], 2)

    bench.fill(2)
    (line,) = flatten(bench, request, strategy="s").findings

    assert "ACCEPTED: no position: nothing to close" in line
    assert (bench.broker.position, len(bench.broker.placed)) == (0, 2)


@pytest.mark.parametrize("scope", [{}, {"strategy": "s"}])
def test_a_flatten_closes_what_was_about_to_be_opened(bench, scope):
    bench.send(command(Action.BUY, 10))
    bench.acknowledge(1)
    request = alert_id()

    (line,) = flatten(bench, request, **scope).findings
    assert line.endswith("AAPL: on its way")
    assert bench.broker.cancels == [1]
    bench.fill(1)

    assert (bench.broker.placed[-1].side, bench.broker.placed[-1].quantity) == (Side.SELL, 10)
    bench.fill(2)
    assert "ACCEPTED: sell 10" in flatten(bench, request, **scope).findings[0]
    assert bench.broker.position == 0


def test_a_flatten_says_what_could_not_be_cancelled_and_trades_nothing_beside(bench):
    held(bench)
    placed_limit(bench, key="again")
    request = alert_id()
    flatten(bench, request, strategy="s")

    bench.wait(SWEEP_S)
    bench.wait(1)
    (line,) = flatten(bench, request, strategy="s").findings

    assert "! REJECTED: cancelled first, and not confirmed within 10 s" in line
    assert len(bench.broker.placed) == 2


@pytest.mark.parametrize("scope", [{}, {"strategy": "s"}])
@pytest.mark.parametrize("crashes", [False, True])
def test_a_flatten_leaves_alone_what_came_after_it(bench, scope, crashes):
    held(bench)
    request = alert_id()
    flatten(bench, request, **scope)
    bench.fill(2)
    if crashes:
        bench.crash()
        bench.connect()
    placed_limit(bench, key="later")

    findings = flatten(bench, request, **scope).findings

    assert "ACCEPTED: sell 10 AAPL" in findings[0]
    assert len(findings) == 1
    assert (bench.broker.cancels, len(bench.broker.placed)) == ([], 3)


@pytest.mark.parametrize(("others", "left"), [(7, -7), (10, -10), (20, -20)])
def test_a_flatten_of_a_strategy_closes_its_own_where_others_hold_the_other_side(
    bench, others, left
):
    held(bench)
    bench.send(command(Action.SELL, others, strategy="t", key="other"))
    bench.fill(2)
    request = alert_id()
    flatten(bench, request, strategy="s")
    bench.fill(3)

    (line,) = flatten(bench, request, strategy="s").findings

    assert "ACCEPTED: sell 10 AAPL" in line
    assert bench.broker.position == left
    assert [(one.strategy, one.quantity) for one in bench.desk.holdings.all()] == [("t", left)]


def test_a_flatten_of_a_strategy_says_where_the_account_has_no_more_of_it(bench):
    held(bench)
    bench.wait(4)
    bench.turn(position(0))
    request = alert_id()
    flatten(bench, request, strategy="s")

    (line,) = flatten(bench, request, strategy="s").findings

    assert "strategy s holds 10 by its fills, of which the account has only 0 left" in line
    assert "strategy_position_drifted" in bench.alarms
    assert len(bench.broker.placed) == 1


def test_a_flatten_names_what_it_cannot_know_the_contract_of(bench):
    held(bench)
    bench.send(command(Action.SELL, 10, strategy="t", key="other"))
    bench.fill(2)
    bench.crash()
    bench.broker.executions.clear()
    bench.connect(positions=())
    bench.desk.book.orders.clear()

    (line,) = flatten(bench, alert_id(), strategy="s").findings

    assert "! DU1234567: strategy s holds contract 265598 (AAPL) by its fills" in line
    assert len(bench.broker.placed) == 2


def test_a_flatten_names_what_is_lost(bench):
    ref = placed_limit(bench)
    bench.lose()
    bench.broker.hide(1)
    bench.connect()
    assert bench.state(ref) is OrderState.UNKNOWN

    (line,) = flatten(bench, alert_id()).findings

    assert line == f"! {ref}: the broker lists it nowhere: alertwire resolve"


def test_what_a_person_closed_no_strategy_closes_again(bench):
    held(bench)
    bench.send(command(Action.BUY, 4, strategy="t", key="other"))
    bench.fill(2)
    flatten(bench, alert_id())

    bench.fill(3, 12)
    (left,) = bench.desk.holdings.all()
    assert (left.strategy, left.quantity) == ("t", 2)
    bench.fill(3)

    assert bench.desk.holdings.all() == ()


def test_a_flatten_cancels_what_would_open_it_again(bench):
    held(bench)
    placed_limit(bench, key="again")
    placed_limit(bench, key="of another", strategy="t")

    flatten(bench, alert_id())

    assert bench.broker.cancels == [2, 3]
