"""SIGHUP: new routes count at once where they are right, the old ones stay where they are not."""

import signal
from pathlib import Path

from tests.end_to_end.installation import TOKEN, Installation

NEW_TOKEN = "a-token-of-the-new-route"
BUY = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": 1}
ROUTES = f"""
[routes.default]
token = "{TOKEN}"
[routes.new]
token = "{NEW_TOKEN}"
accounts = [{{ id = "DU1234567", multiplier = 3 }}]
"""

LIMITED = f"""
[routes.default]
token = "{TOKEN}"
accounts = ["DU1234567"]
[limits]
order_quantity_max = 5
"""


def said(home: Path, name: str, event: str) -> bool:
    return event in (home / f"{name}.out").read_text()


def test_a_route_that_was_added_takes_alerts_and_a_broken_file_changes_nothing(
    tmp_path: Path,
) -> None:
    alertwire = Installation(tmp_path)
    try:
        alertwire.start("simulator")
        alertwire.start("gateway", "producer", "consumer")
        alertwire.wait_ready()
        # A process that is still loading its modules would die of the signal.
        alertwire.wait(lambda: said(tmp_path, "gateway", "broker_connected"), "the gateway")
        config = tmp_path / "alertwire.toml"
        assert alertwire.post(BUY, token=NEW_TOKEN)[0] == 401

        config.write_text(ROUTES)
        for name in ("producer", "consumer", "gateway"):
            alertwire.processes[name].send_signal(signal.SIGHUP)
            alertwire.wait(lambda n=name: said(tmp_path, n, "routes_reloaded"), f"{name} reloads")
        status, answer = alertwire.post(BUY, token=NEW_TOKEN)
        assert status == 200
        alertwire.wait(lambda: alertwire.listed("orders"), "the order")
        [order] = alertwire.listed("orders")
        assert order["order_ref"].startswith(answer["alert_id"])
        assert order["quantity"] == "3"

        config.write_text(ROUTES + 'colour = "red"\n')
        alertwire.processes["producer"].send_signal(signal.SIGHUP)
        alertwire.wait(lambda: said(tmp_path, "producer", "routes_kept"), "the refusal")
        assert "line 7: routes.new.colour" in (tmp_path / "producer.out").read_text()
        assert alertwire.post(BUY | {"id": "2"}, token=NEW_TOKEN)[0] == 200
        assert NEW_TOKEN not in (tmp_path / "producer.out").read_text()
    finally:
        alertwire.stop()


def test_an_emptied_file_takes_neither_limits_nor_accounts_away(tmp_path: Path) -> None:
    alertwire = Installation(tmp_path)
    config = tmp_path / "alertwire.toml"
    config.write_text(LIMITED)
    try:
        alertwire.start("simulator")
        alertwire.start("gateway", "producer", "consumer")
        alertwire.wait_ready()
        alertwire.wait(lambda: said(tmp_path, "gateway", "broker_connected"), "the gateway")

        config.write_text("")
        for name in ("producer", "consumer", "gateway"):
            alertwire.processes[name].send_signal(signal.SIGHUP)
            alertwire.wait(lambda n=name: said(tmp_path, n, "routes_kept"), f"{name} keeps")
        alert_id = alertwire.post(BUY | {"quantity": 6})[1]["alert_id"]
        alertwire.wait(lambda: alertwire.listed("alerts", "--outcome", "REJECTED"), "the refusal")

        [alert] = alertwire.listed("alerts", "--outcome", "REJECTED")
        assert alert["alert_id"] == alert_id
        assert "order_quantity_max" in alert["detail"]
        assert not alertwire.listed("orders")
    finally:
        alertwire.stop()
