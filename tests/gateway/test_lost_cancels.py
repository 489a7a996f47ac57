"""Cancels that do not go out, or of which nothing comes: asked again, or a person is called."""

from datetime import timedelta
from decimal import Decimal

import pytest

from alertwire.wire.alert import Action, StopLoss
from alertwire.wire.control import ControlRequest, HaltRequest
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.cancels import NOT_CANCELLED
from gateway.events import ControlReceived, Tick
from gateway.messages import BrokerError, Lost
from gateway.orders import ACK_S
from tests.gateway.bench import Bench, placed_limit, refused
from tests.gateway.build import alert_id, command, limit
from tests.gateway.test_halts import flatten, halt, held

CANCEL_ALL = ControlRequest(halt=HaltRequest(by="anna@desk", cancel=True))
LINK_LOST = BrokerError(about=-1, code=1100, text="connectivity lost")
LINK_BACK = BrokerError(about=-1, code=1102, text="connectivity restored")


def cancel_all(bench: Bench, *then: object) -> None:
    """Ask for the cancel of everything; what comes then comes before any cancel went out."""
    bench.turn(ControlReceived(CANCEL_ALL, (b"operator",)), *then)


@pytest.mark.parametrize("crashes", [False, True])
def test_a_cancel_that_an_outage_of_the_broker_overtook_is_asked_again(bench, crashes):
    placed_limit(bench)
    cancel_all(bench, LINK_LOST)
    assert bench.broker.cancels == []

    if crashes:
        bench.crash()
        bench.connect()
    else:
        bench.turn(LINK_BACK)
        bench.answer_inquiry()

    assert bench.broker.cancels == [1]
    bench.end(1)
    assert flatten(bench, alert_id()).findings == ("nothing is held and nothing works",)


def test_a_cancel_that_the_end_of_the_connection_overtook_is_asked_again(bench):
    placed_limit(bench)
    placed_limit(bench, key="other")
    cancel_all(bench, Lost(reason="kicked"))
    bench.broker.by_id(2).status = "Cancelled"

    bench.connect()

    assert bench.broker.cancels == [1]


def test_what_a_target_swept_is_asked_again_too(bench):
    placed_limit(bench)
    bench.send(command(Action.TARGET, 5, key="target"))
    bench.lose()
    bench.broker.cancels.clear()

    bench.connect()

    assert bench.broker.cancels == [1]


def test_a_stop_that_was_to_make_way_stays_where_no_close_comes(bench):
    bench.send(command(Action.BUY, 10, stop_loss=StopLoss(price=Decimal(100))))
    bench.fill(1)
    bench.acknowledge(2)
    bench.send(command(Action.EXIT, key="out"))
    assert bench.broker.cancels == [2]
    bench.lose()

    bench.connect()

    assert bench.broker.cancels == [2]


def test_a_cancel_of_a_command_goes_out_once_after_a_reconnect(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.lose()

    bench.connect()

    assert bench.broker.cancels == [1, 1]
    bench.end(1)
    assert bench.send(cancel).outcome is Outcome.ACCEPTED


def test_a_halt_with_flatten_sends_each_cancel_once(bench):
    held(bench)
    placed_limit(bench, key="again")

    halt(bench, flatten=True, request_id=alert_id())

    assert bench.broker.cancels == [2]
    bench.end(2)
    assert bench.broker.placed[-1].quantity == 10


def test_a_cancel_is_sent_again_where_it_is_asked_again_later(bench):
    placed_limit(bench)
    cancel_all(bench)
    cancel_all(bench)
    assert bench.broker.cancels == [1]

    bench.wait(5)
    cancel_all(bench)

    assert bench.broker.cancels == [1, 1]


def test_a_refused_cancel_of_what_works_on_calls_a_person_and_can_be_asked_again(bench):
    placed_limit(bench)
    cancel_all(bench)
    bench.turn(refused(1, 10148, "cannot be cancelled"))
    bench.answer_inquiry()
    assert bench.alarms == ["halted", NOT_CANCELLED]
    assert "(10148): cannot be cancelled; the broker lists it as open" in told(bench)

    (line,) = flatten(bench, alert_id()).findings

    assert line.endswith("AAPL: on its way")
    assert bench.broker.cancels == [1, 1]


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_cancel_that_nothing_comes_of_is_asked_after(bench, is_cancelled):
    ref = placed_limit(bench)
    cancel_all(bench)
    assert bench.state(ref) is OrderState.CANCELLING
    if is_cancelled:
        bench.broker.by_id(1).status = "Cancelled"

    bench.now += timedelta(seconds=ACK_S)
    assert bench.turn(Tick()).inquire
    bench.answer_inquiry()

    assert (NOT_CANCELLED in bench.alarms) is not is_cancelled
    assert bench.state(ref) is (OrderState.CANCELLED if is_cancelled else OrderState.WORKING)
    if not is_cancelled:
        assert "its cancel was not confirmed within 10 s" in told(bench)


def test_what_the_broker_holds_to_be_cancelled_is_no_alarm(bench):
    placed_limit(bench)
    cancel_all(bench)
    bench.acknowledge(1, "PendingCancel")

    bench.wait(ACK_S)
    bench.answer_inquiry()

    assert NOT_CANCELLED not in bench.alarms


def test_a_cancel_of_a_command_is_told_by_its_outcome_alone(bench):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.turn(refused(1, 10148, "cannot be cancelled"))
    bench.answer_inquiry()

    assert bench.send(cancel).outcome is Outcome.REJECTED
    assert bench.alarms == []


@pytest.mark.parametrize("is_there", [False, True])
def test_what_is_lost_is_cancelled_too_and_named(bench, is_there):
    ref = placed_limit(bench)
    bench.lose()
    bench.broker.hide(1)
    bench.connect()
    assert bench.state(ref) is OrderState.UNKNOWN

    cancel_all(bench)

    assert bench.broker.cancels == [1]
    assert bench.answers[-1].findings[-2:] == (
        "1 orders are being cancelled; protective orders stay",
        f"! {ref}: its cancel goes out, and the broker lists it nowhere: alertwire resolve",
    )
    code = 202 if is_there else 10147
    bench.turn(refused(1, code, "as it is"))
    bench.answer_inquiry()
    assert bench.state(ref) is (OrderState.CANCELLED if is_there else OrderState.UNKNOWN)
    assert NOT_CANCELLED not in bench.alarms

    # What the broker has nothing to cancel of is a person's, and not asked for again.
    bench.wait(5)
    cancel_all(bench)
    assert bench.broker.cancels == [1]
    assert (f"! {ref}: the broker lists" in " ".join(bench.answers[-1].findings)) is not is_there


def test_no_cancel_goes_out_for_what_ended_meanwhile(bench):
    bench.send(command(Action.BUY, 10, entry=limit(150)))
    bench.broker.by_id(1).status = "Filled"

    cancel_all(bench, bench.broker.fill(bench.broker.by_id(1), Decimal(10), bench.now))

    assert bench.broker.cancels == []


def told(bench: Bench) -> str:
    return next(note.fields["detail"] for note in bench.notes if note.event == NOT_CANCELLED)
