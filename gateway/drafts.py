"""An order as it is before it is sent: its record, and its words for a person."""

from datetime import datetime

from alertwire.wire.alert import OrderType
from gateway.contracts import Qualified
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
        limit_price=command.entry.limit_price if command.entry else None,
        stop_price=command.entry.stop_price if command.entry else None,
        route=command.route,
    )


def words(ticket: Ticket, contract: Contract) -> str:
    """Name an order to a person."""
    name = contract.local_symbol or contract.symbol
    price = "" if ticket.type is OrderType.MARKET else f" {ticket.tws_type}"
    return f"{ticket.side.name.lower()} {ticket.quantity:f} {name}{price}"
