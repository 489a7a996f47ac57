"""Flattens of a strategy in every symbol and of an account, by an alert."""

import copy
from dataclasses import replace
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, Scope
from alertwire.wire.control import ControlRequest, HaltRequest
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway import reconcile
from gateway.events import ControlReceived
from gateway.messages import Candidate, ContractsFound
from simulator.control import SimulatorControl
from tests.gateway.bench import Bench, Crash, outcome
from tests.gateway.build import AAPL_CANDIDATE, AAPL_CONTRACT, command, limit, on, position, void
from tests.gateway.processes import until

MSFT = replace(AAPL_CONTRACT, contract_id=272093, symbol="MSFT", local_symbol="MSFT")
CANDIDATES = {"AAPL": AAPL_CANDIDATE, "MSFT": Candidate(contract=MSFT)}
BOTH = (position(10), position(-5, MSFT))


def answer(bench: Bench) -> None:
    """Tell what the contracts are that were asked for."""
    while bench.queries:
        key = bench.queries.pop(0).key
        found = (CANDIDATES[key.instrument.symbol],)
        bench.turn(ContractsFound(key=key, candidates=found))


def sent(bench: Bench) -> list[tuple[str, Decimal]]:
    symbols = {ref: order.symbol for ref, order in bench.kept["orders"].items()}
    return sorted(
        (symbols[o.ref], o.quantity if o.side is Side.BUY else -o.quantity)
        for o in bench.broker.placed
    )


def acknowledge(bench: Bench) -> None:
    for order in list(bench.broker.placed):
        bench.acknowledge(order.order_id)


@pytest.fixture
def both():
    """Long 10 of one contract and short 5 of another; nobody tells contracts by itself."""
    bench = Bench()
    bench.answers_queries = False
    bench.connect(positions=BOTH)
    return bench


def flatten(bench: Bench, **fields):
    one = command(Action.FLATTEN, **{"scope": Scope.ACCOUNT} | fields)
    bench.send(one)
    return one


def test_an_account_is_closed_contract_by_contract_and_told_once_all_are(both):
    one = flatten(both)
    answer(both)

    assert sent(both) == [("AAPL", -10), ("MSFT", 5)]
    assert both.replies == []
    both.acknowledge(1)
    assert both.replies == []
    both.acknowledge(2)

    (_, reply) = both.replies[-1]
    assert (reply.command_id, reply.outcome) == (one.command_id, Outcome.ACCEPTED)
    assert "sell 10 AAPL" in reply.detail
    assert "buy 5 MSFT" in reply.detail
    assert all(reconcile.is_ours(order.ref) for order in both.broker.placed)


def test_it_comes_again_and_is_the_same(both):
    one = flatten(both)
    both.send(one)
    answer(both)
    both.send(one)
    acknowledge(both)
    reply = both.send(one)

    assert len(both.broker.placed) == 2
    assert reply.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("where", ["intended", "committed", "placed"])
@pytest.mark.parametrize("order", [1, 2])
def test_it_is_carried_out_once_whenever_the_process_dies(both, where, order):
    one = flatten(both)
    if order == 2:
        key = both.queries.pop(0).key
        both.turn(ContractsFound(key=key, candidates=(CANDIDATES[key.instrument.symbol],)))
        assert len(both.broker.placed) == 1
    both.crash_at = where
    with pytest.raises(Crash):
        answer(both)
    both.queries.clear()

    both.crash()
    both.connect(positions=BOTH)
    answer(both)
    both.send(one)
    answer(both)
    acknowledge(both)
    both.wait(4)
    answer(both)
    acknowledge(both)

    assert sent(both) == [("AAPL", -10), ("MSFT", 5)]
    assert outcome(both, one.command_id) is Outcome.ACCEPTED


def test_it_goes_back_with_the_connection_and_is_finished_when_it_comes_again(both):
    one = flatten(both)
    key = both.queries.pop(0).key
    both.turn(ContractsFound(key=key, candidates=(CANDIDATES[key.instrument.symbol],)))
    both.acknowledge(1)
    both.lose()
    assert both.replies[-1][1].decided is False

    both.queries.clear()
    both.connect(positions=BOTH)
    both.send(one)
    answer(both)
    acknowledge(both)

    assert sent(both) == [("AAPL", -10), ("MSFT", 5)]
    assert outcome(both, one.command_id) is Outcome.ACCEPTED


def test_a_void_stops_it_before_anything_was_sent(both):
    one = flatten(both)

    both.send(void(one), b"void")
    answer(both)

    assert both.replies[-1][1].outcome is Outcome.VOIDED
    assert both.broker.placed == []
    assert both.send(one).outcome is Outcome.VOIDED


@pytest.mark.parametrize("dies", [False, True])
def test_a_void_in_the_middle_tells_what_was_carried_out(both, dies):
    one = flatten(both)
    key = both.queries.pop(0).key
    both.turn(ContractsFound(key=key, candidates=(CANDIDATES[key.instrument.symbol],)))
    both.acknowledge(1)
    if dies:
        both.crash()
        both.connect(positions=BOTH)

    both.send(void(one), b"void")
    answer(both)

    address, reply = both.replies[-1]
    assert (address, reply.outcome) == (b"void", Outcome.ACCEPTED)
    assert len(both.broker.placed) == 1
    assert ("alert_partly_voided" in both.alarms) is not dies


def test_one_part_that_is_refused_makes_all_of_it_refused_and_names_both(both):
    one = flatten(both)
    key = both.queries.pop(0).key
    both.turn(ContractsFound(key=key, candidates=()))
    answer(both)
    acknowledge(both)

    reply = both.replies[-1][1]
    assert (reply.command_id, reply.outcome) == (one.command_id, Outcome.REJECTED)
    assert "REJECTED: " in reply.detail
    assert "MSFT" in reply.detail
    assert len(both.broker.placed) == 1


def test_a_strategy_is_closed_by_its_own_fills_and_others_stay(bench):
    for strategy, quantity in (("mine", 10), ("other", 3)):
        bench.send(command(Action.BUY, quantity, strategy=strategy, key=strategy))
        bench.fill(len(bench.broker.placed))
    for strategy in ("mine", "other"):
        rest = command(Action.BUY, 1, entry=limit(100), strategy=strategy, key=f"{strategy}2")
        bench.send(rest)
        bench.acknowledge(len(bench.broker.placed))

    one = flatten(bench, scope=Scope.STRATEGY, strategy="mine")
    assert bench.broker.cancels == [3]
    bench.end(3)
    bench.fill(5)

    assert [o.quantity for o in bench.broker.placed] == [10, 3, 1, 1, 10]
    assert outcome(bench, one.command_id) is Outcome.ACCEPTED
    assert bench.broker.position == 3


def test_a_strategy_that_is_not_named_is_not_all_of_them(both):
    one = flatten(both, scope=Scope.STRATEGY, strategy="")
    answer(both)

    assert outcome(both, one.command_id) is Outcome.REJECTED
    assert both.broker.placed == []


def test_nothing_to_close_is_told_at_once(bench):
    one = flatten(bench)

    assert bench.replies[-1][1].detail == "nothing is held and nothing works"
    assert outcome(bench, one.command_id) is Outcome.ACCEPTED


def test_under_a_halt_of_exits_nothing_is_closed_or_cancelled(both):
    asked = ControlRequest(halt=HaltRequest(block_exits=True, by="anna@desk"))
    both.turn(ControlReceived(asked, (b"operator",)))

    one = flatten(both)
    answer(both)

    assert outcome(both, one.command_id) is Outcome.REJECTED
    assert (both.broker.placed, both.broker.cancels) == ([], [])


def test_the_fence_of_the_alert_is_kept_with_its_first_command(both):
    """By it the ledger is asked for the commands when the alert comes again or is voided."""
    one = flatten(both)

    assert both.kept["fences"][one.stream_id, one.key].seq == one.seq
    kept = copy.deepcopy(both.kept["commands"])
    assert kept == {}


SYMBOLS = ("GE", "F", "T")


@pytest.mark.parametrize("dies", [False, True])
def test_a_strategy_is_flat_at_the_broker_once_whatever_dies(own_simulator, run, connect, dies):
    broker = own_simulator()
    gateway = run(broker.port).ready()
    executor = connect(gateway)
    with SimulatorControl("127.0.0.1", broker.control_port) as control:
        for symbol in SYMBOLS:
            control.call("set_price", symbol=symbol, price="100")
            executor.insist(on(symbol, Action.BUY, 7, strategy="wide"))
        executor.insist(on("IBM", Action.BUY, 4, strategy="other"))
        until(lambda: len(control.call("positions")["positions"]) == 4, "four positions")
        until(lambda: len(gateway.status().strategy_holdings) == 4, "all fills")
        one = on("GE", Action.FLATTEN, strategy="wide", scope=Scope.STRATEGY, key="flat")
        executor.send(one)
        if dies:
            gateway.kill()
            gateway.start().ready()

        reply = executor.insist(one)

        assert reply.outcome is Outcome.ACCEPTED, reply.detail

        def held() -> list[tuple[str, str]]:
            rows = control.call("positions")["positions"]
            return [(r["symbol"], r["quantity"]) for r in rows if r["quantity"] != "0"]

        until(lambda: held() == [("IBM", "4")], "a flat strategy")
        sold = [o for o in control.call("book")["orders"] if o["action"] == "SELL"]
        assert sorted(o["quantity"] for o in sold) == ["7", "7", "7"]
        assert executor.insist(one).detail == reply.detail
