"""Sizes in cash, percents and risk, worked out from what the account and the market are."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import (
    Action,
    Entry,
    MarketPosition,
    OrderType,
    QuantityType,
    Sizing,
    StopLoss,
)
from gateway.amounts import Amount, Basis, Lot, needs_funds, needs_price, work_out
from gateway.funds import Money
from gateway.quotes import Price
from gateway.rates import Rate
from gateway.sizing import Refused
from tests.gateway.build import command, limit

D = Decimal
MONEY_KINDS = [QuantityType.CASH, QuantityType.PERCENT_OF_EQUITY]
RISK_KINDS = [QuantityType.RISK_CASH, QuantityType.RISK_PERCENT]


def basis(**fields) -> Basis:
    usual = {
        "position": D(0),
        "price": Price(D("219.90"), "the ask"),
        "equity": Money(D(100_000), "USD"),
        "rate": Rate(),
        "currency": "USD",
        "unit_value": D(1),
        "lot": Lot(D(1)),
    }
    return Basis(**usual | fields)


def sized(kind: QuantityType, value: object, action: Action = Action.BUY, **fields):
    wanted = Sizing(type=kind, value=D(str(value)))
    return command(action, sizing=wanted, **fields)


@pytest.mark.parametrize(
    ("kind", "value", "fields", "wanted"),
    [
        (
            QuantityType.PERCENT_OF_EQUITY,
            2,
            {},
            "2 % of 100,000 USD = 2,000 USD at 219.9 (the ask) → 9.095 → 9",
        ),
        (QuantityType.CASH, 2000, {}, "2,000 USD at 219.9 (the ask) → 9.095 → 9"),
        (
            QuantityType.CASH,
            2000,
            {"entry": limit(100)},
            "2,000 USD at 100 → 20",
        ),
        (
            QuantityType.RISK_CASH,
            500,
            {"stop_loss": StopLoss(offset=D(4))},
            "500 USD with the stop 4 away → 125",
        ),
        (
            QuantityType.RISK_PERCENT,
            1,
            {"stop_loss": StopLoss(price=D("199.90"))},
            "1 % of 100,000 USD = 1,000 USD with the stop 20 away from 219.9 (the ask) → 50",
        ),
        (
            QuantityType.RISK_CASH,
            500,
            {"stop_loss": StopLoss(percent=D(10)), "entry": limit(100)},
            "500 USD with the stop 10 away from 100 → 50",
        ),
        (
            QuantityType.RISK_CASH,
            500,
            {"stop_loss": StopLoss(trail_amount=D(3))},
            "500 USD with the stop 3 away → 166.6666 → 166",
        ),
    ],
)
def test_the_detail_says_how_the_number_came_about(kind, value, fields, wanted):
    amount = work_out(sized(kind, value, **fields), basis())

    assert isinstance(amount, Amount), amount
    assert amount.detail == wanted
    assert amount.units == D(wanted.rpartition(" → ")[2])


def test_the_multiplier_of_the_account_is_a_factor():
    assert work_out(command(Action.BUY, 10, multiplier=D("0.5")), basis()).units == 5
    cash = sized(QuantityType.CASH, 1000, multiplier=D(3), entry=limit(100))
    assert work_out(cash, basis()).units == 30


def test_a_future_counts_its_multiplier():
    amount = work_out(
        sized(QuantityType.PERCENT_OF_EQUITY, 100, entry=limit(5000)), basis(unit_value=D(5))
    )

    assert amount.units == 4
    assert "at 5,000 times 5 → 4" in amount.detail


def test_the_accounts_money_is_changed_into_the_contracts():
    euros = basis(equity=Money(D(10_000), "EUR"), rate=Rate(D("1.10")))

    amount = work_out(sized(QuantityType.PERCENT_OF_EQUITY, 10, entry=limit(11)), euros)

    assert amount.units == 100
    assert amount.detail == "10 % of 10,000 EUR = 1,000 EUR = 1,100 USD at 11 → 100"


def test_cash_is_the_contracts_own_money_and_needs_no_rate():
    euros = basis(equity=Refused("no equity"), rate=Refused("no rate"))

    assert work_out(sized(QuantityType.CASH, 1100, entry=limit(11)), euros).units == 100


@pytest.mark.parametrize(
    ("kind", "value", "fields", "truth", "reason"),
    [
        (QuantityType.CASH, 100, {}, {}, "100 USD at 219.9 (the ask) → 0.4547 → 0: less than"),
        (QuantityType.CASH, 900, {}, {"lot": Lot(D(1), D(5))}, "smallest size of 5"),
        (QuantityType.CASH, 0, {}, {}, "a quantity above zero is needed, it was 0"),
        (QuantityType.CASH, 100, {}, {"price": Refused("no price")}, "no price"),
        (QuantityType.PERCENT_OF_EQUITY, 2, {}, {"equity": Refused("210 s old")}, "210 s old"),
        (
            QuantityType.PERCENT_OF_EQUITY,
            2,
            {},
            {"equity": Money(D(-5), "USD")},
            "2 % of -5 USD = -0.1 USD: nothing to size by",
        ),
        (
            QuantityType.PERCENT_OF_EQUITY,
            2,
            {},
            {"currency": "EUR", "rate": Refused("no rate")},
            "no rate",
        ),
        (QuantityType.RISK_CASH, 500, {}, {}, "needs a stop_loss"),
        (
            QuantityType.RISK_CASH,
            500,
            {"stop_loss": StopLoss(price=D(230))},
            {},
            "the stop at 230 is not below the price 219.9",
        ),
        (
            QuantityType.RISK_CASH,
            500,
            {"stop_loss": StopLoss(price=D(210)), "action": Action.SELL},
            {},
            "the stop at 210 is not above the price 219.9",
        ),
        (QuantityType.PERCENT_OF_POSITION, 50, {}, {}, "50 % of a position of 0: there is none"),
    ],
)
def test_what_cannot_be_worked_out_is_refused_with_the_numbers(kind, value, fields, truth, reason):
    verdict = work_out(sized(kind, value, **fields), basis(**truth))

    assert isinstance(verdict, Refused)
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("action", "percent", "position", "units"),
    [
        (Action.EXIT, 50, 7, 3),
        (Action.EXIT, 50, -7, 3),
        (Action.EXIT, 100, "7.4", "7.4"),
        (Action.BUY, 50, 7, 3),
        (Action.TARGET, 50, -7, -3),
        (Action.TARGET, 0, 7, 0),
    ],
)
def test_percents_of_the_position(action, percent, position, units):
    wanted = sized(QuantityType.PERCENT_OF_POSITION, percent, action)

    assert work_out(wanted, basis(position=D(str(position)))).units == D(str(units))


def test_the_accounts_factor_is_in_its_position_already():
    half = sized(QuantityType.PERCENT_OF_POSITION, 50, Action.EXIT, multiplier=D(2))

    assert work_out(half, basis(position=D(10))).units == 5


def test_a_part_of_no_position_is_no_size():
    assert work_out(sized(QuantityType.PERCENT_OF_POSITION, 50, Action.EXIT), basis()) is None


@pytest.mark.parametrize(
    ("wanted", "held", "units"),
    [("1.25", 2, 1), (2, 2, 2), ("2.5", 2, "2.5"), ("2.5", "2.25", "2.5"), ("1.25", -2, 1)],
)
def test_an_exit_of_a_part_is_cut_to_the_lot_and_one_of_all_is_not(wanted, held, units):
    found = work_out(command(Action.EXIT, wanted), basis(position=D(held)))

    assert found.units == D(units)


def test_units_are_cut_to_the_lot_but_for_an_exit():
    assert work_out(command(Action.BUY, "2.5"), basis()).units == 2
    assert work_out(command(Action.BUY, "2.5"), basis(lot=Lot())).units == D("2.5")
    assert work_out(command(Action.EXIT, "2.5"), basis()).units == D("2.5")
    assert isinstance(work_out(command(Action.BUY, "0.5"), basis()), Refused)


def test_only_what_is_needed_is_asked_for():
    stop = StopLoss(offset=D(1))
    asked = {
        (kind, name): (needs_price(one), needs_funds(one))
        for kind in QuantityType
        for name, one in (
            ("market", sized(kind, 1, stop_loss=StopLoss(percent=D(1)))),
            ("limit", sized(kind, 1, entry=limit(5), stop_loss=StopLoss(percent=D(1)))),
            ("offset", sized(kind, 1, stop_loss=stop)),
        )
    }

    assert {key for key, (price, _) in asked.items() if price} == {
        (QuantityType.CASH, "market"),
        (QuantityType.CASH, "offset"),
        (QuantityType.PERCENT_OF_EQUITY, "market"),
        (QuantityType.PERCENT_OF_EQUITY, "offset"),
        (QuantityType.RISK_CASH, "market"),
        (QuantityType.RISK_PERCENT, "market"),
    }
    assert {kind for (kind, _), (_, funds) in asked.items() if funds} == {
        QuantityType.PERCENT_OF_EQUITY,
        *RISK_KINDS,
    }


PRICES = st.decimals("0.01", "100000", places=2)
VALUES = st.decimals("0.01", "1000000", places=2)
STEPS = st.sampled_from([D(1), D(100), D("0.01"), D("0.00000001")])


@given(st.sampled_from([*MONEY_KINDS, *RISK_KINDS]), VALUES, PRICES, STEPS, PRICES)
def test_never_more_is_ordered_than_was_asked_for(kind, value, price, step, distance):
    entry = Entry(type=OrderType.LIMIT, limit_price=price)
    truth = basis(lot=Lot(step), unit_value=D(5))
    amount = work_out(sized(kind, value, entry=entry, stop_loss=StopLoss(offset=distance)), truth)

    percent = kind in {QuantityType.PERCENT_OF_EQUITY, QuantityType.RISK_PERCENT}
    money = D(1000) * value if percent else value
    unit = 5 * (distance if kind in RISK_KINDS else price)
    if isinstance(amount, Amount):
        assert amount.units * unit <= money < (amount.units + step) * unit
        assert amount.units % step == 0
    else:
        assert money < step * unit


@given(st.sampled_from(MONEY_KINDS), VALUES, VALUES, PRICES)
def test_more_money_never_orders_less(kind, some, more, price):
    def units(value: Decimal) -> Decimal:
        verdict = work_out(sized(kind, value, entry=limit(price)), basis())
        return verdict.units if isinstance(verdict, Amount) else D(0)

    assert units(min(some, more)) <= units(max(some, more))


def test_units_below_the_smallest_size_are_refused_but_for_a_close():
    lot = Lot(D(1), D(10))

    assert "smallest size of 10" in work_out(command(Action.BUY, 5), basis(lot=lot)).reason
    assert work_out(command(Action.BUY, 10), basis(lot=lot)).units == 10
    assert work_out(command(Action.EXIT, 5), basis(lot=lot, position=D(5))).units == 5


def test_a_target_of_less_than_a_lot_keeps_nothing_of_what_is_held():
    less = command(Action.TARGET, 1, multiplier=D("0.5"))

    found = work_out(less, basis(position=D(2)))

    assert found.units == 0
    assert "so nothing is kept" in found.detail
    assert isinstance(work_out(less, basis()), Refused)


@pytest.mark.parametrize(("held", "stop"), [(5, 230), (-5, 200)])
def test_a_reversal_by_risk_has_its_stop_on_the_side_that_it_opens(held, stop):
    reverse = sized(QuantityType.RISK_CASH, 100, Action.REVERSE, stop_loss=StopLoss(price=D(stop)))
    wrong = replace(reverse, stop_loss=StopLoss(price=D(430 - stop)))

    assert work_out(reverse, basis(position=D(held))).units > 0
    assert isinstance(work_out(wrong, basis(position=D(held))), Refused)


@pytest.mark.parametrize(
    ("kind", "value"), [(QuantityType.UNITS, 1), (QuantityType.PERCENT_OF_POSITION, 50)]
)
def test_no_part_is_too_small_of_what_is_not_held(kind, value):
    lot = Lot(D(2), D(2))
    part = sized(kind, value, Action.EXIT, closes=MarketPosition.LONG)

    assert not isinstance(work_out(part, basis(position=D(-3), lot=lot)), Refused)
    assert isinstance(work_out(part, basis(position=D(3), lot=lot)), Refused)
