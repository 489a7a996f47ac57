"""The ROUTER on which the command line asks how the gateway is. Operators use REQ."""

from datetime import datetime

import zmq

from alertwire.settings import Settings
from alertwire.wire.codec import DecodeError, decode, encode
from alertwire.wire.control import ControlReply, ControlRequest, GatewayStatus, Position
from gateway.contracts import SECURITY_TYPES
from gateway.desk import Desk

_SECURITY_TYPES = {tws: ours for ours, (tws, _) in SECURITY_TYPES.items()}


class ControlSocket:
    """Answers each request at once."""

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = socket

    @property
    def descriptor(self) -> int:
        return int(self._socket.getsockopt(zmq.FD))

    @property
    def has_more(self) -> bool:
        return bool(int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN)

    def answer_all(self, status: GatewayStatus) -> None:
        """Answer whatever has arrived."""
        while self.has_more:
            try:
                *route, frame = self._socket.recv_multipart(zmq.NOBLOCK)
                self._socket.send_multipart(
                    [*route, encode(ControlReply(error=_objection(frame), status=status))],
                    zmq.NOBLOCK,
                )
            except zmq.ZMQError:
                # Gone before its answer.
                continue


def status_of(
    desk: Desk, settings: Settings, gateway_id: str, server_version: int, started_at: datetime
) -> GatewayStatus:
    """Say how the gateway is."""
    return GatewayStatus(
        gateway_id=gateway_id,
        ready=desk.is_ready,
        reason=desk.not_ready,
        trading_mode=settings.trading_mode.value,
        broker=f"{settings.ib_host}:{settings.ib_port}",
        server_version=server_version if desk.is_ready else 0,
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
        unknown_commands=len(desk.register.unknown),
        started_at=started_at,
    )


def _objection(frame: bytes) -> str:
    try:
        request = decode(ControlRequest, frame)
    except DecodeError as error:
        return str(error)
    if request.status is not None:
        return ""
    asked = [name for name in ("halt", "resume", "reconcile", "resolve") if getattr(request, name)]
    return f"{asked[0]} is not available yet" if asked else "the request asks for nothing"
