"""Limits: each alone and pure, then through the desk, and over restarts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from alertwire.configuration import ConfigurationFile
from alertwire.trading import Limits
from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway import limits
from gateway.funds import DAILY_PROFIT, FUNDS_AGAIN_S, PROFIT_AGE_MAX_S
from gateway.limits import Count
from gateway.messages import AccountValue, BrokerError, FundsAnswered, QuoteTold
from gateway.tally import DAY
from gateway.terms import Session, Terms
from tests.gateway.bench import Bench
from tests.gateway.build import AAPL_CANDIDATE, AAPL_CONTRACT, ACCOUNT, NOW, command, limit

D = Decimal


def limited(bench: Bench, **tables) -> Bench:
    bench.desk.rules.adopt(ConfigurationFile.model_validate(tables))
    return bench


def found(rules: dict, count: Count | None = None, **entry) -> str:
    given = {"quantity": D(10), "names": ("AAPL",), "account": ACCOUNT} | entry
    verdict = limits.breach(
        Limits.model_validate(rules), limits.Entry(**given), count or Count(), NOW
    )
    return "" if verdict is None else f"{verdict.limit}: {verdict.words}"


@pytest.mark.parametrize(
    ("rules", "entry", "words"),
    [
        ({"order_quantity_max": 10}, {}, ""),
        (
            {"order_quantity_max": 9},
            {},
            "order_quantity_max: an order of 9 units, this would make it 10",
        ),
        ({"order_value_max": 2000}, {"prices": (D(200),)}, ""),
        (
            {"order_value_max": 1999},
            {"prices": (D(200),), "currency": "USD"},
            "order_value_max: an order of 1999 USD, this would make it 2000 at 200",
        ),
        ({"order_value_max": 9999}, {"prices": (D(20),), "unit_value": D(50)}, "10000 at 20"),
        ({"order_value_max": 1999}, {"prices": (D(1),), "last_price": D(200)}, "2000 at 200"),
        ({"order_value_max": 1999}, {"alert_price": D(200)}, "2000 at 200"),
        ({"order_value_max": 1999}, {}, "neither order nor alert bounds it"),
        ({"position_quantity_max": 30}, {"position_after": D(-30)}, ""),
        ({"position_quantity_max": 29}, {"position_after": D(-30)}, "29 units, this would make"),
        (
            {"position_value_max": 2999},
            {"position_after": D(30), "last_price": D(100)},
            "position_value_max: a position of 2999 , this would make it 3000 at 100",
        ),
        ({"symbols_allowed": ["MS*", "aapl"]}, {}, ""),
        ({"symbols_allowed": ["MS*"]}, {}, "symbols_allowed: AAPL is not one of MS*"),
        ({"symbols_allowed": ["ESZ6"]}, {"names": ("ES", "ESZ6")}, ""),
        ({"price_distance_max_percent": 5}, {"prices": (D(95),), "last_price": D(100)}, ""),
        (
            {"price_distance_max_percent": 5},
            {"prices": (D(94),), "last_price": D(100)},
            "at most 5 % from the last price, 94 is 6 % from 100",
        ),
        ({"price_distance_max_percent": 5}, {"last_price": D(100)}, ""),
        (
            {"order_value_max": 1499},
            {"cash": D(1500), "last_price": D(100)},
            "an order of 1499 , this would make it 1500 at 100",
        ),
        ({"order_value_max": 1500}, {"cash": D(1500), "last_price": D(100)}, ""),
        ({"price_distance_max_percent": 5}, {"prices": (D(-42),), "last_price": D(-40)}, ""),
        (
            {"price_distance_max_percent": 5},
            {"prices": (D(-43),), "last_price": D(-40)},
            "-43 is 7.5 % from -40",
        ),
        ({"price_distance_max_percent": 5}, {"prices": (D(94),)}, "tells no last price"),
        ({"hours": "any"}, {}, ""),
        ({"hours": "regular"}, {"is_regular": True}, ""),
        ({"hours": "regular"}, {"is_regular": False, "is_extended": True}, "outside them"),
        ({"hours": "extended"}, {"is_regular": False, "is_extended": True}, ""),
        ({"hours": "extended"}, {}, "does not tell its hours"),
        ({"windows": ["15:00-15:01 UTC"]}, {}, ""),
        ({"windows": ["15:01-15:02 UTC", "Tue 15:00-15:01 UTC"]}, {}, "windows: only in 15:01"),
        ({"daily_loss_max": 100}, {"profit": D(-99)}, ""),
        ({"daily_loss_max": 100}, {"profit": D(-100)}, f"account {ACCOUNT} has lost 100"),
        ({"daily_loss_max": 100}, {}, f"in the last 60 s, of account {ACCOUNT}"),
    ],
)
def test_each_limit_names_its_numbers(rules, entry, words):
    said = found(rules, **entry)

    assert (words in said) if words else not said


@pytest.mark.parametrize(
    ("rules", "count", "words"),
    [
        ({"open_orders_max": 2}, Count(open=1), ""),
        ({"open_orders_max": 2}, Count(open=2), "2 open orders, this would be number 3"),
        ({"orders_per_minute_max": 3}, Count(last_minute=2), ""),
        (
            {"orders_per_minute_max": 3},
            Count(last_minute=3),
            "orders_per_minute_max: 3 orders per minute, this would be number 4",
        ),
        ({"orders_per_day_max": 3}, Count(last_day=3), "3 orders in 24 hours"),
        ({"orders_per_day_max": 0}, Count(), "this would be number 1"),
        ({"repeat_entry_s": 5}, Count(repeated_s=5.0), ""),
        ({"repeat_entry_s": 5}, Count(repeated_s=4.9), "sent 4.9 s ago, 5 s must be between"),
        ({"repeat_entry_s": 5}, Count(), ""),
    ],
)
def test_each_count_names_its_numbers(rules, count, words):
    said = found(rules, count)

    assert (words in said) if words else not said


def test_a_window_that_nobody_can_read_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match="write"):
        Limits.model_validate({"windows": ["9 to 5"]})


@pytest.mark.parametrize(
    ("tables", "scope"),
    [
        ({"routes": {"ema": {"limits": {"order_quantity_max": 9}}}}, "route ema"),
        ({"strategies": {"s": {"limits": {"order_quantity_max": 9}}}}, "strategy s"),
        ({"accounts": {ACCOUNT: {"limits": {"order_quantity_max": 9}}}}, f"account {ACCOUNT}"),
        ({"limits": {"order_quantity_max": 9}}, "all orders"),
    ],
)
def test_a_breach_is_a_refusal_that_names_its_scope_its_numbers_and_its_key(bench, tables, scope):
    limited(bench, **tables)
    buy = command(Action.BUY, 10, route="ema")

    reply = bench.send(buy)

    expected = f"limits of {scope}: an order of 9 units, this would make it 10 (order_quantity_max)"
    assert (reply.outcome, reply.detail) == (Outcome.REJECTED, expected)
    assert bench.kept["commands"][buy.command_id].outcome is Outcome.REJECTED
    assert [n.fields["limit"] for n in bench.notes if n.event == "limit_breached"] == [
        "order_quantity_max"
    ]
    assert not bench.broker.placed


@pytest.mark.parametrize("crashes", [False, True])
def test_the_fourth_order_of_a_minute_is_refused_over_a_restart_too(bench, crashes):
    tables = {"routes": {"ema": {"limits": {"orders_per_minute_max": 3}}}}
    limited(bench, **tables)
    for number in range(3):
        bench.wait(10)
        bench.send(command(Action.BUY, 1, route="ema", key=f"k{number}"))
    if crashes:
        bench.crash()
        limited(bench, **tables).connect()

    reply = bench.send(command(Action.BUY, 1, route="ema", key="fourth"))

    assert "3 orders per minute, this would be number 4" in reply.detail
    bench.send(command(Action.BUY, 1, route="another", key="other"))
    assert len(bench.broker.placed) == 4
    bench.wait(41)
    bench.send(command(Action.BUY, 1, route="ema", key="fifth"))
    assert len(bench.broker.placed) == 5


def test_no_rate_stops_an_exit(bench):
    limited(bench, limits={"orders_per_day_max": 1, "open_orders_max": 1, "symbols_allowed": ["X"]})
    bench.send(command(Action.BUY, 1, key="refused"))
    assert not bench.broker.placed
    limited(bench, limits={"orders_per_day_max": 1, "open_orders_max": 1, "order_quantity_max": 10})
    bench.send(command(Action.BUY, 10, key="k"))
    bench.fill(1)

    bench.send(command(Action.SELL, 4, key="k"))
    bench.fill(2)
    bench.send(command(Action.EXIT, key="k"))

    assert [order.quantity for order in bench.broker.placed] == [10, 4, 6]


def test_two_orders_of_one_turn_do_not_both_take_the_last_place(bench):
    limited(bench, limits={"position_quantity_max": 10})
    bench.answers_queries = False
    for number in range(2):
        bench.send(command(Action.BUY, 6, key=f"k{number}"))

    bench.find_contract()

    assert len(bench.broker.placed) == 1
    assert "a position of 10 units, this would make it 12" in bench.replies[-1][1].detail


def test_what_works_counts_to_the_position_after(bench):
    limited(bench, limits={"position_quantity_max": 10})
    bench.send(command(Action.BUY, 6, entry=limit(100), key="one"))
    bench.send(command(Action.SELL, 6, entry=limit(300), key="two"))

    assert bench.send(command(Action.BUY, 5, key="three")).outcome is Outcome.REJECTED
    bench.send(command(Action.BUY, 4, key="four"))

    assert len(bench.broker.placed) == 3


@pytest.mark.parametrize("crashes", [False, True])
def test_an_equal_entry_is_refused_for_a_while(bench, crashes):
    tables = {"strategies": {"s": {"limits": {"repeat_entry_s": 5}}}}
    limited(bench, **tables)
    bench.send(command(Action.BUY, 1, key="one"))
    bench.wait(4)
    if crashes:
        bench.crash()
        limited(bench, **tables).connect()

    assert "sent 4.0 s ago" in bench.send(command(Action.BUY, 1, key="two")).detail
    bench.send(command(Action.BUY, 1, strategy="t", key="other strategy"))
    bench.wait(2)
    bench.send(command(Action.BUY, 1, key="three"))

    assert len(bench.broker.placed) == 3


def test_what_closes_is_not_an_entry_before_an_equal_one(bench):
    limited(bench, strategies={"s": {"limits": {"repeat_entry_s": 60}}})
    for key, action in (("in", Action.BUY), ("out", Action.SELL), ("short", Action.SELL)):
        bench.send(command(action, 10, key=key))
        bench.fill(len(bench.broker.placed))
    assert bench.broker.position == -10

    assert "must be between" in bench.send(command(Action.SELL, 10, key="again")).detail


def test_every_limit_is_in_the_documents():
    page = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")

    assert [name for name in Limits.model_fields if f"| `{name}` |" not in page] == []


def test_hours_are_the_contracts_own(bench):
    opens = Session(NOW - timedelta(hours=1), NOW)
    terms = Terms(trading_sessions=(opens, Session(NOW, NOW + DAY)), liquid_sessions=(opens,))
    bench.broker.candidates = (replace(AAPL_CANDIDATE, terms=terms),)
    limited(bench, limits={"hours": "regular"})

    assert "regular hours only" in bench.send(command(Action.BUY, 1, key="one")).detail
    limited(bench, limits={"hours": "extended"})
    bench.send(command(Action.BUY, 1, key="two"))

    assert len(bench.broker.placed) == 1


@pytest.mark.parametrize(("price", "places"), [(105, 1), (106, 0)])
def test_a_price_is_held_against_the_brokers_last(bench, price, places):
    limited(bench, limits={"price_distance_max_percent": 5})
    bench.send(buy := command(Action.BUY, 1, entry=limit(price)))
    assert not bench.broker.placed

    bench.turn(QuoteTold(contract_id=AAPL_CONTRACT.contract_id, last=D(100)))

    assert len(bench.broker.placed) == places
    said = bench.kept["commands"][buy.command_id].detail
    assert bool(places) is not ("106 is 6 % from 100" in said)


def test_an_exit_waits_for_no_price(bench):
    bench.send(command(Action.BUY, 1))
    bench.fill(1)
    limited(bench, limits={"price_distance_max_percent": 5, "order_value_max": 1})

    bench.send(command(Action.EXIT))

    assert len(bench.broker.placed) == 2


@pytest.mark.parametrize("held", [100, 1000])
def test_of_the_twenty_orders_of_a_side_that_tws_takes_one_is_kept_for_the_exit(bench, held):
    bench.send(command(Action.BUY, held, key="held"))
    bench.fill(1)
    for number in range(19):
        bench.send(command(Action.SELL, 10, entry=limit(300), strategy="t", key=f"k{number}"))
    assert len(bench.broker.placed) == 20

    reply = bench.send(command(Action.SELL, 10, entry=limit(300), strategy="t", key="more"))

    assert "TWS takes 20 working orders" in reply.detail
    bench.send(command(Action.EXIT))
    assert [o.quantity for o in bench.broker.placed if o.side is Side.SELL][19:] == [held]
    bench.send(command(Action.BUY, 1, entry=limit(100), key="other side"))
    assert len(bench.broker.placed) == 22


def test_a_days_loss_stops_entries_and_no_exit(bench):
    limited(bench, accounts={ACCOUNT: {"limits": {"daily_loss_max": 100}}})
    bench.readings = [FundsAnswered()]
    lost = AccountValue(account=ACCOUNT, tag=DAILY_PROFIT, value=D("-100.5"), currency="")
    assert "has not told" in bench.send(command(Action.BUY, 1, key="unknown")).detail
    bench.turn(replace(lost, value=D("-99")))
    bench.send(command(Action.BUY, 1, key="before"))
    bench.fill(1)
    bench.turn(lost)

    assert "has lost 100.5" in bench.send(command(Action.BUY, 1, key="after")).detail
    bench.send(command(Action.EXIT))
    assert len(bench.broker.placed) == 2

    bench.lose()
    bench.connect()
    assert "has not told" in bench.send(command(Action.BUY, 1, key="again")).detail


def test_a_days_loss_is_that_of_this_moment(bench):
    limited(bench, limits={"daily_loss_max": 100})
    gain = AccountValue(account=ACCOUNT, tag=DAILY_PROFIT, value=D(50), currency="")
    loss = replace(gain, value=D(-100))
    bench.turn(gain)
    bench.send(command(Action.BUY, 1, key="fresh"))
    assert len(bench.broker.placed) == 1

    bench.wait(PROFIT_AGE_MAX_S + 1)
    bench.readings = [FundsAnswered()]
    assert "in the last 60 s" in bench.send(command(Action.BUY, 1, key="silent")).detail
    bench.wait(FUNDS_AGAIN_S + 1)
    bench.readings = [gain, FundsAnswered()]
    bench.send(command(Action.BUY, 1, key="asked"))
    assert len(bench.broker.placed) == 2

    # TWS tells nothing more to who subscribed before its line to IB broke.
    bench.turn(BrokerError(about=-1, code=1100, text="lost"))
    bench.readings = [loss, FundsAnswered()]
    bench.turn(BrokerError(about=-1, code=1101, text="restored, data lost"))
    while bench.desk.why_not_ready(bench.now):
        bench.answer_inquiry()
    assert "has lost 100" in bench.send(command(Action.BUY, 1, key="back")).detail
    assert len(bench.broker.placed) == 2
