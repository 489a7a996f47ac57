"""A person compares the ledger with the broker: asked now, answered when the broker has told."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.control import NEEDS_PERSON, ControlRequest, ReconcileRequest
from alertwire.wire.report import OrderState
from gateway.events import ControlReceived, Tick
from gateway.messages import BrokerError, Inquired, OpenOrder, Ready
from tests.gateway.bench import Bench, placed_limit, refused
from tests.gateway.build import AAPL_CONTRACT, ACCOUNT, command
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


def end(bench, how):
    """Let order 1 end at the broker, which says so."""
    bench.broker.by_id(1).status = "Cancelled"
    if how == "cancelled":
        bench.acknowledge(1, "Cancelled")
    else:
        bench.turn(refused(1))


@pytest.mark.parametrize("how", ["cancelled", "refused"])
@pytest.mark.parametrize("is_new", [False, True])
def test_an_older_list_does_not_revive_what_ended_while_the_lists_were_told(bench, how, is_new):
    ref = placed_limit(bench)
    if is_new:
        bench.lose()
    else:
        ask(bench)
    lists = bench.broker.evidence()
    end(bench, how)
    ended = bench.state(ref)
    message = (
        Ready(next_order_id=2, accounts=(ACCOUNT,), server_version=176, evidence=lists)
        if is_new
        else Inquired(evidence=lists)
    )

    effects = bench.turn(message)

    assert bench.state(ref) is ended
    assert effects.inquire
    bench.answer_inquiry()
    assert bench.state(ref) is ended


def test_a_list_asked_for_after_its_end_revives_it(bench):
    ref = placed_limit(bench)
    bench.acknowledge(1, "Cancelled")
    ask(bench)

    bench.answer_inquiry()

    assert bench.state(ref) is OrderState.WORKING


def test_the_list_of_completed_orders_is_newer_than_that_of_the_open_ones(bench):
    ref = placed_limit(bench)
    ask(bench)
    lists = bench.broker.evidence()
    bench.broker.by_id(1).status = "Cancelled"

    completed = bench.broker.evidence().completed
    bench.turn(Inquired(evidence=replace(lists, completed=completed)))

    assert bench.state(ref) is OrderState.CANCELLED


def test_a_live_message_of_its_end_among_the_open_orders_does_not_revive_it(bench):
    ref = placed_limit(bench)
    bench.acknowledge(1, "Cancelled")
    ask(bench)
    told = OpenOrder(order_id=1, client_id=1, perm_id=9001, order_ref=ref, status="Cancelled")

    bench.turn(Inquired(evidence=replace(bench.broker.evidence(), open_orders=(told,))))

    assert bench.state(ref) is OrderState.CANCELLED


def test_an_answer_that_comes_after_the_connection_was_lost_does_not_count(bench):
    ask(bench)
    bench.lose()

    bench.answer_inquiry()

    assert bench.desk.why_not_ready(bench.now) == "not connected to the broker: kicked"


def test_a_refused_order_that_the_broker_then_says_it_has_is_asked_about_and_an_alarm(bench):
    ref = placed_limit(bench)
    bench.turn(refused(1))

    told = OpenOrder(order_id=1, client_id=1, perm_id=9001, order_ref=ref, status="Submitted")
    assert bench.turn(told, told).inquire

    assert bench.alarms == ["refused_order_acknowledged"]
    bench.answer_inquiry()
    assert bench.state(ref) is OrderState.WORKING


def test_a_clock_that_goes_back_does_not_put_off_the_question(bench):
    bench.send(command(Action.BUY, 10))
    bench.now -= timedelta(hours=1)

    assert bench.turn(Tick()).inquire


def test_a_clock_that_goes_back_does_not_hold_an_exit(bench):
    bench.send(command(Action.BUY, 5, key="a"))
    bench.fill(1)
    bench.send(command(Action.BUY, 10, key="b"))
    bench.acknowledge(2)
    bench.send(command(Action.EXIT, key="c"))
    assert len(bench.broker.placed) == 2

    bench.now -= timedelta(hours=1)
    bench.wait(1)

    assert bench.broker.placed[2].quantity == 5


def test_a_clock_that_goes_back_does_not_put_off_a_position(bench):
    bench.send(command(Action.BUY, 10))
    bench.fill(1)
    bench.broker.by_id(1).filled -= 4
    bench.turn(*bench.broker.snapshot())

    bench.now -= timedelta(hours=1)
    bench.wait(1)

    assert bench.desk.positions.quantity(ACCOUNT, AAPL_CONTRACT.contract_id) == 6
