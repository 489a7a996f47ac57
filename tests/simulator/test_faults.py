"""Each fault of the control port, as ib_insync lives through it."""

import contextlib
import time

import ib_insync as ibi
import pytest

from simulator.control import ControlError


def refs(control) -> list[str]:
    return [row["orderRef"] for row in control.call("book")["orders"]]


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize(("when", "placed"), [("before", []), ("after", ["ref"])])
def test_drop_ends_the_connection_around_the_acceptance(
    desk, aapl, order, control, when, placed, how
):
    control.call("drop", when=when, how=how)
    trade = desk.ib.placeOrder(aapl, order("BUY", 1, "LMT", lmtPrice=150))
    desk.until(lambda: not desk.ib.isConnected(), "the end of the connection")

    assert trade.orderStatus.status == "PendingSubmit"
    assert refs(control) == placed
    assert control.call("status")["frames"] == 1

    desk.connect()
    assert [one.order.orderRef for one in desk.ib.openTrades()] == placed
    desk.place(aapl, order("BUY", 1, "MKT", orderRef="again"), "Filled")


def test_mute_places_without_an_answer(desk, aapl, order, control):
    control.call("mute")
    trade = desk.ib.placeOrder(aapl, order("BUY", 1, "MKT"))
    desk.until(lambda: refs(control) == ["ref"], "acceptance")
    desk.settle()
    assert trade.orderStatus.status == "PendingSubmit"

    control.call("mute", on=False)
    assert [fill.execution.orderRef for fill in desk.ib.reqExecutions()] == ["ref"]


def test_a_hung_tws_takes_up_its_work_when_it_wakes(desk, aapl, order, control):
    control.call("mute", mode="hang")
    trade = desk.ib.placeOrder(aapl, order("BUY", 1, "MKT"))
    desk.until(lambda: control.call("status")["frames"] == 1, "arrival")
    assert refs(control) == []

    control.call("mute", on=False)
    desk.until_status(trade, "Filled")


def test_mute_of_one_client_leaves_the_other(desks, order, control):
    muted, heard = desks(1), desks(2)
    aapl = heard.contract(ibi.Stock("AAPL", "SMART", "USD"))
    control.call("mute", clientId=1)
    heard.place(aapl, order("BUY", 1, "MKT"), "Filled")
    trade = muted.ib.placeOrder(aapl, order("BUY", 1, "MKT", orderRef="muted"))
    muted.settle()

    assert trade.orderStatus.status == "PendingSubmit"


def test_reject_next_refuses_so_many_orders(desk, aapl, order, control):
    control.call("reject_next", code=10268, text="no", times=2)
    for ref in ("a", "b", "c"):
        desk.ib.placeOrder(aapl, order("BUY", 1, "MKT", orderRef=ref))
    desk.until(lambda: refs(control) == ["c"], "the third order")
    desk.settle(0.05)

    assert [error[1:] for error in desk.errors if error[1] == 10268] == [(10268, "no")] * 2


def test_partial_fills_come_in_parts(desk, aapl, order, control, booked):
    control.call("partial", parts=3, delay_s=0.05)
    trade = desk.place(aapl, order("BUY", 10, "MKT"), "Filled")

    assert [fill.execution.shares for fill in trade.fills] == [3, 3, 4]
    assert [fill.execution.cumQty for fill in trade.fills] == [3, 6, 10]
    times = [fill["time"] for fill in booked("ref")["fills"]]
    assert times[2] - times[0] >= 0.08


def test_a_cancel_between_parts_keeps_what_was_filled(desk, aapl, order, control, booked):
    control.call("partial", parts=2, delay_s=0.3)
    trade = desk.ib.placeOrder(aapl, order("BUY", 10, "MKT"))
    desk.until(lambda: trade.orderStatus.filled == 5, "first part")
    desk.cancel(trade)
    desk.settle(0.35)

    assert (booked("ref")["status"], booked("ref")["filled"]) == ("Cancelled", "5")


def test_fill_delay(desk, aapl, order, control, booked):
    control.call("fill_delay", delay_s=0.2)
    desk.place(aapl, order("BUY", 1, "MKT"), "Filled")
    row = booked("ref")

    assert row["fills"][0]["time"] - row["received_at"] >= 0.18


def test_late_status_comes_after_the_execution(desk, aapl, order, control, wire):
    control.call("late_status", delay_s=0.1)
    desk.place(aapl, order("BUY", 1, "MKT"), "Filled")

    assert wire.index("execution") < wire.index("status PreSubmitted")


def test_duplicate_statuses(desk, aapl, order, control, wire):
    control.call("duplicate_status", copies=2)
    desk.place(aapl, order("BUY", 1, "LMT", lmtPrice=150), "Submitted")
    desk.settle(0.05)

    assert wire.count("status Submitted") == 3


def test_the_execution_may_come_before_anything_else(desk, aapl, order, control, wire):
    control.call("execution_first")
    desk.place(aapl, order("BUY", 1, "MKT"), "Filled")

    assert wire[0] == "execution"


def test_a_silent_fill_has_no_filled_status(desk, aapl, order, control, wire, booked):
    control.call("silent_fill", times=1)
    trade = desk.ib.placeOrder(aapl, order("BUY", 1, "MKT"))
    desk.until(lambda: "commission" in wire, "commission")
    desk.settle(0.05)
    assert "status Filled" not in wire
    assert (trade.filled(), trade.orderStatus.status) == (1, "PreSubmitted")
    assert booked("ref")["status"] == "Filled"

    desk.place(aapl, order("BUY", 1, "MKT", orderRef="next"), "Filled")


def test_a_fill_after_the_cancel(desk, aapl, order, control, wire, booked):
    control.call("fill_after_cancel", delay_s=0.05)
    trade = desk.place(aapl, order("BUY", 2, "LMT", lmtPrice=150), "Submitted")
    desk.ib.cancelOrder(trade.order)
    desk.until(lambda: "execution" in wire, "late fill")

    assert wire.index("status Cancelled") < wire.index("execution")
    assert (booked("ref")["filled"], booked("ref")["avgPrice"]) == ("2", "150")
    assert control.call("positions")["positions"][0]["quantity"] == "2"


def test_a_correction_keeps_the_stem_of_the_execution_id(desk, aapl, order, control, booked):
    trade = desk.place(aapl, order("BUY", 1, "MKT"), "Filled")
    control.call("correct", orderRef="ref", price=199.5)
    desk.until(lambda: len(trade.fills) == 2, "correction")
    first, second = (fill.execution for fill in trade.fills)

    assert first.execId.rsplit(".", 1)[0] == second.execId.rsplit(".", 1)[0]
    assert (first.execId[-3:], second.execId[-3:]) == (".01", ".02")
    assert (second.price, booked("ref")["avgPrice"]) == (199.5, "199.5")


def test_a_late_commission(desk, aapl, order, control):
    control.call("commission_delay", delay_s=0.2)
    trade = desk.place(aapl, order("BUY", 1, "MKT"), "Filled")
    assert trade.fills[0].commissionReport.execId == ""
    desk.until(lambda: trade.fills[0].commissionReport.commission == 1, "commission")


def test_a_lost_link_holds_trading_until_it_is_back(desk, aapl, order, control):
    control.call("connectivity", code=1100)
    desk.until_error(1100)
    trade = desk.ib.placeOrder(aapl, order("BUY", 1, "MKT"))
    desk.settle()
    assert trade.orderStatus.status == "PreSubmitted"

    control.call("connectivity", code=1102)
    desk.until_error(1102)
    desk.until_status(trade, "Filled")


def test_data_lost_with_the_link_must_be_asked_for_again(desk, aapl, control):
    ticker = desk.ib.reqMktData(aapl)
    desk.until(lambda: ticker.bid == 199.99, "first price")
    control.call("connectivity", code=1100)
    control.call("connectivity", code=1101)
    desk.until_error(1101)
    control.call("set_price", symbol="AAPL", price=210)
    desk.settle()

    assert ticker.bid == 199.99


@pytest.mark.parametrize("code", [2103, 2104, 2105, 2106, 2107, 2108, 2110, 2158])
def test_farm_messages(desk, control, code):
    desk.errors.clear()
    control.call("farm", code=code, name="euhmds")

    assert desk.until_error(code)[0] == -1


@pytest.mark.parametrize("code", [10349, 399])
def test_a_note_on_acceptance_does_not_stop_the_order(desk, aapl, order, control, booked, code):
    control.call("note_on_accept", code=code)
    desk.ib.placeOrder(aapl, order("BUY", 1, "MKT"))
    desk.until_error(code)

    assert booked("ref")["status"] == "Filled"


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_kick(desks, control, how):
    first, second = desks(1), desks(2)
    assert control.call("kick", clientId=1, how=how)["kicked"] == 1
    first.until(lambda: not first.ib.isConnected(), "the end of the connection")

    assert second.ib.reqCurrentTime()


def test_restart_loses_what_was_not_transmitted_or_acknowledged(desk, aapl, order, control):
    kept = desk.place(aapl, order("BUY", 1, "LMT", lmtPrice=150, orderRef="kept"), "Submitted")
    desk.ib.placeOrder(aapl, order("BUY", 1, "MKT", orderRef="held", transmit=False))
    control.call("mute")
    lost = desk.ib.placeOrder(aapl, order("BUY", 1, "LMT", lmtPrice=150, orderRef="unanswered"))
    desk.until(lambda: len(refs(control)) == 3, "arrival")
    assert control.call("restart")["lost"] == 2
    control.call("clear_faults")
    desk.until(lambda: not desk.ib.isConnected(), "the end of the connection")

    desk.connect()
    assert [one.order.orderRef for one in desk.ib.openTrades()] == ["kept"]
    statuses = {row["orderRef"]: row["status"] for row in control.call("book")["orders"]}
    assert statuses == {"kept": "Submitted", "held": "Lost", "unanswered": "Lost"}
    # The ids of the lost orders are handed out again.
    told = []
    desk.ib.client.wrapper.nextValidId = told.append
    desk.ib.client.reqIds(1)
    desk.until(lambda: told, "nextValidId")
    assert told == [kept.order.orderId + 1]
    assert told[0] <= lost.order.orderId


def test_restart_may_refuse_connections_for_a_while(desk, control):
    control.call("restart", down_s=0.3)
    desk.until(lambda: not desk.ib.isConnected(), "the end of the connection")
    with pytest.raises((ConnectionError, TimeoutError)):
        desk.connect(timeout=0.2)
    time.sleep(0.35)
    desk.connect()


def test_a_taken_client_id_is_326(desks, control):
    control.call("take_client_id", clientId=5)
    told = []
    ib = ibi.IB()
    ib.errorEvent += lambda number, code, text, _: told.append(code)
    # ib_insync reports the refusal through its event only, then runs into its timeout.
    with contextlib.suppress(ConnectionError, TimeoutError):
        ib.connect("127.0.0.1", desks(1).port, 5, timeout=0.3)

    assert 326 in told
    assert not ib.isConnected()


def test_read_only_refuses_orders(desk, aapl, order, control):
    control.call("read_only")
    desk.ib.placeOrder(aapl, order("BUY", 1, "MKT"))

    assert "Read-Only" in desk.until_error(321)[2]
    assert refs(control) == []


def test_pacing_refuses_the_message_and_then_the_client(desk, aapl, order, control):
    control.call("pacing", limit=50)
    desk.ib.client.MaxRequests = 0
    for number in range(51):
        desk.ib.placeOrder(aapl, order("BUY", 1, "LMT", lmtPrice=150, orderRef=str(number)))
    desk.until_error(100)
    assert 48 <= len(refs(control)) <= 50
    assert desk.ib.isConnected()

    for _ in range(20):
        with contextlib.suppress(ConnectionError):
            desk.ib.client.reqCurrentTime()
    desk.until(lambda: not desk.ib.isConnected(), "the end of the connection")
    assert len([error for error in desk.errors if error[1] == 100]) == 3


def test_hold_lets_orders_rest(desk, aapl, order, control):
    control.call("hold", symbol="AAPL")
    trade = desk.ib.placeOrder(aapl, order("BUY", 1, "MKT"))
    desk.settle()
    assert trade.orderStatus.status == "PreSubmitted"
    msft = desk.contract(ibi.Stock("MSFT", "SMART", "USD"))
    desk.place(msft, order("BUY", 1, "MKT", orderRef="other"), "Filled")

    control.call("hold", on=False, symbol="AAPL")
    desk.until_status(trade, "Filled")


def test_sessions_refused_as_by_a_proxy_before_a_dead_gateway(desks, control):
    control.call("refuse_sessions")
    with pytest.raises((ConnectionError, TimeoutError)):
        desks(3, timeout=0.2)
    control.call("clear_faults")
    desks(4)


def test_clear_faults_and_reset(desk, aapl, order, control):
    control.call("partial", parts=2)
    control.call("read_only")
    assert set(control.call("status")["faults"]) == {"partial_parts", "is_read_only"}
    control.call("clear_faults")
    assert control.call("status")["faults"] == {}
    desk.place(aapl, order("BUY", 1, "MKT"), "Filled")
    control.call("reset")

    status = control.call("status")
    assert (status["orders"], status["frames"], status["clients"]) == (0, 0, [])
    assert control.call("positions")["positions"] == []


@pytest.mark.parametrize(
    ("verb", "arguments", "reason"),
    [
        ("explode", {}, "no verb 'explode'"),
        ("drop", {"when": "never"}, "before or after"),
        ("kick", {"how": "gently"}, "fin or rst"),
        ("set_price", {"symbol": "ZZZZ", "price": 1}, "no STK contract 'ZZZZ'"),
        ("set_price", {"symbol": "AAPL"}, "give price, bid or ask"),
        ("set_price", {"symbol": "AAPL", "price": -1}, "above zero"),
        ("set_price", {"symbol": "AAPL", "price": "NaN"}, "not a number"),
        ("set_price", {"smybol": "AAPL"}, "smybol"),
        ("connectivity", {"code": 42}, "1100, 1101 or 1102"),
        ("correct", {"orderRef": "nobody", "price": 1}, "no order"),
        ("partial", {"parts": 0}, "at least 1"),
    ],
)
def test_a_wrong_control_call_says_what_is_wrong(control, verb, arguments, reason):
    with pytest.raises(ControlError, match=reason):
        control.call(verb, **arguments)

    assert control.call("status")["faults"] == {}
