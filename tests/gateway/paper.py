"""A broker made of paper: what TWS knows, and what it would list."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from alertwire.wire.report import Side
from gateway import messages
from gateway.messages import (
    CompletedOrder,
    Evidence,
    Execution,
    OpenOrder,
    PositionUpdate,
)
from gateway.tickets import Ticket
from tests.gateway.build import AAPL_CANDIDATE, AAPL_CONTRACT, ACCOUNT


@dataclass
class PaperOrder:
    order_id: int
    ref: str
    side: Side
    quantity: Decimal
    status: str = "Submitted"
    filled: Decimal = Decimal(0)
    parent_id: int = 0
    transmit: bool = True
    limit_price: Decimal | None = None
    aux_price: Decimal | None = None
    tws_type: str = ""
    trail_percent: Decimal | None = None
    trail_stop_price: Decimal | None = None

    def opened(self) -> OpenOrder:
        return OpenOrder(
            order_id=self.order_id,
            client_id=1,
            perm_id=9000 + self.order_id,
            order_ref=self.ref,
            status=self.status,
            quantity=self.quantity,
            limit_price=self.limit_price,
            aux_price=self.aux_price,
            tws_type=self.tws_type,
            trail_percent=self.trail_percent,
            trail_stop_price=self.trail_stop_price,
        )


@dataclass
class PaperBroker:
    """What TWS knows. `placed` is every order that ever reached it, in order."""

    accounts: tuple[str, ...] = (ACCOUNT,)
    placed: list[PaperOrder] = field(default_factory=list)
    cancels: list[int] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    candidates: tuple[messages.Candidate, ...] = (AAPL_CANDIDATE,)
    highest_id: int = 0
    """What was placed and then hidden from the lists still used its id up."""

    hidden: list[PaperOrder] = field(default_factory=list)

    def hide(self, order_id: int) -> PaperOrder:
        """Take an order out of all lists, as if the broker had it and told nobody."""
        order = self.by_id(order_id)
        self.placed.remove(order)
        self.hidden.append(order)
        self.highest_id = max(self.highest_id, order_id)
        return order

    def never_got(self, order_id: int) -> None:
        """Let it be as if an order's bytes had never arrived."""
        self.placed.remove(self.by_id(order_id))

    def take(self, ticket: Ticket) -> None:
        """Take a new order, or change the one that has its id."""
        order = PaperOrder(
            ticket.order_id,
            ticket.order_ref,
            ticket.side,
            ticket.quantity,
            parent_id=ticket.parent_id,
            transmit=ticket.transmit,
            limit_price=ticket.limit_price,
            aux_price=ticket.aux_price,
            tws_type=ticket.tws_type,
            trail_percent=ticket.trail_percent,
            trail_stop_price=ticket.trail_stop_price,
        )
        known = [one for one in self.placed if one.order_id == ticket.order_id]
        if known:
            known[0].quantity = ticket.quantity
            known[0].limit_price, known[0].aux_price = ticket.limit_price, ticket.aux_price
            known[0].tws_type, known[0].trail_percent = ticket.tws_type, ticket.trail_percent
            known[0].trail_stop_price = ticket.trail_stop_price
        else:
            self.placed.append(order)

    def is_held(self, order: PaperOrder) -> bool:
        """True while no order of the family let it go; TWS lists none of those."""
        root = order.parent_id or order.order_id
        family = [o for o in self.placed if root in {o.order_id, o.parent_id}]
        return not any(o.transmit for o in family)

    def by_id(self, order_id: int) -> PaperOrder:
        return next(order for order in self.placed if order.order_id == order_id)

    def fill(self, order: PaperOrder, quantity: Decimal, now: datetime) -> Execution:
        order.filled += quantity
        if order.filled >= order.quantity:
            order.status = "Filled"
        execution = Execution(
            execution_id=f"{len(self.executions):04d}.01",
            order_id=order.order_id,
            client_id=1,
            perm_id=9000 + order.order_id,
            order_ref=order.ref,
            account=ACCOUNT,
            contract_id=AAPL_CONTRACT.contract_id,
            symbol="AAPL",
            side=order.side,
            quantity=quantity,
            price=Decimal(200),
            at=now,
        )
        self.executions.append(execution)
        return execution

    @property
    def position(self) -> Decimal:
        return sum((o.filled if o.side is Side.BUY else -o.filled for o in self.placed), Decimal(0))

    def evidence(self) -> Evidence:
        return Evidence(
            open_orders=tuple(
                o.opened()
                for o in self.placed
                if o.status not in {"Filled", "Cancelled"} and not self.is_held(o)
            ),
            completed=tuple(
                CompletedOrder(
                    perm_id=9000 + o.order_id, order_ref=o.ref, status=o.status, filled=o.filled
                )
                for o in self.placed
                if o.status in {"Filled", "Cancelled"}
            ),
            executions=tuple(self.executions),
        )

    def snapshot(self) -> tuple[PositionUpdate, ...]:
        return (
            PositionUpdate(
                account=ACCOUNT,
                contract=AAPL_CONTRACT,
                quantity=self.position,
                average_cost=Decimal(200),
            ),
        )
