"""Placed again with the same id and ref: only what the broker provably never saw."""

from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.events import Effects, Release, Released
from gateway.messages import BrokerError, OpenOrder, OrderStatus, Ready
from gateway.recovery import ANSWER_MAX_S
from tests.gateway.bench import Crash, outcome
from tests.gateway.build import ACCOUNT, NOW, command, limit, void
from tests.gateway.test_exits import move_by_hand, sizes


def crashed(bench, one=None):
    """A command whose order is written down, and whose bytes a crash kept from the socket."""
    one = one or command(Action.BUY, 10)
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(one)
    bench.crash()
    return one


def cut_off(bench, one=None):
    """A command whose order was handed to the socket, and which the broker never got."""
    one = one or command(Action.BUY, 10)
    bench.send(one)
    bench.broker.never_got(bench.broker.placed[-1].order_id)
    bench.lose()
    return one


def unsent(bench, one=None):
    """A command whose order could not be handed to the socket."""
    one = one or command(Action.BUY, 10)
    bench.is_connected = False
    bench.send(one)
    bench.lose()
    return one


@pytest.fixture
def warm(bench):
    """One order was acknowledged before, id 1."""
    bench.send(command(Action.BUY, 1, key="warm"))
    bench.fill(1)
    return bench


WAYS = pytest.mark.parametrize("fail", [crashed, cut_off, unsent])


@WAYS
def test_it_goes_out_once_with_the_same_id_and_ref(warm, fail):
    one = fail(warm)

    warm.connect()

    placed = [(order.order_id, order.ref, order.quantity) for order in warm.broker.placed]
    assert placed[1:] == [(2, one.command_id, 10)]
    assert warm.alarms == []
    warm.acknowledge(2)
    assert warm.send(one).outcome is Outcome.ACCEPTED
    assert len(warm.broker.placed) == 2


@WAYS
def test_the_very_first_order_too(bench, fail):
    one = fail(bench)

    bench.connect()

    assert [(order.order_id, order.ref) for order in bench.broker.placed] == [(1, one.command_id)]


@WAYS
def test_too_old_it_expires_and_says_so(warm, fail):
    one = fail(warm, command(Action.BUY, 10, not_after=NOW + timedelta(seconds=5)))
    warm.now += timedelta(seconds=6)

    warm.connect()

    reply = warm.send(one)
    assert reply.outcome is Outcome.EXPIRED
    assert reply.detail.startswith("never reached the broker: not to be carried out after")
    assert warm.state(one.command_id) is OrderState.CANCELLED
    assert len(warm.broker.placed) == 1


@WAYS
def test_voided_meanwhile_it_is_never_sent(warm, fail):
    one = fail(warm)
    assert warm.send(void(one)) is None

    warm.connect()

    assert outcome(warm, one.alert_id) is Outcome.VOIDED
    assert warm.send(one).outcome is Outcome.VOIDED
    assert warm.state(one.command_id) is OrderState.CANCELLED
    assert len(warm.broker.placed) == 1


def test_voided_before_another_crash_it_is_never_sent(warm):
    one = crashed(warm)
    warm.send(void(one))
    warm.crash()

    warm.connect()

    assert warm.send(one).outcome is Outcome.VOIDED
    assert len(warm.broker.placed) == 1


@pytest.mark.parametrize("fail", [crashed, cut_off])
@pytest.mark.parametrize(
    ("next_order_id", "evidence"),
    [
        # The broker has used the id up, and lists nothing of it.
        (3, {}),
        # It went back behind an id that it had acknowledged: it forgot, and proves nothing.
        (1, {}),
        # A list did not end: what is not in it may have been there.
        (2, {"is_complete": False}),
    ],
)
def test_without_proof_it_is_unknown_and_an_alarm(warm, fail, next_order_id, evidence):
    one = fail(warm)

    warm.connect(next_order_id, **evidence)

    assert warm.send(one).outcome is Outcome.UNKNOWN
    assert warm.alarms == ["command_unknown", "order_not_found"]
    assert len(warm.broker.placed) == 1


def test_ids_acknowledged_in_another_life_count(warm):
    for number in range(3):
        warm.send(command(Action.BUY, 1, key=str(number)))
        warm.acknowledge(2 + number)
    one = crashed(warm)

    warm.connect(next_order_id=4)

    assert warm.send(one).outcome is Outcome.UNKNOWN


def test_an_order_that_never_reached_the_broker_does_not_count_as_acknowledged(warm):
    late = crashed(warm, command(Action.BUY, 10, not_after=NOW + timedelta(seconds=5)))
    warm.now += timedelta(seconds=6)
    warm.connect()
    assert warm.send(late).outcome is Outcome.EXPIRED
    one = crashed(warm)

    warm.connect(next_order_id=2)

    assert [order.ref for order in warm.broker.placed[1:]] == [one.command_id]


def test_nothing_is_proved_while_tws_has_lost_ib(warm):
    one = crashed(warm)
    warm.turn(BrokerError(about=-1, code=1100, text="lost"))
    warm.connect()
    assert len(warm.broker.placed) == 1

    warm.turn(BrokerError(about=-1, code=1102, text="restored"))
    warm.answer_inquiry()

    assert warm.send(one).outcome is Outcome.UNKNOWN
    assert len(warm.broker.placed) == 1


def test_several_go_out_in_the_order_of_their_ids_and_before_anything_new(warm):
    warm.is_connected = False
    refs = [command(Action.BUY, 1, key=str(number)) for number in range(3)]
    for one in refs:
        warm.send(one)
    warm.lose()
    warm.crash()
    warm.answers_queries = False

    warm.connect()
    new = command(Action.BUY, 9, key="new")
    waits = warm.send(new)
    assert (waits.decided, "wait for their contracts: AAPL" in waits.detail) == (False, True)
    warm.find_contract()
    warm.answers_queries = True
    warm.send(new)

    assert [(o.order_id, o.ref) for o in warm.broker.placed[1:]] == [
        *((2 + number, one.command_id) for number, one in enumerate(refs)),
        (5, new.command_id),
    ]


def test_a_contract_that_got_no_answer_is_asked_for_again(warm):
    one = crashed(warm)
    warm.answers_queries = False
    warm.connect()

    warm.fail_query("no answer in time", is_final=False)
    warm.wait(3)
    warm.find_contract()

    assert [order.ref for order in warm.broker.placed[1:]] == [one.command_id]


@pytest.mark.parametrize("how", ["gone", "another"])
def test_a_contract_that_is_no_more_ends_it(warm, how):
    one = crashed(warm)
    warm.answers_queries = False
    warm.connect()
    if how == "gone":
        warm.fail_query("no security definition (200)", is_final=True)
    else:
        warm.broker.candidates = ()
        warm.find_contract()

    reply = warm.send(one)
    assert reply.outcome is Outcome.REJECTED
    assert reply.detail.startswith("never reached the broker: ")
    assert not warm.desk.why_not_ready(warm.now)


@pytest.mark.parametrize("fail", [crashed, cut_off, unsent])
@pytest.mark.parametrize(
    ("action", "quantity", "wanted"),
    [(Action.EXIT, None, -4), (Action.TARGET, -2, -6), (Action.REVERSE, None, -8)],
)
def test_it_is_sized_by_the_position_of_then(bench, fail, action, quantity, wanted):
    bench.send(command(Action.BUY, 10, key="entry"))
    bench.fill(1)
    one = fail(bench, command(action, quantity))
    move_by_hand(bench, -6)

    bench.connect()

    assert sizes(bench) == [10, wanted]
    assert bench.broker.placed[1].order_id == 2
    kept = bench.kept["orders"][one.command_id]
    assert kept.signed * kept.quantity == wanted


def test_another_program_under_the_same_client_id_took_the_number_meanwhile(warm):
    one = unsent(warm)

    warm.connect(next_order_id=7)

    assert [(o.order_id, o.ref) for o in warm.broker.placed[1:]] == [(7, one.command_id)]


def test_proof_is_asked_for_anew_at_each_connection(warm):
    one = crashed(warm)
    warm.answers_queries = False
    warm.connect()
    warm.lose()
    warm.answers_queries = True

    warm.connect(next_order_id=3)

    assert warm.send(one).outcome is Outcome.UNKNOWN
    assert len(warm.broker.placed) == 1


@pytest.mark.parametrize("word", ["Submitted", "Cancelled"])
def test_a_word_of_the_broker_after_the_lists_stops_it(warm, word):
    one = crashed(warm)
    warm.answers_queries = False
    warm.connect()

    told = OrderStatus(order_id=2, client_id=1, perm_id=9, status=word, filled=Decimal(0))
    warm.turn(told)
    warm.find_contract()
    warm.wait(1)

    assert warm.send(one).outcome is Outcome.ACCEPTED
    assert len(warm.broker.placed) == 1


def test_error_103_for_an_order_placed_again_is_no_refusal(warm):
    one = crashed(warm)
    warm.connect()
    hidden = warm.broker.hide(2)

    warm.turn(BrokerError(about=2, code=103, text="Duplicate order id"))
    warm.wait(0.1)
    warm.answer_inquiry()
    assert warm.send(one).outcome is Outcome.UNKNOWN

    warm.broker.placed.append(hidden)
    warm.fill(2)
    assert warm.send(one).outcome is Outcome.ACCEPTED


def test_another_clients_order_proves_nothing(warm):
    one = crashed(warm)
    warm.kept["orders"][one.command_id].client_id = 5
    warm.crash()

    warm.connect()

    assert warm.send(one).outcome is Outcome.UNKNOWN


def test_its_history_tells_each_step(warm):
    one = crashed(warm)
    warm.connect()
    warm.fill(2)

    steps = [(s.state.name, s.detail) for s in warm.steps if s.order_ref == one.command_id]
    assert steps == [
        ("INTENT", "placed again, order id 2"),
        ("SENT", ""),
        ("FILLED", "filled 10 at 200, execution 0001.01"),
    ]


def test_an_order_found_only_among_the_completed_was_acknowledged(warm):
    """Ids went back behind it, so they prove nothing about the one after it."""
    warm.send(command(Action.BUY, 10, entry=limit(1), key="a"))
    lost = command(Action.BUY, 10, key="b")
    warm.send(lost)
    warm.broker.by_id(2).status = "Cancelled"
    warm.broker.hide(3)
    warm.lose()

    warm.connect(next_order_id=2)

    assert warm.send(lost).outcome is Outcome.UNKNOWN
    assert len(warm.broker.placed) == 2


def queued(bench):
    """Connect, and return the effects with what is to be sent again still at the pacer."""
    effects = Effects()
    lists = {"evidence": bench.broker.evidence(), "positions": bench.broker.snapshot()}
    ready = Ready(next_order_id=2, accounts=(ACCOUNT,), server_version=176, **lists)
    bench.desk.step(ready, bench.now, effects)
    assert Release in [type(request) for _, request in effects.requests]
    return effects


def test_an_id_that_was_used_before_its_turn_came_is_never_replaced(warm):
    one = cut_off(warm)
    effects = queued(warm)
    other = OpenOrder(order_id=9, client_id=1, perm_id=99, order_ref="", status="Submitted")
    warm.desk.step(other, warm.now, effects)

    warm.desk.step(Released(one.command_id), warm.now, effects)

    assert effects.placements == []
    assert effects.commands[one.command_id].outcome is Outcome.UNKNOWN
    assert [n.event for n in effects.notes if n.is_alarm] == ["command_unknown", "order_not_found"]


def test_what_the_broker_has_after_all_is_not_dealt_as_new_when_its_turn_comes(warm):
    one = cut_off(warm)
    effects = queued(warm)
    told = OrderStatus(order_id=2, client_id=1, perm_id=9, status="Cancelled", filled=Decimal(0))
    warm.desk.step(told, warm.now, effects)

    warm.desk.step(Released(one.command_id), warm.now, effects)

    assert effects.placements == []


def test_a_contract_that_is_never_told_does_not_stop_everything_for_ever(warm):
    exit_ = crashed(warm, command(Action.EXIT))
    warm.answers_queries = False
    warm.connect()
    for _ in range(int(ANSWER_MAX_S / 12)):
        assert "wait for their contracts" in warm.desk.why_not_ready(warm.now)
        warm.wait(10)
        warm.fail_query("no answer in time", is_final=False)
        warm.wait(2)

    assert warm.send(exit_).outcome is Outcome.UNKNOWN
    assert warm.alarms == ["command_unknown", "order_not_found"]
    assert not warm.desk.why_not_ready(warm.now)


def test_time_without_the_link_does_not_count_for_its_contract(warm):
    one = crashed(warm)
    warm.answers_queries = False
    warm.connect()
    warm.turn(BrokerError(about=-1, code=1100, text="lost"))
    warm.wait(ANSWER_MAX_S - 1)
    warm.wait(ANSWER_MAX_S - 1)
    warm.turn(BrokerError(about=-1, code=1102, text="back"))
    warm.answer_inquiry()
    warm.wait(1)

    warm.find_contract()

    assert [order.ref for order in warm.broker.placed[1:]] == [one.command_id]
