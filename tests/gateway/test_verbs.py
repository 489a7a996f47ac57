"""Flatten, targets and reversals: what works is cancelled first."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile, Route
from alertwire.trading import MismatchPolicy
from alertwire.wire.alert import (
    Action,
    Entry,
    MarketPosition,
    OrderType,
    Scope,
    StrategyPosition,
)
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.terms import Terms
from tests.gateway.build import command, limit


def send(bench, *args, **fields):
    """Send a command on a key of its own; the broker takes at once what it orders."""
    one = command(*args, **{"key": f"k{len(bench.replies)}{len(bench.broker.placed)}"} | fields)
    before = len(bench.broker.placed)
    bench.send(one)
    bench.wait(3.1)
    if len(bench.broker.placed) > before:
        bench.acknowledge(len(bench.broker.placed))
    return one


def orders(bench) -> list[Decimal]:
    return [o.quantity if o.side is Side.BUY else -o.quantity for o in bench.broker.placed]


def confirm(bench, *order_ids: int) -> None:
    """Let the broker end what it was asked to cancel; the market fills what is ordered then."""
    for order_id in order_ids:
        bench.broker.by_id(order_id).status = "Cancelled"
        bench.acknowledge(order_id, "Cancelled")


def outcome_of(bench, one):
    return bench.send(one)


@pytest.fixture
def held(bench):
    """Long 10, a limit to sell 10, and a limit to buy 5."""
    send(bench, Action.BUY, 10)
    bench.fill(1)
    send(bench, Action.EXIT, entry=limit(300))
    send(bench, Action.BUY, 5, entry=limit(100))
    return bench


def test_flatten_closes_when_the_cancels_are_confirmed(held):
    flatten = send(held, Action.FLATTEN)
    assert held.broker.cancels == [2, 3]
    assert orders(held) == [10, -10, 5]

    confirm(held, 2)
    assert orders(held) == [10, -10, 5]
    confirm(held, 3)
    assert orders(held) == [10, -10, 5, -10]

    held.fill(4)
    assert outcome_of(held, flatten).outcome is Outcome.ACCEPTED
    assert held.broker.position == 0


def test_flatten_closes_only_what_is_left_after_the_cancels(held):
    send(held, Action.FLATTEN)
    held.fill(2, 4)
    confirm(held, 2, 3)

    assert orders(held)[3:] == [-6]


def test_flatten_closes_nothing_where_its_cancels_filled_it(held):
    flatten = send(held, Action.FLATTEN)
    confirm(held, 3)
    held.fill(2)

    reply = outcome_of(held, flatten)
    assert (reply.outcome, reply.detail) == (Outcome.ACCEPTED, "no position: nothing to close")
    assert held.broker.position == 0


def test_flatten_trades_nothing_beside_what_is_not_confirmed(held):
    flatten = send(held, Action.FLATTEN)
    confirm(held, 3)
    held.wait(10)

    reply = outcome_of(held, flatten)
    assert reply.outcome is Outcome.REJECTED
    assert "not confirmed within 10 s" in reply.detail
    assert "orders_not_cancelled_first" in held.alarms
    assert orders(held) == [10, -10, 5]


@pytest.mark.parametrize(
    ("scope", "cancelled"),
    [(None, [2, 3]), (Scope.INSTRUMENT, [2, 3, 4])],
)
def test_flatten_reaches_as_far_as_its_scope(held, scope, cancelled):
    send(held, Action.BUY, 1, entry=limit(90), strategy="other")
    send(held, Action.FLATTEN, scope=scope)

    assert held.broker.cancels == cancelled


@pytest.mark.parametrize(
    ("scope", "cancelled"),
    [
        (None, [2, 3]),
        (Scope.INSTRUMENT, [2, 3, 4]),
        (Scope.STRATEGY, [2, 3]),
        (Scope.ACCOUNT, [2, 3, 4]),
    ],
)
def test_a_cancel_reaches_as_far_as_its_scope(held, scope, cancelled):
    send(held, Action.BUY, 1, entry=limit(90), strategy="other")
    send(held, Action.CANCEL, scope=scope)

    assert held.broker.cancels == cancelled


def test_a_flat_target_does_not_leave_an_entry_behind(bench):
    send(bench, Action.TARGET, 10, entry=limit(150))
    flat = send(bench, Action.TARGET, 0)
    confirm(bench, 1)

    assert outcome_of(bench, flat).detail == "no position: nothing to close"
    assert bench.broker.cancels == [1]
    assert orders(bench) == [10]


def test_a_target_at_a_limit_that_comes_twice_is_one_order(bench):
    send(bench, Action.TARGET, 10, entry=limit(150))
    again = send(bench, Action.TARGET, 10, entry=limit(150))

    assert orders(bench) == [10]
    assert bench.broker.cancels == []
    assert outcome_of(bench, again).detail.startswith("already being brought there by")


def test_a_target_at_another_limit_takes_the_place_of_the_first(bench):
    send(bench, Action.TARGET, 10, entry=limit(150))
    send(bench, Action.TARGET, 10, entry=limit(155))
    bench.fill(1, 4)
    confirm(bench, 1)

    assert orders(bench) == [10, 6]


def test_a_reversal_beside_a_resting_exit_is_not_doubled(held):
    send(held, Action.REVERSE)
    confirm(held, 2, 3)
    held.fill(4)

    assert orders(held)[3:] == [-20]
    assert held.broker.position == -10
    assert all(
        held.state(ref) is OrderState.CANCELLED for ref in [o.ref for o in held.broker.placed[1:3]]
    )


def test_what_works_is_cancelled_before_an_order_that_asks_for_it(held):
    send(held, Action.BUY, 3, cancel_working_first=True)
    assert orders(held) == [10, -10, 5]
    confirm(held, 2, 3)

    assert orders(held)[3:] == [3]


STOP = Entry(type=OrderType.STOP, stop_price=Decimal(100))
LOWER = Entry(type=OrderType.STOP, stop_price=Decimal(90))
TOUCHED = Entry(type=OrderType.LIMIT_IF_TOUCHED, stop_price=Decimal(100), limit_price=Decimal(99))


@pytest.mark.parametrize("entry", [limit(300), STOP, TOUCHED])
def test_an_exit_that_rests_already_is_one_order(bench, entry):
    send(bench, Action.BUY, 10)
    bench.fill(1)
    send(bench, Action.EXIT, entry=entry)
    again = send(bench, Action.EXIT, entry=entry)

    assert orders(bench) == [10, -10]
    reply = outcome_of(bench, again)
    assert reply.outcome is Outcome.ACCEPTED
    assert reply.detail.startswith("already being closed by sell 10")
    assert bench.alarms == []


@pytest.mark.parametrize(
    ("first", "second"),
    [(limit(300), limit(310)), (limit(300), STOP), (STOP, LOWER), (STOP, limit(300))],
)
def test_two_exits_that_rest_never_close_the_same_units_and_it_is_said(bench, first, second):
    send(bench, Action.BUY, 10)
    bench.fill(1)
    send(bench, Action.EXIT, entry=first)
    again = send(bench, Action.EXIT, entry=second)

    assert orders(bench) == [10, -10]
    reply = outcome_of(bench, again)
    assert reply.outcome is Outcome.REJECTED
    assert "one exit with both prices" in reply.detail
    assert bench.alarms == ["exit_beside_resting_exit"]


def test_an_exit_that_rests_beside_a_part_closes_the_rest_and_says_so(bench):
    send(bench, Action.BUY, 10)
    bench.fill(1)
    send(bench, Action.EXIT, 4, entry=limit(300))
    rest = send(bench, Action.EXIT, entry=STOP)

    assert orders(bench) == [10, -4, -6]
    assert "4 of it is already being closed by sell 4 limit" in outcome_of(bench, rest).detail


def test_orders_of_another_client_id_keep_a_target_from_trading(held):
    for order in held.desk.book.all_live():
        order.client_id = 7
    target = send(held, Action.TARGET, 0)

    reply = outcome_of(held, target)
    assert reply.outcome is Outcome.REJECTED
    assert "(client id 7) would have to be cancelled first" in reply.detail


def around(after=None, size=None, before=None, before_size=None) -> StrategyPosition:
    return StrategyPosition(
        side=after,
        size=None if size is None else Decimal(size),
        previous_side=before,
        previous_size=None if before_size is None else Decimal(before_size),
    )


def follow(bench, policy: MismatchPolicy) -> None:
    route = Route(position_mismatch=policy)
    bench.rules.adopt(ConfigurationFile(routes={"r": route}))


LONG, SHORT, FLAT = MarketPosition.LONG, MarketPosition.SHORT, MarketPosition.FLAT
SAID = "the alert expects a position of {} before it, and it is {}"


@pytest.mark.parametrize(
    ("position", "said"),
    [
        (None, ""),
        (around(LONG, 15), ""),
        (around(LONG, 15, LONG, 10), ""),
        (around(before=LONG), ""),
        (around(LONG, 5), SAID.format(0, 10)),
        (around(LONG, 5, FLAT), SAID.format(0, 10)),
        (around(before=SHORT), SAID.format("short", 10)),
        (around(before=SHORT, before_size=3), SAID.format(-3, 10)),
    ],
)
def test_a_mismatch_is_told_and_by_default_nothing_else_changes(bench, position, said):
    send(bench, Action.BUY, 10)
    bench.fill(1)
    buy = send(bench, Action.BUY, 5, position=position)

    assert orders(bench) == [10, 5]
    assert ("position_mismatch" in bench.alarms) is bool(said)
    assert said in outcome_of(bench, buy).detail


def test_orders_on_their_way_are_in_the_position_that_is_compared(bench):
    send(bench, Action.BUY, 10)
    send(bench, Action.BUY, 5, position=around(LONG, 15))

    assert "position_mismatch" not in bench.alarms


@pytest.mark.parametrize(
    ("action", "quantity", "position", "ordered"),
    [
        (Action.BUY, 10, around(LONG, 10, FLAT), []),
        (Action.BUY, 10, around(LONG, 30, LONG, 20), [20]),
        (Action.SELL, 5, around(SHORT, 5, FLAT), [-15]),
        (Action.SELL, 5, around(FLAT, None, LONG, 5), [-10]),
        (Action.BUY, 5, around(LONG, None, FLAT), [5]),
    ],
)
def test_sync_trades_to_the_position_after_the_alert(bench, action, quantity, position, ordered):
    follow(bench, MismatchPolicy.SYNC)
    send(bench, Action.BUY, 10)
    bench.fill(1)
    send(bench, action, quantity, position=position, route="r")

    assert orders(bench)[1:] == ordered
    assert "position_mismatch" in bench.alarms


def test_refuse_orders_nothing_and_names_both_numbers(bench):
    follow(bench, MismatchPolicy.REFUSE)
    one = send(bench, Action.BUY, 5, position=around(LONG, 25, LONG, 20), route="r")

    assert orders(bench) == []
    reply = outcome_of(bench, one)
    assert reply.outcome is Outcome.REJECTED
    assert reply.detail.startswith(SAID.format(20, 0))


def test_the_factor_of_the_account_is_on_what_the_alert_expects(bench):
    follow(bench, MismatchPolicy.REFUSE)
    send(bench, Action.BUY, 10, multiplier=Decimal(2))
    bench.fill(1)
    two = Decimal(2)
    send(bench, Action.BUY, 5, position=around(LONG, 15), multiplier=two, route="r")

    assert orders(bench) == [20, 10]


@pytest.mark.parametrize(("filled", "ordered"), [(0, 20), (4, 16), (10, 10)])
def test_sync_cancels_what_rests_before_it_trades_as_a_target_does(bench, filled, ordered):
    follow(bench, MismatchPolicy.SYNC)
    send(bench, Action.BUY, 10, entry=limit(150), route="r")
    send(bench, Action.BUY, 10, position=around(LONG, 20), route="r")
    assert orders(bench) == [10]
    assert bench.broker.cancels == [1]

    if filled:
        bench.fill(1, filled)
    if filled < 10:
        confirm(bench, 1)
    bench.wait(3.1)
    assert orders(bench) == [10, ordered]
    bench.fill(2)
    assert bench.broker.position == 20


def test_sync_that_turns_round_is_not_doubled_by_a_limit_that_rests(bench):
    follow(bench, MismatchPolicy.SYNC)
    send(bench, Action.BUY, 10, route="r")
    bench.fill(1)
    send(bench, Action.SELL, 10, entry=limit(300), route="r")
    send(bench, Action.SELL, 10, position=around(SHORT, 10, FLAT), route="r")
    assert orders(bench) == [10, -10]
    confirm(bench, 2)

    assert orders(bench) == [10, -10, -20]


def test_what_rests_stays_where_sync_has_nothing_to_correct(bench):
    follow(bench, MismatchPolicy.SYNC)
    send(bench, Action.BUY, 10, entry=limit(150), route="r")
    send(bench, Action.BUY, 10, position=around(LONG, 10), route="r")

    assert orders(bench) == [10, 10]
    assert bench.broker.cancels == []


@pytest.mark.parametrize(
    ("action", "quantity"), [(Action.EXIT, None), (Action.FLATTEN, None), (Action.TARGET, 0)]
)
def test_refuse_lets_out_and_tells_the_mismatch(bench, action, quantity):
    follow(bench, MismatchPolicy.REFUSE)
    send(bench, Action.BUY, 10)
    bench.fill(1)
    out = send(bench, action, quantity, position=around(FLAT, 0, LONG, 20), route="r")

    assert orders(bench) == [10, -10]
    bench.fill(2)
    assert outcome_of(bench, out).outcome is Outcome.ACCEPTED
    assert SAID.format(20, 10) in outcome_of(bench, out).detail
    assert "position_mismatch" in bench.alarms


def test_what_an_alert_expects_is_rounded_as_its_orders_were(bench):
    follow(bench, MismatchPolicy.REFUSE)
    (stock,) = bench.broker.candidates
    bench.broker.candidates = (replace(stock, terms=Terms(size_increment=Decimal(1))),)
    half = Decimal("0.5")
    send(bench, Action.BUY, 3, route="r", multiplier=half)
    bench.fill(1)
    send(bench, Action.BUY, 4, position=around(LONG, 7, LONG, 3), route="r", multiplier=half)
    bench.fill(2)
    send(bench, Action.EXIT, position=around(FLAT, 0, LONG, 7), route="r", multiplier=half)

    assert orders(bench) == [1, 2, -3]
    assert bench.alarms == []
