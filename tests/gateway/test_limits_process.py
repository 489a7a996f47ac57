"""Limits of a real gateway, over kill -9."""

import itertools

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from simulator.control import SimulatorControl
from tests.gateway.build import command
from tests.gateway.processes import until

FILE = """
[routes.ema.limits]
orders_per_day_max = 2
[strategies.s.limits]
repeat_entry_s = 3600
"""


def test_what_was_sent_before_a_kill_still_counts(simulator, run, connect, tmp_path):
    config = tmp_path / "alertwire.toml"
    config.write_text(FILE)
    gateway = run(simulator.port, settings={"ALERTWIRE_CONFIG": str(config)}).ready()
    executor = connect(gateway)
    entries = [
        command(Action.BUY, 1, route="ema", strategy=name, key=f"limits-{name}")
        for name in ("s", "t")
    ]
    for entry in entries:
        assert executor.insist(entry).outcome is Outcome.ACCEPTED

    gateway.kill()
    gateway.start().ready()

    third = command(Action.BUY, 1, route="ema", strategy="u", key="limits-3")
    equal = command(Action.BUY, 1, route="another", key="limits-4")
    assert "2 orders in 24 hours, this would be number 3" in executor.insist(third).detail
    assert "3600 s must be between" in executor.insist(equal).detail
    exit_ = command(Action.SELL, 1, route="ema", strategy="u", key="limits-5")
    assert executor.insist(exit_).outcome is Outcome.ACCEPTED


def test_the_days_loss_is_what_the_broker_tells(own_simulator, run, connect, tmp_path):
    broker = own_simulator()
    config = tmp_path / "alertwire.toml"
    config.write_text("[limits]\ndaily_loss_max = 500\n")
    gateway = run(broker.port, settings={"ALERTWIRE_CONFIG": str(config)}).ready()
    executor = connect(gateway)
    numbers = itertools.count()

    def entry():
        return executor.ask(command(Action.BUY, 10, key=f"loss-{next(numbers)}"))

    with SimulatorControl("127.0.0.1", broker.control_port) as control:
        until(lambda: entry().outcome is Outcome.ACCEPTED, "the account's profit")
        control.call("set_price", symbol="AAPL", price="1")

        until(lambda: "has lost" in entry().detail, "a refusal")

    assert executor.insist(command(Action.EXIT, key="loss-exit")).outcome is Outcome.ACCEPTED
