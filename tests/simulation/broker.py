"""A made-up TWS: its book, its ids, its lists, one connection at a time, and its bad days.

It answers error 103 for an id at or below one that it saw, and tells as `nextValidId` the number
after that: ids that never reached it are given out again.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from alertwire.wire.alert import OrderType
from alertwire.wire.report import OrderRole, Side
from gateway.messages import (
    BrokerError,
    Candidate,
    CompletedOrder,
    Contract,
    ContractQueryFailed,
    ContractsFound,
    Execution,
    OpenOrder,
    OrderStatus,
    PositionUpdate,
)
from gateway.tickets import Ticket
from tests.simulation.consumer import ACCOUNTS
from tests.simulation.line import Hello, Line, Listed
from tests.simulation.placed import Placed

CLIENT = 1
POSITION_LAG_S = 2.0


class Broker:
    def __init__(self, world: Any) -> None:
        self.world = world
        self.dice = world.dice
        self.schedule = world.schedule
        self.book: list[Placed] = []
        self.executions: list[Execution] = []
        self.positions: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        self.shown: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        self.contracts: dict[int, Contract] = {}
        self.last_id = 0
        self.line: Line | None = None
        self.is_up = True
        self.is_linked = True
        self.is_calm = False
        self.mute_until_s = 0.0

    def connect(self, hear: Any) -> Line | str:
        """Open a connection, or say why not."""
        if not self.is_up:
            return "nothing listens"
        if self.line is not None:
            return "client id in use"
        self.line = Line(self.world, self, hear)
        return self.line

    def free(self, line: Line) -> None:
        """Take the client id back."""
        if self.line is line:
            self.line = None

    def kick(self) -> None:
        if self.line is not None:
            self.line.cut()

    def restart(self) -> None:
        """End, and lose what IB never got; its ids are free again."""
        self.is_up = False
        self.kick()
        for order in [o for o in self.book if o.is_held or not o.is_transmitted]:
            self.world.note("broker", "forgets {}", order.ref)
            self.world.oracle.vanished(order)
            self.book.remove(order)
        for order in self.book:
            is_over = not order.is_live and not order.filled
            order.is_forgotten |= is_over
        self.last_id = max((order.order_id for order in self.book), default=0)
        self.is_linked = True

    def set_link(self, is_linked: bool) -> None:
        """Lose IB (1100), or have it back (1102)."""
        if is_linked == self.is_linked:
            return
        self.is_linked = is_linked
        self._say(BrokerError(about=-1, code=1102 if is_linked else 1100, text="link"), True)
        if is_linked:
            for order in [order for order in self.book if order.is_held]:
                order.is_held = False
                if order.is_transmitted:
                    self._begin(order)

    def take(self, line: Line, request: tuple[Any, ...]) -> None:
        """Read one message of the gateway."""
        match request:
            case ("hello",):
                if not self.is_linked:
                    line.tell(BrokerError(about=-1, code=1100, text="link"))
                line.tell(Hello(self.last_id + 1, ACCOUNTS))
            case ("place", contract, ticket):
                self._place(line, contract, ticket)
            case ("cancel", order_id):
                self._cancel(line, order_id)
            case ("list", stage):
                delay_s = 3.0 if stage == "completed" and self._misses() else 0.0
                items = None if delay_s else self._list(stage)
                line.tell_all([*self._aloud(stage, items), Listed(stage, items)], delay_s)
            case ("time",):
                line.tell("the time")
            case ("query", key, contract, candidate):
                self._answer_query(line, key, contract, candidate)

    def settle(self) -> None:
        """Be well from now on, and fill what the market would."""
        self.is_calm = self.is_up = True
        self.mute_until_s = 0.0
        self.set_link(is_linked=True)
        for order in self.book:
            order.is_quiet = False
            if order.is_live and order.type is OrderType.MARKET:
                self.schedule.after(self.world.delay_s(), self._fill, order, order.quantity)

    def _place(self, line: Line, contract: Contract, ticket: Ticket) -> None:
        if self._changes(ticket):
            return
        if ticket.order_id <= self.last_id:
            self.world.note("broker", "103 for {} {}", ticket.order_id, ticket.order_ref)
            line.tell(BrokerError(about=ticket.order_id, code=103, text="Duplicate order id"))
            return
        self.last_id = ticket.order_id
        order = Placed(
            ticket.order_id,
            ticket.order_ref,
            ticket.account,
            contract,
            ticket.side,
            ticket.quantity,
            ticket.type,
            is_held=not self.is_linked,
            is_quiet=not self.is_calm and self.dice.random() < 0.05,
            ticket=ticket,
            is_transmitted=False,
        )
        self.contracts[contract.contract_id] = contract
        self.book.append(order)
        self.world.note(
            "broker",
            "has {} id {} {} {} {}{}",
            order.ref,
            order.order_id,
            order.side.name,
            order.quantity,
            contract.symbol,
            ", held" if order.is_held else "",
        )
        written = self.world.gateway.ledger.orders.get(order.ref)
        is_written = written is not None and written.order_id == order.order_id
        self.world.oracle.placed(order, is_written)
        if ticket.transmit:
            self._transmit(ticket.parent_id or ticket.order_id)

    def _changes(self, ticket: Ticket) -> bool:
        """Take a change of an order that works."""
        order = next((one for one in self.book if one.order_id == ticket.order_id), None)
        if order is None or order.ref != ticket.order_ref or not order.is_live:
            return False
        if not order.is_transmitted or order.is_held:
            return False
        self.world.note("broker", "changes {} to {}", order.ref, ticket.quantity)
        order.quantity, order.ticket = max(ticket.quantity, order.filled), ticket
        self._say(self._open(order))
        return True

    def _family(self, root: int) -> list[Placed]:
        return [o for o in self.book if o.ticket and root in {o.order_id, o.ticket.parent_id}]

    def _transmit(self, root: int) -> None:
        for order in self._family(root):
            if not order.is_transmitted:
                order.is_transmitted = True
                if not order.is_held:
                    self._begin(order)

    def _begin(self, order: Placed) -> None:
        """Decide what becomes of an order."""
        dice, delay_s = self.dice.random(), self.world.delay_s
        if order.ticket is not None and order.ticket.role is not OrderRole.MAIN:
            is_refused = not self.is_calm and dice < 0.03
            self.schedule.after(delay_s(), self._refuse if is_refused else self._acknowledge, order)
            return
        if not self.is_calm and dice < 0.1:
            self.schedule.after(delay_s(), self._refuse, order)
            return
        if dice < 0.9:
            self.schedule.after(delay_s(), self._acknowledge, order)
        is_market = order.type is OrderType.MARKET
        if not self.is_calm and 0.1 < dice < 0.16:
            self.schedule.after(delay_s(), self._end, order)
        elif is_market and dice < 0.3:
            self.schedule.after(delay_s(), self._fill, order, Decimal(1))
            if dice < 0.25 or self.is_calm:
                self.schedule.after(delay_s() + delay_s(), self._fill, order, order.quantity)
        elif (is_market and (dice < 0.96 or self.is_calm)) or dice > 0.7:
            self.schedule.after(delay_s(), self._fill, order, order.quantity)

    def _acknowledge(self, order: Placed) -> None:
        if order.is_live:
            order.status = "Submitted"
            self._say(self._open(order), not order.is_quiet)
            self._status(order)

    def _fill(self, order: Placed, quantity: Decimal) -> None:
        quantity = min(quantity, order.quantity - order.filled)
        if not order.is_live or not quantity:
            return
        order.filled += quantity
        order.status = "Filled" if order.filled == order.quantity else "Submitted"
        execution = Execution(
            execution_id=f"{len(self.executions):04d}.01",
            order_id=order.order_id,
            client_id=CLIENT,
            perm_id=order.perm_id,
            order_ref=order.ref,
            account=order.account,
            contract_id=order.contract.contract_id,
            symbol=order.contract.symbol,
            side=order.side,
            quantity=quantity,
            price=Decimal(200),
            at=self.world.broker_clock.now(),
        )
        self.executions.append(execution)
        self._go_on(order, quantity)
        signed = quantity if order.side is Side.BUY else -quantity
        self.positions[order.account, order.contract.contract_id] += signed
        self.world.note("broker", "fills {} of {}", quantity, order.ref)
        self.world.oracle.moved(order)
        is_told_first = self.dice.random() < 0.5
        if is_told_first:
            self._status(order)
        self._say(execution, not order.is_quiet)
        if not self.is_calm and self.dice.random() < 0.1:
            self._say(execution, not order.is_quiet)
        if not is_told_first:
            self._status(order)
        place = (order.account, order.contract.contract_id)
        self.schedule.after(POSITION_LAG_S * self.dice.random(), self._show, place, signed)

    def _go_on(self, order: Placed, quantity: Decimal) -> None:
        """Wake the legs of an entry that has filled; take a leg's fill off its siblings."""
        ticket = order.ticket
        if ticket is None:
            return
        if ticket.role is OrderRole.MAIN:
            legs = self._family(order.order_id)[1:]
            if order.status == "Filled" and legs and self.dice.random() < 0.4:
                leg = self.dice.choice(legs)
                self.schedule.after(self.world.delay_s(), self._fill, leg, leg.quantity)
            return
        for other in self.book:
            is_sibling = other is not order and other.ticket is not None
            if is_sibling and other.is_live and other.ticket.oca_group == ticket.oca_group:
                other.quantity = max(other.quantity - quantity, other.filled)
                if other.quantity == other.filled:
                    self._end(other)
                else:
                    self._say(self._open(other), not other.is_quiet)

    def _show(self, place: tuple[str, int], signed: Decimal) -> None:
        """Count a fill where positions are told from: later than executions are."""
        self.shown[place] += signed
        self._say(self._position(*place))

    def _refuse(self, order: Placed) -> None:
        if order.is_live and not order.filled:
            order.status = "Inactive"
            self.world.note("broker", "refuses {}", order.ref)
            self._end_legs(order)
            words = [BrokerError(about=order.order_id, code=201, text="no margin")]
            words += [self._word(order, "Cancelled")] if self.dice.random() < 0.5 else []
            self.dice.shuffle(words)
            for word in words:
                self._say(word, not order.is_quiet)

    def _end(self, order: Placed) -> None:
        if order.is_live:
            order.status = "Cancelled"
            self.world.note("broker", "cancels {}", order.ref)
            self._status(order)
            self._end_legs(order)

    def _end_legs(self, order: Placed) -> None:
        if order.ticket is not None and order.ticket.role is OrderRole.MAIN:
            for leg in self._family(order.order_id)[1:]:
                self._end(leg)

    def _cancel(self, line: Line, order_id: int) -> None:
        order = next((one for one in self.book if one.order_id == order_id), None)
        if order is None or order.is_forgotten:
            line.tell(BrokerError(about=order_id, code=10147, text="not found"))
        elif not order.is_live:
            line.tell(BrokerError(about=order_id, code=161, text="not cancellable"))
        else:
            line.tell(BrokerError(about=order_id, code=202, text="cancelled"))
            self._end(order)

    def _answer_query(self, line: Line, key: Any, contract: Contract, found: Candidate) -> None:
        dice = 1.0 if self.is_calm else self.dice.random()
        if dice < 0.05:
            is_final = dice < 0.02
            line.tell(ContractQueryFailed(key=key, reason=contract.symbol, is_final=is_final))
        else:
            line.tell(ContractsFound(key=key, candidates=(found,)))

    def _misses(self) -> bool:
        return not self.is_calm and self.dice.random() < 0.03

    def _list(self, stage: str) -> tuple[Any, ...]:
        # Without its link it may list less than there is.
        known = [o for o in self.book if o.is_transmitted and not o.is_held and not o.is_forgotten]
        lists_less = not self.is_linked and self.dice.random() < 0.5
        match stage:
            case "open":
                return () if lists_less else tuple(self._open(o) for o in known if o.is_live)
            case "completed":
                ended = [order for order in known if not order.is_live]
                return () if lists_less else tuple(self._completed(o) for o in ended)
            case "executions":
                return () if lists_less else tuple(self.executions)
        return tuple(self._position(*place) for place, units in self.shown.items() if units)

    def _aloud(self, stage: str, items: Any) -> list[Any]:
        """Say what the gateway also hears of a list, item by item."""
        if stage == "positions":
            return list(items)
        if stage != "open":
            return []
        orders = {order.ref: order for order in self.book}
        return [
            word
            for item in items
            for word in (item, self._word(orders[item.order_ref], item.status))
        ]

    def _say(self, message: Any, is_told: bool = True) -> None:
        about_link = isinstance(message, BrokerError) and message.about < 0
        if self.line is not None and is_told and (self.is_linked or about_link):
            self.line.tell(message)

    def _status(self, order: Placed) -> None:
        self._say(self._word(order, order.status), not order.is_quiet)

    def _word(self, order: Placed, status: str) -> OrderStatus:
        return OrderStatus(
            order_id=order.order_id,
            client_id=CLIENT,
            perm_id=order.perm_id,
            status=status,
            filled=order.filled,
            average_price=Decimal(200) if order.filled else None,
        )

    def _open(self, order: Placed) -> OpenOrder:
        return OpenOrder(
            order_id=order.order_id,
            client_id=CLIENT,
            perm_id=order.perm_id,
            order_ref=order.ref,
            status=order.status,
            account=order.account,
            quantity=order.quantity,
            limit_price=order.ticket.limit_price if order.ticket else None,
            aux_price=order.ticket.aux_price if order.ticket else None,
        )

    def _completed(self, order: Placed) -> CompletedOrder:
        return CompletedOrder(
            perm_id=order.perm_id,
            order_ref=order.ref,
            status=order.status,
            filled=order.filled,
            account=order.account,
        )

    def _position(self, account: str, contract_id: int) -> PositionUpdate:
        return PositionUpdate(
            account=account,
            contract=self.contracts[contract_id],
            quantity=self.shown[account, contract_id],
            average_cost=Decimal(200),
        )
