"""An order in the book of the made-up TWS."""

from dataclasses import dataclass
from decimal import Decimal

from alertwire.wire.alert import OrderType
from alertwire.wire.report import Side
from gateway.messages import Contract
from gateway.tickets import Ticket

LIVE = {"PreSubmitted", "Submitted"}


@dataclass(eq=False, slots=True)
class Placed:
    """An order in the book."""

    order_id: int
    ref: str
    account: str
    contract: Contract
    side: Side
    quantity: Decimal
    type: OrderType
    status: str = "PreSubmitted"
    filled: Decimal = Decimal(0)
    is_held: bool = False
    """TWS had no link when it came: IB does not have it."""
    is_forgotten: bool = False
    """It ended unfilled before a restart: no list names it any more."""
    is_quiet: bool = False
    """Nothing is ever told about it unless asked."""
    ticket: Ticket | None = None
    is_transmitted: bool = True
    """False: TWS holds it for its family, lists it nowhere, and forgets it at its end."""

    @property
    def perm_id(self) -> int:
        return 9000 + self.order_id

    @property
    def is_live(self) -> bool:
        return self.status in LIVE
