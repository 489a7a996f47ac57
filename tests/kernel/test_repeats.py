"""What is said once in a while."""

from alertwire.wire.repeats import PEERS_MAX, REPEAT_S, Repeats


def test_the_same_complaint_is_let_through_once_a_minute() -> None:
    repeats = Repeats()

    assert [repeats.take(("a",), now_s) for now_s in (0, 1, 59, REPEAT_S, 61)] == [1, 0, 0, 3, 0]
    assert repeats.take(("b",), 61) == 1


def test_strangers_from_ever_new_addresses_fill_no_memory() -> None:
    repeats = Repeats()

    heard = sum(repeats.take((str(n),), 0) for n in range(PEERS_MAX * 3))

    assert heard == PEERS_MAX
    assert len(repeats._since_s) + len(repeats._count) <= PEERS_MAX * 2
    assert repeats.take(("later",), REPEAT_S) == 1
