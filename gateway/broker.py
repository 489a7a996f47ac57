"""The TWS connection: the only importer of ib_insync, or of ib_async in its place.

The library is used for its protocol alone. Its order states, its throttle and its connect-time
sync are not: raw messages are passed on as our own values, pacing is ours, and the connection is
ready only when every list came to its End marker. Keep to one thread, never patch asyncio.
"""

# ruff: noqa: N802, N803 - names of the TWS API, which the library calls

import asyncio
import logging
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

try:
    import ib_insync as _library
    from ib_insync import client as _client
    from ib_insync import wrapper as _wrapper
except ModuleNotFoundError:  # ib_async is its maintained successor; never install both
    import ib_async as _library  # type: ignore[import-not-found,no-redef]
    from ib_async import client as _client  # type: ignore[no-redef]
    from ib_async import wrapper as _wrapper  # type: ignore[no-redef]

from alertwire.clock import Clock
from alertwire.settings import Settings
from gateway import translation
from gateway.causes import Phase
from gateway.errors import CLIENT_ID_IN_USE, READ_ONLY, is_read_only
from gateway.events import Query, QueryContract, QueryFunds, QueryQuote
from gateway.messages import (
    CompletedOrder,
    Contract,
    Evidence,
    Execution,
    Inquired,
    Message,
    OpenOrder,
    PositionUpdate,
    Ready,
)
from gateway.queries import Queries
from gateway.readings import Readings
from gateway.tickets import Ticket

# Two libraries, one interface, and neither is fully typed.
library: Final[Any] = _library
Client: Final[Any] = _client.Client
Wrapper: Final[Any] = _wrapper.Wrapper
RequestError: Final[type[Exception]] = _wrapper.RequestError

REQUEST_ID_FIRST: Final = 1_000_000_000
"""Request ids start here, far above any order id: an error names one or the other."""
COMPLETED_TIMEOUT_S: Final = 3.0
"""Completed orders are worth a wait, but some servers never end them."""
INQUIRY_TIMEOUT_S: Final = 5.0
CONNECT_TIMEOUT_S: Final = 3.0
"""Longest wait for the TCP connection alone."""
IDLE_S: Final = 5.0
"""A broker that was not heard for so long is asked for its time."""
HEARTBEAT_S: Final = 5.0
"""Longest wait for any word after that."""
KEEPALIVE_S: Final = 10
"""The operating system probes an idle connection after so long, and again as often."""

Sink = Callable[[Message], None]


class NotSent(Exception):  # noqa: N818 - the event, not its handling
    """Nothing was handed to the socket."""


class Refused(Exception):  # noqa: N818 - the event, not its handling
    """The connection could not be made; the text says why and what to do."""


class _Ears(Wrapper):  # type: ignore[misc]
    """Hears every raw message in place of the library's bookkeeping.

    What the library would make of them is not used: its order states mislead, and it keeps and
    logs every order. Only what ends a request goes on to it.
    """

    def __init__(self, ib: Any, sink: Sink, wake: Callable[[], None]) -> None:
        super().__init__(ib)
        self.sink, self.wake = sink, wake
        self.failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.readings = Readings(ib, RequestError, sink)
        self.next_order_id = 0
        self.ended: set[str] = set()
        self.open_orders: list[OpenOrder] = []
        self.completed: list[CompletedOrder] = []
        self.executions: list[Execution] = []
        self.held: dict[tuple[str, int], PositionUpdate] = {}
        self.is_gathering = True
        self.phase = Phase.CONNECT
        self.heard_s = 0.0
        """When the last bytes came, on the loop's clock."""

    def gather(self) -> None:
        """Start to keep what the lists hold."""
        self.open_orders, self.completed, self.executions = [], [], []
        self.ended.clear()
        self.is_gathering = True

    def evidence(self) -> Evidence:
        self.is_gathering = False
        return Evidence(
            open_orders=tuple(self.open_orders),
            completed=tuple(self.completed),
            executions=tuple(self.executions),
            is_complete="completed orders" in self.ended,
        )

    def connectAck(self) -> None:
        self.phase = Phase.LOGIN

    def nextValidId(self, reqId: int) -> None:
        self.next_order_id = max(self.next_order_id, reqId)

    def openOrder(self, orderId: int, contract: Any, order: Any, orderState: Any) -> None:
        if order.whatIf:
            return
        message = translation.open_order(orderId, contract, order, orderState)
        if self.is_gathering:
            self.open_orders.append(message)
        self.sink(message)

    def openOrderEnd(self) -> None:
        self.ended.add("open orders")
        super().openOrderEnd()

    def completedOrder(self, contract: Any, order: Any, orderState: Any) -> None:
        if self.is_gathering:
            self.completed.append(translation.completed_order(contract, order, orderState))

    def completedOrdersEnd(self) -> None:
        self.ended.add("completed orders")
        super().completedOrdersEnd()

    def orderStatus(self, orderId: int, status: str, *rest: Any) -> None:
        self.sink(translation.order_status(orderId, status, *rest))

    def execDetails(self, reqId: int, contract: Any, execution: Any) -> None:
        is_live = reqId not in self._futures
        message = translation.execution(contract, execution, is_live=is_live)
        if is_live:
            self.sink(message)
        elif self.is_gathering:
            self.executions.append(message)

    def execDetailsEnd(self, reqId: int) -> None:
        self.ended.add("executions")
        super().execDetailsEnd(reqId)

    def commissionReport(self, commissionReport: Any) -> None:
        self.sink(translation.commission(commissionReport))

    def position(self, account: str, contract: Any, posSize: float, avgCost: float) -> None:
        message = translation.position(account, contract, posSize, avgCost)
        self.held[account, message.contract.contract_id] = message
        self.sink(message)

    def positionEnd(self) -> None:
        self.ended.add("positions")
        super().positionEnd()

    def accountSummary(self, _reqId: int, account: str, tag: str, val: str, currency: str) -> None:
        self.readings.value(account, tag, val, currency)

    def priceSizeTick(self, reqId: int, tickType: int, price: float, _size: float) -> None:
        self.readings.tick(reqId, tickType, price)

    def pnl(self, reqId: int, dailyPnL: float, _unrealizedPnL: float, _realizedPnL: float) -> None:
        self.readings.profit(reqId, dailyPnL)

    def tickSize(self, reqId: int, tickType: int, size: float) -> None:
        """Sizes of a snapshot are of no use here, and the library would log them."""

    def error(self, reqId: int, errorCode: int, errorString: str, *rest: Any) -> None:
        if errorCode == CLIENT_ID_IN_USE:
            self.fail(errorString)
        if self.phase is not Phase.READY and is_read_only(errorCode, errorString):
            self.fail(READ_ONLY)
        if reqId in self._futures:
            super().error(reqId, errorCode, errorString, *rest)
        else:
            self.sink(translation.error(reqId, errorCode, errorString))

    def tcpDataArrived(self) -> None:
        self.heard_s = asyncio.get_running_loop().time()

    def tcpDataProcessed(self) -> None:
        self.wake()

    def fail(self, reason: str) -> None:
        if not self.failed.done():
            self.failed.set_result(reason)


class Connection:
    """One connection from its hello to its end; never used again after that."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        sink: Sink,
        wake: Callable[[], None],
        count: Callable[[], None],
    ) -> None:
        self._settings, self._clock, self._sink, self._count = settings, clock, sink, count
        self._ib = library.IB()
        self._ib.RaiseRequestErrors = True
        self._ears = _Ears(self._ib, sink, wake)
        self._ib.wrapper = self._ears
        self._ib.client = Client(self._ears)
        self._ib.client.MaxRequests = 0
        self._queries = Queries(self._ib, library.Contract, RequestError)
        self._ib.client.conn.disconnected += self._closed
        self._connect = self._ib.client.conn.connectAsync
        self._ib.client.conn.connectAsync = self._dial
        self._sent_at: datetime | None = None
        self._send = self._ib.client.conn.sendMsg
        self._ib.client.conn.sendMsg = self._hand_over

    @property
    def lost(self) -> "asyncio.Future[str]":
        """Done, with the reason, when the connection is gone."""
        return self._ears.failed

    @property
    def phase(self) -> Phase:
        """How far it has come, or came."""
        return self._ears.phase

    async def open(self) -> Ready:
        """Connect and learn everything. Raises Refused, or OSError and TimeoutError."""
        settings, ears = self._settings, self._ears
        timeout_s = settings.ib_connect_timeout_s
        ears.clientId = settings.ib_client_id
        async with asyncio.timeout(timeout_s):
            await self._or_lost(
                self._ib.client.connectAsync(
                    settings.ib_host, settings.ib_port, settings.ib_client_id, timeout_s
                )
            )
            self._ib.client.updateReqId(max(REQUEST_ID_FIRST, ears.next_order_id + 1_000_000))
            await self._list(timeout_s)
        ears.phase = Phase.READY
        return Ready(
            next_order_id=ears.next_order_id,
            accounts=tuple(self._ib.client.getAccounts()),
            server_version=self._ib.client.serverVersion(),
            evidence=ears.evidence(),
            positions=tuple(ears.held.values()),
        )

    async def inquire(self) -> None:
        """Ask for the lists again and tell the sink; a broker that does not answer is left."""
        self._ears.gather()
        try:
            await self._list(INQUIRY_TIMEOUT_S)
        except (TimeoutError, OSError, Refused) as error:
            self.give_up(f"the broker did not answer an inquiry: {error or 'no answer in time'}")
            return
        ears = self._ears
        ears.phase = Phase.READY
        self._sink(Inquired(evidence=ears.evidence(), positions=tuple(ears.held.values())))
        self._ears.wake()

    async def watch(self) -> None:
        """Ask a broker for its time that says nothing, and give up on one that does not answer.

        The socket of a broker that hangs, or of one behind a dead line, stays open for hours.
        """
        loop, ears = asyncio.get_running_loop(), self._ears
        while not ears.failed.done():
            idle_s = loop.time() - ears.heard_s
            if idle_s < IDLE_S:
                await asyncio.sleep(IDLE_S - idle_s)
                continue
            asked_s = loop.time()
            try:
                self._ib.client.reqCurrentTime()
            except ConnectionError:
                return
            await asyncio.sleep(HEARTBEAT_S)
            if ears.heard_s < asked_s:
                self.give_up(
                    f"the broker does not answer: not a word in {IDLE_S + HEARTBEAT_S:g} s, so it "
                    f"hangs or the line is dead; if this goes on, restart TWS or IB Gateway"
                )

    def give_up(self, reason: str) -> None:
        """Leave the connection for this reason; whoever waits for `lost` makes another."""
        self._ears.fail(reason)

    def place(self, contract: Contract, ticket: Ticket) -> datetime:
        """Hand an order to the socket and return when. Raises NotSent."""
        return self._hand(
            self._ib.placeOrder,
            translation.write_contract(contract, library.Contract()),
            translation.write_order(ticket, library.Order()),
        )

    def cancel(self, order_id: int) -> None:
        """Hand a cancel to the socket. Raises NotSent."""
        order = library.Order(orderId=order_id, clientId=self._settings.ib_client_id)
        self._hand(self._ib.cancelOrder, order)

    def _hand(self, send: Callable[..., Any], *what: Any) -> datetime:
        self._sent_at = None
        try:
            send(*what)
        except ConnectionError as error:
            raise NotSent(str(error)) from error
        if self._sent_at is None:
            raise NotSent("the connection is closing")
        return self._sent_at

    async def ask(self, query: Query) -> None:
        """Ask which contracts match, what one costs or the accounts are worth; tell the sink."""
        readings = self._ears.readings
        match query:
            case QueryContract(key, contract):
                self._sink(await self._queries.ask(key, contract))
            case QueryQuote(contract):
                self._sink(await readings.quote(contract, library.Contract()))
            case QueryFunds():
                self._sink(await readings.funds())
        self._ears.wake()

    def prune(self, client_id: int, order_id: int) -> None:
        """Let the library forget an ended order, which it would keep for ever."""
        self._ears.trades.pop((client_id, order_id), None)

    def close(self) -> None:
        self._ears.fail("closed")
        self._ib.client.disconnect()

    async def _list(self, timeout_s: float) -> None:
        """Ask for all lists, one after the other, so that an order is in at least one of them."""
        ib, ears = self._ib, self._ears
        try:
            async with asyncio.timeout(timeout_s):
                ears.phase = Phase.OPEN_ORDERS
                await self._or_lost(ib.reqOpenOrdersAsync())
                ears.phase = Phase.COMPLETED_ORDERS
                await self._list_completed(min(COMPLETED_TIMEOUT_S, timeout_s / 2))
                ears.phase = Phase.EXECUTIONS
                await self._or_lost(ib.reqExecutionsAsync())
                # Last, so that the snapshot holds whatever fills the lists told; and anew, for
                # what is not listed is flat.
                ears.phase, ears.held = Phase.POSITIONS, {}
                await self._or_lost(ib.reqPositionsAsync())
        except RequestError as failure:
            error: Any = failure
            said = f"{error.message} ({error.code})"
            raise Refused(f"the broker refused to list what it has: {said}") from failure
        if missing := {"open orders", "executions", "positions"} - ears.ended:
            raise Refused(f"the broker did not end its list of {' and '.join(sorted(missing))}")

    async def _list_completed(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._or_lost(self._ib.reqCompletedOrdersAsync(False))
        except TimeoutError:
            logging.getLogger(__name__).warning("completed orders did not end in time")

    async def _or_lost(self, work: Any) -> Any:
        """Await `work`, or raise Refused as soon as the connection is lost."""
        task = asyncio.ensure_future(work)
        await asyncio.wait({task, self._ears.failed}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise Refused(self._ears.failed.result())

    async def _dial(self, host: str, port: int) -> None:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await self._connect(host, port)
        self._ears.phase = Phase.HELLO
        line = self._ib.client.conn.transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", KEEPALIVE_S), ("TCP_KEEPINTVL", KEEPALIVE_S)):
            if hasattr(socket, option):
                line.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)

    def _hand_over(self, data: bytes) -> None:
        if self._ib.client.conn.transport is None or self._ib.client.conn.transport.is_closing():
            return
        self._send(data)
        self._count()
        self._sent_at = self._clock.now()

    def _closed(self, message: str) -> None:
        self._ears.fail(message or "the other side closed the connection")
