"""The executor's protocol, frame by frame, with a clock that the test turns."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from alertwire.configuration import Account, Route
from alertwire.routes import Routes
from alertwire.trading import Gateway
from alertwire.wire import codec
from alertwire.wire.alert import Action
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Ack, AckKind, Delivery, Mode, Outcome, Stage
from consumer.executor import GATEWAY_TIMEOUT_S, Executor
from tests.conformance.samples import AT, alert, delivery

TWO = Routes(
    {"default": Route(accounts=(Account(id="DU1", multiplier=1), Account(id="DU2", multiplier=1)))}
)
BEHIND_TWO = Routes(
    {
        "default": Route(
            accounts=(
                Account(id="DU1", multiplier=1),
                Account(id="DU2", multiplier=1, gateway="second"),
                Account(id="DU3", multiplier=1, gateway="second"),
            )
        )
    }
)
TWO_GATEWAYS = {
    name: Gateway(commands_endpoint=f"ipc:///{name}.socket") for name in ("third", "second")
}


@dataclass
class TurnedClock:
    elapsed_s: float = 0.0

    def now(self) -> datetime:
        return AT + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s


@dataclass
class Bench:
    """An executor with its two ends in the test's hands."""

    routes: Routes = field(default_factory=lambda: Routes({"default": Route()}))
    clock: TurnedClock = field(default_factory=TurnedClock)
    acks: list[Ack] = field(default_factory=list)
    commands: list[OrderCommand] = field(default_factory=list)
    gateways: list[str] = field(default_factory=list)
    unreachable: tuple[str, ...] = ()
    is_heard: bool = True

    def __post_init__(self) -> None:
        self.executor = Executor(
            "executor-1",
            self.routes,
            self.clock,
            structlog.get_logger(),
            send_ack=lambda ack: self.acks.append(ack) or self.is_heard,
            send_command=self._send_command,
        )

    def _send_command(self, gateway: str, command: OrderCommand) -> bool:
        if gateway in self.unreachable:
            return False
        self.commands.append(command)
        self.gateways.append(gateway)
        return True

    def deliver(self, sent: Delivery) -> None:
        self.executor.take_delivery(codec.encode(sent))

    def reply(self, number: int, outcome: Outcome | None = Outcome.ACCEPTED, **said: Any) -> None:
        command = self.commands[number]
        self.executor.take_reply(
            self.gateways[number],
            codec.encode(
                CommandReply(
                    command_id=command.command_id,
                    decided=outcome is not None,
                    outcome=outcome,
                    account=command.account,
                    trace=command.trace,
                    **said,
                )
            ),
        )

    @property
    def last(self) -> Ack:
        return self.acks[-1]


def test_an_alert_is_received_carried_out_and_decided() -> None:
    bench = Bench()

    bench.deliver(delivery(alert(), attempt=3))
    assert (bench.last.kind, bench.last.attempt) == (AckKind.RECEIVED, 3)
    assert bench.commands[0].command_id == f"{alert().alert_id}-1"

    bench.reply(0)
    assert (bench.last.kind, bench.last.outcome) == (AckKind.DECIDED, Outcome.ACCEPTED)
    assert bench.last.attempt == 3
    assert bench.executor.in_hand == 0


def test_every_hop_stamps_the_trace() -> None:
    bench = Bench()
    bench.deliver(delivery(alert()))
    bench.reply(0)

    assert [stamp.stage for stamp in bench.last.trace.stamps] == [
        Stage.RECEIVED,
        Stage.JOURNALED,
        Stage.PULLED,
        Stage.COMMANDED,
    ]
    assert bench.last.trace.traceparent == delivery(alert()).trace.traceparent


def test_an_alert_for_two_accounts_is_decided_when_both_are() -> None:
    bench = Bench(routes=TWO)
    bench.deliver(delivery(alert()))
    bench.reply(0)
    assert bench.last.kind is AckKind.RECEIVED

    bench.reply(1, Outcome.REJECTED, detail="201: margin")

    assert (bench.last.kind, bench.last.outcome) == (AckKind.DECIDED, Outcome.ACCEPTED)
    assert [(c.account, c.outcome) for c in bench.last.commands] == [
        ("DU1", Outcome.ACCEPTED),
        ("DU2", Outcome.REJECTED),
    ]
    assert "margin" in bench.last.detail


@pytest.mark.parametrize("other", [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.EXPIRED])
def test_one_unknown_command_makes_the_alert_unknown(other: Outcome) -> None:
    bench = Bench(routes=TWO)
    bench.deliver(delivery(alert()))
    bench.reply(1, Outcome.UNKNOWN)
    bench.reply(0, other)

    assert bench.last.outcome is Outcome.UNKNOWN


def test_an_undecided_reply_hands_the_alert_back() -> None:
    bench = Bench()
    bench.deliver(delivery(alert()))

    bench.reply(0, None, detail="not connected to the broker")

    assert (bench.last.kind, bench.last.detail) == (AckKind.RETRY, "not connected to the broker")
    assert bench.executor.in_hand == 0


def test_without_a_gateway_the_alert_is_handed_back_at_once() -> None:
    bench = Bench(unreachable=("",))

    bench.deliver(delivery(alert()))

    assert [ack.kind for ack in bench.acks] == [AckKind.RECEIVED, AckKind.RETRY]


def test_a_silent_gateway_makes_it_hand_the_alert_back() -> None:
    bench = Bench()
    bench.deliver(delivery(alert()))
    bench.clock.elapsed_s = GATEWAY_TIMEOUT_S + 0.1

    bench.executor.tick()

    assert AckKind.RETRY in {ack.kind for ack in bench.acks}
    assert bench.executor.in_hand == 0


def test_a_second_delivery_asks_the_gateway_again_and_is_decided_once() -> None:
    bench = Bench()
    bench.deliver(delivery(alert(), attempt=1))
    bench.deliver(delivery(alert(), attempt=2))
    bench.reply(0)
    bench.reply(1)

    assert [c.command_id for c in bench.commands] == [f"{alert().alert_id}-1"] * 2
    decided = [ack for ack in bench.acks if ack.kind is AckKind.DECIDED]
    assert [ack.attempt for ack in decided] == [2]


def test_a_void_delivery_asks_the_gateway_without_reading_the_alert() -> None:
    bench = Bench()
    bench.deliver(delivery(None, mode=Mode.VOID))
    bench.reply(0, Outcome.VOIDED)

    assert bench.commands[0].mode is Mode.VOID
    assert bench.commands[0].command_id == alert().alert_id
    assert bench.last.outcome is Outcome.VOIDED


def test_a_void_names_the_trade_where_the_alert_can_be_read() -> None:
    bench = Bench(routes=TWO)
    whole = alert(action=Action.SELL, accounts=("DU2",))
    bench.deliver(delivery(whole, mode=Mode.VOID))

    (command,) = bench.commands
    assert command.mode is Mode.VOID
    assert command.action is Action.SELL
    assert (command.strategy, command.instrument) == (whole.strategy, whole.instrument)
    assert (command.sizing, command.account) == (whole.sizing, "DU2")
    assert command.not_after is None


@pytest.mark.parametrize(
    ("routes", "changes", "account"),
    [
        (TWO, {}, ""),
        (TWO, {"accounts": ("DU9",)}, "DU9"),
        (TWO, {"accounts": ("DU8", "DU9")}, ""),
        (TWO, {"route": "unknown", "accounts": ("DU9",)}, "DU9"),
        (Routes({"default": Route()}), {}, ""),
        (Routes({"default": Route(accounts=(Account(id="DU1", multiplier=1),))}), {}, "DU1"),
    ],
)
def test_a_void_names_the_account_only_where_it_is_the_only_one(
    routes: Routes, changes: dict[str, Any], account: str
) -> None:
    bench = Bench(routes=routes)

    bench.deliver(delivery(alert(**changes), mode=Mode.VOID))

    assert bench.commands[0].account == account


def test_each_command_goes_to_the_gateway_of_its_account() -> None:
    bench = Bench(routes=BEHIND_TWO)

    bench.deliver(delivery(alert()))

    assert [c.account for c in bench.commands] == ["DU1", "DU2", "DU3"]
    assert bench.gateways == ["", "second", "second"]


def test_a_gateway_that_cannot_be_reached_holds_up_no_other_gateways_orders() -> None:
    bench = Bench(routes=BEHIND_TWO, unreachable=("",))

    bench.deliver(delivery(alert()))

    assert [c.account for c in bench.commands] == ["DU2", "DU3"]
    assert (bench.last.kind, bench.last.detail) == (AckKind.RETRY, "the gateway cannot be reached")


def test_a_void_is_decided_when_every_gateway_with_an_account_of_the_alert_has_answered() -> None:
    bench = Bench(routes=BEHIND_TWO)
    bench.deliver(delivery(alert(), mode=Mode.VOID))
    assert [c.command_id for c in bench.commands] == [alert().alert_id] * 2
    assert [(c.account, g) for c, g in zip(bench.commands, bench.gateways, strict=True)] == [
        ("DU1", ""),
        ("", "second"),
    ]

    bench.reply(0, Outcome.VOIDED)
    bench.reply(0, Outcome.VOIDED)
    assert bench.last.kind is AckKind.RECEIVED
    bench.reply(1, Outcome.ACCEPTED)

    assert bench.last.outcome is Outcome.ACCEPTED


def test_a_void_that_nobody_can_read_goes_to_every_gateway_there_is() -> None:
    bench = Bench(routes=replace(BEHIND_TWO, gateways=TWO_GATEWAYS))

    bench.deliver(delivery(None, mode=Mode.VOID))

    assert bench.gateways == ["", "second", "third"]


def test_a_reply_counts_only_from_the_gateway_that_was_asked() -> None:
    bench = Bench(routes=BEHIND_TWO)
    bench.deliver(delivery(alert(accounts=("DU2",))))
    bench.gateways[0] = "third"

    bench.reply(0)

    assert bench.last.kind is AckKind.RECEIVED


def test_a_silent_gateway_is_named() -> None:
    bench = Bench(routes=BEHIND_TWO)
    bench.deliver(delivery(alert()))
    bench.reply(0)
    bench.clock.elapsed_s = GATEWAY_TIMEOUT_S + 0.1

    bench.executor.tick()

    handed_back = next(ack for ack in bench.acks if ack.kind is AckKind.RETRY)
    assert handed_back.detail.startswith("gateway 'second' did not answer")


def test_what_cannot_be_planned_is_voided_at_the_gateway_and_rejected_with_the_reason() -> None:
    bench = Bench()
    bench.deliver(delivery(alert(route="unknown")))
    assert bench.commands[0].mode is Mode.VOID

    bench.reply(0, Outcome.VOIDED)

    assert bench.last.outcome is Outcome.REJECTED
    assert "route 'unknown'" in bench.last.detail


def test_an_alert_that_cannot_be_planned_but_was_ordered_before_is_told_as_ordered() -> None:
    bench = Bench()
    bench.deliver(delivery(alert(route="unknown")))

    bench.reply(0, Outcome.ACCEPTED)

    assert bench.last.outcome is Outcome.ACCEPTED


def test_an_unreadable_alert_is_voided_and_rejected() -> None:
    bench = Bench()
    message = codec.to_message(delivery(alert()))
    message.alert.action = 99
    bench.executor.take_delivery(message.SerializeToString())
    bench.reply(0, Outcome.VOIDED)

    assert bench.last.outcome is Outcome.REJECTED
    assert "Alert.action was 99" in bench.last.detail


def test_a_newer_schema_is_handed_back_not_guessed() -> None:
    bench = Bench()
    message = codec.to_message(delivery(alert()))
    message.schema_version = 2
    bench.executor.take_delivery(message.SerializeToString())

    assert bench.last.kind is AckKind.RETRY
    assert bench.commands == []


@pytest.mark.parametrize("frame", [b"", b"\x00", b"{}", b"\xff" * 100])
def test_garbage_on_either_socket_is_survived(frame: bytes) -> None:
    bench = Bench()
    bench.executor.take_delivery(frame)
    bench.executor.take_reply("", frame)

    bench.deliver(delivery(alert()))
    bench.reply(0)

    assert bench.last.kind is AckKind.DECIDED


def test_a_reply_nobody_waits_for_is_ignored() -> None:
    bench = Bench()
    bench.deliver(delivery(alert()))
    bench.reply(0)
    count = len(bench.acks)

    bench.reply(0)

    assert len(bench.acks) == count


def test_a_void_that_overtakes_its_alert_is_answered_and_nothing_breaks() -> None:
    bench = Bench()
    bench.deliver(delivery(alert(), attempt=5))
    bench.deliver(delivery(None, mode=Mode.VOID, attempt=6))
    bench.reply(0)
    assert bench.last.kind is AckKind.RECEIVED

    bench.reply(1)

    assert (bench.last.kind, bench.last.outcome) == (AckKind.DECIDED, Outcome.ACCEPTED)
    assert bench.executor.in_hand == 0
