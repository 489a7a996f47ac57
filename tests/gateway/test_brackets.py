"""Entries with their protection at the desk: written down whole, sent whole, found whole."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, StopLoss, TakeProfit
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderRole, OrderState
from tests.gateway.bench import Bench, Crash, outcome, refused
from tests.gateway.build import command, limit

LEGS = {
    "take_profits": (TakeProfit(price=Decimal(210)),),
    "stop_loss": StopLoss(price=Decimal(190)),
}


def bracket(action=Action.BUY, quantity=10, **fields):
    return command(action, quantity, **({"entry": limit(200)} | LEGS | fields))


def refs(buy) -> list[str]:
    return [buy.command_id, f"{buy.command_id}a", f"{buy.command_id}b"]


def states(bench: Bench, buy) -> list[OrderState]:
    return [bench.state(ref) for ref in refs(buy)]


def test_a_bracket_goes_out_as_one_family(bench):
    buy = bracket()
    bench.send(buy)

    assert [(o.order_id, o.ref, o.parent_id, o.transmit) for o in bench.broker.placed] == [
        (1, refs(buy)[0], 0, False),
        (2, refs(buy)[1], 1, False),
        (3, refs(buy)[2], 1, True),
    ]
    kept = [bench.kept["orders"][ref] for ref in refs(buy)]
    assert [order.role for order in kept] == [
        OrderRole.MAIN,
        OrderRole.TAKE_PROFIT,
        OrderRole.STOP_LOSS,
    ]
    assert [order.parent_ref for order in kept] == ["", buy.command_id, buy.command_id]


def test_it_is_accepted_when_the_broker_has_all_of_it(bench):
    buy = bracket()
    bench.send(buy)
    for order_id in (1, 2):
        bench.acknowledge(order_id)
    assert outcome(bench, buy.command_id) is None

    bench.acknowledge(3, "PreSubmitted")

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED


def test_a_family_that_cannot_be_written_orders_nothing(bench):
    reply = bench.send(bracket(take_profits=(TakeProfit(price=Decimal(150)),)))

    assert reply.outcome is Outcome.REJECTED
    assert "wrong side" in reply.detail
    assert not bench.broker.placed


@pytest.mark.parametrize("position", ["part", "all"])
def test_only_what_opens_is_protected(bench, position):
    bench.send(command(Action.SELL, 4 if position == "part" else 10, key="other"))
    bench.fill(1)

    bench.send(bracket())

    if position == "all":
        assert [o.quantity for o in bench.broker.placed] == [10, 10]
    else:
        assert [o.quantity for o in bench.broker.placed] == [4, 10, 6, 6]


@pytest.mark.parametrize("sent", [0, 1, 2, 3])
def test_killed_in_the_middle_of_a_family(bench, sent):
    """Whatever TWS has seen: nothing naked works, nothing is sent twice, a doubt is a person's."""
    buy = bracket()
    bench.sends = sent
    if sent < 3:
        with pytest.raises(Crash):
            bench.send(buy)
    else:
        bench.send(buy)
    bench.crash()
    bench.connect()

    ids = [order.order_id for order in bench.broker.placed]
    if sent == 0:
        assert ids == [1, 2, 3]
        assert [o.transmit for o in bench.broker.placed] == [False, False, True]
    elif sent == 3:
        assert ids == [1, 2, 3]
        assert states(bench, buy) == [OrderState.WORKING] * 3
    else:
        assert len(ids) == sent
        assert states(bench, buy) == [OrderState.UNKNOWN] * 3
        assert "order_not_found" in bench.alarms
        assert bench.kept["commands"][buy.command_id].outcome is Outcome.UNKNOWN
    assert len(set(ids)) == len(ids)


def test_a_family_that_is_sent_again_is_the_same_to_the_last_field(bench):
    buy = bracket()
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(buy)
    before = {ref: bench.kept["orders"][ref].ticket for ref in refs(buy)}
    bench.crash()
    bench.connect()

    assert {ref: bench.kept["orders"][ref].ticket for ref in refs(buy)} == before
    assert [order.order_id for order in bench.broker.placed] == [1, 2, 3]
    for order_id in (1, 2, 3):
        bench.acknowledge(order_id)
    assert bench.kept["commands"][buy.command_id].outcome is Outcome.ACCEPTED


def test_a_family_whose_leg_is_nowhere_is_a_persons_and_names_what_is_there(bench):
    buy = bracket()
    bench.send(buy)
    bench.broker.hide(3)
    bench.broker.by_id(2).transmit = True
    bench.lose()
    bench.connect()

    assert states(bench, buy) == [OrderState.WORKING, OrderState.WORKING, OrderState.UNKNOWN]
    (note,) = [note for note in bench.notes if note.event == "order_not_found"]
    assert (
        f"of its family of 3 the broker lists {refs(buy)[0]}, {refs(buy)[1]}"
        in (note.fields["detail"])
    )
    assert outcome(bench, buy.command_id) is Outcome.UNKNOWN


def test_an_entry_that_is_refused_takes_its_legs_along(bench):
    buy = bracket()
    bench.send(buy)

    bench.turn(refused(1))

    assert states(bench, buy) == [
        OrderState.REJECTED,
        OrderState.CANCELLED,
        OrderState.CANCELLED,
    ]
    assert outcome(bench, buy.command_id) is Outcome.REJECTED


def test_a_leg_that_is_refused_before_its_entry_works_takes_all_back(bench):
    buy = bracket()
    bench.send(buy)

    bench.turn(refused(3, 110, "no such price"))

    assert sorted(bench.broker.cancels) == [1, 2]
    assert "protective_order_refused" in bench.alarms
    for order_id in (2, 1):
        bench.acknowledge(order_id, "Cancelled")
    bench.wait(1)
    assert outcome(bench, buy.command_id) is Outcome.REJECTED
    assert "stop loss of AAPL, 10 units (110): no such price" in bench.replies[-1][1].detail


def test_a_cancel_is_about_the_entry_and_leaves_its_legs_to_the_broker(bench):
    buy = bracket()
    bench.send(buy)
    for order_id in (1, 2, 3):
        bench.acknowledge(order_id)

    bench.send(command(Action.CANCEL))

    assert bench.broker.cancels == [1]


def test_an_expired_family_that_was_never_sent_ends_whole(bench):
    buy = bracket(not_after=bench.now)
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(buy)
    bench.crash()
    bench.wait(5)
    bench.connect()

    assert not bench.broker.placed
    assert states(bench, buy) == [OrderState.CANCELLED] * 3
    assert bench.kept["commands"][buy.command_id].outcome is Outcome.EXPIRED
