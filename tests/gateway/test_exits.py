"""Exits, targets and reversals beside orders that still work: nothing is closed or opened twice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, Entry, MarketPosition, OrderType, StrategyPosition
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from tests.gateway.bench import outcome
from tests.gateway.build import command, limit


def test_an_exit_while_an_exit_works_orders_nothing(long):
    first = settle(long, command(Action.EXIT, key="a"))
    second = settle(long, command(Action.EXIT, key="b"))

    assert sizes(long) == [10, -10]
    assert outcome(long, first.command_id) is Outcome.ACCEPTED
    assert outcome(long, second.command_id) is Outcome.ACCEPTED
    assert "already being closed by sell 10 market (order 2" in long.replies[-1][1].detail


def test_an_exit_goes_out_beside_a_resting_limit_and_names_it(long):
    settle(long, command(Action.SELL, 4, entry=limit(300), key="a"))
    settle(long, command(Action.EXIT, key="b"))

    assert sizes(long) == [10, -4, -10]
    assert "may open a position: sell 4 limit" in long.replies[-1][1].detail
    assert long.broker.cancels == []


@pytest.mark.parametrize("filled", [0, 3])
@pytest.mark.parametrize("entry", [limit(300), Entry(type=OrderType.STOP, stop_price=Decimal(100))])
def test_an_exit_at_the_market_comes_after_the_end_of_one_that_rests(long, entry, filled):
    settle(long, command(Action.EXIT, entry=entry, key="a"))
    settle(long, command(Action.EXIT, key="b"))
    assert sizes(long) == [10, -10]
    assert long.broker.cancels == [2]

    if filled:
        long.fill(2, filled)
    long.end(2)
    assert sizes(long) == [10, -10, filled - 10]
    assert long.alarms == []


def test_a_part_is_closed_beside_an_exit_that_rests_for_another_part(long):
    settle(long, command(Action.EXIT, 4, entry=limit(300), key="a"))
    settle(long, command(Action.EXIT, 6, key="b"))

    assert sizes(long) == [10, -4, -6]
    assert long.broker.cancels == []


def test_a_close_of_a_part_says_that_the_rest_lost_its_exit(long):
    settle(long, command(Action.EXIT, entry=limit(300), key="a"))
    settle(long, command(Action.EXIT, 4, key="b"))
    long.end(2)

    assert sizes(long) == [10, -10, -4]
    assert long.alarms == ["resting_exit_cancelled"]


def test_an_exit_trades_nothing_beside_an_exit_whose_end_is_not_confirmed(long):
    settle(long, command(Action.EXIT, entry=limit(300), key="a"))
    close = settle(long, command(Action.EXIT, key="b"))
    long.wait(11)

    assert long.send(close).outcome is Outcome.REJECTED
    assert long.alarms == ["orders_not_cancelled_first"]
    assert sizes(long) == [10, -10]


def test_an_exit_closes_only_what_no_market_order_closes(long):
    settle(long, command(Action.EXIT, 4, key="a"))
    settle(long, command(Action.EXIT, key="b"))
    settle(long, command(Action.EXIT, 3, key="c"))

    assert sizes(long) == [10, -4, -6]


def test_an_exit_counts_an_order_that_may_be_lost(long):
    long.send(command(Action.EXIT, key="a"))
    hidden = long.broker.placed.pop()
    long.wait(11)
    long.answer_inquiry()
    long.broker.placed.append(hidden)
    assert "command_unknown" in long.alarms

    settle(long, command(Action.EXIT, key="b"))
    settle(long, command(Action.TARGET, 0, key="c"))

    assert sizes(long) == [10, -10]


def test_an_exit_leaves_resting_entries_out(long):
    settle(long, command(Action.BUY, 5, entry=limit(100), key="a"))
    settle(long, command(Action.EXIT, key="b"))

    assert sizes(long) == [10, 5, -10]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ((Action.TARGET, 15), (Action.TARGET, 15), [10, 5]),
        ((Action.TARGET, 15), (Action.TARGET, 12), [10, 5, -3]),
        ((Action.TARGET, 0), (Action.REVERSE, None), [10, -10]),
        ((Action.REVERSE, None), (Action.REVERSE, None), [10, -20, 20]),
        ((Action.REVERSE, None), (Action.TARGET, -10), [10, -20]),
    ],
)
def test_a_target_starts_from_where_working_market_orders_lead(long, first, second, wanted):
    settle(long, command(*first, key="a"))
    settle(long, command(*second, key="b"))

    assert sizes(long) == wanted


# A target starts from where a working market order leads: it is not among these.
@pytest.mark.parametrize(
    ("action", "quantity", "kind", "is_lost"),
    [
        (Action.EXIT, None, OrderType.MARKET, False),
        (Action.EXIT, None, OrderType.MARKET, True),
        (Action.EXIT, None, OrderType.MARKET_ON_OPEN, False),
        (Action.TARGET, 0, OrderType.MARKET, True),
    ],
)
def test_out_is_not_said_while_an_entry_still_works(bench, action, quantity, kind, is_lost):
    entry = settle(bench, command(Action.BUY, 10, entry=Entry(type=kind), key="a"))
    if is_lost:
        bench.lose()
        bench.broker.hide(1)
        bench.connect()
    bench.notes.clear()

    close = settle(bench, command(action, quantity, key="b"))

    reply = bench.send(close)
    assert reply.outcome is Outcome.REJECTED
    assert reply.detail.startswith(f"an entry still works: {entry.command_id} buy 10 market")
    assert reply.detail.endswith("cancel it, or exit again after it fills")
    assert bench.alarms == ["exit_before_entry_filled"]
    assert len(bench.broker.placed) == (not is_lost)


@pytest.mark.parametrize(
    ("before", "filled", "quantity", "left"),
    [
        ((10,), 4, None, "6"),
        ((-4, 10), 4, None, "6"),
        ((10,), 4, 2, None),
        ((6, -6), 6, None, None),
    ],
    ids=["the rest of it", "more than it closes", "a part alone was asked for", "it closes all"],
)
def test_an_exit_says_what_market_orders_still_open(bench, before, filled, quantity, left):
    for number, amount in enumerate(before):
        side = Action.BUY if amount > 0 else Action.SELL
        settle(bench, command(side, abs(amount), key=f"{number}"))
        if not number:
            bench.fill(1, filled)
    bench.notes.clear()

    close = settle(bench, command(Action.EXIT, quantity, key="exit"))

    reply = bench.send(close)
    assert reply.outcome is Outcome.ACCEPTED
    said = f"leaves {left}; exit again after it fills"
    assert (said in reply.detail) is (left is not None), reply.detail
    assert bench.alarms == ["exit_before_entry_filled"] * (left is not None)


def test_an_exit_beside_a_resting_limit_entry_has_nothing_to_close(bench):
    settle(bench, command(Action.BUY, 10, entry=limit(100), key="a"))

    close = settle(bench, command(Action.EXIT, key="b"))

    assert bench.send(close).detail == "no position: nothing to close"


@pytest.mark.parametrize(
    ("held", "closes", "wanted"),
    [
        (10, MarketPosition.LONG, -10),
        (10, MarketPosition.SHORT, None),
        (-10, MarketPosition.SHORT, 10),
        (-10, MarketPosition.LONG, None),
        (0, MarketPosition.LONG, None),
        (0, MarketPosition.SHORT, None),
    ],
)
@pytest.mark.parametrize("quantity", [None, 25])
def test_an_exit_of_one_side_leaves_the_other_alone(bench, held, closes, wanted, quantity):
    hold(bench, held)

    close = settle(bench, command(Action.EXIT, quantity, closes=closes, key="b"))

    assert sizes(bench)[bool(held) :] == ([] if wanted is None else [wanted])
    reply = bench.send(close)
    assert reply.outcome is Outcome.ACCEPTED
    if wanted is None:
        assert reply.detail == f"no {closes.name.lower()} position to close"
    assert bench.alarms == []


@pytest.mark.parametrize("is_close_first", [True, False])
def test_a_reversing_sell_and_a_close_of_the_long_end_short_in_any_order(long, is_close_first):
    sell = command(Action.SELL, 20, key="a")
    close = command(Action.EXIT, closes=MarketPosition.LONG, key="b")
    for one in (close, sell) if is_close_first else (sell, close):
        long.send(one)
        long.fill(len(long.broker.placed))
    long.wait(3.1)

    assert sizes(long) == ([10, -10, -20] if is_close_first else [10, -20])
    assert outcome(long, close.command_id) is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("held", "entry", "closes", "is_refused"),
    [
        (0, 10, MarketPosition.LONG, True),
        (0, 10, MarketPosition.SHORT, False),
        (0, -10, MarketPosition.SHORT, True),
        (0, -10, MarketPosition.LONG, False),
        # What closes a short is no entry, but for what is beyond it.
        (-10, 10, MarketPosition.LONG, False),
        (-10, 11, MarketPosition.LONG, True),
        (10, -11, MarketPosition.SHORT, True),
        (10, 5, MarketPosition.SHORT, False),
    ],
)
def test_only_a_working_entry_of_its_side_keeps_an_exit_from_being_done(
    bench, held, entry, closes, is_refused
):
    hold(bench, held)
    settle(bench, command(Action.BUY if entry > 0 else Action.SELL, abs(entry), key="a"))

    close = settle(bench, command(Action.EXIT, closes=closes, key="b"))

    assert sizes(bench)[bool(held) :] == [entry]
    reply = bench.send(close)
    assert reply.outcome is (Outcome.REJECTED if is_refused else Outcome.ACCEPTED)
    assert reply.detail.startswith("an entry still works") is is_refused
    assert bench.alarms == ["exit_before_entry_filled"] * is_refused


@pytest.mark.parametrize(
    ("action", "quantity", "closes"),
    [
        (Action.EXIT, None, MarketPosition.FLAT),
        (Action.CANCEL, None, MarketPosition.FLAT),
        (Action.SELL, 10, MarketPosition.LONG),
        (Action.TARGET, 0, MarketPosition.LONG),
    ],
)
def test_a_side_to_close_that_has_no_meaning_is_refused(long, action, quantity, closes):
    reply = long.send(command(action, quantity, closes=closes))

    assert reply.outcome is Outcome.REJECTED
    assert reply.detail.startswith("closes ")
    assert sizes(long) == [10]


def hold(bench, quantity):
    """Trade to a position, or leave it flat."""
    if quantity:
        bench.send(command(Action.BUY if quantity > 0 else Action.SELL, abs(quantity), key="held"))
        bench.fill(1)


def settle(bench, one):
    """Send a command, let it wait as long as it wants, and let the broker only take the order."""
    before = len(bench.broker.placed)
    bench.send(one)
    bench.wait(3.1)
    if len(bench.broker.placed) > before:
        bench.acknowledge(len(bench.broker.placed), "PreSubmitted")
    return one


def sizes(bench) -> list[Decimal]:
    return [o.quantity if o.side is Side.BUY else -o.quantity for o in bench.broker.placed]


@pytest.fixture
def long(bench):
    """Long 10."""
    bench.send(command(Action.BUY, 10, key="entry"))
    bench.fill(1)
    return bench


def unsent(bench, one):
    """A command whose order could not be handed to the socket."""
    bench.is_connected = False
    bench.send(one)
    bench.lose()
    return one


def move_by_hand(bench, quantity):
    bench.broker.by_id(1).filled += quantity


@pytest.mark.parametrize(
    ("action", "quantity", "wanted"),
    [
        (Action.EXIT, None, -4),
        (Action.TARGET, -2, -6),
        (Action.TARGET, 7, 3),
        (Action.REVERSE, None, -8),
        (Action.BUY, 5, 5),
    ],
)
def test_an_order_sent_late_is_sized_by_the_position_of_then(long, action, quantity, wanted):
    one = unsent(long, command(action, quantity))
    move_by_hand(long, -6)

    long.connect()

    assert sizes(long) == [10, wanted]
    kept = long.kept["orders"][one.command_id]
    assert kept.signed * kept.quantity == wanted
    long.fill(2)
    assert long.kept["orders"][one.command_id].state is OrderState.FILLED


def test_an_order_sent_late_that_has_nothing_left_to_do_is_never_sent(long):
    exit_ = unsent(long, command(Action.EXIT))
    move_by_hand(long, -10)

    long.connect()

    assert sizes(long) == [10]
    reply = long.send(exit_)
    assert (reply.outcome, reply.detail) == (Outcome.ACCEPTED, "no position: nothing to close")
    assert long.state(exit_.command_id) is OrderState.CANCELLED


def test_an_exit_sent_late_leaves_a_position_turned_round_meanwhile_alone(long):
    exit_ = unsent(long, command(Action.EXIT, closes=MarketPosition.LONG))
    move_by_hand(long, -14)

    long.connect()

    assert sizes(long) == [10]
    reply = long.send(exit_)
    assert (reply.outcome, reply.detail) == (Outcome.ACCEPTED, "no long position to close")


def test_a_reversal_sent_late_without_a_position_is_refused(long):
    reverse = unsent(long, command(Action.REVERSE))
    move_by_hand(long, -10)

    long.connect()

    assert sizes(long) == [10]
    assert long.send(reverse).outcome is Outcome.REJECTED
    assert long.state(reverse.command_id) is OrderState.CANCELLED


@pytest.mark.parametrize("is_told", [True, False])
def test_a_close_waits_while_the_snapshot_of_a_connection_may_lag_a_fill(bench, is_told):
    entry = command(Action.BUY, 10, key="entry")
    bench.send(entry)
    bench.lose()
    bench.broker.fill(bench.broker.by_id(1), Decimal(10), bench.now)
    bench.now += timedelta(seconds=1)
    bench.connect(positions=())
    assert bench.state(entry.command_id) is OrderState.FILLED

    assert bench.send(command(Action.EXIT, key="b")) is None
    bench.turn(*bench.broker.snapshot() if is_told else ())
    bench.wait(3.1)

    assert sizes(bench) == ([10, -10] if is_told else [10])


def test_the_close_of_a_part_says_what_was_missed_before_it_and_opens_nothing(bench):
    bench.send(
        command(
            Action.EXIT,
            5,
            closes=MarketPosition.LONG,
            position=StrategyPosition(side=MarketPosition.LONG, size=Decimal(5)),
        )
    )

    assert "expects a position of 10 before it, and it is 0" in bench.replies[-1][1].detail
    assert sizes(bench) == []
