"""What stops that ended, or made way, have left bare: never silent, and never more than it is."""

from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, StopLoss
from gateway.events import Tick
from gateway.messages import Inquired, OrderStatus
from tests.gateway.bench import Bench, refused
from tests.gateway.build import command, limit, position, void
from tests.gateway.test_brackets import CLOSES, bracket, open_position
from tests.gateway.test_halts import halt


def held_with_a_stop(bench: Bench, **fields) -> None:
    """Open ten units with a stop."""
    open_position(bench, take_profits=(), route="main", **fields)
    bench.wait(5)


def begin(closes: bool) -> Bench:
    bench = Bench(rules=CLOSES if closes else None)
    bench.connect()
    return bench


def pass_time(bench: Bench) -> None:
    """Wait long enough for every look; a broker that tells no lists lets nothing grow back."""
    for _ in range(10):
        bench.wait(2)


def told(bench: Bench) -> list[str]:
    return [
        note.fields["detail"]
        for note in bench.notes
        if note.is_alarm and note.event == "position_unprotected"
    ]


def ends(bench: Bench, order_id: int, filled: int) -> None:
    """Let the broker cancel an order of which so much is filled."""
    bench.broker.by_id(order_id).status = "Cancelled"
    bench.turn(
        OrderStatus(
            order_id=order_id,
            client_id=1,
            perm_id=9000 + order_id,
            status="Cancelled",
            filled=Decimal(filled),
        )
    )


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("filled", [0, 3])
def test_the_stop_of_an_entry_that_rests_protects_nothing_else(closes, filled):
    bench = begin(closes)
    held_with_a_stop(bench)
    other = {"strategy": "other", "key": "other", "entry": limit(150)}
    bench.send(bracket(route="main", take_profits=(), stop_loss=StopLoss(price=140), **other))
    for order_id in (3, 4):
        bench.acknowledge(order_id)
    if filled:
        bench.fill(3, filled)
    bench.wait(5)

    bench.end(2)
    assert len(bench.desk.protection.bare()) == 1
    pass_time(bench)

    assert told(bench)[0].startswith("10 AAPL are held without")
    if not filled:
        assert [o.quantity for o in bench.broker.placed[4:]] == ([10] if closes else [])


@pytest.mark.parametrize("part", [4, 5, 6])
@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("closes", [False, True])
def test_a_stop_that_ends_after_a_part_of_its_take_profit_leaves_the_rest_bare(
    part, is_told, closes
):
    bench = begin(closes)
    open_position(bench, route="main")
    bench.wait(5)
    bench.fill(2, part)
    stop = bench.broker.by_id(3)
    stop.quantity -= part
    if is_told:
        bench.tell(stop)
    bench.wait(5)

    bench.end(3)
    bench.wait(1.5)

    assert told(bench)[0].startswith(f"{10 - part} AAPL are held without")
    if closes:
        bench.end(2)
        bench.wait(4)
        assert [o.quantity for o in bench.broker.placed[3:]] == [10 - part]


def shrunk_for_an_exit(bench: Bench):
    """Let a stop be made smaller for an exit of a part, which has not gone out yet."""
    held_with_a_stop(bench)
    out = command(Action.EXIT, 4, key="out", route="main")
    bench.send(out)
    assert bench.broker.by_id(2).quantity == 6
    return out


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("fate", ["refused", "void", "halt", "cancelled"])
def test_an_exit_of_a_part_that_does_not_go_out_leaves_that_part_bare(fate, closes):
    bench = begin(closes)
    out = shrunk_for_an_exit(bench)
    if fate == "void":
        bench.send(void(out))
    if fate == "halt":
        halt(bench, block_exits=True)
    bench.tell(bench.broker.by_id(2))
    if fate == "refused":
        bench.turn(refused(3))
        bench.broker.by_id(3).status = "Cancelled"
    if fate == "cancelled":
        bench.acknowledge(3)
        bench.fill(3, 1)
        ends(bench, 3, 1)

    pass_time(bench)

    bare = 3 if fate == "cancelled" else 4
    assert told(bench)[0].startswith(f"{bare} AAPL are held without")
    assert "was made smaller for a close" in told(bench)[0]
    if closes and fate != "halt":
        bench.fill(bench.broker.placed[-1].order_id)
        pass_time(bench)
        assert bench.broker.position == 6
    assert len(told(bench)) == (2 if closes and fate == "halt" else 1)


@pytest.mark.parametrize("closes", [False, True])
def test_what_a_stop_was_made_smaller_for_is_remembered_over_a_restart(closes):
    bench = begin(closes)
    shrunk_for_an_exit(bench)
    bench.crash()
    bench.connect()

    pass_time(bench)

    assert told(bench)[0].startswith("4 AAPL are held without")


def test_an_exit_that_comes_again_after_a_restart_is_no_gap():
    bench = begin(closes=True)
    out = shrunk_for_an_exit(bench)
    bench.crash()
    bench.connect()
    bench.wait(1)
    bench.send(out)
    bench.fill(3)
    # What is bought after it never had this stop.
    bench.send(command(Action.BUY, 4, key="more", route="main"))
    bench.fill(4)
    pass_time(bench)

    assert [o.quantity for o in bench.broker.placed] == [10, 6, 4, 4]
    assert told(bench) == []
    assert bench.desk.protection.bare() == ()


@pytest.mark.parametrize("closes", [False, True])
def test_an_exit_that_fills_is_no_word_about_what_it_leaves(closes):
    bench = begin(closes)
    bench.send(bracket(route="main", take_profits=()))
    for order_id in (1, 2):
        bench.acknowledge(order_id)
    bench.fill(1, 8)
    bench.wait(4)
    bench.send(command(Action.EXIT, 5, key="out", route="main"))
    bench.wait(3.1)
    ends(bench, 1, 8)
    ends(bench, 2, 0)
    bench.wait(0.1)
    bench.acknowledge(3)

    bench.fill(3)
    pass_time(bench)

    assert told(bench)[0].startswith("3 AAPL are held without")
    assert [o.quantity for o in bench.broker.placed[2:]] == ([5, 3] if closes else [5])


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("part", [4, 10])
@pytest.mark.parametrize("is_live", [False, True])
def test_what_an_entry_fills_after_its_protection_ended_is_bare(part, closes, is_live):
    bench = begin(closes)
    bench.send(bracket(route="main"))
    for order_id in (1, 2, 3):
        bench.acknowledge(order_id)
    bench.send(command(Action.CANCEL, key="c", route="main"))
    for order_id in (1, 2, 3):
        bench.end(order_id)
    bench.wait(3)

    if is_live:
        bench.fill(1, part)
    else:
        bench.broker.fill(bench.broker.by_id(1), Decimal(part), bench.now)
        bench.lose()
        bench.connect()
    pass_time(bench)

    assert told(bench)[0].startswith(f"{part} AAPL are held without")
    assert [o.quantity for o in bench.broker.placed[3:]] == ([part] if closes else [])


def test_a_second_fill_after_the_close_is_told_too():
    bench = begin(closes=True)
    bench.send(bracket(route="main", take_profits=()))
    for order_id in (1, 2):
        bench.acknowledge(order_id)
    bench.send(command(Action.CANCEL, key="c", route="main"))
    for order_id in (1, 2):
        bench.end(order_id)
    bench.fill(1, 4)
    pass_time(bench)
    bench.fill(3)
    pass_time(bench)

    bench.fill(1, 3)
    pass_time(bench)

    assert "more of it came after its close" in told(bench)[-1]


@pytest.mark.parametrize("crashes", [False, True])
def test_an_exit_that_ends_half_filled_leaves_the_rest_bare_over_a_restart_too(bench, crashes):
    held_with_a_stop(bench)
    bench.send(command(Action.EXIT, key="out", route="main"))
    bench.end(2)
    bench.acknowledge(3)
    bench.fill(3, 2)
    ends(bench, 3, 2)
    if crashes:
        bench.crash()
        bench.connect()

    pass_time(bench)

    assert told(bench)[0].startswith("8 AAPL are held without")


@pytest.mark.parametrize("is_pushed", [False, True])
def test_what_was_closed_by_hand_with_its_stop_is_not_closed_again(is_pushed):
    bench = begin(closes=True)
    held_with_a_stop(bench)
    bench.end(2)
    bench.now += timedelta(seconds=1.5)
    assert bench.turn(Tick()).inquire
    assert len(told(bench)) == 1

    bench.wait(1)
    message = position(0)
    bench.turn(
        message if is_pushed else Inquired(evidence=bench.broker.evidence(), positions=(message,))
    )
    pass_time(bench)

    assert len(bench.broker.placed) == 2
