"""Lost and doubled alerts are seen."""

from loadtest.tally import Tally, tally

FIRST, SECOND, THIRD = (letter * 26 for letter in "ABC")


def test_one_order_per_alert_is_neither_lost_nor_doubled() -> None:
    counted = tally([200, 200, 503], [FIRST, SECOND], [f"{FIRST}-1", f"{SECOND}-1"], 2)

    assert counted == Tally(3, accepted=2, arrived=2, refused=1, lost=0, doubled=0, unasked=0)


def test_a_planted_loss_is_counted() -> None:
    counted = tally([200] * 3, [FIRST, SECOND, THIRD], [f"{FIRST}-1", f"{THIRD}-1"], 2)

    assert (counted.lost, counted.doubled) == (1, 0)


def test_a_planted_double_is_counted() -> None:
    counted = tally([200] * 2, [FIRST, SECOND], [f"{FIRST}-1", f"{FIRST}-1", f"{SECOND}-1"], 3)

    assert (counted.lost, counted.doubled) == (0, 1)


def test_a_double_does_not_hide_a_loss() -> None:
    counted = tally([200] * 2, [FIRST, SECOND], [f"{FIRST}-1", f"{FIRST}-2"], 2)

    assert (counted.lost, counted.doubled) == (1, 1)


def test_a_second_frame_of_one_order_is_a_double() -> None:
    counted = tally([200], [FIRST], [f"{FIRST}-1"], 2)

    assert counted.doubled == 1


def test_an_id_given_to_two_alerts_is_a_loss() -> None:
    counted = tally([200] * 2, [FIRST, FIRST], [f"{FIRST}-1"], 1)

    assert counted.lost == 1


def test_an_order_that_nobody_asked_for_is_told_apart() -> None:
    counted = tally([200], [FIRST], [f"{FIRST}-1", "manual"], 2)

    assert (counted.arrived, counted.unasked, counted.doubled) == (1, 1, 0)
