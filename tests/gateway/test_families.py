"""Families of orders at the field level: levels, portions, groups, and what is refused."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import OrderType, StopLoss, TakeProfit
from alertwire.wire.report import OrderRole, Side
from gateway.families import compose, portions, renumbered
from gateway.levels import Ground
from gateway.sizing import Refused
from gateway.slips import read_slip, write_slip
from gateway.tickets import Adjustment, Ticket
from tests.gateway.build import ACCOUNT

ID = "01KTEST0000000000000000001-1"


def D(value: object) -> Decimal:  # noqa: N802 - a number, in short
    return Decimal(str(value))


def numbers(**fields):
    return {name: D(value) for name, value in fields.items()}


def profit(**fields) -> TakeProfit:
    return TakeProfit(**numbers(**fields))


def stop(**fields) -> StopLoss:
    return StopLoss(**numbers(**fields))


def entry(side: Side = Side.BUY, quantity: object = 10) -> Ticket:
    return Ticket(
        order_id=5,
        order_ref=ID,
        account=ACCOUNT,
        side=side,
        quantity=D(quantity),
        type=OrderType.LIMIT,
        tws_type="LMT",
        time_in_force="DAY",
        limit_price=D(100),
        outside_rth=True,
    )


def family(take_profits=(), stop_loss=None, side=Side.BUY, quantity=10, **ground):
    main = entry(side, quantity)
    given_ = {
        "account": ACCOUNT,
        "side": Side.SELL if side is Side.BUY else Side.BUY,
        "quantity": D(quantity),
        "reference": D(100),
        "outside_rth": True,
        "increment_at": lambda _: D("0.05"),
        "lot": D(1),
    }
    return compose(main, ID, take_profits, stop_loss, Ground(**(given_ | ground)))


def refusal(*args, **fields) -> str:
    found = family(*args, **fields)
    assert isinstance(found, Refused)
    return found.reason


def test_a_bracket_is_sent_held_and_its_stop_lets_it_go():
    main, goal, guard = family([profit(price=110)], stop(price=95))

    assert (main.order_id, main.transmit, main.parent_id, main.oca_group) == (5, False, 0, "")
    assert goal == Ticket(
        order_id=6,
        order_ref=f"{ID}a",
        account=ACCOUNT,
        side=Side.SELL,
        quantity=D(10),
        type=OrderType.LIMIT,
        tws_type="LMT",
        time_in_force="GTC",
        limit_price=D(110),
        outside_rth=True,
        role=OrderRole.TAKE_PROFIT,
        transmit=False,
        parent_id=5,
        parent_ref=ID,
        oca_group=f"{ID}/1",
        oca_type=2,
    )
    assert guard == replace(
        goal,
        order_id=7,
        order_ref=f"{ID}b",
        type=OrderType.STOP,
        tws_type="STP",
        limit_price=None,
        aux_price=D(95),
        role=OrderRole.STOP_LOSS,
        transmit=True,
    )


@pytest.mark.parametrize(
    ("side", "given_", "level"),
    [
        (Side.BUY, {"percent": 2}, 102),
        (Side.BUY, {"offset": "2.51"}, "102.55"),
        (Side.BUY, {"price": "103.01"}, "103.05"),
        (Side.SELL, {"percent": 2}, 98),
        (Side.SELL, {"offset": "2.51"}, "97.45"),
        (Side.SELL, {"price": "96.99"}, "96.95"),
    ],
)
def test_take_profits_are_rounded_to_no_less_profit(side, given_, level):
    _, goal = family([profit(**given_)], side=side)

    assert (goal.limit_price, goal.transmit) == (D(level), True)


@pytest.mark.parametrize(
    ("side", "given_", "level"),
    [
        (Side.BUY, {"percent": 2}, 98),
        (Side.BUY, {"offset": "2.51"}, "97.5"),
        (Side.SELL, {"percent": 2}, 102),
        (Side.SELL, {"offset": "2.51"}, "102.5"),
    ],
)
def test_stops_are_rounded_to_no_more_risk(side, given_, level):
    _, guard = family(stop_loss=stop(**given_), side=side)

    assert guard.aux_price == D(level)


@pytest.mark.parametrize(
    ("given_", "fields"),
    [
        (
            {"price": 95, "limit_price": 94},
            {"tws_type": "STP LMT", "aux_price": D(95), "limit_price": D(94)},
        ),
        ({"trail_amount": 3}, {"tws_type": "TRAIL", "aux_price": D(3), "trail_stop_price": None}),
        (
            {"price": 95, "trail_percent": 4},
            {
                "tws_type": "TRAIL",
                "aux_price": None,
                "trail_percent": D(4),
                "trail_stop_price": D(95),
            },
        ),
        (
            {"price": 95, "break_even_trigger": 4},
            {"tws_type": "STP", "adjustment": Adjustment("STP", D(104), D(100))},
        ),
        (
            {"price": 95, "break_even_trigger": 4, "break_even_offset": 1},
            {"tws_type": "STP", "adjustment": Adjustment("STP", D(104), D(101))},
        ),
        (
            {"price": 95, "trail_trigger": 5, "trail_amount": 2},
            {"adjustment": Adjustment("TRAIL", D(105), D(103), D(2), 0)},
        ),
        (
            {"price": 95, "trail_trigger": 10, "trail_percent": 2},
            {"adjustment": Adjustment("TRAIL", D(110), D("107.8"), D(2), 100)},
        ),
    ],
)
def test_every_kind_of_stop(given_, fields):
    _, guard = family(stop_loss=stop(**given_))

    assert {name: getattr(guard, name) for name in fields} == fields


def test_a_short_moves_to_break_even_below_its_entry():
    _, guard = family(
        stop_loss=stop(price=105, break_even_trigger=4, break_even_offset=1), side=Side.SELL
    )

    assert guard.adjustment == Adjustment("STP", D(96), D(99))


@pytest.mark.parametrize("moves", [{"break_even_trigger": 100}, {"trail_trigger": 101}])
def test_a_short_moves_at_no_price_below_zero(moves):
    given = {"price": 105, "trail_amount": 1 if "trail_trigger" in moves else None} | moves
    arguments = {name: value for name, value in given.items() if value is not None}

    assert "must be above zero" in refusal(stop_loss=stop(**arguments), side=Side.SELL)


def test_each_part_has_a_stop_and_a_group_of_its_own():
    found = family(
        [profit(price=105, portion_percent=50), profit(price=110, portion_percent=30)],
        stop(price=95),
    )

    assert [(t.role.name, t.quantity, t.oca_group[-2:]) for t in found[1:]] == [
        ("TAKE_PROFIT", D(5), "/1"),
        ("TAKE_PROFIT", D(3), "/2"),
        ("STOP_LOSS", D(5), "/1"),
        ("STOP_LOSS", D(3), "/2"),
        ("STOP_LOSS", D(2), "/3"),
    ]
    assert [t.order_id for t in found] == [5, 6, 7, 8, 9, 10]
    assert [t.transmit for t in found] == [False] * 5 + [True]
    assert len({t.order_ref for t in found}) == len(found)
    assert {t.parent_id for t in found[1:]} == {5}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([profit(price=99)],), "take_profit at 99 is on the wrong side: it must be above"),
        (((), stop(price=101)), "stop_loss at 101 is on the wrong side: it must be below"),
        (([profit(percent=-1)],), "take_profit.percent must be above zero, it was -1"),
        (([profit()],), "needs price, percent or offset"),
        (((), stop(break_even_trigger=1)), "stop_loss needs price"),
        (((), stop(price=95, break_even_offset=1)), "needs break_even_trigger"),
        (((), stop(price=95, trail_trigger=1)), "needs trail_amount or trail_percent"),
        (
            ((), stop(price=95, trail_trigger=1, trail_amount=1, break_even_trigger=1)),
            "the broker changes a stop once",
        ),
        (((), stop(price=95, break_even_trigger=1, break_even_offset=1)), "triggers at once"),
        (((), stop(price=95, trail_amount=1, limit_price=94)), "limit_price has no meaning"),
        (([profit(price=110, portion_percent=60)] * 2,), "make 120 %, more than 100"),
        (([profit(price=110, portion_percent=1)],), "less than one lot of 1"),
        (([profit(price=110)] * 9,), "at most 8"),
    ],
)
def test_what_cannot_be_is_refused_with_its_numbers(arguments, said):
    assert said in refusal(*arguments)


@pytest.mark.parametrize("given_", [{"percent": 1}, {"offset": 1}])
def test_a_distance_needs_a_price_and_says_where_to_give_it(given_):
    assert "add the field price with {{close}}" in refusal([profit(**given_)], reference=None)
    assert "add the field price with {{close}}" in refusal((), stop(**given_), reference=None)


def test_prices_need_no_reference_but_must_not_cross():
    assert len(family([profit(price=110)], stop(price=95), reference=None)) == 3
    assert "wrong sides of each other" in refusal(
        [profit(price=90)], stop(price=95), reference=None
    )


def test_other_ids_keep_the_family_together():
    found = renumbered(family([profit(price=110)], stop(price=95)), [20, 21, 22])

    assert [(t.order_id, t.parent_id) for t in found] == [(20, 0), (21, 20), (22, 20)]


def test_a_ticket_survives_the_ledger():
    found = family(
        [profit(price=110)],
        stop(price=95, trail_trigger=5, trail_percent=2),
        quantity="0.5",
        lot=D("0.1"),
    )

    assert [read_slip(write_slip(ticket)) for ticket in found] == list(found)
    assert read_slip("") is None


@given(
    st.integers(1, 10_000),
    st.lists(st.one_of(st.none(), st.integers(1, 100)), min_size=1, max_size=8),
    st.sampled_from(["1", "0.01", "5"]),
)
def test_portions_make_the_whole_in_whole_lots(lots, parts, lot):
    total = lots * D(lot)
    targets = [profit(price=1, **({} if p is None else {"portion_percent": p})) for p in parts]

    shares = portions(total, targets, D(lot))

    if isinstance(shares, Refused):
        assert any(character.isdigit() for character in shares.reason)
        return
    assert sum(shares) == total
    assert all(share > 0 and share % D(lot) == 0 for share in shares)
    given_ = [p for p in parts if p is not None]
    covers_all = None in parts or sum(given_) == 100
    assert len(shares) == len(parts) if covers_all else len(shares) == len(parts) + 1
    for share, percent in zip(shares[: len(parts) - covers_all], parts, strict=False):
        if percent is not None:
            assert share <= total * percent / 100
