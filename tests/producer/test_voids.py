"""Entries that were never let in: the gateway is told of them, each before its close."""

import json
from pathlib import Path
from typing import Any

import pytest

from alertwire.configuration import Account, Route
from alertwire.wire import codec
from alertwire.wire.alert import Action, Alert
from alertwire.wire.delivery import Mode, Outcome
from producer.admission import Visitor
from producer.door import Answer, Request
from tests.producer.inside import Inside, TurnedClock, inside
from tests.producer.processes import TOKEN
from tests.producer.test_accounts import Executors

VOIDS = "SELECT message, key, seq, void_of FROM alerts WHERE void_of IS NOT NULL ORDER BY rowid"
KEY = "default|stock AAPL USD"


def post(world: Inside, body: bytes, token: str = TOKEN) -> Answer:
    return world.door.take(Request(token, lambda: body, Visitor("10.0.0.1")))


def told(world: Inside) -> list[tuple[Alert, str]]:
    return [(codec.decode(Alert, row[0]), row[1]) for row in world.rows(VOIDS)]


@pytest.mark.parametrize(
    ("fields", "status", "action"),
    [
        ({"quantity": None}, 422, Action.BUY),
        ({"quantity": "1,234"}, 422, Action.BUY),
        ({"quantity": "NaN"}, 422, Action.BUY),
        ({"order_type": "iceberg"}, 422, Action.BUY),
        ({"leverage": "5"}, 422, Action.BUY),
        ({"orderType": "limit"}, 422, Action.BUY),
        ({"action": "sell", "quantity": "-1"}, 422, Action.SELL),
        ({"action": "target", "quantity": "-3", "time_in_force": "x"}, 422, Action.TARGET),
        ({"quantity": "{{plot_0}}"}, 400, Action.BUY),
        ({"action": "reverse", "quantity": "x"}, 422, Action.REVERSE),
        ({"action": "add", "sentiment": "bullish"}, 422, Action.BUY),
        ({"action": "add", "market_position": "short"}, 422, Action.SELL),
        ({"quantity": "x", "sentiment": "long"}, 422, Action.BUY),
    ],
)
def test_the_gateway_is_told_of_a_refused_entry_where_its_trade_can_be_read(
    tmp_path: Path, fields: dict[str, Any], status: int, action: Action
) -> None:
    body = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1", **fields}
    with inside(tmp_path) as world:
        answer = post(world, json.dumps(body).encode())
        [(alert, key)] = told(world)
        refusals = world.rows("SELECT refusal_id FROM refusals")
        [void_of] = [row[3] for row in world.rows(VOIDS)]

    assert answer.status == status
    assert (alert.action, alert.instrument.symbol, key) == (action, "AAPL", KEY)
    assert refusals == [(void_of,)]


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "exit", "quantity": "x"},
        {"action": "buy", "position": "flat", "quantity": "x"},
        {"action": "sell", "position": "long", "leverage": "5"},
        {"action": "target", "quantity": "0", "time_in_force": "x"},
        {"action": "frobnicate"},
        {"action": "add"},
        {"action": "sell", "market_position": "flat", "quantity": "x"},
        {"action": "sell", "sentiment": "bullish", "ticker": "AAPL"},
        {"action": "target", "position": "flat", "quantity": "10", "time_in_force": "x"},
        {"symbol": "", "quantity": "x"},
        {"symbol": "{{ticker}}"},
        {"action": "{{strategy.order.action}}"},
    ],
)
def test_what_opens_nothing_or_cannot_be_read_is_kept_as_a_refusal_only(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    body = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1", **fields}
    with inside(tmp_path) as world:
        assert post(world, json.dumps(body).encode()).status in {400, 422}
        assert world.rows("SELECT count(*) FROM refusals") == [(1,)]
        assert told(world) == []


def test_a_refused_target_is_told_on_the_side_of_its_position(tmp_path: Path) -> None:
    body = {
        "symbol": "NASDAQ:AAPL",
        "action": "target",
        "quantity": "10",
        "position": "short",
        "quantity_type": "percent_of_equity",
        "time_in_force": "x",
    }
    with inside(tmp_path) as world:
        assert post(world, json.dumps(body).encode()).status == 422
        [(alert, _)] = told(world)

    assert alert.sizing is not None
    assert alert.sizing.value == -10


def test_a_stranger_and_a_dry_run_tell_the_gateway_nothing(tmp_path: Path) -> None:
    body = b'{"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "x"}'
    with inside(tmp_path) as world:
        assert post(world, body, token="a-token-of-nobody-at-all").status == 401
        dry = Request(TOKEN, lambda: body, Visitor("10.0.0.1"), is_dry_run=True)
        assert world.door.take(dry).status == 422
        assert told(world) == []


def test_a_refused_entry_is_told_in_each_of_its_accounts(tmp_path: Path) -> None:
    route = Route(
        accounts=(Account(id="DU1", multiplier=1), Account(id="DU2", multiplier=1)),
        symbols_allowed=("NYSE:*",),
    )
    with inside(tmp_path, route) as world:
        assert world.post().status == 422
        assert [(alert.accounts, key) for alert, key in told(world)] == [
            (("DU1",), f"{KEY}|DU1"),
            (("DU2",), f"{KEY}|DU2"),
        ]


@pytest.mark.parametrize("action", ["buy", "reverse"])
def test_a_late_entry_waits_for_a_person_and_the_gateway_is_told_of_it(
    tmp_path: Path, action: str
) -> None:
    with inside(tmp_path, clock=TurnedClock()) as world:
        world.post(id="1", action="exit", time="2026-11-20T14:29:20Z")
        late = world.post(id="2", action=action, time="2026-11-20T14:29:10Z")
        world.post(id="3", action="exit", time="2026-11-20T14:29:11Z")
        rows = [tuple(row[2:]) for row in world.rows(VOIDS)]

    assert rows == [(3, late.body["alert_id"])]


def test_too_many_refused_entries_of_a_key_are_kept_as_refusals_only(tmp_path: Path) -> None:
    with inside(tmp_path, key_backlog_max=2) as world:
        world.publisher.start()
        for number in range(5):
            assert world.post(quantity="x", id=str(number)).status == 422
            while world.publisher.backlog(KEY) < min(number + 1, 2):
                pass
        assert world.rows("SELECT count(*) FROM refusals") == [(5,)]
        assert len(told(world)) == 2


def test_an_account_whose_queue_is_full_hides_a_refused_entry_from_no_other(
    tmp_path: Path,
) -> None:
    route = Route(accounts=(Account(id="DU1", multiplier=1), Account(id="DU2", multiplier=1)))
    with inside(tmp_path, route, key_backlog_max=2) as world:
        world.publisher.start()
        for number in range(2):
            world.post(id=str(number), account="DU1")
        while world.publisher.backlog(f"{KEY}|DU1") < 2:
            pass
        assert world.post(quantity="x").status == 422
        assert [(alert.accounts, key) for alert, key in told(world)] == [(("DU2",), f"{KEY}|DU2")]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_it_is_delivered_as_void_before_what_came_after_it_and_never_to_be_carried_out(
    tmp_path: Path, *, is_restarted: bool
) -> None:
    route = Route(accounts=(Account(id="DU1", multiplier=1),))
    with inside(tmp_path, route) as world:
        world.post(quantity="x")
        world.post(id="close", action="sell")
        if not is_restarted:
            deliver(world)
    if is_restarted:
        with inside(tmp_path, route) as world:
            world.load()
            deliver(world)


def deliver(world: Inside) -> None:
    world.publisher.start()
    executors = Executors(world, {"DU1": Outcome.ACCEPTED}, {Mode.VOID: Outcome.VOIDED})
    executors.work_until(
        world,
        "SELECT action, outcome, detail FROM alerts ORDER BY seq",
        [
            ("buy", "VOIDED", f"{refusal_id(world)} was not let in: its close may only reduce"),
            ("sell", "ACCEPTED", "said"),
        ],
    )
    executors.context.destroy(linger=0)
    assert executors.modes[0] is Mode.VOID
    assert set(executors.modes[1:]) <= {Mode.VOID, Mode.EXECUTE}


def refusal_id(world: Inside) -> str:
    return str(world.rows("SELECT refusal_id FROM refusals")[0][0])
