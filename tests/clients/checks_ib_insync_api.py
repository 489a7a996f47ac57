"""Checks of the simulator through ib_insync's API, which ib_async shares.

Run by the interpreter that has the library, on a fresh simulator whose market stands still:

    python checks_ib_insync_api.py ib_async 127.0.0.1 4102 4103

Prints `ok NAME` or `FAILED NAME: reason` per check and exits 1 if any failed.
"""

import contextlib
import importlib
import logging
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from simulator.control import SimulatorControl

MODULE, HOST, PORT, CONTROL_PORT = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
api = importlib.import_module(MODULE)
control = SimulatorControl(HOST, CONTROL_PORT)
logging.getLogger(MODULE).setLevel(logging.CRITICAL)


class Bench:
    """One connection, the errors it was told, and the decoder's complaints."""

    def __init__(self, client_id=1):
        self.ib = api.IB()
        self.errors = []
        self.ib.errorEvent += lambda number, code, text, contract: self.errors.append(code)
        self.ib.connect(HOST, PORT, clientId=client_id, timeout=5)
        (self.aapl,) = self.ib.qualifyContracts(api.Stock("AAPL", "SMART", "USD"))

    def until(self, condition, what, timeout_s=3.0):
        ends = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < ends, f"{what} did not come about"
            # The library raises from whatever runs while its socket ends.
            with contextlib.suppress(ConnectionError):
                self.ib.sleep(0.005)

    def place(self, contract, order, *statuses):
        trade = self.ib.placeOrder(contract, order)
        if statuses:
            self.until(lambda: trade.orderStatus.status in statuses, f"status {statuses}")
        return trade

    def booked(self, trade):
        ref = trade.order.orderRef
        rows = [row for row in control.call("book")["orders"] if row["orderRef"] == ref]
        assert len(rows) == 1, f"{len(rows)} orders with {ref}"
        return rows[0]


decoder_complaints = []


class Complaints(logging.Handler):
    def emit(self, record):
        decoder_complaints.append(record.getMessage())


for name in ("Decoder", "decoder"):
    logging.getLogger(f"{MODULE}.{name}").addHandler(Complaints())
    logging.getLogger(f"{MODULE}.{name}").propagate = False
    logging.getLogger(f"{MODULE}.{name}").setLevel(logging.ERROR)

QUOTE = {"AAPL": (199.99, 200.01)}


def check_connects(bench):
    assert bench.ib.isConnected()
    assert bench.ib.managedAccounts() == ["DU1234567"]
    assert bench.ib.client.serverVersion() >= 157


def check_current_time(bench):
    assert abs(bench.ib.reqCurrentTime().timestamp() - time.time()) < 5


def check_qualifies_every_kind(bench):
    wanted = [
        api.Stock("MSFT", "SMART", "USD"),
        api.Forex("EURUSD"),
        api.Crypto("BTC", "PAXOS", "USD"),
        api.Index("SPX", "CBOE"),
        api.CFD("IBUS500"),
    ]
    found = bench.ib.qualifyContracts(*wanted)
    assert [one.conId > 0 for one in found] == [True] * 5


def check_future_by_month(bench):
    details = bench.ib.reqContractDetails(api.Future("ES", exchange="CME"))
    assert len(details) >= 4
    month = details[0].contractMonth
    (front,) = bench.ib.qualifyContracts(api.Future("ES", month, "CME"))
    assert front.conId == details[0].contract.conId
    assert front.multiplier == "50"


def check_option(bench):
    chain = bench.ib.reqSecDefOptParams("AAPL", "", "STK", bench.aapl.conId)[0]
    strike = sorted(chain.strikes)[len(chain.strikes) // 2]
    option = api.Option("AAPL", sorted(chain.expirations)[1], strike, "C", "SMART")
    (found,) = bench.ib.qualifyContracts(option)
    assert found.localSymbol.startswith("AAPL  ")


def check_unknown_symbol_is_200(bench):
    assert not bench.ib.reqContractDetails(api.Stock("ZZZZ", "SMART", "USD"))
    assert 200 in bench.errors


def check_ambiguous_contract_has_many_matches(bench):
    assert len(bench.ib.reqContractDetails(api.Stock("AAPL", "SMART"))) > 1


def check_market_order_fills_at_the_ask(bench):
    order = api.MarketOrder("BUY", 10, orderRef="c-mkt")
    trade = bench.place(bench.aapl, order, "Filled")
    assert trade.orderStatus.avgFillPrice == QUOTE["AAPL"][1]
    assert [fill.execution.shares for fill in trade.fills] == [10]
    assert trade.fills[0].execution.orderRef == "c-mkt"
    bench.until(lambda: trade.fills[0].commissionReport.commission > 0, "commission")


def check_limit_rests_is_modified_and_cancelled(bench):
    trade = bench.place(bench.aapl, api.LimitOrder("BUY", 5, 150, orderRef="c-lmt"), "Submitted")
    trade.order.lmtPrice = 151.25
    bench.ib.placeOrder(bench.aapl, trade.order)
    bench.until(lambda: bench.booked(trade)["limitPrice"] == "151.25", "modification")
    bench.ib.cancelOrder(trade.order)
    bench.until(lambda: trade.orderStatus.status == "Cancelled", "cancellation")
    bench.until(lambda: 202 in bench.errors or MODULE == "ib_insync", "202")
    assert bench.booked(trade)["status"] == "Cancelled"


def check_marketable_limit_fills(bench):
    order = api.LimitOrder("SELL", 5, 199, orderRef="c-limit-fill")
    trade = bench.place(bench.aapl, order, "Filled")
    assert trade.orderStatus.avgFillPrice == QUOTE["AAPL"][0]


def check_stop_types_wait(bench):
    for number, order in enumerate(
        (
            api.StopOrder("SELL", 1, 150),
            api.StopLimitOrder("SELL", 1, 149, 150),
            api.Order(action="SELL", totalQuantity=1, orderType="TRAIL", auxPrice=5),
            api.Order(
                action="SELL",
                totalQuantity=1,
                orderType="TRAIL LIMIT",
                auxPrice=5,
                trailStopPrice=195,
                lmtPriceOffset=1,
            ),
            api.Order(action="BUY", totalQuantity=1, orderType="MIT", auxPrice=150),
            api.Order(action="BUY", totalQuantity=1, orderType="LIT", auxPrice=150, lmtPrice=151),
        )
    ):
        order.orderRef = f"c-stop-{number}"
        trade = bench.place(bench.aapl, order, "PreSubmitted")
        assert bench.booked(trade)["orderType"] == order.orderType
        bench.ib.cancelOrder(trade.order)
        bench.until(lambda trade=trade: trade.orderStatus.status == "Cancelled", "cancellation")


def check_auction_orders_wait(bench):
    for number, order in enumerate(
        (
            api.Order(action="BUY", totalQuantity=1, orderType="MOC"),
            api.Order(action="BUY", totalQuantity=1, orderType="LOC", lmtPrice=150),
            api.Order(action="BUY", totalQuantity=1, orderType="MKT", tif="OPG"),
        )
    ):
        order.orderRef = f"c-auction-{number}"
        trade = bench.place(bench.aapl, order, "PreSubmitted")
        bench.ib.cancelOrder(trade.order)
        bench.until(lambda trade=trade: trade.orderStatus.status == "Cancelled", "cancellation")


def check_immediate_or_cancel(bench):
    order = api.LimitOrder("BUY", 1, 100, tif="IOC", orderRef="c-ioc")
    bench.place(bench.aapl, order, "Cancelled")


def check_bracket(bench):
    parent, profit, loss = bench.ib.bracketOrder("BUY", 3, 199, 210, 190)
    trades = []
    for number, order in enumerate((parent, profit, loss)):
        order.orderRef = f"c-bracket-{number}"
        trades.append(bench.ib.placeOrder(bench.aapl, order))
    bench.until(lambda: trades[0].orderStatus.status == "Submitted", "parent")
    bench.until(lambda: trades[1].orderStatus.whyHeld == "child", "waiting child")
    control.call("set_price", symbol="AAPL", price=198.5)
    bench.until(lambda: trades[0].orderStatus.status == "Filled", "parent's fill")
    bench.until(lambda: trades[1].orderStatus.status == "Submitted", "active child")
    control.call("set_price", symbol="AAPL", price=211)
    bench.until(lambda: trades[1].orderStatus.status == "Filled", "profit")
    bench.until(lambda: trades[2].orderStatus.status == "Cancelled", "cancelled loss")
    control.call("set_price", symbol="AAPL", price=200)


def check_oca_group(bench):
    orders = [api.LimitOrder("BUY", 1, price, orderRef=f"c-oca-{price}") for price in (150, 160)]
    for order in orders:
        order.ocaGroup, order.ocaType = "c-group", 1
    trades = [bench.place(bench.aapl, order, "Submitted") for order in orders]
    control.call("set_price", symbol="AAPL", price=159)
    bench.until(lambda: trades[1].orderStatus.status == "Filled", "fill")
    bench.until(lambda: trades[0].orderStatus.status == "Cancelled", "cancelled sibling")
    control.call("set_price", symbol="AAPL", price=200)


def check_what_if_leaves_nothing(bench):
    frames = len(control.call("book")["orders"])
    state = bench.ib.whatIfOrder(bench.aapl, api.LimitOrder("BUY", 100, 200))
    assert float(state.initMarginChange) == 5000
    assert state.commission == 1
    assert len(control.call("book")["orders"]) == frames


def check_rejections(bench):
    control.call("reject_next", code=201, text="Order rejected - reason:test")
    trade = bench.place(
        bench.aapl, api.MarketOrder("BUY", 1), "Inactive", "Cancelled", "ValidationError"
    )
    assert 201 in bench.errors
    trade = bench.ib.placeOrder(bench.aapl, api.LimitOrder("BUY", 1, 150.001))
    bench.until(lambda: 110 in bench.errors, "110")
    assert trade.filled() == 0
    bench.ib.placeOrder(bench.aapl, api.MarketOrder("BUY", 1, account="DU9"))
    bench.until(lambda: 321 in bench.errors, "321")
    bench.ib.client.cancelOrder(987654)
    bench.until(lambda: 10147 in bench.errors, "10147")


def check_duplicate_id_is_103(bench):
    order = api.MarketOrder("BUY", 1, orderRef="c-once")
    trade = bench.place(bench.aapl, order, "Filled")
    again = api.MarketOrder("BUY", 1, orderRef="c-twice")
    bench.ib.client.placeOrder(trade.order.orderId, bench.aapl, again)
    bench.until(lambda: 103 in bench.errors, "103")


def check_positions_and_portfolio(bench):
    held = [one.position for one in bench.ib.positions() if one.contract.symbol == "AAPL"]
    shown = [row for row in control.call("positions")["positions"] if row["symbol"] == "AAPL"]
    assert held == [float(shown[0]["quantity"])]
    item = next(one for one in bench.ib.portfolio() if one.contract.symbol == "AAPL")
    assert item.position == held[0]


def check_account_values_and_summary(bench):
    values = {one.tag: one.value for one in bench.ib.accountValues("DU1234567")}
    assert float(values["NetLiquidation"]) > 900_000
    summary = {one.tag: one.value for one in bench.ib.accountSummary("DU1234567")}
    assert float(summary["BuyingPower"]) > 0


def check_profit_and_loss(bench):
    total = bench.ib.reqPnL("DU1234567")
    single = bench.ib.reqPnLSingle("DU1234567", "", bench.aapl.conId)
    bench.until(lambda: total.dailyPnL == total.dailyPnL, "PnL")
    bench.until(lambda: single.position != 0, "PnLSingle")


def check_snapshot_and_stream(bench):
    (ticker,) = bench.ib.reqTickers(bench.aapl)
    assert (ticker.bid, ticker.ask) == QUOTE["AAPL"]
    live = bench.ib.reqMktData(bench.aapl)
    bench.until(lambda: live.ask == QUOTE["AAPL"][1], "first tick")
    control.call("set_price", symbol="AAPL", price=201)
    bench.until(lambda: live.ask == 201.01, "next tick")
    bench.ib.cancelMktData(bench.aapl)
    control.call("set_price", symbol="AAPL", price=200)


def check_historical_bars(bench):
    bars = bench.ib.reqHistoricalData(bench.aapl, "", "1 D", "1 hour", "TRADES", True)
    assert len(bars) == 24
    assert all(bar.low <= bar.close <= bar.high for bar in bars)


def check_market_rule(bench):
    (details,) = bench.ib.reqContractDetails(bench.aapl)
    number = int(details.marketRuleIds.split(",")[0])
    assert bench.ib.reqMarketRule(number)[0].increment == details.minTick


def check_executions_and_completed_orders(bench):
    fills = bench.ib.reqExecutions(api.ExecutionFilter(symbol="AAPL"))
    assert "c-mkt" in {fill.execution.orderRef for fill in fills}
    assert not bench.ib.reqExecutions(api.ExecutionFilter(symbol="MSFT"))
    done = {trade.order.orderRef: trade for trade in bench.ib.reqCompletedOrders(False)}
    assert done["c-mkt"].orderStatus.status == "Filled"
    assert done["c-lmt"].orderStatus.status == "Cancelled"


def check_two_clients(bench):
    other = Bench(client_id=2)
    trade = other.place(other.aapl, api.LimitOrder("BUY", 1, 150, orderRef="c-two"), "Submitted")
    seen = {one.order.orderRef: one for one in bench.ib.reqAllOpenOrders()}
    assert seen["c-two"].order.clientId == 2
    assert "c-two" not in {one.order.orderRef for one in bench.ib.reqOpenOrders()}
    other.ib.cancelOrder(trade.order)
    other.until(lambda: trade.orderStatus.status == "Cancelled", "cancellation")
    other.ib.disconnect()


def check_client_id_in_use(bench):
    ib = api.IB()
    errors = []
    ib.errorEvent += lambda number, code, text, contract: errors.append(code)
    try:
        ib.connect(HOST, PORT, clientId=1, timeout=0.5)
    except Exception:
        assert 326 in errors
    else:
        raise AssertionError("a second client 1 connected")


def check_partial_fill(bench):
    control.call("partial", parts=2, delay_s=0.1)
    trade = bench.ib.placeOrder(bench.aapl, api.MarketOrder("BUY", 4, orderRef="c-part"))
    bench.until(lambda: trade.orderStatus.filled == 2, "first part")
    bench.until(lambda: trade.orderStatus.status == "Filled", "second part")
    control.call("clear_faults")
    assert [fill.execution.shares for fill in trade.fills] == [2, 2]


def check_reconnect_recovers(bench):
    order = api.LimitOrder("BUY", 2, 140, orderRef="c-recover")
    bench.place(bench.aapl, order, "Submitted")
    next_id = bench.ib.client.getReqId()
    control.call("kick")
    bench.until(lambda: not bench.ib.isConnected(), "disconnection")
    bench.ib.connect(HOST, PORT, clientId=1, timeout=5)
    refs = {trade.order.orderRef for trade in bench.ib.openTrades()}
    assert "c-recover" in refs
    assert bench.ib.client.getReqId() >= order.orderId + 1
    assert next_id > order.orderId
    bench.ib.reqGlobalCancel()
    bench.until(lambda: not bench.ib.openTrades(), "global cancel")


def check_decoder_understood_everything(bench):
    assert not decoder_complaints, decoder_complaints[:3]


def main():
    control.call("set_price", symbol="AAPL", price=200)
    bench = Bench()
    failed = 0
    checks = [(name, one) for name, one in globals().items() if name.startswith("check_")]
    for name, check in checks:
        try:
            check(bench)
        except Exception as error:
            failed += 1
            print(f"FAILED {name[6:]}: {error!r} {traceback.format_exc(limit=-2)}")
        else:
            print(f"ok {name[6:]}", flush=True)
    bench.ib.disconnect()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
