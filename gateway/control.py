"""The ROUTER on which the command line asks and decides. Operators use REQ.

A request becomes an event of the desk; its answer may come in the same turn or much later.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime

import zmq

from alertwire.settings import Settings
from alertwire.wire.codec import DecodeError, decode, encode
from alertwire.wire.control import ControlReply, ControlRequest, GatewayStatus, Position
from gateway.contracts import SECURITY_TYPES
from gateway.desk import Desk

_SECURITY_TYPES = {tws: ours for ours, (tws, _) in SECURITY_TYPES.items()}


Route = tuple[bytes, ...]
"""The frames before a request, which lead its answer back."""


class ControlSocket:
    """Takes requests, and answers each once."""

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket
        self._waiting: set[Route] = set()

    @property
    def descriptor(self) -> int:
        return int(self._socket.getsockopt(zmq.FD))

    @property
    def has_more(self) -> bool:
        return bool(int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)

    def drain(self) -> Iterator[tuple[Route, ControlRequest | DecodeError]]:
        """Yield what has arrived, each with the route of its answer."""
        while self.has_more:
            try:
                *frames, frame = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.ZMQError:
                return
            route = tuple(frames)
            self._waiting.add(route)
            try:
                yield route, decode(ControlRequest, frame)
            except DecodeError as error:
                yield route, error

    def answer(self, route: Route, reply: ControlReply) -> None:
        """Answer a request; whoever is gone misses it."""
        self._waiting.discard(route)
        with contextlib.suppress(zmq.ZMQError):
            self._socket.send_multipart([*route, encode(reply)], zmq.NOBLOCK)

    def refuse_all(self, status: GatewayStatus) -> None:
        """Answer all who wait or ask that nothing can be done now, and why."""
        asked = dict(self.drain())
        for route in list(self._waiting):
            request = asked.get(route)
            is_status = isinstance(request, ControlRequest) and request.status is not None
            error = "" if is_status else f"{status.reason}: ask again later"
            self.answer(route, ControlReply(error=error, status=status))


def request_id_of(request: ControlRequest) -> str:
    """Return the id under which a request may have made commands before."""
    asked = request.flatten or request.halt
    return asked.request_id if asked else ""


def status_at_rest(
    reason: str, settings: Settings, gateway_id: str, started_at: datetime
) -> GatewayStatus:
    """Say how a gateway is that can do nothing now."""
    return GatewayStatus(
        gateway_id=gateway_id,
        ready=False,
        reason=reason,
        trading_mode=settings.trading_mode.value,
        broker=f"{settings.ib_host}:{settings.ib_port}",
        started_at=started_at,
    )


def status_of(
    desk: Desk,
    reason: str,
    settings: Settings,
    gateway_id: str,
    server_version: int,
    started_at: datetime,
) -> GatewayStatus:
    """Say how the gateway is; `reason` is why it is not ready."""
    # Of a command that was decided an order may be lost later: that is a person's as well.
    lost = {order.command_id for order in desk.book.all_live() if order.is_lost}
    return GatewayStatus(
        gateway_id=gateway_id,
        ready=not reason,
        reason=reason,
        trading_mode=settings.trading_mode.value,
        broker=f"{settings.ib_host}:{settings.ib_port}",
        server_version=server_version if desk.link.is_connected else 0,
        accounts=desk.link.accounts,
        positions=tuple(
            Position(
                account=account,
                contract_id=held.contract.contract_id,
                symbol=held.contract.symbol,
                security_type=_SECURITY_TYPES.get(held.contract.security_type),
                local_symbol=held.contract.local_symbol,
                currency=held.contract.currency,
                quantity=held.quantity,
                average_cost=held.average_cost,
            )
            for account, held in desk.positions.holdings()
        ),
        open_orders=sum(1 for _ in desk.book.all_live()),
        unknown_commands=len(lost.union(desk.register.unknown)),
        started_at=started_at,
        halts=desk.halts.in_force,
        strategy_holdings=desk.holdings.all(),
    )
