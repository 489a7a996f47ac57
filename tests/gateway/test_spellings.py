"""One contract, spelled in several ways: the close of an entry that is not there only reduces."""

from dataclasses import replace

import pytest

from alertwire.wire.alert import Action, Instrument, SecurityType
from alertwire.wire.delivery import Outcome
from tests.gateway.bench import Bench, refused
from tests.gateway.build import command, later
from tests.gateway.test_contracts import month
from tests.gateway.test_entries import of_alert
from tests.gateway.test_exits import sizes

FRONT = Instrument(
    security_type=SecurityType.FUTURE,
    symbol="ES",
    exchange="CME",
    currency="USD",
    continuous_depth=1,
    source_symbol="CME_MINI:ES1!",
)
DECEMBER = replace(FRONT, continuous_depth=0, expiry="202612", source_symbol="CME_MINI:ESZ2026")
MARCH = replace(DECEMBER, expiry="202703", source_symbol="CME_MINI:ESH2027")
CONTRACTS = {
    FRONT: month("20261218", 1),
    DECEMBER: month("20261218", 1),
    MARCH: month("20270319", 2),
}


def send(bench: Bench, action: Action, quantity: int, instrument: Instrument, **fields):
    bench.broker.candidates = (CONTRACTS[instrument],)
    one = command(action, quantity, instrument=instrument, key=instrument.source_symbol, **fields)
    bench.send(one)
    bench.wait(3.1)
    return one


def miss(bench: Bench, instrument: Instrument) -> None:
    """Let the broker refuse an entry."""
    send(bench, Action.BUY, 10, instrument)
    bench.turn(refused(len(bench.broker.placed)))
    bench.broker.placed.pop()


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    ("missed", "closed"), [(FRONT, DECEMBER), (DECEMBER, FRONT), (FRONT, FRONT)], ids=str
)
def test_a_missed_entry_bounds_its_close_however_it_is_spelled(bench, missed, closed, restarts):
    miss(bench, missed)
    if restarts:
        bench.crash()
        bench.connect()

    send(bench, Action.SELL, 10, closed)

    assert sizes(bench) == []
    assert bench.replies[-1][1].detail.startswith("its entry was not carried out")
    send(bench, Action.SELL, 4, closed)
    assert sizes(bench) == [-4]


@pytest.mark.parametrize("restarts", [False, True])
def test_another_month_is_another_contract(bench, restarts):
    miss(bench, FRONT)
    if restarts:
        bench.crash()
        bench.connect()

    send(bench, Action.SELL, 10, MARCH)

    assert sizes(bench) == [-10]


@pytest.mark.parametrize("restarts", [False, True])
def test_an_entry_that_never_came_is_of_the_contract_that_its_symbol_stood_for(bench, restarts):
    send(bench, Action.BUY, 1, FRONT)
    bench.fill(1)
    bench.wait(4)
    send(bench, Action.SELL, 1, FRONT)
    bench.fill(2)
    bench.wait(4)
    bench.send(of_alert(command(Action.BUY, 10, instrument=FRONT, key="never came")))
    if restarts:
        bench.crash()
        bench.connect()

    send(bench, Action.SELL, 10, DECEMBER)

    assert sizes(bench) == [1, -1]


def test_what_a_symbol_stands_for_later_moves_nothing_that_was_missed(bench):
    miss(bench, FRONT)
    bench.wait(20 * 86_400)
    bench.broker.candidates = (CONTRACTS[MARCH],)
    bench.send(command(Action.BUY, 1, instrument=FRONT, key="rolled", strategy="t"))
    bench.fill(bench.broker.placed[0].order_id)
    bench.wait(4)
    assert sizes(bench) == [1]

    send(bench, Action.SELL, 10, MARCH)
    send(bench, Action.SELL, 10, DECEMBER)

    assert sizes(bench) == [1, -10]


def test_one_that_was_too_late_to_be_looked_up_is_known_by_what_was_traded(bench):
    late = command(Action.BUY, 10, instrument=FRONT, key="late", not_after=later(-1))
    assert bench.send(late).outcome is Outcome.EXPIRED
    bench.broker.candidates = (CONTRACTS[FRONT],)
    bench.send(command(Action.BUY, 1, instrument=FRONT, key="t", strategy="t"))
    bench.fill(1)
    bench.wait(4)

    send(bench, Action.SELL, 10, DECEMBER, strategy="s")

    # One is held by another strategy: it closes that and opens nothing.
    assert sizes(bench) == [1, -1]
