"""Protective orders that made way for an exit grow back where the exit took less than that."""

from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, TakeProfit
from gateway.messages import Inquired, OrderStatus
from tests.gateway.bench import Bench, refused
from tests.gateway.build import command, position, void
from tests.gateway.test_amendments import modify
from tests.gateway.test_brackets import CLOSES, open_position
from tests.gateway.test_clearance import SCOPED, hold, trailing, works
from tests.gateway.test_halts import halt


def goal(price: int, **fields) -> TakeProfit:
    return TakeProfit(price=Decimal(price), **fields)


HALVES = tuple(goal(price, portion_percent=Decimal(50)) for price in (210, 220))


def answers(bench: Bench, *silent: int, seconds: int = 14) -> None:
    """Pass time beside a broker that tells its lists and its orders, but for changes of some."""
    for _ in range(seconds):
        bench.wait(1)
        if bench.is_asked:
            bench.answer_inquiry()
        for one in bench.broker.placed:
            if one.parent_id and one.status == "Submitted" and one.order_id not in silent:
                bench.tell(one)


def end(bench: Bench, order_id: int) -> None:
    """Let the broker cancel an order at what it has filled."""
    order = bench.broker.by_id(order_id)
    order.status = "Cancelled"
    filled, perm_id = order.filled, 9000 + order_id
    bench.turn(
        OrderStatus(
            order_id=order_id, client_id=1, perm_id=perm_id, status="Cancelled", filled=filled
        )
    )


def leave(bench: Bench, quantity: int = 4, key: str = "out", **fields):
    """Send an exit of a part, for which the broker makes protection smaller."""
    out = command(Action.EXIT, quantity, **({"key": key, "route": "main"} | fields))
    bench.send(out)
    bench.wait(3.1)
    if bench.is_asked:
        bench.answer_inquiry()
    for one in list(bench.broker.placed):
        if one.parent_id and one.status == "Submitted":
            bench.tell(one)
    return out


def unprotected(bench: Bench) -> list[str]:
    notes = [note for note in bench.notes if note.event == "position_unprotected"]
    return [note.fields["detail"] for note in notes]


@pytest.fixture(params=[None, CLOSES], ids=["tells", "closes"])
def desk(request) -> Bench:
    """A desk whose route only tells what is unprotected, and one whose route closes it."""
    bench = Bench(rules=request.param)
    bench.connect()
    return bench


@pytest.mark.parametrize("filled", [0, 1, 4])
@pytest.mark.parametrize("crashes", [False, True])
def test_an_exit_that_ends_with_less_filled_gives_the_rest_its_protection_back(
    desk, filled, crashes
):
    open_position(desk, route="main")
    leave(desk)
    desk.acknowledge(4)
    assert works(desk) == {2: 6, 3: 6}
    if filled:
        desk.fill(4, filled)
    if filled < 4:
        end(desk, 4)
    if crashes:
        desk.crash()
        desk.connect()
    answers(desk)

    assert works(desk) == {2: 10 - filled, 3: 10 - filled}
    assert unprotected(desk) == []
    assert desk.desk.protection.bare() == ()
    assert desk.broker.position == 10 - filled
    assert not any(one.ticket.whole for one in desk.desk.book.all_live())


@pytest.mark.parametrize("fate", ["refused", "void", "never came again"])
def test_an_exit_that_never_worked_gives_all_of_it_back(desk, fate):
    open_position(desk, route="main")
    out = command(Action.EXIT, 4, key="out", route="main")
    desk.send(out)
    desk.wait(3.1)
    if fate == "void":
        desk.send(void(out))
    if fate == "never came again":
        desk.crash()
        desk.connect()
    for order_id in (2, 3):
        desk.tell(desk.broker.by_id(order_id))
    if fate == "refused":
        desk.turn(refused(4))
        desk.broker.by_id(4).status = "Cancelled"
    assert works(desk) == {2: 6, 3: 6}
    answers(desk)

    assert works(desk) == {2: 10, 3: 10}
    assert unprotected(desk) == []


@pytest.mark.parametrize("pause_s", [6, 14])
def test_it_is_shrunk_and_grows_as_often_as_exits_fail(bench, pause_s):
    open_position(bench)
    for number in range(3):
        leave(bench, key=f"out {number}")
        bench.turn(refused(4 + number))
        bench.broker.by_id(4 + number).status = "Cancelled"
        assert works(bench) == {2: 6, 3: 6}
        answers(bench, seconds=pause_s)
        assert works(bench) == {2: 10, 3: 10}

    leave(bench, key="at last")
    bench.fill(7)
    answers(bench)

    assert works(bench) == {2: 6, 3: 6}
    assert unprotected(bench) == []


@pytest.mark.parametrize("filled", [0, 2])
def test_what_a_take_profit_fills_meanwhile_is_not_protected_again(bench, filled):
    open_position(bench)
    leave(bench)
    bench.acknowledge(4)
    bench.fill(2, 3)
    bench.broker.by_id(3).quantity -= 3
    if filled:
        bench.fill(4, filled)
    end(bench, 4)
    answers(bench)

    left = 10 - 3 - filled
    assert works(bench) == {2: left + 3, 3: left}
    assert bench.broker.position == left


@pytest.mark.parametrize(
    ("quantity", "filled", "sizes"),
    [
        (3, 0, {2: 5, 3: 5, 4: 5, 5: 5}),
        (3, 1, {2: 5, 3: 4, 4: 5, 5: 4}),
        (7, 0, {2: 5, 4: 5}),
        (7, 1, {2: 5, 4: 5}),
        (7, 6, {2: 4, 4: 4}),
    ],
)
def test_each_part_gets_back_what_was_taken_off_it(bench, quantity, filled, sizes):
    hold(bench, "s", take_profits=HALVES)
    leave(bench, quantity)
    for order_id in dict.fromkeys(bench.broker.cancels):
        bench.end(order_id)
    bench.wait(3.1)
    bench.acknowledge(6)
    if filled:
        bench.fill(6, filled)
    end(bench, 6)
    answers(bench)

    assert works(bench) == sizes
    # What was cancelled for the exit does not come back: a person is told.
    assert bool(unprotected(bench)) == (quantity - filled > 5)


def test_a_trailing_stop_keeps_where_it_has_come_to(bench):
    stop = trailing(bench, trail_amount=Decimal(5))
    leave(bench)
    bench.answer_inquiry()
    bench.turn(refused(4))
    bench.broker.by_id(4).status = "Cancelled"
    bench.wait(4)
    stop.trail_stop_price = Decimal(198)
    answers(bench)

    assert (stop.quantity, stop.tws_type, stop.trail_stop_price) == (10, "TRAIL", 198)


def failed(bench: Bench, order_id: int = 4, quantity: int = 4, **fields) -> None:
    """Let an exit of a part be refused after protection was made smaller for it."""
    leave(bench, quantity, **fields)
    bench.turn(refused(order_id))
    bench.broker.by_id(order_id).status = "Cancelled"


def test_what_the_broker_refuses_is_asked_for_once_and_told(desk):
    open_position(desk, route="main", take_profits=())
    failed(desk, 3)
    desk.wait(6)
    desk.answer_inquiry()
    desk.wait(1)
    asked = desk.broker.by_id(2)
    assert asked.quantity == 10
    asked.quantity = Decimal(6)
    desk.turn(refused(2, 201, "no such size"))
    assert unprotected(desk) == []
    answers(desk)

    assert asked.quantity == 6
    assert unprotected(desk)[0].startswith("4 AAPL are held without")
    closed = [o.quantity for o in desk.broker.placed[3:]]
    assert closed == ([4] if desk.rules is CLOSES else [])


def test_a_change_that_never_arrives_is_told_after_the_brokers_lists_say_so(bench):
    open_position(bench, take_profits=())
    failed(bench, 3)
    bench.loses_bytes = True
    answers(bench, seconds=12)
    assert unprotected(bench) == []

    answers(bench, seconds=14)

    assert works(bench) == {2: 6}
    assert unprotected(bench)[0].startswith("4 AAPL are held without")
    assert len(bench.desk.protection.bare()) == 1


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_change_in_whose_midst_the_process_dies_is_seen_after_it(bench, is_lost):
    open_position(bench)
    failed(bench)
    bench.loses_bytes = is_lost
    bench.wait(6)
    bench.answer_inquiry()
    bench.wait(1)
    assert bench.kept["orders"][bench.broker.by_id(3).ref].ticket.quantity == 10
    bench.loses_bytes = False

    bench.crash()
    bench.connect()
    answers(bench)

    assert works(bench) == {2: 10, 3: 10}
    assert unprotected(bench) == []


def test_a_change_that_never_arrived_before_a_restart_is_none(bench):
    """The ledger says that it was asked for; the broker has the order as it was."""
    open_position(bench)
    bench.send(command(Action.BUY, 4, key="more"))
    bench.fill(4)
    bench.wait(4)
    bench.loses_bytes = True
    bench.send(command(Action.EXIT, 8, key="out"))
    bench.loses_bytes = False
    bench.crash()
    bench.connect()
    answers(bench)

    assert works(bench) == {2: 10, 3: 10}
    assert unprotected(bench) == []


@pytest.mark.parametrize("state", ["works", "lost"])
def test_nothing_grows_into_what_another_exit_closes(bench, state):
    open_position(bench)
    leave(bench, 3, key="one")
    leave(bench, 4, key="two")
    bench.acknowledge(4)
    if state == "lost":
        bench.broker.hide(4)
        bench.lose()
        bench.connect()
    bench.turn(refused(5))
    bench.broker.by_id(5).status = "Cancelled"
    answers(bench, seconds=30)

    assert works(bench) == {2: 7, 3: 7}
    # Of a lost one nobody knows: a person is told what is bare without it.
    assert bool(unprotected(bench)) == (state == "lost")


@pytest.mark.parametrize(("sold", "size"), [(2, 8), (4, 6), (7, 6)])
def test_it_grows_to_no_more_than_is_held(bench, sold, size):
    open_position(bench)
    failed(bench)
    bench.turn(position(10 - sold))
    for _ in range(12):
        bench.wait(1)
        if bench.is_asked:
            bench.is_asked = False
            lists = bench.broker.evidence()
            told = Inquired(evidence=lists, positions=(position(10 - sold),))
            bench.turn(*lists.open_orders, told)

    assert works(bench) == {2: size, 3: size}
    assert unprotected(bench) == []


@pytest.mark.parametrize("has_stop", [True, False])
def test_nothing_grows_into_what_was_protected_meanwhile(bench, has_stop):
    open_position(bench)
    failed(bench)
    fields = {} if has_stop else {"stop_loss": None, "take_profits": (goal(220),)}
    bench.send(modify(strategy="other", key="other", **fields))
    bench.acknowledge(5)
    answers(bench)

    assert works(bench) == {2: 6, 3: 6}
    assert bench.broker.by_id(5).quantity == 4
    assert bool(unprotected(bench)) != has_stop


@pytest.mark.parametrize("blocks", [False, True])
def test_a_halt_forbids_it_only_where_exits_are_blocked(bench, blocks):
    open_position(bench)
    leave(bench)
    halt(bench, block_exits=blocks)
    bench.turn(refused(4))
    bench.broker.by_id(4).status = "Cancelled"
    answers(bench)

    assert works(bench) == ({2: 6, 3: 6} if blocks else {2: 10, 3: 10})
    assert bool(unprotected(bench)) == blocks


def test_it_is_about_the_strategys_own_position_where_that_counts():
    bench = Bench(rules=SCOPED)
    bench.connect()
    hold(bench, "s")
    sell = command(Action.SELL, 10, strategy="t", key="t", route="main")
    bench.send(sell)
    bench.fill(4)
    bench.wait(4)
    assert bench.broker.position == 0

    failed(bench, 5, strategy="s")
    answers(bench)

    assert works(bench) == {2: 10, 3: 10}
    assert unprotected(bench) == []


def test_a_take_profit_without_a_stop_grows_too(bench):
    open_position(bench, stop_loss=None)
    failed(bench, 3)
    assert works(bench) == {2: 6}
    answers(bench)

    assert works(bench) == {2: 10}
    assert "take_profit_missing" not in bench.alarms


def test_a_pair_that_was_completed_meanwhile_grows_together(bench):
    open_position(bench, take_profits=())
    leave(bench)
    bench.send(modify(stop_loss=None, take_profits=(goal(220),)))
    bench.acknowledge(4)
    bench.turn(refused(3))
    bench.broker.by_id(3).status = "Cancelled"
    answers(bench)

    assert [bench.broker.by_id(order_id).quantity for order_id in (2, 4)] == [10, 10]
    assert unprotected(bench) == []


def test_lists_that_were_asked_for_before_a_change_do_not_undo_it(bench):
    open_position(bench)
    failed(bench)
    bench.wait(6)
    old = bench.broker.evidence()
    for order in old.open_orders:
        bench.turn(order)
    bench.wait(1)
    for order_id in (2, 3):
        bench.tell(bench.broker.by_id(order_id))
    assert works(bench) == {2: 10, 3: 10}

    bench.turn(Inquired(evidence=old, positions=bench.broker.snapshot()))
    answers(bench)

    assert unprotected(bench) == []
    assert [order.quantity for order in bench.desk.book.all_live()] == [10, 10]
