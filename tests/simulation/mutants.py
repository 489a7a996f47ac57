"""Safeguards taken out, one at a time: each must be missed on some day, or the days see nothing."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from alertwire.wire.command import CommandReply
from alertwire.wire.delivery import AckKind, Outcome
from consumer.executor import Executor
from gateway import book
from gateway.desk import Desk
from gateway.link import Link
from gateway.outbox import Outbox
from gateway.records import Fence
from gateway.recovery import Recovery
from gateway.register import Register
from producer.dispatcher import Close, Dispatcher
from tests.simulation.ledger import Ledger

Patch = pytest.MonkeyPatch


def no_fence(patch: Patch) -> None:
    patch.setattr(Register, "objection", lambda *_: "")


def no_memory(patch: Patch) -> None:
    """The gateway answers nothing from its ledger."""
    patch.setattr(Register, "recall", lambda *_: False)


def no_write_ahead(patch: Patch) -> None:
    real = Dispatcher.plan

    def plan(self: Dispatcher, *times: Any) -> Any:
        planned = real(self, *times)
        planned.sends = [replace(send, is_written=True) for send in planned.sends]
        return planned

    patch.setattr(Dispatcher, "plan", plan)


def no_turns(patch: Patch) -> None:
    """All alerts of a key at once."""
    real = Dispatcher.add

    def add(self: Dispatcher, waiting: Any) -> None:
        waiting.key += waiting.alert_id
        real(self, waiting)

    patch.setattr(Dispatcher, "add", add)


def no_intent(patch: Patch) -> None:
    """Orders are written down only when the broker has them."""
    real = Outbox.send

    def send(self: Outbox, record: Any, qualified: Any, tickets: Any, now: Any, eff: Any) -> None:
        before = set(eff.orders)
        real(self, record, qualified, tickets, now, eff)
        for ref in set(eff.orders) - before:
            del eff.orders[ref]

    patch.setattr(Outbox, "send", send)


def no_parking(patch: Patch) -> None:
    """UNKNOWN ends an alert, and its key goes on."""
    real = Dispatcher.decide

    def decide(self: Dispatcher, alert_id: str, who: str, end: Outcome, *rest: Any) -> Any:
        told = Outcome.ACCEPTED if end is Outcome.UNKNOWN else end
        close = real(self, alert_id, who, told, *rest)
        return close and Close(alert_id, end, close.detail)

    patch.setattr(Dispatcher, "decide", decide)


def no_truth_of_voids(patch: Patch) -> None:
    """A VOID is answered VOIDED whatever became of the alert."""

    def answer(self: Register, alert_id: str, effects: Any) -> None:
        said = CommandReply(command_id=alert_id, decided=True, outcome=Outcome.VOIDED)
        effects.replies += [(address, said) for address in self._voids.pop(alert_id, ())]

    patch.setattr(Register, "_answer_void", answer)


def no_void_fence(patch: Patch) -> None:
    """A voided alert's own number still passes the fence."""
    real = Register._set_fence

    def set_fence(self: Register, command: Any, fence: Fence, effects: Any) -> None:
        real(self, command, Fence(fence.seq), effects)

    patch.setattr(Register, "_set_fence", set_fence)


def no_execution_ids(patch: Patch) -> None:
    """Each execution counts, however often it is told."""
    number = itertools.count()
    patch.setattr(book, "execution_stem", lambda _: str(next(number)))


def no_own_ids(patch: Patch) -> None:
    """Order ids are the broker's, which gives those again that it never saw."""
    real = Link.ready

    def ready(self: Link, message: Any, now: Any, effects: Any) -> None:
        self._ids.next = message.next_order_id
        real(self, message, now, effects)

    patch.setattr(Link, "ready", ready)


def no_lists(patch: Patch) -> None:
    """Nothing is learned from the broker's lists."""
    patch.setattr(Link, "_judge", lambda *_, **__: None)


def no_freshness(patch: Patch) -> None:
    """What is placed again may be as old as it likes."""
    patch.setattr(Recovery, "_ends", lambda *_: False)


def no_question_to_the_gateway(patch: Patch) -> None:
    """An executor refuses by itself what it cannot plan."""
    real = Executor._start

    def start(self: Executor, delivery: Any, refusal: str) -> None:
        _, refusal = self._commands(delivery, refusal)
        if refusal:
            names = (delivery.alert_id, delivery.attempt)
            self._ack(AckKind.DECIDED, *names, outcome=Outcome.REJECTED, detail=refusal)
        else:
            real(self, delivery, refusal)

    patch.setattr(Executor, "_start", start)


def no_fences_kept(patch: Patch) -> None:
    """The ledger forgets its fences."""
    patch.setattr(Ledger, "fence", lambda *_: None)


def no_ledger_of_commands(patch: Patch) -> None:
    """What was decided in an earlier life is not looked up."""
    patch.setattr(Ledger, "commands_of", lambda *_: [])


def no_restore(patch: Patch) -> None:
    """A new gateway does not look for what the last one left open."""
    patch.setattr(Desk, "restore", lambda *_: None)


def no_holdings_kept(patch: Patch) -> None:
    """What strategies hold is not looked up at a restart."""
    patch.setattr(Ledger, "held", lambda *_: [])


MUTANTS: tuple[Callable[[Patch], None], ...] = (
    no_fence,
    no_memory,
    no_write_ahead,
    no_turns,
    no_intent,
    no_parking,
    no_truth_of_voids,
    no_void_fence,
    no_execution_ids,
    no_own_ids,
    no_lists,
    no_freshness,
    no_question_to_the_gateway,
    no_fences_kept,
    no_ledger_of_commands,
    no_restore,
    no_holdings_kept,
)
