"""Sizes by money through the real library: account values and prices come from the simulator."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, Instrument, QuantityType, SecurityType, Sizing, StopLoss
from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.gateway.build import limit, on

D = Decimal
SAP = Instrument(security_type=SecurityType.STOCK, symbol="SAP", exchange="IBIS", currency="EUR")
TOYOTA = replace(SAP, symbol="7203", exchange="TSEJ", currency="JPY")
BARCLAYS = replace(SAP, symbol="BARC", exchange="LSE", currency="GBP")


def by(kind: QuantityType, value: object) -> Sizing:
    return Sizing(type=kind, value=D(str(value)))


@pytest.fixture
def subscribed(control):
    """Let the test say which prices are subscribed; afterwards all are again."""
    yield lambda kind, code=0: control.call("market_data", kind=kind, code=code)
    control.call("market_data", kind="live")


def test_cash_is_sized_by_the_price_of_this_moment(executor, priced, booked):
    buy = on(priced("KO", 60), Action.BUY, sizing=by(QuantityType.CASH, 1000))
    reply = executor.insist(buy)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert booked(buy.command_id)["quantity"] == "16"
    assert "1,000 USD at 60.01 (the ask) → 16.6638 → 16" in reply.detail


def test_half_of_an_odd_number_of_shares_is_rounded_down(executor, priced, booked):
    """TWS tells fractions as the increment of a share, and refuses them (10243)."""
    buy = on(priced("NKE"), Action.BUY, 5, multiplier=D("0.5"))
    reply = executor.insist(buy)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert booked(buy.command_id)["quantity"] == "2"
    assert "2.5 units → 2.5 → 2" in reply.detail


def test_percent_of_equity_is_of_what_the_account_is_worth_now(executor, priced, booked):
    buy = on(priced("PEP", 150), Action.SELL, sizing=by(QuantityType.PERCENT_OF_EQUITY, "0.5"))
    reply = executor.insist(buy)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert booked(buy.command_id)["quantity"] == "33"
    assert reply.detail.startswith("sell 33 PEP; 0.5 % of ")
    assert "at 149.99 (the bid)" in reply.detail


def test_an_order_with_a_price_needs_none_of_the_market(executor, priced, booked, subscribed):
    subscribed("none")
    buy = on(priced("MCD"), Action.BUY, sizing=by(QuantityType.CASH, 1000), entry=limit(90))
    reply = executor.insist(buy)

    assert booked(buy.command_id)["quantity"] == "11", reply.detail


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("delayed", 0, "the delayed ask"),
        ("none", 0, "the alert's price, for the broker tells no price: Requested market"),
        ("none", 10197, "(10197)"),
        ("silent", 0, "the broker told no price in 2 s"),
    ],
)
def test_what_the_market_does_not_tell_is_said(executor, priced, subscribed, kind, code, said):
    subscribed(kind, code)
    symbol = priced({"delayed": "HD", "silent": "LOW"}.get(kind, "NKE" if code else "DIS"), 50)
    buy = on(symbol, Action.BUY, sizing=by(QuantityType.CASH, 1000), price=D(50))
    reply = executor.insist(buy)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert said in reply.detail


def test_no_price_at_all_is_a_refusal(executor, priced, subscribed):
    subscribed("none")
    reply = executor.insist(on(priced("IBM"), Action.BUY, sizing=by(QuantityType.CASH, 1000)))

    assert reply.outcome is Outcome.REJECTED
    assert "no price to size by" in reply.detail
    assert "(10168), and the alert gives none" in reply.detail


@pytest.fixture
def dollars(own_simulator) -> Iterator[tuple[SimulatorControl, int]]:
    """A simulator whose account holds dollars alone, and its port."""
    simulator = own_simulator()
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        yield control, simulator.port


def one_percent(instrument: Instrument, price: object):
    sizing = by(QuantityType.PERCENT_OF_EQUITY, 1)
    return on(
        instrument.symbol, Action.BUY, sizing=sizing, entry=limit(price), instrument=instrument
    )


def test_another_currency_is_changed_at_the_rate_that_the_broker_tells(run, dollars, connect):
    control, port = dollars
    control.call("set_cash", account="DU1234567", currency="EUR", amount=1000)
    reply = connect(run(port).ready()).insist(one_percent(SAP, 200))

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    # 1 % of 1,001,155 USD at 1.155 USD for a euro.
    assert "= 8,668" in reply.detail
    assert reply.detail.endswith("EUR at 200 → 43.34 → 43")


def test_a_currency_that_the_account_does_not_hold_is_changed_at_the_market(run, dollars, connect):
    control, port = dollars
    control.call("set_price", symbol="EUR", currency="USD", secType="CASH", bid="1.24", ask="1.25")
    control.call("set_price", symbol="USD", currency="JPY", secType="CASH", bid="150", ask="151")
    executor = connect(run(port).ready())

    euros = executor.insist(one_percent(SAP, 200))
    assert euros.outcome is Outcome.ACCEPTED, euros.detail
    assert euros.detail.startswith("buy 40 SAP")
    assert "10,000 USD = 8,000 EUR at 1.25 USD for a EUR (the ask), at 200 → 40" in euros.detail

    yen = executor.insist(one_percent(TOYOTA, 3000))
    assert yen.outcome is Outcome.ACCEPTED, yen.detail
    assert "= 1,500,000 JPY at 150 JPY for a USD (the bid), at 3,000 → 500" in yen.detail

    control.call("market_data", kind="delayed", code=0)
    control.call("set_price", symbol="GBP", currency="USD", secType="CASH", bid="1.2", ask="1.6")
    pounds = executor.insist(one_percent(BARCLAYS, 5))
    assert "at 1.6 USD for a GBP (the delayed ask)" in pounds.detail


def test_a_rate_that_nobody_tells_is_a_refusal(run, dollars, connect):
    control, port = dollars
    control.call("market_data", kind="none", code=0)

    reply = connect(run(port).ready()).insist(one_percent(SAP, 200))

    assert reply.outcome is Outcome.REJECTED
    assert "no exchange rate from USD to EUR: account DU1234567 holds no EUR" in reply.detail
    assert "no price of EUR.USD: the broker tells no price: Requested market" in reply.detail


def test_percent_of_a_position_closes_a_part(executor, priced, booked):
    symbol = priced("WMT")
    executor.insist(on(symbol, Action.BUY, 9))
    half = on(symbol, Action.EXIT, sizing=by(QuantityType.PERCENT_OF_POSITION, 50))
    reply = executor.insist(half)

    assert booked(half.command_id)["quantity"] == "4", reply.detail
    assert "50 % of a position of 9 → 4.5 → 4" in reply.detail


@pytest.mark.parametrize(
    ("kind", "value", "quantity"),
    [(QuantityType.RISK_CASH, 105, "35"), (QuantityType.RISK_PERCENT, "0.01", "33")],
)
def test_risk_is_sized_by_how_far_the_stop_is_away(executor, priced, booked, kind, value, quantity):
    buy = on(
        priced("CAT", 100),
        Action.BUY,
        sizing=by(kind, value),
        entry=limit(99),
        stop_loss=StopLoss(price=D(96)),
    )
    reply = executor.insist(buy)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert "with the stop 3 away from 99" in reply.detail
    assert booked(buy.command_id)["quantity"] == quantity, reply.detail
    stop = booked(f"{buy.command_id}a")
    assert (stop["quantity"], stop["orderType"], stop["auxPrice"]) == (quantity, "STP", "96")
