"""Events of the exchange to the clients who may see them, with the faults of reporting.

TWS API: a client sees its own orders; the master client sees everyone's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from simulator import outbound, outbound_order
from simulator.events import (
    Charged,
    Estimated,
    Event,
    Executed,
    Noted,
    Opened,
    PositionMoved,
    Reported,
)
from simulator.exchange import Later
from simulator.faults import Faults


class Recipient(Protocol):
    """What a session must be to be told something."""

    @property
    def version(self) -> int: ...

    def send(self, message: bytes) -> bool: ...

    def on_position(self, account: str, con_id: int) -> None: ...


@dataclass(slots=True)
class Reports:
    faults: Faults
    later: Later
    sessions: dict[int, Recipient] = field(default_factory=dict)
    master_client_id: int | None = None

    def on_event(self, event: Event) -> None:
        """Tell an event now, or as late as a fault wants it."""
        if isinstance(event, Opened | Reported) and self.faults.status_delay_s > 0:
            self.later(self.faults.status_delay_s, lambda: self._tell(event))
        elif isinstance(event, Charged) and self.faults.commission_delay_s > 0:
            self.later(self.faults.commission_delay_s, lambda: self._tell(event))
        else:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        match event:
            case Opened(order, status):
                told = self._send(
                    order.client_id,
                    lambda version: outbound_order.open_order(order, status, version),
                )
                order.is_acknowledged = order.is_acknowledged or told
            case Reported(order):
                message = outbound_order.order_status(event)
                for _ in range(1 + self.faults.duplicate_statuses):
                    self._send(order.client_id, lambda _version: message)
            case Executed(order, fill):
                self._send(
                    order.client_id,
                    lambda version: outbound_order.execution(order, fill, -1, version),
                )
            case Charged(order, fill):
                charge = outbound_order.commission_report(order.contract, fill)
                self._send(order.client_id, lambda _version: charge)
            case Noted(client_id, order_id, code, text):
                self._send(client_id, lambda version: outbound.error(order_id, code, text, version))
            case Estimated(order):
                self._send(order.client_id, lambda version: outbound_order.what_if(event, version))
            case PositionMoved(account, con_id):
                for session in list(self.sessions.values()):
                    session.on_position(account, con_id)

    def _send(self, client_id: int, encode: Callable[[int], bytes]) -> bool:
        """Send to the owner and the master; True if the owner's connection took it."""
        owner = self.sessions.get(client_id)
        taken = owner.send(encode(owner.version)) if owner is not None else False
        master = self.master_client_id
        if master is not None and master != client_id and master in self.sessions:
            session = self.sessions[master]
            session.send(encode(session.version))
        return taken

    def broadcast(self, code: int, text: str) -> None:
        """Tell everyone something about the connection itself; its request id is -1."""
        for session in list(self.sessions.values()):
            session.send(outbound.error(-1, code, text, session.version))

    def connected(self) -> Iterable[int]:
        return sorted(self.sessions)
