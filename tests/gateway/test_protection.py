"""What becomes of a position, or of an entry, whose protection ends."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.report import Side
from tests.gateway.bench import Bench, refused
from tests.gateway.build import command
from tests.gateway.test_brackets import CLOSES, bracket, open_position


def overnight(bench: Bench) -> None:
    """Start again on another day, whose lists do not hold what filled before."""
    bench.broker.executions.clear()
    bench.crash()
    bench.connect(completed=())
    bench.wait(5)


@pytest.mark.parametrize("closes", [False, True])
def test_a_stop_that_ends_on_a_later_day_is_noticed_after_a_restart(closes):
    bench = Bench(rules=CLOSES if closes else None)
    bench.connect()
    open_position(bench, route="main")
    overnight(bench)

    bench.end(3)
    bench.wait(2)

    assert "position_unprotected" in bench.alarms
    if closes:
        bench.end(2)
        bench.wait(4)
        assert [(o.side, o.quantity) for o in bench.broker.placed[3:]] == [(Side.SELL, 10)]


def working(closes: bool) -> Bench:
    """Let a bracket work whose entry has not filled."""
    bench = Bench(rules=CLOSES if closes else None)
    bench.connect()
    bench.send(bracket(route="main", take_profits=()))
    for order_id in (1, 2):
        bench.acknowledge(order_id)
    return bench


@pytest.mark.parametrize("part", [None, 1])
@pytest.mark.parametrize("crashes", [False, True])
def test_an_entry_whose_stop_ends_is_taken_back_and_what_it_filled_is_closed(part, crashes):
    bench = working(closes=True)
    if part:
        bench.fill(1, part)
    bench.end(2)
    bench.wait(2)

    assert bench.broker.cancels == [1]
    assert "entry_without_stop" in bench.alarms
    assert len(bench.broker.placed) == 2
    bench.fill(1, 3)
    bench.end(1)
    if crashes:
        bench.crash()
        bench.connect()
    bench.wait(2)
    bench.wait(4)
    closes = bench.broker.placed[2:]
    assert [(o.side, o.quantity) for o in closes] == [(Side.SELL, 3 + (part or 0))]


@pytest.mark.parametrize("closes", [False, True])
def test_what_an_entry_fills_after_its_stop_ended_is_never_silent(closes):
    bench = working(closes)
    bench.end(2)
    bench.wait(2)
    bench.notes.clear()

    bench.fill(1)
    bench.wait(2)
    bench.wait(4)

    assert bench.alarms == ["position_unprotected"]
    assert [o.quantity for o in bench.broker.placed[2:]] == ([10] if closes else [])


def test_each_fill_of_an_entry_that_does_not_end_is_told(bench):
    bench.send(bracket(take_profits=()))
    for order_id in (1, 2):
        bench.acknowledge(order_id)
    bench.end(2)
    bench.wait(2)
    for filled in (1, 2):
        bench.fill(1, 1)
        bench.wait(2)
        note = [one for one in bench.notes if one.event == "position_unprotected"][-1]
        assert f"{filled} AAPL are held" in note.fields["detail"]


def test_an_entry_whose_stop_is_refused_while_it_works_is_taken_back_at_once():
    bench = working(closes=False)

    bench.turn(refused(2, 201, "stop price"))

    assert bench.broker.cancels == [1]


def test_a_cancel_that_the_broker_refused_is_asked_again():
    bench = working(closes=False)
    bench.end(2)
    bench.wait(2)
    bench.turn(refused(1, 161, "not now"))

    bench.wait(11)

    assert bench.broker.cancels == [1, 1]


@pytest.mark.parametrize("crosses", [False, True])
@pytest.mark.parametrize("crashes", [False, True])
def test_the_close_of_an_entry_that_was_taken_back_opens_nothing(bench, crosses, crashes):
    buy = bracket()
    bench.send(buy)
    bench.turn(refused(3, 110, "no such price"))
    if crosses:
        for order_id in (1, 2):
            bench.acknowledge(order_id, "PreSubmitted")
    for order_id in (2, 1):
        bench.end(order_id)
    bench.wait(1)
    if crashes:
        bench.crash()
        bench.connect()

    bench.send(command(Action.SELL, 10))
    bench.wait(4)

    assert len(bench.broker.placed) == 3


def test_after_a_cancel_by_the_trader_the_other_side_is_free(bench):
    bench.send(bracket())
    for order_id in (1, 2, 3):
        bench.acknowledge(order_id)
    bench.send(command(Action.CANCEL))
    for order_id in (1, 2, 3):
        bench.end(order_id)
    bench.wait(2)

    bench.send(command(Action.SELL, 10))

    assert [(o.side, o.quantity) for o in bench.broker.placed[3:]] == [(Side.SELL, 10)]


def test_what_an_exit_left_bare_is_told_though_it_filled_while_nobody_listened(bench):
    open_position(bench)
    bench.end(2)
    bench.end(3)
    bench.send(command(Action.EXIT, 4))
    bench.acknowledge(4)
    bench.broker.fill(bench.broker.by_id(4), Decimal(4), bench.now)

    bench.crash()
    bench.connect()
    bench.wait(6)

    assert "position_unprotected" in bench.alarms
