"""Account values and quotes: how old they may be, and what is said where they are missing."""

from decimal import Decimal

import pytest

from alertwire.wire.report import Side
from gateway.events import Effects, QueryFunds
from gateway.funds import FUNDS_AGAIN_S, FUNDS_AGE_MAX_S, Funds, Money
from gateway.messages import AccountValue, FundsAnswered, QuoteTold
from gateway.pacer import Priority
from gateway.quotes import ALERT_PRICE_AGE_MAX_S, QUOTE_AGE_MAX_S, Price, Quotes, price_now
from gateway.sizing import Refused
from tests.gateway.bench import Bench
from tests.gateway.build import ACCOUNT, NOW, later

D = Decimal


def value(tag: str, number: object, currency: str) -> AccountValue:
    return AccountValue(account=ACCOUNT, tag=tag, value=D(str(number)), currency=currency)


@pytest.fixture
def funds() -> Funds:
    funds = Funds()
    for message in (
        value("NetLiquidation", 10_000, "EUR"),
        value("ExchangeRate", "1.00", "BASE"),
        value("ExchangeRate", "1.00", "EUR"),
        value("ExchangeRate", "0.80", "USD"),
        value("ExchangeRate", "1.20", "GBP"),
    ):
        funds.told(message, NOW)
    funds.answered(FundsAnswered(), NOW)
    return funds


def test_rates_lead_over_the_accounts_own_currency(funds):
    assert funds.equity(ACCOUNT, NOW) == Money(D(10_000), "EUR")
    assert funds.rate(ACCOUNT, "EUR", "USD", NOW).of(D(1)) == D("1.25")
    assert funds.rate(ACCOUNT, "USD", "EUR", NOW).of(D(1)) == D("0.80")
    assert funds.rate(ACCOUNT, "GBP", "USD", NOW).of(D(1)) == D("1.5")
    assert funds.rate(ACCOUNT, "CHF", "CHF", NOW).of(D(7)) == 7


def test_a_rate_that_is_not_told_is_refused_by_name(funds):
    refused = funds.rate(ACCOUNT, "EUR", "CHF", NOW)

    assert f"no exchange rate from EUR to CHF: account {ACCOUNT} holds no CHF" in refused.reason


def test_values_grow_too_old_and_say_how_old(funds):
    assert not funds.must_ask(ACCOUNT, later(FUNDS_AGE_MAX_S))
    assert funds.must_ask(ACCOUNT, later(FUNDS_AGE_MAX_S + 1))
    refused = funds.equity(ACCOUNT, later(FUNDS_AGE_MAX_S + 1))
    assert f"NetLiquidation of account {ACCOUNT} is 211 s old, and at most 210 s" in refused.reason


def test_one_new_value_shows_that_the_line_lives(funds):
    funds.told(value("ExchangeRate", "0.81", "USD"), later(180))

    assert isinstance(funds.equity(ACCOUNT, later(300)), Money)


def test_an_answer_without_changes_makes_all_values_young(funds):
    funds.answered(FundsAnswered(), later(200))

    assert isinstance(funds.equity(ACCOUNT, later(400)), Money)


def test_a_clock_that_went_back_asks_again(funds):
    assert funds.must_ask(ACCOUNT, later(-60))


def test_a_failed_question_is_named_and_not_asked_again_at_once(funds):
    at = FUNDS_AGE_MAX_S + 10
    funds.answered(FundsAnswered(reason="it hangs"), later(at))

    assert not funds.must_ask(ACCOUNT, later(at + FUNDS_AGAIN_S))
    assert funds.must_ask(ACCOUNT, later(at + FUNDS_AGAIN_S + 1))
    assert funds.equity(ACCOUNT, later(at)).reason.endswith("it hangs")


def test_an_account_that_is_not_told_is_refused_and_not_asked_for_for_ever(funds):
    assert not funds.must_ask("DU9", later(1))
    assert "NetLiquidation of account DU9 is not known" in funds.equity("DU9", NOW).reason


def quote(bid=None, ask=None, last=None, **fields) -> QuoteTold:
    prices = {"bid": bid, "ask": ask, "last": last}
    told = {name: None if price is None else D(price) for name, price in prices.items()}
    return QuoteTold(contract_id=1, **told, **fields)


@pytest.mark.parametrize(
    ("told", "side", "price"),
    [
        (quote(9, 11, 10), Side.BUY, Price(D(11), "the ask")),
        (quote(9, 11, 10), Side.SELL, Price(D(9), "the bid")),
        (quote(9, 11, 10), None, Price(D(11), "the ask")),
        (quote(9, 11, 10, is_delayed=True), Side.BUY, Price(D(11), "the delayed ask")),
        (quote(None, 11, 10), Side.BUY, Price(D(10), "the last price")),
        (quote(None, None, 10, is_delayed=True), None, Price(D(10), "the delayed last price")),
    ],
)
def test_an_order_is_sized_by_the_price_that_it_would_meet(told, side, price):
    assert price_now(told, side, D(77), 0) == price


def test_without_a_price_the_alerts_own_counts_while_it_is_young():
    told = quote(reason="the broker tells no price: not subscribed (354)")

    assert price_now(told, None, D(77), ALERT_PRICE_AGE_MAX_S) == Price(
        D(77), "the alert's price, for the broker tells no price: not subscribed (354)"
    )
    old = price_now(told, None, D(77), ALERT_PRICE_AGE_MAX_S + 1)
    assert "the alert's own is 61 s old, at most 60 s are allowed" in old.reason
    assert isinstance(price_now(told, None, D(77), -5), Refused)
    assert "(354), and the alert gives none" in price_now(told, None, None, 0).reason


def test_a_quote_counts_for_some_seconds():
    quotes = Quotes()
    quotes.told(quote(9, 11), NOW)

    assert quotes.find(1, later(QUOTE_AGE_MAX_S)) is not None
    assert quotes.find(1, later(QUOTE_AGE_MAX_S + 1)) is None
    assert quotes.find(1, later(-1)) is None
    assert quotes.find(2, NOW) is None


def test_the_values_of_a_new_connection_are_asked_for_behind_every_order():
    effects = Effects()

    Bench().desk.dealer.connect(effects)

    assert effects.requests == [(max(Priority), QueryFunds())]
