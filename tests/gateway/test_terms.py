"""What the broker tells of trading a contract, in our own words."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest

from gateway import translation
from gateway.terms import PriceStep, Session, Terms, is_open, read_sessions, rule_of


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def details(**fields):
    contract = SimpleNamespace(
        conId=1,
        secType="FUT",
        symbol="ZC",
        lastTradeDateOrContractMonth="20261214",
        strike=0.0,
        right="",
        multiplier="5000",
        exchange="CBOT",
        primaryExchange="",
        currency="USD",
        localSymbol="ZCZ6",
        tradingClass="ZC",
    )
    given = {
        "contract": contract,
        "minTick": 0.0025,
        "priceMagnifier": 100,
        "orderTypes": "LMT,MKT,MOC",
        "validExchanges": "CBOT,QBALGO",
        "marketRuleIds": "32,33",
        "minSize": 1.0,
        "sizeIncrement": 1.0,
        "tradingHours": "20261123:0930-20261123:1600;20261126:CLOSED",
        "liquidHours": "",
        "timeZoneId": "US/Eastern",
        "stockType": "",
        "longName": "Corn Futures",
    }
    return SimpleNamespace(**(given | fields))


def test_increments_are_in_the_prices_that_orders_have():
    steps = translation.price_steps([SimpleNamespace(lowEdge=0.0, increment=0.0025)])

    terms = translation.candidate(details(), steps).terms

    assert terms.min_tick == Decimal("0.25")
    assert terms.price_steps == (PriceStep(Decimal(0), Decimal("0.25")),)
    assert terms.value_of(Decimal("430.25"), Decimal(2)) == Decimal(43025)


@pytest.mark.parametrize(("told", "step"), [(0.0001, 1), (0.0, 1), (100.0, 100)])
def test_a_stock_comes_in_whole_shares_whatever_increment_is_told(told, step):
    share = details(sizeIncrement=told)
    share.contract.secType = "STK"

    assert translation.candidate(share).terms.size_increment == step


def test_the_market_rule_is_the_one_of_the_exchange_that_the_order_goes_to():
    assert translation.market_rule(details(), "QBALGO") == 33
    assert translation.market_rule(details(), "") == 32
    assert translation.market_rule(details(marketRuleIds=""), "CBOT") is None
    assert rule_of("NYSE", ("SMART", "NYSE"), "26") is None


def test_the_increment_goes_by_the_price():
    steps = (PriceStep(Decimal(0), Decimal("0.0001")), PriceStep(Decimal(1), Decimal("0.01")))
    terms = Terms(min_tick=Decimal("0.0001"), price_steps=steps)

    assert terms.increment_at(Decimal("0.99")) == Decimal("0.0001")
    assert terms.increment_at(Decimal(1)) == Decimal("0.01")


def test_the_smallest_step_stands_for_the_rule_where_it_is_fine():
    terms = Terms(min_tick=Decimal("0.01"))

    assert terms.increment_at(Decimal(10)) == Decimal("0.01")
    assert terms.increment_at(Decimal("1.08505")) == 0


@pytest.mark.parametrize(
    ("hours", "zone"),
    [
        ("20261123:0930-20261123:1600;20261126:CLOSED", "US/Eastern"),
        ("20261123:0930-20261123:1600", "EST (Eastern Standard Time)"),
        ("20261123:0930-1600", "EST5EDT"),
    ],
)
def test_hours_are_read_in_every_spelling(hours, zone):
    assert read_sessions(hours, zone) == (Session(at(23, 14, 30), at(23, 21)),)


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("GMT (Greenwich Mean Time)", 7),
        ("BST", 7),
        ("MST (Mountain Standard Time)", 14),
        ("PST (Pacific Standard Time)", 15),
        ("CET", 6),
    ],
)
def test_an_abbreviation_of_winter_is_read_with_summer_time(zone, hour):
    begins = datetime(2026, 7, 1, hour, tzinfo=UTC)

    (session,) = read_sessions("20260701:0800-20260701:1600", zone) or ()

    assert session.begins == begins


def test_a_session_over_midnight_and_one_with_a_pause():
    night = read_sessions("20261123:1700-20261124:1600", "US/Central")
    pause = read_sessions("20261124:0900-1130,1230-1500", "JST")

    assert night == (Session(at(23, 23), at(24, 22)),)
    assert pause == (Session(at(24, 0), at(24, 2, 30)), Session(at(24, 3, 30), at(24, 6)))


@pytest.mark.parametrize(
    ("hours", "zone"),
    [("", "US/Eastern"), ("20261123:0930-20261123:1600", "Nowhere/Land"), ("soon", "US/Eastern")],
)
def test_hours_that_cannot_be_read_are_not_told(hours, zone):
    assert read_sessions(hours, zone) is None
    assert is_open(read_sessions(hours, zone), at(23, 15)) is None


def test_a_holiday_is_closed_and_not_unknown():
    sessions = read_sessions("20261126:CLOSED", "US/Eastern")

    assert sessions == ()
    assert is_open(sessions, at(26, 15)) is False
