"""From an alert's instrument to exactly one broker contract, or a refusal that names the choices.

Pure. Futures without a month (`ES1!`) become the contract that is in front on that day.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from alertwire.trading import ROLL_DAYS
from alertwire.wire.alert import Instrument, OptionRight, SecurityType
from gateway.messages import Candidate, Contract
from gateway.records import OrderRecord
from gateway.sizing import Refused
from gateway.terms import NOTHING_TOLD, Terms
from gateway.tickets import is_printable

_NAMED_MAX: Final = 6
"""Candidates that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualified:
    """The one contract. `detail` says what was chosen where there was a choice."""

    contract: Contract
    terms: Terms = NOTHING_TOLD
    detail: str = ""
    months: tuple["Qualified", ...] = ()
    """Of a continuous symbol: the other contracts of its root, each said not to be in front."""
    is_passed: bool = False
    """It is one of those: what a continuous symbol meant before, or means later."""


@dataclass(frozen=True, slots=True)
class ContractKey:
    """What a qualified contract is kept under: for one day, since fronts and hours change."""

    instrument: Instrument
    day: date


SECURITY_TYPES: Final[dict[SecurityType, tuple[str, str]]] = {
    # Security type → TWS secType, and the exchange where the instrument names none.
    SecurityType.STOCK: ("STK", "SMART"),
    SecurityType.FUTURE: ("FUT", ""),
    SecurityType.FOREX: ("CASH", "IDEALPRO"),
    SecurityType.OPTION: ("OPT", "SMART"),
    SecurityType.FUTURE_OPTION: ("FOP", ""),
    SecurityType.CRYPTO: ("CRYPTO", "PAXOS"),
    SecurityType.CFD: ("CFD", "SMART"),
    SecurityType.COMMODITY: ("CMDTY", "SMART"),
}


def contract_key(instrument: Instrument, day: date) -> ContractKey:
    return ContractKey(instrument, day)


def contract_of(order: OrderRecord) -> Contract:
    """Return what an order's record tells of its contract."""
    return Contract(
        contract_id=order.contract_id,
        security_type=SECURITY_TYPES[order.instrument.security_type][0],
        symbol=order.symbol,
        currency=order.instrument.currency,
        local_symbol=order.local_symbol,
    )


def placeable(order: OrderRecord) -> Contract:
    """Return the contract of an order that works, to change it: where the broker said it does."""
    usual = order.instrument.exchange or SECURITY_TYPES[order.instrument.security_type][1]
    return replace(contract_of(order), exchange=order.exchange or usual)


def instrument_of(order: OrderRecord) -> Instrument:
    """Return by what an order's own contract is asked for; a continuous symbol moves on."""
    if not order.instrument.continuous_depth:
        return order.instrument
    return replace(
        order.instrument,
        continuous_depth=0,
        local_symbol=order.local_symbol,
        source_symbol=order.local_symbol,
    )


def query(instrument: Instrument) -> Contract | Refused:
    """Say what to ask the broker for."""
    texts = (
        instrument.symbol,
        instrument.exchange,
        instrument.primary_exchange,
        instrument.currency,
        instrument.expiry,
        instrument.local_symbol,
        instrument.trading_class,
    )
    if not all(is_printable(text) for text in texts):
        return Refused("the instrument has characters that the broker cannot read")
    security_type, exchange = SECURITY_TYPES[instrument.security_type]
    right = {None: "", OptionRight.CALL: "C", OptionRight.PUT: "P"}[instrument.right]
    return Contract(
        security_type=security_type,
        symbol=instrument.symbol,
        expiry="" if instrument.continuous_depth else instrument.expiry,
        strike=instrument.strike or Decimal(0),
        right=right,
        multiplier="" if instrument.multiplier is None else f"{instrument.multiplier:f}",
        exchange=instrument.exchange or exchange,
        primary_exchange=instrument.primary_exchange,
        currency=instrument.currency,
        local_symbol=instrument.local_symbol,
        trading_class=instrument.trading_class,
    )


def choose(
    instrument: Instrument,
    candidates: tuple[Candidate, ...],
    day: date,
    roll_days: int = ROLL_DAYS,
) -> Qualified | Refused:
    """Pick the one contract among the broker's answers.

    `roll_days`: how many days before its last trade date a continuous symbol leaves a contract.
    """
    found = {candidate.contract.contract_id: candidate for candidate in candidates}
    name = instrument.source_symbol or instrument.symbol
    if not found:
        return Refused(f"{name}: the broker knows no such contract")
    if instrument.continuous_depth:
        return _choose_front(instrument, list(found.values()), day, roll_days)
    if len(found) > 1:
        return Refused(
            f"{name}: {len(found)} contracts match, name one with exchange, currency, expiry or "
            f"multiplier: {_names(list(found.values()))}"
        )
    return _qualified(instrument, next(iter(found.values())))


def again(
    instrument: Instrument, candidates: tuple[Candidate, ...], contract_id: int
) -> Qualified | Refused:
    """Pick the contract that was chosen before."""
    for candidate in candidates:
        if candidate.contract.contract_id == contract_id:
            return _qualified(instrument, candidate)
    name = instrument.source_symbol or instrument.symbol
    return Refused(f"{name}: the broker no longer knows contract {contract_id}")


def _choose_front(
    instrument: Instrument, candidates: list[Candidate], day: date, roll_days: int
) -> Qualified | Refused:
    name = instrument.source_symbol or instrument.symbol
    series = {(c.contract.trading_class, c.contract.multiplier) for c in candidates}
    if len(series) > 1:
        # ES and MES may share a symbol: depth would count months of both.
        return Refused(
            f"{name}: the root has several series, name one with trading_class or multiplier: "
            f"{_names(candidates)}"
        )
    earliest = f"{day + timedelta(days=roll_days):%Y%m%d}"
    # A month that the broker lists without a date cannot be told to be over.
    ahead = sorted(
        (c for c in candidates if not last_trade_date(c) or last_trade_date(c) >= earliest),
        key=last_trade_date,
    )
    if len(ahead) < instrument.continuous_depth:
        return Refused(
            f"{name}: only {len(ahead)} contracts trade {roll_days} days ahead or more, number "
            f"{instrument.continuous_depth} was asked for"
        )
    chosen = ahead[instrument.continuous_depth - 1]
    last_day = last_trade_date(chosen) or "not told"
    now = f"{name} is {chosen.contract.local_symbol}"
    return replace(
        _qualified(instrument, chosen),
        detail=f"{now}, last trade date {last_day}",
        months=tuple(
            replace(
                _qualified(instrument, one),
                detail=f"{now} by now, and {one.contract.local_symbol} is held or worked by it",
                is_passed=True,
            )
            for one in candidates
            if one is not chosen
        ),
    )


def _qualified(instrument: Instrument, candidate: Candidate) -> Qualified:
    contract = candidate.contract
    asked = instrument.exchange or SECURITY_TYPES[instrument.security_type][1]
    return Qualified(
        contract=replace(
            contract,
            # The answer to a SMART query may name another exchange; the order goes where asked.
            exchange=asked or contract.exchange,
            expiry=last_trade_date(candidate),
        ),
        terms=candidate.terms,
    )


def last_trade_date(candidate: Candidate) -> str:
    """Cut `YYYYMMDD` out of TWS's date, which may carry a time and a zone."""
    return candidate.contract.expiry.replace("-", " ").split(" ")[0]


def _names(candidates: list[Candidate]) -> str:
    names = [
        " ".join(
            part
            for part in (
                c.contract.local_symbol or c.contract.symbol,
                c.contract.exchange,
                c.contract.primary_exchange,
                c.contract.currency,
                c.contract.multiplier,
            )
            if part
        )
        for c in candidates[:_NAMED_MAX]
    ]
    more = len(candidates) - len(names)
    return "; ".join(names) + (f"; and {more} more" if more > 0 else "")
