"""What the ledger keeps and the desk works on: commands, orders, fills, fences.

The desk changes a record and names it in its effects; the ledger then writes the record's row.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from alertwire.wire.alert import Action, Instrument, OrderType, Scope
from alertwire.wire.command import OrderCommand
from alertwire.wire.control import VOUCHED
from alertwire.wire.delivery import Outcome, Stage, Trace
from alertwire.wire.report import Fill, OrderRole, OrderState, Side
from gateway.errors import NOT_THERE
from gateway.tickets import Ticket

OPERATOR: Final = "operator"
"""Stream of the commands by which a person closes, over contracts or of one strategy."""
NEVER_REACHED: Final = "never reached the broker"
"""Detail of an order that ended before the broker could know of it."""
DENIED: Final = "resolved by a person: the broker does not have it"


@dataclass(frozen=True, slots=True)
class Fence:
    """The highest sequence number taken of a key; a void one lets not even its siblings through."""

    seq: int
    is_void: bool = False


@dataclass(slots=True)
class CommandRecord:
    """A command from when it was taken to its outcome; `outcome` None is INTENT."""

    command: OrderCommand
    account: str
    taken_at: datetime
    trace: Trace
    outcome: Outcome | None = None
    detail: str = ""
    decided_at: datetime | None = None
    contract_id: int = 0
    """The contract that it is about; 0: nobody asked for it."""
    is_kept: bool = False
    """It has a row in the ledger: from INTENT on."""
    order_refs: list[str] = field(default_factory=list)
    reply_to: list[bytes] = field(default_factory=list)
    deadline: datetime | None = None
    """Until when the broker should have said something about its orders."""
    hold_until: datetime | None = None
    """Until when it waits for market orders under way to end."""
    clears_since: datetime | None = None
    """Since when it waits for protective orders to make way."""
    cleared_refs: set[str] = field(default_factory=set)
    """Protective orders that were asked to make way for it."""
    first_refs: tuple[str, ...] | None = None
    """Orders that are cancelled before it trades, so they count as gone; None: not looked for."""
    first_until: datetime | None = None
    """Until when those must have ended."""
    reaches_until: datetime | None = None
    """Orders that were made after it are none of its business; None: all are."""
    is_interrupted: bool = False
    """A process died while it was carried out: what it asked for is not all in memory."""
    takes_last_contract: bool = False
    """The broker tells no contract today: a close is about the one that was told before."""
    is_queued: bool = False
    """It waits for its turn at the pacer."""
    was_refused: bool = False
    """It was ACCEPTED, and the broker refused or cancelled the order after all."""
    ordered: Decimal | None = None
    """Units that its order asked the broker for; None: no order of it told."""

    def stamp(self, stage: Stage, at: datetime) -> None:
        self.trace = self.trace.stamped(stage, at)


@dataclass(slots=True)
class FillRecord:
    """One execution. A correction has the same stem and replaces it."""

    execution_id: str
    order_ref: str
    quantity: Decimal
    price: Decimal
    at: datetime
    commission: Decimal | None = None
    commission_currency: str = ""
    is_kept: bool = False

    @property
    def told(self) -> Fill:
        """The fill as it is reported."""
        return Fill(
            execution_id=self.execution_id,
            quantity=self.quantity,
            price=self.price,
            at=self.at,
            commission=self.commission,
            commission_currency=self.commission_currency,
        )


@dataclass(slots=True)
class OrderRecord:
    """An order at the broker, or on its way there."""

    order_ref: str
    command_id: str
    alert_id: str
    account: str
    strategy: str
    strategy_order_id: str
    client_id: int
    order_id: int
    contract_id: int
    symbol: str
    local_symbol: str
    instrument: Instrument
    traceparent: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    created_at: datetime
    updated_at: datetime
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    state: OrderState = OrderState.INTENT
    perm_id: int = 0
    code: int = 0
    detail: str = ""
    fills: dict[str, FillRecord] = field(default_factory=dict)
    """By the stem of their execution ids."""
    told_filled: Decimal = ZERO
    """What orderStatus said, for brokers that tell no executions."""
    told_price: Decimal | None = None
    cancel_asked_at: datetime | None = None
    """When we last wanted it cancelled; None: never."""
    taken_back_at: datetime | None = None
    """When we did so by ourselves, for it had lost its protection: no trader wished it."""
    route: str = ""
    stream_id: str = ""
    action: Action | None = None
    """What its command asked for."""
    scope: Scope | None = None
    """How far its command reaches."""
    is_kept: bool = False
    cancel_is_pending: bool = False
    """The broker has a cancel of it in hand."""
    is_sent: bool = False
    """False only where this process knows that no byte of it reached the socket."""
    role: OrderRole = OrderRole.MAIN
    parent_ref: str = ""
    """The entry that it is attached to; empty: none."""
    is_entry: bool = False
    """It could make a position larger when it was sent."""
    ticket: Ticket | None = None
    """What was last asked of the broker; None: made before that was kept."""
    asked: Ticket | None = None
    """As it was before a change that the broker has not confirmed; None: none is under way."""
    told_at: datetime | None = None
    """When the broker last told its terms to this process."""
    trail_stop_price: Decimal | None = None
    """Where a trailing stop was then; in memory alone."""
    exchange: str = ""
    """Where the broker said then that it works; in memory alone."""

    @property
    def cash(self) -> Decimal | None:
        """What it spends, where it went out as an amount of cash: then `quantity` is expected."""
        return None if self.ticket is None else self.ticket.cash

    @property
    def is_leg(self) -> bool:
        """It protects a position and opens none."""
        return self.role is not OrderRole.MAIN

    @property
    def is_lost(self) -> bool:
        """Only a person can tell whether the broker has it, and none has."""
        return self.state is OrderState.UNKNOWN and self.detail != VOUCHED

    @property
    def is_vouched(self) -> bool:
        """A person says that the broker has it, and the broker has not said so yet."""
        return self.state is OrderState.UNKNOWN and self.detail == VOUCHED

    @property
    def is_denied(self) -> bool:
        """A person says that the broker does not have it, and nothing has contradicted that."""
        return self.state is OrderState.CANCELLED and self.detail == DENIED

    @property
    def is_absent(self) -> bool:
        """The broker lists it nowhere, and had nothing to cancel under its id."""
        return self.state is OrderState.UNKNOWN and self.code in NOT_THERE

    @property
    def has_failed(self) -> bool:
        """It ended with nothing filled, by no trader's wish: what it was to open is not there."""
        wished_at = None if self.taken_back_at else self.cancel_asked_at
        return has_failed(self.state, self.filled, wished_at, self.detail)

    @property
    def filled(self) -> Decimal:
        """Units filled, by executions or by statuses, whichever is more."""
        if not self.fills:
            return self.told_filled
        return max(sum((fill.quantity for fill in self.fills.values()), ZERO), self.told_filled)

    @property
    def remaining(self) -> Decimal:
        """Units that may still fill."""
        return max(self.quantity - self.filled, ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of what is filled; None while nothing is."""
        units = sum((fill.quantity for fill in self.fills.values()), ZERO)
        if not units or units < self.told_filled:
            return self.told_price
        value = sum((fill.quantity * fill.price for fill in self.fills.values()), ZERO)
        return round(value / units, 8)

    @property
    def signed(self) -> int:
        """1 for a buy, -1 for a sell."""
        return 1 if self.side is Side.BUY else -1


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One line of an order's history: how it stood after something happened to it."""

    order_ref: str
    at: datetime
    state: OrderState
    filled: Decimal
    code: int = 0
    detail: str = ""


def has_failed(state: OrderState, filled: Decimal, wished_at: datetime | None, detail: str) -> bool:
    """Tell whether an order that stands so ended with nothing filled, and by no trader's wish.

    `wished_at`: when a trader last wanted it cancelled.
    """
    is_cancelled = state is OrderState.CANCELLED and detail != NEVER_REACHED
    is_gone = is_cancelled and wished_at is None
    return not filled and (is_gone or state is OrderState.REJECTED)


def execution_stem(execution_id: str) -> str:
    """Cut the revision off an execution id: corrections differ only after the last period."""
    return execution_id.rpartition(".")[0] or execution_id
