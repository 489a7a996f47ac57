"""Exchange rates by the market, where the account's ledger tells none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwire.wire.alert import Action, Instrument, QuantityType, SecurityType, Sizing
from alertwire.wire.delivery import Outcome
from gateway.events import QueryContract, QueryQuote
from gateway.funds import EQUITY
from gateway.messages import (
    AccountValue,
    Candidate,
    Contract,
    ContractQueryFailed,
    ContractsFound,
    FundsAnswered,
    QuoteTold,
)
from gateway.quotes import Quotes
from gateway.rates import ANSWER_AGAIN_S, PAIR_AGAIN_S, PAIRS_MAX, Pair, Rate, Rates
from gateway.sizing import Refused
from tests.gateway.bench import Bench, outcome
from tests.gateway.build import ACCOUNT, NOW, command, later, limit

D = Decimal
TRADED = {"EUR.USD": 1, "GBP.USD": 2, "USD.JPY": 3, "GBP.JPY": 4, "USD.SEK": 5}
PRICES = st.decimals("0.0001", "10000", places=4)
AMOUNTS = st.decimals("1", "1000000", places=2)


def contract(name: str) -> Contract:
    base, _, quote = name.partition(".")
    return Contract(contract_id=TRADED[name], security_type="CASH", symbol=base, currency=quote)


class Market:
    """Answers what rates ask, and remembers it."""

    def __init__(self, **books: tuple[object, object]) -> None:
        self.books = {name.replace("_", "."): book for name, book in books.items()}
        self.rates, self.quotes = Rates(), Quotes()
        self.asked: list[str] = []

    def rate(self, of: str, to: str) -> Rate | Refused:
        while needed := self.rates.needs(of, to, self.quotes, NOW):
            for key, request in needed:
                self.answer(key, request)
        return self.rates.rate(of, to, self.quotes, NOW)

    def answer(self, key, request) -> None:
        if isinstance(request, QueryQuote):
            name = f"{request.contract.symbol}.{request.contract.currency}"
            self.asked.append(f"quote {name}")
            bid, ask = self.books.get(name, (None, None))
            reason = "" if bid else "the broker told no price in 2 s"
            told = QuoteTold(
                contract_id=request.contract.contract_id,
                bid=None if bid is None else D(str(bid)),
                ask=None if ask is None else D(str(ask)),
                last=None,
                reason=reason,
            )
            self.quotes.told(told, NOW)
            return
        self.asked.append(str(key))
        assert (request.contract.security_type, request.contract.exchange) == ("CASH", "IDEALPRO")
        if str(key) in TRADED:
            found = ContractsFound(key=key, candidates=(Candidate(contract=contract(str(key))),))
            self.rates.found(key, found, NOW)
        else:
            self.rates.not_found(key, missing(key), NOW)


def missing(pair: Pair, *, is_final: bool = True) -> ContractQueryFailed:
    return ContractQueryFailed(key=pair, reason=f"{pair.base} CASH: (200)", is_final=is_final)


def test_what_is_sold_straight_brings_the_bid():
    market = Market(USD_JPY=(156, 157))

    rate = market.rate("USD", "JPY")

    assert (rate.of(D(100)), rate.source) == (D(15_600), "at 156 JPY for a USD (the bid)")
    assert market.asked == ["USD.JPY", "quote USD.JPY"]


def test_the_other_direction_is_tried_and_costs_the_ask():
    market = Market(EUR_USD=("1.24", "1.25"))

    rate = market.rate("USD", "EUR")

    assert (rate.of(D(100)), rate.source) == (D(80), "at 1.25 USD for a EUR (the ask)")
    assert market.asked == ["USD.EUR", "EUR.USD", "quote EUR.USD"]


def test_a_pair_of_its_own_goes_before_the_way_over_the_dollar():
    market = Market(GBP_JPY=(204, 205))

    assert market.rate("GBP", "JPY").of(D(10)) == 2040


def test_without_a_pair_it_goes_over_the_dollar():
    market = Market(USD_SEK=("9.9", 10), USD_JPY=(150, 151))

    rate = market.rate("SEK", "JPY")

    assert rate.of(D(100)) == 1500
    assert rate.source == "at 10 SEK for a USD (the ask) and at 150 JPY for a USD (the bid)"


def test_pairs_are_looked_up_once_and_prices_while_they_are_young():
    market = Market(EUR_USD=("1.24", "1.25"))
    market.rate("USD", "EUR")
    market.asked.clear()

    market.rate("USD", "EUR")
    assert market.asked == []
    assert len(market.rates.needs("USD", "EUR", market.quotes, later(11))) == 1


def test_no_pair_in_any_direction_is_refused_with_both_and_is_not_asked_for_again_at_once():
    market = Market()

    refused = market.rate("EUR", "BRL")

    assert "neither EUR.BRL nor BRL.EUR is traded (EUR CASH: (200); BRL CASH: (200))" in (
        refused.reason
    )
    assert "over USD: neither USD.BRL nor BRL.USD is traded" in refused.reason
    assert market.rates.needs("EUR", "BRL", market.quotes, later(PAIR_AGAIN_S)) == []
    assert market.rates.needs("EUR", "BRL", market.quotes, later(PAIR_AGAIN_S + 1))


def test_a_price_that_does_not_come_is_refused_with_the_pair():
    refused = Market().rate("USD", "EUR")

    assert refused == Refused("no price of EUR.USD: the broker told no price in 2 s")


def test_a_question_without_an_answer_asks_no_further_one():
    rates, pair = Rates(), Pair("USD", "EUR")
    rates.not_found(pair, missing(pair, is_final=False), NOW)

    assert rates.needs("USD", "EUR", Quotes(), later(ANSWER_AGAIN_S)) == []
    assert "(200)" in rates.rate("USD", "EUR", Quotes(), NOW).reason
    assert rates.needs("USD", "EUR", Quotes(), later(ANSWER_AGAIN_S + 1))


def test_a_disconnect_forgets_all_pairs():
    market = Market(EUR_USD=("1.24", "1.25"))
    market.rate("USD", "EUR")

    market.rates.forget()

    ((key, _),) = market.rates.needs("USD", "EUR", market.quotes, NOW)
    assert key == Pair("USD", "EUR")


def test_only_so_many_pairs_are_remembered():
    rates = Rates()
    for number in range(PAIRS_MAX + 1):
        rates.not_found(Pair("USD", str(number)), missing(Pair("USD", str(number))), NOW)

    first, last = rates._known(Pair("USD", "0"), NOW), rates._known(Pair("USD", "1"), NOW)
    assert (first, last is None) == (None, False)


@given(st.tuples(PRICES, PRICES), st.tuples(PRICES, PRICES), AMOUNTS)
def test_no_way_gives_more_money_than_the_middle_of_the_book(first, second, amount):
    first, second = sorted(first), sorted(second)
    market = Market(EUR_USD=first, USD_JPY=second, USD_SEK=first)
    mean = sum(first) / 2

    euros = market.rate("USD", "EUR").of(amount)
    assert euros * mean <= amount * (1 + D("1e-20"))
    assert market.rate("EUR", "USD").of(amount) <= amount * mean
    crossed = market.rate("SEK", "JPY").of(amount)
    assert crossed <= amount / mean * (sum(second) / 2) * (1 + D("1e-20"))


SAP = Instrument(security_type=SecurityType.STOCK, symbol="SAP", exchange="IBIS", currency="EUR")
SAP_CONTRACT = Contract(contract_id=77, security_type="STK", symbol="SAP", currency="EUR")
PERCENT = Sizing(type=QuantityType.PERCENT_OF_EQUITY, value=D(1))


@pytest.fixture
def dollars() -> Bench:
    """A desk whose account holds a million dollars and nothing else; questions wait."""
    bench = Bench()
    bench.connect()
    for tag, value in ((EQUITY, 1_000_000), ("ExchangeRate", 1)):
        bench.turn(AccountValue(account=ACCOUNT, tag=tag, value=D(value), currency="USD"))
    bench.turn(FundsAnswered())
    bench.broker.candidates = (Candidate(contract=SAP_CONTRACT),)
    return bench


def buy(bench: Bench):
    """Order SAP for a percent of the account, and let its contract be found."""
    bench.answers_queries = False
    one = command(Action.BUY, sizing=PERCENT, entry=limit(200), instrument=SAP)
    bench.send(one)
    bench.find_contract()
    return one


def test_an_order_waits_for_the_pair_and_its_price(dollars):
    one = buy(dollars)
    assert dollars.queries[-1].key == Pair("USD", "EUR")
    dollars.fail_query("EUR CASH: (200)", is_final=True)
    dollars.broker.candidates = (Candidate(contract=contract("EUR.USD")),)
    assert dollars.broker.placed == []
    dollars.find_contract()
    dollars.turn(QuoteTold(contract_id=1, bid=D("1.24"), ask=D("1.25"), last=None, is_delayed=True))

    (placed,) = dollars.broker.placed
    # 10,000 USD are 8,000 EUR.
    assert placed.quantity == 40
    assert "8,000 EUR at 1.25 USD for a EUR (the delayed ask), at 200" in (
        dollars.desk.register.undecided[one.command_id].detail
    )


def test_no_pair_is_a_refusal_that_says_what_to_do(dollars):
    one = buy(dollars)
    dollars.fail_query("USD CASH: (200)", is_final=True)
    dollars.fail_query("EUR CASH: (200)", is_final=True)

    assert outcome(dollars, one.command_id) is Outcome.REJECTED
    detail = dollars.replies[-1][1].detail
    assert f"account {ACCOUNT} holds no EUR" in detail
    assert "nor does the market: neither USD.EUR nor EUR.USD is traded" in detail
    assert detail.endswith("Size it in cash or units, or hold some EUR")


def test_a_rate_that_the_ledger_tells_asks_for_nothing(dollars):
    dollars.turn(AccountValue(account=ACCOUNT, tag="ExchangeRate", value=D("1.25"), currency="EUR"))
    dollars.send(command(Action.BUY, sizing=PERCENT, entry=limit(200), instrument=SAP))

    assert [type(query.key) for query in dollars.queries if isinstance(query, QueryContract)] == [
        type(dollars.queries[0].key)
    ]
    assert dollars.broker.placed[0].quantity == 40


def test_a_lost_connection_sends_back_what_waits_for_a_rate(dollars):
    one = buy(dollars)

    dollars.lose()

    assert outcome(dollars, one.command_id) is None
    assert dollars.desk.register.undecided == {}
