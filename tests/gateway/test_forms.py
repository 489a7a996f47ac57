"""Fields that do not go together, and what a contract does not take, are refused by name."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Entry, OrderType, TimeInForce
from gateway.forms import FORMS, objection, remark
from gateway.terms import NOTHING_TOLD, Terms
from tests.gateway.build import NOW, command

D = Decimal
PRICES = {"limit_price": D(10), "stop_price": D(9), "trail_amount": D(1)}
OPTION = Terms(
    order_types=frozenset(
        ["DAY", "FOK", "GTC", "GTD", "IOC", "LMT", "MKT", "STP", "STPLMT", "TRAIL"]
    )
)
LATER = NOW + timedelta(hours=1)


def refused(kind: OrderType, terms: Terms = NOTHING_TOLD, **fields) -> str:
    entry = Entry(type=kind, **PRICES)
    return objection(replace(command(entry=entry), **fields), entry, terms, NOW)


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (OrderType.MARKET_ON_CLOSE, {"time_in_force": TimeInForce.GTC}, "use day"),
        (OrderType.LIMIT_ON_OPEN, {"time_in_force": TimeInForce.IOC}, "use day, opg"),
        (OrderType.STOP, {"time_in_force": TimeInForce.OPG}, "use day, gtc, gtd"),
        (OrderType.TRAILING_STOP, {"time_in_force": TimeInForce.FOK}, "use day, gtc, gtd"),
        (OrderType.LIMIT_ON_CLOSE, {"outside_rth": True}, "outside_rth"),
        (
            OrderType.LIMIT,
            {"outside_rth": True, "time_in_force": TimeInForce.OPG},
            "outside_rth does not go with time_in_force opg",
        ),
        (OrderType.MARKET_ON_OPEN, {"good_after": LATER}, "good_after"),
        (
            OrderType.LIMIT,
            {"good_after": LATER, "time_in_force": TimeInForce.IOC},
            "good_after does not go with time_in_force ioc",
        ),
        (OrderType.LIMIT, {"good_till": LATER}, "gtd"),
        (
            OrderType.LIMIT,
            {"good_till": LATER, "good_after": LATER, "time_in_force": TimeInForce.GTD},
            "is not after good_after",
        ),
        (
            OrderType.LIMIT,
            {"good_till": NOW, "time_in_force": TimeInForce.GTD},
            "is over",
        ),
    ],
)
def test_what_does_not_go_together_is_named_with_the_remedy(kind, fields, said):
    assert said in refused(kind, **fields)


@pytest.mark.parametrize("kind", list(OrderType))
def test_every_order_type_goes_through_for_the_day_where_nothing_was_told(kind):
    assert refused(kind) == ""


def test_what_the_contract_does_not_take_is_refused_with_what_it_takes():
    assert "use market, limit, stop, stop_limit, trailing_stop" in refused(
        OrderType.LIMIT_IF_TOUCHED, OPTION
    )
    assert "lists no OPG" in refused(OrderType.MARKET_ON_OPEN, OPTION)
    assert "good_after" in refused(OrderType.LIMIT, OPTION, good_after=LATER)
    assert refused(OrderType.STOP_LIMIT, OPTION, time_in_force=TimeInForce.GTC) == ""


def test_a_list_that_names_no_times_proves_nothing():
    sparse = Terms(order_types=frozenset({"LMT", "MKT"}))

    assert refused(OrderType.STOP_LIMIT, sparse, time_in_force=TimeInForce.GTC) == ""


def test_the_names_are_those_of_a_contracts_order_types():
    names = {form.listed_as for form in FORMS.values()}

    assert names == {"MKT", "LMT", "STP", "STPLMT", "TRAIL", "TRAILLMT", "MOC", "LOC", "MIT", "LIT"}


def test_a_percent_that_is_none_is_refused():
    entry = Entry(type=OrderType.TRAILING_STOP, trail_percent=D(100))

    assert "trail_percent" in objection(command(entry=entry), entry, NOTHING_TOLD)


def test_what_ib_ignores_is_told():
    market = Entry(type=OrderType.MARKET)

    assert "regular hours" in remark(command(entry=market, outside_rth=True), market)
    assert remark(command(entry=market), market) == ""
