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
    positions.restart((position(5),))

    drift = positions.told(position(8), NOW)

    assert (drift.counted, drift.told) == (5, 8)


def test_a_new_connection_starts_from_the_brokers_snapshot():
    positions = counted(10)
    positions.restart((position(-3),))

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
    positions.restart((position(5),))

    (drift,) = positions.inquired((), NOW)

    assert (drift.counted, drift.told) == (5, 0)
