"""The running count of positions."""

from decimal import Decimal

from gateway.positions import Positions
from tests.gateway.build import AAPL_CONTRACT, ACCOUNT, NOW, later, position

ID = AAPL_CONTRACT.contract_id


def counted(*fills: int) -> Positions:
    positions = Positions()
    for fill in fills:
        positions.fill(ACCOUNT, AAPL_CONTRACT, Decimal(fill), NOW)
    return positions


def test_fills_move_the_position_without_any_position_message():
    assert counted(10, -4).quantity(ACCOUNT, ID) == 6


def test_a_position_message_that_lags_behind_a_fill_is_not_believed():
    positions = counted(10)

    assert positions.told(position(0), later(0.5)) is None
    assert positions.quantity(ACCOUNT, ID) == 10


def test_a_position_message_is_believed_once_fills_are_quiet():
    positions = counted(10)
    positions.told(position(25), later(0.5))

    assert positions.tick(later(2.9)) == []
    (drift,) = positions.tick(later(3.1))
    assert (drift.counted, drift.told) == (10, 25)
    assert positions.quantity(ACCOUNT, ID) == 25


def test_a_message_that_was_only_early_is_no_drift():
    positions = counted(10)
    positions.told(position(15), later(0.1))
    positions.fill(ACCOUNT, AAPL_CONTRACT, Decimal(5), later(0.2))

    assert positions.tick(later(10)) == []
    assert positions.quantity(ACCOUNT, ID) == 15


def test_a_change_by_hand_is_taken_at_once():
    positions = Positions()
    positions.restart((position(5),), NOW)

    drift = positions.told(position(8), NOW)

    assert (drift.counted, drift.told) == (5, 8)


def test_a_new_connection_starts_from_the_brokers_snapshot():
    positions = counted(10)
    positions.restart((position(-3),), NOW)

    assert positions.quantity(ACCOUNT, ID) == -3
    assert positions.quantity("DU9", ID) == 0
    assert [held.quantity for _, held in positions.holdings()] == [-3]


def test_an_inquirys_snapshot_that_lags_a_fill_does_not_undo_it():
    positions = counted(10)

    assert positions.inquired((position(4),), later(0.1)) == []
    assert positions.quantity(ACCOUNT, ID) == 10
    assert positions.inquired((), later(0.2)) == []
    assert positions.quantity(ACCOUNT, ID) == 10
    (drift,) = positions.tick(later(3.1))
    assert (drift.counted, drift.told) == (10, 0)


def test_what_an_inquiry_does_not_list_is_flat():
    positions = Positions()
    positions.restart((position(5),), NOW)

    (drift,) = positions.inquired((), NOW)

    assert (drift.counted, drift.told) == (5, 0)


def connected(snapshot, *, executed_s, now_s=1.0) -> Positions:
    """A connection whose lists told an execution, booked before or not."""
    positions = Positions()
    positions.executed(ACCOUNT, ID, later(executed_s), later(now_s))
    positions.restart(snapshot, later(now_s))
    return positions


def test_a_snapshot_is_not_sure_while_an_execution_is_recent():
    positions = connected((position(5),), executed_s=0)

    assert positions.is_unsure(ACCOUNT, ID, later(2.9))
    assert not positions.is_unsure("DU9", ID, later(2.9))
    assert not positions.is_unsure(ACCOUNT, ID, later(3.1))


def test_a_position_message_makes_a_snapshot_sure():
    positions = connected((position(5),), executed_s=0)
    positions.told(position(5), later(1.1))

    assert not positions.is_unsure(ACCOUNT, ID, later(1.2))


def test_a_snapshot_is_sure_where_executions_are_old_or_in_it():
    assert not connected((position(5),), executed_s=-3).is_unsure(ACCOUNT, ID, later(1))
    positions = counted(10)
    positions.executed(ACCOUNT, ID, NOW, NOW)
    positions.restart((position(10),), NOW)
    assert not positions.is_unsure(ACCOUNT, ID, NOW)


def test_an_execution_from_before_the_snapshot_that_is_told_after_it_makes_it_unsure():
    positions = Positions()
    positions.restart((position(5),), later(1))
    positions.executed(ACCOUNT, ID, NOW, later(1.1))

    assert positions.is_unsure(ACCOUNT, ID, later(1.1))
    assert not positions.is_unsure(ACCOUNT, ID, later(3.1))
