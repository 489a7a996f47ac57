"""The ledger on a real database file."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from alertwire.cli.main import app
from alertwire.journal.commit import GroupCommit
from alertwire.journal.database import open_database
from alertwire.wire.control import VOUCHED
from alertwire.wire.delivery import Outcome, Stage, Trace
from alertwire.wire.report import OrderState, Side
from gateway.entries import TRADES_OF_ONE_MAX
from gateway.events import Effects
from gateway.ledger import Ledger
from gateway.records import NEVER_REACHED, CommandRecord, Fence, FillRecord
from tests.gateway.build import ACCOUNT, NOW, command, later, order


@pytest.fixture
def path(tmp_path):
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def open_ledger(path):
    opened = []

    def make() -> Ledger:
        opened.append(Ledger(GroupCommit(open_database(path, setting="TEST"))))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.close()


def taken(**fields) -> CommandRecord:
    one = command(quantity=10, **fields)
    trace = Trace(traceparent="00-aa-bb-01").stamped(Stage.TAKEN, NOW)
    return CommandRecord(command=one, account=ACCOUNT, taken_at=NOW, trace=trace)


def kept(record: CommandRecord, **fields) -> Effects:
    command = record.command
    said = {"stream_id": command.stream_id, "action": command.action, "scope": command.scope}
    one = order(command.command_id, is_kept=False, state=OrderState.INTENT, **said | fields)
    effects = Effects()
    effects.commands[record.command.command_id] = record
    effects.orders[one.order_ref] = one
    effects.fences[record.command.stream_id, record.command.key] = Fence(record.command.seq)
    return effects


def test_what_was_saved_is_there_for_the_next_process(open_ledger):
    ledger = open_ledger()
    record = taken()
    effects = kept(record)
    ledger.save(effects)

    again = open_ledger()

    (command_,) = again.open_commands()
    assert command_ == replace(record, is_kept=True)
    (one,) = again.open_orders()
    saved = effects.orders[record.command.command_id]
    assert one == replace(saved, traceparent="", told_filled=Decimal(0))
    assert again.fence("stream", record.command.key) == Fence(record.command.seq)
    assert again.last_order_id(1) == 7
    assert again.last_order_id(2) == 0


def test_changes_are_saved(open_ledger):
    ledger = open_ledger()
    record = taken()
    effects = kept(record)
    ledger.save(effects)
    (one,) = effects.orders.values()
    record.outcome, record.detail, record.decided_at = Outcome.ACCEPTED, "done", NOW
    one.state, one.perm_id = OrderState.PARTIALLY_FILLED, 99
    one.side, one.quantity = Side.SELL, Decimal(6)
    fill = FillRecord("a.01", one.order_ref, Decimal(4), Decimal("200.5"), NOW)
    one.fills["a"] = fill
    ledger.save(Effects(commands=effects.commands, orders=effects.orders, fills={"a.01": fill}))
    fill.commission, fill.commission_currency = Decimal("1.5"), "USD"
    ledger.save(Effects(fills={"a.01": fill}))

    again = open_ledger()

    assert again.open_commands() == []
    assert again.commands_of(record.command.alert_id)[0].outcome is Outcome.ACCEPTED
    (found,) = again.orders_by_ref([one.order_ref])
    assert (found.state, found.perm_id, found.filled) == (OrderState.PARTIALLY_FILLED, 99, 4)
    assert (found.side, found.quantity) == (Side.SELL, 6)
    assert found.fills["a"].commission == Decimal("1.5")


def test_a_correction_takes_the_place_of_the_fill(open_ledger):
    ledger = open_ledger()
    record = taken()
    ledger.save(kept(record))
    ref = record.command.command_id
    ledger.save(Effects(fills={"a.01": FillRecord("a.01", ref, Decimal(4), Decimal(1), NOW)}))
    new = FillRecord("a.02", ref, Decimal(3), Decimal(1), NOW)
    ledger.save(Effects(fills={"a.02": new}, corrected=["a.01"]))

    (found,) = open_ledger().orders_by_ref([ref])

    assert [fill.execution_id for fill in found.fills.values()] == ["a.02"]


@pytest.mark.parametrize("state", [None, Outcome.UNKNOWN])
def test_an_ended_order_of_an_undecided_command_is_still_open(open_ledger, state):
    ledger = open_ledger()
    record = taken()
    record.outcome = state
    effects = kept(record)
    (one,) = effects.orders.values()
    one.state = OrderState.CANCELLED
    ledger.save(effects)

    assert len(open_ledger().open_orders()) == 1


def test_fences_are_raised(open_ledger):
    ledger = open_ledger()
    for fence in (Fence(3), Fence(7), Fence(7, is_void=True)):
        ledger.save(Effects(fences={("stream", "key"): fence}))

    assert open_ledger().fence("stream", "key") == Fence(7, is_void=True)
    assert open_ledger().fence("stream", "other") is None


def test_nothing_of_a_turn_is_kept_where_one_row_fails(open_ledger):
    ledger = open_ledger()
    record = taken()
    effects = kept(record)
    clash = kept(taken(), order_id=7)
    effects.orders.update(clash.orders)

    with pytest.raises(Exception, match="UNIQUE"):
        ledger.save(effects)

    assert open_ledger().open_commands() == []
    assert record.is_kept is False


def test_the_trace_is_json_that_others_read(open_ledger, path):
    ledger = open_ledger()
    ledger.save(kept(taken()))

    engine = open_database(path, setting="TEST")
    with engine.begin() as connection:
        (written,) = connection.execute(text("SELECT trace FROM commands")).one()
    engine.dispose()

    assert json.loads(written) == {
        "traceparent": "00-aa-bb-01",
        "stamps": [["TAKEN", "2026-11-23T15:00:00Z"]],
    }


def test_the_last_trades_come_oldest_first(open_ledger):
    effects = Effects()
    for number in range(3):
        record = taken()
        record.outcome = Outcome.REJECTED if number else None
        record.decided_at = later(-number) if number else None
        effects.commands[record.command.command_id] = record
    open_ledger().save(effects)

    decided = [record.decided_at for record in open_ledger().last_trades()]

    assert decided == [later(-2), later(-1)]


def test_a_command_is_found_by_its_id(open_ledger):
    record = taken()
    open_ledger().save(kept(record))

    assert [one.command for one in open_ledger().command(record.command.command_id)] == [
        record.command
    ]
    assert open_ledger().command("nobody") == []


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"state": OrderState.INTENT}, False),
        ({"state": OrderState.UNKNOWN}, False),
        ({"state": OrderState.UNKNOWN, "perm_id": 9}, True),
        ({"state": OrderState.WORKING}, True),
        ({"state": OrderState.FILLED}, True),
        ({"state": OrderState.REJECTED}, False),
        ({"state": OrderState.REJECTED, "perm_id": 9}, True),
        ({"state": OrderState.CANCELLED, "detail": "by hand"}, True),
        ({"state": OrderState.CANCELLED, "detail": NEVER_REACHED}, False),
        ({"state": OrderState.CANCELLED, "detail": NEVER_REACHED, "perm_id": 9}, True),
        ({"state": OrderState.WORKING, "client_id": 2}, False),
    ],
)
def test_the_highest_id_that_the_broker_acknowledged(open_ledger, fields, counts):
    ledger = open_ledger()
    assert ledger.highest_acknowledged_id(1) == 0
    effects = Effects()
    for number, more in ((3, {"state": OrderState.WORKING}), (7, fields)):
        one = order(order_id=number, is_kept=False, **more)
        effects.orders[one.order_ref] = one
    ledger.save(effects)

    assert ledger.highest_acknowledged_id(1) == (7 if counts else 3)


def test_each_step_of_an_order_is_kept_in_its_order(open_ledger, path):
    ledger = open_ledger()
    one = order(state=OrderState.INTENT)
    effects = Effects()
    effects.step(one, NOW)
    one.state = OrderState.REJECTED
    effects.report(one, later(1), None, 201, "no margin")
    ledger.save(effects)

    query = "SELECT state, code, detail, at FROM order_events ORDER BY event_id"
    with closing(sqlite3.connect(path.removeprefix("sqlite:///"))) as database:
        rows = database.execute(query)
        found = rows.fetchall()
    assert [row[:3] for row in found] == [("INTENT", 0, ""), ("REJECTED", 201, "no margin")]
    assert found[1][3] - found[0][3] == 1_000_000


@pytest.mark.parametrize(
    ("state", "outcome", "was_refused"),
    [
        (OrderState.REJECTED, Outcome.ACCEPTED, True),
        (OrderState.WORKING, Outcome.ACCEPTED, False),
        (OrderState.REJECTED, Outcome.REJECTED, False),
    ],
)
def test_a_refusal_after_the_acceptance_is_told_at_the_start(
    open_ledger, state, outcome, was_refused
):
    ledger = open_ledger()
    record = taken()
    record.outcome, record.decided_at = outcome, NOW
    effects = kept(record)
    (one,) = effects.orders.values()
    one.state = state
    ledger.save(effects)

    (trade,) = ledger.last_trades()
    assert trade.was_refused is was_refused


@pytest.mark.parametrize("contract_id", [0, 2**40])
def test_a_command_keeps_the_contract_that_it_is_about(open_ledger, contract_id):
    ledger = open_ledger()
    record = taken()
    record.contract_id = contract_id
    ledger.save(kept(record))

    (read,) = ledger.command(record.command.command_id)
    assert read.contract_id == contract_id


def test_the_fences_of_what_is_not_decided_are_told_at_the_start(open_ledger):
    ledger = open_ledger()
    record = taken()
    ledger.save(kept(record))
    place = (record.command.stream_id, record.command.key)

    assert ledger.fences_of([record]) == {place: Fence(record.command.seq)}
    assert ledger.fences_of([]) == {}


def test_a_failed_entry_of_a_quiet_strategy_is_read_behind_many_trades_of_others(open_ledger):
    ledger = open_ledger()
    effects = Effects()
    for number in range(5_100):
        one = taken(strategy="quiet" if number == 0 else "busy")
        one.outcome, one.decided_at = Outcome.REJECTED, later(number)
        effects.commands[one.command.command_id] = one
    ledger.save(effects)

    read = [(trade.command.strategy, trade.decided_at) for trade in ledger.last_trades()]

    assert read[0] == ("quiet", later(0))
    assert read[1:] == [("busy", later(5_100 - back)) for back in range(TRADES_OF_ONE_MAX, 0, -1)]


@pytest.mark.parametrize(
    ("fields", "has_failed"),
    [
        ({"state": OrderState.CANCELLED}, True),
        ({"state": OrderState.CANCELLED, "cancel_asked_at": NOW}, False),
        ({"state": OrderState.CANCELLED, "told_filled": Decimal(1)}, False),
        ({"state": OrderState.CANCELLED, "detail": NEVER_REACHED}, False),
        ({"state": OrderState.REJECTED}, True),
        ({"state": OrderState.WORKING}, False),
    ],
)
def test_a_trade_is_read_with_what_became_of_its_order(open_ledger, fields, has_failed):
    ledger = open_ledger()
    record = taken()
    effects = kept(record)
    ledger.save(effects)
    (one,) = effects.orders.values()
    for name, value in fields.items():
        setattr(one, name, value)
    record.outcome, record.decided_at = Outcome.ACCEPTED, NOW
    ledger.save(effects)

    (trade,) = ledger.last_trades()

    assert trade.was_refused is has_failed


@pytest.mark.parametrize(
    ("outcome", "detail", "is_listed"),
    [
        (Outcome.ACCEPTED, "nowhere", True),
        (Outcome.ACCEPTED, VOUCHED, False),
        (Outcome.UNKNOWN, "nowhere", True),
        (None, "nowhere", False),
    ],
)
def test_what_waits_for_a_person_is_listed_also_where_only_the_order_got_lost(
    open_ledger, path, tmp_path, monkeypatch, outcome, detail, is_listed
):
    ledger = open_ledger()
    record = taken()
    effects = kept(record)
    (one,) = effects.orders.values()
    ledger.save(effects)
    one.state, one.detail = OrderState.UNKNOWN, detail
    record.outcome, record.detail = outcome, "buy 10 AAPL"
    ledger.save(effects)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("ALERTWIRE_LEDGER_URL", path)

    done = CliRunner().invoke(app, ["resolve", "--json"])

    assert done.exit_code == 0, (done.output, done.exception)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["command_id"] for row in rows] == [record.command.command_id] * is_listed
    said = "buy 10 AAPL" if outcome is Outcome.UNKNOWN else "nowhere"
    assert all(row["detail"] == said for row in rows)
