"""A fuse for each command: what breaks in working one out ends that command, not the gateway.

An error here is a bug of ours. The process could start again, but the command would come again and
break it again, for ever, and keep every exit behind it. So the command is refused, and a person is
called. Where something of it was written down in this turn the error goes on: nothing of the turn
is kept or sent then.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from traceback import extract_tb
from typing import Any, Final

from gateway.events import Effects
from gateway.records import CommandRecord

COMMAND_FAILED: Final = "command_failed"
"""Alarm: the gateway could not work a command out."""

Step = Callable[[Any, CommandRecord, datetime, Effects], None]


def fused(step: Step) -> Step:
    """Let a step of a command end in `fail(record, reason, now, effects)` of its owner."""

    @wraps(step)
    def fused_step(self: Any, record: CommandRecord, now: datetime, effects: Effects) -> None:
        try:
            step(self, record, now, effects)
        except Exception as error:
            if record.outcome is not None or record.command.command_id in effects.commands:
                raise
            self.fail(record, blown(record, error, effects), now, effects)

    return fused_step


def blown(record: CommandRecord, error: Exception, effects: Effects) -> str:
    """Call a person, and return what the trader is told."""
    places = extract_tb(error.__traceback__)
    at = f" at {places[-1].name}, line {places[-1].lineno}" if places else ""
    reason = f"the gateway could not work it out, a bug: {type(error).__name__}: {error}{at}"
    names = {"alert_id": record.command.alert_id, "command_id": record.command.command_id}
    effects.alarm(COMMAND_FAILED, **names, account=record.account, detail=reason)
    return reason
