"""What a person cancels and closes by hand, over strategies and contracts. Pure state of the desk.

A flatten is one command for each account and contract where something is held or works, named
after the request: it cancels, waits for that, and closes what is then held. Asked again under the
same id, what is known is told, and nothing that came later is touched: what it is about is written
down where it is first seen. Protective orders stay until what they protect is closed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zlib import crc32

from alertwire.journal.reaches import Reached
from alertwire.money import ZERO
from alertwire.wire.alert import (
    Action,
    Entry,
    Instrument,
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
from alertwire.wire.delivery import Mode, Trace
from alertwire.wire.report import OrderState
from gateway.book import Book
from gateway.contracts import SECURITY_TYPES, contract_of
from gateway.dealer import Dealer
from gateway.events import CancelOrder, Effects
from gateway.holdings import Holdings
from gateway.pacer import Priority
from gateway.positions import Positions
from gateway.reaches import Reaches, closed_of, stays_of
from gateway.records import OPERATOR, CommandRecord, OrderRecord
from gateway.register import Register

LOST: Final = "the broker lists it nowhere: alertwire resolve"
LOST_CANCELLED: Final = f"its cancel goes out, and {LOST}"
FOREIGN: Final = "not cancelled: another client id placed it: cancel it in TWS"
_TYPES: Final = {tws: ours for ours, (tws, _) in SECURITY_TYPES.items()}
_RIGHTS: Final = {"C": OptionRight.CALL, "P": OptionRight.PUT}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a flatten closes: one contract of one account."""

    account: str
    contract_id: int


@dataclass(frozen=True, slots=True)
class Spread:
    """What an alert's flatten comes to: its commands, what cannot be closed, and what stays."""

    names: tuple[str, ...]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One command of a flatten: its name, and what it is for."""

    name: str
    alert_id: str
    strategy: str
    trace: Trace
    is_again: bool
    """What it is about is known from before: what was opened since is none of its business."""


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
        self.reaches = Reaches()

    def works(self, reach: Reach) -> list[OrderRecord]:
        """Return the orders that may fill and protect nothing."""
        live = self._book.all_live()
        return [order for order in live if not order.is_leg and reach.has_order(order)]

    def cancel(self, reach: Reach, now: datetime, effects: Effects) -> list[str]:
        """Cancel what works and protects nothing; return what to tell.

        What is lost may work all the same; the broker says where it has nothing to cancel.
        """
        orders = self.works(reach)
        foreign = [order for order in orders if order.client_id != self._client_id]
        own = [order for order in orders if order not in foreign and not order.is_absent]
        for order in own:
            order.cancel_asked_at = now
            effects.orders[order.order_ref] = order
            cancel = CancelOrder(order.order_ref, order.order_id)
            effects.requests.append((Priority.CANCEL, cancel))
        said = [f"{len(own)} orders are being cancelled; protective orders stay"]
        lost = [order for order in orders if order.state is OrderState.UNKNOWN]
        said += [_needs(order, LOST_CANCELLED if order in own else LOST) for order in lost]
        return said + [_needs(order, FOREIGN) for order in foreign if order not in lost]

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
        is_again = self.reaches.find(request_id) is not None
        meant, missed = self._begun(reach, request_id, now, effects)
        said = []
        for one in meant:
            name = _name(request_id, one)
            asked = _Asked(name, request_id, reach.strategy, Trace(), is_again)
            found = self._close(asked, one, now, effects)
            said.append(_line(found) if isinstance(found, CommandRecord) else found)
        told = {line.partition(" ")[0] for line in said}
        said += [
            _line(record)
            for record in self._register.of_alert(request_id)
            if record.command.command_id not in told
        ]
        said += [
            f"{NEEDS_PERSON}{place.account} {self._symbol(place)}: not in this request, of "
            "which nobody knows any more what it is about: flatten again, as a new request"
            for place in missed
        ]
        lost = [order for order in self.works(reach) if order.state is OrderState.UNKNOWN]
        said += [_needs(order, LOST) for order in lost]
        return said or ["nothing is held and nothing works"]

    def spread(
        self, record: CommandRecord, reach: Reach, now: datetime, effects: Effects
    ) -> Spread:
        """Close every position of an alert's reach, once."""
        command = record.command
        is_again = self.reaches.find(command.command_id) is not None
        names, problems, remarks = [], [], []
        for one in self._meant(command.command_id, reach, now, effects):
            name = _name(command.command_id, one)
            asked = _Asked(name, command.alert_id, reach.strategy, command.trace, is_again)
            found = self._close(asked, one, now, effects)
            if isinstance(found, CommandRecord) or self._instrument(one) is not None:
                names.append(name)
            else:
                problems.append(found.removeprefix(NEEDS_PERSON))
            if is_again and (stays := stays_of(one, self._held(reach.strategy, one))):
                remarks.append(f"{self._symbol(one)}: {stays}")
        lost = [order for order in self.works(reach) if order.state is OrderState.UNKNOWN]
        problems += [_needs(order, LOST).removeprefix(NEEDS_PERSON) for order in lost]
        return Spread(tuple(names), tuple(problems), tuple(remarks))

    def _begun(
        self, reach: Reach, request_id: str, now: datetime, effects: Effects
    ) -> tuple[list[Reached], list[Place]]:
        """Return what a request is about, and what is there that nobody knows to be of it.

        What came after a request is none of its business. Of one of which only commands are known,
        nobody can tell what was there before.
        """
        if self.reaches.find(request_id) is None and self._register.of_alert(request_id):
            there = self._places(reach)
            known = [self._register.find(_name(request_id, place)) for place in there]
            return [], [place for place, record in zip(there, known, strict=True) if not record]
        return self._meant(request_id, reach, now, effects), []

    def _meant(
        self, flatten_id: str, reach: Reach, now: datetime, effects: Effects
    ) -> list[Reached]:
        """Return what a flatten is about: what was in its reach where it was first seen."""
        there = self._places(reach)
        if (reached := self.reaches.find(flatten_id)) is None:
            reached = tuple(self._reached(flatten_id, reach, place, now) for place in there)
            self.reaches.keep(flatten_id, reached, effects)
            return list(reached)
        return [
            one
            for one in reached
            # Where nothing is held any more and nothing works, it is done.
            if Place(one.account, one.contract_id) in there
            or self._register.find(_name(flatten_id, one)) is not None
        ]

    def _reached(self, flatten_id: str, reach: Reach, place: Place, now: datetime) -> Reached:
        """Look how much is held in one contract, or about to be."""
        live = self._book.live(place.account, place.contract_id)
        works = [order for order in live if not order.is_leg and reach.has_order(order)]
        buys = sum((order.remaining for order in works if order.signed > 0), ZERO)
        sells = sum((order.remaining for order in works if order.signed < 0), ZERO)
        held = self._held(reach.strategy, place)
        most = {"long": max(held + buys, ZERO), "short": max(sells - held, ZERO)}
        return Reached(flatten_id, place.account, place.contract_id, **most, at=now)

    def _held(self, strategy: str, place: Place | Reached) -> Decimal:
        if strategy:
            return self._holdings.quantity(place.account, strategy, place.contract_id)
        return self._positions.quantity(place.account, place.contract_id)

    def _places(self, reach: Reach) -> list[Place]:
        """Return where something is held, or works and may open something."""
        if reach.strategy:
            # By its own fills: the account may hold less, or the other side, for others.
            held = [
                Place(one.account, one.contract_id)
                for one in self._holdings.all()
                if one.strategy == reach.strategy
                and reach.has(one.account, one.symbol, one.local_symbol)
            ]
        else:
            held = [
                Place(account, holding.contract.contract_id)
                for account, holding in self._positions.holdings()
                if reach.has(account, holding.contract.symbol, holding.contract.local_symbol)
            ]
        works = [o for o in self.works(reach) if o.state is not OrderState.UNKNOWN]
        return list(dict.fromkeys([*held, *(Place(o.account, o.contract_id) for o in works)]))

    def _close(
        self, asked: _Asked, place: Reached, now: datetime, effects: Effects
    ) -> CommandRecord | str:
        """Close in one contract, once; return the command, or why there is none."""
        name = asked.name
        if (known := self._register.find(name)) is not None:
            return known
        instrument = self._instrument(place)
        if instrument is None:
            return (
                f"{NEEDS_PERSON}{place.account}: strategy {asked.strategy} holds contract "
                f"{place.contract_id} ({self._symbol(place)}) by its fills, the account is flat in "
                "it, and nothing here tells the contract: close it by an alert or in TWS"
            )
        closed = None
        if asked.is_again:
            closed = closed_of(place, self._held(asked.strategy, place))
        command = OrderCommand(
            stream_id=OPERATOR,
            alert_id=asked.alert_id,
            command_id=name,
            key=name,
            seq=1,
            mode=Mode.EXECUTE,
            account=place.account,
            strategy=asked.strategy,
            instrument=instrument,
            action=Action.FLATTEN,
            scope=None if asked.strategy else Scope.INSTRUMENT,
            closes=closed[0] if closed else None,
            sizing=Sizing(type=QuantityType.UNITS, value=closed[1]) if closed else None,
            entry=Entry(type=OrderType.MARKET),
            time_in_force=TimeInForce.DAY,
            trace=asked.trace,
        )
        record = CommandRecord(command, place.account, now, command.trace, reaches_until=place.at)
        if reason := self._register.take(record):
            return f"{NEEDS_PERSON}{name} {place.account} {self._symbol(place)}: not now: {reason}"
        self._dealer.advance(record, now, effects)
        return record

    def _symbol(self, place: Place | Reached) -> str:
        for one in self._holdings.all():
            if (one.account, one.contract_id) == (place.account, place.contract_id):
                return one.local_symbol or one.symbol
        instrument = self._instrument(place)
        return (instrument.local_symbol or instrument.symbol) if instrument else ""

    def _instrument(self, place: Place | Reached) -> Instrument | None:
        """Ask for the contract as an order of ours did, else by all that the position tells."""
        orders = [o for o in self._book.orders.values() if o.contract_id == place.contract_id]
        if orders and not orders[0].instrument.continuous_depth:
            return orders[0].instrument
        contract = self._positions.contract(place.account, place.contract_id)
        if contract is None and not orders:
            return None
        contract = contract or contract_of(orders[0])
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


def _name(request_id: str, place: Place | Reached) -> str:
    return f"{request_id}-{crc32(f'{place.account}|{place.contract_id}'.encode()):08x}"


def _needs(order: OrderRecord, why: str) -> str:
    """Say why a person has to look at an order."""
    return f"{NEEDS_PERSON}{order.order_ref}: {why}"


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
