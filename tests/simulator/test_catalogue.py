"""What exists: the contracts a TradingView user asks for, found once and only once."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from simulator import futures
from simulator.calendar_rules import energy_expiry
from simulator.catalogue import Catalogue
from simulator.contracts import ContractQuery as Query

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def catalogue():
    return Catalogue(7, lambda: TODAY)


def stock(symbol, exchange="SMART", primary="", currency="USD"):
    return Query(
        symbol=symbol,
        sec_type="STK",
        exchange=exchange,
        primary_exchange=primary,
        currency=currency,
    )


def future(symbol, exchange, month="202612", currency="USD", **more):
    return Query(
        symbol=symbol, sec_type="FUT", exchange=exchange, expiry=month, currency=currency, **more
    )


@pytest.mark.parametrize(
    "query",
    [
        stock("AAPL", primary="NASDAQ"),
        stock("IBM", primary="NYSE"),
        stock("BRK B", primary="NYSE"),
        stock("SPY", primary="ARCA"),
        stock("ITA", primary="BATS"),
        stock("TCEHY", primary="PINK"),
        stock("ABCDE"),
        stock("AAPL", exchange="NASDAQ"),
        stock("SHOP", primary="TSE", currency="CAD"),
        stock("BBD.B", primary="TSE", currency="CAD"),
        stock("BP.", primary="LSE", currency="GBP"),
        stock("BMW", primary="IBIS", currency="EUR"),
        stock("ABI", primary="ENEXT.BE", currency="EUR"),
        stock("NOKIA", primary="HEX", currency="EUR"),
        stock("VOLV.B", primary="SFB", currency="SEK"),
        stock("7203", primary="TSEJ", currency="JPY"),
        stock("700", primary="SEHK", currency="HKD"),
        stock("29M", primary="ASX", currency="AUD"),
        stock("600519", exchange="SEHKNTL", currency="CNH"),
        stock("RELIANCE", primary="NSE", currency="INR"),
        stock("005930", primary="KSE", currency="KRW"),
        stock("BMW", currency="EUR"),
        future("ES", "CME"),
        future("MNQ", "CME"),
        future("YM", "CBOT"),
        future("MYM", "CBOT", multiplier="0.5"),
        future("ZC", "CBOT"),
        future("CL", "NYMEX", "202701"),
        future("NG", "NYMEX", "202701"),
        future("GC", "COMEX"),
        future("SI", "COMEX", multiplier="5000"),
        future("SI", "COMEX", trading_class="SIL"),
        future("EUR", "CME"),
        future("JPY", "CME", multiplier="12500000"),
        future("BRR", "CME", multiplier="5"),
        future("ETHUSDRR", "CME"),
        future("VIX", "CFE", trading_class="VX"),
        future("DX", "NYBOT"),
        future("COIL", "IPE", "202701"),
        future("DAX", "EUREX", currency="EUR", multiplier="25"),
        future("ESTX50", "EUREX", currency="EUR"),
        future("HSI", "HKFE", currency="HKD"),
        future("SPI", "SNFE", currency="AUD"),
        Query(sec_type="FUT", local_symbol="ESZ6", exchange="CME"),
        Query(sec_type="FUT", local_symbol="6EZ6"),
        Query(symbol="EUR", sec_type="CASH", exchange="IDEALPRO", currency="USD"),
        Query(symbol="USD", sec_type="CASH", exchange="IDEALPRO", currency="JPY"),
        Query(sec_type="CASH", local_symbol="GBP.USD"),
        Query(symbol="BTC", sec_type="CRYPTO", exchange="PAXOS", currency="USD"),
        Query(symbol="ETH", sec_type="CRYPTO", exchange="ZEROHASH", currency="USD"),
        Query(symbol="SPX", sec_type="IND", exchange="CBOE"),
        Query(symbol="XAUUSD", sec_type="CMDTY", exchange="SMART", currency="USD"),
        Query(symbol="IBDE40", sec_type="CFD", currency="EUR"),
    ],
    ids=lambda query: f"{query.symbol or query.local_symbol}-{query.sec_type}",
)
def test_it_is_found_once(catalogue, query):
    (found,) = catalogue.find(query)
    again = catalogue.find(Query(con_id=found.con_id, exchange=query.exchange))

    assert found.con_id > 0
    assert found.min_tick > 0
    assert [one.con_id for one in again] == [found.con_id]


@pytest.mark.parametrize(
    "query",
    [
        stock("ZZZZ"),
        stock("ABCDEF"),
        stock(""),
        stock("BTC/USD"),
        stock("BRK.B"),
        stock("AAPL", primary="LSE"),
        stock("AAPL", currency="ZZZ"),
        future("ES", "CME", "202611"),
        future("ES", "NYMEX"),
        future("ES", "CME", "20200918"),
        future("XX", "CME"),
        future("ES", "CME", multiplier="5"),
        Query(symbol="JPY", sec_type="CASH", exchange="IDEALPRO", currency="USD"),
        Query(symbol="EUR", sec_type="CASH", exchange="SMART", currency="USD"),
        Query(symbol="BTC", sec_type="CRYPTO", exchange="PAXOS", currency="USDT"),
        Query(con_id=4711),
        Query(symbol="AAPL", sec_type="BAG"),
    ],
    ids=lambda query: f"{query.symbol}-{query.sec_type}-{query.exchange}-{query.expiry}",
)
def test_it_does_not_exist(catalogue, query):
    assert catalogue.find(query) == []


@pytest.mark.parametrize(
    "query",
    [
        stock("AAPL", currency=""),
        stock("AAPL", exchange=""),
        future("ES", "CME", ""),
        future("SI", "COMEX"),
        future("DAX", "EUREX", currency="EUR"),
    ],
)
def test_it_is_ambiguous(catalogue, query):
    assert len(catalogue.find(query)) > 1


@pytest.mark.parametrize(
    ("symbol", "exchange", "month", "last_trade"),
    [
        ("ES", "CME", "202612", "20261218"),
        # The last trade date of crude oil lies in the month before its own.
        ("CL", "NYMEX", "202701", "20261221"),
        ("EUR", "CME", "202612", "20261214"),
        ("GC", "COMEX", "202612", "20261229"),
        ("VIX", "CFE", "202612", "20261216"),
    ],
)
def test_last_trade_dates(catalogue, symbol, exchange, month, last_trade):
    (found,) = catalogue.find(future(symbol, exchange, month))
    (again,) = catalogue.find(future(symbol, exchange, last_trade))

    assert (found.expiry, found.contract_month) == (last_trade, month)
    assert again == found


@pytest.mark.parametrize("today", [date(2026, 12, 18), date(2026, 12, 19), date(2028, 2, 29)])
def test_a_chain_begins_with_what_still_trades(today):
    for root in futures.ROOTS:
        chain = futures.chain(root, today)
        days = [one.expiry for one in chain]
        assert len(chain) == futures.CHAIN_LENGTH
        assert days == sorted(set(days))
        assert days[0] >= today.strftime("%Y%m%d")


def test_holidays_move_an_expiry():
    # CLZ3, whose last trade date was moved by Thanksgiving.
    assert energy_expiry(2023, 12) == date(2023, 11, 20)


def test_a_continuous_future_is_the_front_month(catalogue):
    (found,) = catalogue.find(Query(symbol="ES", sec_type="CONTFUT", exchange="CME"))
    (front,) = catalogue.find(future("ES", "CME", "202612"))

    assert (found.con_id, found.sec_type) == (front.con_id, "CONTFUT")


def option(symbol, expiry, strike, right, **more):
    return Query(
        symbol=symbol,
        sec_type="OPT",
        expiry=expiry,
        strike=Decimal(strike),
        right=right,
        exchange="SMART",
        currency="USD",
        **more,
    )


@pytest.mark.parametrize(
    ("query", "local_symbol"),
    [
        (option("AAPL", "20261218", "200", "C"), "AAPL  261218C00200000"),
        (option("AAPL", "20270115", "185", "PUT"), "AAPL  270115P00185000"),
        (
            option("SPX", "20261218", "6000", "P", trading_class="SPXW"),
            "SPXW  261218P06000000",
        ),
        (option("SPY", "20261231", "650.5", "C"), "SPY   261231C00650500"),
        (option("BRK B", "20261218", "500", "C"), "BRKB  261218C00500000"),
    ],
)
def test_options_have_their_occ_symbol(catalogue, query, local_symbol):
    (found,) = catalogue.find(query)

    assert found.local_symbol == local_symbol
    assert found.reference_price > 0
    if not query.trading_class and " " not in query.symbol:
        described = Query(local_symbol=local_symbol, sec_type="OPT")
        assert catalogue.find(described) == [found]


def test_an_option_on_a_future(catalogue):
    query = replace(option("ES", "20261218", "6600", "C"), sec_type="FOP", exchange="CME")
    (found,) = catalogue.find(query)

    assert (found.multiplier, found.under_sec_type) == ("50", "FUT")


@pytest.mark.parametrize(
    "query",
    [
        option("AAPL", "20261219", "200", "C"),
        option("AAPL", "20201218", "200", "C"),
        option("AAPL", "20261218", "200.1", "C"),
        option("AAPL", "20261218", "99999", "C"),
        option("ZZZZ", "20261218", "10", "C"),
    ],
)
def test_unlisted_options_do_not_exist(catalogue, query):
    assert catalogue.find(query) == []


def test_prices_follow_from_symbol_and_seed(catalogue):
    def price(seed, symbol):
        return Catalogue(seed, lambda: TODAY).by_symbol(symbol).reference_price

    assert price(7, "ABCDE") == price(7, "ABCDE") != price(8, "ABCDE")
    assert price(7, "ABCDE") != price(7, "ABCDF")
    assert price(1, "AAPL") == price(2, "AAPL")


def test_ids_do_not_depend_on_the_seed():
    ids = {Catalogue(seed, lambda: TODAY).by_symbol("ABCDE").con_id for seed in (1, 2, 3)}

    assert len(ids) == 1
