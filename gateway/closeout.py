"""What a person cancels and closes by hand, over strategies and contracts. Pure state of the desk.

A flatten is one command for each account and contract, named after the request: asked again under
the same id, what is known is told and not ordered again. Protective orders stay until what they
protect is closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final
from zlib import crc32

from alertwire.money import ZERO
from alertwire.wire.alert import (
    Action,
    Entry,
    Instrument,
    MarketPosition,
    OptionRight,
    OrderType,
    QuantityType,
    Scope,
    SecurityType,
    Sizing,
    TimeInForce,
)
from alertwire.wire.command import OrderCommand
from alertwire.wire.control import NEEDS_PERSON, ON_ITS_WAY
from alertwire.wire.delivery import Mode
from alertwire.wire.report import OrderState
from gateway.book import Book
from gateway.contracts import SECURITY_TYPES
from gateway.dealer import Dealer
from gateway.events import CancelOrder, Effects
from gateway.holdings import Holdings
from gateway.messages import Contract
from gateway.pacer import Priority
from gateway.positions import Positions
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register

STREAM: Final = "operator"
"""Of commands that a person asked for."""
_TYPES: Final = {tws: ours for ours, (tws, _) in SECURITY_TYPES.items()}
_RIGHTS: Final = {"C": OptionRight.CALL, "P": OptionRight.PUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What is meant; empty: all. `symbol` is the broker's, or its local symbol."""

    account: str = ""
    strategy: str = ""
    symbol: str = ""

    def has_order(self, order: OrderRecord) -> bool:
        is_own = self.strategy in {"", order.strategy}
        return is_own and self.has(order.account, order.symbol, order.local_symbol)

    def has(self, account: str, *symbols: str) -> bool:
        wanted = self.symbol.upper()
        is_there = not wanted or wanted in {symbol.upper() for symbol in symbols}
        return self.account in {"", account} and is_there


class Closeout:
    """Cancels orders and closes positions."""

    def __init__(
        self,
        register: Register,
        book: Book,
        positions: Positions,
        holdings: Holdings,
        dealer: Dealer,
        client_id: int,
    ) -> None:
        self._register, self._book, self._positions = register, book, positions
        self._holdings, self._dealer, self._client_id = holdings, dealer, client_id

    def works(self, reach: Reach) -> list[OrderRecord]:
        """Return the orders that may fill and protect nothing."""
        live = self._book.all_live()
        return [order for order in live if not order.is_leg and reach.has_order(order)]

    def cancel(self, reach: Reach, now: datetime, effects: Effects) -> list[str]:
        """Cancel what works and protects nothing; return what to tell."""
        orders = self.works(reach)
        lost = [order for order in orders if order.state is OrderState.UNKNOWN]
        foreign = [o for o in orders if o.client_id != self._client_id and o not in lost]
        own = [order for order in orders if order not in lost and order not in foreign]
        for order in own:
            order.cancel_asked_at = now
            effects.orders[order.order_ref] = order
            cancel = CancelOrder(order.order_ref, order.order_id)
            effects.requests.append((Priority.CANCEL, cancel))
        said = [f"{len(own)} orders are being cancelled; protective orders stay"]
        for names, why in (
            (lost, "the broker lists it nowhere: alertwire resolve"),
            (foreign, "another client id placed it: cancel it in TWS"),
        ):
            said += [f"{NEEDS_PERSON}not cancelled: {order.order_ref}: {why}" for order in names]
        return said

    def flatten(
        self,
        reach: Reach,
        request_id: str,
        recorded: Iterable[CommandRecord],
        now: datetime,
        effects: Effects,
    ) -> list[str]:
        """Close every position once, each with its working orders; return how each stands."""
        for record in recorded:
            self._register.adopt(record)
        held = [
            (account, holding.contract)
            for account, holding in self._positions.holdings()
            if reach.has(account, holding.contract.symbol, holding.contract.local_symbol)
        ]
        if reach.strategy:
            # Its orders are no matter of the contract's flatten: what others trade stays.
            held = [one for one in held if self._own(reach.strategy, *one)]
            working = [o for o in self.works(reach) if o.cancel_asked_at is None]
            cancelled = self.cancel(reach, now, effects) if working else []
        else:
            cancelled = []
        said = [self._close(request_id, reach.strategy, *one, now, effects) for one in held]
        said += cancelled
        told = {line.partition(" ")[0] for line in said}
        said += [
            _line(known)
            for known in self._register.of_alert(request_id)
            if known.command.command_id not in told
        ]
        closing = {(account, contract.contract_id) for account, contract in held}
        flat = [
            order
            for order in self.works(reach)
            if (order.account, order.contract_id) not in closing and order.cancel_asked_at is None
        ]
        for order in flat:
            one = Reach(account=order.account, strategy=order.strategy, symbol=order.local_symbol)
            said += self.cancel(one, now, effects)
        return said or ["nothing is held and nothing works"]

    def _close(
        self,
        request_id: str,
        strategy: str,
        account: str,
        contract: Contract,
        now: datetime,
        effects: Effects,
    ) -> str:
        name = f"{request_id}-{crc32(f'{account}|{contract.contract_id}'.encode()):08x}"
        if (known := self._register.find(name)) is not None:
            return _line(known)
        command = OrderCommand(
            stream_id=STREAM,
            alert_id=request_id,
            command_id=name,
            key=name,
            seq=1,
            mode=Mode.EXECUTE,
            account=account,
            instrument=self._instrument(contract),
            action=Action.FLATTEN,
            scope=Scope.INSTRUMENT,
            entry=Entry(type=OrderType.MARKET),
            time_in_force=TimeInForce.DAY,
        )
        if strategy:
            own = self._own(strategy, account, contract)
            command = replace(
                command,
                strategy=strategy,
                action=Action.EXIT,
                scope=None,
                sizing=Sizing(type=QuantityType.UNITS, value=abs(own)),
                closes=MarketPosition.LONG if own > 0 else MarketPosition.SHORT,
            )
        record = CommandRecord(command, account, now, command.trace)
        if reason := self._register.take(record):
            return f"{name} {account} {contract.local_symbol}: not now: {reason}"
        self._dealer.advance(record, now, effects)
        return _line(record)

    def _own(self, strategy: str, account: str, contract: Contract) -> Decimal:
        """Return what a strategy holds by its fills, as far as the account still has it."""
        held = self._positions.quantity(account, contract.contract_id)
        return self._holdings.closable(account, strategy, contract.contract_id, held)

    def _instrument(self, contract: Contract) -> Instrument:
        """Ask for the contract as an order of ours did, else by all that the position tells."""
        for order in self._book.orders.values():
            if order.contract_id == contract.contract_id:
                if not order.instrument.continuous_depth:
                    return order.instrument
                break
        return Instrument(
            security_type=_TYPES.get(contract.security_type, SecurityType.STOCK),
            symbol=contract.symbol,
            exchange=contract.exchange,
            currency=contract.currency,
            expiry=contract.expiry,
            strike=contract.strike if contract.strike != ZERO else None,
            right=_RIGHTS.get(contract.right[:1]),
            local_symbol=contract.local_symbol,
            trading_class=contract.trading_class,
        )


def _line(record: CommandRecord) -> str:
    command = record.command
    instrument = command.instrument
    name = (instrument.local_symbol or instrument.symbol) if instrument else ""
    if record.outcome is None:
        stands = ON_ITS_WAY
    else:
        mark = "" if record.outcome.name == "ACCEPTED" else NEEDS_PERSON
        stands = f"{mark}{record.outcome.name}: {record.detail}"
    return f"{command.command_id} {record.account} {name}: {stands}"
