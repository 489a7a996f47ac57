"""The command line: ready line, exits, settings and scenarios, in processes of their own."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys

import ib_insync as ibi
import pytest
from typer.testing import CliRunner

from simulator.command import main
from simulator.control import SimulatorControl
from simulator.options import SimulatorOptions
from simulator.scenario import ScenarioError, load_scenario
from simulator.server import ListenError, Simulator
from tests.simulator.conftest import Desk
from tests.simulator.processes import ROOT, launch, started_simulator

VARIABLES = {
    "ALERTWIRE_SIMULATOR_PORT": "0",
    "ALERTWIRE_SIMULATOR_ACCOUNTS": "DU111,DU222",
    "ALERTWIRE_SIMULATOR_SEED": "5",
}


@pytest.fixture
def taken():
    """A port something else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_stops_on_a_signal(number):
    with started_simulator() as simulator:
        assert re.fullmatch(
            r"simulator: TWS protocol on 127\.0\.0\.1:\d+, control on 127\.0\.0\.1:\d+, "
            r"accounts DU1234567\n",
            simulator.ready_line,
        )
        simulator.process.send_signal(number)
        assert simulator.process.wait(5) == 0


@pytest.mark.parametrize(
    ("options", "option", "variable"),
    [
        (["--port", "{}"], "--port", "ALERTWIRE_SIMULATOR_PORT"),
        (
            ["--port", "0", "--control-port", "{}"],
            "--control-port",
            "ALERTWIRE_SIMULATOR_CONTROL_PORT",
        ),
    ],
)
def test_a_taken_port_is_one_clear_line(taken, options, option, variable):
    process = launch(*(word.format(taken) for word in options))
    said, complaint = process.communicate(timeout=10)

    assert process.returncode == 78
    assert said == ""
    assert len(complaint.splitlines()) == 1
    for word in (str(taken), "something else listens", option, variable):
        assert word in complaint


def test_an_address_of_another_machine_is_one_clear_line():
    process = launch("--port", "0", "--host", "192.0.2.1")
    _, complaint = process.communicate(timeout=10)

    assert process.returncode == 78
    assert "192.0.2.1" in complaint
    assert len(complaint.splitlines()) == 1


def test_settings_come_from_the_environment():
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"],
        cwd=ROOT,
        env=os.environ | VARIABLES,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline().endswith("accounts DU111, DU222\n")
        process.terminate()


def test_help_teaches():
    import typer

    app = typer.Typer()
    app.command()(main)
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output

    for word in ("set_price", "ib_insync", "ALERTWIRE_SIMULATOR_SCENARIO", "--pacing"):
        assert word in told


def test_no_account_is_one_clear_line():
    process = launch("--accounts", ",")
    _, complaint = process.communicate(timeout=10)

    assert process.returncode == 78
    assert "ALERTWIRE_SIMULATOR_ACCOUNTS" in complaint


def test_a_simulator_runs_inside_a_test(event_loop_of_ib_insync):
    async def place_and_look():
        options = SimulatorOptions(port=0, tick_interval_s=0)
        async with Simulator(options) as simulator:
            ib = ibi.IB()
            await ib.connectAsync("127.0.0.1", simulator.port, clientId=1)
            (aapl,) = await ib.qualifyContractsAsync(ibi.Stock("AAPL", "SMART", "USD"))
            trade = ib.placeOrder(aapl, ibi.MarketOrder("BUY", 1))
            await asyncio.wait_for(trade.filledEvent, 3)
            ib.disconnect()
            assert simulator.tws.frames == 1
            return simulator.tws.book.orders[0].filled

    assert event_loop_of_ib_insync.run_until_complete(place_and_look()) == 1


def test_a_taken_port_inside_a_test(taken):
    async def start():
        async with Simulator(SimulatorOptions(port=taken)):
            pass

    loop = asyncio.new_event_loop()
    with pytest.raises(ListenError):
        loop.run_until_complete(start())
    loop.close()


TOML = """
[[step]]
verb = "set_price"
symbol = "AAPL"
price = 150

[[step]]
after_orders = 2
verb = "read_only"

[[step]]
at_s = 30
verb = "kick"
"""


def test_a_scenario_runs_at_its_times_and_counts(tmp_path):
    path = tmp_path / "evening.toml"
    path.write_text(TOML)
    with (
        started_simulator(
            *("--scenario", str(path), "--time-scale", "30", "--tick-interval", "0")
        ) as simulator,
        SimulatorControl("127.0.0.1", simulator.control_port) as control,
    ):
        assert control.call("price", symbol="AAPL")["last"] == "150"
        desk = Desk(simulator.port)
        aapl = desk.contract(ibi.Stock("AAPL", "SMART", "USD"))
        for ref in ("one", "two"):
            desk.place(aapl, ibi.MarketOrder("BUY", 1, orderRef=ref), "Filled")
        desk.ib.placeOrder(aapl, ibi.MarketOrder("BUY", 1, orderRef="three"))
        desk.until_error(321)
        desk.until(lambda: not desk.ib.isConnected(), "the kick at 30 market seconds")
        assert len(control.call("book")["orders"]) == 2
        desk.close()


def test_a_scenario_can_be_sent_to_the_control_port(desk, aapl, order, control):
    control.call("scenario", steps=[{"verb": "connectivity", "code": 1100, "after_orders": 1}])
    desk.ib.placeOrder(aapl, order("BUY", 1, "LMT", lmtPrice=150))

    desk.until_error(1100)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[step]]\nverb = 'explode'", "step 1: no verb 'explode'"),
        ("[[step]]\nverb = 'kick'\nat_s = 1\nafter_orders = 1", "not both"),
        ("[[step", "Expected"),
        ("step = 5", "no list of steps"),
        ("other = 1", "no list of steps"),
    ],
)
def test_a_broken_scenario_says_where(tmp_path, text, reason):
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=reason):
        load_scenario(path)


def test_a_scenario_may_be_json(tmp_path):
    path = tmp_path / "one.json"
    path.write_text(json.dumps({"step": [{"verb": "kick", "at_s": 2}]}))

    assert [step.verb for step in load_scenario(path).steps] == ["kick"]


def test_a_missing_scenario_is_one_clear_line(tmp_path):
    process = launch("--port", "0", "--scenario", str(tmp_path / "nowhere.toml"))
    _, complaint = process.communicate(timeout=10)

    assert process.returncode == 78
    assert "nowhere.toml: No such file" in complaint
    assert len(complaint.splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"hello\n", "not JSON"),
        (b"[1]\n", "a line is an object"),
        (b'{"verb": 5}\n', "a line is an object"),
        (b'{"verb": "book", "orderRef": {}}\n', None),
    ],
)
def test_the_control_port_survives_anything(simulator, control, line, reason):
    with socket.create_connection(("127.0.0.1", simulator.control_port), 3) as raw:
        raw.sendall(line)
        answer = json.loads(raw.makefile().readline())

    assert answer["ok"] is (reason is None)
    assert (reason or "") in answer.get("error", "")
    assert control.call("status")["orders"] == 0
