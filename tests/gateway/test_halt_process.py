"""A halt as a person knows it: the verb, real processes, load, kill -9 right after its answer."""

import json
import signal
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from alertwire.journal.database import read_database
from alertwire.journal.tables import commands, orders
from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.gateway.build import command, stock
from tests.gateway.processes import GatewayProcess, until
from tests.gateway.test_connection_life import alertwire
from tests.simulator.processes import StartedSimulator, started_simulator

LOAD = 600
"""More than goes out at 40 a second until the halt is in force, on a slow machine too."""
SYMBOLS = ("AAPL", "MSFT", "NVDA", "TSLA")


@pytest.fixture
def broker() -> Iterator[StartedSimulator]:
    with started_simulator("--tick-interval", "0", "--accounts", "DU1234567") as started:
        yield started


@pytest.fixture
def booked(broker):
    with SimulatorControl("127.0.0.1", broker.control_port) as control:
        yield lambda: {row["orderRef"] for row in control.call("book")["orders"]}


def read(gateway: GatewayProcess, query) -> list:
    engine = read_database(f"sqlite:///{gateway.home}/ledger.db")
    with engine.connect() as connection:
        rows = list(connection.execute(query))
    engine.dispose()
    return rows


def entries(count: int) -> list:
    return [
        command(Action.BUY, 1, instrument=stock(SYMBOLS[n % len(SYMBOLS)]), key=f"load-{n}")
        for n in range(count)
    ]


@pytest.mark.parametrize("dies", [False, True])
def test_nothing_new_arrives_after_halt_returned(broker, booked, run, connect, dies):
    gateway = run(broker.port, settings={"ALERTWIRE_IB_MESSAGES_PER_S": "40"}).ready()
    load = entries(LOAD)
    executor = connect(gateway)
    for each in load:
        executor.send(each)
    until(lambda: len(booked()) > 5, "a load under way")

    code, said = alertwire(gateway, "halt")

    if dies:
        gateway.kill()
    assert (code, "halted since" in said) == (0, True), said
    if dies:
        gateway.start().ready()
    for each in load:
        # Whatever was asked before is answered the same; the rest is refused.
        executor.send(each)
    (since,) = {halt.since for halt in gateway.status().halts}
    until(
        lambda: len(read(gateway, select(commands).where(commands.c.state != "INTENT"))) == LOAD,
        f"a decision of each: {gateway.log}",
    )
    rows = read(gateway, select(orders.c.order_ref, orders.c.created_at))
    written = {row.order_ref for row in rows if row.created_at <= since}
    arrived = booked()
    assert arrived <= written, "an order reached the broker after the halt"
    refused = read(gateway, select(commands.c.detail).where(commands.c.state == "REJECTED"))
    assert len(refused) >= LOAD - len(written) > 0
    assert all("halted since" in row.detail for row in refused)
    assert len(arrived) < LOAD


def test_an_exit_passes_and_resume_lets_the_next_entry_through(broker, booked, run, connect):
    gateway = run(broker.port).ready()
    executor = connect(gateway)
    assert executor.insist(command(Action.BUY, 5)).outcome is Outcome.ACCEPTED
    until(lambda: gateway.status().positions, "the position")
    assert alertwire(gateway, "halt", "--strategy", "s")[0] == 0

    assert executor.insist(command(Action.BUY, 5)).outcome is Outcome.REJECTED
    assert executor.insist(command(Action.EXIT)).outcome is Outcome.ACCEPTED

    assert "still" not in alertwire(gateway, "resume", "--strategy", "s")[1]
    assert executor.insist(command(Action.BUY, 5)).outcome is Outcome.ACCEPTED
    assert alertwire(gateway, "resume")[0] == 1
    assert len(booked()) == 3


def test_a_gateway_that_does_not_run_starts_halted(broker, booked, run, connect):
    gateway = run(broker.port).ready()
    gateway.stop()

    code, said = alertwire(gateway, "halt", "--block-exits")

    assert (code, "its next start is halted" in said) == (0, True), said
    gateway.start().ready()
    reply = connect(gateway).insist(command(Action.BUY, 5))
    assert "exits too" in reply.detail
    doctor = alertwire(gateway, "doctor", "--json")[1].splitlines()
    (found,) = [line for line in map(json.loads, doctor) if line["subject"] == "halt"]
    assert "alertwire resume" in found["found"]
    gateway.stop()
    assert "no halt of all orders" in alertwire(gateway, "resume")[1]
    gateway.start().ready()
    assert gateway.status().halts == ()
    assert not booked()


def test_a_gateway_that_hangs_is_not_called_halted(broker, run):
    gateway = run(broker.port).ready()
    gateway.process.send_signal(signal.SIGSTOP)
    try:
        code, said = alertwire(gateway, "halt")
    finally:
        gateway.process.send_signal(signal.SIGCONT)

    assert code != 0
    assert "NOT SURE" in said


def test_flatten_closes_and_halt_keeps_it_closed(broker, booked, run, connect):
    gateway = run(broker.port).ready()
    executor = connect(gateway)
    for symbol in ("AAPL", "MSFT"):
        one = command(Action.BUY, 5, instrument=stock(symbol), key=symbol)
        assert executor.insist(one).outcome is Outcome.ACCEPTED
    until(lambda: len(gateway.status().positions) == 2, "the positions")

    code, said = alertwire(gateway, "flatten", "--symbol", "AAPL")
    assert (code, "ACCEPTED: sell 5 AAPL" in said) == (0, True), said
    until(lambda: len(gateway.status().positions) == 1, "a position closed")
    request = said.split()[1]
    assert alertwire(gateway, "flatten", "--symbol", "AAPL", "--request", request)[0] == 0
    assert len(booked()) == 3

    code, said = alertwire(gateway, "halt", "--flatten")
    assert (code, "ACCEPTED: sell 5 MSFT" in said) == (0, True), said
    until(lambda: not gateway.status().positions, "all closed")
    assert executor.insist(command(Action.BUY, 5)).outcome is Outcome.REJECTED
    assert len(booked()) == 4
