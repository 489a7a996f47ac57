"""Live orders: transmission, activation, matching, fills, families and OCA groups.

Knows no client and no socket: it is told of orders, quotes and the time, and emits events.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from simulator.accounts import Account, commission
from simulator.auctions import next_auction
from simulator.contracts import Contract
from simulator.events import Charged, Event, Executed, Noted, Opened, PositionMoved, report
from simulator.faults import Faults
from simulator.market import Market
from simulator.matching import TRIGGERED_TYPES, adjusted_terms, execution_price, watch
from simulator.orderbook import OrderBook
from simulator.orders import Fill, Order, Status

Later = Callable[[float, Callable[[], None]], None]
_AT_ONCE = frozenset({"IOC", "FOK"})
_CANCEL_OTHERS, _REDUCE_OTHERS = 1, 3


@dataclass(slots=True)
class Exchange:
    book: OrderBook
    market: Market
    accounts: dict[str, Account]
    faults: Faults
    notify: Callable[[Event], None]
    later: Later
    clock: Callable[[], float]
    executions: int = 0

    # Beginning

    def transmit(self, order: Order) -> None:
        """Send an order to the market: announce it, then let it work or wait.

        TWS API: a market order is announced as PreSubmitted before its execution is.
        """
        order.is_transmitted = True
        order.status = Status.PRE_SUBMITTED
        self._group(order)
        parent = self.book.parent(order)
        if parent is not None and parent.status is not Status.FILLED:
            order.why_held = "child"
            self._announce(order)
            return
        self.activate(order)

    def activate(self, order: Order) -> None:
        now = self.clock()
        order.why_held = ""
        order.auction = next_auction(order.terms)
        order.is_active = order.starts_at <= now and not order.auction
        is_stop = order.terms.order_type in TRIGGERED_TYPES
        if is_stop and not order.is_triggered:
            order.why_held = "trigger"
        self.book.start_working(order)
        if self.faults.is_execution_first and self._would_execute(order):
            self.evaluate(order, is_arriving=True)
            return
        self._announce(order)
        if order.is_active and not is_stop:
            self.evaluate(order, is_arriving=True)
            if not order.is_done and not order.is_matched and not self._is_waiting(order):
                order.status = Status.SUBMITTED
                self._announce(order)
        elif order.is_active:
            self.evaluate(order, is_arriving=True)

    def changed(self, order: Order) -> None:
        """Announce a modified order and let the market see its new terms."""
        self._announce(order)
        if order.is_active and not order.is_done:
            self.evaluate(order, is_arriving=True)

    def _announce(self, order: Order) -> None:
        self.notify(Opened(order, order.status))
        self.notify(report(order))

    def _group(self, order: Order) -> None:
        """Join the OCA group asked for, or the one a bracket's children form by themselves."""
        terms = order.terms
        if terms.oca_group:
            order.oca_type = terms.oca_type or _REDUCE_OTHERS
            self.book.join_group(order, f"{terms.account}/{terms.oca_group}")
        elif terms.parent_id:
            order.oca_type = _REDUCE_OTHERS
            self.book.join_group(order, f"family/{order.client_id}/{terms.parent_id}")

    # Matching

    def on_moved(self, contracts: Iterable[Contract]) -> None:
        for contract in contracts:
            if self.faults.is_held(contract.symbol):
                continue
            for order in self.book.working(contract.con_id):
                if order.is_active and not order.is_done:
                    self.evaluate(order, is_arriving=False)

    def resume(self) -> None:
        """Let every working order see its quote anew, after a hold or a lost link."""
        for order in self.book.live():
            if order.is_active and not order.is_matched:
                self.evaluate(order, is_arriving=True)

    def evaluate(self, order: Order, *, is_arriving: bool) -> None:
        if order.is_matched or self.faults.is_held(order.contract.symbol):
            return
        quote = self.market.quote(order.contract)
        if (adjusted := adjusted_terms(order, quote)) is not None:
            order.terms = adjusted
            order.stop_price = adjusted.trail_stop_price or adjusted.aux_price
            self._announce(order)
        if order.terms.order_type in TRIGGERED_TYPES and not order.is_triggered:
            trigger = watch(order, quote, order.contract.min_tick)
            order.stop_price, order.limit_price = trigger.stop_price, trigger.limit_price
            if not trigger.is_triggered:
                return
            order.is_triggered = is_arriving = True
            order.why_held = ""
            order.status = Status.SUBMITTED
            self._announce(order)
        price = execution_price(order, quote, is_arriving=is_arriving)
        if price is not None:
            self._execute(order, price)
        elif order.terms.tif in _AT_ONCE:
            self.cancel(order, "Order Canceled - reason:The order could not be filled at once")

    def _would_execute(self, order: Order) -> bool:
        if not order.is_active or self._is_waiting(order):
            return False
        quote = self.market.quote(order.contract)
        return execution_price(order, quote, is_arriving=True) is not None

    def _is_waiting(self, order: Order) -> bool:
        return self.faults.is_held(order.contract.symbol)

    def _execute(self, order: Order, price: Decimal) -> None:
        order.is_matched = True
        if not order.terms.quantity:
            order.quantity = order.terms.units_at(price, order.contract.size_increment)
        parts = self.faults.partial_parts if order.terms.tif != "FOK" else 1
        portions = split(order.remaining, parts, order.contract.size_increment)
        delay_s = self.faults.fill_delay_s
        if delay_s > 0:
            self.later(delay_s, lambda: self._fill_portions(order, price, portions))
        else:
            self._fill_portions(order, price, portions)

    def _fill_portions(self, order: Order, price: Decimal, portions: list[Decimal]) -> None:
        if order.is_done:
            return
        self.fill(order, price, min(portions[0], order.remaining))
        rest = portions[1:]
        if order.is_done:
            return
        if not rest:
            # Something is left only if the order grew while its execution was on the way.
            order.is_matched = False
            self.evaluate(order, is_arriving=True)
            return
        if self.faults.partial_delay_s > 0:
            self.later(self.faults.partial_delay_s, lambda: self._fill_portions(order, price, rest))
        else:
            self._fill_portions(order, price, rest)

    # Fills

    def fill(self, order: Order, price: Decimal, quantity: Decimal) -> None:
        """Execute so much of the order, book it, and tell it in the order TWS does."""
        terms, contract = order.terms, order.contract
        account = self.accounts[terms.account]
        fee = commission(contract, quantity, price)
        signed = quantity if terms.is_buy else -quantity
        realized = account.book(contract, signed, price, fee)
        order.filled += quantity
        order.fill_value += quantity * price
        order.commission += fee
        self.executions += 1
        now = self.clock()
        fill = Fill(
            stem=f"0000e1a7.{int(now):08x}.{self.executions:06x}",
            revision=1,
            time=now,
            quantity=quantity,
            price=price,
            cumulative=order.filled,
            average=order.average_price,
            commission=fee,
            realized_pnl=realized,
            exchange=contract.primary_exchange or contract.exchange,
            liquidity=2 if order.terms.order_type != "LMT" else 1,
        )
        order.fills.append(fill)
        was_done = order.is_done
        if order.remaining <= 0:
            order.status = Status.FILLED
            order.done_at = now
            self.book.finish(order)
        elif not was_done:
            order.status = Status.SUBMITTED
        self.notify(Executed(order, fill))
        self._tell_fill(order)
        self.notify(Charged(order, fill))
        self.notify(PositionMoved(terms.account, contract.con_id))
        self._reduce_siblings(order, quantity)
        if order.status is Status.FILLED:
            for child in self.book.children(order):
                if child.is_transmitted and not child.is_done:
                    self.activate(child)

    def _tell_fill(self, order: Order) -> None:
        if order.status is Status.FILLED and self.faults.take_silent_fill():
            return
        self._announce(order)
        if order.status is Status.FILLED:
            # TWS API: "typically there are duplicate orderStatus messages".
            self._announce(order)

    def correct(self, order: Order, price: Decimal) -> Fill:
        """Correct the last execution's price: same id, next revision."""
        old = order.fills[-1]
        order.fill_value += old.quantity * (price - old.price)
        new = Fill(
            stem=old.stem,
            revision=old.revision + 1,
            time=self.clock(),
            quantity=old.quantity,
            price=price,
            cumulative=old.cumulative,
            average=order.average_price,
            commission=old.commission,
            realized_pnl=old.realized_pnl,
            exchange=old.exchange,
            liquidity=old.liquidity,
        )
        order.fills[-1] = new
        self.notify(Executed(order, new))
        self.notify(Charged(order, new))
        return new

    def _reduce_siblings(self, order: Order, quantity: Decimal) -> None:
        """TWS API: ocaType 1 cancels the others on any fill; 2 and 3 take the filled part off."""
        for other in self.book.siblings(order):
            if order.oca_type == _CANCEL_OTHERS or order.status is Status.FILLED:
                self.cancel(other, "Order Canceled - reason:OCA group filled")
                continue
            other.quantity = max(other.quantity - quantity, other.filled)
            if other.remaining <= 0:
                self.cancel(other, "Order Canceled - reason:OCA group filled")
            else:
                self._announce(other)

    # Ends

    def cancel(self, order: Order, text: str = "Order Canceled - reason:") -> None:
        if order.is_done:
            return
        order.status = Status.CANCELLED
        order.reason = text
        order.done_at = self.clock()
        order.why_held = ""
        self.book.finish(order)
        self.notify(report(order))
        self.notify(Noted(order.client_id, order.order_id, 202, text))
        delay_s = self.faults.fill_after_cancel_s
        if delay_s is not None and order.is_active:
            self.later(delay_s, lambda: self._fill_late(order))
        for child in self.book.children(order):
            self.cancel(child)

    def _fill_late(self, order: Order) -> None:
        quote = self.market.quote(order.contract)
        shown = quote.ask if order.terms.is_buy else quote.bid
        self.fill(order, order.limit_price or shown, order.remaining)

    def on_time(self) -> None:
        """Start what waited for a moment, end what was good until one."""
        now = self.clock()
        for contract in list(self.book.working_contracts()):
            for order in self.book.working(contract.con_id):
                if order.expires_at is not None and order.expires_at <= now:
                    self.cancel(order, "Order Canceled - reason:Good till date reached")
                elif not order.is_active and not order.auction and order.starts_at <= now:
                    self.activate(order)

    def hold_auction(self, kind: str) -> int:
        """Open or close the market for the orders that wait for it; give their number."""
        waiting = [order for order in self.book.live() if order.auction == kind]
        for order in waiting:
            order.auction = ""
            order.is_active = True
            self.evaluate(order, is_arriving=True)
            if not order.is_done and not order.is_matched:
                self.cancel(order, f"Order Canceled - reason:No fill in the {kind} auction")
        return len(waiting)


def split(quantity: Decimal, parts: int, increment: Decimal) -> list[Decimal]:
    """Cut a quantity into at most so many tradable portions, the last one the largest."""
    step = max(increment, Decimal(1)) if quantity >= parts else increment
    portion = (quantity / max(parts, 1) / step).to_integral_value(ROUND_DOWN) * step
    if parts <= 1 or portion <= 0:
        return [quantity]
    return [portion] * (parts - 1) + [quantity - portion * (parts - 1)]
