"""Stocks: any plausible symbol exists, at the exchange its currency or primary exchange names."""

import re
from dataclasses import dataclass
from decimal import Decimal

from simulator.contracts import Contract, ContractQuery
from simulator.seeds import contract_id, digest, seeded_price

_US_EXCHANGES = ("NASDAQ", "NYSE", "ARCA", "AMEX", "BATS", "PINK", "IEX", "ISLAND")
_US_ROUTES = "SMART,AMEX,NYSE,CBOE,ARCA,NASDAQ,ISLAND,BATS,IEX,EDGEA,BYX,PINK,OVERNIGHT,IBKRATS"
_US_SYMBOL = re.compile(r"[A-Z]{1,5}( (A|B|C|D|K|U|WS|PR[A-Z]?))?\Z")
_OTHER_SYMBOL = re.compile(r"[A-Z0-9]{1,8}([. ][A-Z0-9]{0,3})?\Z")
# Letters nobody lists, kept free so that a misspelt alert has something to fail on.
_NEVER_LISTED = re.compile(r"Z{4,}|X{4,}|Q{4,}")


@dataclass(frozen=True, slots=True)
class Venue:
    currency: str
    min_tick: Decimal = Decimal("0.01")
    time_zone: str = "MET"
    price_scale: int = 1


VENUES = {
    "TSE": Venue("CAD", time_zone="US/Eastern"),
    "VENTURE": Venue("CAD", time_zone="US/Eastern"),
    "LSE": Venue("GBP", Decimal("0.05"), "GB", 10),
    "IBIS": Venue("EUR"),
    "FWB": Venue("EUR"),
    "SBF": Venue("EUR"),
    "AEB": Venue("EUR"),
    "ENEXT.BE": Venue("EUR"),
    "BVME": Venue("EUR"),
    "BM": Venue("EUR"),
    "HEX": Venue("EUR"),
    "EBS": Venue("CHF"),
    "SFB": Venue("SEK"),
    "OSE": Venue("NOK"),
    "CPH": Venue("DKK"),
    "TSEJ": Venue("JPY", Decimal(1), "Japan", 20),
    "SEHK": Venue("HKD", Decimal("0.05"), "Hongkong"),
    "SEHKNTL": Venue("CNH", time_zone="Hongkong"),
    "SEHKSZSE": Venue("CNH", time_zone="Hongkong"),
    "ASX": Venue("AUD", time_zone="Australia/NSW"),
    "SGX": Venue("SGD", time_zone="Singapore"),
    "NSE": Venue("INR", Decimal("0.05"), "Asia/Calcutta", 10),
    "KSE": Venue("KRW", Decimal(100), "Asia/Seoul", 1000),
    "MEXI": Venue("MXN", time_zone="America/Mexico_City", price_scale=18),
    "WSE": Venue("PLN"),
}
_FIRST_VENUE = {
    "CAD": "TSE",
    "GBP": "LSE",
    "EUR": "IBIS",
    "CHF": "EBS",
    "SEK": "SFB",
    "NOK": "OSE",
    "DKK": "CPH",
    "JPY": "TSEJ",
    "HKD": "SEHK",
    "CNH": "SEHKNTL",
    "AUD": "ASX",
    "SGD": "SGX",
    "INR": "NSE",
    "KRW": "KSE",
    "MXN": "MEXI",
    "PLN": "WSE",
}

# Where the well-known ones trade, roughly at what price, and what they are called.
_KNOWN = {
    "AAPL": ("NASDAQ", "270.50", "APPLE INC"),
    "MSFT": ("NASDAQ", "475.20", "MICROSOFT CORP"),
    "GOOGL": ("NASDAQ", "290.10", "ALPHABET INC-CL A"),
    "AMZN": ("NASDAQ", "225.40", "AMAZON.COM INC"),
    "META": ("NASDAQ", "595.30", "META PLATFORMS INC-CLASS A"),
    "NVDA": ("NASDAQ", "182.60", "NVIDIA CORP"),
    "TSLA": ("NASDAQ", "402.80", "TESLA INC"),
    "AMD": ("NASDAQ", "215.70", "ADVANCED MICRO DEVICES"),
    "INTC": ("NASDAQ", "34.50", "INTEL CORP"),
    "NFLX": ("NASDAQ", "105.60", "NETFLIX INC"),
    "QQQ": ("NASDAQ", "595.90", "INVESCO QQQ TRUST SERIES 1"),
    "TLT": ("NASDAQ", "89.40", "ISHARES 20+ YEAR TREASURY BD"),
    "SPY": ("ARCA", "663.20", "SPDR S&P 500 ETF TRUST"),
    "IWM": ("ARCA", "236.10", "ISHARES RUSSELL 2000 ETF"),
    "DIA": ("ARCA", "463.30", "SPDR DJIA TRUST"),
    "GLD": ("ARCA", "374.20", "SPDR GOLD SHARES"),
    "IBM": ("NYSE", "298.10", "INTL BUSINESS MACHINES CORP"),
    "JPM": ("NYSE", "298.80", "JPMORGAN CHASE & CO"),
    "KO": ("NYSE", "72.30", "COCA-COLA CO/THE"),
    "F": ("NYSE", "12.90", "FORD MOTOR CO"),
    "GE": ("NYSE", "289.50", "GENERAL ELECTRIC"),
    "BRK A": ("NYSE", "757000", "BERKSHIRE HATHAWAY INC-CL A"),
    "BRK B": ("NYSE", "504.90", "BERKSHIRE HATHAWAY INC-CL B"),
    "BF B": ("NYSE", "29.10", "BROWN-FORMAN CORP-CLASS B"),
    "ITA": ("BATS", "205.40", "ISHARES U.S. AEROSPACE & DEF"),
    "TCEHY": ("PINK", "81.20", "TENCENT HOLDINGS LTD-UNS ADR"),
}


def find(query: ContractQuery, seed: int) -> list[Contract]:
    """Answer a query for a stock with every listing it fits."""
    symbol = (query.symbol or query.local_symbol).upper()
    primary = query.primary_exchange.upper()
    # TWS API: an exchange other than SMART may stand in for the primary exchange.
    direct = query.exchange.upper()
    venue = next((name for name in (primary, direct) if name in VENUES), "")
    if query.currency == "USD" or (not query.currency and (primary in _US_EXCHANGES)):
        return _at_routes(_us_stock(symbol, seed), query)
    if venue and query.currency in ("", VENUES[venue].currency):
        return _present(_other_stock(symbol, venue, seed))
    if query.currency:
        first = _FIRST_VENUE.get(query.currency, "")
        return _present(_other_stock(symbol, first, seed)) if first and not venue else []
    abroad = _present(_other_stock(symbol, "IBIS", seed), _other_stock(symbol, "MEXI", seed))
    home = _at_routes(_us_stock(symbol, seed), query)
    return home + abroad if home else []


def _present(*contracts: Contract | None) -> list[Contract]:
    return [contract for contract in contracts if contract]


def _at_routes(stock: Contract | None, query: ContractQuery) -> list[Contract]:
    """One match per exchange when none was asked for, as the real one answers."""
    if stock is None or (query.primary_exchange and query.primary_exchange not in _US_EXCHANGES):
        return []
    if query.exchange or query.con_id:
        return [stock]
    return [stock.at(route) for route in stock.valid_exchanges.split(",")]


def _us_stock(symbol: str, seed: int) -> Contract | None:
    if not _US_SYMBOL.match(symbol) or _NEVER_LISTED.search(symbol):
        return None
    known = _KNOWN.get(symbol)
    if known:
        primary, price, name = known
        reference = Decimal(price)
    else:
        primary = "NASDAQ" if len(symbol) >= 4 else "NYSE"
        reference = Decimal(str(round(seeded_price(seed, symbol, "USD"), 2)))
        name = f"{symbol} HOLDINGS INC"
    return Contract(
        con_id=contract_id("STK", symbol, "USD"),
        symbol=symbol,
        sec_type="STK",
        exchange="SMART",
        currency="USD",
        local_symbol=symbol,
        trading_class="NMS" if primary == "NASDAQ" else symbol,
        primary_exchange=primary,
        reference_price=reference,
        valid_exchanges=_US_ROUTES,
        long_name=name,
        market_name="NMS",
        size_increment=Decimal("0.0001"),
        min_size=Decimal("0.0001"),
        stock_type="ETF" if primary in ("ARCA", "BATS") else "COMMON",
    )


def _other_stock(symbol: str, exchange: str, seed: int) -> Contract | None:
    if not _OTHER_SYMBOL.match(symbol) or _NEVER_LISTED.search(symbol):
        return None
    venue = VENUES[exchange]
    raw = Decimal(str(seeded_price(seed, symbol, venue.currency))) * venue.price_scale
    ticks = max(int(raw / venue.min_tick), 1)
    local = symbol.replace(".", "") if exchange == "SFB" else symbol
    return Contract(
        con_id=contract_id("STK", symbol, exchange, venue.currency),
        symbol=symbol,
        sec_type="STK",
        exchange="SMART",
        currency=venue.currency,
        local_symbol=local,
        trading_class="XETRA" if exchange == "IBIS" else symbol,
        primary_exchange=exchange,
        min_tick=venue.min_tick,
        reference_price=ticks * venue.min_tick,
        valid_exchanges=f"SMART,{exchange}",
        long_name=f"{symbol} {('SA', 'AG', 'PLC')[digest(symbol) % 3]}",
        market_name=exchange,
        time_zone=venue.time_zone,
        stock_type="COMMON",
    )
