"""The right answer to every request. Order requests go to the intake, the rest is told here."""

from typing import TYPE_CHECKING

from simulator import inbound, outbound
from simulator.answers_accounts import (
    account_summary,
    account_updates,
    account_updates_multi,
    pnl,
    positions,
    positions_multi,
)
from simulator.answers_market import (
    contract_details,
    history,
    market_data,
    market_rule,
    matching_symbols,
    option_parameters,
)
from simulator.answers_orders import all_open_orders, completed_orders, executions, open_orders
from simulator.inbound_order import PlaceOrder

if TYPE_CHECKING:
    from simulator.session import Session
    from simulator.tws import Tws


def answer(tws: "Tws", session: "Session", request: inbound.Request, received_at: float) -> None:
    """Answer one decoded request."""
    match request:
        case PlaceOrder():
            tws.intake.place(session.client_id, request, received_at)
        case inbound.CancelOrder(order_id):
            tws.intake.cancel(session.client_id, order_id)
        case inbound.ContractDetails():
            contract_details(tws, session, request)
        case inbound.MarketData():
            market_data(tws, session, request)
        case inbound.MarketDataKind(kind):
            session.is_delayed = kind in (3, 4)
        case inbound.History():
            history(tws, session, request)
        case inbound.Executions():
            executions(tws, session, request)
        case inbound.AccountUpdates():
            account_updates(tws, session, request)
        case inbound.AccountUpdatesMulti():
            account_updates_multi(tws, session, request)
        case inbound.PositionsMulti():
            positions_multi(tws, session, request)
        case inbound.AccountSummary():
            account_summary(tws, session, request)
        case inbound.Pnl():
            pnl(tws, session, request)
        case inbound.OptionParameters():
            option_parameters(tws, session, request)
        case inbound.MatchingSymbols():
            matching_symbols(tws, session, request)
        case inbound.MarketRule(rule_id):
            market_rule(tws, session, rule_id)
        case inbound.Cancel(message, request_id):
            _end_subscription(session, message, request_id)
        case inbound.Plain(message):
            _answer_plain(tws, session, message)
        case inbound.Unserved(message, request_id):
            text = (
                "Error validating request.-'bW' : cause - "
                f"this simulator does not serve request {message}"
            )
            session.send_error(request_id, 321, text)


def _answer_plain(tws: "Tws", session: "Session", message: int) -> None:
    if message == inbound.OPEN_ORDERS:
        open_orders(tws, session)
    elif message == inbound.ALL_OPEN_ORDERS:
        all_open_orders(tws, session)
    elif message == inbound.AUTO_OPEN_ORDERS:
        if session.client_id != 0:
            text = (
                "Error validating request.-'bW' : cause - "
                "Only the default client (i.e 0) can auto bind orders"
            )
            session.send_error(-1, 321, text)
    elif message == inbound.COMPLETED_ORDERS:
        completed_orders(tws, session)
    elif message == inbound.IDS:
        session.send(outbound.next_valid_id(tws.book.next_id(session.client_id)))
    elif message == inbound.MANAGED_ACCOUNTS:
        session.send(outbound.managed_accounts(tws.accounts))
    elif message == inbound.CURRENT_TIME:
        session.send(outbound.current_time(tws.clock()))
    elif message == inbound.GLOBAL_CANCEL:
        tws.intake.cancel_all()
    elif message == inbound.POSITIONS:
        positions(tws, session)
    elif message == inbound.CANCEL_POSITIONS:
        session.wants_positions = False


def _end_subscription(session: "Session", message: int, request_id: int) -> None:
    if message == inbound.CANCEL_MARKET_DATA:
        session.market_data.pop(request_id, None)
    elif message == inbound.CANCEL_PNL:
        session.pnl.pop(request_id, None)
    elif message == inbound.CANCEL_PNL_SINGLE:
        session.pnl_single.pop(request_id, None)
    elif message == inbound.CANCEL_MULTI:
        session.multi_updates.pop(request_id, None)
    elif message == inbound.CANCEL_SUMMARY:
        session.summaries.pop(request_id, None)
