"""The gateway around the real desk: the turns of gateway/floor.py and a connection's course.

One turn drains what came in, steps the desk, commits, places, replies; a crash may fall between
any two of them. The ledger survives.
"""

from collections import deque
from typing import Any

from alertwire.wire.command import OrderCommand
from alertwire.wire.control import ControlRequest, ResolveRequest
from gateway import reconcile
from gateway.broker import HEARTBEAT_S, IDLE_S, INQUIRY_TIMEOUT_S
from gateway.desk import Desk
from gateway.events import (
    CancelOrder,
    CancelSent,
    CommandReceived,
    ControlReceived,
    Effects,
    OrderNotSent,
    OrderSent,
    OrdersLoaded,
    QueryContract,
    QueryFunds,
    Release,
    Released,
    Tick,
)
from gateway.floor import BACKOFF_MAX_S, BACKOFF_MIN_S
from gateway.memory import Memory
from gateway.messages import (
    ContractQueryFailed,
    ContractsFound,
    Evidence,
    Execution,
    FundsAnswered,
    Inquired,
    Lost,
    OpenOrder,
    Ready,
)
from gateway.orders import UNCERTAIN
from gateway.pacer import Pacer
from gateway.queries import QUERY_TIMEOUT_S
from gateway.rules import Rules
from tests.simulation.broker import CLIENT
from tests.simulation.ledger import Ledger
from tests.simulation.line import CLOSED, Hello, Line, Listed
from tests.simulation.schedule import Clock, Mortal

CONNECT_TIMEOUT_S = 10.0
STAGES = ("open", "completed", "executions", "positions")


class Connection:
    """One connection from its hello over the lists to its end."""

    def __init__(self, gateway: "Gateway") -> None:
        self.gateway = gateway
        self.hello: Hello | None = None
        self.is_ready = False
        self.is_closing = False
        """Both sides of the socket know; the gateway's `Lost` is about to come."""
        self.lists: dict[str, Any] = {}
        self.number = 0
        self.heard_s = 0.0

    def open(self, line: Line) -> None:
        self.line = line
        self.line.send("hello")
        self.gateway.after(CONNECT_TIMEOUT_S, self._give_up, 0)

    def inquire(self) -> None:
        self.number += 1
        self.lists = {}
        self.gateway.after(INQUIRY_TIMEOUT_S, self._give_up, self.number)
        self.line.send("list", STAGES[0])

    def hear(self, message: Any) -> None:
        self.heard_s = self.gateway.schedule.now_s
        if message == CLOSED:
            self.is_closing = True
            self.gateway.after(self.gateway.world.short_s(), self.gateway.lose, self, "kicked")
        elif isinstance(message, Hello):
            self.hello = message
            self.line.send("list", STAGES[0])
        elif isinstance(message, Listed):
            self._gather(message)
        elif message != "the time":
            self.gateway.hear(message)

    def _gather(self, message: Listed) -> None:
        self.lists[message.stage] = message.items
        if message.stage != STAGES[-1]:
            self.line.send("list", STAGES[STAGES.index(message.stage) + 1])
            return
        lists, self.lists = self.lists, {}
        evidence = Evidence(
            open_orders=lists["open"],
            completed=lists["completed"] or (),
            executions=lists["executions"],
            is_complete=lists["completed"] is not None,
        )
        self.number += 1
        if self.is_ready:
            self.gateway.hear(Inquired(evidence=evidence, positions=lists["positions"]))
        elif self.hello is not None:
            self.is_ready = True
            self.gateway.connected(self, evidence, lists["positions"])
            self.gateway.after(IDLE_S, self._watch)

    def _watch(self) -> None:
        """Ask a broker for its time that says nothing."""
        if self.gateway.line is not self.line:
            return
        now_s = self.gateway.schedule.now_s
        if now_s - self.heard_s < IDLE_S:
            self.gateway.after(max(IDLE_S - (now_s - self.heard_s), 0.01), self._watch)
        else:
            self.line.send("time")
            self.gateway.after(HEARTBEAT_S, self._expect, now_s)

    def _expect(self, asked_s: float) -> None:
        if self.heard_s < asked_s:
            self.gateway.lose(self, "not a word")
        else:
            self._watch()

    def _give_up(self, number: int) -> None:
        if number == self.number:
            self.gateway.lose(self, "no answer in time")


class Gateway(Mortal):
    def __init__(self, world: Any, messages_per_s: float) -> None:
        super().__init__(world.schedule, "gateway")
        self.world = world
        self.clock = Clock(world.schedule)
        self.messages_per_s = messages_per_s
        self.ledger = Ledger()
        self.rules = Rules()
        self.number = 0
        self.line: Line | None = None

    def begin(self) -> None:
        super().begin()
        ledger = self.ledger
        self.desk = Desk(
            CLIENT,
            ledger.last_order_id(CLIENT),
            ledger.highest_acknowledged_id(CLIENT),
            rules=self.rules,
        )
        open_ = ledger.open_commands()
        self.desk.restore(
            Memory(
                commands=open_,
                orders=ledger.open_orders(),
                decided=ledger.last_trades(),
                fences=ledger.fences_of(open_),
                holdings=ledger.held(),
            )
        )
        self.pacer = Pacer(self.messages_per_s)
        self.inbox: deque[Any] = deque()
        self.commands: deque[tuple[bytes, Any]] = deque()
        self.asked: deque[ControlRequest] = deque()
        self.connection: Connection | None = None
        self.backoff_s = BACKOFF_MIN_S
        self.next_tick_s = 0.0
        self.queries: dict[Any, int] = {}
        self.is_scheduled = False
        self._connect()
        self._tick()

    def die(self) -> None:
        super().die()
        if self.line is not None:
            self.line.drop()

    def receive(self, address: bytes, frame: Any) -> None:
        """Take a command off the network."""
        if self.is_up:
            self.commands.append((address, frame))
            self.wake()

    def resolve(self, command_id: str, placed: bool) -> None:
        """Let a person say what became of a command."""
        if self.is_up:
            resolve = ResolveRequest(command_id=command_id, placed=placed)
            self.asked.append(ControlRequest(resolve=resolve))
            self.wake()

    def hear(self, message: Any) -> None:
        if isinstance(message, ContractsFound | ContractQueryFailed):
            self.queries.pop(message.key, None)
        self.inbox.append(message)
        self.wake()

    def wake(self) -> None:
        if not self.is_scheduled:
            self.is_scheduled = True
            self.after(self.world.short_s(), self._turn)

    def connected(self, connection: Connection, evidence: Evidence, positions: Any) -> None:
        hello = connection.hello
        self.world.note("gateway", "connected, next id {}", hello.next_order_id)
        self.connection = connection
        self.backoff_s = BACKOFF_MIN_S
        self.hear(
            Ready(
                next_order_id=hello.next_order_id,
                accounts=hello.accounts,
                server_version=176,
                evidence=evidence,
                positions=positions,
            )
        )

    def lose(self, connection: Connection, reason: str) -> None:
        """End a connection, and make the next one after a while."""
        if connection.line is not self.line:
            return
        self.line.drop()
        self.line = self.connection = None
        self._fail(reason)

    def _fail(self, reason: str) -> None:
        self.world.note("gateway", "not connected: {}", reason)
        self.hear(Lost(reason=reason))
        self.after(self.backoff_s, self._connect)
        self.backoff_s = min(BACKOFF_MAX_S, 2 * self.backoff_s)

    def _connect(self) -> None:
        connection = Connection(self)
        line = self.world.broker.connect(connection.hear)
        if isinstance(line, str):
            self.line = None
            self._fail(line)
        else:
            self.line = line
            connection.open(line)

    def _tick(self) -> None:
        self.after(self.world.poll_s, self._tick)
        if not self.is_scheduled:
            self._turn()

    def _turn(self) -> None:
        self.is_scheduled = False
        now = self.clock.now()
        effects = Effects()
        while self.inbox:
            event = self.inbox.popleft()
            if isinstance(event, Lost):
                self.pacer.clear()
            self._load_order_of(event)
            self.desk.step(event, now, effects)
        while self.commands:
            self._receive(*self.commands.popleft(), effects)
        while self.asked:
            self._hear_person(self.asked.popleft(), effects)
        if self.schedule.now_s >= self.next_tick_s:
            self.next_tick_s = self.schedule.now_s + self.world.poll_s
            self.desk.step(Tick(), now, effects)
        cancels = self._send_paced(effects)
        if effects.is_durable:
            self.crash_point()
            self.ledger.save(effects)
            self.crash_point()
        self._act(effects, cancels)
        wait_s = self.pacer.wait_s(self.clock.monotonic_s())
        if wait_s is not None:
            self.after(wait_s, self.wake)

    def _receive(self, sender: bytes, frame: Any, effects: Effects) -> None:
        command = self.world.unpack(OrderCommand, frame)
        register = self.desk.register
        fence = register.fence(command.stream_id, command.key)
        if fence is None:
            fence = self.ledger.fence(command.stream_id, command.key)
        recorded: tuple[Any, ...] = ()
        if fence and command.seq <= fence.seq and register.find(command.command_id) is None:
            recorded = tuple(self.ledger.commands_of(command.alert_id))
        event = CommandReceived(command, sender, fence, recorded)
        self.desk.step(event, self.clock.now(), effects)

    def _hear_person(self, request: ControlRequest, effects: Effects) -> None:
        recorded: tuple[Any, ...] = ()
        if self.desk.register.find(request.resolve.command_id) is None:
            recorded = tuple(self.ledger.command(request.resolve.command_id))
        self.desk.step(ControlReceived(request, (), recorded), self.clock.now(), effects)

    def _load_order_of(self, message: Any) -> None:
        if isinstance(message, OpenOrder | Execution):
            refs = {message.order_ref}
        elif isinstance(message, Ready | Inquired):
            refs = reconcile.refs_of(message.evidence)
        else:
            return
        missing = refs.difference(self.desk.book.orders)
        if missing and (orders := self.ledger.orders_by_ref(missing)):
            self.desk.step(OrdersLoaded(tuple(orders)), self.clock.now(), Effects())

    def _send_paced(self, effects: Effects) -> list[CancelOrder]:
        cancels: list[CancelOrder] = []
        now, now_s = self.clock.now(), self.clock.monotonic_s()
        while True:
            for priority, waiting in effects.requests:
                self.pacer.put(priority, waiting)
            effects.requests.clear()
            request = self.pacer.pop(now_s)
            match request:
                case None:
                    return cancels
                case Release(command_id):
                    placed = len(effects.placements)
                    self.desk.step(Released(command_id), now, effects)
                    if len(effects.placements) == placed:
                        self.pacer.give_back()
                case CancelOrder(ref) if self.desk.lets_cancel(ref, now):
                    cancels.append(request)
                case CancelOrder():
                    self.pacer.give_back()
                case QueryFunds():
                    self.hear(FundsAnswered(reason="not simulated"))
                case QueryContract():
                    self._query(request)

    def _query(self, request: QueryContract) -> None:
        if self.connection is not None:
            candidate = self.world.candidates[request.contract.symbol]
            self.line.send("query", request.key, request.contract, candidate)
            self.number += 1
            self.queries[request.key] = self.number
            self.after(QUERY_TIMEOUT_S, self._end_query, request.key, self.number)

    def _end_query(self, key: Any, number: int) -> None:
        if self.queries.pop(key, 0) == number:
            self.hear(ContractQueryFailed(key=key, reason="no answer", is_final=False))

    def _act(self, effects: Effects, cancels: list[CancelOrder]) -> None:
        connection = self.connection
        can_send = connection is not None and not connection.is_closing
        for placement in effects.placements:
            ref = placement.ticket.order_ref
            if can_send:
                self.world.note("gateway", "places {} id {}", ref, placement.ticket.order_id)
                if self.desk.book.orders[ref].state in UNCERTAIN:
                    # Else it is a change of one that works.
                    self.world.oracle.ordering(ref, self.clock.now())
                self.line.send("place", placement.contract, placement.ticket)
                self.inbox.append(OrderSent(ref, self.clock.now()))
            else:
                self.world.note("gateway", "cannot place {}", ref)
                self.inbox.append(OrderNotSent(ref))
            self.crash_point()
        for cancel in cancels:
            if can_send:
                self.line.send("cancel", cancel.order_id)
                self.inbox.append(CancelSent(cancel.order_ref))
        for address, reply in effects.replies:
            if reply.decided:
                self.world.oracle.answered(reply)
            self._reply(address, reply)
        for answer in effects.answers:
            self.world.note("gateway", "tells a person {} {}", answer.error, answer.findings)
        if effects.hang_up and connection is not None:
            self.lose(connection, effects.hang_up)
        elif effects.inquire and connection is not None:
            connection.inquire()
        if self.inbox:
            self.wake()

    def _reply(self, address: bytes, reply: Any) -> None:
        if self.world.trace:
            said = reply.outcome.name if reply.outcome else "RETRY"
            self.world.note("gateway", "answers {} {}: {}", reply.command_id, said, reply.detail)
        number, life = address.decode().split(":")
        consumer = self.world.consumers[int(number)]
        self.world.carry(consumer.answer, int(life), self.world.pack(reply))
