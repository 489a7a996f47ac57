"""Halts: what they let through, and that nothing that waits gets past one."""

import copy
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, StopLoss
from alertwire.wire.control import ControlRequest, FlattenRequest, HaltRequest, ResumeRequest
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState, Side
from gateway.events import Answer, ControlReceived
from tests.gateway.bench import Bench, Crash, outcome, placed_limit
from tests.gateway.build import ACCOUNT, alert_id, command, position, units


def ask(bench: Bench, **request) -> Answer:
    bench.turn(ControlReceived(ControlRequest(**request), (b"operator",)))
    return bench.answers[-1]


def halt(bench: Bench, **scope) -> Answer:
    answer = ask(bench, halt=HaltRequest(by="anna@desk", **scope))
    assert not answer.error
    return answer


def flatten(bench: Bench, request: str, **scope) -> Answer:
    known = [r for r in bench.kept["commands"].values() if r.command.alert_id == request]
    asked = ControlRequest(flatten=FlattenRequest(request_id=request, **scope))
    bench.turn(ControlReceived(asked, (b"operator",), tuple(copy.deepcopy(known))))
    return bench.answers[-1]


def held(bench: Bench, quantity: int = 10) -> None:
    """Let the account hold a position."""
    bench.send(command(Action.BUY, quantity, key="opening"))
    bench.fill(len(bench.broker.placed))


def test_an_entry_is_refused_with_who_halted_it_since_when_and_the_remedy(bench):
    said = halt(bench).findings
    buy = command(Action.BUY, 10)

    reply = bench.send(buy)

    assert reply.outcome is Outcome.REJECTED
    expected = "halted since 2026-11-23 15:00:00 UTC by anna@desk (all orders): alertwire resume"
    assert reply.detail == said[0] == expected
    assert bench.kept["commands"][buy.command_id].outcome is Outcome.REJECTED
    assert not bench.broker.placed


@pytest.mark.parametrize(
    ("scope", "passes"),
    [
        ({}, False),
        ({"account": ACCOUNT}, False),
        ({"strategy": "s"}, False),
        ({"account": ACCOUNT, "strategy": "s"}, False),
        ({"account": "DU7"}, True),
        ({"strategy": "t"}, True),
        ({"account": ACCOUNT, "strategy": "t"}, True),
    ],
)
def test_a_halt_is_about_its_account_and_strategy_alone(bench, scope, passes):
    halt(bench, **scope)

    bench.send(command(Action.BUY, 10))

    assert bool(bench.broker.placed) is passes


@pytest.mark.parametrize(
    ("action", "quantity"),
    [(Action.EXIT, None), (Action.SELL, 10), (Action.SELL, 4), (Action.TARGET, 3)],
)
def test_what_only_reduces_is_let_through(bench, action, quantity):
    held(bench)
    halt(bench)

    bench.send(command(action, quantity))

    assert len(bench.broker.placed) == 2


@pytest.mark.parametrize(
    ("action", "quantity"),
    [
        (Action.SELL, 11),
        (Action.REVERSE, None),
        (Action.TARGET, -1),
        (Action.TARGET, 11),
        (Action.BUY, 1),
    ],
)
def test_what_opens_or_turns_a_position_is_not(bench, action, quantity):
    held(bench)
    halt(bench)

    reply = bench.send(command(action, quantity))

    assert (reply.outcome, "halted since" in reply.detail) == (Outcome.REJECTED, True)
    assert len(bench.broker.placed) == 1


def test_two_closes_of_one_position_are_not_both_let_through(bench):
    held(bench)
    halt(bench)
    bench.send(command(Action.SELL, 10, key="one"))

    reply = bench.send(command(Action.SELL, 10, key="two"))

    assert reply.outcome is Outcome.REJECTED
    assert len(bench.broker.placed) == 2


def test_exits_are_refused_where_they_are_blocked_and_cancels_are_not(bench):
    placed_limit(bench)
    held(bench)
    halt(bench, block_exits=True)

    assert bench.send(command(Action.EXIT, key="exit")).outcome is Outcome.REJECTED
    bench.send(command(Action.CANCEL, key="cancel"))

    assert bench.broker.cancels == [1]


def test_asking_again_never_loosens_a_halt(bench):
    halt(bench, block_exits=True)
    bench.wait(60)

    assert "15:00:00 UTC by anna@desk (all orders, exits too)" in halt(bench).findings[0]


def test_what_waits_for_its_contract_is_refused_when_it_comes(bench):
    bench.answers_queries = False
    buy = command(Action.BUY, 10)
    bench.send(buy)

    halt(bench)
    bench.find_contract()

    assert outcome(bench, buy.command_id) is Outcome.REJECTED
    assert not bench.broker.placed


def test_what_waits_for_a_fill_is_refused_when_it_comes(bench):
    bench.send(command(Action.BUY, 10, key="one"))
    bench.acknowledge(1)
    waits = command(Action.TARGET, 20, key="two")
    bench.send(waits)

    halt(bench)
    bench.fill(1)

    assert outcome(bench, waits.command_id) is Outcome.REJECTED
    assert len(bench.broker.placed) == 1


@pytest.mark.parametrize("where", ["committed", "placed"])
def test_what_was_written_down_and_never_reached_the_broker_is_refused(bench, where):
    buy = command(Action.BUY, 10)
    bench.crash_at = where
    bench.loses_bytes = True
    with pytest.raises(Crash):
        bench.send(buy)
    bench.crash()
    halt(bench)
    bench.loses_bytes = False

    bench.connect()

    assert not bench.broker.placed
    kept = bench.kept["commands"][buy.command_id]
    assert kept.outcome is Outcome.REJECTED
    assert kept.detail.startswith("never reached the broker: halted since")
    assert bench.state(buy.command_id) is OrderState.CANCELLED


def test_an_exit_that_never_reached_the_broker_is_sent_again_all_the_same(bench):
    held(bench)
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(command(Action.EXIT))
    bench.crash()
    halt(bench)

    bench.connect()

    assert [order.side for order in bench.broker.placed] == [Side.BUY, Side.SELL]


def test_a_halt_survives_a_crash_and_ends_with_its_resume_alone(bench):
    halt(bench, strategy="s")
    halt(bench)
    bench.crash()
    bench.connect()
    assert bench.send(command(Action.BUY, 10)).outcome is Outcome.REJECTED

    answer = ask(bench, resume=ResumeRequest())
    assert answer.findings[0] == "resumed: all orders"
    assert answer.findings[1].startswith("still halted since")
    assert bench.send(command(Action.BUY, 10)).outcome is Outcome.REJECTED

    assert ask(bench, resume=ResumeRequest(strategy="s")).findings == ("resumed: strategy s",)
    bench.crash()
    bench.connect()
    bench.send(command(Action.BUY, 10))
    assert len(bench.broker.placed) == 1


def test_a_resume_of_what_is_not_halted_says_so(bench):
    halt(bench, strategy="s")

    answer = ask(bench, resume=ResumeRequest())

    assert answer.error == "no halt of all orders is in force"
    assert "strategy s" in answer.findings[0]


def test_a_halt_of_an_account_that_is_not_there_is_pointed_out(bench):
    findings = halt(bench, account="DU9").findings

    assert findings[1] == f"! the broker does not manage DU9: {ACCOUNT}"


def test_a_name_that_cannot_be_kept_halts_nothing(bench):
    answer = ask(bench, halt=HaltRequest(strategy="s" * 65))

    assert "at most 64" in answer.error
    assert not bench.kept["halts"]


def test_an_alert_refused_by_a_halt_leaves_its_close_nothing_to_open(bench):
    halt(bench)
    bench.send(command(Action.BUY, 10))
    ask(bench, resume=ResumeRequest())

    reply = bench.send(command(Action.SELL, sizing=units(10), alert=alert_id()))

    assert reply.detail == "its entry was not carried out: nothing to close"
    assert not bench.broker.placed


def test_cancel_takes_what_works_and_leaves_what_protects(bench):
    placed_limit(bench, key="one")
    stop = StopLoss(price=Decimal(100))
    bench.send(command(Action.BUY, 10, key="two", stop_loss=stop))
    bench.fill(2)
    bench.acknowledge(3)
    placed = len(bench.broker.placed)

    findings = halt(bench, cancel=True).findings

    assert "1 orders are being cancelled; protective orders stay" in findings
    assert bench.broker.cancels == [1]
    assert len(bench.broker.placed) == placed


def test_a_halt_with_flatten_closes_and_opens_no_more(bench):
    held(bench)

    halt(bench, flatten=True, request_id=alert_id())

    assert [o.side for o in bench.broker.placed] == [Side.BUY, Side.SELL]
    bench.fill(2)
    assert bench.send(command(Action.BUY, 1)).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"flatten": True, "block_exits": True}, "nothing was halted"),
        ({"flatten": True}, "needs a request id"),
    ],
)
def test_a_halt_that_cannot_flatten_says_so(bench, asked, words):
    answer = ask(bench, halt=HaltRequest(**asked))

    assert words in answer.error
    assert bool(bench.kept["halts"]) is ("nothing" not in words)


@pytest.mark.parametrize("blocks", [False, True])
def test_what_protects_a_position_goes_unless_exits_are_blocked(bench, blocks):
    held(bench)
    halt(bench, block_exits=blocks)

    bench.send(command(Action.MODIFY, stop_loss=StopLoss(price=Decimal(100))))

    assert len(bench.broker.placed) == (1 if blocks else 2)


def test_a_snapshot_that_lags_a_close_lets_nothing_past_a_halt(bench):
    held(bench)
    bench.wait(5)
    halt(bench)
    bench.send(command(Action.SELL, 10, key="x"))
    bench.acknowledge(2)
    bench.fill(2)
    bench.lose()
    bench.connect(positions=(position(10),))
    more = command(Action.SELL, 10, key="y")
    bench.send(more)
    bench.turn(position(0))
    bench.wait(3.1)

    assert outcome(bench, more.command_id) is Outcome.REJECTED
    assert bench.broker.position == 0
