"""The accounts of an alert: fixed at the door, each with a row, a queue and an end of its own."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zmq

from alertwire.configuration import Account, LatePolicy, Route
from alertwire.routes import Routes
from alertwire.wire import codec
from alertwire.wire.alert import Alert
from alertwire.wire.delivery import Ack, AckKind, Delivery, Mode, Outcome
from consumer.plan import Planned, plan
from producer.dispatcher import FRESH_SHARE, WINDOW_MAX
from tests.conformance.samples import delivery
from tests.producer.bench import Bench
from tests.producer.inside import Inside, inside

A, B, C = Account(id="DU1"), Account(id="DU2"), Account(id="DU3")
BOTH = Route(accounts=(A, B))
KEY = "default|stock AAPL USD"
ROWS = "SELECT account, key, seq, state, sibling_of IS NULL FROM alerts ORDER BY rowid"


def test_a_route_that_changes_while_an_alert_is_undecided_orders_in_no_account_twice(
    tmp_path: Path,
) -> None:
    with inside(tmp_path, BOTH) as world:
        world.post()
        messages = world.rows("SELECT message FROM alerts ORDER BY rowid")
    found = [codec.decode(Alert, message) for (message,) in messages]

    def planned(*accounts: Account) -> list[str]:
        routes = Routes({"default": Route(accounts=accounts)})
        made = [plan(delivery(alert), alert, routes) for alert in found]
        return [c.account for each in made if isinstance(each, Planned) for c in each.commands]

    assert planned(A, B) == planned(B, A) == planned(C, B, A) == ["DU1", "DU2"]


def test_each_account_has_a_row_and_a_queue_and_the_answer_the_first_ones_id(
    tmp_path: Path,
) -> None:
    with inside(tmp_path, BOTH) as world:
        answer = world.post(id="1")
        again = world.post(id="1")
        one = world.post(id="2", account="DU2")
        rows = world.rows(ROWS)
        ids = [row[0] for row in world.rows("SELECT alert_id FROM alerts ORDER BY rowid")]
        siblings = world.rows("SELECT sibling_of FROM alerts WHERE sibling_of IS NOT NULL")

    assert answer.body == {"alert_id": ids[0], "status": "accepted", "duplicate": False}
    assert again.body == {"alert_id": ids[0], "status": "accepted", "duplicate": True}
    assert one.body["alert_id"] == ids[2]
    assert siblings == [(ids[0],)]
    assert [tuple(row) for row in rows] == [
        ("DU1", f"{KEY}|DU1", 1, "NEW", 1),
        ("DU2", f"{KEY}|DU2", 1, "NEW", 0),
        ("DU2", f"{KEY}|DU2", 2, "NEW", 1),
    ]


def journal_of_before(world: Inside) -> None:
    """Leave an alert for both accounts undecided as a version before this one journaled it."""
    world.post(id="before")
    world.rows("DELETE FROM alerts WHERE sibling_of IS NOT NULL RETURNING 1")
    change = f"UPDATE alerts SET key = '{KEY}', account = NULL, state = 'INFLIGHT', attempts = 1"
    world.rows(f"{change} RETURNING 1")


def test_what_follows_stands_behind_an_undecided_alert_of_a_version_before(tmp_path: Path) -> None:
    with inside(tmp_path, BOTH) as world:
        journal_of_before(world)
        world.post(id="behind")
        world.rows("UPDATE alerts SET state = 'DONE' RETURNING 1")
        world.post(id="after")
        rows = [tuple(row) for row in world.rows(ROWS)][1:]

    assert rows[0] == ("DU1,DU2", KEY, 2, "DONE", 1)
    assert [row[1] for row in rows[1:]] == [f"{KEY}|DU1", f"{KEY}|DU2"]


def test_only_the_account_that_has_newer_ones_finds_an_alert_late(tmp_path: Path) -> None:
    def at(second: int) -> str:
        return (datetime.now(UTC) - timedelta(seconds=30 - second)).isoformat()

    with inside(tmp_path, BOTH) as world:
        world.post(id="1", time=at(20), account="DU2")
        answer = world.post(id="2", time=at(10), action="exit")
        rows = world.rows("SELECT account, state FROM alerts ORDER BY rowid")
        world.door.use(
            Routes(
                {
                    "default": world.door.routes.by_name["default"].model_copy(
                        update={"late": LatePolicy.REFUSE}
                    )
                }
            )
        )
        refused = world.post(id="3", time=at(15), action="exit")

    assert answer.body["late"] is True
    assert [tuple(row) for row in rows] == [("DU2", "NEW"), ("DU1", "NEW"), ("DU2", "LATE")]
    assert refused.status == 422


class Executors:
    """An executor in the test's hands: acks as the test says for each account."""

    def __init__(
        self,
        world: Inside,
        ends: dict[str, Outcome | None],
        of_mode: dict[Mode, Outcome] | None = None,
    ) -> None:
        self.ends, self.of_mode = ends, of_mode or {}
        self.modes: list[Mode] = []
        self.context: zmq.Context[Any] = zmq.Context()
        self.pull, self.push = self.context.socket(zmq.PULL), self.context.socket(zmq.PUSH)
        for socket, endpoint in (
            (self.pull, world.endpoints.alerts_endpoint),
            (self.push, world.endpoints.acks_endpoint),
        ):
            socket.linger = 0
            socket.connect(endpoint)

    def work_until(self, world: Inside, query: str, expected: list[Any]) -> None:
        deadline = datetime.now(UTC) + timedelta(seconds=60)
        while [tuple(row) for row in world.rows(query)] != expected:
            assert datetime.now(UTC) < deadline, world.rows(query)
            self.push.send(codec.encode(Ack(kind=AckKind.HEARTBEAT, executor_id="x", free_slots=9)))
            if not self.pull.poll(50):
                continue
            sent = codec.decode(Delivery, self.pull.recv())
            assert sent.alert is not None
            self.modes.append(sent.mode)
            end = self.of_mode.get(sent.mode, self.ends[sent.alert.accounts[0]])
            ack = Ack(
                kind=AckKind.RETRY if end is None else AckKind.DECIDED,
                executor_id="x",
                alert_id=sent.alert_id,
                attempt=sent.attempt,
                outcome=end,
                detail="said",
            )
            self.push.send(codec.encode(ack))


@pytest.mark.parametrize(("end", "stands"), [(Outcome.UNKNOWN, "PARKED"), (None, "INFLIGHT")])
def test_one_account_that_stays_open_holds_up_neither_the_other_nor_its_next_alerts(
    tmp_path: Path, end: Outcome | None, stands: str
) -> None:
    with inside(tmp_path, BOTH) as world:
        world.publisher.start()
        for number in range(3):
            assert world.post(id=str(number)).status == 200
        executors = Executors(world, {"DU1": end, "DU2": Outcome.ACCEPTED})

        executors.work_until(
            world,
            "SELECT account, state, outcome FROM alerts ORDER BY account, seq",
            [
                ("DU1", stands, "UNKNOWN" if end else None),
                *[("DU1", "NEW", None)] * 2,
                *[("DU2", "DONE", "ACCEPTED")] * 3,
            ],
        )
        executors.context.destroy(linger=0)


def test_a_strained_account_does_not_keep_the_others_from_trading(tmp_path: Path) -> None:
    with inside(tmp_path, BOTH, key_backlog_max=1) as world:
        world.publisher.start()
        world.post(id="1", account="DU1")
        while not world.publisher.backlog(f"{KEY}|DU1"):
            pass

        assert world.post(id="2", account="DU1").status == 503
        assert world.post(id="3").status == 200
        while not world.publisher.backlog(f"{KEY}|DU2"):
            pass
        assert world.post(id="4").status == 503


def test_a_letter_of_one_account_is_replayed_in_that_account_only(tmp_path: Path) -> None:
    with inside(tmp_path, BOTH) as world:
        world.post(id="1")
        [(name, body)] = world.rows("SELECT alert_id, raw_body FROM alerts WHERE account = 'DU2'")

        answer = world.door.take_again(body, "default", name, "DU2", lambda *_: None)
        elsewhere = json.dumps(json.loads(body) | {"account": "DU1"}).encode()
        refused = world.door.take_again(elsewhere, "default", name, "DU2", lambda *_: None)

        [account] = [
            row[0]
            for row in world.rows("SELECT account, alert_id FROM alerts")
            if row[1] == answer.body["alert_id"]
        ]
        assert account == "DU2"
        assert (refused.status, refused.body["error"]["field"]) == (422, "account")


def test_alerts_that_are_sent_again_and_again_leave_room_for_fresh_ones() -> None:
    bench = Bench()
    for number in range(2 * WINDOW_MAX):
        bench.add(f"hung{number}", f"hung{number}", attempts=3, was_sent=True)
    bench.add("fresh", "fresh")

    sent = [name for name, _ in bench.sends()]

    assert "fresh" in sent
    assert len(sent) == WINDOW_MAX - WINDOW_MAX // FRESH_SHARE + 1
