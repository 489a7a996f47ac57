"""Exits and changes that come while protection is on its way back to its size."""

from alertwire.wire.alert import Action
from tests.gateway.bench import Bench
from tests.gateway.build import command
from tests.gateway.test_amendments import modify
from tests.gateway.test_brackets import open_position
from tests.gateway.test_clearance import works
from tests.gateway.test_restoration import answers, failed


def growing(bench: Bench) -> None:
    """Let protection be on its way back to ten units, which the broker has not confirmed."""
    open_position(bench)
    failed(bench)
    bench.wait(6)
    bench.answer_inquiry()
    bench.wait(1)
    assert works(bench) == {2: 10, 3: 10}
    assert all(leg.quantity == 6 for leg in bench.desk.book.all_live())


def test_an_exit_waits_for_what_grows_to_make_way_again(bench):
    growing(bench)
    told = [bench.broker.by_id(order_id).opened() for order_id in (2, 3)]

    bench.send(command(Action.EXIT, 4, key="again"))
    assert len(bench.broker.placed) == 4
    for message in told:
        bench.turn(message)
    assert len(bench.broker.placed) == 4
    assert works(bench) == {2: 6, 3: 6}
    for order_id in (2, 3):
        bench.tell(bench.broker.by_id(order_id))

    assert bench.broker.placed[4].quantity == 4
    bench.fill(5)
    answers(bench)
    assert works(bench) == {2: 6, 3: 6}
    assert bench.broker.position == 6
    assert bench.alarms == []


def test_an_exit_of_all_cancels_what_grows_at_once(bench):
    growing(bench)

    bench.send(command(Action.EXIT, key="all"))

    assert sorted(bench.broker.cancels) == [2, 3]


def test_nothing_is_added_for_what_grows_back(bench):
    growing(bench)

    bench.send(modify(strategy="other", key="other"))

    assert len(bench.broker.placed) == 4
