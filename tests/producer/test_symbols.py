"""TradingView's notation, row by row of the table of examples."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import Instrument, OptionRight, SecurityType
from producer.refusal import Refused
from producer.symbols import _TABLES, read_symbol

TABLE = Path(__file__).parent / "data" / "symbols.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
TYPES = {
    "STK": SecurityType.STOCK,
    "FUT": SecurityType.FUTURE,
    "CONTFUT": SecurityType.FUTURE,
    "CASH": SecurityType.FOREX,
    "CMDTY": SecurityType.COMMODITY,
    "CRYPTO": SecurityType.CRYPTO,
    "OPT": SecurityType.OPTION,
}
PREFIXES = list(
    csv.DictReader(
        (Path(__file__).parent / "data" / "prefixes.csv").read_text(encoding="utf-8").splitlines()
    )
)
TICKERS = {
    "STK": "QZX",
    "FUT": "QZXZ2026",
    "CASH": "EURUSD",
    "CRYPTO": "BTCUSD",
    "OPT": "QZX261218C200.0",
    "NONE": "QZX",
}
INDICES = {"CBOE": "VIX", "SP": "SPX", "DJ": "DJI"}
REFUSED_PREFIXES = {"MYX": "no contract was found for it: unconfirmed is not orderable"}
CFDS = _TABLES["bare"]["cfds"]
NOT_ORDERABLE = {"NONE", "IND", "BAG"}
DISAGREED = {
    "EURONEXT:MC": "the prefix names no country: the primary exchange stays open",
    "EURONEXT:ASML": "the prefix names no country: the primary exchange stays open",
    "EURONEXT:ABI": "the prefix names no country: the primary exchange stays open",
}


def read(text: str) -> Instrument:
    found = read_symbol(text)
    assert isinstance(found, Instrument), found
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["tradingview_symbol"])
def test_each_example_becomes_its_contract_or_is_refused(row: dict[str, str]) -> None:
    source = row["tradingview_symbol"]
    found = read_symbol(source)

    if row["sec_type"] in NOT_ORDERABLE:
        assert isinstance(found, Refused)
        assert found.status == 422
        assert found.field == "symbol"
        assert source.split(":")[-1].split("-")[0][:6] in found.message
        return
    expected = {
        "security_type": TYPES[row["sec_type"]],
        "symbol": row["symbol"],
        "exchange": row["exchange"],
        "primary_exchange": "" if source in DISAGREED else row["primary_exchange"],
        "currency": row["currency"],
        "expiry": row["expiry"],
        "strike": Decimal(row["strike"]) if row["strike"] else None,
        "right": {"C": OptionRight.CALL, "P": OptionRight.PUT, "": None}[row["right"]],
        "multiplier": Decimal(row["multiplier"]) if row["multiplier"] else None,
        "local_symbol": row["local_symbol"] if row["sec_type"] == "OPT" else "",
        "continuous_depth": int(row["sec_type"] == "CONTFUT"),
        "source_symbol": source,
    }
    assert isinstance(found, Instrument), found
    assert expected == {name: getattr(found, name) for name in expected}


def test_the_table_of_examples_is_whole() -> None:
    assert len(ROWS) == 98
    assert DISAGREED.keys() <= {row["tradingview_symbol"] for row in ROWS}


@pytest.mark.parametrize("row", PREFIXES, ids=lambda row: f"{row['prefix']} {row['sec_type']}")
def test_each_prefix_leads_to_its_market_or_is_refused(row: dict[str, str]) -> None:
    prefix, kind = row["prefix"], row["sec_type"]
    ticker = INDICES[prefix] if kind == "IND" else TICKERS[kind]
    found = read_symbol(f"{prefix}:{ticker}")

    if kind in NOT_ORDERABLE or prefix in REFUSED_PREFIXES:
        assert isinstance(found, Refused)
        assert found.code == "symbol"
        return
    assert isinstance(found, Instrument), found
    told = (found.security_type, found.exchange, found.primary_exchange, found.currency)
    assert told == (TYPES[kind], row["exchange"], row["primary_exchange"], row["currency"])


def test_the_table_of_prefixes_is_whole() -> None:
    assert len(PREFIXES) == 117
    assert {row["sec_type"] for row in PREFIXES} == {*TICKERS, "IND"}


@pytest.mark.parametrize("bare", ["ESZ2026", "ESZ26", "ES1!", "EURUSD", "BTCUSD"])
def test_a_bare_ticker_is_told_when_it_can_be_one_thing_only(bare: str) -> None:
    assert read(bare).security_type is not SecurityType.STOCK


@pytest.mark.parametrize("bare", ["ZZ1!", "7203", "ZZZ2026"])
def test_a_bare_ticker_that_could_be_anything_is_refused(bare: str) -> None:
    found = read_symbol(bare)

    assert isinstance(found, Refused)
    assert "needs its exchange" in found.message


def test_the_same_root_on_another_market_is_not_given_foreign_facts() -> None:
    assert read("EUREX:ESZ2026").multiplier is None
    assert read("CME:BTCZ2026").symbol == "BRR"


def test_a_class_share_has_a_space_in_new_york_only() -> None:
    assert read("NYSE:BRK.B").symbol == read("BRK.B").symbol == "BRK B"
    assert read("TSX:BBD.B").symbol == "BBD.B"


@pytest.mark.parametrize(
    ("symbol", "local", "strike"),
    [
        ("SPY 261218C596", "SPY   261218C00596000", "596"),
        ("SPY 261218P596.5", "SPY   261218P00596500", "596.5"),
        ("AAPL 261218C00140000", "AAPL  261218C00140000", "140"),
        ("SPXW  261218P06000000", "SPXW  261218P06000000", "6000"),
        ("spy 261218c00650500", "SPY   261218C00650500", "650.5"),
    ],
)
def test_an_option_may_stand_with_a_space_behind_its_root(
    symbol: str, local: str, strike: str
) -> None:
    found = read(symbol)

    assert found.security_type is SecurityType.OPTION
    assert (found.local_symbol, str(found.strike)) == (local, strike)


@pytest.mark.parametrize("symbol", ["SPY 261318C596", "SPY 261218X596", "SPY 261218C0"])
def test_what_only_looks_like_an_option_is_refused(symbol: str) -> None:
    assert isinstance(read_symbol(symbol), Refused)


def test_the_second_contract_of_a_continuous_future_is_told_from_the_first() -> None:
    assert read("CME_MINI:ES2!").continuous_depth == 2
    assert read("OSE:NK2251!").symbol == "N225"


@pytest.mark.parametrize(
    ("symbol", "hint"),
    [
        ("JPYUSD", "USDJPY"),
        ("OANDA:CHFEUR", "EURCHF"),
        ("BINANCE:ETHUSDT", "USDT"),
        ("BYBIT:SOLUSD.P", "perpetual"),
        ("NASDAK:AAPL", "NASDAK"),
        ("OPRA:AAPL261318C200.0", "option"),
        ("ES1!-ES2!", "spread"),
        ("AAPL/MSFT", "spread"),
        ("EUR/USD", "EURUSD"),
        ("BTC/USD", "BTCUSD"),
        ("COINBASE:BTC-USD", "COINBASE:BTCUSD"),
        ("BRK-B", "BRK.B"),
        ("NYSE:BRK/B", "NYSE:BRK.B"),
        ("ESZ6", "ESZ2026"),
        ("CME_MINI:MNQH0", "CME_MINI:MNQH2030"),
        ("NAS100", "CME_MINI:NQ1!"),
        ("US30.Cash", "CBOT_MINI:YM1!"),
        ("OANDA:SPX500USD", "[routes.NAME.symbols]"),
        ("BLACKBULL:GER40", "EUREX:FDAX1!"),
        ("UK100", "[routes.NAME.symbols]"),
        ("SPY_261218P600", "SPY261218P600"),
        (".SPY261218P600.5", " SPY261218P600.5"),
    ],
)
def test_a_refusal_says_what_to_use_instead(symbol: str, hint: str) -> None:
    found = read_symbol(symbol)

    assert isinstance(found, Refused)
    assert hint in found.message


@pytest.mark.parametrize("future", sorted({*CFDS.values()} - {""}))
def test_the_future_that_is_offered_for_an_index_can_be_ordered(future: str) -> None:
    assert read(future).security_type is SecurityType.FUTURE


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
def test_any_text_is_an_instrument_or_a_refusal(text: str) -> None:
    found = read_symbol(text)

    assert isinstance(found, Refused) or (found.symbol and found.exchange and found.currency)
