"""What makes way for a close, and what stays: whose protection, how much of it, and when."""

from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import Action, StopLoss, TimeInForce
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway.rules import Rules
from tests.gateway.bench import Bench
from tests.gateway.build import command, later, limit
from tests.gateway.paper import PaperOrder
from tests.gateway.test_brackets import bracket, open_position

SCOPED = Rules(
    ConfigurationFile.model_validate({"routes": {"main": {"position_scope": "strategy"}}})
)


def hold(bench: Bench, strategy: str, **fields) -> None:
    """Let a strategy open 10 with a take profit and a stop."""
    first = len(bench.broker.placed) + 1
    bench.send(bracket(strategy=strategy, key=strategy, route="main", **fields))
    for order_id in range(first, len(bench.broker.placed) + 1):
        bench.acknowledge(order_id)
    bench.fill(first)
    bench.wait(4)


def order(bench: Bench, strategy: str, action=Action.EXIT, quantity=None, **fields):
    """Send a command of a strategy, and wait as long as it wants."""
    one = command(
        action, quantity, strategy=strategy, key=f"{strategy} out", route="main", **fields
    )
    bench.send(one)
    bench.wait(3.1)
    return one


def clear(bench: Bench) -> None:
    """Let the broker confirm what was asked of the protective orders."""
    for order_id in list(bench.broker.cancels):
        if bench.broker.by_id(order_id).status == "Submitted":
            bench.end(order_id)
    for one in bench.broker.placed:
        if one.parent_id and one.status == "Submitted":
            bench.tell(one)


def works(bench: Bench) -> dict[int, Decimal]:
    """Protective orders that work, with their sizes."""
    return {
        one.order_id: one.quantity
        for one in bench.broker.placed
        if one.parent_id and one.status == "Submitted"
    }


def sent(bench: Bench, after: int) -> list[tuple[Side, Decimal]]:
    return [(one.side, one.quantity) for one in bench.broker.placed[after:]]


@pytest.fixture
def scoped() -> Bench:
    """A route whose strategies' own positions count."""
    bench = Bench(rules=SCOPED)
    bench.connect()
    return bench


@pytest.mark.parametrize("leaver", ["s", "t"])
def test_an_exit_by_size_takes_its_own_strategys_protection_first(bench, leaver):
    hold(bench, "s")
    hold(bench, "t")

    order(bench, leaver, Action.EXIT, 10)
    clear(bench)

    assert works(bench) == ({5: 10, 6: 10} if leaver == "s" else {2: 10, 3: 10})
    assert sent(bench, 6) == [(Side.SELL, 10)]


@pytest.mark.parametrize("leaver", ["s", "t"])
def test_a_strategys_exit_leaves_the_protection_of_others(scoped, leaver):
    hold(scoped, "s")
    hold(scoped, "t")

    order(scoped, leaver)
    clear(scoped)

    assert works(scoped) == ({5: 10, 6: 10} if leaver == "s" else {2: 10, 3: 10})
    assert sent(scoped, 6) == [(Side.SELL, 10)]


def test_a_strategys_entry_against_another_leaves_the_others_protection(scoped):
    hold(scoped, "s")

    order(scoped, "t", Action.SELL, 10)

    assert sent(scoped, 3) == [(Side.SELL, 10)]
    assert works(scoped) == {2: 10, 3: 10}
    assert not scoped.broker.cancels


def test_a_strategys_exit_ends_its_protection_whatever_the_account_holds(scoped):
    hold(scoped, "s")
    order(scoped, "t", Action.SELL, 20)
    scoped.fill(4)
    scoped.wait(4)
    assert scoped.broker.position == -10

    order(scoped, "s")
    clear(scoped)

    assert works(scoped) == {}
    assert sent(scoped, 4) == [(Side.SELL, 10)]


def test_an_exit_beside_one_under_way_leaves_no_protection_behind(bench):
    open_position(bench)
    order(bench, "s", Action.EXIT, 4)
    clear(bench)
    bench.acknowledge(4, "PreSubmitted")

    order(bench, "s")
    clear(bench)

    assert sent(bench, 3) == [(Side.SELL, 4), (Side.SELL, 6)]
    assert works(bench) == {}


def test_two_exits_of_a_part_at_once_leave_as_much_protection_as_position(bench):
    open_position(bench)
    for key in ("a", "b"):
        bench.send(command(Action.EXIT, 4, key=key))

    for _ in range(3):
        clear(bench)
        bench.wait(3.1)

    assert sent(bench, 3) == [(Side.SELL, 4), (Side.SELL, 4)]
    assert works(bench) == {2: 2, 3: 2}


def test_two_exits_of_a_part_do_not_undo_each_others_changes(bench):
    """The broker answers each change one turn late, while both exits look again and again."""
    open_position(bench, take_profits=())
    bench.wait(5)
    sizes = []
    for quantity, strategy in ((7, "s"), (2, "t")):
        bench.send(command(Action.EXIT, quantity, strategy=strategy, key=strategy))
        sizes.append(bench.broker.by_id(2).quantity)
    for _ in range(4):
        clear(bench)
        sizes.append(bench.broker.by_id(2).quantity)
        for one in bench.broker.placed[2:]:
            if one.status == "Submitted":
                bench.fill(one.order_id)

    assert sorted(sizes, reverse=True) == sizes
    assert sorted(sent(bench, 2)) == [(Side.SELL, 2), (Side.SELL, 7)]
    assert works(bench) == {2: 1}
    assert bench.broker.position == 1


def test_a_stop_that_is_on_its_way_out_is_not_changed(bench):
    open_position(bench)
    bench.wait(5)
    bench.send(command(Action.EXIT, key="all"))
    assert bench.broker.cancels == [2, 3]

    bench.send(command(Action.EXIT, 2, key="part"))
    assert works(bench) == {2: 10, 3: 10}
    clear(bench)
    bench.wait(3.1)

    assert sent(bench, 3) == [(Side.SELL, 10)]


def test_what_has_lost_its_stop_makes_way_before_what_is_protected(bench):
    for _ in range(2):
        hold(bench, "s")
    bench.end(3)
    bench.wait(2)

    order(bench, "s", Action.EXIT, 10)
    clear(bench)

    assert works(bench) == {5: 10, 6: 10}
    assert sent(bench, 6) == [(Side.SELL, 10)]


@pytest.mark.parametrize(
    "fields", [{"time_in_force": TimeInForce.OPG}, {"good_after": later(3600)}]
)
def test_an_exit_that_waits_for_its_time_takes_no_protection(bench, fields):
    open_position(bench)

    one = order(bench, "s", **fields)

    (reply,) = [reply for _, reply in bench.replies if reply.command_id == one.command_id]
    assert reply.outcome is Outcome.REJECTED
    assert "send modify" in reply.detail
    assert works(bench) == {2: 10, 3: 10}
    assert not bench.broker.cancels
    assert sent(bench, 3) == []


def trailing(bench: Bench, **stop) -> PaperOrder:
    """Hold 10 with a stop that the broker moves by itself; return the stop."""
    open_position(bench, stop_loss=StopLoss(price=Decimal(190), **stop))
    bench.wait(4)
    return bench.broker.by_id(3)


def test_a_trailing_stop_keeps_where_it_has_come_to_when_a_part_is_closed(bench):
    stop = trailing(bench, trail_amount=Decimal(5))
    stop.trail_stop_price = Decimal(197)

    bench.send(command(Action.EXIT, 4))
    assert stop.quantity == 10
    bench.answer_inquiry()
    clear(bench)

    assert (stop.quantity, stop.tws_type, stop.aux_price) == (6, "TRAIL", 5)
    assert stop.trail_stop_price == 197
    assert sent(bench, 3) == [(Side.SELL, 4)]


@pytest.mark.parametrize(
    ("trail", "becomes"),
    [
        ({"trail_amount": Decimal(2)}, ("TRAIL", Decimal(2), None)),
        ({"trail_percent": Decimal(1)}, ("TRAIL", None, Decimal(1))),
    ],
)
@pytest.mark.parametrize("is_told", [True, False])
def test_a_stop_that_has_begun_to_trail_goes_on_trailing(bench, trail, becomes, is_told):
    stop = trailing(bench, trail_trigger=Decimal(10), **trail)
    stop.tws_type, stop.aux_price, stop.trail_percent = becomes
    stop.trail_stop_price = Decimal(209)
    if is_told:
        bench.tell(stop)

    bench.send(command(Action.EXIT, 4))
    bench.answer_inquiry()
    clear(bench)

    assert stop.quantity == 6
    assert (stop.tws_type, stop.aux_price, stop.trail_percent) == becomes
    assert stop.trail_stop_price == 209
    kept = bench.kept["orders"][stop.ref]
    assert (kept.ticket.tws_type, kept.ticket.adjustment) == ("TRAIL", None)
    assert kept.stop_price == 209


def test_a_stop_that_was_moved_to_break_even_stays_there(bench):
    stop = trailing(bench, break_even_trigger=Decimal(10), break_even_offset=Decimal(1))
    stop.aux_price = Decimal(201)

    bench.send(command(Action.EXIT, 4))
    bench.answer_inquiry()
    clear(bench)

    assert (stop.quantity, stop.tws_type, stop.aux_price) == (6, "STP", 201)
    assert bench.kept["orders"][stop.ref].ticket.adjustment is None


def test_a_stop_that_waits_for_its_trigger_keeps_it(bench):
    stop = trailing(bench, trail_trigger=Decimal(10), trail_amount=Decimal(2))

    bench.send(command(Action.EXIT, 4))
    bench.answer_inquiry()
    clear(bench)

    assert (stop.quantity, stop.tws_type, stop.aux_price) == (6, "STP", 190)
    assert bench.kept["orders"][stop.ref].ticket.adjustment.tws_type == "TRAIL"
    assert sent(bench, 3) == [(Side.SELL, 4)]


def test_a_change_that_the_broker_left_unanswered_is_asked_again(bench):
    open_position(bench)
    bench.loses_bytes = True
    leave = command(Action.EXIT, 4)
    bench.send(leave)
    bench.wait(6)
    assert "close_waits_for_protection" in bench.alarms
    assert bench.broker.by_id(3).quantity == 10
    bench.loses_bytes = False

    bench.wait(6)
    bench.send(leave)
    clear(bench)

    assert works(bench) == {2: 6, 3: 6}
    assert sent(bench, 3) == [(Side.SELL, 4)]


def test_a_stop_that_ends_is_missed_by_its_strategy_whatever_the_account_holds(scoped):
    hold(scoped, "s")
    order(scoped, "t", Action.SELL, 10)
    scoped.fill(4)
    scoped.wait(4)
    assert scoped.broker.position == 0

    scoped.end(3)
    scoped.wait(2)

    (note,) = [note for note in scoped.notes if note.event == "position_unprotected"]
    assert "10 AAPL are held without their stop loss" in note.fields["detail"]


@pytest.mark.parametrize("held", [10, 4])
def test_what_a_strategy_holds_can_be_protected_whatever_the_account_holds(scoped, held):
    order(scoped, "s", Action.BUY, 10)
    scoped.fill(1)
    order(scoped, "t", Action.SELL, held)
    scoped.fill(2)
    scoped.wait(4)

    order(scoped, "s", Action.MODIFY, stop_loss=StopLoss(price=Decimal(190)))

    assert sent(scoped, 2) == [(Side.SELL, 10)]


def test_what_closes_the_account_leaves_a_strategy_nothing_to_protect(scoped):
    order(scoped, "s", Action.BUY, 10)
    scoped.fill(1)
    leave = command(Action.EXIT, entry=limit(250), strategy="wide", key="wide")
    scoped.send(leave)
    scoped.wait(3.1)
    scoped.acknowledge(2)

    order(scoped, "s", Action.MODIFY, stop_loss=StopLoss(price=Decimal(190)))

    assert sent(scoped, 1) == [(Side.SELL, 10)]
    assert scoped.replies[-1][1].outcome is Outcome.REJECTED


def test_a_modify_names_what_stays_bare(bench):
    open_position(bench)
    bench.send(command(Action.BUY, 10, key="more"))
    bench.fill(4)
    bench.wait(4)

    order(bench, "s", Action.MODIFY, stop_loss=StopLoss(price=Decimal(195)))
    clear(bench)

    reply = bench.replies[-1][1]
    assert reply.outcome is Outcome.ACCEPTED
    assert "10 of 20 held stay without protection" in reply.detail
