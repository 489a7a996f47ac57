"""Order tickets: the fields that TWS gets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from alertwire.wire.alert import Entry, OrderType, TimeInForce
from alertwire.wire.report import Side
from gateway.forms import FORMS
from gateway.sizing import Refused
from gateway.tickets import Ticket, write_ticket
from tests.gateway.build import ACCOUNT, command

D = Decimal
PRICES = {
    "limit_price": D("10.5"),
    "stop_price": D(10),
    "trail_amount": D("0.25"),
    "trail_percent": None,
}


def ticket(entry: Entry, quantity: str = "3", **fields) -> Ticket | Refused:
    return write_ticket(
        replace(command(entry=entry), **fields),
        account=ACCOUNT,
        side=Side.BUY,
        quantity=D(quantity),
        order_id=5,
        order_ref="ref-1",
    )


# Order type → TWS type, tif, lmtPrice, auxPrice, trailStopPrice, lmtPriceOffset.
WRITTEN = {
    OrderType.MARKET: ("MKT", "GTC", None, None, None, None),
    OrderType.LIMIT: ("LMT", "GTC", "10.5", None, None, None),
    OrderType.STOP: ("STP", "GTC", None, "10", None, None),
    OrderType.STOP_LIMIT: ("STP LMT", "GTC", "10.5", "10", None, None),
    OrderType.TRAILING_STOP: ("TRAIL", "GTC", None, "0.25", "10", None),
    OrderType.TRAILING_STOP_LIMIT: ("TRAIL LIMIT", "GTC", None, "0.25", "10", "0.5"),
    OrderType.MARKET_ON_OPEN: ("MKT", "OPG", None, None, None, None),
    OrderType.MARKET_ON_CLOSE: ("MOC", "DAY", None, None, None, None),
    OrderType.LIMIT_ON_OPEN: ("LMT", "OPG", "10.5", None, None, None),
    OrderType.LIMIT_ON_CLOSE: ("LOC", "DAY", "10.5", None, None, None),
    OrderType.MARKET_IF_TOUCHED: ("MIT", "GTC", None, "10", None, None),
    OrderType.LIMIT_IF_TOUCHED: ("LIT", "GTC", "10.5", "10", None, None),
}


def test_every_order_type_has_a_form_and_a_test():
    assert set(FORMS) == set(OrderType) == set(WRITTEN)


@pytest.mark.parametrize("kind", list(OrderType))
def test_each_order_type(kind):
    tif = TimeInForce.DAY if FORMS[kind].is_auction else TimeInForce.GTC
    written = ticket(Entry(type=kind, **PRICES), time_in_force=tif)

    fields = (
        written.tws_type,
        written.time_in_force,
        *(
            None if value is None else f"{value:f}"
            for value in (
                written.limit_price,
                written.aux_price,
                written.trail_stop_price,
                written.limit_offset,
            )
        ),
    )
    assert fields == WRITTEN[kind]


def test_a_trail_in_percent():
    written = ticket(Entry(type=OrderType.TRAILING_STOP, trail_percent=D("1.5")))

    assert (written.aux_price, written.trail_percent) == (None, D("1.5"))


@pytest.mark.parametrize("kind", [k for k in OrderType if k.name.startswith(("LIMIT", "STOP"))])
def test_a_price_that_is_missing_is_named(kind):
    assert "needs" in ticket(Entry(type=kind)).reason


def test_the_time_in_force_is_always_set():
    assert ticket(Entry(type=OrderType.MARKET), time_in_force=None).time_in_force == "DAY"


def test_good_till_is_written_in_utc():
    paris = timezone(timedelta(hours=1))
    written = ticket(
        Entry(type=OrderType.MARKET),
        time_in_force=TimeInForce.GTD,
        good_till=datetime(2026, 12, 1, 17, 30, tzinfo=paris),
        good_after=datetime(2026, 11, 30, 9, tzinfo=UTC),
        outside_rth=True,
    )

    assert written.good_till == "20261201-16:30:00"
    assert written.good_after == "20261130-09:00:00"
    assert written.outside_rth


def test_gtd_without_an_end_is_refused():
    verdict = ticket(Entry(type=OrderType.MARKET), time_in_force=TimeInForce.GTD)

    assert isinstance(verdict, Refused)


def test_a_number_that_no_double_holds_is_refused():
    verdict = ticket(Entry(type=OrderType.MARKET), quantity="12345678901234567.25")

    assert "exactly" in verdict.reason


def test_a_limit_offset_that_cannot_be_told_is_refused_before_it_is_written():
    entry = Entry(
        type=OrderType.TRAILING_STOP_LIMIT,
        limit_price=D("999999999999.5"),
        stop_price=D("0.000000000001"),
        trail_amount=D(1),
    )

    assert isinstance(ticket(entry), Refused)
