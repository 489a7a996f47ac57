"""How many requests a route takes: the bucket alone, and the door in front of it."""

from pathlib import Path

import pytest

from alertwire.configuration import Route
from producer.app import make_app
from producer.rates import Rate
from tests.producer.inside import TurnedClock, inside
from tests.producer.processes import TOKEN


def test_as_many_as_a_minute_holds_may_come_at_once_and_then_one_by_one() -> None:
    rate = Rate(60)

    assert [rate.take(5.0) for _ in range(60)] == [0] * 60
    assert rate.take(5.0) == 1
    assert rate.take(5.99) == 1
    assert rate.take(6.0) == 0
    assert rate.take(6.0) == 1


def test_a_pause_fills_it_again_and_no_further() -> None:
    rate = Rate(3)
    for _ in range(3):
        rate.take(0.0)

    assert [rate.take(10_000.0) for _ in range(4)] == [0, 0, 0, 20]


@pytest.mark.parametrize(("per_minute", "wait_s"), [(1, 60), (2, 30), (7, 9), (6000, 1)])
def test_the_wait_is_told_in_whole_seconds_after_which_there_is_one(
    per_minute: int, wait_s: int
) -> None:
    rate = Rate(per_minute)
    for _ in range(per_minute):
        rate.take(0.0)

    assert rate.take(0.0) == wait_s
    assert rate.take(float(wait_s)) == 0


def test_a_clock_read_by_another_thread_before_gives_nothing_away() -> None:
    rate = Rate(1)
    rate.take(100.0)

    assert rate.take(40.0) == 60
    assert rate.take(100.0) == 60


def test_what_is_over_the_routes_rate_is_429_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    clock = TurnedClock()
    with inside(tmp_path, Route(alerts_per_minute_max=3), clock) as world:
        assert [world.post(id=str(n)).status for n in range(3)] == [200] * 3
        answer = world.post(id="4")
        clock.elapsed_s = 20
        later = world.post(id="4")
        kept = world.rows("SELECT count(*) FROM alerts")[0][0]
        refused = world.rows("SELECT count(*) FROM refusals")[0][0]

    assert answer.status == 429
    assert answer.headers == (("Retry-After", "20"),)
    assert answer.body["error"]["code"] == "rate"
    assert "alerts_per_minute_max" in answer.body["error"]["message"]
    assert later.status == 200
    assert (kept, refused) == (4, 0)


def test_a_wrong_token_does_not_use_up_what_a_route_takes(tmp_path: Path) -> None:
    with inside(tmp_path, Route(alerts_per_minute_max=1), TurnedClock()) as world:
        assert [world.post(token="wrong" * 5).status for _ in range(5)] == [401] * 5
        assert world.post().status == 200


@pytest.mark.parametrize("has_lane", [True, False])
def test_the_wait_is_a_header_on_either_way_into_the_webhook(
    tmp_path: Path, has_lane: bool
) -> None:
    with inside(tmp_path, Route(alerts_per_minute_max=1), TurnedClock()) as world:
        client = make_app(world.door, None, lambda: "", has_lane=has_lane).test_client()
        answers = [client.post(f"/webhook/{TOKEN}", data=b"{}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [422, 429]
    assert answers[1].headers["Retry-After"] == "60"
    assert answers[1].get_json()["error"].keys() == {"code", "message", "field"}
