"""What the floor answers without the desk."""

from types import SimpleNamespace

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.codec import DecodeError
from alertwire.wire.delivery import Outcome
from gateway.events import CancelOrder, Effects
from gateway.floor import Floor
from gateway.messages import BrokerError
from gateway.pacer import Pacer, Priority
from tests.gateway.bench import placed_limit
from tests.gateway.build import command


def answer(bench, command_id, *, is_in_memory=True):
    """Let the floor take a frame of which only the command's id could be read."""
    floor = object.__new__(Floor)
    kept = bench.kept["commands"]
    floor.desk = bench.desk
    floor._logger = SimpleNamespace(warning=lambda *_, **__: None)
    floor._ledger = SimpleNamespace(command=lambda name: [kept[name]] if name in kept else [])
    if not is_in_memory:
        floor.desk.register._decided.clear()
    error = DecodeError("no such action")
    error.command_id = command_id
    effects = Effects()
    floor._receive(b"executor", error, effects)
    return [reply.outcome for _, reply in effects.replies]


@pytest.mark.parametrize("is_in_memory", [True, False])
def test_an_accepted_command_that_cannot_be_read_any_more_stays_accepted(bench, is_in_memory):
    buy = command(Action.BUY, 10)
    bench.send(buy)
    bench.acknowledge(1)

    outcomes = answer(bench, buy.command_id, is_in_memory=is_in_memory)

    assert outcomes == [Outcome.ACCEPTED]


def test_one_under_way_is_answered_when_it_is_decided(bench):
    buy = command(Action.BUY, 10)
    bench.send(buy)

    assert answer(bench, buy.command_id) == []


def test_an_unknown_one_is_refused(bench):
    assert answer(bench, "01KTEST-1") == [Outcome.REJECTED]


def test_a_cancel_at_the_pacer_waits_while_tws_has_lost_ib(bench):
    ref = placed_limit(bench)
    floor = object.__new__(Floor)
    floor.desk, floor._pacer = bench.desk, Pacer(0)
    floor._clock = SimpleNamespace(now=lambda: bench.now)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.broker.cancels.clear()
    floor._pacer.put(Priority.CANCEL, CancelOrder(ref, 1))
    bench.turn(BrokerError(about=-1, code=1100, text="lost"))

    assert floor._send_paced(0.0, Effects()) == []

    bench.wait(20)
    bench.answer_inquiry()
    bench.turn(BrokerError(about=-1, code=1102, text="back"))
    bench.answer_inquiry()
    assert bench.broker.cancels == [1]
    bench.acknowledge(1, "Cancelled")
    assert bench.send(cancel).outcome is Outcome.ACCEPTED
