"""What commands wait for before their turn: contracts, prices, account values. Pure.

Each thing is asked for once, however many commands wait for it; it is asked for again where a
command that may overtake the others comes to wait for it as well.
"""

from typing import Final

from alertwire.wire.alert import Action
from gateway.events import Effects, QueryContract, Request
from gateway.pacer import Priority
from gateway.records import CommandRecord

_ASKS: Final = {
    Priority.REDUCE: (Priority.ASK_TO_REDUCE, Priority.FIND_TO_REDUCE),
    Priority.ENTRY: (Priority.ASK_TO_ENTER, Priority.FIND_TO_ENTER),
}
"""Questions of these commands: for a price or account values, and for a contract."""


class Asks:
    """Who waits for what."""

    def __init__(self) -> None:
        self._waiting: dict[object, list[CommandRecord]] = {}

    def ask(self, key: object, request: Request, record: CommandRecord, effects: Effects) -> None:
        """Let a command wait for the answer to a request, which has this key."""
        waiting = self._waiting.setdefault(key, [])
        priority = priority_of(record)
        # An exit does not wait behind entries for a question that one of them asked.
        if all(priority < priority_of(other) for other in waiting):
            asks, finds = _ASKS.get(priority, (priority, priority))
            turn = finds if isinstance(request, QueryContract) else asks
            effects.requests.append((turn, request))
        if not any(other is record for other in waiting):
            waiting.append(record)

    def answered(self, key: object) -> list[CommandRecord]:
        """Return who waited for this answer and is not decided yet."""
        return [record for record in self._waiting.pop(key, []) if record.outcome is None]

    def clear(self) -> None:
        self._waiting.clear()


def priority_of(record: CommandRecord) -> Priority:
    """Say who goes first: cancels, then what closes or protects a position."""
    action, sizing = record.command.action, record.command.sizing
    if action is Action.CANCEL:
        return Priority.CANCEL
    closes = action is Action.TARGET and sizing is not None and not sizing.value
    closes = closes or action in {Action.EXIT, Action.FLATTEN, Action.MODIFY}
    return Priority.REDUCE if closes else Priority.ENTRY
