"""A person compares the ledger with the broker: asked now, answered when the broker has told."""

from dataclasses import replace
from decimal import Decimal

from alertwire.wire.alert import Action
from alertwire.wire.control import NEEDS_PERSON, ControlRequest, ReconcileRequest
from gateway.events import ControlReceived
from gateway.messages import BrokerError
from tests.gateway.bench import Bench, placed_limit
from tests.gateway.build import ACCOUNT, command
from tests.gateway.test_resolve import unknown


def ask(bench, person=b"person"):
    return bench.turn(ControlReceived(ControlRequest(reconcile=ReconcileRequest()), (person,)))


def needing_a_person(bench):
    return [one for one in bench.answers[-1].findings if one.startswith(NEEDS_PERSON)]


def test_it_is_answered_when_the_broker_has_told_its_lists(bench):
    working, filled = placed_limit(bench), placed_limit(bench)
    assert ask(bench).inquire
    assert bench.answers == []
    bench.broker.fill(bench.broker.by_id(2), Decimal(10), bench.now)

    bench.answer_inquiry()

    (answer,) = bench.answers
    assert answer.error == ""
    assert answer.findings[0].startswith("2 orders that had not ended were compared: 1 are under")
    said = "\n".join(answer.findings)
    assert f"{working} (buy 10 AAPL on {ACCOUNT}, order id 1): working" in said
    assert f"{filled} (buy 10 AAPL on {ACCOUNT}, order id 2): filled, 10 filled" in said
    assert needing_a_person(bench) == []


def test_what_is_unknown_needs_a_person(bench):
    one = unknown(bench)
    ask(bench)
    bench.answer_inquiry()

    order, commands = needing_a_person(bench)
    assert one.command_id in order
    assert "1 commands wait for a person: alertwire resolve" in commands


def test_an_order_of_ours_that_the_ledger_does_not_know_is_named_each_time_and_one_alarm(bench):
    stranger = placed_limit(bench)
    bench.kept = {name: {} for name in bench.kept}
    bench.crash()
    bench.connect()
    for _ in range(2):
        ask(bench)
        bench.answer_inquiry()
        assert [stranger in one for one in needing_a_person(bench)] == [True]

    assert bench.alarms == ["order_not_in_ledger"]


def test_a_stranger_that_shows_up_later_is_an_alarm_too(bench):
    placed_limit(bench)
    bench.broker.placed.append(
        replace(bench.broker.placed[0], order_id=9, ref="01KTESTABCDEFGH12345678900-1")
    )
    ask(bench)
    bench.answer_inquiry()

    assert bench.alarms == ["order_not_in_ledger"]


def test_a_position_that_differs_is_told(bench):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    bench.wait(5)
    bench.broker.by_id(1).filled -= 4
    ask(bench)
    bench.answer_inquiry()

    said = bench.answers[-1].findings[1]
    assert said.startswith(f"position {ACCOUNT} AAPL: counted 10, the broker says 6")
    assert needing_a_person(bench) == []


def test_an_inquiry_under_way_is_not_the_one_that_was_asked_for(bench):
    bench.send(command(Action.BUY, 10))
    bench.wait(11)
    ask(bench, b"one")
    ask(bench, b"two")
    bench.answer_inquiry()
    assert bench.answers == []

    bench.answer_inquiry()

    assert [answer.reply_to for answer in bench.answers] == [(b"one",), (b"two",)]


def test_a_connection_lost_meanwhile_is_the_answer(bench):
    ask(bench)
    bench.lose()

    assert bench.answers[0].error == "not connected to the broker: kicked"


def test_without_a_connection_it_says_why():
    bench = Bench()
    ask(bench)
    assert bench.answers[0].error == "not connected to the broker yet"


def test_while_tws_has_lost_ib_it_says_so(bench):
    bench.turn(BrokerError(about=-1, code=1100, text="lost"))
    assert not ask(bench).inquire
    assert "1100" in bench.answers[0].error
