"""SIGHUP at a real producer: a file that is wrong, emptied or half written changes nothing."""

import signal
from contextlib import closing
from pathlib import Path

import pytest

from tests.producer.processes import Producer, eventually

BUY = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": 1}
RULES = '[routes.default]\nsecret = "open-sesame"\nactions_allowed = ["buy"]\n'


def reload(producer: Producer, event: str) -> str:
    """Send SIGHUP and return why the old file was kept; empty where it was not."""
    assert producer.process is not None
    before = len(producer.events(event))
    producer.process.send_signal(signal.SIGHUP)
    eventually(lambda: len(producer.events(event)) > before, event)
    assert producer.process.poll() is None
    return str(producer.events(event)[-1].get("reason", ""))


@pytest.fixture
def guarded(tmp_path: Path) -> Producer:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "alertwire.toml").write_text(RULES)
    return Producer(tmp_path / "home")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[routes.default]\nactions_allowed = 5\n", "line 2: routes.default.actions_allowed"),
        (f"[routes.default]\nquantity = {'9' * 5000}\n", "cannot be read"),
        ("", "has lost all its [routes]"),
        ("# saved too early\n", "has lost all its [routes]"),
        ("[limits]\norders_per_day_max = 5\n", "has lost all its [routes]"),
        ("[routes]\n", "has lost all its [routes]"),
        (None, "is gone"),
    ],
    ids=["a-number", "a-huge-number", "emptied", "a-comment", "limits-only", "no-route", "gone"],
)
def test_a_file_that_is_wrong_or_lost_its_routes_opens_the_door_to_nobody(
    guarded: Producer, text: str | None, reason: str
) -> None:
    with closing(guarded.start()) as producer:
        config = producer.home / "alertwire.toml"
        if text is None:
            config.unlink()
        else:
            config.write_text(text)

        assert reason in reload(producer, "routes_kept")
        assert producer.post(BUY)[0] == 401
        assert producer.post(BUY | {"secret": "open-sesame"})[0] == 200


def test_what_a_new_file_no_longer_holds_is_told(guarded: Producer) -> None:
    config = guarded.home / "alertwire.toml"
    config.write_text(RULES + '[routes.other]\ntoken = "0123456789abcdef"\n')
    with closing(guarded.start()) as producer:
        config.write_text(RULES)
        reload(producer, "routes_reloaded")

        assert producer.events("routes_reloaded")[-1]["removed"] == ["routes.other"]
        assert producer.post(BUY, token="0123456789abcdef")[0] == 401


def test_a_file_that_comes_later_counts_and_one_that_names_no_route_may_go_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "home").mkdir()
    config = tmp_path / "home" / "alertwire.toml"
    with closing(Producer(tmp_path / "home").start()) as producer:
        for text in ("", "[limits]\norders_per_day_max = 5\n", RULES):
            config.write_text(text)
            reload(producer, "routes_reloaded")

        assert producer.post(BUY)[0] == 401
