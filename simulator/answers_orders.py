"""Answers about orders there are and were."""

from datetime import datetime
from typing import TYPE_CHECKING

from simulator import inbound, outbound, outbound_order
from simulator.events import report
from simulator.intake import READ_ONLY
from simulator.order_rules import parse_time
from simulator.orders import Order, Status

if TYPE_CHECKING:
    from simulator.session import Session
    from simulator.tws import Tws

_OPEN_ORDER_END, _EXECUTIONS_END = 53, 55


def open_orders(tws: "Tws", session: "Session") -> None:
    """TWS API: reqOpenOrders tells a client its own orders."""
    own = (order for order in tws.book.live() if order.client_id == session.client_id)
    _tell(session, list(own))


def all_open_orders(tws: "Tws", session: "Session") -> None:
    _tell(session, tws.book.live())


def _tell(session: "Session", orders: list[Order]) -> None:
    """TWS API: untransmitted orders cannot be viewed, and a read-only API shows none."""
    if session.tws.faults.is_read_only:
        session.send_error(-1, READ_ONLY.code, READ_ONLY.text)
        return
    for order in orders:
        if not order.is_transmitted:
            continue
        told = session.send(outbound_order.open_order(order, order.status, session.version))
        session.send(outbound_order.order_status(report(order)))
        if order.client_id == session.client_id and told:
            order.is_acknowledged = True
    session.send(outbound.end(_OPEN_ORDER_END))


def completed_orders(tws: "Tws", session: "Session") -> None:
    """Orders of this run that ended; rejected ones were never accepted and are not among them."""
    for order in tws.book.orders:
        if order.is_done and order.status is not Status.LOST and order.is_transmitted:
            session.send(outbound_order.completed_order(order, session.version))
    session.send(outbound.completed_orders_end())


def executions(tws: "Tws", session: "Session", request: inbound.Executions) -> None:
    since = _since(request.since)
    for order in tws.book.orders:
        if not order.fills or not _fits(order, request):
            continue
        for fill in order.fills:
            if fill.time < since:
                continue
            session.send(outbound_order.execution(order, fill, request.request_id, session.version))
            session.send(outbound_order.commission_report(order.contract, fill))
    session.send(outbound.end(_EXECUTIONS_END, request.request_id))


def _fits(order: Order, request: inbound.Executions) -> bool:
    side = {"BUY": ("BUY", "BOT"), "SELL": ("SELL", "SLD")}[order.terms.action]
    return (
        request.client_id in (0, order.client_id)
        and request.account in ("", order.terms.account)
        and request.symbol.upper() in ("", order.contract.symbol)
        and request.sec_type in ("", order.contract.sec_type)
        and request.exchange in ("", "SMART", order.contract.exchange)
        and (not request.side or request.side.upper() in side)
    )


def _since(text: str) -> float:
    moment: datetime | None = parse_time(text) if text else None
    return moment.timestamp() if moment else 0.0
