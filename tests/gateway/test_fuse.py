"""A bug in working out one command ends that command, loudly, and nothing else."""

import pytest

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import OrderState
from gateway.scales import Scales
from tests.gateway.bench import Crash, outcome, placed_limit
from tests.gateway.build import command

BUG = 13
"""Units that nobody can size here."""


@pytest.fixture
def bug(monkeypatch):
    """Break whatever is sized to so many units."""
    size = Scales.size

    def breaks(self, record, *args):
        if record.command.sizing and record.command.sizing.value == BUG:
            raise ZeroDivisionError("no such number")
        return size(self, record, *args)

    monkeypatch.setattr(Scales, "size", breaks)


@pytest.mark.usefixtures("bug")
def test_a_command_that_cannot_be_worked_out_is_refused_and_others_go_on(bench):
    broken, other = command(Action.BUY, BUG), command(Action.BUY, 10)

    bench.send(broken)
    bench.send(other)

    assert outcome(bench, broken.command_id) is Outcome.REJECTED
    assert "ZeroDivisionError: no such number at breaks" in bench.replies[0][1].detail
    assert bench.alarms == ["command_failed"]
    assert [order.quantity for order in bench.broker.placed] == [10]
    bench.crash()
    bench.connect()
    bench.send(broken)
    assert outcome(bench, broken.command_id) is Outcome.REJECTED
    assert len(bench.broker.placed) == 1


def test_what_breaks_when_it_is_sent_again_ends_unsent(bench, request):
    broken = command(Action.BUY, BUG)
    bench.crash_at = "committed"
    with pytest.raises(Crash):
        bench.send(broken)
    request.getfixturevalue("bug")

    bench.crash()
    bench.connect()

    assert bench.state(broken.command_id) is OrderState.CANCELLED
    assert bench.kept["commands"][broken.command_id].outcome is Outcome.REJECTED
    assert bench.alarms == ["command_failed"]
    assert bench.broker.placed == []


def test_a_cancel_that_breaks_after_it_was_written_down_is_a_persons(bench, monkeypatch):
    placed_limit(bench)
    cancel = command(Action.CANCEL)
    bench.send(cancel)
    bench.crash()
    monkeypatch.setattr("gateway.cancels.Cancels.begin", lambda *_: 1 // 0)

    bench.connect()

    assert bench.kept["commands"][cancel.command_id].outcome is Outcome.UNKNOWN
    assert bench.alarms == ["command_failed", "command_unknown"]


def test_an_order_that_is_half_written_down_is_not_kept(bench, monkeypatch):
    monkeypatch.setattr("gateway.book.Book.add", lambda *_: 1 // 0)
    buy = command(Action.BUY, 10)

    with pytest.raises(ZeroDivisionError):
        bench.send(buy)

    assert bench.kept["commands"] == {}
    assert bench.broker.placed == []
