"""The floor around the desk: one turn drains what came in, steps the desk, commits, then acts.

Everything runs in one thread on one asyncio loop. A turn never waits, but for its commit.
"""

import asyncio
from collections import deque
from typing import Any, Final

from alertwire import logs
from alertwire.clock import Clock
from alertwire.faults import ConfigurationError
from alertwire.settings import PAPER_ACCOUNT_PREFIX, Settings, TradingMode
from alertwire.wire.codec import DecodeError
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome
from gateway import metrics, reconcile
from gateway.broker import Connection, NotSent, Refused
from gateway.commands import CommandSocket, refusal
from gateway.desk import Desk
from gateway.events import (
    CancelOrder,
    CancelSent,
    CommandReceived,
    Effects,
    OrderNotSent,
    OrderSent,
    OrdersLoaded,
    QueryContract,
    Release,
    Released,
    Tick,
)
from gateway.ledger import Ledger
from gateway.messages import Execution, Lost, Message, OpenOrder, Ready
from gateway.pacer import Pacer
from gateway.records import OrderRecord
from gateway.reports import Reports

TICK_S: Final = 0.05
COMMANDS_PER_TURN_MAX: Final = 100
"""So that the first of a burst need not wait for the last."""
BACKOFF_MIN_S: Final = 0.5
BACKOFF_MAX_S: Final = 15.0
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
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._logger = logger
        self._ledger = ledger
        self._commands = commands
        self._reports = reports
        self._pacer = Pacer(settings.ib_messages_per_s)
        self._inbox: deque[Any] = deque()
        self._connection: Connection | None = None
        self._loop = asyncio.get_running_loop()
        self._is_scheduled = False
        self._paced_turn: asyncio.TimerHandle | None = None
        self._next_tick_s = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: deque[tuple[float, OrderRecord]] = deque()
        self.broken: asyncio.Future[None] = self._loop.create_future()
        """Fails with what ended the floor."""
        self.server_version = 0
        self.desk = Desk(settings.ib_client_id, ledger.last_order_id(settings.ib_client_id))
        self.desk.restore(ledger.open_commands(), ledger.open_orders(), ledger.last_trades())

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

    def wake(self) -> None:
        """Take a turn soon: in this round of the loop's callbacks, after what else is ready."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

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
        if now_s >= self._next_tick_s:
            self._next_tick_s = now_s + TICK_S
            self.desk.step(Tick(), now, effects)
        cancels = self._send_paced(now_s, effects)
        if effects.is_durable:
            self._ledger.save(effects)
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

    def _receive(
        self, sender: bytes, command: OrderCommand | DecodeError, effects: Effects
    ) -> None:
        if isinstance(command, DecodeError):
            self._logger.warning("command_unreadable", detail=str(command))
            self._answer_unread(sender, command, effects)
            return
        register = self.desk.register
        fence = register.fence(command.stream_id, command.key)
        if fence is None:
            fence = self._ledger.fence(command.stream_id, command.key)
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
        elif isinstance(message, Ready):
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
                    if len(effects.placements) == placed:
                        self._pacer.give_back()
                case CancelOrder():
                    cancels.append(request)
                case QueryContract():
                    self._query(request)

    def _query(self, request: QueryContract) -> None:
        if self._connection is None:
            return
        task = asyncio.create_task(self._connection.query(request.key, request.contract))
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
        if effects.inquire and self._connection is not None:
            task = asyncio.create_task(self._connection.inquire())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _tell(self, effects: Effects) -> None:
        """Report, count and log, now that nobody waits for it."""
        now = self._clock.now()
        for change in effects.reports:
            self._reports.publish(change, now)
        for note in effects.notes:
            level = self._logger.error if note.is_alarm else self._logger.info
            level(note.event, **note.fields, **({"alarm": True} if note.is_alarm else {}))
        for record in effects.decided:
            if record.outcome is not None:
                metrics.commands.labels(record.outcome.name).inc()
            if record.outcome is Outcome.ACCEPTED and record.decided_at and record.order_refs:
                waited = record.decided_at - record.taken_at
                metrics.command_to_ack_s.observe(waited.total_seconds())
        # A fill is reported again with its commission: count it once.
        metrics.fills.inc(
            sum(1 for r in effects.reports if r.fill is not None and r.fill.commission is None)
        )
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
            connection = Connection(self._settings, self._clock, self.hear, self.wake)
            try:
                ready = await connection.open()
                self._check(ready.accounts)
                self._connection = connection
                self.server_version = ready.server_version
                self.hear(ready)
                self.wake()
                backoff_s = BACKOFF_MIN_S
                metrics.connected.set(1)
                self._logger.info(
                    "broker_connected",
                    broker=self._broker,
                    server_version=ready.server_version,
                    accounts=ready.accounts,
                )
                reason = await connection.lost
            except (Refused, OSError, TimeoutError) as error:
                reason = self._explain(error)
            finally:
                self._connection = None
                metrics.connected.set(0)
                connection.close()
            self._logger.warning("broker_disconnected", reason=reason, retry_s=backoff_s)
            self.hear(Lost(reason=reason))
            self.wake()
            await asyncio.sleep(backoff_s)
            backoff_s = min(BACKOFF_MAX_S, backoff_s * 2)

    def _check(self, accounts: tuple[str, ...]) -> None:
        """Stop before the first order where real money would move in paper mode."""
        real = [name for name in accounts if not name.startswith(PAPER_ACCOUNT_PREFIX)]
        if self._settings.trading_mode is TradingMode.LIVE:
            self._logger.warning("live_trading", accounts=accounts, detail="real money moves")
        elif real:
            raise ConfigurationError(
                f"ALERTWIRE_TRADING_MODE is paper, but {self._broker} manages "
                f"{', '.join(real)}, which is no paper account ({PAPER_ACCOUNT_PREFIX}…): point "
                f"ALERTWIRE_IB_PORT to the paper TWS, or set ALERTWIRE_TRADING_MODE=live"
            )

    @property
    def _broker(self) -> str:
        return f"{self._settings.ib_host}:{self._settings.ib_port}"

    def _explain(self, error: Exception) -> str:
        """Say in one line why there is no connection, and what to do."""
        client_id = self._settings.ib_client_id
        if isinstance(error, ConnectionRefusedError):
            return (
                f"nothing listens on {self._broker}: start TWS, IB Gateway or alertwire simulator"
            )
        if isinstance(error, TimeoutError):
            return (
                f"{self._broker} did not finish the handshake in "
                f"{self._settings.ib_connect_timeout_s:g} s: is it logged in, and is the API "
                f"enabled with this address trusted?"
            )
        text = str(error) or type(error).__name__
        if "client id" in text.lower() or "clientid" in text.lower():
            return (
                f"{self._broker} refuses client id {client_id}, which another program uses: stop "
                f"that, or set ALERTWIRE_IB_CLIENT_ID ({text})"
            )
        return f"{self._broker}: {text}"
