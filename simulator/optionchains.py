"""Options on stocks, indexes and futures: listed days, a grid of strikes, a plausible premium."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from math import erf, exp, log, sqrt

from simulator.calendar_rules import MONTH_CODES, option_expiries
from simulator.contracts import Contract
from simulator.seeds import contract_id

_VOLATILITY = 0.30


def strike_step(price: Decimal) -> Decimal:
    """Distance of strikes in a listed chain."""
    for below, step in ((25, "0.5"), (100, "1"), (250, "2.5"), (1000, "5"), (10000, "25")):
        if price < below:
            return Decimal(step)
    return Decimal(100)


def strikes(price: Decimal) -> list[Decimal]:
    step = strike_step(price)
    middle = int(price / step)
    return [step * n for n in range(max(middle - 20, 1), middle + 21)]


def is_listed_strike(price: Decimal, strike: Decimal) -> bool:
    """True on the half-point grid within a factor of five: chains of busy names are dense."""
    grid = Decimal("0.5") if price < 10000 else Decimal(5)
    return price / 5 <= strike <= price * 5 and strike % grid == 0


def expiries(today: date) -> list[str]:
    return [day.strftime("%Y%m%d") for day in option_expiries(today)]


def option(
    underlying: Contract, expiry: str, strike: Decimal, right: str, trading_class: str, today: date
) -> Contract:
    """Build one option; its local symbol is the OCC's for stocks, root and month for futures."""
    is_fop = underlying.sec_type == "FUT"
    sec_type = "FOP" if is_fop else "OPT"
    if is_fop:
        month = MONTH_CODES[int(expiry[4:6]) - 1]
        local = f"{trading_class}{month}{expiry[3]} {right}{int(strike)}"
    else:
        local = f"{trading_class:<6}{expiry[2:]}{right}{int(strike * 1000):08}"
    premium = _premium(underlying.reference_price, strike, right, _years(expiry, today))
    tick = underlying.min_tick if is_fop else Decimal("0.01")
    route = underlying.exchange if is_fop else "SMART"
    blank = Contract(0, underlying.symbol, sec_type, route, underlying.currency, local, "")
    return replace(
        blank,
        con_id=contract_id(sec_type, local),
        trading_class=trading_class,
        expiry=expiry,
        strike=strike,
        right=right,
        multiplier=underlying.multiplier if is_fop else "100",
        min_tick=tick,
        reference_price=max(Decimal(round(premium / float(tick))) * tick, 3 * tick),
        valid_exchanges=route if is_fop else "SMART,AMEX,CBOE,PHLX,ISE,BOX,NASDAQOM",
        long_name=underlying.long_name,
        market_name=trading_class,
        contract_month=expiry[:6],
        last_trade_time="16:00:00",
        time_zone=underlying.time_zone,
        under_con_id=underlying.con_id,
        under_symbol=underlying.local_symbol,
        under_sec_type=underlying.sec_type,
    )


def _years(expiry: str, today: date) -> float:
    day = datetime.strptime(expiry, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone.
    return max((day - today).days, 1) / 365


def _premium(price: Decimal, strike: Decimal, right: str, years: float) -> float:
    """Black and Scholes without interest."""
    spot, target = float(price), float(strike)
    spread = _VOLATILITY * sqrt(years)
    d1 = log(spot / target) / spread + spread / 2
    call = spot * _normal(d1) - target * _normal(d1 - spread)
    return call if right == "C" else call - spot + target


def _normal(x: float) -> float:
    if x < -8:
        return exp(-32)
    return (1 + erf(x / sqrt(2))) / 2
