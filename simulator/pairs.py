"""Currency pairs, crypto, indexes, CFDs and spot metals: short lists with a known convention."""

from decimal import Decimal

from simulator.contracts import Contract
from simulator.seeds import contract_id

# TWS API: a pair is traded in its conventional direction only; JPY.USD does not exist.
_FOREX = {
    "EUR.USD": "1.1550",
    "GBP.USD": "1.3100",
    "AUD.USD": "0.6500",
    "NZD.USD": "0.5650",
    "USD.JPY": "156.40",
    "USD.CHF": "0.8050",
    "USD.CAD": "1.4050",
    "USD.SEK": "9.5300",
    "USD.NOK": "10.180",
    "USD.DKK": "6.4700",
    "USD.MXN": "18.400",
    "USD.SGD": "1.3050",
    "USD.HKD": "7.7800",
    "USD.CNH": "7.1100",
    "USD.PLN": "3.6700",
    "USD.INR": "89.100",
    "USD.KRW": "1470.0",
    "USD.ZAR": "17.300",
    "USD.ILS": "3.2700",
    "USD.TRY": "42.300",
    "EUR.GBP": "0.8810",
    "EUR.JPY": "180.60",
    "EUR.CHF": "0.9300",
    "EUR.CAD": "1.6230",
    "EUR.AUD": "1.7770",
    "EUR.NZD": "2.0440",
    "EUR.SEK": "11.010",
    "EUR.NOK": "11.760",
    "GBP.JPY": "204.90",
    "GBP.CHF": "1.0550",
    "GBP.CAD": "1.8410",
    "GBP.AUD": "2.0150",
    "GBP.NZD": "2.3190",
    "AUD.JPY": "101.70",
    "AUD.CAD": "0.9130",
    "AUD.CHF": "0.5230",
    "AUD.NZD": "1.1500",
    "NZD.JPY": "88.400",
    "NZD.CAD": "0.7940",
    "NZD.CHF": "0.4550",
    "CAD.JPY": "111.30",
    "CAD.CHF": "0.5730",
    "CHF.JPY": "194.20",
}
_CRYPTO = {
    "BTC": ("90000", "0.25"),
    "ETH": ("3000", "0.05"),
    "LTC": ("85", "0.01"),
    "BCH": ("540", "0.05"),
    "SOL": ("135", "0.01"),
    "XRP": ("2.10", "0.0001"),
    "ADA": ("0.42", "0.0001"),
    "DOGE": ("0.14", "0.00001"),
    "AVAX": ("13.50", "0.005"),
    "LINK": ("12.80", "0.005"),
}
_INDEXES = {
    "SPX": ("CBOE", "USD", "6640"),
    "VIX": ("CBOE", "USD", "18"),
    "RUT": ("RUSSELL", "USD", "2390"),
    "NDX": ("NASDAQ", "USD", "24450"),
    "INDU": ("CME", "USD", "46400"),
    "DAX": ("EUREX", "EUR", "23480"),
    "ESTX50": ("EUREX", "EUR", "5590"),
    "HSI": ("HKFE", "HKD", "25450"),
    "N225": ("OSE.JPN", "JPY", "48900"),
}
_CFDS = {
    "IBUS500": ("USD", "6640"),
    "IBUS30": ("USD", "46400"),
    "IBUST100": ("USD", "24450"),
    "IBGB100": ("GBP", "9600"),
    "IBDE40": ("EUR", "23480"),
    "IBEU50": ("EUR", "5590"),
    "IBJP225": ("JPY", "48900"),
}
_METALS = {"XAUUSD": ("4045", "0.01"), "XAGUSD": ("50.10", "0.001")}


def forex() -> list[Contract]:
    return [_pair(name, Decimal(price)) for name, price in _FOREX.items()]


def _pair(name: str, price: Decimal) -> Contract:
    base, quote = name.split(".")
    if quote in ("JPY", "KRW", "INR"):
        tick = Decimal("0.005")
    elif price > 5:
        tick = Decimal("0.0005")
    else:
        tick = Decimal("0.00005")
    return Contract(
        con_id=contract_id("CASH", base, quote),
        symbol=base,
        sec_type="CASH",
        exchange="IDEALPRO",
        currency=quote,
        local_symbol=name,
        trading_class=name,
        min_tick=tick,
        reference_price=price,
        valid_exchanges="IDEALPRO",
        long_name=f"{base}/{quote}",
        market_name=name,
    )


def crypto() -> list[Contract]:
    return [
        Contract(
            con_id=contract_id("CRYPTO", symbol, "USD"),
            symbol=symbol,
            sec_type="CRYPTO",
            exchange="PAXOS",
            currency="USD",
            local_symbol=f"{symbol}.USD",
            trading_class=symbol,
            min_tick=Decimal(tick),
            reference_price=Decimal(price),
            valid_exchanges="PAXOS,ZEROHASH",
            long_name=f"{symbol} cryptocurrency",
            market_name=f"{symbol}.USD",
            size_increment=Decimal("0.00000001"),
            min_size=Decimal("0.00000001"),
        )
        for symbol, (price, tick) in _CRYPTO.items()
    ]


def indexes() -> list[Contract]:
    return [
        Contract(
            con_id=contract_id("IND", symbol, exchange),
            symbol=symbol,
            sec_type="IND",
            exchange=exchange,
            currency=currency,
            local_symbol=symbol,
            trading_class=symbol,
            reference_price=Decimal(price),
            valid_exchanges=exchange,
            long_name=f"{symbol} index",
            market_name=symbol,
        )
        for symbol, (exchange, currency, price) in _INDEXES.items()
    ]


def cfds() -> list[Contract]:
    return [_smart("CFD", symbol, currency, price) for symbol, (currency, price) in _CFDS.items()]


def metals() -> list[Contract]:
    return [_smart("CMDTY", symbol, "USD", *terms) for symbol, terms in _METALS.items()]


def _smart(sec_type: str, symbol: str, currency: str, price: str, tick: str = "0.01") -> Contract:
    return Contract(
        con_id=contract_id(sec_type, symbol, currency),
        symbol=symbol,
        sec_type=sec_type,
        exchange="SMART",
        currency=currency,
        local_symbol=symbol,
        trading_class=symbol,
        min_tick=Decimal(tick),
        reference_price=Decimal(price),
        valid_exchanges="SMART,IBMETAL" if sec_type == "CMDTY" else "SMART",
        long_name=symbol,
        market_name=symbol,
    )


def dollars_per(currency: str) -> Decimal:
    """Rate at which a currency is worth dollars, for sums over an account."""
    if currency == "USD":
        return Decimal(1)
    if direct := _FOREX.get(f"{currency}.USD"):
        return Decimal(direct)
    inverse = _FOREX.get(f"USD.{currency}")
    return 1 / Decimal(inverse) if inverse else Decimal(1)
