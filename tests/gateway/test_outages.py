"""The gateway as a process where something is down, gone or in the way."""

import contextlib
import json
import sqlite3
import time
from decimal import Decimal

import pytest

from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.gateway.build import MARKET, command, limit, on
from tests.gateway.processes import GatewayProcess, until

D = Decimal


def test_a_kicked_connection_comes_back(gateway, executor, control, priced):
    control.call("kick")

    one = on(priced("DIS"), quantity=1)
    assert executor.insist(one).outcome is Outcome.ACCEPTED
    assert len(control.call("book", orderRef=one.command_id)["orders"]) == 1


def test_nothing_is_ordered_while_tws_has_lost_ib(executor, control, priced):
    one = on(priced("NKE"), quantity=1)
    control.call("connectivity", code=1100)
    until(lambda: "1100" in executor.ask(one).detail, "the reason")
    assert control.call("book", orderRef=one.command_id)["orders"] == []

    control.call("connectivity", code=1102)

    assert executor.insist(one).outcome is Outcome.ACCEPTED


def test_a_second_gateway_on_the_same_folder_says_so(gateway):
    second = GatewayProcess(gateway.home, gateway.ib_port).start()

    assert second.process.wait(timeout=20) == 78
    assert "another gateway runs on" in gateway.log


def test_paper_mode_refuses_a_live_account_before_anything_is_ordered(own_simulator, run):
    live = own_simulator("DU1234567,U7654321")
    gateway = run(live.port)

    assert gateway.process.wait(timeout=20) == 78
    assert "ALERTWIRE_TRADING_MODE is paper" in gateway.log
    assert "U7654321" in gateway.log
    with SimulatorControl("127.0.0.1", live.control_port) as control:
        assert control.call("book")["orders"] == []


@pytest.mark.parametrize(
    ("accounts", "words"),
    [("DU1234567", "which is a paper account"), ("U7654321", "[accounts.U7654321] live = true")],
)
def test_live_mode_needs_a_real_account_that_is_named(own_simulator, run, accounts, words):
    live = own_simulator(accounts)
    gateway = run(live.port, settings={"ALERTWIRE_TRADING_MODE": "live"})

    assert gateway.process.wait(timeout=20) == 78
    assert words in gateway.log


def test_live_mode_trades_only_the_accounts_that_are_named(own_simulator, run, connect, tmp_path):
    live = own_simulator("U7654321,U7654322")
    config = tmp_path / "alertwire.toml"
    config.write_text("[accounts.U7654321]\nlive = true\n")
    settings = {"ALERTWIRE_TRADING_MODE": "live", "ALERTWIRE_CONFIG": str(config)}
    executor = connect(gateway := run(live.port, settings=settings).ready())

    named, other = (
        executor.insist(command(quantity=1, account=account, key=account))
        for account in ("U7654321", "U7654322")
    )

    assert named.outcome is Outcome.ACCEPTED
    assert other.outcome is Outcome.REJECTED
    assert "[accounts.U7654322] live = true" in other.detail
    (line,) = [line for line in gateway.log.splitlines() if "live_trading" in line]
    assert (json.loads(line)["level"], json.loads(line)["accounts"]) == ("critical", ["U7654321"])


def test_a_broker_that_starts_later_is_found(own_simulator, run, closed_port, connect):
    gateway = run(closed_port)
    executor = connect(gateway)
    one = command(quantity=2)
    reply = executor.ask(one)
    assert reply.decided is False
    until(lambda: "nothing listens on" in executor.ask(one).detail, "the reason")

    own_simulator(port=closed_port)

    assert executor.insist(one).outcome is Outcome.ACCEPTED


def test_a_killed_gateway_finds_its_order_again(own_simulator, run, connect):
    simulator = own_simulator()
    gateway = run(simulator.port).ready()
    executor = connect(gateway)
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        # The order arrives, and no word of it comes back.
        executor.ask(command(quantity=1, key="warm"))
        control.call("mute", mode="silent")
        one = command(quantity=5, entry=limit(1))
        executor.send(one)
        until(lambda: len(control.call("book")["orders"]) == 2, "the order at the broker")
        gateway.kill()
        control.call("mute", on=False)
        gateway.start()

        reply = executor.insist(one)

        assert reply.outcome is Outcome.ACCEPTED
        assert len(control.call("book", orderRef=one.command_id)["orders"]) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_order_cut_off_on_its_way_is_ordered_once(own_simulator, run, connect, when):
    simulator = own_simulator()
    gateway = run(simulator.port).ready()
    executor = connect(gateway)
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        executor.ask(command(quantity=1, key="warm"))
        control.call("drop", when=when)
        one = command(quantity=5)

        reply = executor.insist(one)

        assert reply.outcome is Outcome.ACCEPTED
        (row,) = control.call("book", orderRef=one.command_id)["orders"]
        assert row["orderId"] == 2
        assert ("order_placed_again" in gateway.log) is (when == "before")


def test_a_client_id_in_use_names_the_setting(own_simulator, run):
    simulator = own_simulator()
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        control.call("take_client_id", clientId=1)
        gateway = run(simulator.port)
        until(lambda: "ALERTWIRE_IB_CLIENT_ID" in gateway.status().reason, "the reason")

        control.call("take_client_id", clientId=1, on=False)
        gateway.ready()


def test_a_server_that_hangs_up_at_once_is_tried_again(own_simulator, run):
    simulator = own_simulator()
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        control.call("refuse_sessions")
        gateway = run(simulator.port)
        until(lambda: "closed the connection" in gateway.status().reason, "the reason")

        control.call("refuse_sessions", on=False)
        gateway.ready()


def test_it_stops_when_told(own_simulator, run):
    gateway = run(own_simulator().port).ready()

    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < 5
    assert "process_stopped" in gateway.log


def test_orders_keep_the_pace(own_simulator, run, connect):
    simulator = own_simulator()
    gateway = run(simulator.port, settings={"ALERTWIRE_IB_MESSAGES_PER_S": "20"}).ready()
    executor = connect(gateway)
    executor.ask(command(quantity=1, key="warm"))
    began = time.monotonic()
    for number in range(20):
        executor.send(command(quantity=1, key=str(number), entry=MARKET))

    assert {executor.reply().outcome for _ in range(20)} == {Outcome.ACCEPTED}
    assert 0.8 < time.monotonic() - began < 5


def test_a_ledger_that_cannot_be_written_orders_nothing_until_it_can(own_simulator, run, connect):
    simulator = own_simulator()
    gateway = run(simulator.port).ready()
    executor = connect(gateway)
    executor.ask(command(quantity=1, key="warm"))
    one = command(quantity=5)
    with (
        SimulatorControl("127.0.0.1", simulator.control_port) as control,
        contextlib.closing(
            sqlite3.connect(gateway.home / "ledger.db", isolation_level=None)
        ) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        executor.send(one)
        until(lambda: "ledger_unavailable" in gateway.log, "the alarm")
        until(lambda: "ledger cannot be written" in gateway.status().reason, "the reason")
        assert control.call("book", orderRef=one.command_id)["orders"] == []
        other.execute("ROLLBACK")
        gateway.ready()

        assert executor.insist(one).outcome is Outcome.ACCEPTED
        assert len(control.call("book", orderRef=one.command_id)["orders"]) == 1
