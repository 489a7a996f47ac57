"""Events of the exchange to the clients who may see them, with the faults of reporting.

TWS API: a client sees its own orders; the master client sees everyone's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

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
        faults = self.faults
        if faults.status_delay_s > 0 and isinstance(event, (Opened, Reported)):
            self.later(faults.status_delay_s, lambda: self._tell(event))
        elif faults.commission_delay_s > 0 and isinstance(event, Charged):
            self.later(faults.commission_delay_s, lambda: self._tell(event))
        else:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        _TELL[type(event)](self, event)

    def tell_opened(self, event: Opened) -> None:
        order, status = event.order, event.status
        told = self._send(
            order.client_id, lambda version: outbound_order.open_order(order, status, version)
        )
        order.is_acknowledged = order.is_acknowledged or told

    def tell_reported(self, event: Reported) -> None:
        message = outbound_order.order_status(event)
        for _ in range(1 + self.faults.duplicate_statuses):
            self._send(event.order.client_id, lambda _version: message)

    def tell_executed(self, event: Executed) -> None:
        order, fill = event.order, event.fill
        self._send(
            order.client_id, lambda version: outbound_order.execution(order, fill, -1, version)
        )

    def tell_charged(self, event: Charged) -> None:
        message = outbound_order.commission_report(event.order.contract, event.fill)
        self._send(event.order.client_id, lambda _version: message)

    def tell_noted(self, event: Noted) -> None:
        order_id, code, text = event.order_id, event.code, event.text
        self._send(event.client_id, lambda version: outbound.error(order_id, code, text, version))

    def tell_estimated(self, event: Estimated) -> None:
        self._send(event.order.client_id, lambda version: outbound_order.what_if(event, version))

    def tell_position(self, event: PositionMoved) -> None:
        for session in list(self.sessions.values()):
            session.on_position(event.account, event.con_id)

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


# A table, because every order tells half a dozen events.
_TELL: dict[type, Callable[[Reports, Any], None]] = {
    Opened: Reports.tell_opened,
    Reported: Reports.tell_reported,
    Executed: Reports.tell_executed,
    Charged: Reports.tell_charged,
    Noted: Reports.tell_noted,
    Estimated: Reports.tell_estimated,
    PositionMoved: Reports.tell_position,
}
