"""Brackets and OCA groups: who waits for whom, and who ends with whom."""

import ib_insync as ibi
import pytest


@pytest.fixture
def bracket(desk, aapl, order):
    """Buy three at 195, sell them at 210 or at 190."""

    def place(**parent_terms):
        parent = order("BUY", 3, "LMT", **({"lmtPrice": 195, "orderRef": "parent"} | parent_terms))
        parent.orderId, parent.transmit = desk.ib.client.getReqId(), False
        profit = order("SELL", 3, "LMT", lmtPrice=210, orderRef="profit", transmit=False)
        loss = order("SELL", 3, "STP", auxPrice=190, orderRef="loss")
        profit.parentId = loss.parentId = parent.orderId
        return [desk.ib.placeOrder(aapl, one) for one in (parent, profit, loss)]

    return place


def test_children_wait_for_the_whole_parent(desk, bracket, control):
    parent, profit, loss = bracket()
    desk.until_status(parent, "Submitted")
    desk.until_status(loss, "PreSubmitted")
    assert [one.orderStatus.whyHeld for one in (profit, loss)] == ["child", "child"]
    assert [one.orderStatus.parentId for one in (profit, loss)] == [parent.order.orderId] * 2

    control.call("set_price", symbol="AAPL", price=211)
    desk.settle()
    assert profit.orderStatus.status == "PreSubmitted"

    control.call("partial", parts=3, delay_s=0.15)
    control.call("set_price", symbol="AAPL", price=194)
    desk.until(lambda: parent.orderStatus.filled == 1, "part of the parent")
    assert profit.orderStatus.status == "PreSubmitted"
    desk.until_status(parent, "Filled")
    desk.until_status(profit, "Submitted")
    assert loss.orderStatus.whyHeld == "trigger"


def test_the_profit_cancels_the_loss(desk, bracket, control, booked):
    parent, profit, loss = bracket(lmtPrice=201)
    desk.until_status(profit, "Submitted")
    control.call("set_price", symbol="AAPL", price=211)
    desk.until_status(profit, "Filled")
    desk.until_status(loss, "Cancelled")

    assert parent.orderStatus.status == "Filled"
    assert (booked("profit")["avgPrice"], booked("loss")["filled"]) == ("210", "0")
    assert control.call("positions")["positions"] == []


def test_the_loss_cancels_the_profit(desk, bracket, control):
    _, profit, loss = bracket(lmtPrice=201)
    desk.until_status(profit, "Submitted")
    control.call("set_price", symbol="AAPL", price=189)
    desk.until_status(loss, "Filled")
    desk.until_status(profit, "Cancelled")


def test_a_part_of_the_profit_shrinks_the_loss(desk, bracket, control):
    _, profit, loss = bracket(lmtPrice=201)
    desk.until_status(profit, "Submitted")
    control.call("partial", parts=3, delay_s=0.3)
    control.call("set_price", symbol="AAPL", price=211)
    desk.until(lambda: loss.orderStatus.remaining == 2, "smaller loss")
    assert loss.orderStatus.status == "PreSubmitted"
    assert profit.orderStatus.filled == 1


def test_a_cancelled_parent_takes_its_children_along(desk, bracket):
    parent, profit, loss = bracket()
    desk.until_status(loss, "PreSubmitted")
    desk.cancel(parent)
    desk.until_status(profit, "Cancelled")
    desk.until_status(loss, "Cancelled")


def test_an_untransmitted_parent_is_held_and_unseen(desk, aapl, order, booked):
    held = order("BUY", 1, "MKT", transmit=False)
    desk.ib.placeOrder(aapl, held)
    desk.settle()

    assert (booked("ref")["transmitted"], booked("ref")["filled"]) == (False, "0")
    assert desk.ib.reqAllOpenOrders() == []

    held.transmit = True
    desk.ib.placeOrder(aapl, held)
    desk.until(lambda: booked("ref")["status"] == "Filled", "fill after transmission")


def test_a_child_of_an_unknown_parent_is_135(desk, aapl, order):
    desk.ib.placeOrder(aapl, order("SELL", 1, "LMT", lmtPrice=210, parentId=77777))
    desk.until_error(135)


@pytest.mark.parametrize("oca_type", [1, 2, 3])
def test_a_fill_cancels_the_rest_of_its_group(desk, aapl, order, control, oca_type):
    group = {"ocaGroup": "one-of-three", "ocaType": oca_type}
    trades = [
        desk.place(
            aapl, order("BUY", 1, "LMT", lmtPrice=price, orderRef=f"{price}", **group), "Submitted"
        )
        for price in (150, 160, 170)
    ]
    control.call("set_price", symbol="AAPL", price=169)
    desk.until_status(trades[2], "Filled")
    desk.until_status(trades[0], "Cancelled")
    desk.until_status(trades[1], "Cancelled")


@pytest.mark.parametrize(
    ("oca_type", "status", "remaining"), [(1, "Cancelled", 4), (2, "Submitted", 2)]
)
def test_a_partial_fill_cancels_or_reduces_its_group(
    desk, aapl, order, control, oca_type, status, remaining
):
    group = {"ocaGroup": "pair", "ocaType": oca_type}
    low = desk.place(
        aapl, order("BUY", 4, "LMT", lmtPrice=150, orderRef="low", **group), "Submitted"
    )
    high = desk.place(
        aapl, order("BUY", 4, "LMT", lmtPrice=170, orderRef="high", **group), "Submitted"
    )
    control.call("partial", parts=2, delay_s=0.4)
    control.call("set_price", symbol="AAPL", price=169)
    desk.until(lambda: high.orderStatus.filled == 2, "first part")
    desk.until(
        lambda: (low.orderStatus.status, low.orderStatus.remaining) == (status, remaining),
        f"{status} with {remaining}, now {low.orderStatus}",
    )


def test_groups_of_the_same_name_in_two_accounts_are_two_groups(desk, aapl, order, control):
    trades = [
        desk.place(
            aapl,
            order(
                *("BUY", 1, "LMT"),
                account=account,
                lmtPrice=price,
                ocaGroup="same",
                ocaType=1,
                orderRef=account,
            ),
            "Submitted",
        )
        for account, price in (("DU1234567", 170), ("DU1234568", 150))
    ]
    control.call("set_price", symbol="AAPL", price=169)
    desk.until_status(trades[0], "Filled")
    desk.settle()

    assert trades[1].orderStatus.status == "Submitted"


def test_ib_insyncs_own_bracket_works(desk, aapl, control, booked):
    orders = desk.ib.bracketOrder("BUY", 2, 201, 210, 190, account="DU1234567")
    for one, ref in zip(orders, ("parent", "profit", "loss"), strict=True):
        one.orderRef = ref
        desk.ib.placeOrder(aapl, one)
    desk.until(lambda: booked("parent")["status"] == "Filled", "fill")

    assert booked("profit")["parentId"] == booked("parent")["orderId"]
    assert isinstance(orders.parent, ibi.LimitOrder)
