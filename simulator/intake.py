"""What clients ask of orders: place, change, cancel; refused, or handed to the exchange."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from simulator.accounts import Account, commission, order_margin
from simulator.catalogue import Catalogue
from simulator.contracts import Contract
from simulator.events import Estimated, Event, Noted, Opened, report
from simulator.exchange import Exchange
from simulator.faults import Faults
from simulator.inbound_order import PlaceOrder
from simulator.order_rules import (
    Refusal,
    check_change,
    check_margin,
    check_new,
    check_reuse,
    check_short,
    parse_time,
)
from simulator.orderbook import OrderBook
from simulator.orders import Order, Status, Terms

# TWS API: other spellings that mean the same order type.
_SPELLINGS = {"STPLMT": "STP LMT", "TRAILLMT": "TRAIL LIMIT", "TRAILLIMIT": "TRAIL LIMIT"}
# An order this many times cheaper than the opening cash needs no sums over the account.
_CHEAP = 20
READ_ONLY = Refusal(
    321,
    "Error validating request.-'bW' : cause - The API interface is currently in Read-Only mode.",
)


@dataclass(slots=True)
class Intake:
    exchange: Exchange
    book: OrderBook
    catalogue: Catalogue
    accounts: dict[str, Account]
    faults: Faults
    notify: Callable[[Event], None]
    refused: list[dict[str, Any]] = field(default_factory=list)
    # Called with the number of orders accepted so far.
    on_accepted: Callable[[int], None] | None = None

    def place(self, client_id: int, request: PlaceOrder, received_at: float) -> None:
        """Accept, change or refuse one placeOrder."""
        if self.faults.is_read_only:
            self._refuse(client_id, request, READ_ONLY)
            return
        if self.faults.rejections and not request.terms.is_what_if:
            note = self.faults.rejections.popleft()
            refusal = Refusal(note.code, note.text, is_rejection=note.code == 201)
            self._refuse(client_id, request, refusal, received_at)
            return
        found = self.catalogue.find(request.contract)
        if len(found) != 1:
            text = "No security definition has been found for the request"
            if found:
                text = (
                    "The contract description specified for "
                    f"{request.contract.symbol} is ambiguous."
                )
            self._refuse(client_id, request, Refusal(200, text))
            return
        contract = found[0]
        terms = self._completed(request.terms)
        existing = self.book.find(client_id, request.order_id)
        if terms.is_what_if:
            self._estimate(client_id, request, terms, contract, received_at)
        elif existing is None:
            self._accept(client_id, request, terms, contract, received_at)
        elif existing.is_done:
            self._refuse(client_id, request, check_reuse(existing, terms, contract))
        else:
            self._change(existing, request, terms, contract)

    def _completed(self, terms: Terms) -> Terms:
        """Fill in what TWS fills in: the usual spelling, and the only account."""
        order_type = _SPELLINGS.get(terms.order_type, terms.order_type)
        account = terms.account
        if not account and len(self.accounts) == 1:
            account = next(iter(self.accounts))
        if (order_type, account) == (terms.order_type, terms.account):
            return terms
        return replace(terms, order_type=order_type, account=account)

    def _units(self, terms: Terms, contract: Contract) -> Decimal:
        """Return an order's quantity, as TWS reckons it before the market has told."""
        price = terms.limit_price or self.exchange.market.quote(contract).ask
        return terms.units_at(price, contract.size_increment)

    def _accept(
        self,
        client_id: int,
        request: PlaceOrder,
        terms: Terms,
        contract: Contract,
        received_at: float,
    ) -> None:
        refusal = check_new(terms, contract, tuple(self.accounts)) or self._check_means(
            terms, contract
        )
        if refusal is None and terms.parent_id:
            parent = self.book.find(client_id, terms.parent_id)
            if parent is None or (parent.is_done and parent.status is not Status.FILLED):
                refusal = Refusal(135, f"Can't find order with ID ={terms.parent_id}")
        if refusal is not None:
            self._refuse(client_id, request, refusal, received_at, contract)
            return
        order = self._new_order(client_id, request, terms, contract, received_at)
        self.book.add(order)
        if self.faults.notes_on_accept:
            note = self.faults.notes_on_accept.popleft()
            self.notify(Noted(client_id, order.order_id, note.code, note.text))
        if terms.transmit:
            self._transmit_family(order)
        if self.on_accepted is not None:
            self.on_accepted(len(self.book.orders))

    def _new_order(
        self,
        client_id: int,
        request: PlaceOrder,
        terms: Terms,
        contract: Contract,
        received_at: float,
    ) -> Order:
        sequence, permanent_id = self.book.issue()
        order = Order(
            terms=terms,
            contract=contract,
            client_id=client_id,
            order_id=request.order_id,
            permanent_id=permanent_id,
            sequence=sequence,
            received_at=received_at,
        )
        _adopt(order, terms, self._units(terms, contract))
        return order

    def _transmit_family(self, order: Order) -> None:
        """TWS API: a transmitted child takes its parent and siblings along, lowest id first."""
        parent = self.book.parent(order)
        root = parent or order
        family = [root, *self.book.children(root)]
        for one in sorted(family, key=lambda member: member.order_id):
            if not one.is_transmitted and not one.is_done:
                self.exchange.transmit(one)

    def _change(self, order: Order, request: PlaceOrder, terms: Terms, contract: Contract) -> None:
        terms = replace(terms, account=terms.account or order.terms.account)
        refusal = check_change(order, terms, contract)
        if refusal is not None:
            self._refuse(order.client_id, request, refusal)
            return
        order.changes += 1
        parent_id = terms.parent_id or order.terms.parent_id
        order.terms = replace(terms, parent_id=parent_id)
        _adopt(order, order.terms, terms.quantity)
        if order.is_transmitted:
            self.exchange.changed(order)
        elif terms.transmit:
            self._transmit_family(order)

    def cancel(self, client_id: int, order_id: int) -> None:
        order = self.book.find(client_id, order_id)
        if self.faults.is_read_only:
            self.notify(Noted(client_id, order_id, READ_ONLY.code, READ_ONLY.text))
        elif order is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            self.notify(Noted(client_id, order_id, 10147, text))
        elif order.is_done:
            text = (
                f"OrderId {order_id} that needs to be cancelled can not be cancelled, "
                f"state: {order.status}."
            )
            self.notify(Noted(client_id, order_id, 10148, text))
        else:
            self.exchange.cancel(order)

    def cancel_all(self) -> None:
        """TWS API: a global cancel ends every client's orders."""
        if self.faults.is_read_only:
            return
        for order in self.book.live():
            self.exchange.cancel(order)

    def _check_means(self, terms: Terms, contract: Contract) -> Refusal | None:
        position = self.accounts[terms.account].positions.get(contract.con_id)
        if refusal := check_short(terms, contract, position.quantity if position else Decimal(0)):
            return refusal
        price = terms.limit_price or self.exchange.market.quote(contract).last
        margin = order_margin(contract, self._units(terms, contract), price)
        if margin * _CHEAP < self.accounts[terms.account].opening_cash:
            return None
        totals = self.accounts[terms.account].totals(self.exchange.market.quote)
        return check_margin(margin, totals.net_liquidation)

    def _estimate(
        self,
        client_id: int,
        request: PlaceOrder,
        terms: Terms,
        contract: Contract,
        received_at: float,
    ) -> None:
        """Answer a what-if; it takes no id and leaves nothing behind."""
        refusal = check_new(terms, contract, tuple(self.accounts)) or self._check_means(
            terms, contract
        )
        if refusal is not None:
            self.notify(Noted(client_id, request.order_id, refusal.code, refusal.text))
            return
        order = Order(
            terms, contract, client_id, request.order_id, 0, 0, received_at, Status.PRE_SUBMITTED
        )
        units = self._units(terms, contract)
        _adopt(order, terms, units)
        price = terms.limit_price or self.exchange.market.quote(contract).last
        totals = self.accounts[terms.account].totals(self.exchange.market.quote)
        self.notify(
            Estimated(
                order,
                totals.net_liquidation,
                totals.margin,
                order_margin(contract, units, price),
                commission(contract, units, price),
            )
        )

    def _refuse(
        self,
        client_id: int,
        request: PlaceOrder,
        refusal: Refusal,
        received_at: float = 0.0,
        contract: Contract | None = None,
    ) -> None:
        self.refused.append(
            {
                "clientId": client_id,
                "orderId": request.order_id,
                "symbol": request.contract.symbol,
                "orderRef": request.terms.order_ref,
                "code": refusal.code,
                "text": refusal.text,
            }
        )
        is_new = self.book.find(client_id, request.order_id) is None
        if is_new and refusal.code != 200:
            self.book.use_id(client_id, request.order_id)
        if refusal.is_rejection and is_new:
            contract = contract or next(iter(self.catalogue.find(request.contract)), None)
        self.notify(Noted(client_id, request.order_id, refusal.code, refusal.text))
        if refusal.is_rejection and is_new and contract is not None:
            # TWS API: a rejected order is shown once more, as Inactive.
            terms = self._completed(request.terms)
            order = self._new_order(client_id, request, terms, contract, received_at)
            order.status = Status.INACTIVE
            self.notify(Opened(order, order.status))
            self.notify(report(order))


def _adopt(order: Order, terms: Terms, units: Decimal) -> None:
    """Take over the quantity, and what the terms say about prices and times."""
    order.quantity = units
    order.limit_price = terms.limit_price
    order.stop_price = (
        terms.trail_stop_price if terms.order_type.startswith("TRAIL") else terms.aux_price
    )
    starts = parse_time(terms.good_after_time) if terms.good_after_time else None
    order.starts_at = starts.timestamp() if starts else 0.0
    ends = parse_time(terms.good_till_date) if terms.tif == "GTD" else None
    order.expires_at = ends.timestamp() if ends else None
