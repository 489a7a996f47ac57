"""Answers about accounts, positions and profit."""

from datetime import datetime
from typing import TYPE_CHECKING

from simulator import inbound, outbound
from simulator.framing import frame_fields
from simulator.outbound_order import EASTERN

if TYPE_CHECKING:
    from simulator.session import Session
    from simulator.tws import Tws

_POSITION_END, _DOWNLOAD_END, _SUMMARY_END, _MULTI_END = 62, 54, 64, 74
_POSITIONS_MULTI_END = 72


def positions(tws: "Tws", session: "Session") -> None:
    session.wants_positions = True
    for name, account in tws.accounts.items():
        for held in account.open_positions():
            session.send(outbound.position(name, held))
    session.send(outbound.end(_POSITION_END))


def account_updates(tws: "Tws", session: "Session", request: inbound.AccountUpdates) -> None:
    """TWS API: an empty account code means the only one."""
    name = request.account or next(iter(tws.accounts))
    if name not in tws.accounts:
        text = f"Error validating request.-'bW' : cause - Invalid account code {name}"
        session.send_error(-1, 321, text)
        return
    if not request.is_subscribing:
        session.account_updates.discard(name)
        return
    session.account_updates.add(name)
    session.forget_account_values(name)
    session.send(outbound.account_value(name, "AccountCode", name, ""))
    session.send(outbound.account_value(name, "AccountType", "INDIVIDUAL", ""))
    session.send(outbound.account_value(name, "AccountReady", "true", ""))
    session.send_account_values(name)
    for held in tws.accounts[name].open_positions():
        quote = tws.market.quote(held.contract)
        session.send(outbound.portfolio_value(name, held, quote))
    now = datetime.fromtimestamp(tws.clock(), EASTERN).strftime("%H:%M")
    session.send(frame_fields("8", "1", now))
    session.send(outbound.end(_DOWNLOAD_END, name))


def account_updates_multi(
    tws: "Tws", session: "Session", request: inbound.AccountUpdatesMulti
) -> None:
    names = [request.account] if request.account else list(tws.accounts)
    if names[0] not in tws.accounts:
        text = "Error validating request.-'bW' : cause - Invalid account code"
        session.send_error(request.request_id, 321, text)
        return
    session.multi_updates[request.request_id] = (names[0], request.model)
    for name in names:
        totals = tws.accounts[name].totals(tws.market.quote)
        for tag, value in totals.tags().items():
            session.send(
                outbound.account_value_multi(
                    request.request_id, name, request.model, tag, value, "USD"
                )
            )
    session.send(outbound.end(_MULTI_END, request.request_id))


def positions_multi(tws: "Tws", session: "Session", request: inbound.PositionsMulti) -> None:
    """TWS API: positions of one account under a request id; here without the later changes."""
    names = [request.account] if request.account else list(tws.accounts)
    if names[0] not in tws.accounts:
        text = "Error validating request.-'bW' : cause - Invalid account code"
        session.send_error(request.request_id, 321, text)
        return
    for name in names:
        for held in tws.accounts[name].open_positions():
            message = outbound.position_multi(request.request_id, name, request.model, held)
            session.send(message)
    session.send(outbound.end(_POSITIONS_MULTI_END, request.request_id))


def account_summary(tws: "Tws", session: "Session", request: inbound.AccountSummary) -> None:
    """TWS API: `$LEDGER` asks for cash by currency, any other tag for its value in dollars."""
    session.summaries[request.request_id] = (tuple(tws.accounts), request.tags)
    for name, account in tws.accounts.items():
        values = {"AccountType": "INDIVIDUAL", "Cushion": "1", "Leverage": "1"}
        values |= account.totals(tws.market.quote).tags()
        for tag in request.tags:
            if tag.startswith("$LEDGER"):
                for row, value, currency in account.ledger():
                    session.send(
                        outbound.account_summary(request.request_id, name, row, value, currency)
                    )
            elif tag in values:
                currency = "USD" if tag not in ("AccountType", "Cushion", "Leverage") else ""
                session.send(
                    outbound.account_summary(request.request_id, name, tag, values[tag], currency)
                )
    session.send(outbound.end(_SUMMARY_END, request.request_id))


def pnl(tws: "Tws", session: "Session", request: inbound.Pnl) -> None:
    """Answer at once and stream from then on."""
    if request.account not in tws.accounts:
        text = "Error validating request.-'bW' : cause - Invalid account code"
        session.send_error(request.request_id, 321, text)
    elif request.con_id is None:
        session.pnl[request.request_id] = request.account
        session.send_pnl(request.request_id, request.account)
    else:
        session.pnl_single[request.request_id] = (request.account, request.con_id)
        session.send_pnl_single(request.request_id, request.account, request.con_id)
