"""From an instrument to exactly one contract."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from alertwire.wire.alert import Instrument, OptionRight, SecurityType
from gateway.contracts import Qualified, choose, contract_key, query
from gateway.messages import Candidate, Contract
from gateway.sizing import Refused
from tests.gateway.build import AAPL, AAPL_CANDIDATE, AAPL_CONTRACT

DAY = date(2026, 11, 23)
ES = Instrument(
    security_type=SecurityType.FUTURE,
    symbol="ES",
    exchange="CME",
    currency="USD",
    continuous_depth=1,
    source_symbol="CME_MINI:ES1!",
)


def month(expiry: str, number: int, **fields) -> Candidate:
    given = {
        "contract_id": number,
        "security_type": "FUT",
        "symbol": "ES",
        "expiry": expiry,
        "exchange": "CME",
        "local_symbol": f"ES-{expiry}",
        "trading_class": "ES",
        "multiplier": "50",
    }
    return Candidate(contract=Contract(**(given | fields)))


CHAIN = (
    month("20270319", 2),
    month("20261218 08:30 US/Central", 1),
    month("20270618", 3),
)


def test_one_match_is_taken_and_keeps_the_routing_that_was_asked_for():
    answer = replace(AAPL_CANDIDATE, contract=replace(AAPL_CONTRACT, exchange="NASDAQ"))

    qualified = choose(AAPL, (answer,), DAY)

    assert qualified == Qualified(contract=AAPL_CONTRACT)


def test_two_matches_are_refused_with_both_named():
    other = Candidate(contract=replace(AAPL_CONTRACT, contract_id=1, currency="MXN"))

    verdict = choose(AAPL, (AAPL_CANDIDATE, other), DAY)

    assert isinstance(verdict, Refused)
    assert "NASDAQ USD" in verdict.reason
    assert "NASDAQ MXN" in verdict.reason


def test_the_same_contract_twice_is_one():
    assert isinstance(choose(AAPL, (AAPL_CANDIDATE, AAPL_CANDIDATE), DAY), Qualified)


def test_no_match_is_refused_by_the_name_of_the_alert():
    assert choose(ES, (), DAY) == Refused("CME_MINI:ES1!: the broker knows no such contract")


@pytest.mark.parametrize(
    ("day", "depth", "expiry"),
    [
        (date(2026, 11, 23), 1, "20261218"),
        (date(2026, 11, 23), 2, "20270319"),
        (date(2026, 12, 10), 1, "20261218"),
        (date(2026, 12, 11), 1, "20270319"),
        (date(2026, 12, 11), 2, "20270618"),
    ],
)
def test_a_continuous_future_rolls_eight_days_before_the_last_trade_date(day, depth, expiry):
    qualified = choose(replace(ES, continuous_depth=depth), CHAIN, day)

    assert qualified.contract.expiry == expiry
    assert expiry in qualified.detail


def test_a_depth_beyond_the_chain_is_refused():
    assert isinstance(choose(replace(ES, continuous_depth=4), CHAIN, DAY), Refused)


def test_a_root_with_two_series_is_refused():
    micro = month("20261218", 9, trading_class="MES", multiplier="5")

    assert isinstance(choose(ES, (*CHAIN, micro), DAY), Refused)


def test_a_contract_is_kept_for_one_day_only():
    assert contract_key(ES, DAY) != contract_key(ES, date(2026, 11, 24))


def test_an_option_is_asked_for_in_full():
    option = Instrument(
        security_type=SecurityType.OPTION,
        symbol="SPY",
        currency="USD",
        expiry="20261218",
        strike=Decimal("600.5"),
        right=OptionRight.PUT,
        multiplier=Decimal(100),
    )

    assert query(option) == Contract(
        security_type="OPT",
        symbol="SPY",
        exchange="SMART",
        currency="USD",
        expiry="20261218",
        strike=Decimal("600.5"),
        right="P",
        multiplier="100",
    )


def test_a_continuous_future_asks_for_all_months():
    assert query(replace(ES, expiry="202612")).expiry == ""


@pytest.mark.parametrize("symbol", ["AA\0PL", "AAPL\n", "ÄPL"])
def test_text_that_would_break_the_protocol_is_refused(symbol):
    assert isinstance(query(replace(AAPL, symbol=symbol)), Refused)
