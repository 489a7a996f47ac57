"""What becomes of a position, or of an entry, whose protection ends."""

import pytest

from alertwire.wire.report import Side
from tests.gateway.bench import Bench
from tests.gateway.test_brackets import CLOSES, open_position


def overnight(bench: Bench) -> None:
    """Start again on another day, whose lists do not hold what filled before."""
    bench.broker.executions.clear()
    bench.crash()
    bench.connect(completed=())
    bench.wait(5)


@pytest.mark.parametrize("closes", [False, True])
def test_a_stop_that_ends_on_a_later_day_is_noticed_after_a_restart(closes):
    bench = Bench(rules=CLOSES if closes else None)
    bench.connect()
    open_position(bench, route="main")
    overnight(bench)

    bench.end(3)
    bench.wait(2)

    assert "position_unprotected" in bench.alarms
    if closes:
        bench.end(2)
        bench.wait(4)
        assert [(o.side, o.quantity) for o in bench.broker.placed[3:]] == [(Side.SELL, 10)]
