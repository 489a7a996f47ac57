"""The gateway as a process before a broker that is down, deaf, busy, read-only or forgetful."""

import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, StopLoss, TakeProfit
from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.gateway.build import command, limit, void
from tests.gateway.processes import GatewayProcess, until


@pytest.fixture
def broker(own_simulator):
    return own_simulator()


@pytest.fixture
def control(broker):
    with SimulatorControl("127.0.0.1", broker.control_port) as control:
        yield control


@pytest.fixture
def gateway(broker, run):
    return run(broker.port).ready()


@pytest.fixture
def executor(gateway, connect):
    executor = connect(gateway)
    executor.ask(command(quantity=1, key="warm", entry=limit(1)))
    return executor


def alertwire(gateway: GatewayProcess, *words: str) -> tuple[int, str]:
    """Run a verb of the command line; return its exit code and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-c", "from alertwire.cli.main import main; main()", *words],
        cwd=gateway.home,
        env=gateway.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def reason(gateway: GatewayProcess) -> str:
    return gateway.status().reason


def booked(control, one) -> list[tuple[int, str]]:
    rows = control.call("book", orderRef=one.command_id)["orders"]
    return [(row["orderId"], row["action"]) for row in rows]


# What the broker never saw


@pytest.mark.parametrize("restarts", [False, True])
def test_an_order_cut_off_before_it_arrived_is_placed_once_with_its_id(
    gateway, executor, control, restarts
):
    one = command(quantity=5)
    control.call("drop", when="before")
    control.call("refuse_sessions")
    executor.send(one)
    until(lambda: not gateway.status().ready, "a lost connection")
    if restarts:
        gateway.kill()
        gateway.start()
    control.call("refuse_sessions", on=False)

    reply = executor.insist(one)

    assert reply.outcome is Outcome.ACCEPTED
    assert booked(control, one) == [(2, "BUY")]
    assert "order_placed_again" in gateway.log


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("end", [Outcome.EXPIRED, Outcome.VOIDED])
def test_too_old_or_voided_it_is_never_placed(gateway, executor, control, end, restarts):
    not_after = datetime.now(UTC) + timedelta(seconds=1.5)
    one = command(quantity=5, not_after=not_after if end is Outcome.EXPIRED else None)
    control.call("drop", when="before")
    control.call("refuse_sessions")
    executor.send(one)
    until(lambda: not gateway.status().ready, "a lost connection")
    if end is Outcome.VOIDED:
        executor.send(void(one))
        gateway.status()
    if restarts:
        gateway.kill()
        gateway.start()
    until(lambda: datetime.now(UTC) > not_after, "its end")
    control.call("refuse_sessions", on=False)
    gateway.ready()

    reply = executor.insist(one)

    assert reply.outcome is end
    assert "never reached the broker" in reply.detail
    assert booked(control, one) == []


def test_a_broker_that_forgot_its_ids_proves_nothing(gateway, executor, control):
    one = command(quantity=5)
    control.call("drop", when="before")
    control.call("refuse_sessions")
    executor.send(one)
    until(lambda: not gateway.status().ready, "a lost connection")
    control.call("reset")
    control.call("refuse_sessions", on=False)

    assert executor.insist(one).outcome is Outcome.UNKNOWN

    assert booked(control, one) == []
    code, said = alertwire(gateway, "doctor")
    assert code == 1
    assert "alertwire resolve" in said


# A person decides


def test_a_person_compares_and_decides(gateway, executor, control):
    one = command(quantity=5, key="k")
    control.call("drop", when="before")
    control.call("refuse_sessions")
    executor.send(one)
    until(lambda: not gateway.status().ready, "a lost connection")
    code, said = alertwire(gateway, "reconcile")
    assert (code, "not connected to the broker" in said) == (1, True)
    control.call("reset")
    control.call("refuse_sessions", on=False)
    assert executor.insist(one).outcome is Outcome.UNKNOWN

    code, said = alertwire(gateway, "reconcile")
    assert code == 1
    assert f"! {one.command_id} (buy 5 AAPL on DU1234567, order id 2)" in said
    code, said = alertwire(gateway, "resolve")
    assert code == 0
    assert one.command_id in said
    assert "--not-placed" in said
    code, said = alertwire(gateway, "resolve", one.alert_id, "--not-placed")
    assert code == 0, said
    assert "later alerts of its key go on" in said
    code, said = alertwire(gateway, "resolve", one.command_id, "--placed")
    assert code == 1
    assert "is not UNKNOWN: it is VOIDED: resolved by a person" in said

    gateway.kill()
    gateway.start().ready()
    assert executor.insist(one).outcome is Outcome.VOIDED
    assert executor.insist(command(quantity=1, key="k")).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("how", ["alert_id", "command_id"])
def test_a_family_that_was_cut_off_is_decided_as_one(gateway, executor, control, how):
    one = command(
        quantity=5,
        price=Decimal(100),
        take_profits=(TakeProfit(price=Decimal(110)),),
        stop_loss=StopLoss(price=Decimal(90)),
    )
    control.call("drop", when="after")
    assert executor.insist(one).outcome is Outcome.UNKNOWN
    rows = control.call("book", orderRef=one.command_id)["orders"]
    assert [row["transmitted"] for row in rows] == [False]

    code, said = alertwire(gateway, "resolve")
    assert code == 0
    assert "not transmitted" in said
    code, said = alertwire(gateway, "resolve", getattr(one, how), "--not-placed")

    assert code == 0, said
    assert "later alerts of its key go on" in said
    assert executor.insist(one).outcome is Outcome.VOIDED
    assert alertwire(gateway, "resolve", "--json") == (0, "")


def test_nothing_to_look_at_ends_with_zero(gateway, executor):
    executor.ask(command(quantity=1, key="k", entry=limit(1)))

    code, said = alertwire(gateway, "reconcile")

    assert code == 0, said


def test_each_step_of_an_order_is_in_the_ledger(gateway, executor):
    one = command(quantity=5)
    executor.ask(one)
    query = "SELECT state, detail FROM order_events WHERE order_ref = ? ORDER BY event_id"

    def states():
        with closing(sqlite3.connect(gateway.home / "ledger.db")) as ledger:
            return [state for state, _ in ledger.execute(query, [one.command_id])]

    until(lambda: "FILLED" in states(), "the fill's step")
    steps = until(lambda: found if len(found := states()) >= 4 else None, "all steps")
    assert steps[:2] == ["INTENT", "SENT"]


# A broker that is not there, or deaf


@pytest.fixture
def deaf():
    """Something that accepts connections, says one thing or nothing, and never hangs up."""
    opened: list[socket.socket] = []

    def start(word: bytes = b"") -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        opened.append(listening)

        def accept() -> None:
            try:
                while True:
                    connection, _ = listening.accept()
                    opened.append(connection)
                    connection.sendall(word)
            except OSError:
                return

        threading.Thread(target=accept, daemon=True).start()
        return listening.getsockname()[1]

    yield start
    for one in opened:
        one.close()


@pytest.mark.parametrize(
    ("word", "waits_for"),
    [
        (b"", "did not give its version in time"),
        (b"176\x0020261122 07:08:23 EST\0", "its accounts and order ids in time"),
    ],
)
def test_a_broker_that_says_nothing_is_left_and_the_phase_is_named(run, deaf, word, waits_for):
    port = deaf(len(word).to_bytes(4) + word if word else b"")
    gateway = run(port, settings={"ALERTWIRE_IB_CONNECT_TIMEOUT_S": "1"})

    until(lambda: waits_for in reason(gateway), f"the phase in {reason(gateway)}")


def test_a_broker_that_hangs_is_noticed_and_what_it_never_did_is_done_once(
    gateway, executor, control
):
    one = command(quantity=5)
    control.call("mute", mode="hang")
    executor.send(one)

    until(lambda: "the broker does not answer" in reason(gateway), "the reason", 40)
    until(lambda: "did not give its version" in reason(gateway), "the next reason", 40)
    control.call("mute", on=False)

    assert executor.insist(one).outcome is Outcome.ACCEPTED
    assert booked(control, one) == [(2, "BUY")]


def test_silence_alone_is_no_reason_to_leave(gateway, executor, control):
    before = gateway.log.count("broker_connected")
    control.call("kick")
    until(lambda: gateway.log.count("broker_connected") > before, "the new connection")
    gateway.ready()
    connected = gateway.log.count("broker_connected")
    began = datetime.now(UTC)
    until(lambda: datetime.now(UTC) - began > timedelta(seconds=12), "silence")

    assert gateway.status().ready
    assert gateway.log.count("broker_connected") == connected


def test_a_link_that_comes_back_is_reconciled_before_it_is_ready(gateway, executor, control):
    control.call("connectivity", code=1100)
    until(lambda: "1100" in reason(gateway), "the reason")
    control.call("mute", mode="silent")
    control.call("mute", on=False)
    control.call("connectivity", code=1102)

    gateway.ready()


# A broker that lets its API read only


def test_a_read_only_broker_is_named_with_its_remedy_at_the_start(broker, run, control):
    control.call("read_only")
    gateway = run(broker.port)

    until(lambda: "untick Read-Only API" in reason(gateway), "the remedy")
    code, said = alertwire(gateway, "doctor")
    assert code == 1
    assert "untick Read-Only API" in said
    control.call("read_only", on=False)
    gateway.ready()


def test_a_broker_that_becomes_read_only_is_named_at_the_first_order(gateway, executor, control):
    control.call("read_only")

    reply = executor.ask(command(quantity=1, key="k"))

    assert reply.outcome is Outcome.REJECTED
    until(lambda: "untick Read-Only API" in reason(gateway), "the remedy")
    one = command(quantity=1, key="later")
    assert "untick Read-Only API" in executor.ask(one).detail
    control.call("read_only", on=False)
    assert executor.insist(one).outcome is Outcome.ACCEPTED


def test_in_a_blackout_window_it_is_not_ready_and_says_until_when(broker, run, connect):
    now = datetime.now(UTC)
    window = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M} UTC"
    gateway = run(broker.port, settings={"ALERTWIRE_IB_BLACKOUT": window})
    until(lambda: "blackout window of the broker until" in reason(gateway), "the window")
    executor = connect(gateway)

    for action in (Action.BUY, Action.CANCEL):
        reply = executor.ask(command(action, 1, key=action.name))
        assert (reply.decided, reply.detail) == (False, reason(gateway))
