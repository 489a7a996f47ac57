"""The order's state table."""

from decimal import Decimal

import pytest

from alertwire.wire.report import OrderState as S
from gateway.orders import (
    ENDED,
    TRANSITIONS,
    fill_event,
    is_due,
    status_event,
    transition,
)
from gateway.orders import (
    OrderEvent as E,
)
from tests.gateway.build import NOW, later


def test_every_state_knows_every_event():
    assert set(TRANSITIONS) == set(S)
    for state, row in TRANSITIONS.items():
        assert set(row) == set(E), state


def test_a_filled_order_stays_filled():
    assert {transition(S.FILLED, event) for event in E} == {S.FILLED}


@pytest.mark.parametrize("state", [s for s in S if s is not S.FILLED])
def test_a_late_fill_is_booked_whatever_was_thought(state):
    assert transition(state, E.FILLED) is S.FILLED


@pytest.mark.parametrize("state", list(S))
def test_only_cancelled_refused_and_filled_end_an_order(state):
    ending = {event for event in E if transition(state, event) in ENDED}

    if state not in ENDED:
        assert ending <= {E.CANCELLED, E.REFUSED, E.FILLED}


@pytest.mark.parametrize("event", [E.SENT, E.ACKNOWLEDGED, E.CANCEL_REFUSED, E.CANCEL_SENT, E.LOST])
def test_late_statuses_do_not_wake_an_ended_order(event):
    for state in ENDED:
        assert transition(state, event) is state


def test_a_refusal_after_a_part_was_filled_keeps_the_part():
    assert transition(S.PARTIALLY_FILLED, E.REFUSED) is S.CANCELLED


def test_a_cancel_that_ended_without_effect_leaves_the_order_working():
    assert transition(S.CANCELLING, E.CANCEL_REFUSED) is S.WORKING


def test_an_order_that_the_broker_lists_lives():
    assert transition(S.CANCELLED, E.LISTED) is S.WORKING
    assert transition(S.UNKNOWN, E.LISTED) is S.WORKING


@pytest.mark.parametrize(
    ("status", "why_held", "event"),
    [
        ("PreSubmitted", "", E.ACKNOWLEDGED),
        ("Submitted", "", E.ACKNOWLEDGED),
        ("PendingCancel", "", E.ACKNOWLEDGED),
        ("Filled", "", E.ACKNOWLEDGED),
        ("Cancelled", "", E.CANCELLED),
        ("ApiCancelled", "", E.CANCELLED),
        ("Inactive", "", None),
        ("Inactive", "locate", E.ACKNOWLEDGED),
        ("SomethingNew", "", None),
    ],
)
def test_statuses_prove_only_what_they_say(status, why_held, event):
    assert status_event(status, why_held) is event


def test_filled_comes_from_quantities():
    assert fill_event(Decimal(0), Decimal(5)) is None
    assert fill_event(Decimal(4), Decimal(5)) is E.PARTLY_FILLED
    assert fill_event(Decimal(5), Decimal(5)) is E.FILLED


@pytest.mark.parametrize(
    ("ahead_s", "is_over"), [(None, False), (-1, True), (0, True), (3, False), (4, True)]
)
def test_a_wait_ends_by_its_time_and_when_the_clock_went_back(ahead_s, is_over):
    at = None if ahead_s is None else later(ahead_s)

    assert is_due(at, NOW, 3) is is_over
