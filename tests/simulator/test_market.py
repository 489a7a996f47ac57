"""Prices, contracts and accounts as a client sees them."""

import ib_insync as ibi
import pytest

from simulator.control import SimulatorControl
from tests.simulator.conftest import Desk
from tests.simulator.processes import started_simulator


def test_a_snapshot_shows_the_book(desk, aapl):
    (ticker,) = desk.ib.reqTickers(aapl)

    assert (ticker.bid, ticker.ask, ticker.last) == (199.99, 200.01, 200)
    assert ticker.bidSize > 0
    assert ticker.low <= ticker.last <= ticker.high
    assert ticker.close > 0


def test_streams_follow_the_price_and_stop_when_cancelled(desk, aapl, control):
    ticker = desk.ib.reqMktData(aapl)
    desk.until(lambda: ticker.ask == 200.01, "first price")
    control.call("set_price", symbol="AAPL", bid=210, ask=210.5)
    desk.until(lambda: (ticker.bid, ticker.ask) == (210, 210.5), "next price")
    desk.ib.cancelMktData(aapl)
    desk.settle(0.05)
    control.call("move_price", symbol="AAPL", percent=10)
    desk.settle()

    assert ticker.bid == 210


def test_delayed_data_has_delayed_ticks(desk, aapl, control):
    control.call("market_data", kind="delayed")
    desk.ib.reqMarketDataType(3)
    (ticker,) = desk.ib.reqTickers(aapl)

    assert ticker.marketDataType == 3
    assert (ticker.bid, ticker.ask) == (199.99, 200.01)


def test_who_asks_for_delayed_data_gets_live_data_where_it_is_subscribed(desk, aapl):
    desk.ib.reqMarketDataType(3)
    (ticker,) = desk.ib.reqTickers(aapl)

    assert ticker.marketDataType == 1


@pytest.mark.parametrize(("kind", "code"), [("none", 354), ("delayed", 354), ("none", 10197)])
def test_data_that_is_not_subscribed_is_an_error(desk, aapl, control, kind, code):
    control.call("market_data", kind=kind, code=code if code == 10197 else 0)
    desk.ib.reqMktData(aapl)

    desk.until_error(code)


def test_the_ledger_tells_cash_and_rate_of_each_currency(desk, control):
    control.call("set_cash", account="DU1234567", currency="EUR", amount=1000)
    rows = {
        (one.tag, one.currency): float(one.value)
        for one in desk.ib.accountSummary("DU1234567")
        if one.tag in {"CashBalance", "ExchangeRate"}
    }

    assert rows["CashBalance", "EUR"] == 1000
    assert rows["ExchangeRate", "EUR"] == 1.155
    assert rows["ExchangeRate", "USD"] == rows["ExchangeRate", "BASE"] == 1
    assert rows["CashBalance", "BASE"] == 1_000_000 + 1155


def test_forex_has_no_last_trade(desk):
    (ticker,) = desk.ib.reqTickers(desk.contract(ibi.Forex("EURUSD")))

    assert ticker.last != ticker.last
    assert 0 < ticker.bid < ticker.ask


def test_data_for_no_contract_is_200(desk):
    desk.ib.reqMktData(ibi.Stock("ZZZZ", "SMART", "USD"))
    desk.until_error(200)


def test_the_walk_moves_what_is_watched_and_fills_follow_it():
    options = ("--tick-interval", "0.01", "--time-scale", "100", "--seed", "3")
    with (
        started_simulator(*options) as simulator,
        SimulatorControl("127.0.0.1", simulator.control_port) as control,
    ):
        still = control.call("price", symbol="MSFT")
        desk = Desk(simulator.port)
        tsla = desk.contract(ibi.Stock("TSLA", "SMART", "USD"))
        ticker = desk.ib.reqMktData(tsla)
        seen = []
        ticker.updateEvent += lambda one: seen.append((one.bid, one.ask))
        desk.until(lambda: len(set(seen)) > 20, "moves")
        # Before its first tick a side is NaN, which is no smaller than anything.
        assert not any(bid >= ask for bid, ask in seen)
        limit = round(ticker.ask - 0.3, 2)
        order = ibi.LimitOrder("BUY", 1, limit, orderRef="walk")
        trade = desk.place(tsla, order, "Submitted", "Filled")
        desk.until_status(trade, "Filled")
        assert trade.orderStatus.avgFillPrice <= limit
        assert control.call("price", symbol="MSFT") == still
        desk.close()


@pytest.mark.parametrize(
    ("size", "duration", "count"),
    [("5 mins", "3600 S", 12), ("1 hour", "2 D", 48), ("1 day", "1 M", 30), ("1 week", "1 Y", 52)],
)
def test_historical_bars(desk, aapl, size, duration, count):
    bars = desk.ib.reqHistoricalData(aapl, "", duration, size, "TRADES", useRTH=False)

    assert len(bars) == count
    assert all(bar.low <= min(bar.open, bar.close) for bar in bars)
    assert all(bar.high >= max(bar.open, bar.close) for bar in bars)
    assert bars[-1].close == 200
    again = desk.ib.reqHistoricalData(aapl, "", duration, size, "TRADES", useRTH=False)
    assert [bar.low for bar in bars] == [bar.low for bar in again]


def test_bars_of_no_size_are_refused(desk, aapl):
    assert not desk.ib.reqHistoricalData(aapl, "", "1 D", "7 mins", "TRADES", useRTH=True)
    desk.until_error(321)


def test_market_rules_agree_with_the_ticks(desk):
    for contract in (
        ibi.Stock("AAPL", "SMART", "USD"),
        ibi.Forex("EURUSD"),
        ibi.Crypto("BTC", "PAXOS", "USD"),
    ):
        (details,) = desk.ib.reqContractDetails(contract)
        number = int(details.marketRuleIds.split(",")[0])
        assert [one.increment for one in desk.ib.reqMarketRule(number)] == [details.minTick]


def test_matching_symbols(desk):
    found = desk.ib.reqMatchingSymbols("AAPL")

    assert "AAPL" in {one.contract.symbol for one in found}
    assert {one.contract.currency for one in found} == {"USD", "EUR", "MXN"}


def test_positions_follow_fills(desk, aapl, order, control):
    desk.place(aapl, order("BUY", 10, "MKT", orderRef="in"), "Filled")
    desk.until(lambda: len(desk.ib.positions()) == 1, "position")
    (held,) = desk.ib.positions()
    # A dollar of commission is part of the cost.
    assert (held.position, held.avgCost) == (10, pytest.approx(200.11))

    control.call("set_price", symbol="AAPL", price=210)
    trade = desk.place(aapl, order("SELL", 10, "MKT", orderRef="out"), "Filled")
    desk.until(lambda: desk.ib.positions() == [], "no position")
    report = trade.fills[0].commissionReport
    assert report.realizedPNL == pytest.approx(10 * (209.99 - 200.11) - report.commission)


def test_the_portfolio_shows_value_and_gain(desk, aapl, order, control):
    desk.place(aapl, order("SELL", 10, "MKT"), "Filled")
    desk.until(lambda: len(desk.ib.portfolio()) == 1, "portfolio")
    (item,) = desk.ib.portfolio()

    assert (item.position, item.marketPrice, item.marketValue) == (-10, 200, -2000)
    assert item.account == "DU1234567"


def test_profit_and_loss_streams(desk, aapl, order, control):
    desk.place(aapl, order("BUY", 10, "MKT"), "Filled")
    total = desk.ib.reqPnL("DU1234567")
    single = desk.ib.reqPnLSingle("DU1234567", "", aapl.conId)
    desk.until(lambda: single.position == 10, "first PnLSingle")
    control.call("set_price", symbol="AAPL", price=220)
    desk.until(lambda: single.value == 2200, "next PnLSingle")

    assert single.unrealizedPnL == pytest.approx(2200 - 2001.1)
    assert total.unrealizedPnL == pytest.approx(2200 - 2001.1)


def test_account_summary_and_updates_agree(desk, aapl, order):
    desk.place(aapl, order("BUY", 100, "MKT"), "Filled")
    summary = {one.tag: one.value for one in desk.ib.accountSummary("DU1234567")}
    values = {
        one.tag: one.value for one in desk.ib.accountValues("DU1234567") if one.currency == "USD"
    }

    assert summary["TotalCashValue"] == "979998.00"
    assert float(summary["NetLiquidation"]) == pytest.approx(1_000_000 - 1 - 1)
    assert values["NetLiquidation"] in (summary["NetLiquidation"], "1000000.00")
    assert float(summary["InitMarginReq"]) == 5000


def test_forex_moves_cash_between_currencies(desk, order):
    pair = desk.contract(ibi.Forex("EURUSD"))
    trade = desk.place(pair, order("BUY", 1000, "MKT"), "Filled")
    cash = {
        one.currency: float(one.value)
        for one in desk.ib.accountSummary("DU1234567")
        if one.tag == "CashBalance"
    }

    assert cash["EUR"] == 1000
    spent = 1000 * trade.orderStatus.avgFillPrice
    assert cash["USD"] == pytest.approx(1_000_000 - spent - 2, abs=0.01)


def test_positions_of_one_account(desk, aapl, order):
    for account, quantity in (("DU1234567", 1), ("DU1234568", 2)):
        desk.place(aapl, order("BUY", quantity, "MKT", account=account, orderRef=account), "Filled")
    told, ended = [], []
    desk.ib.wrapper.positionMulti = lambda *arguments: told.append(arguments)
    desk.ib.wrapper.positionMultiEnd = ended.append
    desk.ib.client.reqPositionsMulti(77, "DU1234568", "")
    desk.until(lambda: ended == [77], "end of positions")

    assert [(one[0], one[1], one[4]) for one in told] == [(77, "DU1234568", 2)]
