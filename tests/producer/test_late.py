"""Alerts that fired before the last accepted one of their key: the route's policy decides."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from alertwire.configuration import AgeFrom, LatePolicy, Route
from producer.publisher import Publisher
from tests.producer.inside import TurnedClock, inside
from tests.producer.processes import Executor, Producer

ROW = "SELECT state, seq, fired_at, attempts FROM alerts WHERE void_of IS NULL ORDER BY rowid"


def at(second: int) -> str:
    return f"2026-11-20T14:29:{second:02}Z"


def test_a_late_alert_is_kept_for_a_person_and_its_answer_says_so(tmp_path: Path) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        first = world.post(id="1", time=at(20))
        late = world.post(id="2", time=at(19))
        states = [row[0] for row in world.rows(ROW)]

    assert first.body.keys() == {"alert_id", "status", "duplicate"}
    assert late.status == 200
    assert late.body == {
        "alert_id": late.body["alert_id"],
        "status": "accepted",
        "duplicate": False,
        "late": True,
    }
    assert states == ["NEW", "LATE"]


@pytest.mark.parametrize(
    ("times", "states"),
    [
        ([at(20), at(20)], ["NEW", "NEW"]),
        ([at(20), ""], ["NEW", "NEW"]),
        (["", at(20)], ["NEW", "NEW"]),
        # The last that was accepted counts, neither one without a time nor a late one.
        ([at(20), "", at(19)], ["NEW", "NEW", "LATE"]),
        ([at(20), at(10), at(15)], ["NEW", "LATE", "LATE"]),
        ([at(20), at(10), at(21)], ["NEW", "LATE", "NEW"]),
        # A clock gone wrong must not make all that follow late.
        (["2030-01-01T00:00:00Z", at(20), at(19)], ["NEW", "NEW", "LATE"]),
        (["2026-11-20T14:30:59Z", at(20)], ["NEW", "LATE"]),
    ],
)
def test_what_is_late(tmp_path: Path, times: list[str], states: list[str]) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        for number, time in enumerate(times):
            assert world.post(id=str(number), **({"time": time} if time else {})).status == 200

        assert [row[0] for row in world.rows(ROW)] == states


def test_a_late_alert_is_not_written_down_as_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        monkeypatch.setattr(Publisher, "would_send", lambda _self, _key: True)
        world.post(id="1", time=at(20))
        world.post(id="2", time=at(19))

        rows = [(state, attempts) for state, _, _, attempts in world.rows(ROW)]

    assert rows == [("INFLIGHT", 1), ("LATE", 0)]


def test_keys_are_late_each_for_itself(tmp_path: Path) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        world.post(strategy="a", time=at(20))
        world.post(strategy="b", time=at(10))
        world.post(strategy="a", symbol="MSFT", time=at(10))

        assert [row[0] for row in world.rows(ROW)] == ["NEW"] * 3


def test_a_late_exit_waits_for_a_person_too(tmp_path: Path) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        world.post(time=at(20))

        assert world.post(action="exit", quantity="", time=at(19)).body["late"]


def test_a_duplicate_of_a_late_alert_is_a_duplicate_and_none_of_an_early_one_is_late(
    tmp_path: Path,
) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        early = world.post(id="0", time=at(10))
        world.post(id="1", time=at(20))
        late = world.post(id="2", time=at(19))
        again = world.post(id="2", time=at(19))
        early_again = world.post(id="0", time=at(10))

    assert again.body == {
        "alert_id": late.body["alert_id"],
        "status": "accepted",
        "duplicate": True,
    }
    assert early_again.body["alert_id"] == early.body["alert_id"]
    assert early_again.body["duplicate"]


def test_a_route_may_accept_what_is_late_or_refuse_it(tmp_path: Path) -> None:
    with inside(tmp_path / "a", Route(late=LatePolicy.ACCEPT), TurnedClock()) as world:
        world.post(id="1", time=at(20))
        answer = world.post(id="2", time=at(19))
        rows = world.rows(ROW)
    assert (answer.status, "late" in answer.body) == (200, False)
    assert [row[0] for row in rows] == ["NEW", "NEW"]
    assert rows[0][2] - rows[1][2] == 1_000_000

    with inside(tmp_path / "r", Route(late=LatePolicy.REFUSE), TurnedClock()) as world:
        world.post(id="1", time=at(20))
        answer = world.post(id="2", time=at(19))
        rows = world.rows(ROW)
        ((code, field, raw),) = world.rows("SELECT code, field, raw_body FROM refusals")
    assert answer.status == 422
    assert (answer.body["error"]["code"], answer.body["error"]["field"]) == ("late", "time")
    assert [row[0] for row in rows] == ["NEW"]
    assert (code, field, json.loads(raw)["id"]) == ("late", "time", "2")


@pytest.mark.parametrize(
    ("age_from", "fields", "left_s"),
    [
        (AgeFrom.ARRIVAL, {"time": at(20)}, 60),
        (AgeFrom.FIRE_TIME, {"time": at(20)}, 20),
        (AgeFrom.FIRE_TIME, {"time": "2026-11-18T14:30:00Z", "max_age_s": 5}, 5 - 2 * 86_400),
        (AgeFrom.FIRE_TIME, {}, 60),
        # Ahead of our clock: no older than it looks.
        (AgeFrom.FIRE_TIME, {"time": "2026-11-20T14:30:30Z"}, 60),
    ],
)
def test_an_age_may_count_from_the_fire_time(
    tmp_path: Path, age_from: AgeFrom, fields: dict[str, object], left_s: int
) -> None:
    with inside(tmp_path, Route(age_from=age_from), TurnedClock()) as world:
        assert world.post(**fields).status == 200
        [(not_after, accepted_at)] = world.rows("SELECT not_after, accepted_at FROM alerts")

    assert not_after - accepted_at == left_s * 1_000_000


def test_of_alerts_posted_at_once_none_is_accepted_behind_a_younger_one(tmp_path: Path) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        with ThreadPoolExecutor(16) as pool:
            seconds = [n % 60 for n in range(0, 60 * 7, 7)]
            list(pool.map(lambda n: world.post(id=str(n), time=at(n)), seconds))
        rows = world.rows("SELECT state, fired_at FROM alerts WHERE void_of IS NULL ORDER BY seq")

    accepted = [fired_at for state, fired_at in rows if state == "NEW"]
    late = [fired_at for state, fired_at in rows if state == "LATE"]
    assert accepted == sorted(accepted)
    assert len(accepted) + len(late) == 60
    newest = 0
    for state, fired_at in rows:
        assert (state == "LATE") is (fired_at < newest)
        newest = max(newest, fired_at)


def test_a_late_alert_is_never_delivered_halts_nothing_and_raises_an_alarm(
    producer: Producer,
) -> None:
    with Executor(producer) as executor:
        executor.settle(producer)
        first = producer.accept(strategy="l", quantity="1", time=at(20))
        status, answer = producer.post(
            {"symbol": "AAPL", "action": "exit", "strategy": "l", "time": at(19)}
        )
        following = producer.accept(strategy="l", quantity="3", time=at(21))
        delivered = []
        for _ in range(2):
            delivery = executor.take()
            executor.decide(delivery)
            delivered.append(delivery.alert_id)
            producer.wait_for(delivery.alert_id, "DONE")
        producer.kill()
        producer.start()
        executor.settle(producer)
        last = producer.accept(strategy="l", quantity="4", time=at(22))
        assert executor.take().alert_id == last

    late = answer["alert_id"]
    assert status == 200
    assert delivered == [first, following]
    row = producer.row(late)
    assert (row["state"], row["attempts"], row["fired_at"]) == ("LATE", 0, 1_795_184_959_000_000)
    (alarm,) = producer.events("alert_late")
    assert (alarm["alert_id"], alarm["level"]) == (late, "error")
    assert alarm["remedy"] == f"alertwire replay {late}, or alertwire drop {late}"
