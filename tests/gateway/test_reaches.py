"""A flatten that comes again closes what it was about, and nothing that was opened since."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.journal.commit import GroupCommit
from alertwire.journal.database import open_database
from alertwire.journal.reaches import Reached
from alertwire.wire.alert import Action, MarketPosition, Scope
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway.events import Effects
from gateway.ledger import Ledger
from gateway.reaches import closed_of, stays_of
from tests.gateway.bench import Bench, outcome
from tests.gateway.build import (
    AAPL_CONTRACT,
    ACCOUNT,
    NOW,
    alert_id,
    command,
    limit,
    position,
)
from tests.gateway.test_flattens import BOTH, MSFT, acknowledge, answer, flatten, sent
from tests.gateway.test_halts import flatten as ask
from tests.gateway.test_halts import held

IBM = replace(AAPL_CONTRACT, contract_id=8314, symbol="IBM", local_symbol="IBM")


@pytest.fixture
def waiting():
    """A flatten of an account was seen, and died before anything of it was sent."""
    bench = Bench()
    bench.answers_queries = False
    bench.connect(positions=BOTH)
    one = flatten(bench)
    assert bench.broker.placed == []
    bench.queries.clear()
    bench.crash()
    bench.wait(5)
    return bench, one


def again(bench: Bench, one, *positions):
    """Let it come again while the account holds this; return its reply."""
    bench.connect(positions=positions)
    bench.send(one)
    answer(bench)
    bench.wait(4)
    answer(bench)
    acknowledge(bench)
    assert outcome(bench, one.command_id) is Outcome.ACCEPTED
    return bench.replies[-1][1]


def test_what_was_bought_more_since_stays_and_is_told(waiting):
    bench, one = waiting
    reply = again(bench, one, position(15), position(-5, MSFT))

    assert sent(bench) == [("AAPL", -10), ("MSFT", 5)]
    assert "AAPL: 5 came after it and stays" in reply.detail
    assert "MSFT: " not in reply.detail.partition("; AAPL")[2]


def test_a_contract_that_was_opened_since_stays(waiting):
    bench, one = waiting
    again(bench, one, *BOTH, position(3, IBM))

    assert sent(bench) == [("AAPL", -10), ("MSFT", 5)]


def test_a_position_that_was_turned_since_stays(waiting):
    bench, one = waiting
    again(bench, one, position(-4), position(-5, MSFT))

    assert sent(bench) == [("MSFT", 5)]


def test_what_was_closed_since_is_done(waiting):
    bench, one = waiting
    reply = again(bench, one, position(-5, MSFT))

    assert sent(bench) == [("MSFT", 5)]
    assert "AAPL" not in reply.detail


def test_an_outage_is_as_a_crash():
    bench = Bench()
    bench.answers_queries = False
    bench.connect(positions=BOTH)
    one = flatten(bench)
    bench.lose()
    bench.queries.clear()
    bench.wait(5)

    again(bench, one, position(15), position(-5, MSFT))

    assert sent(bench) == [("AAPL", -10), ("MSFT", 5)]


def forget_contracts(bench: Bench) -> None:
    """Let what is asked for next wait for its contract."""
    bench.crash()
    bench.connect()
    bench.wait(4)
    bench.answers_queries = False


def entry(bench: Bench, **fields) -> int:
    """Let a limit to buy rest; return its order id."""
    bench.send(command(Action.BUY, 5, entry=limit(150), strategy="t", **fields))
    bench.acknowledge(len(bench.broker.placed))
    return len(bench.broker.placed)


@pytest.mark.parametrize("is_filled", [False, True])
def test_an_entry_that_rested_before_is_cancelled_or_closed_and_one_since_is_not(bench, is_filled):
    held(bench)
    before = entry(bench, key="before")
    forget_contracts(bench)
    one = flatten(bench)
    bench.queries.clear()
    bench.crash()
    bench.answers_queries = True
    bench.wait(5)
    if is_filled:
        bench.broker.fill(bench.broker.by_id(before), Decimal(5), bench.now)
    bench.connect()
    since = entry(bench, key="since")
    bench.wait(5)

    bench.send(one)
    assert bench.broker.cancels == ([] if is_filled else [before])
    if not is_filled:
        bench.end(before)
    bench.wait(4)

    (close,) = bench.broker.placed[since:]
    assert (close.side, close.quantity) == (Side.SELL, 15 if is_filled else 10)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_persons_request_leaves_what_was_bought_since(bench, crashes):
    held(bench)
    forget_contracts(bench)
    request = alert_id()
    ask(bench, request)
    if crashes:
        bench.crash()
    else:
        bench.lose()
    bench.queries.clear()
    bench.answers_queries = True
    bench.connect()
    bench.wait(5)
    bench.send(command(Action.BUY, 7, strategy="t", key="since"))
    bench.fill(2)
    bench.wait(4)

    ask(bench, request)
    bench.wait(4)

    (close,) = bench.broker.placed[2:]
    assert (close.side, close.quantity) == (Side.SELL, 10)


def test_a_strategys_flatten_is_about_what_it_held_itself(bench):
    held(bench)
    bench.send(command(Action.BUY, 3, strategy="t", key="t"))
    bench.fill(2)
    bench.wait(4)

    flatten(bench, scope=Scope.STRATEGY, strategy="s", key="flat")

    assert [(one.long, one.short) for one in bench.reaches] == [(10, 0)]


SIZES = st.integers(0, 20).map(Decimal)


@given(long=SIZES, short=SIZES, held=st.integers(-40, 40).map(Decimal))
def test_it_never_closes_more_than_it_was_about(long, short, held):
    reached = Reached("f", ACCOUNT, 1, long, short, NOW)
    closed = closed_of(reached, held)

    most = long if held > 0 else short
    if closed is None:
        assert not held or not (long or short)
        return
    side, units = closed
    is_there = held != 0 and side is (MarketPosition.LONG if held > 0 else MarketPosition.SHORT)
    assert units == {MarketPosition.LONG: long, MarketPosition.SHORT: short}[side] > 0
    assert is_there == bool(held and most)
    left = abs(held) - most
    assert bool(stays_of(reached, held)) == (held != 0 and left > 0)


def test_the_ledger_keeps_what_flattens_are_about_for_some_days(tmp_path):
    ledger = Ledger(GroupCommit(open_database(f"sqlite:///{tmp_path}/ledger.db", setting="TEST")))
    reached = [
        Reached(name, ACCOUNT, contract_id, Decimal("1.5"), Decimal(0), NOW + timedelta(days=day))
        for name, contract_id, day in [("a", 1, 0), ("a", 2, 0), ("b", 1, 1), ("c", 1, 7.5)]
    ]
    for part in (reached[:2], reached[2:3]):
        effects = Effects()
        effects.reaches = tuple(part)
        assert effects.is_durable
        ledger.save(effects)
    assert ledger.memory(NOW).reaches == reached[:3]

    effects = Effects()
    effects.reaches = tuple(reached[3:])
    ledger.save(effects)
    assert ledger.memory(NOW).reaches == reached[2:]
    ledger.close()
