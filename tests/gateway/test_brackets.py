"""Entries with their protection at the desk: written down whole, sent whole, found whole."""

from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import Action, StopLoss, TakeProfit
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderRole, OrderState, Side
from gateway.rules import Rules
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


def open_position(bench: Bench, **fields):
    """Send a bracket, let the broker take it, and fill its entry."""
    buy = bracket(**fields)
    bench.send(buy)
    for order in list(bench.broker.placed):
        bench.acknowledge(order.order_id)
    bench.fill(1)
    return buy


def test_an_exit_cancels_what_protects_and_goes_out_after_that(bench):
    open_position(bench)

    bench.send(command(Action.EXIT))
    assert sorted(bench.broker.cancels) == [2, 3]
    assert len(bench.broker.placed) == 3

    bench.end(2)
    assert len(bench.broker.placed) == 3
    bench.end(3)

    (close,) = bench.broker.placed[3:]
    assert (close.side, close.quantity) == (Side.SELL, 10)


def test_an_exit_of_a_part_shrinks_what_protects_first(bench):
    open_position(bench)

    bench.send(command(Action.EXIT, 4))

    changed = [bench.broker.by_id(2), bench.broker.by_id(3)]
    assert [order.quantity for order in changed] == [6, 6]
    assert len(bench.broker.placed) == 3
    for order in changed:
        bench.tell(order)
    assert [(o.side, o.quantity) for o in bench.broker.placed[3:]] == [(Side.SELL, 4)]


def test_a_stop_that_fills_before_its_cancel_leaves_nothing_to_close(bench):
    open_position(bench)
    leave = command(Action.EXIT)
    bench.send(leave)

    bench.fill(3)
    bench.end(2)

    assert len(bench.broker.placed) == 3
    assert outcome(bench, leave.command_id) is Outcome.ACCEPTED


def test_an_exit_waits_no_longer_than_it_says_for_a_silent_broker(bench):
    open_position(bench)
    leave = command(Action.EXIT)
    bench.send(leave)

    bench.wait(6)

    assert "close_waits_for_protection" in bench.alarms
    assert bench.replies[-1][1].decided is False
    assert len(bench.broker.placed) == 3


def test_an_exit_that_rests_beside_a_stop_is_refused_with_the_remedy(bench):
    open_position(bench)

    reply = bench.send(command(Action.EXIT, entry=limit(250)))

    assert reply.outcome is Outcome.REJECTED
    assert "send modify" in reply.detail
    assert not bench.broker.cancels


def test_the_other_side_ends_the_protection_of_what_it_closes(bench):
    open_position(bench)

    bench.send(command(Action.SELL, 15))
    for order_id in (2, 3):
        bench.end(order_id)

    assert [(o.side, o.quantity) for o in bench.broker.placed[3:]] == [(Side.SELL, 15)]


def test_a_stop_that_the_broker_cancels_is_called_out(bench):
    buy = open_position(bench)

    bench.end(3)
    bench.wait(0.5)
    assert "position_unprotected" not in bench.alarms
    bench.wait(1)

    (note,) = [note for note in bench.notes if note.event == "position_unprotected"]
    assert note.fields["order_ref"] == refs(buy)[2]
    assert "10 AAPL are held without their stop loss" in note.fields["detail"]
    assert len(bench.broker.placed) == 3


def test_a_take_profit_that_fills_ends_its_stop_in_silence(bench):
    open_position(bench)

    bench.end(3)
    bench.fill(2)
    bench.wait(2)

    assert "position_unprotected" not in bench.alarms


def test_an_entry_that_ends_filled_in_part_leaves_its_position_unprotected(bench):
    buy = bracket()
    bench.send(buy)
    for order_id in (1, 2, 3):
        bench.acknowledge(order_id)
    bench.fill(1, 4)

    for order_id in (1, 2, 3):
        bench.end(order_id)
    bench.wait(2)

    (note,) = [note for note in bench.notes if note.event == "position_unprotected"]
    assert "4 AAPL are held" in note.fields["detail"]


def test_an_entry_that_never_filled_leaves_nothing_unprotected(bench):
    bench.send(command(Action.BUY, 5, key="other"))
    bench.fill(1)
    bench.send(bracket())
    for order_id in (2, 3, 4):
        bench.acknowledge(order_id)

    for order_id in (2, 3, 4):
        bench.end(order_id)
    bench.wait(2)

    assert "position_unprotected" not in bench.alarms


CLOSES = Rules(ConfigurationFile.model_validate({"routes": {"main": {"unprotected": "close"}}}))


@pytest.mark.parametrize("dies", ["", "committed", "placed", "before"])
def test_a_position_without_its_stop_is_closed_once_where_the_route_says_so(dies):
    bench = Bench(rules=CLOSES)
    bench.connect()
    open_position(bench, route="main")
    bench.end(3)
    if dies == "before":
        bench.crash()
        bench.connect()
    elif dies:
        bench.crash_at = dies
    bench.wait(2)
    bench.wait(2)
    try:
        bench.end(2)
    except Crash:
        bench.crash()
        bench.connect()

    for _ in range(3):
        bench.wait(3)
    closes = bench.broker.placed[3:]
    assert [(o.side, o.quantity) for o in closes] == [(Side.SELL, 10)]
    bench.fill(closes[0].order_id)
    bench.crash()
    bench.connect()
    bench.wait(3)
    assert len(bench.broker.placed) == 4
    assert bench.broker.position == 0


def test_a_leg_that_ends_before_it_was_told_keeps_nobody_waiting(bench):
    """Entry and stop fill at once: of the take profit nothing is heard but its end."""
    buy = bracket()
    bench.send(buy)
    bench.fill(1)
    bench.end(2)

    bench.fill(3)

    assert outcome(bench, buy.command_id) is Outcome.ACCEPTED
