"""Two accounts behind two gateways, and an entry that the door refused: real processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.installation import TOKEN, Installation

pytestmark = pytest.mark.timeout(600)
FIRST, SECOND = "DU1234567", "DU7654321"
BUY = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "10"}
TIMEOUT_S = 120


class Two:
    """A whole Alertwire, and beside it another gateway with a broker of its own."""

    def __init__(self, folder: Path) -> None:
        (folder / "first").mkdir()
        (folder / "second").mkdir()
        self.first = Installation(folder / "first")
        self.second = Installation(folder / "second", ALERTWIRE_SIMULATOR_ACCOUNTS=SECOND)
        endpoint = self.second.environment["ALERTWIRE_COMMANDS_ENDPOINT"]
        (self.first.home / "alertwire.toml").write_text(f"""
[gateways.second]
commands_endpoint = "{endpoint}"
[routes.default]
token = "{TOKEN}"
max_age_s = 600
accounts = ["{FIRST}", {{ id = "{SECOND}", gateway = "second" }}]
""")

    def start(self) -> None:
        self.second.start("simulator", "gateway")
        self.first.start("simulator", "gateway", "consumer", "producer")
        self.first.wait_ready()

    def post(self, number: int) -> str:
        status, answer = self.first.post({**BUY, "id": str(number)})
        assert status == 200, answer
        return str(answer["alert_id"])

    def ends(self, account: str) -> list[Any]:
        rows = self.first.listed("alerts")
        return [row["outcome"] for row in rows if row["account"] == account]

    def wait_for(self, account: str, *ends: str | None) -> None:
        self.first.wait(
            lambda: self.ends(account) == list(ends), f"{account} {ends}", timeout_s=TIMEOUT_S
        )

    def stop(self) -> None:
        self.first.stop()
        self.second.stop()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    made = Two(tmp_path)
    yield made
    made.stop()


def test_a_gateway_that_is_down_holds_up_the_orders_of_its_own_account_only(two: Two) -> None:
    two.start()
    both = two.post(1)
    two.wait_for(FIRST, "ACCEPTED")
    two.wait_for(SECOND, "ACCEPTED")

    two.second.kill("gateway")
    for number in (2, 3):
        two.post(number)
    two.wait_for(FIRST, *["ACCEPTED"] * 3)
    assert two.ends(SECOND) == [None, None, "ACCEPTED"]

    two.second.start("gateway")
    two.wait_for(SECOND, *["ACCEPTED"] * 3)
    for gateway, account in ((two.first, FIRST), (two.second, SECOND)):
        orders = gateway.listed("orders")
        assert [(order["account"], order["quantity"]) for order in orders] == [(account, "10")] * 3
    trace = two.first.run("trace", both).stdout
    assert f"in {FIRST}" in trace
    assert f"in {SECOND}" in trace


def test_the_close_of_an_entry_that_the_door_refused_opens_nothing(tmp_path: Path) -> None:
    alertwire = Installation(tmp_path)
    try:
        alertwire.start("simulator", "gateway", "consumer", "producer")
        alertwire.wait_ready()
        refused, _ = alertwire.post({**BUY, "time_in_force": "forever"})
        status, answer = alertwire.post({**BUY, "action": "sell"})
        alertwire.wait(
            lambda: alertwire.listed("alerts")[0]["outcome"], "the close's end", TIMEOUT_S
        )

        [close] = alertwire.listed("alerts")
        assert (refused, status) == (422, 200)
        assert close["alert_id"] == answer["alert_id"]
        assert "nothing to close" in close["detail"]
        assert alertwire.listed("orders") == []
        [letter] = alertwire.listed("alerts", "--dead")
        assert letter["outcome"] == "REFUSED"
        assert alertwire.run("journal", "verify").returncode == 0
    finally:
        alertwire.stop()
