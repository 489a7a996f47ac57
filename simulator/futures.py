"""Futures: known roots with their exchange, size, tick and expiry rule, and chains of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from simulator.calendar_rules import (
    MONTH_CODES,
    currency_expiry,
    energy_expiry,
    gas_expiry,
    grain_expiry,
    last_friday,
    metal_expiry,
    months_from,
    note_expiry,
    third_friday,
    volatility_expiry,
)
from simulator.contracts import Contract
from simulator.seeds import contract_id

ExpiryRule = Callable[[int, int], date]

_QUARTERLY = (3, 6, 9, 12)
_EVERY = tuple(range(1, 13))


@dataclass(frozen=True, slots=True)
class Root:
    """One future's standing terms; a chain is this and a list of months."""

    symbol: str
    trading_class: str
    exchange: str
    multiplier: str
    min_tick: Decimal
    price: Decimal
    name: str
    months: tuple[int, ...] = _QUARTERLY
    expiry: ExpiryRule = third_friday
    currency: str = "USD"
    price_magnifier: int = 1
    # Eurex spells the day into the local symbol: "FDAX 20261218 M".
    is_dated: bool = False


def _roots() -> Iterator[Root]:
    d = Decimal
    index = (
        ("ES", "ES", "CME", "50", "0.25", "6650", "E-mini S&P 500"),
        ("MES", "MES", "CME", "5", "0.25", "6650", "Micro E-mini S&P 500"),
        ("NQ", "NQ", "CME", "20", "0.25", "24500", "E-mini NASDAQ 100"),
        ("MNQ", "MNQ", "CME", "2", "0.25", "24500", "Micro E-mini NASDAQ 100"),
        ("RTY", "RTY", "CME", "50", "0.10", "2400", "E-mini Russell 2000"),
        ("M2K", "M2K", "CME", "5", "0.10", "2400", "Micro E-mini Russell 2000"),
        ("YM", "YM", "CBOT", "5", "1", "46500", "E-mini Dow Jones"),
        ("MYM", "MYM", "CBOT", "0.5", "1", "46500", "Micro E-mini Dow Jones"),
    )
    for symbol, trading_class, exchange, size, tick, price, name in index:
        yield Root(symbol, trading_class, exchange, size, d(tick), d(price), name)
    notes = (
        ("ZN", "0.015625", "112.5", "10 Year US Treasury Note", "1000"),
        ("ZB", "0.03125", "117", "30 Year US Treasury Bond", "1000"),
        ("ZF", "0.0078125", "109", "5 Year US Treasury Note", "1000"),
        ("ZT", "0.00390625", "104", "2 Year US Treasury Note", "2000"),
    )
    for symbol, tick, price, name, size in notes:
        yield Root(symbol, symbol, "CBOT", size, d(tick), d(price), name, expiry=note_expiry)
    grains = (("ZC", "430", "Corn"), ("ZS", "1120", "Soybean"), ("ZW", "540", "Wheat"))
    for symbol, price, name in grains:
        yield Root(
            symbol,
            symbol,
            "CBOT",
            "5000",
            d("0.25"),
            d(price),
            f"{name} Futures",
            months=(3, 5, 7, 9, 12),
            expiry=grain_expiry,
            price_magnifier=100,
        )
    energy = (
        ("CL", "NYMEX", "1000", "0.01", "60", "Light Sweet Crude Oil", energy_expiry),
        ("MCL", "NYMEX", "100", "0.01", "60", "Micro WTI Crude Oil", energy_expiry),
        ("NG", "NYMEX", "10000", "0.001", "4.2", "Natural Gas", gas_expiry),
        ("RB", "NYMEX", "42000", "0.0001", "1.95", "RBOB Gasoline", gas_expiry),
        ("HO", "NYMEX", "42000", "0.0001", "2.35", "NY Harbor ULSD", gas_expiry),
        ("COIL", "IPE", "1000", "0.01", "64", "Brent Crude Oil", gas_expiry),
    )
    for symbol, exchange, size, tick, price, name, rule in energy:
        yield Root(symbol, symbol, exchange, size, d(tick), d(price), name, _EVERY, rule)
    metals = (
        ("GC", "GC", "100", "0.10", "4050", "Gold", (2, 4, 6, 8, 10, 12)),
        ("MGC", "MGC", "10", "0.10", "4050", "Micro Gold", (2, 4, 6, 8, 10, 12)),
        ("SI", "SI", "5000", "0.005", "50", "Silver", (3, 5, 7, 9, 12)),
        # One IB symbol for two sizes: a query without multiplier or class is ambiguous.
        ("SI", "SIL", "1000", "0.005", "50", "Micro Silver", (3, 5, 7, 9, 12)),
        ("HG", "HG", "25000", "0.0005", "5.0", "Copper", (3, 5, 7, 9, 12)),
    )
    for symbol, trading_class, size, tick, price, name, months in metals:
        yield Root(
            symbol, trading_class, "COMEX", size, d(tick), d(price), name, months, metal_expiry
        )
    currencies = (
        ("EUR", "6E", "125000", "0.00005", "1.1550", "Euro FX"),
        ("M6E", "M6E", "12500", "0.0001", "1.1550", "Micro Euro FX"),
        ("GBP", "6B", "62500", "0.0001", "1.3100", "British Pound"),
        ("JPY", "6J", "12500000", "0.0000005", "0.0064", "Japanese Yen"),
        ("AUD", "6A", "100000", "0.00005", "0.6500", "Australian Dollar"),
        ("CAD", "6C", "100000", "0.00005", "0.7100", "Canadian Dollar"),
        ("CHF", "6S", "125000", "0.00005", "1.2500", "Swiss Franc"),
    )
    for symbol, trading_class, size, tick, price, name in currencies:
        yield Root(
            symbol, trading_class, "CME", size, d(tick), d(price), name, expiry=currency_expiry
        )
    coins = (
        ("BRR", "BTC", "5", "5", "90000", "CME Bitcoin"),
        ("MBT", "MBT", "0.1", "5", "90000", "Micro Bitcoin"),
        ("ETHUSDRR", "ETH", "50", "0.50", "3000", "CME Ether"),
    )
    for symbol, trading_class, size, tick, price, name in coins:
        yield Root(symbol, trading_class, "CME", size, d(tick), d(price), name, _EVERY, last_friday)
    vix = d("18"), "CBOE Volatility Index"
    yield Root("VIX", "VX", "CFE", "1000", d("0.05"), *vix, _EVERY, volatility_expiry)
    yield Root(
        "DX", "DX", "NYBOT", "1000", d("0.005"), d("99"), "US Dollar Index", expiry=currency_expiry
    )
    yield Root("HSI", "HSI", "HKFE", "50", d(1), d(25500), "Hang Seng", _EVERY, currency="HKD")
    yield Root("SPI", "AP", "SNFE", "25", d(1), d(8600), "SPI 200", currency="AUD")
    yield Root("N225", "NK225", "OSE.JPN", "1000", d(10), d(49000), "Nikkei 225", currency="JPY")
    dated = (
        ("DAX", "FDAX", "25", "1", "23500", "DAX"),
        ("DAX", "FDXM", "5", "1", "23500", "Mini-DAX"),
        ("DAX", "FDXS", "1", "1", "23500", "Micro-DAX"),
        ("ESTX50", "FESX", "10", "1", "5600", "Euro Stoxx 50"),
        ("GBL", "FGBL", "1000", "0.01", "129", "Euro Bund"),
    )
    for symbol, trading_class, size, tick, price, name in dated:
        yield Root(
            symbol,
            trading_class,
            "EUREX",
            size,
            d(tick),
            d(price),
            name,
            currency="EUR",
            is_dated=True,
        )


ROOTS = tuple(_roots())
CHAIN_LENGTH = 6


def chain(root: Root, today: date) -> list[Contract]:
    """List the next expiries of a root, nearest first."""
    contracts: list[Contract] = []
    for year, month in months_from(today):
        if month not in root.months:
            continue
        last_trade = root.expiry(year, month)
        if last_trade >= today:
            contracts.append(_contract(root, year, month, last_trade))
        if len(contracts) == CHAIN_LENGTH:
            return contracts
    raise AssertionError("months never end")


def _contract(root: Root, year: int, month: int, last_trade: date) -> Contract:
    expiry = last_trade.strftime("%Y%m%d")
    local_symbol = (
        f"{root.trading_class} {expiry} M"
        if root.is_dated
        else f"{root.trading_class}{MONTH_CODES[month - 1]}{year % 10}"
    )
    return Contract(
        con_id=contract_id("FUT", root.symbol, root.trading_class, f"{year}{month:02}"),
        symbol=root.symbol,
        sec_type="FUT",
        exchange=root.exchange,
        currency=root.currency,
        local_symbol=local_symbol,
        trading_class=root.trading_class,
        expiry=expiry,
        multiplier=root.multiplier,
        min_tick=root.min_tick,
        reference_price=root.price,
        valid_exchanges=root.exchange,
        long_name=root.name,
        market_name=root.trading_class,
        contract_month=f"{year}{month:02}",
        last_trade_time="09:30:00",
        time_zone="US/Central",
        under_con_id=contract_id("IND", root.symbol, root.exchange),
        under_symbol=root.symbol,
        under_sec_type="IND",
        price_magnifier=root.price_magnifier,
    )
