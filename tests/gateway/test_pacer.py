"""The pace towards the broker."""

import itertools

import pytest

from gateway.pacer import LATENESS_MAX, Pacer, Priority


def drained(pacer: Pacer, step_s: float, until_s: float) -> list[tuple[float, str]]:
    sent, ticks = [], 0
    while (now_s := ticks * step_s) < until_s:
        while (request := pacer.pop(now_s)) is not None:
            sent.append((now_s, request))
        ticks += 1
    return sent


def test_the_first_after_idling_goes_at_once():
    pacer = Pacer(40)
    pacer.put(Priority.ENTRY, "a")

    assert pacer.pop(1000.0) == "a"


def test_messages_are_evenly_spaced():
    pacer = Pacer(40)
    for number in range(100):
        pacer.put(Priority.ENTRY, str(number))

    times = [at for at, _ in drained(pacer, 0.001, 10)]

    assert len(times) == 100
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) >= 0.025 * (1 - LATENESS_MAX) - 1e-9
    assert times[-1] == pytest.approx(99 * 0.025, abs=0.05)


def test_no_second_ever_holds_more_than_fifty():
    pacer = Pacer(40)
    for number in range(500):
        pacer.put(Priority.ENTRY, str(number))

    # A timer that is late now and then.
    times = [at for at, _ in drained(pacer, 0.007, 20)]

    assert len(times) == 500
    for start in times:
        assert sum(1 for at in times if start <= at < start + 1) <= 50


def test_cancels_go_first_then_exits_then_entries():
    pacer = Pacer(40)
    for priority in (Priority.ENTRY, Priority.REDUCE, Priority.CANCEL):
        pacer.put(priority, priority.name)
    pacer.put(Priority.ENTRY, "second entry")

    order = [request for _, request in drained(pacer, 0.001, 1)]

    assert order == ["CANCEL", "REDUCE", "ENTRY", "second entry"]


def test_zero_is_no_pacing():
    pacer = Pacer(0)
    for number in range(1000):
        pacer.put(Priority.ENTRY, number)

    assert [pacer.pop(5.0) for _ in range(1000)] == list(range(1000))
    assert pacer.pop(5.0) is None


def test_what_was_not_sent_after_all_costs_nothing():
    pacer = Pacer(40)
    pacer.put(Priority.ENTRY, "nothing to order")
    pacer.put(Priority.ENTRY, "order")
    assert pacer.pop(1.0) == "nothing to order"

    pacer.give_back()

    assert pacer.pop(1.0) == "order"


def test_it_says_when_to_come_again():
    pacer = Pacer(40)
    assert pacer.wait_s(1.0) is None
    pacer.put(Priority.ENTRY, "a")
    pacer.put(Priority.ENTRY, "b")
    pacer.pop(1.0)

    assert pacer.wait_s(1.0) == pytest.approx(0.02, abs=0.006)


def test_a_lost_connection_empties_the_queue():
    pacer = Pacer(40)
    pacer.put(Priority.ENTRY, "a")
    pacer.clear()

    assert pacer.pop(1.0) is None


def test_a_family_takes_as_many_slots_as_it_has_orders():
    pacer = Pacer(40)
    pacer.put(Priority.ENTRY, "three orders")
    pacer.put(Priority.ENTRY, "next")
    pacer.pop(1.0)
    pacer.widen(2, 1.0)
    for _ in range(3):
        pacer.sent(1.0)

    assert pacer.wait_s(1.0) == pytest.approx(3 * 0.025, abs=0.006)


def test_what_nobody_popped_counts_too_and_what_was_popped_once_only():
    pacer = Pacer(40)
    pacer.put(Priority.ENTRY, "a")
    pacer.put(Priority.ENTRY, "b")
    pacer.pop(1.0)
    pacer.sent(1.0)
    assert pacer.wait_s(1.0) == pytest.approx(0.025, abs=0.006)

    # A heartbeat, and a list.
    pacer.sent(1.0)
    pacer.sent(1.0)

    assert pacer.wait_s(1.0) == pytest.approx(0.075, abs=0.006)
