"""The executor's side of the delivery protocol: frames in, frames to send out, no sockets.

Delivery → RECEIVED → commands → replies → DECIDED, or RETRY when the gateway cannot be reached or
stays silent. Nothing here needs to survive: what is forgotten is delivered again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from alertwire.clock import Clock
from alertwire.logs import Logger
from alertwire.routes import Routes
from alertwire.wire import codec
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import (
    Ack,
    AckKind,
    CommandOutcome,
    Delivery,
    Mode,
    Outcome,
    Stage,
)
from consumer.plan import DEFAULT_GATEWAY, Planned, Refused, plan, void

SLOTS: Final = 64
"""Deliveries in hand at the same time."""
HEARTBEAT_S: Final = 0.5
UNHEARD_S: Final = 0.05
"""Until a heartbeat that nobody could take is tried again: the producer gives nothing to an
executor that it has not heard."""
GATEWAY_TIMEOUT_S: Final = 8.0
"""Silence of the gateway after which an alert is handed back; below the dispatcher's 10 s, so that
it counts as RETRY and not as a poisoned alert."""

_TELLING: Final = (
    Outcome.UNKNOWN,
    Outcome.ACCEPTED,
    Outcome.REJECTED,
    Outcome.EXPIRED,
    Outcome.VOIDED,
)
"""Of several commands' outcomes the first in this order is the alert's."""


Address = tuple[str, str]
"""A gateway's name and a command's id: a VOID has the same id at each gateway."""


@dataclass(slots=True)
class _Work:
    """A delivery in hand and the replies to its commands."""

    delivery: Delivery
    sent: dict[Address, OrderCommand]
    deadline_s: float
    refusal: str = ""
    replies: dict[Address, CommandReply] = field(default_factory=dict)


class Executor:
    """All deliveries in hand.

    `send_command` takes a gateway's name and returns False where that cannot be reached.
    """

    def __init__(
        self,
        executor_id: str,
        routes: Routes,
        clock: Clock,
        logger: Logger,
        *,
        send_ack: Callable[[Ack], bool],
        send_command: Callable[[str, OrderCommand], bool],
    ) -> None:
        self._id = executor_id
        self._routes = routes
        self._clock = clock
        self._log = logger
        self._send_ack = send_ack
        self._send_command = send_command
        self._in_hand: dict[str, _Work] = {}
        self._by_address: dict[Address, str] = {}
        self._next_heartbeat_s = 0.0
        self.is_stopping = False

    def use(self, routes: Routes) -> None:
        """Plan with these routes from now on; what is in hand keeps its commands."""
        self._routes = routes

    def stop(self) -> None:
        """Take no more: heartbeats say that no slot is free, the first at once."""
        self.is_stopping = True
        self._next_heartbeat_s = 0.0
        self.tick()

    @property
    def in_hand(self) -> int:
        return len(self._in_hand)

    def take_delivery(self, frame: bytes) -> None:
        """Take one frame of the PULL socket."""
        refusal = ""
        try:
            delivery = codec.decode(Delivery, frame)
        except codec.UnreadableAlert as error:
            delivery, refusal = error.envelope, f"the alert cannot be read: {error}"
        except codec.UnsupportedVersion as error:
            self._log.error("delivery_version_unknown", alert_id=error.alert_id, reason=str(error))
            if error.alert_id:
                self._retry(error.alert_id, error.attempt, str(error))
            return
        except codec.DecodeError as error:
            self._log.error("delivery_unreadable", reason=str(error), size_bytes=len(frame))
            return
        delivery = replace(delivery, trace=delivery.trace.stamped(Stage.PULLED, self._clock.now()))
        self._ack(AckKind.RECEIVED, delivery.alert_id, delivery.attempt)
        self._start(delivery, refusal)

    def take_reply(self, gateway: str, frame: bytes) -> None:
        """Take one frame of the DEALER socket that is connected to this gateway."""
        try:
            reply = codec.decode(CommandReply, frame)
        except codec.DecodeError as error:
            self._log.error("reply_unreadable", reason=str(error), size_bytes=len(frame))
            return
        address = gateway, reply.command_id
        alert_id = self._by_address.get(address)
        if alert_id is None:
            # Answered twice, or after it was handed back: the next delivery asks again.
            self._log.debug("reply_unexpected", command_id=reply.command_id)
            return
        work = self._in_hand[alert_id]
        if not reply.decided or reply.outcome is None:
            self._forget(work)
            self._retry(alert_id, work.delivery.attempt, reply.detail)
            return
        work.replies[address] = reply
        if len(work.replies) == len(work.sent):
            self._forget(work)
            self._decide(work)

    def tick(self) -> None:
        """Do what is due by the clock: heartbeats, and alerts that the gateway left unanswered."""
        now_s = self._clock.monotonic_s()
        for work in [w for w in self._in_hand.values() if w.deadline_s <= now_s]:
            self._forget(work)
            silent = dict.fromkeys(gateway for gateway, _ in work.sent.keys() - work.replies.keys())
            names = ", ".join(sorted(map(_named, silent)))
            self._log.warning("gateway_silent", alert_id=work.delivery.alert_id, gateways=names)
            self._retry(
                work.delivery.alert_id,
                work.delivery.attempt,
                f"{names} did not answer within {GATEWAY_TIMEOUT_S:g} s",
            )
        if now_s >= self._next_heartbeat_s:
            is_heard = self._ack(AckKind.HEARTBEAT)
            self._next_heartbeat_s = now_s + (HEARTBEAT_S if is_heard else UNHEARD_S)

    def next_tick_s(self) -> float:
        """Return the seconds until `tick` is due."""
        return max(0.0, self._next_heartbeat_s - self._clock.monotonic_s())

    def _start(self, delivery: Delivery, refusal: str) -> None:
        if held := self._in_hand.get(delivery.alert_id):
            # The gateway answers both; what the first one was asked no longer matters.
            self._forget(held)
        planned, refusal = self._planned(delivery, refusal)
        now = self._clock.now()
        sent = {
            (gateway, command.command_id): replace(
                command, trace=command.trace.stamped(Stage.COMMANDED, now)
            )
            for gateway, command in zip(planned.gateways, planned.commands, strict=True)
        }
        work = _Work(delivery, sent, self._clock.monotonic_s() + GATEWAY_TIMEOUT_S, refusal)
        self._in_hand[delivery.alert_id] = work
        self._by_address |= dict.fromkeys(sent, delivery.alert_id)
        # To every gateway that can be reached: one that cannot holds up nobody else's orders.
        missed = {
            gateway for (gateway, _), each in sent.items() if not self._send_command(gateway, each)
        }
        if missed:
            self._forget(work)
            names = ", ".join(sorted(map(_named, missed)))
            self._retry(delivery.alert_id, delivery.attempt, f"{names} cannot be reached")
            return
        self._log.info(
            "commands_sent",
            alert_id=delivery.alert_id,
            attempt=delivery.attempt,
            mode=delivery.mode.name,
            commands=len(sent),
            **({"refusal": refusal} if refusal else {}),
        )

    def _planned(self, delivery: Delivery, refusal: str) -> tuple[Planned, str]:
        """Plan; what cannot be planned is voided, for only the gateway may say that it is over."""
        if delivery.mode is Mode.VOID or refusal or delivery.alert is None:
            return void(delivery, self._routes), refusal
        planned = plan(delivery, delivery.alert, self._routes)
        if isinstance(planned, Refused):
            return void(delivery, self._routes), planned.reason
        return planned, ""

    def _decide(self, work: _Work) -> None:
        replies = [work.replies[address] for address in work.sent]
        outcomes = {reply.outcome for reply in replies}
        outcome = next(telling for telling in _TELLING if telling in outcomes)
        details = [reply.detail for reply in replies if reply.detail]
        if work.refusal and outcome is Outcome.VOIDED:
            outcome, details = Outcome.REJECTED, [work.refusal]
        self._ack(
            AckKind.DECIDED,
            work.delivery.alert_id,
            work.delivery.attempt,
            outcome=outcome,
            detail="; ".join(dict.fromkeys(details)),
            commands=tuple(
                CommandOutcome(
                    command_id=reply.command_id,
                    account=reply.account,
                    outcome=reply.outcome,
                    detail=reply.detail,
                )
                for reply in replies
                if reply.outcome is not None
            ),
            trace=replies[-1].trace,
        )
        self._log.info("alert_decided", alert_id=work.delivery.alert_id, outcome=outcome.name)

    def _forget(self, work: _Work) -> None:
        self._in_hand.pop(work.delivery.alert_id, None)
        for address in work.sent:
            self._by_address.pop(address, None)

    def _retry(self, alert_id: str, attempt: int, detail: str) -> None:
        self._ack(AckKind.RETRY, alert_id, attempt, detail=detail)
        self._log.info("alert_handed_back", alert_id=alert_id, attempt=attempt, reason=detail)

    def _ack(self, kind: AckKind, alert_id: str = "", attempt: int = 0, **said: object) -> bool:
        """Tell the producer; False where that could not be."""
        free = 0 if self.is_stopping else max(0, SLOTS - len(self._in_hand))
        ack = Ack(
            kind=kind,
            executor_id=self._id,
            alert_id=alert_id,
            attempt=attempt,
            free_slots=free,
            **said,  # type: ignore[arg-type]
        )
        # An ack that cannot leave is not kept: the producer asks again.
        is_sent = self._send_ack(ack)
        if not is_sent and kind is not AckKind.HEARTBEAT:
            self._log.warning("ack_not_sent", alert_id=alert_id, kind=kind.name)
        return is_sent


def _named(gateway: str) -> str:
    return "the gateway" if gateway == DEFAULT_GATEWAY else f"gateway {gateway!r}"
