"""What a contract is, told to a person who asks; and the venue of an account's crypto orders."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import Instrument, SecurityType
from alertwire.wire.control import ContractRequest, ControlRequest
from gateway.events import ControlReceived
from gateway.messages import ContractQueryFailed, Lost
from gateway.rules import Rules
from tests.gateway.build import AAPL, ACCOUNT, command

BITCOIN = Instrument(
    security_type=SecurityType.CRYPTO,
    symbol="BTC",
    exchange="PAXOS",
    currency="USD",
    source_symbol="COINBASE:BTCUSD",
)
FILE = {
    "accounts": {ACCOUNT: {"crypto_exchange": "ZEROHASH"}},
    "routes": {
        "own": {
            "symbols": {"COINBASE:BTCUSD": {"type": "crypto", "symbol": "BTC", "exchange": "PAXOS"}}
        }
    },
}
ES = Instrument(security_type=SecurityType.FUTURE, symbol="ES", exchange="CME", continuous_depth=1)


COMMAND = str(Path(sys.executable).with_name("alertwire"))


def alertwire(gateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        check=False,
        env=gateway.environment | {"PATH": os.environ["PATH"]},
        cwd=gateway.home,
        capture_output=True,
        text=True,
        timeout=60,
    )


def explained(gateway, symbol: str) -> dict[str, str]:
    done = alertwire(gateway, "contract", symbol, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_continuous_symbol_is_explained_with_its_roll(gateway):
    said = explained(gateway, "CBOT:ZC1!")

    assert said["type"] == "future"
    assert said["contract"].startswith("ZC")
    assert said["min_tick"] == "0.25"
    assert said["price_steps"] == "0.25 from 0"
    assert said["price_magnifier"] == "100"
    assert said["multiplier"] == "5000"
    assert said["rolls"] < said["last_trade_date"]
    assert said["rolls"].split(" to ")[1] != said["contract"]
    assert "MOC" not in said["order_types"].split()


def test_a_stock_is_explained_to_a_reader(gateway):
    done = alertwire(gateway, "contract", "AAPL")

    assert "contract" in done.stdout
    assert "0.01 from 0" in done.stdout


def test_a_symbol_that_nobody_knows_is_refused_with_the_reason(gateway):
    unread = alertwire(gateway, "contract", "CME_MINI:")
    unknown = alertwire(gateway, "contract", "OPRA:SPY200101C1.0")

    assert unread.returncode == 78
    assert unknown.returncode == 1
    assert "SPY" in unknown.stderr


def asked(bench, instrument: Instrument) -> list[str]:
    """Ask in a turn of its own; return what was answered at once."""
    before = len(bench.answers)
    request = ControlRequest(contract=ContractRequest(instrument=instrument))
    bench.turn(ControlReceived(request, (b"person",)))
    return [answer.error or answer.findings for answer in bench.answers[before:]]


def test_a_person_waits_for_the_broker_and_is_told_when_it_is_lost(bench):
    bench.answers_queries = False
    assert asked(bench, AAPL) == []

    bench.turn(Lost(reason="gone"))

    assert [answer.error for answer in bench.answers] == ["not connected to the broker: gone"]


def test_a_query_that_failed_is_answered_with_the_reason(bench):
    bench.answers_queries = False
    asked(bench, AAPL)

    bench.turn(ContractQueryFailed(key=bench.queries[-1].key, reason="no", is_final=True))

    assert [answer.error for answer in bench.answers] == ["no"]


def test_a_contract_looked_up_on_demand_is_the_one_that_orders_use_from_then_on(bench):
    asked(bench, AAPL)
    queries = len(bench.queries)

    bench.send(command(quantity=1))

    assert len(bench.queries) == queries
    assert bench.broker.placed


@pytest.mark.parametrize(("route", "exchange"), [("default", "ZEROHASH"), ("own", "PAXOS")])
def test_crypto_goes_to_the_accounts_venue_but_for_what_the_route_names(route, exchange):
    rules = Rules(ConfigurationFile.model_validate(FILE))
    one = command(quantity=1, instrument=BITCOIN, route=route)

    assert rules.at_venue(one, ACCOUNT).instrument.exchange == exchange
    assert rules.at_venue(one, "DU9").instrument.exchange == "PAXOS"
    assert rules.at_venue(command(quantity=1), ACCOUNT).instrument == AAPL
