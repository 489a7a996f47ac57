"""The floor around the desk: one turn drains what came in, steps the desk, commits, then acts.

Everything runs in one thread on one asyncio loop. A turn never waits, but for its commit.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, Final

from alertwire import logs
from alertwire.clock import Clock
from alertwire.faults import JournalUnavailable
from alertwire.settings import LIVE, Settings, TradingMode
from alertwire.wire.codec import DecodeError
from alertwire.wire.command import OrderCommand
from alertwire.wire.control import ControlReply, ControlRequest, GatewayStatus
from gateway import metrics, reconcile
from gateway.broker import Connection, NotSent, Refused
from gateway.causes import LISTS, check_accounts, explain, live_accounts
from gateway.commands import CommandSocket, refusal
from gateway.control import ControlSocket, Route, request_id_of, status_of
from gateway.desk import Desk
from gateway.events import (
    Answer,
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
    QueryQuote,
    Release,
    Released,
    Tick,
)
from gateway.ledger import Ledger
from gateway.messages import Execution, Inquired, Lost, Message, OpenOrder, Ready
from gateway.pacer import Pacer
from gateway.records import OrderRecord, OrderStep
from gateway.reports import Reports
from gateway.rules import Rules

TICK_S: Final = 0.05
COMMANDS_PER_TURN_MAX: Final = 100
"""So that the first of a burst need not wait for the last."""
BACKOFF_MIN_S: Final = 0.5
BACKOFF_MAX_S: Final = 15.0
STEPS_WAIT_S: Final = 1.0
"""History of orders that no commit took along gets one of its own after so long."""
PRUNE_AFTER_S: Final = 60.0
"""The library keeps an ended order this long, for its late messages."""


class Floor:
    """Runs one desk until it is closed, or until a commit fails."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        logger: logs.Logger,
        ledger: Ledger,
        commands: CommandSocket,
        reports: Reports,
        control: ControlSocket,
        started_at: datetime,
        rules: Rules,
    ) -> None:
        self._settings, self._clock, self._logger = settings, clock, logger
        self._ledger, self._started_at = ledger, started_at
        self._commands, self._reports, self._control = commands, reports, control
        self._pacer = Pacer(settings.ib_messages_per_s)
        self._inbox: deque[Any] = deque()
        self._connection: Connection | None = None
        self._attempt: Connection | None = None
        self._steps: list[OrderStep] = []
        self._steps_since_s = 0.0
        self._loop = asyncio.get_running_loop()
        self._is_scheduled = False
        self._paced_turn: asyncio.TimerHandle | None = None
        self._next_tick_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: deque[tuple[float, OrderRecord]] = deque()
        self.broken: asyncio.Future[None] = self._loop.create_future()
        """Fails with what ended the floor."""
        self.server_version = 0
        client_id = settings.ib_client_id
        self.desk = Desk(
            client_id,
            ledger.last_order_id(client_id),
            ledger.highest_acknowledged_id(client_id),
            settings.blackout,
            rules,
            is_live=self._settings.trading_mode is TradingMode.LIVE,
        )
        self.desk.restore(ledger.memory(clock.now()))
        for halt in self.desk.halts.in_force:
            logger.warning("halted", detail=halt.words)
        metrics.halted.set(len(self.desk.halts.in_force))

    async def run(self) -> None:
        """Keep connected and take turns. Raises ConfigurationError and JournalUnavailable."""
        self._loop.add_reader(self._commands.descriptor, self.wake)
        connecting = asyncio.create_task(self._keep_connected())
        ticking = asyncio.create_task(self._keep_ticking())
        tasks: list[Any] = [connecting, ticking, self.broken]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._loop.remove_reader(self._commands.descriptor)
            for task in (*tasks, *self._tasks):
                task.cancel()
            if self._connection is not None:
                self._connection.close()
            metrics.connected.set(0)
            if self._steps and not self.broken.done():
                with contextlib.suppress(JournalUnavailable):
                    self._ledger.save(Effects(steps=self._steps))

    def why_not_ready(self) -> str:
        """Why nothing can be ordered, in words; empty: it can."""
        attempt = self._attempt
        if attempt is not None and attempt.phase in LISTS and self._connection is None:
            return f"reconciling with the broker: waiting for {attempt.phase.value}"
        return self.desk.why_not_ready(self._clock.now())

    def status(self) -> GatewayStatus:
        return status_of(
            self.desk,
            self.why_not_ready(),
            self._settings,
            self._reports.gateway_id,
            self.server_version,
            self._started_at,
        )

    def wake(self) -> None:
        """Take a turn soon: in this round of the loop's callbacks, after what else is ready."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def count_message(self) -> None:
        """Count a message that the connection sends, whoever asked for it."""
        self._pacer.sent(self._clock.monotonic_s())

    def hear(self, message: Message) -> None:
        """Put a message of the broker in the inbox; whoever hears also wakes."""
        self._inbox.append(message)

    def _turn(self) -> None:
        self._is_scheduled = False
        if self.broken.done():
            return
        try:
            self._take_turn()
        except Exception as error:
            # A failed commit, or a bug: nothing more may be sent from this desk.
            self.broken.set_exception(error)

    def _take_turn(self) -> None:
        now = self._clock.now()
        now_s = self._clock.monotonic_s()
        effects = Effects()
        while self._inbox:
            event = self._inbox.popleft()
            if isinstance(event, Lost):
                self._pacer.clear()
            self._load_order_of(event)
            self.desk.step(event, now, effects)
        for sender, command in self._commands.drain(COMMANDS_PER_TURN_MAX):
            self._receive(sender, command, effects)
        for route, request in self._control.drain():
            self._hear_person(route, request, effects)
        if now_s >= self._next_tick_s:
            self._next_tick_s = now_s + TICK_S
            self.desk.step(Tick(), now, effects)
        cancels = self._send_paced(now_s, effects)
        self._save(effects, now_s)
        self._act(effects, cancels)
        self._tell(effects)
        if self._inbox or self._commands.has_more:
            self.wake()
        wait_s = self._pacer.wait_s(self._clock.monotonic_s())
        if wait_s is not None and self._paced_turn is None:
            self._paced_turn = self._loop.call_later(wait_s, self._take_paced_turn)

    def _take_paced_turn(self) -> None:
        self._paced_turn = None
        self.wake()

    def _save(self, effects: Effects, now_s: float) -> None:
        """Commit the turn; history alone waits a while for a commit that it can go with."""
        if effects.steps and not self._steps:
            self._steps_since_s = now_s
        effects.steps[:0] = self._steps
        is_late = bool(effects.steps) and now_s - self._steps_since_s > STEPS_WAIT_S
        if effects.is_durable or is_late:
            self._ledger.save(effects)
            self._steps = []
        else:
            self._steps = effects.steps

    def _hear_person(
        self, route: Route, request: ControlRequest | DecodeError, effects: Effects
    ) -> None:
        if isinstance(request, DecodeError):
            effects.answers.append(Answer(route, str(request)))
            return
        recorded: tuple[Any, ...] = ()
        if request.resolve and self.desk.register.find(request.resolve.command_id) is None:
            recorded = tuple(self._ledger.command(request.resolve.command_id))
        if request_id := request_id_of(request):
            recorded = tuple(self._ledger.commands_of(request_id))
        self.desk.step(ControlReceived(request, route, recorded), self._clock.now(), effects)

    def _receive(
        self, sender: bytes, command: OrderCommand | DecodeError, effects: Effects
    ) -> None:
        if isinstance(command, DecodeError):
            self._logger.warning("command_unreadable", detail=str(command))
            self._answer_unread(sender, command, effects)
            return
        register = self.desk.register
        place = (command.stream_id, command.key)
        fence = register.fence(*place) or self._ledger.fence(*place)
        recorded: tuple[Any, ...] = ()
        # A VOID asks for all commands of the alert, of which memory may hold only some.
        if fence and command.seq <= fence.seq and register.find(command.command_id) is None:
            recorded = tuple(self._ledger.commands_of(command.alert_id))
        event = CommandReceived(command, sender, fence, recorded)
        self.desk.step(event, self._clock.now(), effects)

    def _answer_unread(self, sender: bytes, error: DecodeError, effects: Effects) -> None:
        """Refuse what cannot be read, unless it was taken when it could be."""
        answer = refusal(error)
        if answer is None:
            return
        register = self.desk.register
        if register.find(answer.command_id) is None:
            for record in self._ledger.command(answer.command_id):
                register.adopt(record)
        if not register.recall(answer.command_id, sender, effects):
            effects.replies.append((sender, answer))

    def _load_order_of(self, message: Any) -> None:
        """Fetch an order that memory no longer has before the desk hears of it."""
        if isinstance(message, OpenOrder | Execution):
            refs = {message.order_ref} if reconcile.is_ours(message.order_ref) else set()
        elif isinstance(message, Ready | Inquired):
            refs = reconcile.refs_of(message.evidence)
        else:
            return
        missing = refs.difference(self.desk.book.orders)
        if missing and (orders := self._ledger.orders_by_ref(missing)):
            self.desk.step(OrdersLoaded(tuple(orders)), self._clock.now(), Effects())

    def _send_paced(self, now_s: float, effects: Effects) -> list[CancelOrder]:
        """Let those go whose turn it is; return the cancels, which wait for the commit."""
        cancels: list[CancelOrder] = []
        now = self._clock.now()
        while True:
            for priority, waiting in effects.requests:
                self._pacer.put(priority, waiting)
            effects.requests.clear()
            request = self._pacer.pop(now_s)
            match request:
                case None:
                    return cancels
                case Release(command_id):
                    placed = len(effects.placements)
                    self.desk.step(Released(command_id), now, effects)
                    sent = len(effects.placements) - placed
                    if sent:
                        # A family takes as many slots as it has orders, and goes back to back.
                        self._pacer.widen(sent - 1, now_s)
                    else:
                        self._pacer.give_back()
                case CancelOrder(ref) if self.desk.lets_cancel(ref, now):
                    cancels.append(request)
                case CancelOrder():
                    self._pacer.give_back()
                case QueryContract() | QueryQuote() | QueryFunds() if self._connection is not None:
                    self._begin(self._connection.ask(request))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _act(self, effects: Effects, cancels: list[CancelOrder]) -> None:
        """Send what was committed."""
        for placement in effects.placements:
            ref = placement.ticket.order_ref
            try:
                if self._connection is None:
                    raise NotSent("not connected")
                at = self._connection.place(placement.contract, placement.ticket)
            except NotSent as error:
                self._logger.warning("order_not_sent", order_ref=ref, detail=str(error))
                self._inbox.append(OrderNotSent(ref))
            else:
                metrics.orders_sent.inc()
                self._inbox.append(OrderSent(ref, at))
        for cancel in cancels:
            if self._connection is None:
                continue
            try:
                self._connection.cancel(cancel.order_id)
            except NotSent:
                continue
            metrics.cancels_sent.inc()
            self._inbox.append(CancelSent(cancel.order_ref))
        for address, reply in effects.replies:
            self._commands.reply(address, reply)
        for answer in effects.answers:
            reply_ = ControlReply(
                error=answer.error, status=self.status(), findings=answer.findings
            )
            self._control.answer(answer.reply_to, reply_)
        if effects.hang_up and self._connection is not None:
            self._connection.give_up(effects.hang_up)
        if effects.inquire and self._connection is not None:
            self._begin(self._connection.inquire())

    def _tell(self, effects: Effects) -> None:
        """Report, count and log, now that nobody waits for it."""
        now = self._clock.now()
        for change in effects.reports:
            self._reports.publish(change, now)
        for note in effects.notes:
            level = self._logger.error if note.is_alarm else self._logger.info
            level(note.event, **note.fields, **({"alarm": True} if note.is_alarm else {}))
        metrics.count(effects, len(self.desk.halts.in_force))
        self._prune(effects)

    def _prune(self, effects: Effects) -> None:
        now_s = self._clock.monotonic_s()
        self._ended.extend((now_s + PRUNE_AFTER_S, order) for order in effects.ended)
        while self._ended and self._ended[0][0] < now_s:
            _, order = self._ended.popleft()
            if self._connection is not None:
                self._connection.prune(order.client_id, order.order_id)

    async def _keep_ticking(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.wake()

    async def _keep_connected(self) -> None:
        backoff_s = BACKOFF_MIN_S
        while True:
            connection = Connection(
                self._settings, self._clock, self.hear, self.wake, self.count_message
            )
            watching = None
            self._attempt = connection
            try:
                ready = await connection.open()
                check_accounts(ready.accounts, self._settings, self.desk.rules)
                self._connection = connection
                self.server_version = ready.server_version
                self.hear(ready)
                self.wake()
                if self._settings.trading_mode is TradingMode.LIVE:
                    traded = live_accounts(ready.accounts, self.desk.rules)
                    self._logger.critical("live_trading", detail=LIVE, accounts=traded)
                backoff_s = BACKOFF_MIN_S
                metrics.connected.set(1)
                self._logger.info(
                    "broker_connected",
                    broker=f"{self._settings.ib_host}:{self._settings.ib_port}",
                    server_version=ready.server_version,
                    accounts=ready.accounts,
                )
                watching = asyncio.create_task(connection.watch())
                reason = await connection.lost
            except (Refused, OSError, TimeoutError) as error:
                reason = explain(error, connection.phase, self._settings)
            finally:
                if watching is not None:
                    watching.cancel()
                self._connection = self._attempt = None
                metrics.connected.set(0)
                connection.close()
            self._logger.warning("broker_disconnected", reason=reason, retry_s=backoff_s)
            self.hear(Lost(reason=reason))
            self.wake()
            await asyncio.sleep(backoff_s)
            backoff_s = min(BACKOFF_MAX_S, backoff_s * 2)
