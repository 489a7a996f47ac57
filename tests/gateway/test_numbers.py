"""Numbers at their edges, through the desk: none of them ends the gateway."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, QuantityType, Sizing, StopLoss
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway import translation
from gateway.messages import FundsAnswered, QuoteTold
from gateway.terms import Terms
from tests.gateway.bench import Bench, outcome
from tests.gateway.build import AAPL_CONTRACT, MARKET, command, limit, units
from tests.gateway.test_brackets import open_position
from tests.gateway.test_limits import limited
from tests.gateway.test_verbs import send

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


@pytest.mark.parametrize(
    "stop",
    [
        # 5.37 less 2.33… percent of it never ends, and no step says where to cut it.
        {"price": D(5), "trail_trigger": D("0.41"), "trail_percent": D("2.333333333333")},
        {"price": D("5.0000000001234567")},
        {"price": D(5), "trail_trigger": D("0.41"), "trail_amount": D("0.01234567890123456789")},
    ],
)
def test_a_stop_that_the_broker_cannot_be_told_exactly_orders_nothing(bench, stop):
    buy = command(Action.BUY, 10, entry=limit("5.37"), stop_loss=StopLoss(**stop))

    bench.send(buy)

    assert outcome(bench, buy.command_id) is Outcome.REJECTED
    assert "stop_loss: " in bench.replies[-1][1].detail
    assert bench.broker.placed == []


def test_a_change_that_the_broker_cannot_be_told_exactly_changes_nothing(bench):
    open_position(bench)
    moves = StopLoss(price=D(190), trail_trigger=D("5.41"), trail_percent=D("2.333333333333"))
    change = command(Action.MODIFY, stop_loss=moves)

    bench.send(change)

    assert outcome(bench, change.command_id) is Outcome.REJECTED
    assert len(bench.broker.placed) == 3
    assert bench.desk.book.orders[bench.broker.by_id(3).ref].asked is None


@pytest.mark.parametrize("kind", [kind for kind in QuantityType if kind.value])
def test_a_target_of_zero_needs_no_price_no_funds_and_no_stop(bench, kind):
    bench.readings = [FundsAnswered(reason="not now")]
    send(bench, Action.BUY, 10)
    bench.fill(1)

    flat = send(bench, Action.TARGET, sizing=Sizing(type=kind, value=D(0)))

    assert outcome(bench, flat.command_id) is Outcome.ACCEPTED
    assert [order.side for order in bench.broker.placed] == [Side.BUY, Side.SELL]
    assert bench.broker.placed[1].quantity == 10
    bench.fill(2)
    again = send(bench, Action.TARGET, sizing=Sizing(type=kind, value=D(0)))
    assert outcome(bench, again.command_id) is Outcome.ACCEPTED
    assert len(bench.broker.placed) == 2


@pytest.mark.parametrize("price", [None, D(190)])
def test_a_trailing_distance_comes_in_steps_and_says_so(bench, price):
    on_terms(bench, min_tick=D("0.01"))
    stop = StopLoss(price=price, trail_amount=D("3.0337"))
    entry = limit(200) if price else MARKET

    bench.send(command(Action.BUY, 10, entry=entry, stop_loss=stop))
    for order_id in (1, 2):
        bench.acknowledge(order_id)

    assert bench.broker.by_id(2).aux_price == D("3.03")
    assert "stop_loss.trail_amount 3.0337 is 3.03 in steps" in bench.replies[-1][1].detail


def test_a_stop_that_comes_to_trail_does_so_in_steps(bench):
    on_terms(bench, min_tick=D("0.01"))
    moves = StopLoss(price=D("190.004"), trail_trigger=D(5), trail_amount=D("3.0337"))
    buy = command(Action.BUY, 10, entry=limit(200), stop_loss=moves)

    bench.send(buy)
    for order_id in (1, 2):
        bench.acknowledge(order_id)

    ticket = bench.desk.book.orders[f"{buy.command_id}a"].ticket
    assert (ticket.aux_price, ticket.adjustment.trail) == (D("190.01"), D("3.03"))
    assert ticket.adjustment.stop_price == D("201.97")
    said = bench.replies[-1][1].detail
    assert "stop_loss.price 190.004 is 190.01" in said
    assert "stop_loss.trail_amount 3.0337 is 3.03" in said


def test_a_stop_cannot_trail_by_more_than_everything(bench):
    stop = StopLoss(trail_percent=D(150))

    reply = bench.send(command(Action.BUY, 10, entry=limit(200), stop_loss=stop))

    assert "stop_loss.trail_percent must be below 100, it was 150" in reply.detail
    assert bench.broker.placed == []


def test_a_change_says_what_the_steps_made_of_it(bench):
    on_terms(bench, min_tick=D("0.01"))
    open_position(bench)
    change = command(Action.MODIFY, stop_loss=StopLoss(price=D("195.004")))

    bench.send(change)
    bench.tell(bench.broker.by_id(3))

    assert bench.broker.by_id(3).aux_price == D("195.01")
    assert "stop_loss.price 195.004 is 195.01" in bench.replies[-1][1].detail
