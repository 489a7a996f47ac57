"""Delivery and ack. Fields are described in proto/alertwire/v1/delivery.proto."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from alertwire.wire.alert import Alert


class Stage(Enum):
    RECEIVED = 1
    JOURNALED = 2
    PUSHED = 3
    PULLED = 4
    COMMANDED = 5
    TAKEN = 6
    INTENDED = 7
    PLACED = 8
    ACKNOWLEDGED = 9


class Mode(Enum):
    EXECUTE = 1
    VOID = 2


class AckKind(Enum):
    RECEIVED = 1
    DECIDED = 2
    RETRY = 3
    HEARTBEAT = 4


class Outcome(Enum):
    ACCEPTED = 1
    REJECTED = 2
    EXPIRED = 3
    VOIDED = 4
    UNKNOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    stage: Stage
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    traceparent: str = ""
    stamps: tuple[Stamp, ...] = ()

    def stamped(self, stage: Stage, at: datetime) -> "Trace":
        return replace(self, stamps=(*self.stamps, Stamp(stage=stage, at=at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    stream_id: str
    alert_id: str
    key: str
    seq: int
    attempt: int
    mode: Mode
    not_after: datetime | None = None
    alert: Alert | None = None
    trace: Trace = field(default_factory=Trace)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOutcome:
    command_id: str
    account: str = ""
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    kind: AckKind
    executor_id: str
    alert_id: str = ""
    attempt: int = 0
    outcome: Outcome | None = None
    detail: str = ""
    free_slots: int = 0
    commands: tuple[CommandOutcome, ...] = ()
    trace: Trace = field(default_factory=Trace)
