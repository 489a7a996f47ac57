"""Twenty mixed alerts against a TWS that shares no code with ours: right orders, each once."""

from pathlib import Path

import pytest

from tests.end_to_end.installation import Installation
from tests.end_to_end.spartan_tws import SpartanTws

AAPL = "NASDAQ:AAPL"
ES = "CME_MINI:ESZ2030"
EUR = "FX:EURUSD"

# Alert → what TWS must receive: symbol, type, side, quantity, order type, prices; None: nothing.
MIXED = [
    ({"symbol": AAPL, "action": "buy", "quantity": "10"}, ("AAPL", "STK", "BUY", 10, "MKT")),
    ({"symbol": "MSFT", "action": "SELL", "quantity": 3}, ("MSFT", "STK", "SELL", 3, "MKT")),
    ({"symbol": AAPL, "action": "exit", "quantity": "4"}, ("AAPL", "STK", "SELL", 4, "MKT")),
    ({"symbol": ES, "action": "buy", "quantity": 2}, ("ES", "FUT", "BUY", 2, "MKT")),
    ({"symbol": EUR, "action": "sell", "quantity": 25000}, ("EUR", "CASH", "SELL", 25000, "MKT")),
    ({"symbol": ES, "action": "reverse"}, ("ES", "FUT", "SELL", 4, "MKT")),
    (
        {
            "symbol": "NYSE:IBM",
            "action": "buy",
            "quantity": 5,
            "order_type": "limit",
            "limit_price": "140.25",
        },
        ("IBM", "STK", "BUY", 5, "LMT", "140.25"),
    ),
    (
        {
            "symbol": EUR,
            "action": "buy",
            "quantity": "30000",
            "order_type": "limit",
            "limit_price": 1.08505,
            "time_in_force": "gtc",
        },
        ("EUR", "CASH", "BUY", 30000, "LMT", "1.08505"),
    ),
    (
        {
            "symbol": "NVDA",
            "action": "buy",
            "quantity": 7,
            "order_type": "stop",
            "stop_price": "190.5",
        },
        ("NVDA", "STK", "BUY", 7, "STP", None, "190.5"),
    ),
    ({"symbol": AAPL, "action": "exit"}, ("AAPL", "STK", "SELL", 6, "MKT")),
    ({"symbol": AAPL, "action": "exit", "comment": "flat by now"}, None),
    ({"symbol": "TSLA", "action": "target", "quantity": "12"}, ("TSLA", "STK", "BUY", 12, "MKT")),
    ({"symbol": "TSLA", "action": "target", "quantity": "-3"}, ("TSLA", "STK", "SELL", 15, "MKT")),
    ({"symbol": "TSLA", "action": "target", "quantity": -3, "id": "again"}, None),
    (
        {"symbol": "TSLA", "action": "target", "position": "flat", "position_size": "0"},
        ("TSLA", "STK", "BUY", 3, "MKT"),
    ),
    ({"symbol": "NYSE:BRK.B", "action": "buy", "quantity": 1}, ("BRK B", "STK", "BUY", 1, "MKT")),
    (
        {"symbol": "COINBASE:BTCUSD", "action": "buy", "quantity": "0.25"},
        # A quarter at the ask of 100.5, in whole cents.
        ("BTC", "CRYPTO", "BUY", 25.12, "MKT"),
    ),
    ({"symbol": ES, "action": "reverse", "quantity": 1}, ("ES", "FUT", "BUY", 3, "MKT")),
    (
        {
            "symbol": "QQQ",
            "action": "sell",
            "quantity": 9,
            "order_type": "stop_limit",
            "limit_price": 500,
            "stop_price": "501.5",
        },
        ("QQQ", "STK", "SELL", 9, "STP LMT", "500", "501.5"),
    ),
    ({"symbol": EUR, "action": "target", "quantity": 0}, ("EUR", "CASH", "BUY", 25000, "MKT")),
]


@pytest.mark.parametrize("is_taciturn", [False, True], ids=["with executions", "statuses only"])
def test_twenty_mixed_alerts_become_exactly_their_orders(tmp_path: Path, is_taciturn) -> None:
    tws = SpartanTws(is_taciturn=is_taciturn)
    installation = Installation(tmp_path, tws.port, ALERTWIRE_IB_MESSAGES_PER_S="0")
    try:
        installation.start("gateway", "consumer", "producer")
        installation.wait_ready()
        answers = [installation.post({"strategy": "mixed", **body}) for body, _ in MIXED]
        assert [status for status, _ in answers] == [200] * 20, answers
        assert not any(answer["duplicate"] for _, answer in answers)

        def are_decided() -> bool:
            return all(row["state"] == "DONE" for row in installation.listed("alerts"))

        installation.wait(are_decided, "all alerts are decided")
        alerts = {row["alert_id"]: row for row in installation.listed("alerts")}
        by_alert = {order.order_ref[:26]: order for order in tws.placed}
        for (body, expected), (_, answer) in zip(MIXED, answers, strict=True):
            order = by_alert.get(answer["alert_id"])
            said = (body, alerts[answer["alert_id"]], order)
            if expected is None:
                assert order is None, said
                continue
            assert order is not None, said
            symbol, kind, action, quantity, order_type, *prices = expected
            assert (order.symbol, order.security_type, order.action) == (symbol, kind, action), said
            sent = order.fields["cashQty"] or order.quantity
            assert (float(sent), order.order_type) == (quantity, order_type), said
            limit, stop = (*prices, None, None)[:2]
            assert limit is None or float(order.limit_price) == float(limit), said
            assert stop is None or float(order.stop_price) == float(stop), said
        assert len(tws.placed) == sum(1 for _, expected in MIXED if expected)
        assert len({order.order_ref for order in tws.placed}) == len(tws.placed)
        assert {order.account for order in tws.placed} == {"DU1234567"}
    finally:
        installation.stop()
        tws.close()


def test_a_live_account_is_never_traded_in_paper_mode(tmp_path: Path) -> None:
    tws = SpartanTws(accounts="DU1234567,U7654321")
    installation = Installation(tmp_path, tws.port)
    try:
        installation.start("consumer", "producer")
        installation.wait_ready()
        installation.post({"symbol": AAPL, "action": "buy", "quantity": 1})

        installation.start("gateway")
        assert installation.processes["gateway"].wait(30) == 78

        said = (tmp_path / "gateway.out").read_text().splitlines()[-1]
        assert "U7654321" in said
        assert "ALERTWIRE_TRADING_MODE" in said
        assert tws.placed == []
    finally:
        installation.stop()
        tws.close()
