"""Rows of the ledger's tables and the records that they hold. Pure: values in, values out."""

from typing import Any, Final

from alertwire.journal.traces import read_trace, write_trace
from alertwire.wire.alert import OrderType
from alertwire.wire.codec import decode, encode
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderRole, OrderState, Side
from gateway.records import CommandRecord, FillRecord, OrderRecord, OrderStep
from gateway.slips import read_slip, write_slip
from gateway.tally import CLOSES, Sent

INTENT: Final = "INTENT"


def state_name(record: CommandRecord) -> str:
    return INTENT if record.outcome is None else record.outcome.name


def read_command(row: Any) -> CommandRecord:
    return CommandRecord(
        command=decode(OrderCommand, row.message),
        account=row.account,
        taken_at=row.taken_at,
        trace=read_trace(row.trace),
        outcome=None if row.state == INTENT else Outcome[row.state],
        detail=row.detail,
        decided_at=row.decided_at,
        contract_id=row.contract_id or 0,
        is_kept=True,
    )


def command_row(record: CommandRecord) -> dict[str, Any]:
    command = record.command
    return {
        "command_id": command.command_id,
        "alert_id": command.alert_id,
        "stream_id": command.stream_id,
        "key": command.key,
        "seq": command.seq,
        "account": record.account,
        "strategy": command.strategy,
        "symbol": command.instrument.symbol if command.instrument else "",
        "action": command.action.name if command.action else "",
        "state": state_name(record),
        "detail": record.detail,
        "taken_at": record.taken_at,
        "decided_at": record.decided_at,
        "message": encode(command),
        "trace": write_trace(record.trace),
        "contract_id": record.contract_id or None,
    }


def command_change(record: CommandRecord) -> dict[str, Any]:
    return {
        "id": record.command.command_id,
        "new_state": state_name(record),
        "new_detail": record.detail,
        "new_decided_at": record.decided_at,
        "new_trace": write_trace(record.trace),
    }


def read_order(row: Any) -> OrderRecord:
    command = decode(OrderCommand, row.message)
    if command.instrument is None:
        raise ValueError(f"order {row.order_ref} belongs to a command without an instrument")
    return OrderRecord(
        order_ref=row.order_ref,
        command_id=row.command_id,
        alert_id=row.alert_id,
        account=row.account,
        strategy=row.strategy,
        strategy_order_id=row.strategy_order_id,
        client_id=row.client_id,
        order_id=row.order_id,
        contract_id=row.contract_id,
        symbol=row.symbol,
        local_symbol=row.local_symbol,
        instrument=command.instrument,
        traceparent=command.trace.traceparent,
        side=Side[row.side],
        order_type=OrderType[row.order_type],
        quantity=row.quantity,
        created_at=row.created_at,
        updated_at=row.updated_at,
        limit_price=row.limit_price,
        stop_price=row.stop_price,
        state=OrderState[row.state],
        perm_id=row.perm_id,
        code=row.code,
        detail=row.detail,
        cancel_asked_at=row.cancel_asked_at,
        taken_back_at=row.taken_back_at,
        route=command.route,
        stream_id=command.stream_id,
        action=command.action,
        scope=command.scope,
        told_filled=row.filled,
        told_price=row.average_price,
        is_kept=True,
        # Another run made it: whether its bytes went out, only the broker can tell.
        is_sent=True,
        role=OrderRole[row.role],
        parent_ref=row.parent_ref,
        is_entry=bool(row.is_entry),
        ticket=read_slip(row.ticket),
    )


def read_sent(row: Any) -> Sent:
    command = decode(OrderCommand, row.message)
    return Sent(
        at=row.created_at,
        route=command.route,
        strategy=row.strategy,
        account=row.account,
        contract_id=row.contract_id,
        side=Side[row.side],
        is_entry=command.action not in CLOSES if row.is_entry is None else row.is_entry,
    )


def order_row(order: OrderRecord) -> dict[str, Any]:
    return {
        "order_ref": order.order_ref,
        "command_id": order.command_id,
        "alert_id": order.alert_id,
        "account": order.account,
        "strategy": order.strategy,
        "strategy_order_id": order.strategy_order_id,
        "client_id": order.client_id,
        "order_id": order.order_id,
        "perm_id": order.perm_id,
        "contract_id": order.contract_id,
        "symbol": order.symbol,
        "local_symbol": order.local_symbol,
        "side": order.side.name,
        "order_type": order.order_type.name,
        "quantity": order.quantity,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "state": order.state.name,
        "filled": order.filled,
        "average_price": order.average_price,
        "code": order.code,
        "detail": order.detail,
        "cancel_asked_at": order.cancel_asked_at,
        "taken_back_at": order.taken_back_at,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "role": order.role.name,
        "parent_ref": order.parent_ref,
        "is_entry": order.is_entry,
        "ticket": write_slip(order.ticket),
    }


def order_change(order: OrderRecord) -> dict[str, Any]:
    return {
        "id": order.order_ref,
        "new_order_id": order.order_id,
        "new_perm_id": order.perm_id,
        "new_side": order.side.name,
        "new_quantity": order.quantity,
        "new_limit_price": order.limit_price,
        "new_stop_price": order.stop_price,
        "new_ticket": write_slip(order.ticket),
        "new_state": order.state.name,
        "new_filled": order.filled,
        "new_average_price": order.average_price,
        "new_code": order.code,
        "new_detail": order.detail,
        "new_cancel_asked_at": order.cancel_asked_at,
        "new_taken_back_at": order.taken_back_at,
        "new_updated_at": order.updated_at,
    }


def read_fill(row: Any) -> FillRecord:
    return FillRecord(
        execution_id=row.execution_id,
        order_ref=row.order_ref,
        quantity=row.quantity,
        price=row.price,
        at=row.at,
        commission=row.commission,
        commission_currency=row.commission_currency,
        is_kept=True,
    )


def fill_row(fill: FillRecord) -> dict[str, Any]:
    return {
        "execution_id": fill.execution_id,
        "order_ref": fill.order_ref,
        "quantity": fill.quantity,
        "price": fill.price,
        "at": fill.at,
        "commission": fill.commission,
        "commission_currency": fill.commission_currency,
    }


def fill_change(fill: FillRecord) -> dict[str, Any]:
    return {
        "id": fill.execution_id,
        "amount": fill.commission,
        "currency": fill.commission_currency,
    }


def step_row(step: OrderStep) -> dict[str, Any]:
    return {
        "order_ref": step.order_ref,
        "at": step.at,
        "state": step.state.name,
        "filled": step.filled,
        "code": step.code,
        "detail": step.detail,
    }
