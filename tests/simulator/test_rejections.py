"""What is refused, with which code, and that a refused order leaves nothing behind."""

import ib_insync as ibi
import pytest


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"order_type": "LMT", "lmtPrice": 150.001}, 110),
        ({"order_type": "STP", "auxPrice": 150.001}, 110),
        ({"account": "DU9999999"}, 321),
        ({"account": ""}, 435),
        ({"quantity": 0}, 434),
        ({"quantity": 1.5}, 10243),
        ({"order_type": "LMT", "lmtPrice": ibi.util.UNSET_DOUBLE}, 321),
        ({"order_type": "STP"}, 321),
        ({"order_type": "TRAIL"}, 321),
        ({"order_type": "PEG STK"}, 387),
        ({"tif": "EVENTUALLY"}, 321),
        ({"tif": "GTD", "goodTillDate": "tomorrow"}, 321),
        ({"order_type": "MOC", "tif": "IOC"}, 201),
        ({"quantity": 10_000_000}, 201),
        ({"conditions": [ibi.TimeCondition(isMore=True, time="20991231 10:00:00")]}, 321),
    ],
)
def test_a_wrong_order_is_refused(desk, aapl, order, control, terms, code):
    words = {"action": "BUY", "quantity": 1, "order_type": "MKT"} | terms
    trade = desk.ib.placeOrder(aapl, order(**words))
    told = desk.until_error(code)

    assert told[0] == trade.order.orderId
    assert control.call("book")["orders"] == []
    assert control.call("refused")["refused"][0]["code"] == code


BITCOIN = ibi.Crypto("BTC", "PAXOS", "USD")
SPENDS = {"quantity": 0, "cashQty": 1000, "tif": "IOC"}


@pytest.mark.parametrize(
    ("contract", "action", "terms", "code"),
    [
        (BITCOIN, "BUY", {"quantity": 1, "tif": "IOC"}, 10289),
        (BITCOIN, "BUY", SPENDS | {"quantity": 1}, 10293),
        (BITCOIN, "BUY", SPENDS | {"tif": "DAY"}, 10052),
        (BITCOIN, "BUY", SPENDS | {"tif": "GTC"}, 201),
        (BITCOIN, "BUY", SPENDS | {"cashQty": 10.005}, 10206),
        (BITCOIN, "BUY", SPENDS | {"order_type": "LMT", "lmtPrice": 90000}, 10244),
        (BITCOIN, "SELL", SPENDS, 10244),
        (BITCOIN, "SELL", {"quantity": 1, "tif": "DAY"}, 10052),
        (BITCOIN, "SELL", {"quantity": 0.5, "tif": "IOC"}, 201),
        (BITCOIN, "SELL", {"quantity": 1, "order_type": "LMT", "lmtPrice": 190000}, 201),
        (ibi.Stock("AAPL", "SMART", "USD"), "BUY", SPENDS, 10244),
        (ibi.CFD("IBUS500", "SMART", "USD"), "BUY", SPENDS, 10244),
    ],
)
def test_crypto_is_bought_for_cash_and_nothing_else_is(desk, order, contract, action, terms, code):
    words = {"order_type": "MKT"} | terms
    desk.ib.placeOrder(desk.contract(contract), order(action, **words))

    desk.until_error(code)
    assert desk.ib.positions() == []


def test_an_order_for_cash_cannot_be_changed(desk, order, control):
    control.call("hold")
    bitcoin = desk.contract(BITCOIN)
    trade = desk.place(bitcoin, order("BUY", order_type="MKT", **SPENDS), "PreSubmitted")
    trade.order.cashQty = 2000
    desk.ib.placeOrder(bitcoin, trade.order)

    desk.until_error(10241)


def test_cash_buys_what_it_buys_at_the_price_of_its_fill(desk, order, control):
    control.call("hold")
    bitcoin = desk.contract(BITCOIN)
    trade = desk.place(bitcoin, order("BUY", order_type="MKT", **SPENDS), "PreSubmitted")
    control.call("set_price", symbol="BTC", secType="CRYPTO", bid="79999", ask="80000")
    control.call("hold", on=False)

    desk.until_status(trade, "Filled")
    assert (trade.orderStatus.filled, trade.orderStatus.remaining) == (0.0125, 0)
    (held,) = desk.ib.positions()
    assert held.position == 0.0125


def test_an_index_is_not_tradable(desk, order):
    desk.ib.placeOrder(desk.contract(ibi.Index("SPX", "CBOE")), order("BUY", 1, "MKT"))
    desk.until_error(201)


@pytest.mark.parametrize(
    "contract",
    [ibi.Stock("ZZZZ", "SMART", "USD"), ibi.Stock("AAPL", "SMART"), ibi.Forex("JPYUSD")],
)
def test_an_order_for_no_contract_or_many_is_200(desk, order, control, contract):
    desk.ib.placeOrder(contract, order("BUY", 1, "MKT"))
    desk.until_error(200)

    assert control.call("book")["orders"] == []


def test_a_used_id_is_103(desk, aapl, order, control):
    first = desk.place(aapl, order("BUY", 1, "MKT"), "Filled")
    desk.ib.client.placeOrder(first.order.orderId, aapl, order("BUY", 1, "MKT", orderRef="another"))
    desk.until_error(103)

    assert len(control.call("book")["orders"]) == 1


def test_a_late_modification_is_104(desk, aapl, order, booked):
    trade = desk.place(aapl, order("BUY", 1, "LMT", lmtPrice=201), "Filled")
    desk.ib.client.placeOrder(trade.order.orderId, aapl, order("BUY", 1, "LMT", lmtPrice=202))
    desk.until_error(104)

    assert booked("ref")["limitPrice"] == "201"


@pytest.mark.parametrize(
    "change",
    [
        {"action": "SELL", "lmtPrice": 250},
        {"orderRef": "another"},
        {"account": "DU1234568"},
    ],
)
def test_another_order_under_a_live_id_is_105_and_changes_nothing(
    desk, aapl, order, booked, change
):
    trade = desk.place(aapl, order("BUY", 1, "LMT", lmtPrice=150), "Submitted")
    before = booked("ref")
    words = {"action": "BUY", "quantity": 1, "order_type": "LMT", "lmtPrice": 151} | change
    desk.ib.client.placeOrder(trade.order.orderId, aapl, order(**words))
    desk.until_error(105)

    assert booked("ref") == before


def test_a_modification_off_the_tick_leaves_the_order_as_it_was(desk, aapl, order, booked):
    trade = desk.place(aapl, order("BUY", 1, "LMT", lmtPrice=150), "Submitted")
    trade.order.lmtPrice = 150.001
    desk.ib.placeOrder(aapl, trade.order)
    desk.until_error(110)

    assert (booked("ref")["limitPrice"], booked("ref")["status"]) == ("150", "Submitted")


def test_a_cancel_of_nothing_is_10147(desk):
    desk.ib.client.cancelOrder(4711)

    assert desk.until_error(10147)[0] == 4711


def test_a_cancel_of_the_filled_is_10148_and_names_the_state(desk, aapl, order):
    trade = desk.place(aapl, order("BUY", 1, "MKT"), "Filled")
    desk.ib.client.cancelOrder(trade.order.orderId)

    assert "state: Filled" in desk.until_error(10148)[2]


def test_another_clients_order_cannot_be_cancelled(desks, order):
    mine, yours = desks(1), desks(2)
    aapl = mine.contract(ibi.Stock("AAPL", "SMART", "USD"))
    trade = mine.place(aapl, order("BUY", 1, "LMT", lmtPrice=150), "Submitted")
    yours.ib.client.cancelOrder(trade.order.orderId)
    yours.until_error(10147)

    assert trade.orderStatus.status == "Submitted"


def test_a_rejected_order_is_shown_as_inactive(desk, aapl, order, control, wire):
    control.call("reject_next", code=201, text="Order rejected - reason:no shares to borrow")
    desk.ib.placeOrder(aapl, order("SELL", 1, "MKT"))

    assert "no shares to borrow" in desk.until_error(201)[2]
    desk.until(lambda: "status Inactive" in wire, "Inactive")
    assert control.call("book")["orders"] == []
    desk.place(aapl, order("SELL", 1, "MKT", orderRef="next"), "Filled")


@pytest.mark.parametrize("text", ["nan", "1e-07x", "inf"])
def test_a_quantity_that_is_no_number_is_320(desk, aapl, order, control, text):
    broken = order("BUY", 1, "MKT")
    broken.totalQuantity = text
    desk.ib.client.placeOrder(desk.ib.client.getReqId(), aapl, broken)
    desk.until_error(320)

    assert control.call("book")["orders"] == []
    assert control.call("status")["frames"] == 1


def test_an_unserved_request_is_told_so(desk):
    desk.ib.client.reqScannerParameters()
    desk.ib.client.reqUserInfo(55)
    desk.ib.client.cancelScannerSubscription(56)

    told = desk.until_error(321)
    assert (told[0], told[2].split()[-1]) == (-1, "24")
    desk.until(lambda: any(error[0] == 56 for error in desk.errors), "answer to 56")
    desk.until(lambda: any(error[0] == 55 for error in desk.errors), "answer to 55")
