"""Checks of the simulator through IB's own Python client, versions 9.81 to 10.46.

Run by the interpreter that has `ibapi`, on a fresh simulator whose market stands still:

    python checks_ibapi.py 127.0.0.1 4102 4103

Prints `ok NAME` or `FAILED NAME: reason` per check and exits 1 if any failed.
"""

import sys
import threading
import time
from pathlib import Path

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.wrapper import EWrapper
from recording_client import Client

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from simulator.control import SimulatorControl

HOST, PORT, CONTROL_PORT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
control = SimulatorControl(HOST, CONTROL_PORT)


def contract(symbol, sec_type="STK", exchange="SMART", currency="USD", **more):
    made = Contract()
    made.symbol, made.secType, made.exchange, made.currency = symbol, sec_type, exchange, currency
    for name, value in more.items():
        setattr(made, name, value)
    return made


AAPL = contract("AAPL")


def details(client, wanted):
    request = next(client.requests)
    client.reqContractDetails(request, wanted)
    client.wait("contractDetailsEnd", lambda number: number == request)
    return [found for number, found in client.all("contractDetails") if number == request]


def booked(ref):
    (row,) = [one for one in control.call("book")["orders"] if one["orderRef"] == ref]
    return row


def check_connects(client):
    assert client.wait("managedAccounts") == ("DU1234567",)
    assert client.serverVersion() in (157, 176, 178)


def check_current_time(client):
    client.reqCurrentTime()
    assert abs(client.wait("currentTime")[0] - time.time()) < 5


def check_qualifies_every_kind(client):
    for wanted in (
        AAPL,
        contract("EUR", "CASH", "IDEALPRO"),
        contract("BTC", "CRYPTO", "PAXOS"),
        contract("SPX", "IND", "CBOE"),
        contract("IBUS500", "CFD"),
    ):
        (found,) = details(client, wanted)
        assert found.contract.conId > 0
        assert found.minTick > 0


def check_future_chain(client):
    chain = details(client, contract("ES", "FUT", "CME"))
    assert len(chain) >= 4
    assert {one.contract.multiplier for one in chain} == {"50"}
    assert len(chain[0].contract.lastTradeDateOrContractMonth) == 8


def check_option(client):
    (stock,) = details(client, AAPL)
    client.reqSecDefOptParams(next(client.requests), "AAPL", "", "STK", stock.contract.conId)
    told = client.wait("securityDefinitionOptionParameter")
    expiries, strikes = sorted(told[5]), sorted(told[6])
    wanted = contract("AAPL", "OPT", right="C", strike=strikes[len(strikes) // 2])
    wanted.lastTradeDateOrContractMonth = expiries[1]
    (found,) = details(client, wanted)
    assert found.contract.multiplier == "100"


def check_unknown_symbol_is_200(client):
    client.reqContractDetails(next(client.requests), contract("ZZZZ"))
    client.wait_error(200)


def check_market_order_fills(client):
    number, _ = client.place(
        AAPL, action="BUY", totalQuantity=10, orderType="MKT", orderRef="o-mkt"
    )
    client.wait_status(number, "Filled")
    _, _, execution = client.wait("execDetails", lambda _, __, one: one.orderId == number)
    assert (execution.orderRef, execution.price, execution.side) == ("o-mkt", 200.01, "BOT")
    time.sleep(0.05)
    assert client.wait_charge().execId == execution.execId


def check_open_order_is_read_to_its_end(client):
    number, _ = client.place(
        AAPL,
        action="SELL",
        totalQuantity=2,
        orderType="TRAIL LIMIT",
        auxPrice=5,
        trailStopPrice=190,
        lmtPriceOffset=1,
        tif="GTC",
        orderRef="o-trail",
    )
    _, _, order, _ = client.wait("openOrder", lambda one, *_: one == number)
    assert (order.orderRef, order.tif, order.orderType) == ("o-trail", "GTC", "TRAIL LIMIT")
    assert (order.trailStopPrice, order.lmtPriceOffset) == (190, 1)
    assert order.isOmsContainer is False
    client.cancel(number)
    client.wait_status(number, "Cancelled")


def check_limit_rests_is_modified_and_cancelled(client):
    number, order = client.place(
        AAPL, action="BUY", totalQuantity=5, orderType="LMT", lmtPrice=150, orderRef="o-lmt"
    )
    client.wait_status(number, "Submitted")
    order.lmtPrice = 151.5
    client.placeOrder(number, AAPL, order)
    client.wait("openOrder", lambda one, _, told, __: one == number and told.lmtPrice == 151.5)
    client.cancel(number)
    client.wait_status(number, "Cancelled")
    client.wait_error(202)
    assert booked("o-lmt")["limitPrice"] == "151.5"


def check_every_order_type_is_booked(client):
    for number, terms in enumerate(
        (
            {"orderType": "STP", "auxPrice": 150},
            {"orderType": "STP LMT", "auxPrice": 150, "lmtPrice": 149},
            {"orderType": "TRAIL", "trailingPercent": 2},
            {"orderType": "MOC"},
            {"orderType": "LOC", "lmtPrice": 250},
            {"orderType": "MKT", "tif": "OPG"},
            {"orderType": "MIT", "auxPrice": 250},
            {"orderType": "LIT", "auxPrice": 250, "lmtPrice": 249},
        )
    ):
        ref = f"o-type-{number}"
        order_id, _ = client.place(AAPL, action="SELL", totalQuantity=1, orderRef=ref, **terms)
        client.wait_status(order_id, "PreSubmitted")
        assert booked(ref)["orderType"] == terms["orderType"]
        client.cancel(order_id)
        client.wait_status(order_id, "Cancelled")


def check_bracket(client):
    parent, _ = client.place(
        AAPL, action="BUY", totalQuantity=3, orderType="LMT", lmtPrice=199, transmit=False
    )
    profit, _ = client.place(
        AAPL,
        action="SELL",
        totalQuantity=3,
        orderType="LMT",
        lmtPrice=210,
        parentId=parent,
        transmit=False,
    )
    loss, _ = client.place(
        AAPL, action="SELL", totalQuantity=3, orderType="STP", auxPrice=190, parentId=parent
    )
    client.wait_status(parent, "Submitted")
    client.wait_status(profit, "PreSubmitted")
    control.call("set_price", symbol="AAPL", price=198)
    client.wait_status(parent, "Filled")
    client.wait_status(profit, "Submitted")
    control.call("set_price", symbol="AAPL", price=189)
    client.wait_status(loss, "Filled")
    client.wait_status(profit, "Cancelled")
    control.call("set_price", symbol="AAPL", price=200)


def check_oca_group(client):
    group = {"action": "BUY", "totalQuantity": 1, "orderType": "LMT", "ocaGroup": "o-group"}
    low, _ = client.place(AAPL, lmtPrice=150, ocaType=1, **group)
    high, _ = client.place(AAPL, lmtPrice=160, ocaType=1, **group)
    client.wait_status(high, "Submitted")
    control.call("set_price", symbol="AAPL", price=159)
    client.wait_status(high, "Filled")
    client.wait_status(low, "Cancelled")
    control.call("set_price", symbol="AAPL", price=200)


def check_what_if(client):
    number, _ = client.place(
        AAPL, action="BUY", totalQuantity=100, orderType="LMT", lmtPrice=200, whatIf=True
    )
    _, _, _, state = client.wait("openOrder", lambda one, *_: one == number)
    assert float(state.initMarginChange) == 5000
    assert not client.all("orderStatus", lambda one, *_: one == number)


def check_rejections(client):
    control.call("reject_next", code=201, text="Order rejected - reason:test")
    number, _ = client.place(AAPL, action="BUY", totalQuantity=1, orderType="MKT")
    client.wait_error(201)
    client.wait_status(number, "Inactive")
    client.place(AAPL, action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=150.001)
    client.wait_error(110)
    client.place(AAPL, action="BUY", totalQuantity=1, orderType="MKT", account="DU9")
    client.wait_error(321)
    client.cancel(987654)
    client.wait_error(10147)


def check_duplicate_id_is_103(client):
    number, order = client.place(
        AAPL, action="BUY", totalQuantity=1, orderType="MKT", orderRef="o-once"
    )
    client.wait_status(number, "Filled")
    order.orderRef = "o-twice"
    client.placeOrder(number, AAPL, order)
    client.wait_error(103)


def check_positions(client):
    client.reqPositions()
    client.wait("positionEnd")
    shown = {row["symbol"]: row["quantity"] for row in control.call("positions")["positions"]}
    told = {one[1].symbol: one[2] for one in client.all("position")}
    assert float(told["AAPL"]) == float(shown["AAPL"])


def check_account_updates(client):
    client.reqAccountUpdates(True, "DU1234567")
    client.wait("accountDownloadEnd")
    values = {one[0]: one[1] for one in client.all("updateAccountValue")}
    assert float(values["NetLiquidation"]) > 900_000
    assert client.all("updatePortfolio")


def check_account_summary(client):
    client.reqAccountSummary(next(client.requests), "All", "NetLiquidation,BuyingPower")
    client.wait("accountSummaryEnd")
    assert {one[2] for one in client.all("accountSummary")} == {"NetLiquidation", "BuyingPower"}


def check_profit_and_loss(client):
    (stock,) = details(client, AAPL)
    client.reqPnL(next(client.requests), "DU1234567", "")
    client.reqPnLSingle(next(client.requests), "DU1234567", "", stock.contract.conId)
    client.wait("pnl")
    assert float(client.wait("pnlSingle")[1]) != 0


def check_market_data(client):
    request = next(client.requests)
    client.reqMktData(request, AAPL, "", True, False, [])
    client.wait("tickSnapshotEnd", lambda number: number == request)
    prices = {one[1]: one[2] for one in client.all("tickPrice", lambda n, *_: n == request)}
    assert (prices[1], prices[2]) == (199.99, 200.01)


def check_historical_bars(client):
    request = next(client.requests)
    client.reqHistoricalData(request, AAPL, "", "1 D", "1 hour", "TRADES", 1, 1, False, [])
    client.wait("historicalDataEnd", lambda number, *_: number == request)
    assert len(client.all("historicalData", lambda number, _: number == request)) == 24


def check_market_rule(client):
    client.reqMarketRule(26)
    number, increments = client.wait("marketRule")
    assert (number, increments[0].increment) == (26, 0.01)


def check_executions_and_completed_orders(client):
    request = next(client.requests)
    client.reqExecutions(request, ExecutionFilter())
    client.wait("execDetailsEnd", lambda number: number == request)
    told = client.all("execDetails", lambda number, *_: number == request)
    assert "o-mkt" in {execution.orderRef for _, _, execution in told}
    client.reqCompletedOrders(False)
    client.wait("completedOrdersEnd")
    done = {order.orderRef: state for _, order, state in client.all("completedOrder")}
    assert done["o-mkt"].status == "Filled"
    assert done["o-lmt"].status == "Cancelled"
    assert done["o-mkt"].completedTime


def check_two_clients(client):
    other = Client(HOST, PORT, 8)
    number, _ = other.place(
        AAPL, action="BUY", totalQuantity=1, orderType="LMT", lmtPrice=140, orderRef="o-two"
    )
    other.wait_status(number, "Submitted")
    client.reqAllOpenOrders()
    client.wait("openOrderEnd")
    assert [one for one in client.all("openOrder") if one[2].orderRef == "o-two"]
    client.cancel_all()
    other.wait_status(number, "Cancelled")
    other.disconnect()


def check_client_id_in_use(client):
    errors = []

    class Second(EWrapper, EClient):
        def error(self, *arguments):
            errors.extend(arguments)

    second = Second()
    EClient.__init__(second, second)
    second.connect(HOST, PORT, 7)
    threading.Thread(target=second.run, daemon=True).start()
    ends = time.monotonic() + 3
    while 326 not in errors:
        assert time.monotonic() < ends, errors
        time.sleep(0.01)
    second.disconnect()


def main():
    control.call("set_price", symbol="AAPL", price=200)
    client = Client(HOST, PORT, 7)
    failed = 0
    for name, check in [(n, one) for n, one in globals().items() if n.startswith("check_")]:
        try:
            check(client)
        except Exception as error:
            failed += 1
            print(f"FAILED {name[6:]}: {error!r} at line {error.__traceback__.tb_next.tb_lineno}")
        else:
            print(f"ok {name[6:]}", flush=True)
    client.disconnect()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
