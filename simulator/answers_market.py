"""Answers about contracts and prices."""

from typing import TYPE_CHECKING

from simulator import inbound, outbound
from simulator.bars import BARS_OF, bars
from simulator.contracts import Contract, ContractQuery
from simulator.outbound_bars import historical_data
from simulator.outbound_contract import contract_data
from simulator.subscriptions import MarketDataLine

if TYPE_CHECKING:
    from simulator.session import Session
    from simulator.tws import Tws

_DETAILS_END, _SNAPSHOT_END, _OPTION_PARAMETERS_END = 52, 57, 76
_NOT_FOUND = "No security definition has been found for the request"


def contract_details(tws: "Tws", session: "Session", request: inbound.ContractDetails) -> None:
    query = request.contract
    if not query.sec_type and not query.con_id:
        text = "Error validating request.-'bW' : cause - Please enter a valid security type"
        session.send_error(request.request_id, 321, text)
        return
    found = tws.catalogue.find(query)
    if not found:
        session.send_error(request.request_id, 200, _NOT_FOUND)
        return
    for contract in found:
        session.send(contract_data(request.request_id, contract, tws.rules, session.version))
    session.send(outbound.end(_DETAILS_END, request.request_id))


def market_data(tws: "Tws", session: "Session", request: inbound.MarketData) -> None:
    contract = _only(tws, session, request.request_id, request.contract)
    if contract is None:
        return
    if request.request_id in session.market_data:
        session.send_error(request.request_id, 322, "Duplicate ticker id")
        return
    if not _is_subscribed(tws, session, request.request_id):
        return
    line = MarketDataLine(contract)
    kind = 3 if session.shows_delayed else 1
    session.send(outbound.market_data_kind(request.request_id, kind))
    session.send(outbound.tick_parameters(request.request_id, contract))
    session.send_ticks(request.request_id, line)
    if request.is_snapshot:
        session.send(outbound.end(_SNAPSHOT_END, request.request_id))
    else:
        session.market_data[request.request_id] = line


def _is_subscribed(tws: "Tws", session: "Session", request_id: int) -> bool:
    """Tell the client where its request brings nothing; TWS API: "Market Data" codes."""
    kind = tws.faults.market_data
    if kind == "silent":
        return False
    if kind == "none" or (kind == "delayed" and not session.is_delayed):
        code = tws.faults.market_data_code or (10168 if session.is_delayed else 354)
        session.send_error(request_id, code, "Requested market data is not subscribed.")
        return False
    if kind == "delayed":
        text = "Requested market data is not subscribed. Displaying delayed market data."
        session.send_error(request_id, 10167, text)
    return True


def history(tws: "Tws", session: "Session", request: inbound.History) -> None:
    contract = _only(tws, session, request.request_id, request.contract)
    if contract is None:
        return
    if request.bar_size not in BARS_OF:
        text = f"Error validating request.-'bW' : cause - bar size {request.bar_size!r}"
        session.send_error(request.request_id, 321, text)
        return
    rows = bars(contract, tws.market.quote(contract), request, tws.clock(), tws.options.seed)
    session.send(historical_data(request.request_id, rows, request, session.version))


def market_rule(tws: "Tws", session: "Session", rule_id: int) -> None:
    increments = tws.rules.increments(rule_id)
    if increments is None:
        session.send_error(-1, 321, f"Invalid market rule id {rule_id}")
    else:
        session.send(outbound.market_rule(rule_id, increments))


def option_parameters(tws: "Tws", session: "Session", request: inbound.OptionParameters) -> None:
    underlying = tws.catalogue.by_id(request.con_id)
    if underlying is None:
        session.send_error(request.request_id, 200, _NOT_FOUND)
        return
    expiries, strikes = tws.catalogue.chain_of(underlying)
    exchange = request.exchange or (
        "SMART" if underlying.sec_type != "FUT" else underlying.exchange
    )
    session.send(
        outbound.option_parameters(request.request_id, exchange, underlying, expiries, strikes)
    )
    session.send(outbound.bare_end(_OPTION_PARAMETERS_END, request.request_id))


def matching_symbols(tws: "Tws", session: "Session", request: inbound.MatchingSymbols) -> None:
    query = ContractQuery(symbol=request.pattern.upper(), sec_type="STK", exchange="SMART")
    found = tws.catalogue.find(query)
    session.send(outbound.symbol_samples(request.request_id, found, session.version))


def _only(tws: "Tws", session: "Session", request_id: int, query: ContractQuery) -> Contract | None:
    """Give the one contract meant; anything else is error 200."""
    found = tws.catalogue.find(query)
    if len(found) == 1:
        return found[0]
    session.send_error(request_id, 200, _NOT_FOUND)
    return None
