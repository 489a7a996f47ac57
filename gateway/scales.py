"""How much a command orders now: its size beside the position, what works, and what failed before.

Pure state of the desk.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.money import ONE, ZERO
from alertwire.trading import MismatchPolicy
from alertwire.wire.alert import Action, OrderType, QuantityType
from alertwire.wire.command import OrderCommand
from alertwire.wire.report import OrderState, Side
from gateway import amounts, cash, sizing
from gateway.amounts import Amount, Basis
from gateway.book import Book
from gateway.contracts import Qualified
from gateway.crosscheck import is_close, mismatch, synced
from gateway.events import Effects, Request
from gateway.exposure import beside_wide, closing, is_sure, opened, rests, size_beside
from gateway.figures import figure
from gateway.holdings import Holdings
from gateway.limits import Wanted
from gateway.positions import Positions
from gateway.quotes import Price
from gateway.records import CommandRecord, OrderRecord
from gateway.register import Register
from gateway.rivals import rivals
from gateway.rules import Rules
from gateway.sizing import Refused
from gateway.tickets import Ticket
from gateway.valuation import Valuation

DRIFT: Final = "strategy_position_drifted"
"""Alarm: an account holds something else than its strategies' fills say."""
MISMATCH: Final = "position_mismatch"
"""Alarm: the position before an alert is not what the alert says."""
_KEEP: Final = frozenset({Action.BUY, Action.SELL, Action.EXIT})
"""Actions whose order's quantity is the whole of what was worked out."""


class Scales:
    """Sizes orders against the account's truth."""

    def __init__(
        self,
        register: Register,
        book: Book,
        positions: Positions,
        holdings: Holdings,
        rules: Rules,
    ) -> None:
        self._register, self._book, self._positions = register, book, positions
        self._holdings, self._rules = holdings, rules
        self.valuation = Valuation()

    @property
    def are_told(self) -> bool:
        """The broker has told what is held, since this process began."""
        return self._positions.are_told

    def needs_position(self, record: CommandRecord, qualified: Qualified) -> bool:
        """True if fills under way would change the size."""
        command = self.goal(record, qualified)
        kind = command.sizing.type if command.sizing else None
        if command.action in sizing.NEEDS_POSITION or kind is QuantityType.PERCENT_OF_POSITION:
            return True
        return self.only_closes(record, qualified.contract.contract_id)

    def goal(self, record: CommandRecord, qualified: Qualified) -> OrderCommand:
        """Return the command as it is traded: `sync` makes a target of it where it must be one."""
        policy = self._rules.route(record.command.route).position_mismatch
        if policy is MismatchPolicy.SYNC and self._mismatch(record, qualified):
            return synced(record.command) or record.command
        return record.command

    def _mismatch(self, record: CommandRecord, qualified: Qualified) -> str:
        expected = self.expected(record, qualified.contract.contract_id)
        slack = cash.slack(record.command.instrument, expected)
        return mismatch(record.command, expected, qualified.terms.size_increment, slack)

    def position(
        self, record: CommandRecord, contract_id: int, coming: Iterable[OrderRecord] = ()
    ) -> Decimal:
        """Return the position that the command is about: the account's, or its strategy's own.

        Of the latter, what orders about the account's position that are `coming` leave.
        """
        account, strategy = record.account, record.command.strategy
        held = self._positions.quantity(account, contract_id)
        if not self._is_own(record):
            return held
        return self._holdings.closable(account, strategy, contract_id, held, coming)

    def own(self, record: CommandRecord, contract_id: int) -> Decimal:
        """Return what the command's strategy holds by its fills, whatever the account holds."""
        return self._holdings.quantity(record.account, record.command.strategy, contract_id)

    def _is_own(self, record: CommandRecord) -> bool:
        return self._rules.is_own(record.command)

    def live(self, record: CommandRecord, contract_id: int) -> list[OrderRecord]:
        """Return the orders that move the position which the command is about."""
        live = self._book.live(record.account, contract_id, record.first_refs or ())
        if not self._is_own(record):
            return live
        return [order for order in live if order.strategy == record.command.strategy]

    def wide(self, record: CommandRecord, contract_id: int) -> list[OrderRecord]:
        """Return orders of others about the account's position, which a strategy's own is part of.

        Those that rest count only beside what rests itself: they must not keep a trader in.
        """
        if not self._is_own(record):
            return []
        live = self._book.live(record.account, contract_id)
        return [
            order
            for order in live
            if order.strategy != record.command.strategy
            and self._holdings.is_wide(order)
            and not order.is_vouched
            and (is_sure(order) or rests(record.command))
        ]

    def closed(
        self, record: CommandRecord, goal: OrderCommand, qualified: Qualified, now: datetime
    ) -> Decimal:
        """Return how many units a command that trades as `goal` is about to close at the most."""
        units = self.units(replace(record, command=goal), qualified, now)
        position = self.position(record, qualified.contract.contract_id)
        return closing(goal, None if isinstance(units, Refused) else units, position)

    def rivals(
        self, record: CommandRecord, goal: OrderCommand, contract_id: int, closed: Decimal
    ) -> list[OrderRecord]:
        """Return what rests to close the units that a command is about to close."""
        live = self._book.live(record.account, contract_id)
        wide = [order for order in live if self._holdings.is_wide(order)]
        shared = [o for o in live if o.strategy == goal.strategy or o in wide]
        position = self.position(record, contract_id)
        if not self._is_own(record):
            return rivals(goal, closed, live, position, live, position)
        held = self._positions.quantity(record.account, contract_id)
        mine = [order for order in live if order.strategy == goal.strategy]
        return rivals(goal, closed, mine, position, shared, held)

    def set_off(
        self, record: CommandRecord, contract_id: int, now: datetime, effects: Effects
    ) -> None:
        """Count nobody as holding anything where a close of the account found it flat."""
        command = record.command
        is_whole = command.action is not Action.EXIT or (command.sizing, command.closes) == (
            None,
            None,
        )
        if not is_close(command) or not is_whole or self._is_own(record):
            return
        account = record.account
        is_flat = not self._positions.quantity(account, contract_id)
        moves = any(is_sure(order) for order in self._book.live(account, contract_id))
        if is_flat and not moves and not self._positions.is_unsure(account, contract_id, now):
            self._holdings.set_off(account, contract_id, effects)

    def closers(self, record: CommandRecord, contract_id: int, side: Side) -> list[OrderRecord]:
        """Return the orders of a side that may close the position which the command is about."""
        live = self._book.live(record.account, contract_id, record.first_refs or ())
        return self._closers(live, side, record.command)

    def closers_beside(self, leg: OrderRecord) -> list[OrderRecord]:
        """Return the orders that may close what a protective order is about, itself among them."""
        return self._closers(self._book.live(leg.account, leg.contract_id), leg.side, leg)

    def _closers(
        self, live: list[OrderRecord], side: Side, one: OrderCommand | OrderRecord
    ) -> list[OrderRecord]:
        own = self._rules.is_own(one)
        return [
            order
            for order in live
            if order.side is side
            and (not own or order.strategy == one.strategy or self._holdings.is_wide(order))
        ]

    def _unexplained(self, record: CommandRecord, contract_id: int) -> str:
        """Say how much of what the strategy holds is not in the account any more."""
        if not self._is_own(record):
            return ""
        command = record.command
        own = self.own(record, contract_id)
        there = self.position(record, contract_id)
        if own == there:
            return ""
        return (
            f"strategy {command.strategy} holds {figure(own)} by its fills, of which the account "
            f"has only {figure(there)} left"
        )

    def expected(self, record: CommandRecord, contract_id: int) -> Decimal:
        """Return where the orders at the market will bring the position."""
        coming = [
            order.signed * order.remaining
            for order in self.live(record, contract_id)
            if order.order_type is OrderType.MARKET
            and order.state is not OrderState.UNKNOWN
            and order.command_id != record.command.command_id
        ]
        return self.position(record, contract_id) + sum(coming, ZERO)

    def only_closes(self, record: CommandRecord, contract_id: int) -> bool:
        position = self.position(record, contract_id)
        return self._register.entries.closing_side(record, position, contract_id) is not None

    def is_unsure(self, one: CommandRecord | OrderRecord, contract_id: int, now: datetime) -> bool:
        """True while fills may not be in the position yet."""
        return self._positions.is_unsure(one.account, contract_id, now)

    def waits(self, record: CommandRecord, contract_id: int, now: datetime) -> bool:
        """True while fills are about to move the position, or may not be in it yet."""
        is_moving = self._book.has_market_orders(record.account, contract_id)
        return is_moving or self.is_unsure(record, contract_id, now)

    def held(self, leg: OrderRecord) -> Decimal:
        """Return how many units a protective order could close."""
        held = self._positions.quantity(leg.account, leg.contract_id)
        if self._rules.is_own(leg):
            held = self._holdings.closable(leg.account, leg.strategy, leg.contract_id, held)
        return max(-leg.signed * held, ZERO)

    def opened(self, record: CommandRecord, qualified: Qualified, ticket: Ticket) -> Decimal:
        """Return how much of an order opens a position, in lots; the rest of it closes one."""
        contract_id = qualified.contract.contract_id
        position = self.position(record, contract_id, self.wide(record, contract_id))
        units = opened(record.command, ticket, position, self.live(record, contract_id))
        return amounts.in_steps(units, qualified.terms.size_increment)

    def size(
        self,
        record: CommandRecord,
        qualified: Qualified,
        now: datetime,
        own: OrderRecord | None = None,
    ) -> sizing.Verdict:
        """Size an order against the position and the orders that work, but for its `own`.

        Where the position is not what the alert takes it for, the route's policy says what follows.
        """
        said = self._mismatch(record, qualified)
        if not said:
            return self._size(record, qualified, now, own)
        policy = self._rules.route(record.command.route).position_mismatch
        if policy is MismatchPolicy.REFUSE and not is_close(record.command):
            return Refused(f"{said}; the route's position_mismatch says refuse", MISMATCH)
        if (goal := self.goal(record, qualified)) is not record.command:
            # It stays the command that it was: only what is ordered for it is another.
            record = replace(record, command=goal)
            said = f"{said}; traded to what it is after it"
        verdict = self._size(record, qualified, now, own)
        alarm = verdict.alarm or MISMATCH
        if isinstance(verdict, Refused):
            return Refused(f"{verdict.reason}; {said}", alarm)
        return replace(verdict, detail=_joined(verdict.detail, said), alarm=alarm)

    def _size(
        self, record: CommandRecord, qualified: Qualified, now: datetime, own: OrderRecord | None
    ) -> sizing.Verdict:
        """Size an order as it is told.

        What was worked out from money for an order that is written down stays: prices have moved
        since, and the trader was told the number.
        """
        command, contract_id = record.command, qualified.contract.contract_id
        wide = self.wide(record, contract_id)
        position = self.position(record, contract_id, wide)
        amount = self._kept(record, own) or self._amount(record, qualified, position, now)
        if isinstance(amount, Refused):
            return amount
        live = [order for order in self.live(record, contract_id) if order is not own]
        verdict = size_beside(
            command,
            None if amount is None else amount.units,
            position,
            live,
            is_closing=self.only_closes(record, contract_id),
        )
        if qualified.contract.security_type == "STK":
            # A target is reached as near as orders come; flat is where nothing is left.
            is_near_enough = command.action is Action.TARGET and not is_close(command)
            step = qualified.terms.size_increment
            verdict = sizing.in_whole(verdict, step, is_near_enough=is_near_enough)
        if isinstance(verdict, sizing.Approved) and amount is not None:
            verdict = replace(verdict, detail=_joined(amount.detail, verdict.detail))
        if isinstance(verdict, sizing.Approved):
            verdict = cash.settled(verdict, command, amount, position, live)
            verdict = self._in_cash(record, qualified, verdict, amount, now, own)
        if (there := self.position(record, contract_id)) != position:
            verdict = beside_wide(verdict, there, position, wide)
        if self._is_own(record) and isinstance(verdict, sizing.Approved) and is_close(command):
            held = self._positions.quantity(record.account, contract_id)
            after = held + verdict.quantity * (1 if verdict.side is Side.BUY else -1)
            if abs(after) > abs(held):
                # Its own strategy closes all the same: what is left is another one's.
                said = f"the account goes from {figure(held)} to {figure(after)}"
                said = f"{said}, which other strategies hold"
                verdict = replace(verdict, detail=_joined(verdict.detail, said))
        unexplained = self._unexplained(record, contract_id)
        if not unexplained or command.action not in sizing.NEEDS_POSITION:
            return verdict
        alarm = verdict.alarm or DRIFT
        if isinstance(verdict, Refused):
            return Refused(f"{verdict.reason}; {unexplained}", alarm)
        return replace(verdict, detail=_joined(verdict.detail, unexplained), alarm=alarm)

    def _in_cash(
        self,
        record: CommandRecord,
        qualified: Qualified,
        verdict: sizing.Verdict,
        amount: Amount | None,
        now: datetime,
        own: OrderRecord | None,
    ) -> sizing.Verdict:
        """Name the cash that an order spends where it goes out so; `amount` is its size."""
        command, contract = record.command, qualified.contract
        where = (record.account, contract.contract_id)
        if isinstance(verdict, sizing.Approved) and not self._positions.is_unsure(*where, now):
            held, live = self._positions.quantity(*where), self._book.live(*where)
            if refused := cash.short_sale(verdict, command, held, live):
                return refused
        if not isinstance(verdict, sizing.Approved) or not cash.goes_in_cash(command, verdict.side):
            return verdict
        if own is not None:
            return cash.kept(verdict, own)
        money = None
        if amount is not None and abs(amount.units) == verdict.quantity:
            money = amount.money
        price = self.valuation.price(record, contract.contract_id, verdict.side, now)
        return cash.spending(verdict, money, price, contract.currency)

    def needs(
        self, record: CommandRecord, qualified: Qualified, now: datetime, wanted: Wanted
    ) -> list[tuple[object, Request]]:
        """Return what must be asked before a command can be sized, each with its key.

        `wanted`: what the limits are held against.
        """
        contract_id = qualified.contract.contract_id
        if cash.goes_in_cash(record.command, Side.BUY) and cash.may_go_in_cash(
            self.goal(record, qualified), self.position(record, contract_id)
        ):
            wanted = replace(wanted, price=True)
        return self.valuation.needs(record, qualified, now, wanted)

    def units(
        self, record: CommandRecord, qualified: Qualified, now: datetime
    ) -> Decimal | Refused | None:
        """Return the size that a command tells, in units; None: it tells none."""
        position = self.position(record, qualified.contract.contract_id)
        amount = self._amount(record, qualified, position, now)
        return amount.units if isinstance(amount, Amount) else amount

    def _kept(self, record: CommandRecord, own: OrderRecord | None) -> Amount | None:
        command = record.command
        is_plain = command.sizing is None or command.sizing.type is QuantityType.UNITS
        if own is None or is_plain or command.action not in _KEEP:
            return None
        return Amount(own.quantity)

    def _amount(
        self, record: CommandRecord, qualified: Qualified, position: Decimal, now: datetime
    ) -> Amount | Refused | None:
        command, contract, account = record.command, qualified.contract, record.account
        price: Price | Refused = Refused("no price was asked for")
        if amounts.needs_price(command):
            side = amounts.opening_side(command)
            price = self.valuation.price(record, contract.contract_id, side, now)
        return amounts.work_out(
            command,
            Basis(
                position=position,
                price=price,
                equity=self.valuation.equity(account, now),
                rate=self.valuation.rate(account, contract.currency, now),
                currency=contract.currency,
                unit_value=qualified.terms.value_of(ONE, ONE),
                lot=amounts.lot_of(command, qualified.terms),
            ),
        )


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
