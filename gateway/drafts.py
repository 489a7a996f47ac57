"""An order as it is before it is sent: its record, and its words for a person."""

from datetime import datetime
from decimal import Decimal

from alertwire.wire.alert import OrderType
from alertwire.wire.report import Side
from gateway.contracts import Qualified
from gateway.figures import figure
from gateway.messages import Contract
from gateway.records import CommandRecord, OrderRecord
from gateway.tickets import Ticket


def new_order(
    record: CommandRecord, ticket: Ticket, qualified: Qualified, client_id: int, now: datetime
) -> OrderRecord:
    """Begin the record of an order of this ticket."""
    command, contract = record.command, qualified.contract
    if command.instrument is None:
        raise ValueError(f"{command.command_id} has no instrument")
    limit_price, stop_price = prices(ticket)
    return OrderRecord(
        order_ref=ticket.order_ref,
        command_id=command.command_id,
        alert_id=command.alert_id,
        account=record.account,
        strategy=command.strategy,
        strategy_order_id=command.order_id,
        client_id=client_id,
        order_id=ticket.order_id,
        contract_id=contract.contract_id,
        symbol=contract.symbol,
        local_symbol=contract.local_symbol,
        instrument=command.instrument,
        traceparent=record.trace.traceparent,
        side=ticket.side,
        order_type=ticket.type,
        quantity=ticket.quantity,
        created_at=now,
        updated_at=now,
        limit_price=limit_price,
        stop_price=stop_price,
        role=ticket.role,
        parent_ref=ticket.parent_ref,
        ticket=ticket,
        route=command.route,
        stream_id=command.stream_id,
        action=command.action,
        scope=command.scope,
    )


def prices(ticket: Ticket) -> tuple[Decimal | None, Decimal | None]:
    """Return what an order's record says of its prices: the worst one, and the trigger."""
    trails = ticket.tws_type.startswith("TRAIL")
    stop = ticket.trail_stop_price if trails else ticket.aux_price
    limit = ticket.limit_price
    if ticket.limit_offset is not None and stop is not None:
        is_buy = ticket.side is Side.BUY
        limit = stop + ticket.limit_offset if is_buy else stop - ticket.limit_offset
    return limit, stop


def words(ticket: Ticket, contract: Contract) -> str:
    """Name an order to a person."""
    name = contract.local_symbol or contract.symbol
    if ticket.cash is not None:
        about = f"{ticket.quantity.normalize():f}"
        return f"buy {name} for {figure(ticket.cash)} {contract.currency}, about {about}"
    price = "" if ticket.type is OrderType.MARKET else f" {ticket.tws_type}"
    return f"{ticket.side.name.lower()} {ticket.quantity.normalize():f} {name}{price}"
