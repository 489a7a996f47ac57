"""Flattens that an alert asks for over contracts: a strategy in every symbol, or a whole account.

Each is one command for every contract where something is held or works, named after the alert's
own, which is decided when all of them are. Before that only what it is about is written down of
the alert's own: where the process dies or the broker is lost, it comes again, what is known of it
is not ordered again, and what is left of what it was about is closed. A VOID stops what has not
been sent. Pure state of the desk.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from alertwire.wire.alert import Action, Scope
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Outcome
from gateway.closeout import Closeout, Reach, Spread
from gateway.dealer import Dealer
from gateway.events import Effects
from gateway.fitness import unfit
from gateway.records import CommandRecord
from gateway.register import Register

NOTHING: Final = "nothing is held and nothing works"
NO_STRATEGY: Final = "flatten with scope strategy needs a strategy, and the alert names none"
_WORST: Final = (Outcome.UNKNOWN, Outcome.REJECTED, Outcome.EXPIRED, Outcome.VOIDED)
"""What a flatten ends with, where any of its commands does: the first of these."""


class Flattens:
    """The flattens of alerts that are under way."""

    def __init__(self, register: Register, dealer: Dealer, closeout: Closeout) -> None:
        self._register, self._dealer, self._closeout = register, dealer, closeout
        self._under_way: dict[str, Spread] = {}

    def advance(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Begin a new command: one that reaches over contracts here, every other at the dealer."""
        if _is_wide(record.command) and not self._dealer.has_expired(record, now, effects):
            self._begin(record, now, effects)
        elif record.outcome is None:
            self._dealer.advance(record, now, effects)

    def _begin(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Send a command for each contract, but for those that are known from before."""
        command = record.command
        is_strategy = command.scope is Scope.STRATEGY
        reason = unfit(command) or (NO_STRATEGY if is_strategy and not command.strategy else "")
        if reason:
            self._register.decide(record, Outcome.REJECTED, reason, now, effects)
            return
        # By the fence it is found again, with its commands, when it comes again or is voided.
        self._register.raise_fence(command, effects)
        reach = Reach(account=record.account, strategy=command.strategy if is_strategy else "")
        names = [
            one.command.command_id
            for one in self._register.of_alert(command.alert_id)
            if one.command.command_id.startswith(f"{command.command_id}-")
        ]
        spread = self._closeout.spread(record, reach, now, effects)
        names = list(dict.fromkeys([*names, *spread.names]))
        self._under_way[command.command_id] = replace(spread, names=tuple(names))
        self.settle(now, effects)

    def settle(self, now: datetime, effects: Effects) -> None:
        """Decide the flattens whose commands are all decided."""
        for name, flatten in list(self._under_way.items()):
            record = self._register.undecided.get(name)
            if record is None:
                # It was voided, or goes back to come again.
                del self._under_way[name]
                continue
            parts = [self._register.find(part) for part in flatten.names]
            if any(part is not None and part.outcome is None for part in parts):
                continue
            del self._under_way[name]
            found = [part for part in parts if part is not None]
            if len(found) < len(parts):
                reason = "not all of it could be begun: it comes again"
                self._register.postpone(record, reason, effects)
                continue
            outcome, detail = _verdict(found, flatten)
            self._register.decide(record, outcome, detail, now, effects)


def _is_wide(command: OrderCommand) -> bool:
    """True for a flatten that reaches over contracts."""
    return command.action is Action.FLATTEN and command.scope in {Scope.STRATEGY, Scope.ACCOUNT}


def _verdict(parts: list[CommandRecord], flatten: Spread) -> tuple[Outcome, str]:
    ends = [part.outcome for part in parts]
    outcome = next((end for end in _WORST if end in ends), Outcome.ACCEPTED)
    if flatten.problems and outcome is Outcome.ACCEPTED:
        outcome = Outcome.REJECTED
    said = [_line(part) for part in parts]
    return outcome, "; ".join([*flatten.problems, *said, *flatten.remarks]) or NOTHING


def _line(part: CommandRecord) -> str:
    instrument = part.command.instrument
    name = (instrument.local_symbol or instrument.symbol) if instrument else ""
    is_bad = part.outcome is not None and part.outcome is not Outcome.ACCEPTED
    end = f"{part.outcome.name}: " if part.outcome and is_bad else ""
    return f"{name}: {end}{part.detail}"
