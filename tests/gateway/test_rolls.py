"""A continuous symbol after its roll: the position is still in the month before."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.wire.alert import Action, Instrument, SecurityType, StopLoss
from alertwire.wire.delivery import Outcome
from gateway.messages import Candidate, Contract, PositionUpdate
from gateway.months import MONTH_BEHIND
from gateway.terms import Terms
from tests.gateway.bench import outcome
from tests.gateway.build import ACCOUNT, MARKET, command, limit
from tests.gateway.test_verbs import outcome_of

ROOT = Instrument(
    security_type=SecurityType.FUTURE,
    symbol="ES",
    exchange="CME",
    currency="USD",
    continuous_depth=1,
    source_symbol="ES1!",
)
SECOND = replace(ROOT, continuous_depth=2, source_symbol="ES2!")
OWN = {"routes": {"main": {"position_scope": "strategy"}}}


def month(contract_id: int, name: str, expiry: str) -> Candidate:
    contract = Contract(
        contract_id=contract_id,
        security_type="FUT",
        symbol="ES",
        exchange="CME",
        currency="USD",
        local_symbol=name,
        trading_class="ES",
        multiplier="50",
        expiry=expiry,
    )
    terms = Terms(multiplier=Decimal(50), min_tick=Decimal("0.25"))
    return Candidate(contract=contract, terms=terms)


DECEMBER, MARCH = month(111, "ESZ6", "20261218"), month(222, "ESH7", "20270319")
JUNE = month(333, "ESM7", "20270618")


def holding(one: Candidate, quantity: int) -> PositionUpdate:
    """Let the broker tell a position."""
    return PositionUpdate(
        account=ACCOUNT,
        contract=one.contract,
        quantity=Decimal(quantity),
        average_cost=Decimal(300_000),
    )


def send(bench, action, quantity=None, **fields):
    """Send a command by `ES1!`; the broker fills at once what it orders at the market."""
    settings = {"instrument": ROOT, "route": "main", "key": f"k{len(bench.replies)}"}
    one = command(action, quantity, **settings | fields)
    before = len(bench.broker.placed)
    bench.send(one)
    bench.wait(3.1)
    for placed in bench.broker.placed[before:]:
        bench.acknowledge(placed.order_id)
        if one.entry == MARKET and not placed.parent_id:
            bench.fill(placed.order_id)
    bench.wait(3.1)
    return one


def roll(bench) -> None:
    """Go to the day on which `ES1!` is March."""
    bench.now += timedelta(days=19)


def traded(bench) -> list[tuple[str, str, Decimal]]:
    orders = bench.kept["orders"].values()
    return [(one.local_symbol, one.side.name, one.quantity) for one in orders if not one.is_leg]


@pytest.fixture
def rolled(bench):
    """Long 2 ESZ6 by `ES1!`, which is ESH7 by now."""
    bench.broker.candidates = (DECEMBER, MARCH, JUNE)
    bench.connect(positions=())
    send(bench, Action.BUY, 2)
    roll(bench)
    return bench


@pytest.mark.parametrize(
    ("action", "quantity", "units"),
    [
        (Action.EXIT, None, 2),
        (Action.FLATTEN, None, 2),
        (Action.EXIT, 1, 1),
        (Action.TARGET, 0, 2),
        (Action.TARGET, 1, 1),
        (Action.REVERSE, None, 4),
        (Action.SELL, 1, 1),
        (Action.SELL, 2, 2),
    ],
)
@pytest.mark.parametrize("dies", [False, True])
def test_what_changes_the_position_is_about_the_month_that_is_held(
    rolled, action, quantity, units, dies
):
    if dies:
        rolled.crash()
        rolled.connect(positions=(holding(DECEMBER, 2),))
    one = send(rolled, action, quantity)

    assert traded(rolled)[1:] == [("ESZ6", "SELL", units)]
    assert outcome(rolled, one.command_id) is Outcome.ACCEPTED
    assert "ES1! is ESH7 by now" in outcome_of(rolled, one).detail


@pytest.mark.parametrize(("action", "quantity"), [(Action.BUY, 1), (Action.SELL, 3)])
def test_an_entry_is_refused_while_an_older_month_is_held(rolled, action, quantity):
    one = send(rolled, action, quantity)

    reply = outcome_of(rolled, one)
    assert reply.outcome is Outcome.REJECTED
    assert "ESZ6 is held" in reply.detail
    assert "close it first" in reply.detail
    assert (len(traded(rolled)), rolled.alarms) == (1, [MONTH_BEHIND])


def test_an_entry_goes_to_the_month_in_front_once_nothing_is_held(rolled):
    send(rolled, Action.EXIT)
    send(rolled, Action.BUY, 1)

    assert traded(rolled)[1:] == [("ESZ6", "SELL", 2), ("ESH7", "BUY", 1)]
    assert rolled.alarms == []


def test_an_entry_that_rests_in_an_older_month_is_in_the_way_of_another(bench):
    bench.broker.candidates = (DECEMBER, MARCH)
    bench.connect(positions=())
    send(bench, Action.BUY, 1, entry=limit(6000))
    roll(bench)
    send(bench, Action.BUY, 1)

    assert (traded(bench), bench.alarms) == ([("ESZ6", "BUY", 1)], [MONTH_BEHIND])


def test_where_strategies_own_positions_count_another_one_is_not_in_the_way(bench):
    bench.rules.adopt(ConfigurationFile.model_validate(OWN))
    bench.broker.candidates = (DECEMBER, MARCH)
    bench.connect(positions=())
    send(bench, Action.BUY, 2, strategy="a")
    roll(bench)
    send(bench, Action.BUY, 1, strategy="b")
    send(bench, Action.EXIT, strategy="b")
    send(bench, Action.EXIT, strategy="a")

    assert traded(bench)[1:] == [("ESH7", "BUY", 1), ("ESH7", "SELL", 1), ("ESZ6", "SELL", 2)]
    assert bench.alarms == []


@pytest.mark.parametrize("dies", [False, True])
def test_two_numbers_of_one_root_do_not_take_each_others_month(bench, dies):
    bench.broker.candidates = (DECEMBER, MARCH, JUNE)
    bench.connect(positions=())
    send(bench, Action.BUY, 1)
    send(bench, Action.BUY, 2, instrument=SECOND)
    roll(bench)
    if dies:
        # On a later day the broker lists nothing of what filled before.
        bench.broker.executions.clear()
        bench.crash()
        held = ((DECEMBER, 1), (MARCH, 2))
        bench.connect(completed=(), positions=tuple(holding(*one) for one in held))
    send(bench, Action.EXIT)
    send(bench, Action.EXIT, instrument=SECOND)

    assert traded(bench) == [
        ("ESZ6", "BUY", 1),
        ("ESH7", "BUY", 2),
        ("ESZ6", "SELL", 1),
        ("ESH7", "SELL", 2),
    ]


def test_a_position_of_which_nobody_knows_the_symbol_is_left_to_a_person(bench):
    """Of `ES2!` alone: what is held of the month in front may be that of `ES1!`."""
    bench.broker.candidates = (DECEMBER, MARCH, JUNE)
    bench.connect(positions=(holding(DECEMBER, 1),))
    one = send(bench, Action.EXIT, instrument=SECOND)

    assert outcome(bench, one.command_id) is Outcome.REJECTED
    assert bench.alarms == [MONTH_BEHIND]


@pytest.mark.parametrize("next_month", [0, 2])
def test_a_position_that_lost_its_stop_after_the_roll_is_closed_in_its_own_month(bench, next_month):
    closes = {"main": {"unprotected": "close", "position_scope": "strategy"}}
    bench.rules.adopt(ConfigurationFile.model_validate({"routes": closes}))
    bench.broker.candidates = (DECEMBER, MARCH)
    bench.connect(positions=())
    stop = StopLoss(price=Decimal(5900))
    buy = command(Action.BUY, 1, instrument=ROOT, route="main", entry=limit(6000), stop_loss=stop)
    bench.send(buy)
    bench.acknowledge(1)
    bench.acknowledge(2)
    bench.fill(1)
    roll(bench)
    if next_month:
        send(bench, Action.BUY, next_month, strategy="other")
    bench.end(2)
    for _ in range(3):
        bench.wait(3)

    assert traded(bench)[-1] == ("ESZ6", "SELL", 1)
    assert bench.alarms == ["position_unprotected"]


@pytest.mark.parametrize("is_final", [False, True])
def test_a_close_needs_no_answer_of_today_about_its_contract(bench, is_final):
    stock = command(Action.BUY, 10)
    bench.send(stock)
    bench.acknowledge(1)
    bench.fill(1)
    bench.now += timedelta(hours=10)
    bench.answers_queries = False
    entry, close = command(Action.BUY, 1, key="e"), command(Action.EXIT, key="o")
    bench.send(entry)
    bench.send(close)
    bench.fail_query("the broker did not answer", is_final=is_final)
    bench.wait(3.1)

    assert [one.ref for one in bench.broker.placed][1:] == [close.command_id]
    assert outcome(bench, entry.command_id) is (Outcome.REJECTED if is_final else None)
