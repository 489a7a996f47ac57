"""A desk on a bench: a ledger that forgets what was not committed, and a broker made of paper.

Carries effects out in the order that the floor does: requests, commit, placements, replies. A
crash can be put between any two of them.
"""

import copy
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from alertwire.blackout import Blackout
from alertwire.journal.reaches import Reached
from alertwire.wire.alert import Action
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway import reconcile
from gateway.desk import Desk
from gateway.events import (
    Answer,
    CancelOrder,
    CancelSent,
    CommandReceived,
    Effects,
    Note,
    OrderNotSent,
    OrderSent,
    OrdersLoaded,
    QueryContract,
    QueryFunds,
    QueryQuote,
    Release,
    Released,
    Tick,
)
from gateway.memory import Memory
from gateway.messages import (
    BrokerError,
    ContractQueryFailed,
    ContractsFound,
    Inquired,
    Lost,
    OrderStatus,
    PositionUpdate,
    Ready,
)
from gateway.orders import ENDED, UNCERTAIN
from gateway.records import NEVER_REACHED, OrderStep
from gateway.rules import Rules
from tests.gateway import build
from tests.gateway.build import NOW, command, limit
from tests.gateway.paper import PaperBroker, PaperOrder


class Crash(Exception):  # noqa: N818 - the event itself
    """The process died here."""


class Bench:
    """A desk with everything around it."""

    def __init__(
        self,
        broker: PaperBroker | None = None,
        blackout: Blackout | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.now = NOW
        self.rules = rules or Rules()
        self.broker = broker or PaperBroker()
        tables = ("commands", "orders", "fills", "fences", "halts", "holdings")
        self.kept: dict[str, dict[Any, Any]] = {name: {} for name in tables}
        self.reaches: list[Reached] = []
        self.steps: list[OrderStep] = []
        self.answers: list[Answer] = []
        self.blackout = blackout or Blackout()
        self.replies: list[tuple[bytes, CommandReply]] = []
        self.notes: list[Note] = []
        self.queries: list[QueryContract] = []
        self.answers_queries = True
        self.readings: list[Any] = []  # answers to questions for account values and prices
        self.is_connected = True
        self.is_asked = False
        """For its lists, since the broker last told them."""
        self.loses_bytes = False
        """What is handed to the socket never arrives."""
        self.crash_at = ""
        """ "intended" dies before the commit, "committed" after it, "placed" after the bytes."""
        self.sends = 1_000
        """How many more orders the process lives to send."""
        self.start()

    def start(self) -> None:
        """Make a desk from what the ledger kept, as a new process does."""
        last = max((order.order_id for order in self.kept["orders"].values()), default=0)
        self.desk = Desk(
            client_id=1,
            last_order_id=last,
            highest_acknowledged_id=self.highest_acknowledged_id(),
            blackout=self.blackout,
            rules=self.rules,
        )
        open_ = {None, Outcome.UNKNOWN}
        commands = [c for c in self.kept["commands"].values() if c.outcome in open_]
        undecided = {c.command.command_id for c in commands}
        entries = {o.parent_ref for o in self.kept["orders"].values() if o.state not in ENDED}
        orders = [
            o
            for o in self.kept["orders"].values()
            if o.state not in ENDED or o.command_id in undecided or o.order_ref in entries
        ]
        decided = [c for c in self.kept["commands"].values() if c.outcome is not None]
        for record in decided:
            own = self.kept["orders"].get(record.command.command_id)
            has_failed = own is not None and own.has_failed
            record.was_refused = record.outcome is Outcome.ACCEPTED and has_failed
        for record in commands:
            # In memory only, as the targets of a cancel are.
            record.order_refs.clear()
        ended = {
            o.command_id for o in self.kept["orders"].values() if o.is_leg and o.state in ENDED
        }
        halts, sent = build.remembered(self.kept)
        memory = Memory(
            commands=commands,
            orders=orders,
            decided=decided,
            fences=self.kept["fences"],
            halts=halts,
            sent=sent,
            families=[o for o in self.kept["orders"].values() if o.command_id in ended],
            closings=[c for c in decided if c.command.stream_id == "gateway"],
            holdings=list(self.kept["holdings"].values()),
            bare=build.bare(self.kept["orders"].values()),
            openers=build.openers(self.kept),
            reaches=self.reaches,
        )
        self.desk.restore(copy.deepcopy(memory))
        for order in self.desk.book.orders.values():
            order.is_sent, order.asked = True, None
        for record in self.desk.register.undecided.values():
            record.reply_to.clear()

    def highest_acknowledged_id(self) -> int:
        acknowledged = [
            order.order_id
            for order in self.kept["orders"].values()
            if order.perm_id
            or order.state not in {*UNCERTAIN, OrderState.REJECTED, OrderState.CANCELLED}
            or (order.state is OrderState.CANCELLED and order.detail != NEVER_REACHED)
        ]
        return max(acknowledged, default=0)

    def connect(
        self,
        next_order_id: int | None = None,
        positions: tuple[PositionUpdate, ...] | None = None,
        **evidence: Any,
    ) -> None:
        """Connect; the broker tells the next id that it would take, unless another is given."""
        self.is_connected = True
        highest = max((o.order_id for o in self.broker.placed), default=0)
        self.broker.highest_id = max(self.broker.highest_id, highest)
        told = replace(self.broker.evidence(), **evidence)
        self.turn(
            *told.open_orders,
            Ready(
                next_order_id=next_order_id or self.broker.highest_id + 1,
                accounts=self.broker.accounts,
                server_version=176,
                evidence=told,
                positions=self.broker.snapshot() if positions is None else positions,
            ),
        )

    def lose(self) -> None:
        self.is_connected = False
        self.turn(Lost(reason="kicked"))

    def crash(self) -> None:
        self.start()

    def send(self, command: OrderCommand, address: bytes = b"executor") -> CommandReply | None:
        """Send a command; return its reply where one came at once."""
        before = len(self.replies)
        fence = self.kept["fences"].get((command.stream_id, command.key))
        recorded = tuple(
            copy.deepcopy(record)
            for record in self.kept["commands"].values()
            if record.command.alert_id == command.alert_id
        )
        for record in recorded:
            record.reply_to.clear()
        self.turn(CommandReceived(command, address, fence, recorded))
        return self.replies[-1][1] if len(self.replies) > before else None

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.turn(Tick())

    def acknowledge(self, order_id: int, status: str = "Submitted") -> None:
        self.turn(
            OrderStatus(
                order_id=order_id,
                client_id=1,
                perm_id=9000 + order_id,
                status=status,
                filled=Decimal(0),
            )
        )

    def end(self, order_id: int) -> None:
        """Let the broker cancel an order."""
        self.broker.by_id(order_id).status = "Cancelled"
        self.acknowledge(order_id, "Cancelled")

    def tell(self, order: PaperOrder) -> None:
        """Let the broker tell an order's terms."""
        self.turn(order.opened())

    def fill(self, order_id: int, quantity: object = None) -> None:
        order = self.broker.by_id(order_id)
        amount = order.quantity - order.filled if quantity is None else Decimal(str(quantity))
        self.turn(self.broker.fill(order, amount, self.now))

    def answer_inquiry(self) -> None:
        self.is_asked = False
        evidence = self.broker.evidence()
        inquired = Inquired(evidence=evidence, positions=self.broker.snapshot())
        self.turn(*evidence.open_orders, inquired)

    def find_contract(self) -> None:
        key = self.queries.pop().key
        self.turn(ContractsFound(key=key, candidates=self.broker.candidates))

    def fail_query(self, reason: str, *, is_final: bool) -> None:
        self.turn(ContractQueryFailed(key=self.queries.pop().key, reason=reason, is_final=is_final))

    def turn(self, *events: Any) -> Effects:
        """Take turns until nothing is left to do; return the first one's effects."""
        first = None
        inbox = list(events)
        while inbox or first is None:
            effects = Effects()
            for event in inbox:
                self._load_orders_of(event)
                self.desk.step(event, self.now, effects)
            inbox.clear()
            cancels = self._release(effects, inbox)
            self._die("intended", effects)
            self._commit(effects)
            self._die("committed", effects)
            self._place(effects, cancels, inbox)
            self._die("placed", effects)
            self.replies += effects.replies
            self.answers += effects.answers
            self.steps += effects.steps
            self.notes += effects.notes
            self.is_asked |= effects.inquire
            first = first or effects
        return first

    @property
    def alarms(self) -> list[str]:
        return [note.event for note in self.notes if note.is_alarm]

    def state(self, ref: str) -> OrderState:
        return self.kept["orders"][ref].state

    def _load_orders_of(self, event: Any) -> None:
        if isinstance(event, Ready | Inquired):
            self.load(*reconcile.refs_of(event.evidence))

    def load(self, *refs: str) -> None:
        """Fetch orders that memory no longer has."""
        missing = [ref for ref in refs if ref not in self.desk.book.orders]
        found = [self.kept["orders"][ref] for ref in missing if ref in self.kept["orders"]]
        self.desk.step(OrdersLoaded(tuple(copy.deepcopy(found))), self.now, Effects())

    def _release(self, effects: Effects, inbox: list[Any]) -> list[CancelOrder]:
        cancels = []
        while effects.requests:
            requests, effects.requests = sorted(effects.requests, key=lambda r: r[0]), []
            for _, request in requests:
                match request:
                    case Release(command_id):
                        self.desk.step(Released(command_id), self.now, effects)
                    case CancelOrder(ref):
                        if self.desk.lets_cancel(ref, self.now):
                            cancels.append(request)
                    case QueryFunds() | QueryQuote():
                        inbox += self.readings
                    case QueryContract():
                        self.queries.append(request)
                        if self.answers_queries:
                            name = request.contract.local_symbol
                            found = tuple(
                                one
                                for one in self.broker.candidates
                                if name in {"", one.contract.local_symbol}
                            )
                            inbox.append(ContractsFound(key=request.key, candidates=found))
        return cancels

    def _commit(self, effects: Effects) -> None:
        for name in ("commands", "orders", "fills"):
            for record in getattr(effects, name).values():
                record.is_kept = True
            self.kept[name].update(copy.deepcopy(getattr(effects, name)))
        self.kept["fences"].update(effects.fences)
        self.kept["halts"].update(effects.halts)
        self.kept["holdings"].update(effects.holdings)
        self.reaches += effects.reaches
        for execution_id in effects.corrected:
            self.kept["fills"].pop(execution_id, None)

    def _place(self, effects: Effects, cancels: list[CancelOrder], inbox: list[Any]) -> None:
        for placement in effects.placements:
            ticket = placement.ticket
            assert ticket.order_ref in self.kept["orders"], "placed before it was written down"
            if not self.is_connected:
                inbox.append(OrderNotSent(ticket.order_ref))
                continue
            if not self.sends:
                self.sends = 1_000
                raise Crash("in the middle of a family")
            self.sends -= 1
            if not self.loses_bytes:
                self.broker.take(ticket)
            inbox.append(OrderSent(ticket.order_ref, self.now))
        for cancel in cancels:
            self.broker.cancels.append(cancel.order_id)
            inbox.append(CancelSent(cancel.order_ref))

    def _die(self, where: str, effects: Effects) -> None:
        if self.crash_at == where and effects.placements:
            self.crash_at = ""
            raise Crash(where)


def refused(order_id: int, code: int = 201, text: str = "no margin") -> BrokerError:
    return BrokerError(about=order_id, code=code, text=text)


def outcome(bench: Bench, command_id: str) -> Outcome | None:
    return next((r.outcome for _, r in reversed(bench.replies) if r.command_id == command_id), None)


def placed_limit(bench: Bench, **fields) -> str:
    buy = command(Action.BUY, 10, entry=limit(150), **fields)
    bench.send(buy)
    bench.acknowledge(len(bench.broker.placed))
    return buy.command_id
