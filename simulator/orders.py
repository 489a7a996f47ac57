"""Orders: the terms a client sends, the state the simulator keeps, the words for both."""

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from simulator.contracts import Contract


class Status(StrEnum):
    """TWS API: values of orderStatus. Lost is the simulator's own, seen in its book only."""

    PENDING_SUBMIT = "PendingSubmit"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    INACTIVE = "Inactive"
    LOST = "Lost"


DONE = frozenset({Status.FILLED, Status.CANCELLED, Status.INACTIVE, Status.LOST})


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client asks for, in the client's words; unset numbers are None."""

    action: str
    quantity: Decimal
    order_type: str
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tif: str = "DAY"
    oca_group: str = ""
    account: str = ""
    open_close: str = ""
    origin: int = 0
    order_ref: str = ""
    transmit: bool = True
    parent_id: int = 0
    display_size: int | None = None
    trigger_method: int = 0
    outside_rth: bool = False
    hidden: bool = False
    discretionary_amount: Decimal | None = None
    good_after_time: str = ""
    good_till_date: str = ""
    model_code: str = ""
    oca_type: int = 0
    rule_80a: str = ""
    all_or_none: bool = False
    min_quantity: int | None = None
    trail_stop_price: Decimal | None = None
    trailing_percent: Decimal | None = None
    limit_price_offset: Decimal | None = None
    algo_strategy: str = ""
    algo_parameters: tuple[tuple[str, str], ...] = ()
    cash_quantity: Decimal | None = None
    is_what_if: bool = False
    condition_count: int = 0
    adjusted_order_type: str = ""
    trigger_price: Decimal | None = None
    adjusted_stop_price: Decimal | None = None
    adjusted_trailing_amount: Decimal | None = None
    adjustable_trailing_unit: int = 0

    @property
    def is_buy(self) -> bool:
        return self.action == "BUY"

    def units_at(self, price: Decimal, increment: Decimal) -> Decimal:
        """Return the quantity: as it was asked for, or as much as the cash buys at a price."""
        if self.quantity or self.cash_quantity is None:
            return self.quantity
        return (self.cash_quantity / price / increment).to_integral_value(ROUND_DOWN) * increment


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution; `revision` counts corrections of it.

    TWS API: a correction carries the same execId but for the part after the last period.
    """

    stem: str
    revision: int
    time: float
    quantity: Decimal
    price: Decimal
    cumulative: Decimal
    average: Decimal
    commission: Decimal
    realized_pnl: Decimal | None
    exchange: str
    liquidity: int

    @property
    def execution_id(self) -> str:
        return f"{self.stem}.{self.revision:02}"


@dataclass(slots=True, eq=False)
class Order:
    """An order in the simulator's book, from its acceptance to its end."""

    terms: Terms
    contract: Contract
    client_id: int
    order_id: int
    permanent_id: int
    sequence: int
    received_at: float
    status: Status = Status.PENDING_SUBMIT
    filled: Decimal = Decimal(0)
    fill_value: Decimal = Decimal(0)
    fills: list[Fill] = field(default_factory=list)
    why_held: str = ""
    reason: str = ""
    is_transmitted: bool = False
    is_acknowledged: bool = False
    # Waiting for the parent's complete fill, an auction, or a moment.
    is_active: bool = False
    is_triggered: bool = False
    # Decided by the book, its execution on the way.
    is_matched: bool = False
    stop_price: Decimal | None = None
    limit_price: Decimal | None = None
    oca_key: str = ""
    oca_type: int = 0
    # Quantity as the client asked, or as its cash buys, less what an OCA sibling's fill took away.
    quantity: Decimal = Decimal(0)
    auction: str = ""
    starts_at: float = 0.0
    expires_at: float | None = None
    done_at: float = 0.0
    commission: Decimal = Decimal(0)
    # How often a later placeOrder with its id changed it.
    changes: int = 0

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.filled

    @property
    def average_price(self) -> Decimal:
        return self.fill_value / self.filled if self.filled else Decimal(0)

    @property
    def last_fill_price(self) -> Decimal:
        return self.fills[-1].price if self.fills else Decimal(0)

    @property
    def is_done(self) -> bool:
        return self.status in DONE

    @property
    def key(self) -> tuple[int, int]:
        return self.client_id, self.order_id

    def lose(self, now: float) -> None:
        """End as an order no broker remembers."""
        self.status = Status.LOST
        self.done_at = now
