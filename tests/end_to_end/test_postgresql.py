"""Journal and ledger on PostgreSQL: the same way of an alert."""

from pathlib import Path

from tests.end_to_end.installation import Installation
from tests.postgresql import postgresql


def test_alerts_are_journaled_ordered_and_traced_on_postgresql(tmp_path: Path) -> None:
    with postgresql() as url:
        installation = Installation(tmp_path, ALERTWIRE_JOURNAL_URL=url)
        try:
            # Both migrate the same empty database at the same time.
            installation.start("simulator", "gateway", "consumer", "producer")
            installation.wait_ready()
            bodies = [
                {"symbol": "AAPL", "action": "buy", "quantity": "3"},
                {"symbol": "AAPL", "action": "exit"},
                {"symbol": "MSFT", "action": "sell", "quantity": 4},
            ]
            answers = [installation.post(body)[1] for body in bodies]
            assert installation.post(bodies[2])[1]["duplicate"]

            installation.wait(
                lambda: [o["state"] for o in installation.listed("orders")] == ["FILLED"] * 3,
                "all orders are filled",
            )
            installation.kill("producer")
            installation.start("producer")
            installation.wait_ready()

            told = installation.listed("trace", answers[1]["alert_id"])[0]
            assert told["alert"]["outcome"] == "ACCEPTED"
            assert [(o["side"], o["quantity"]) for o in told["orders"]] == [("SELL", "3")]
            assert not list(tmp_path.glob("*.db"))
        finally:
            installation.stop()
