"""What was voided or overtaken is never carried out."""

from dataclasses import replace

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from tests.gateway.bench import Bench, PaperBroker, outcome, refused
from tests.gateway.build import command, stock, void


def test_a_command_below_the_fence_is_voided(bench):
    early, late = command(Action.BUY, 1, seq=1), command(Action.BUY, 2, seq=2)
    bench.send(late)
    bench.acknowledge(1)

    assert bench.send(early).outcome is Outcome.VOIDED
    bench.crash()
    bench.connect()
    assert bench.send(early).outcome is Outcome.VOIDED
    assert len(bench.broker.placed) == 1


def test_another_account_of_the_same_alert_passes_the_fence():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()
    first = command(Action.BUY, 1, seq=5, account="DU1")
    second = replace(first, command_id=f"{first.alert_id}-2", account="DU2")

    bench.send(first)
    bench.send(second)

    assert len(bench.broker.placed) == 2


def test_a_voided_alert_is_never_carried_out(bench):
    buy = command(Action.BUY, 1)

    assert bench.send(void(buy)).outcome is Outcome.VOIDED
    assert bench.send(buy).outcome is Outcome.VOIDED
    bench.crash()
    bench.connect()
    assert bench.send(buy).outcome is Outcome.VOIDED
    assert bench.broker.placed == []


def test_a_void_works_while_not_connected():
    bench = Bench()

    assert bench.send(void(command(Action.BUY, 1))).outcome is Outcome.VOIDED


def test_a_void_of_a_placed_order_is_answered_with_its_end(bench):
    buy = command(Action.BUY, 1)
    bench.send(buy)
    assert bench.send(void(buy)) is None

    bench.acknowledge(1)

    assert outcome(bench, buy.alert_id) is Outcome.ACCEPTED


def test_a_void_stops_a_command_that_still_waits_for_its_contract(bench):
    bench.answers_queries = False
    buy = command(Action.BUY, 1)
    bench.send(buy)

    bench.send(void(buy))

    assert outcome(bench, buy.alert_id) is Outcome.VOIDED
    assert outcome(bench, buy.command_id) is Outcome.VOIDED


def test_a_void_tells_the_most_telling_end():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()
    first = command(Action.BUY, 1, account="DU1")
    second = replace(first, command_id=f"{first.alert_id}-2", account="DU2")
    bench.send(first)
    bench.send(second)
    bench.turn(refused(1))
    bench.acknowledge(2)

    assert bench.send(void(first)).outcome is Outcome.ACCEPTED


def test_one_open_command_per_key_and_account(bench):
    bench.send(command(Action.BUY, 1))

    reply = bench.send(command(Action.BUY, 2))

    assert reply.decided is False
    assert "still open" in reply.detail
    assert bench.send(command(Action.BUY, 2, key="another")) is None


def two_accounts():
    bench = Bench(PaperBroker(accounts=("DU1", "DU2")))
    bench.connect()
    first = command(Action.BUY, 1, seq=5, account="DU1")
    second = replace(first, command_id=f"{first.alert_id}-2", account="DU2")
    return bench, first, second


def test_a_known_id_with_another_account_is_not_answered_as_its_own():
    bench, first, _ = two_accounts()
    bench.send(first)
    bench.acknowledge(1)

    reply = bench.send(replace(first, account="DU2"))

    assert (reply.decided, reply.outcome, reply.account) == (True, Outcome.UNKNOWN, "DU2")
    assert "taken for account DU1 and comes again for DU2" in reply.detail
    assert bench.alarms == ["command_account_changed"]
    assert bench.send(first).outcome is Outcome.ACCEPTED
    assert len(bench.broker.placed) == 1


@pytest.mark.parametrize("how", ["handed back", "gap", "stopped"])
def test_a_void_that_finds_only_some_accounts_is_an_alarm(how):
    bench, first, second = two_accounts()
    if how == "handed back":
        bench.answers_queries = False
        bench.send(second)
        bench.lose()
        bench.connect()
        bench.answers_queries = True
    done, missing = (second, first) if how == "gap" else (first, second)
    bench.send(done)
    bench.acknowledge(1)
    if how == "stopped":
        bench.answers_queries = False
        bench.send(replace(second, instrument=stock("MSFT")))

    reply = bench.send(void(first))

    assert reply.outcome is Outcome.ACCEPTED
    assert "any account of the alert without a command here was voided" in reply.detail
    assert bench.alarms == ["alert_partly_voided"]
    detail = next(note.fields["detail"] for note in bench.notes if note.is_alarm)
    assert detail.endswith(f"never carried out: {missing.command_id}")
    assert bench.send(missing).outcome is Outcome.VOIDED


def test_a_void_of_what_was_carried_out_whole_is_no_alarm():
    bench, first, second = two_accounts()
    for number, one in enumerate((first, second), start=1):
        bench.send(one)
        bench.acknowledge(number)

    assert bench.send(void(first)).outcome is Outcome.ACCEPTED
    assert bench.alarms == []


def test_a_void_that_is_repeated_while_it_waits_is_answered_once(bench):
    buy = command(Action.BUY, 1)
    bench.send(buy)
    for _ in range(3):
        bench.send(void(buy))
    bench.acknowledge(1)

    assert [r.command_id for _, r in bench.replies].count(buy.alert_id) == 1
