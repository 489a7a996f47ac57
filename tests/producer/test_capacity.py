"""When the door stops, and in which words; nothing of it is kept, and it opens by itself again."""

from pathlib import Path

import pytest

from alertwire.settings import Settings
from producer import capacity as capacities
from producer.capacity import Capacity, journal_folder
from producer.dispatcher import Waiting
from tests.producer.inside import Inside, TurnedClock, inside
from tests.producer.processes import Executor, Producer, eventually

MIB = 1024 * 1024


class NobodyWaits:
    is_full = False
    undecided = 0

    def backlog(self, key: str) -> int:
        return 0

    def head(self, key: str) -> Waiting | None:
        return None

    def heads(self) -> list[Waiting]:
        return []


def kept(world: Inside) -> int:
    return sum(world.rows(f"SELECT count(*) FROM {t}")[0][0] for t in ("alerts", "refusals"))


def deliver(world: Inside) -> None:
    """Let the dispatcher know of what was journaled, as the publisher's thread would."""
    world.publisher._take_in()


def test_a_disk_that_is_nearly_full_stops_the_door_until_there_is_room(tmp_path: Path) -> None:
    free = [1024 * MIB - 1]
    with inside(tmp_path) as world:
        world.door._capacity = capacity = Capacity(
            Settings(home=tmp_path), world.publisher, lambda _folder: free[0]
        )
        capacity.look()
        answer = world.post()
        unreadable = world.post(action="moon")
        ready = capacity.why_not_ready(world.clock.now())
        nothing = kept(world)
        free[0] += 1
        capacity.look()
        later = world.post()

    assert answer.status == unreadable.status == 503
    assert answer.headers == (("Retry-After", "5"),)
    message = answer.body["error"]["message"]
    for word in (str(tmp_path), "1023 MiB", "1024 MiB", "ALERTWIRE_DISK_FREE_MIN_MIB"):
        assert word in message
        assert word in ready
    assert "send it again" in message
    assert nothing == 0
    assert (later.status, capacity.why_not_ready(world.clock.now())) == (200, "")


def test_the_disk_is_not_asked_on_the_way_of_an_alert(tmp_path: Path) -> None:
    asked = []

    def free(folder: Path) -> int:
        asked.append(folder)
        return 10_000 * MIB

    with inside(tmp_path) as world:
        world.door._capacity = Capacity(Settings(home=tmp_path), world.publisher, free)
        world.post()
        assert asked == []
        world.door._capacity.look()
    assert asked == [tmp_path]


def test_a_disk_that_cannot_be_asked_stops_the_door_and_a_limit_of_zero_never(
    tmp_path: Path,
) -> None:
    def fail(folder: Path) -> int:
        raise OSError(5, "Input/output error")

    for limit, is_stopped in ((1024, True), (0, False)):
        settings = Settings(home=tmp_path, disk_free_min_mib=limit)
        capacity = Capacity(settings, NobodyWaits(), fail)
        capacity.look()
        refused = capacity.objection()
        assert (refused is not None) is is_stopped
        assert refused is None or "Input/output error" in refused.message


def test_the_disk_is_that_of_the_journals_file(tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path}/other/place.db"

    assert journal_folder(Settings(home=tmp_path)) == tmp_path
    assert journal_folder(Settings(home=tmp_path, journal_url=elsewhere)) == tmp_path / "other"
    assert journal_folder(Settings(home=tmp_path, journal_url="postgresql://h/d")) == tmp_path


def test_a_key_with_too_many_waiting_is_told_to_come_again_and_the_others_are_not(
    tmp_path: Path,
) -> None:
    with inside(tmp_path, key_backlog_max=2) as world:
        first = world.post(strategy="s", id="1")
        world.post(strategy="s", id="2")
        deliver(world)
        answer = world.post(strategy="s", id="3")
        other = world.post(strategy="t", id="4")
        ready = world.capacity.why_not_ready(world.clock.now())

    assert (answer.status, other.status) == (503, 200)
    assert answer.headers == (("Retry-After", "5"),)
    for word in ("2 alerts", "s|stock AAPL USD", "ALERTWIRE_KEY_BACKLOG_MAX", "alertwire trace"):
        assert word in answer.body["error"]["message"]
        assert word in ready
    assert first.body["alert_id"] in answer.body["error"]["message"]


def test_a_key_whose_first_alert_is_too_old_names_it_and_the_remedy(tmp_path: Path) -> None:
    clock = TurnedClock()
    with inside(tmp_path, clock=clock, key_head_age_max_s=60) as world:
        first = world.post(strategy="s", id="1").body["alert_id"]
        deliver(world)
        clock.elapsed_s = 60
        assert world.post(strategy="s", id="2").status == 200
        clock.elapsed_s = 61
        answer = world.post(strategy="s", id="3")
        other = world.post(strategy="t", id="4")
        ready = world.capacity.why_not_ready(clock.now())
        head = world.publisher.head("s|stock AAPL USD")
        assert head is not None
        head.is_parked = True
        parked = world.post(strategy="s", id="3")

    assert (answer.status, other.status, parked.status) == (503, 200, 503)
    for word in ("61 s", "60", "ALERTWIRE_KEY_HEAD_AGE_MAX_S", f"alertwire trace {first}"):
        assert word in answer.body["error"]["message"]
        assert word in ready
    assert f"alertwire resolve {first}" in parked.body["error"]["message"]


def test_an_alert_of_the_journal_keeps_its_age_over_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    producer = Producer(home).start()
    try:
        first = producer.accept(strategy="s", quantity="1")
        producer.kill()
        producer.environment["ALERTWIRE_KEY_HEAD_AGE_MAX_S"] = "0.1"
        producer.start()
        status, answer = producer.post(
            {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": 2, "strategy": "s"}
        )
        ready = producer.get("/readyz")
        assert status == ready[0] == 503
        assert first in answer["error"]["message"]
        assert first in ready[1]
        with Executor(producer) as executor:
            executor.decide(executor.take())
            producer.wait_for(first, "DONE")
        eventually(lambda: producer.get("/readyz")[0] == 200, "ready again")
        producer.accept(strategy="s", quantity="2")
    finally:
        producer.close()


@pytest.mark.parametrize("what", ["INBOX_MAX", "UNDECIDED_MAX"])
def test_what_is_held_in_memory_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from producer import arrivals

    monkeypatch.setattr(arrivals if what == "INBOX_MAX" else capacities, what, 3)
    with inside(tmp_path) as world:
        statuses = []
        for number in range(6):
            statuses.append(world.post(strategy=f"s{number}").status)
            if what == "UNDECIDED_MAX":
                deliver(world)
        assert statuses == [200] * 3 + [503] * 3
        assert kept(world) == 3
        if what == "INBOX_MAX":
            deliver(world)
            assert world.post(strategy="s").status == 200
