"""`alertwire keys rotate`: no alert is lost while TradingView still has the old token."""

import signal
from contextlib import closing
from pathlib import Path

from tests.end_to_end.installation import Installation
from tests.producer.processes import Producer, eventually

BUY = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": 1}


def test_old_and_new_token_are_both_taken_after_a_rotation(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with closing(Producer(home, ALERTWIRE_WEBHOOK_TOKEN="").start()) as producer:
        path = home / "keys" / "webhook-token"
        old = path.read_text()
        alertwire = Installation(tmp_path, ALERTWIRE_HOME=str(home), ALERTWIRE_WEBHOOK_TOKEN="")

        done = alertwire.run("keys", "rotate", "--overlap-h", "1")
        new = path.read_text()
        producer.process.send_signal(signal.SIGHUP)
        eventually(lambda: producer.events("routes_reloaded"), "the reload")

        again = alertwire.run("keys", "rotate", "--overlap-h", "1")

        assert again.returncode == 78
        assert "is accepted until" in again.stderr
        assert "webhook-token.previous" in again.stderr
        assert done.returncode == 0, done.stderr
        assert path.read_text() == new
        assert old not in done.stdout
        assert new not in done.stdout
        assert new != old
        assert producer.post(BUY, token=old)[0] == 200
        assert producer.post(BUY | {"quantity": 2}, token=new)[0] == 200
        assert producer.post(BUY, token="neither-of-the-two")[0] == 401


def test_a_token_set_by_hand_is_not_rotated_behind_its_owners_back(tmp_path: Path) -> None:
    done = Installation(tmp_path).run("keys", "rotate")

    assert done.returncode == 78
    assert "ALERTWIRE_WEBHOOK_TOKEN" in done.stderr
