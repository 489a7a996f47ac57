"""Every cell of docs/orders.md, carried out by a gateway and received by the simulator."""

from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, SecurityType, TimeInForce
from alertwire.wire.codec import decode
from alertwire.wire.command import CommandReply
from alertwire.wire.delivery import Outcome
from tests.gateway.build import MARKET, command, limit
from tests.gateway.matrix import PAGE, TILL, Cell, tables, written
from tests.gateway.processes import Executor, until

ENTRIES, EXITS = "DU1234567", "DU1234568"
MARKETABLE = {SecurityType.CRYPTO: limit(190_000)}
"""Entries that fill at once in just so many units, where the market sells for cash."""
ROWS = [(name, row) for name, rows in tables().items() for row in rows]
CELLS = [(f"{row.id} {head}", cell) for _, row in ROWS for head, cell in row.cells.items()]
NUMBERS = {
    "cashQuantity",
    "limitPrice",
    "auxPrice",
    "trailStopPrice",
    "limitPriceOffset",
    "trailingPercent",
}


def wanted(name: str, cell: Cell):
    """The command of a cell, of a strategy of its own, so that none waits for another."""
    one = command(
        cell.action,
        cell.quantity,
        key=name,
        strategy=name,
        account=EXITS if cell.action is Action.EXIT else ENTRIES,
        instrument=cell.instrument,
        entry=cell.entry,
        time_in_force=cell.time_in_force,
    )
    return replace(one, good_till=TILL) if cell.time_in_force is TimeInForce.GTD else one


def asked(executor, commands):
    """Have all commands decided; return the replies by command."""
    replies: dict[str, CommandReply] = {}
    waiting = {one.command_id: one for one in commands}

    def all_decided() -> bool:
        for one in waiting.values():
            executor.send(one)
        while executor.socket.poll(500):
            reply = decode(CommandReply, executor.socket.recv())
            if reply.decided:
                replies[reply.command_id] = reply
                waiting.pop(reply.command_id, None)
        return not waiting

    until(all_decided, "all decisions", 120.0)
    return replies


@pytest.fixture(scope="module")
def received(simulator, gateway, control):
    """Carry out all cells once; return reply and what the simulator has by cell."""
    executor = Executor(gateway)
    try:
        held = {cell.instrument: cell for _, cell in CELLS if cell.action is Action.EXIT}
        positions = [
            command(
                Action.BUY,
                cell.quantity * 15,
                key=f"held {n}",
                account=EXITS,
                instrument=one,
                entry=MARKETABLE.get(one.security_type, MARKET),
            )
            for n, (one, cell) in enumerate(held.items())
        ]
        for reply in asked(executor, positions).values():
            assert reply.outcome is Outcome.ACCEPTED, reply.detail
        until(
            lambda: all(row["status"] == "Filled" for row in control.call("book")["orders"]),
            "the positions to be closed",
        )
        commands = {name: wanted(name, cell) for name, cell in CELLS}
        replies = asked(executor, commands.values())
        book = {row["orderRef"]: row for row in control.call("book")["orders"]}
    finally:
        executor.close()
    return {
        name: (replies[one.command_id], book.get(one.command_id)) for name, one in commands.items()
    }


@pytest.mark.parametrize(("name", "cell"), CELLS, ids=[name for name, _ in CELLS])
def test_each_cell_arrives_at_tws_as_the_page_says(received, name, cell):
    reply, row = received[name]

    if not cell.wants:
        assert (reply.outcome, row) == (Outcome.REJECTED, None), reply.detail
        assert "use " in reply.detail or "not taken" in reply.detail
        return
    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert row is not None, reply.detail
    assert Decimal(row["quantity"]) == (0 if "cashQuantity" in cell.wants else cell.quantity)
    assert row["symbol"] == cell.instrument.symbol
    assert {
        field: f"{Decimal(row[field]).normalize():f}" if field in NUMBERS else row[field]
        for field in cell.wants
    } == cell.wants
    unset = NUMBERS - set(cell.wants)
    assert {field for field in unset if row[field]} == set()


def test_ids_are_each_used_once():
    ids = [row.id for _, row in ROWS]

    assert len(ids) == len(set(ids))


def test_the_page_holds_the_tables_as_they_are():
    assert PAGE.read_text() == written(PAGE.read_text()), "run python -m tests.gateway.matrix"
