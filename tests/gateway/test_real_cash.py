"""Market buys of crypto through the real client, against the simulator's rules for them."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, Instrument, QuantityType, SecurityType, Sizing
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from simulator.control import SimulatorControl
from tests.gateway.build import command, on
from tests.gateway.processes import until

D = Decimal


def coin(symbol: str) -> Instrument:
    return Instrument(
        security_type=SecurityType.CRYPTO, symbol=symbol, exchange="PAXOS", currency="USD"
    )


def trade(symbol: str, action=Action.BUY, *args, **fields):
    return on(symbol, action, *args, instrument=coin(symbol), **fields)


def put(control, symbol, bid, ask):
    control.call("set_price", symbol=symbol, secType="CRYPTO", bid=str(bid), ask=str(ask))


def held(control, symbol) -> Decimal:
    rows = control.call("positions")["positions"]
    return sum((D(row["quantity"]) for row in rows if row["symbol"] == symbol), D(0))


def listed_orders(gateway) -> list[dict]:
    """What `alertwire orders` shows."""
    program = "from alertwire.cli.main import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", program, "orders", "--json"],
        env=gateway.environment,
        cwd=gateway.home,
        capture_output=True,
        check=True,
    )
    return [json.loads(line) for line in found.stdout.splitlines()]


@pytest.fixture
def faults(control):
    yield control
    control.call("clear_faults")


def test_what_is_bought_for_cash_is_sold_to_the_last_unit(executor, control, booked, subscriber):
    put(control, "ETH", 2999, 3000)
    buy = trade("ETH", Action.BUY, sizing=Sizing(type=QuantityType.CASH, value=D(1000)))
    reply = executor.insist(buy)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    assert reply.detail.startswith("buy ETH.USD for 1,000 USD, about 0.33333333")
    row = booked(buy.command_id)
    assert (row["cashQuantity"], row["quantity"], row["tif"]) == ("1000", "0", "IOC")
    until(lambda: held(control, "ETH") == D("0.33333333"), "the position")
    last = until(
        lambda: [r for r in subscriber.of(buy.command_id) if r.state is OrderState.FILLED],
        "the report of its end",
    )[0]
    assert last.quantity == last.filled == D("0.33333333")

    out = trade("ETH", Action.EXIT)
    reply = executor.insist(out)
    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    until(lambda: held(control, "ETH") == 0, "no position")
    assert booked(out.command_id)["cashQuantity"] is None


@pytest.mark.parametrize(("symbol", "ask", "units"), [("LTC", 80, "0.125"), ("BCH", 125, "0.08")])
def test_a_price_that_moved_is_no_error(executor, faults, booked, subscriber, symbol, ask, units):
    put(faults, symbol, 99, 100)
    faults.call("hold", symbol=symbol)
    buy = trade(symbol, Action.BUY, "0.1")
    executor.insist(buy)
    put(faults, symbol, ask - 1, ask)
    faults.call("partial", parts=3)
    faults.call("hold", symbol=symbol, on=False)

    last = until(
        lambda: [r for r in subscriber.of(buy.command_id) if r.state is OrderState.FILLED],
        "the report of its end",
    )[0]
    assert (last.filled, last.quantity) == (D(units), D(units))
    assert all(r.filled <= r.quantity for r in subscriber.of(buy.command_id))
    again = executor.insist(trade(symbol, Action.TARGET, units))
    assert again.detail.startswith(f"position is already {units}")


def test_an_end_that_the_broker_never_tells_is_asked_for(executor, faults, subscriber):
    put(faults, "SOL", 99, 100)
    faults.call("silent_fill", times=1)
    buy = trade("SOL", Action.BUY, 1)
    executor.insist(buy)

    until(
        lambda: any(r.state is OrderState.FILLED for r in subscriber.of(buy.command_id)),
        "the report of its end",
        60,
    )


def test_a_killed_gateway_sends_the_same_amount_once(run, own_simulator, connect):
    simulator = own_simulator()
    with SimulatorControl("127.0.0.1", simulator.control_port) as control:
        put(control, "BTC", 79_999, 80_000)
        control.call("drop", when="before")
        gateway = run(simulator.port).ready()
        executor = connect(gateway)
        buy = command(Action.BUY, "0.0125", instrument=coin("BTC"))
        executor.send(buy)
        until(lambda: "order_sent" in gateway.log, "the order")
        gateway.kill()
        assert control.call("book")["orders"] == []
        put(control, "BTC", 89_999, 90_000)

        gateway.start().ready()
        reply = connect(gateway).insist(buy)

        assert reply.outcome is Outcome.ACCEPTED, reply.detail
        (row,) = control.call("book", orderRef=buy.command_id)["orders"]
        assert row["cashQuantity"] == "1000"
        bought = D("0.01111111")
        until(lambda: held(control, "BTC") == bought, "the position")
        gateway.kill()

        gateway.start().ready()
        assert connect(gateway).insist(buy).outcome is Outcome.ACCEPTED
        assert len(control.call("book")["orders"]) == 1
        (listed,) = listed_orders(gateway)
        assert (listed["state"], D(listed["quantity"]), D(listed["filled"])) == (
            "FILLED",
            bought,
            bought,
        )
