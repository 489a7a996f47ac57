"""What goes into the desk and what comes out of it, beside the broker's messages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from alertwire.journal.reaches import Reached
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.control import ControlRequest, Halt, StrategyHolding
from alertwire.wire.report import Fill, OrderState
from gateway.messages import Contract
from gateway.pacer import Priority
from gateway.records import CommandRecord, Fence, FillRecord, OrderRecord, OrderStep
from gateway.tickets import Ticket


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command, with what the ledger holds about it that the desk did not have in memory."""

    command: OrderCommand
    reply_to: bytes
    fence: Fence | None = None
    recorded: tuple[CommandRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class ControlReceived:
    """A person asks something; `recorded` is the command asked about, where memory lacks it."""

    request: ControlRequest
    reply_to: tuple[bytes, ...]
    recorded: tuple[CommandRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Effect: answer a person, with the status as it is after the turn."""

    reply_to: tuple[bytes, ...]
    error: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Released:
    """It is this command's turn to send."""

    command_id: str


@dataclass(frozen=True, slots=True)
class OrderSent:
    """An order's bytes were handed to the socket."""

    order_ref: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderNotSent:
    """An order could not be handed to the socket; the broker cannot have it."""

    order_ref: str


@dataclass(frozen=True, slots=True)
class CancelSent:
    order_ref: str


@dataclass(frozen=True, slots=True)
class OrdersLoaded:
    """Orders from the ledger that a message of the broker is about."""

    orders: tuple[OrderRecord, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Release:
    """Effect: send `Released` when it is the command's turn."""

    command_id: str


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Effect: ask the broker to cancel."""

    order_ref: str
    order_id: int


@dataclass(frozen=True, slots=True)
class QueryContract:
    """Effect: ask the broker which contracts match."""

    key: object
    contract: Contract


@dataclass(frozen=True, slots=True)
class QueryQuote:
    """Effect: ask the broker what a contract costs."""

    contract: Contract


@dataclass(frozen=True, slots=True)
class QueryFunds:
    """Effect: ask the broker what the accounts are worth."""


Query = QueryContract | QueryQuote | QueryFunds
Request = Release | CancelOrder | Query


@dataclass(frozen=True, slots=True)
class Placement:
    """Effect: send this order, once everything is committed."""

    contract: Contract
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """Effect: report an order as it was then, for a turn may change it again."""

    order: OrderRecord
    state: OrderState
    filled: Decimal
    average_price: Decimal | None
    fill: Fill | None = None
    code: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Effect: a log line. An alarm is for a person."""

    event: str
    fields: dict[str, Any]
    is_alarm: bool = False


@dataclass(slots=True)
class Effects:
    """All that a turn asks for. Commit first, then place, then reply, then report and log."""

    commands: dict[str, CommandRecord] = field(default_factory=dict)
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    fills: dict[str, FillRecord] = field(default_factory=dict)
    corrected: list[str] = field(default_factory=list)
    """Execution ids that a correction replaced."""
    holdings: dict[tuple[str, str, int], StrategyHolding] = field(default_factory=dict)
    """What strategies hold now, by account, strategy and contract; they change with fills alone."""
    fences: dict[tuple[str, str], Fence] = field(default_factory=dict)
    halts: dict[tuple[str, str], Halt | None] = field(default_factory=dict)
    """By account and strategy; None: it ends."""
    reaches: tuple[Reached, ...] = ()
    """What flattens that are seen for the first time are about."""
    placements: list[Placement] = field(default_factory=list)
    requests: list[tuple[Priority, Request]] = field(default_factory=list)
    replies: list[tuple[bytes, CommandReply]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    reports: list[OrderChanged] = field(default_factory=list)
    steps: list[OrderStep] = field(default_factory=list)
    """History for people: kept with the next commit, not worth one of its own."""
    notes: list[Note] = field(default_factory=list)
    ended: list[OrderRecord] = field(default_factory=list)
    """Orders that the broker's library need not remember."""
    decided: list[CommandRecord] = field(default_factory=list)
    drifts: int | None = None
    """Contracts in which strategies and account differ; None: not compared."""
    inquire: bool = False
    """Ask the broker for its lists, and drop a connection that does not answer."""
    hang_up: str = ""
    """End the connection, for this reason, and make it anew."""

    @property
    def is_durable(self) -> bool:
        """True if there is something to commit."""
        written = (self.commands, self.orders, self.fills, self.corrected, self.fences, self.halts)
        return any(written) or bool(self.reaches)

    def report(
        self,
        order: OrderRecord,
        at: datetime,
        fill: Fill | None = None,
        code: int = 0,
        detail: str = "",
    ) -> None:
        """Tell subscribers of a change, and keep it in the order's history."""
        self.reports.append(
            OrderChanged(order, order.state, order.filled, order.average_price, fill, code, detail)
        )
        self.step(order, at, code, detail or _words(fill))

    def step(self, order: OrderRecord, at: datetime, code: int = 0, detail: str = "") -> None:
        """Keep a line of the order's history."""
        self.steps.append(OrderStep(order.order_ref, at, order.state, order.filled, code, detail))

    def note(self, event: str, **fields: Any) -> None:
        self.notes.append(Note(event, fields))

    def alarm(self, event: str, **fields: Any) -> None:
        self.notes.append(Note(event, fields, is_alarm=True))


def _words(fill: Fill | None) -> str:
    if fill is None:
        return ""
    if fill.commission is not None:
        return f"commission {fill.commission:f} {fill.commission_currency}"
    return f"filled {fill.quantity:f} at {fill.price:f}, execution {fill.execution_id}"


Handler = Callable[[Any, datetime, Effects], None]


def each(*handlers: Handler) -> Handler:
    """Let several hear of one event, in this order."""

    def handle(event: Any, now: datetime, effects: Effects) -> None:
        for one in handlers:
            one(event, now, effects)

    return handle
