"""Reports of every change of an order, numbered so that a subscriber sees a gap."""

from datetime import datetime

import zmq

from alertwire.wire.codec import encode
from alertwire.wire.report import OrderReport
from gateway.events import OrderChanged


class Reports:
    """The PUB socket of one run of the gateway."""

    def __init__(self, socket: "zmq.Socket[bytes]", gateway_id: str) -> None:
        self._socket = socket
        self.gateway_id = gateway_id
        self._number = 0

    def publish(self, change: OrderChanged, now: datetime) -> None:
        self._number += 1
        self._socket.send(encode(report(change, self.gateway_id, self._number, now)), zmq.NOBLOCK)


def report(change: OrderChanged, gateway_id: str, number: int, now: datetime) -> OrderReport:
    """Write the report of a change."""
    order = change.order
    return OrderReport(
        gateway_id=gateway_id,
        number=number,
        alert_id=order.alert_id,
        command_id=order.command_id,
        order_ref=order.order_ref,
        account=order.account,
        strategy=order.strategy,
        instrument=order.instrument,
        side=order.side,
        order_type=order.order_type,
        state=change.state,
        quantity=order.quantity,
        filled=change.filled,
        average_price=change.average_price,
        fill=change.fill,
        order_id=order.order_id,
        perm_id=order.perm_id,
        code=change.code,
        detail=change.detail,
        at=now,
        traceparent=order.traceparent,
        role=order.role,
        parent_ref=order.parent_ref,
        limit_price=order.limit_price,
        stop_price=order.stop_price,
    )
