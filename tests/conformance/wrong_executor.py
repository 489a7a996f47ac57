"""The negative control: our executor with one thing wrong, named by its argument.

Each is a mistake that somebody who writes an executor could make. The suite must see it.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import alertwire.logs
import consumer.executor
import consumer.gateways
import consumer.main
import consumer.plan
from alertwire.reload import Reload
from alertwire.wire import codec, sockets
from alertwire.wire.bus import Bus
from alertwire.wire.command import CommandReply
from alertwire.wire.delivery import AckKind, Delivery, Mode, Outcome
from consumer.executor import Executor

Executor_: Any = Executor


def acks_nothing() -> None:
    _filter_acks(lambda ack: ack.kind is not AckKind.RECEIVED)


def acks_the_wrong_attempt() -> None:
    _change_acks(lambda ack: replace(ack, attempt=1) if ack.alert_id else ack)


def beats_slowly() -> None:
    consumer.executor.HEARTBEAT_S = 3.0


def always_has_slots() -> None:
    _change_acks(lambda ack: replace(ack, free_slots=64))


def forgets_closes() -> None:
    _change_commands(lambda command: replace(command, closes=None))


def forgets_the_multiplier() -> None:
    _change_commands(lambda command: replace(command, multiplier=None))


def reads_decimals_as_floats() -> None:
    def shortened(command: Any) -> Any:
        if command.sizing is None:
            return command
        value = Decimal(f"{float(command.sizing.value):.2f}")
        return replace(command, sizing=replace(command.sizing, value=value))

    _change_commands(shortened)


def numbers_commands_anew() -> None:
    numbers = count(1)

    def named(alert_id: str, _number: int) -> str:
        return f"{alert_id}-{next(numbers)}"

    consumer.plan.command_id = named


def expires_by_itself() -> None:
    take = Executor.take_delivery

    def take_or_drop(self: Executor, frame: bytes) -> None:
        delivery = codec.to_message(codec.decode(codec.Delivery, frame))
        if not delivery.HasField("not_after") or delivery.not_after.seconds > 1_700_000_000:
            take(self, frame)

    Executor_.take_delivery = take_or_drop


def decides_after_the_first_answer() -> None:
    take = Executor.take_reply

    def take_first(self: Any, gateway: str, frame: bytes) -> None:
        address = gateway, codec.decode(CommandReply, frame).command_id
        for work in self._in_hand.values():
            if address in work.sent:
                for other in work.sent.keys() - {address}:
                    del self._by_address[other]
                work.sent = {address: work.sent[address]}
        take(self, gateway, frame)

    Executor_.take_reply = take_first


def takes_the_best_outcome() -> None:
    consumer.executor._TELLING = (
        *(Outcome.ACCEPTED, Outcome.REJECTED, Outcome.EXPIRED, Outcome.VOIDED, Outcome.UNKNOWN),
    )


def waits_for_ever() -> None:
    consumer.executor.GATEWAY_TIMEOUT_S = 1e6


def gives_up_early() -> None:
    consumer.executor.GATEWAY_TIMEOUT_S = 3.0


def keeps_the_first_of_two() -> None:
    start = Executor._start

    def start_once(self: Any, delivery: Any, refusal: str) -> None:
        if delivery.alert_id not in self._in_hand:
            start(self, delivery, refusal)

    Executor_._start = start_once


def voids_by_itself() -> None:
    start = Executor._start

    def start_or_decide(self: Any, delivery: Any, refusal: str) -> None:
        if delivery.mode is Mode.VOID:
            self._ack(AckKind.DECIDED, delivery.alert_id, delivery.attempt, outcome=Outcome.VOIDED)
        else:
            start(self, delivery, refusal)

    Executor_._start = start_or_decide


def drops_unreadable_alerts() -> None:
    take = Executor.take_delivery

    def take_or_drop(self: Executor, frame: bytes) -> None:
        try:
            codec.decode(Delivery, frame)
        except codec.UnreadableAlert:
            return
        except codec.DecodeError:
            pass
        take(self, frame)

    Executor_.take_delivery = take_or_drop


def guesses_newer_versions() -> None:
    from_message = codec.from_message

    def guessed(kind: Any, message: Any) -> Any:
        if hasattr(message, "schema_version"):
            message.schema_version = 1
        return from_message(kind, message)

    codec.from_message = guessed


def dies_of_garbage() -> None:
    decode = codec.decode

    def strict(kind: Any, frame: bytes) -> Any:
        try:
            return decode(kind, frame)
        except codec.DecodeError as error:
            raise SystemExit(3) from error

    codec.decode = strict


def asks_one_gateway() -> None:
    send = consumer.gateways.Gateways.send
    patched: Any = consumer.gateways.Gateways
    patched.send = lambda self, _name, command: send(self, "", command)


def counts_answers_not_gateways() -> None:
    take = Executor.take_reply

    def take_for_any(self: Any, gateway: str, frame: bytes) -> None:
        reply = codec.decode(CommandReply, frame)
        open_ = [
            address
            for work in self._in_hand.values()
            for address in work.sent
            if address[1] == reply.command_id and address not in work.replies
        ]
        take(self, open_[0][0] if open_ else gateway, frame)

    Executor_.take_reply = take_for_any


def stops_at_once() -> None:
    consumer.main.STOP_TIMEOUT_S = 0.0


def says_no_goodbye() -> None:
    Executor_.stop = lambda self: setattr(self, "is_stopping", True)


def shows_secrets() -> None:
    alertwire.logs.redactor = lambda _secrets: lambda _logger, _method, event: event


def never_reloads() -> None:
    Reload.fresh = lambda *_: None


def speaks_in_the_clear() -> None:
    patched: Any = Bus
    patched._curve = lambda _self, _endpoint: None


def queues_without_a_gateway() -> None:
    make = sockets._socket

    def queueing(context: Any, kind: int) -> Any:
        socket = make(context, kind)
        socket.immediate = False
        return socket

    sockets._socket = queueing


def _change_acks(change: Callable[[Any], Any]) -> None:
    encode = codec.encode
    codec.encode = lambda value: encode(change(value) if type(value).__name__ == "Ack" else value)


def _change_commands(change: Callable[[Any], Any]) -> None:
    encode = codec.encode
    codec.encode = lambda value: encode(
        change(value) if type(value).__name__ == "OrderCommand" else value
    )


def _filter_acks(passes: Callable[[Any], bool]) -> None:
    init = Executor.__init__

    def filtering(self: Any, *given: Any, send_ack: Any, **more: Any) -> None:
        init(self, *given, send_ack=lambda ack: send_ack(ack) if passes(ack) else True, **more)

    Executor_.__init__ = filtering


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    sys.exit(consumer.main.main())
