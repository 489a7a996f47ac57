"""The gateway as a process, against the simulator, through real sockets."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import (
    Action,
    Entry,
    Instrument,
    OrderType,
    SecurityType,
    TimeInForce,
)
from alertwire.wire.delivery import Outcome, Stage
from alertwire.wire.report import OrderState
from gateway.forms import FORMS
from tests.gateway.build import command, limit, on, void
from tests.gateway.processes import until

D = Decimal


# Order type → what the simulator's book must hold.
FIELDS = {
    OrderType.MARKET: ("MKT", "DAY", None, None),
    OrderType.LIMIT: ("LMT", "DAY", "90", None),
    OrderType.STOP: ("STP", "DAY", None, "110"),
    OrderType.STOP_LIMIT: ("STP LMT", "DAY", "90", "110"),
    OrderType.TRAILING_STOP: ("TRAIL", "DAY", None, "5"),
    OrderType.TRAILING_STOP_LIMIT: ("TRAIL LIMIT", "DAY", None, "5"),
    OrderType.MARKET_ON_OPEN: ("MKT", "OPG", None, None),
    OrderType.MARKET_ON_CLOSE: ("MOC", "DAY", None, None),
    OrderType.LIMIT_ON_OPEN: ("LMT", "OPG", "90", None),
    OrderType.LIMIT_ON_CLOSE: ("LOC", "DAY", "90", None),
    OrderType.MARKET_IF_TOUCHED: ("MIT", "DAY", None, "110"),
    OrderType.LIMIT_IF_TOUCHED: ("LIT", "DAY", "90", "110"),
}


@pytest.mark.parametrize("kind", list(OrderType))
def test_each_order_type_reaches_the_broker_as_it_should(executor, booked, priced, kind):
    entry = Entry(
        type=kind,
        limit_price=D(115) if kind is OrderType.TRAILING_STOP_LIMIT else D(90),
        stop_price=D(110),
        trail_amount=D(5) if kind.name.startswith("TRAILING") else None,
    )
    outside_rth = not FORMS[kind].is_auction
    one = on(priced("IBM"), quantity=7, entry=entry, key=kind.name, outside_rth=outside_rth)

    reply = executor.ask(one)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    row = booked(one.command_id)
    tws_type, tif, limit_price, aux_price = FIELDS[kind]
    assert (row["orderType"], row["tif"]) == (tws_type, tif)
    assert (row["symbol"], row["action"], D(row["quantity"])) == ("IBM", "BUY", 7)
    assert row["account"] == "DU1234567"
    assert row["outsideRth"] is outside_rth
    if limit_price:
        assert D(row["limitPrice"]) == D(limit_price)
    if aux_price:
        assert D(row["auxPrice"]) == D(aux_price)


def test_good_till_reaches_the_broker_in_utc(executor, booked, priced):
    till = datetime(2030, 12, 1, 16, 30, tzinfo=UTC)
    one = on(priced("GD"), quantity=1, entry=limit(50), good_till=till)
    executor.ask(replace(one, time_in_force=TimeInForce.GTD))

    row = booked(one.command_id)

    assert row["tif"] == "GTD"
    assert "20301201" in row["goodTillDate"]


@pytest.mark.parametrize(
    ("instrument", "local_symbol", "quantity", "sent"),
    [
        (
            Instrument(
                security_type=SecurityType.FOREX,
                symbol="EUR",
                exchange="IDEALPRO",
                currency="USD",
            ),
            "EUR.USD",
            25000,
            {"quantity": "25000", "cashQuantity": None},
        ),
        (
            Instrument(
                security_type=SecurityType.CRYPTO,
                symbol="BTC",
                exchange="PAXOS",
                currency="USD",
            ),
            "BTC.USD",
            "0.25",
            # A quarter at the ask of 90,004.5, in whole cents.
            {"quantity": "0", "cashQuantity": "22501.12"},
        ),
    ],
)
def test_other_kinds_of_instruments(executor, booked, instrument, local_symbol, quantity, sent):
    one = command(quantity=quantity, instrument=instrument, key=local_symbol)

    reply = executor.ask(one)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    row = booked(one.command_id)
    assert row["localSymbol"] == local_symbol
    assert {name: row[name] for name in sent} == sent


def test_a_continuous_future_is_the_front_month(executor, booked):
    future = Instrument(
        security_type=SecurityType.FUTURE,
        symbol="ES",
        exchange="CME",
        currency="USD",
        continuous_depth=1,
    )
    one = command(quantity=1, instrument=future, key="ES1!")

    reply = executor.ask(one)

    assert reply.outcome is Outcome.ACCEPTED, reply.detail
    row = booked(one.command_id)
    soonest = datetime.now(UTC) + timedelta(days=8)
    assert f"{soonest:%Y%m%d}" <= row["expiry"][:8] <= f"{soonest + timedelta(days=100):%Y%m%d}"
    assert row["localSymbol"] in reply.detail


def test_the_fill_comes_back_as_a_report(executor, subscriber, priced, gateway):
    # Reports before the subscription are gone: wait for one first.
    warm = on(priced("WMT"), quantity=1)
    executor.ask(warm)
    until(lambda: subscriber.of(warm.command_id) or executor.ask(warm) is None, "a report", 5)
    one = on("WMT", quantity=3)
    reply = executor.ask(one)

    def filled():
        return [r for r in subscriber.of(one.command_id) if r.fill and r.fill.commission]

    (last,) = until(filled, "the report of a fill with its commission")
    reports = subscriber.of(one.command_id)
    assert (last.state, last.filled, last.fill.quantity) == (OrderState.FILLED, 3, 3)
    assert OrderState.SENT in {report.state for report in reports}
    assert last.perm_id
    assert last.order_id
    numbers = [report.number for report in subscriber.reports]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [stamp.stage for stamp in reply.trace.stamps] == [
        Stage.TAKEN,
        Stage.INTENDED,
        Stage.PLACED,
        Stage.ACKNOWLEDGED,
    ]
    assert sorted(stamp.at for stamp in reply.trace.stamps) == [s.at for s in reply.trace.stamps]


def test_the_same_command_twice_is_one_order(executor, gateway, control, priced, connect):
    one = on(priced("KO"), quantity=3)
    executor.send(one)
    executor.send(one)
    other = connect(gateway)

    replies = [executor.reply(), other.ask(one)]

    assert {reply.outcome for reply in replies} == {Outcome.ACCEPTED}
    assert len(control.call("book", orderRef=one.command_id)["orders"]) == 1


def test_an_expired_command_orders_nothing(executor, control, priced):
    past = datetime.now(UTC) - timedelta(seconds=1)
    one = on(priced("PEP"), quantity=3, not_after=past)

    assert executor.ask(one).outcome is Outcome.EXPIRED
    assert control.call("book", orderRef=one.command_id)["orders"] == []


def test_a_voided_alert_orders_nothing(executor, control, priced):
    one = on(priced("F"), quantity=3)

    assert executor.ask(void(one)).outcome is Outcome.VOIDED
    assert executor.ask(one).outcome is Outcome.VOIDED
    assert control.call("book", orderRef=one.command_id)["orders"] == []


def test_sizes_follow_the_position(executor, booked, priced):
    symbol = priced("XOM")
    steps = [
        (Action.BUY, 10, ("BUY", 10)),
        (Action.EXIT, 4, ("SELL", 4)),
        (Action.REVERSE, None, ("SELL", 12)),
        (Action.TARGET, 5, ("BUY", 11)),
        (Action.EXIT, 500, ("SELL", 5)),
    ]
    for action, quantity, expected in steps:
        one = on(symbol, action, quantity)
        reply = executor.ask(one)
        assert reply.outcome is Outcome.ACCEPTED, reply.detail
        row = booked(one.command_id)
        assert (row["action"], D(row["quantity"])) == expected

    nothing = executor.ask(on(symbol, Action.EXIT))
    assert (nothing.outcome, nothing.detail) == (
        Outcome.ACCEPTED,
        "no position: nothing to close",
    )
    assert executor.ask(on(symbol, Action.REVERSE)).outcome is Outcome.REJECTED


def test_a_cancel_takes_the_strategys_working_orders(executor, booked, priced):
    symbol = priced("GE")
    ours = on(symbol, quantity=1, entry=limit(50), key="1")
    others = on(symbol, quantity=1, entry=limit(50), key="2", strategy="other")
    executor.ask(ours)
    executor.ask(others)

    reply = executor.ask(on(symbol, Action.CANCEL))

    assert (reply.outcome, reply.detail) == (Outcome.ACCEPTED, "1 cancelled")
    assert booked(ours.command_id)["status"] == "Cancelled"
    assert booked(others.command_id)["status"] in {"Submitted", "PreSubmitted"}


def test_a_refusal_of_the_broker_comes_back_with_its_words(executor, control, priced):
    symbol = priced("BA")
    control.call("reject_next", code=201, text="Order rejected - reason:too risky")

    reply = executor.ask(on(symbol, quantity=1))

    assert reply.outcome is Outcome.REJECTED
    assert "too risky" in reply.detail
    assert "201" in reply.detail


def test_a_note_beside_the_acceptance_is_no_refusal(executor, control, priced, booked):
    one = on(priced("CAT"), quantity=1, entry=limit(50))
    control.call("note_on_accept", code=10349)

    assert executor.ask(one).outcome is Outcome.ACCEPTED
    assert booked(one.command_id)["status"] in {"Submitted", "PreSubmitted"}


def test_an_unknown_symbol_is_refused(executor):
    reply = executor.ask(
        command(
            quantity=1,
            instrument=Instrument(
                security_type=SecurityType.FUTURE,
                symbol="NOSUCHROOT",
                exchange="CME",
                currency="USD",
                expiry="203012",
            ),
            key="nosuch",
        )
    )

    assert reply.outcome is Outcome.REJECTED
    assert "NOSUCHROOT" in reply.detail


def test_two_accounts_of_one_alert(executor, booked, priced):
    first = on(priced("MMM"), quantity=2)
    second = replace(first, command_id=f"{first.alert_id}-2", account="DU1234568")

    assert executor.ask(first).outcome is Outcome.ACCEPTED
    assert executor.ask(second).outcome is Outcome.ACCEPTED

    assert booked(first.command_id)["account"] == "DU1234567"
    assert booked(second.command_id)["account"] == "DU1234568"
    missing = executor.ask(on("MMM", quantity=2, account="", key="none"))
    assert "DU1234567, DU1234568" in missing.detail


def test_status_tells_positions(gateway, executor, priced):
    executor.ask(on(priced("UPS"), quantity=6))

    def held():
        status = gateway.status()
        return [p for p in status.positions if p.symbol == "UPS" and p.quantity == 6]

    (position,) = until(held, "the position")
    assert position.security_type is SecurityType.STOCK
    status = gateway.status()
    assert (status.ready, status.trading_mode) == (True, "paper")
    assert status.accounts == ("DU1234567", "DU1234568")


def test_a_command_of_another_version_is_refused(gateway, connect):
    from alertwire.wire.codec import to_message

    message = to_message(on("AAPL", quantity=1))
    message.schema_version = 99
    executor = connect(gateway)
    executor.socket.send(message.SerializeToString())

    reply = executor.reply()

    assert reply.outcome is Outcome.REJECTED
    assert "version 99" in reply.detail


def test_garbage_does_not_stop_the_gateway(gateway, executor, priced):
    executor.socket.send(b"\xff\x00garbage")
    executor.socket.send_multipart([b"", b"", b"x"])

    assert executor.ask(on(priced("HD"), quantity=1)).outcome is Outcome.ACCEPTED


def test_a_fill_in_parts_with_its_correction_is_booked(executor, control, priced, gateway):
    symbol = priced("TGT")
    control.call("partial", parts=3)
    one = on(symbol, quantity=9)
    executor.ask(one)

    def held():
        return [p for p in gateway.status().positions if p.symbol == "TGT" and p.quantity == 9]

    until(held, "the position")
    control.call("clear_faults")
    assert executor.ask(on(symbol, Action.EXIT)).detail == "sell 9 TGT"
