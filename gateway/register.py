"""The register of commands: which are known, voided, fenced, busy or decided, and who waits.

Pure state of the desk. The rules are "Gateway" 1 and 2 of docs/adr/0004-gateway.md.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Outcome, Stage, Trace
from gateway.entries import Entries
from gateway.events import CommandReceived, Effects
from gateway.records import CommandRecord, Fence
from gateway.tickets import is_printable

DECIDED_MAX: Final = 20_000
"""Decided commands kept in memory; older ones are read from the ledger."""
FENCES_MAX: Final = 20_000
WAITING_MAX: Final = 5_000
"""Undecided commands at one time; more are sent back for later."""
OTHERS_VOIDED: Final = "any account of the alert without a command here was voided"
_TELLING: Final = (
    Outcome.UNKNOWN,
    Outcome.ACCEPTED,
    Outcome.REJECTED,
    Outcome.EXPIRED,
    Outcome.VOIDED,
)
"""What a VOID is answered with where an alert's commands ended differently: the first of these."""
LENGTHS_MAX: Final = {
    "command_id": 40,
    "alert_id": 26,
    "stream_id": 36,
    "account": 32,
    "strategy": 64,
}


class Register:
    """All commands in hand, and the fences."""

    def __init__(self) -> None:
        self.undecided: dict[str, CommandRecord] = {}
        self.unknown: dict[str, CommandRecord] = {}
        self.entries = Entries()
        self._decided: OrderedDict[str, CommandRecord] = OrderedDict()
        self._fences: OrderedDict[tuple[str, str], Fence] = OrderedDict()
        self._busy: dict[tuple[str, str, str], str] = {}
        self._by_alert: dict[str, list[str]] = {}
        self._voids: dict[str, list[bytes]] = {}
        self._handed_back: OrderedDict[str, set[str]] = OrderedDict()
        """Commands by alert that were told to come again later."""

    def find(self, command_id: str) -> CommandRecord | None:
        return (
            self.undecided.get(command_id)
            or self._decided.get(command_id)
            or self.unknown.get(command_id)
        )

    def of_alert(self, alert_id: str) -> list[CommandRecord]:
        """Return the commands of an alert that are in memory."""
        found = (self.find(name) for name in self._by_alert.get(alert_id, ()))
        return [record for record in found if record is not None]

    def fence(self, stream_id: str, key: str) -> Fence | None:
        """Return the fence where it is in memory."""
        return self._fences.get((stream_id, key))

    def adopt(self, record: CommandRecord) -> None:
        """Take a command from the ledger into memory."""
        command = record.command
        if self.find(command.command_id):
            return
        self._by_alert.setdefault(command.alert_id, []).append(command.command_id)
        if record.outcome is None:
            self.undecided[command.command_id] = record
            self._busy[_line(record)] = command.command_id
        elif record.outcome is Outcome.UNKNOWN:
            self.unknown[command.command_id] = record
        else:
            self._remember(record)

    def adopt_fences(self, fences: Mapping[tuple[str, str], Fence]) -> None:
        """Take fences from the ledger into memory."""
        self._fences.update(fences)

    def learn(self, event: CommandReceived) -> None:
        """Take what the ledger said about a command into memory."""
        place = (event.command.stream_id, event.command.key)
        if event.fence is not None and place not in self._fences:
            self._fences[place] = event.fence
        for record in event.recorded:
            self.adopt(record)

    def answer_known(self, event: CommandReceived, effects: Effects) -> bool:
        """Answer a command that was seen before, now or when it is decided."""
        command = event.command
        known = self.find(command.command_id)
        if known is not None and known.command.account != command.account:
            self._contradict(known, command, event.reply_to, effects)
            return True
        return self.recall(command.command_id, event.reply_to, effects)

    def _contradict(
        self, known: CommandRecord, command: OrderCommand, reply_to: bytes, effects: Effects
    ) -> None:
        """Answer a known command's id that comes with another account: neither has its end."""
        detail = (
            f"{command.command_id} was taken for account {known.command.account or 'the only one'}"
            f" and comes again for {command.account or 'the only one'}: was its route changed?"
        )
        effects.alarm(
            "command_account_changed",
            alert_id=command.alert_id,
            command_id=command.command_id,
            account=known.account,
            detail=detail,
        )
        answer = CommandReply(
            command_id=command.command_id,
            decided=True,
            outcome=Outcome.UNKNOWN,
            detail=detail,
            account=command.account,
            trace=command.trace,
        )
        effects.replies.append((reply_to, answer))

    def recall(self, command_id: str, reply_to: bytes, effects: Effects) -> bool:
        """Answer a known command by its id alone, now or when it is decided."""
        record = self.find(command_id)
        if record is None:
            return False
        if record.outcome is None:
            if reply_to not in record.reply_to:
                record.reply_to.append(reply_to)
        else:
            effects.replies.append((reply_to, reply(record)))
        return True

    def objection(self, command: OrderCommand) -> str:
        """Say why the fence lets a new command not through; empty: it may pass."""
        fence = self.fence(command.stream_id, command.key)
        if fence is None or command.seq > fence.seq:
            return ""
        if command.seq == fence.seq and not fence.is_void:
            # Another account of the same alert.
            return ""
        if command.seq == fence.seq:
            return "the alert was voided before this command arrived"
        return f"a later alert of its key was taken first (number {fence.seq})"

    def is_latest(self, command: OrderCommand) -> bool:
        """True if no later alert of the command's key was taken."""
        fence = self.fence(command.stream_id, command.key)
        return fence is None or command.seq >= fence.seq

    def take(self, record: CommandRecord) -> str:
        """Let a new command in; else say why it has to come again later."""
        if len(self.undecided) >= WAITING_MAX:
            return f"{WAITING_MAX} commands are in hand already"
        if holder := self._busy.get(_line(record)):
            return f"{holder} is still open on the same key and account"
        command = record.command
        self._busy[_line(record)] = command.command_id
        self.undecided[command.command_id] = record
        self._by_alert.setdefault(command.alert_id, []).append(command.command_id)
        return ""

    def intend(self, record: CommandRecord, now: datetime, effects: Effects) -> None:
        """Write the command down before anything of it is sent."""
        record.stamp(Stage.INTENDED, now)
        effects.commands[record.command.command_id] = record
        self.raise_fence(record.command, effects)

    def decide(
        self,
        record: CommandRecord,
        outcome: Outcome,
        detail: str,
        now: datetime,
        effects: Effects,
    ) -> None:
        """End a command, or say better what became of an UNKNOWN one, and answer who waits."""
        command = record.command
        record.outcome = outcome
        record.detail = detail
        record.decided_at = now
        record.deadline = None
        effects.commands[command.command_id] = record
        if not record.is_kept:
            # One that is kept raised its fence when it was written; the key may be past it.
            self.raise_fence(command, effects)
        self._let_go(record)
        if outcome is Outcome.UNKNOWN:
            self.unknown[command.command_id] = record
        else:
            self._remember(record)
        self.entries.learn(record)
        effects.decided.append(record)
        answer = reply(record)
        effects.replies += [(waiting, answer) for waiting in record.reply_to]
        record.reply_to.clear()
        names = {"alert_id": command.alert_id, "command_id": command.command_id}
        if outcome is Outcome.UNKNOWN:
            effects.alarm("command_unknown", **names, detail=detail)
        elif outcome is not Outcome.ACCEPTED:
            effects.note("command_refused", **names, outcome=outcome.name, detail=detail)
        self._answer_void(command.alert_id, effects)

    def postpone(self, record: CommandRecord, reason: str, effects: Effects) -> None:
        """Forget a command of which nothing was written; it will come again."""
        command = record.command
        self._let_go(record)
        self._forget(record)
        self._handed_back.setdefault(command.alert_id, set()).add(command.command_id)
        if len(self._handed_back) > DECIDED_MAX:
            self._handed_back.popitem(last=False)
        answer = CommandReply(
            command_id=command.command_id,
            decided=False,
            detail=reason,
            account=record.account,
            trace=record.trace,
        )
        effects.replies += [(waiting, answer) for waiting in record.reply_to]

    def void(self, event: CommandReceived, now: datetime, effects: Effects) -> list[CommandRecord]:
        """Make sure that an alert is never carried out, unless it already was.

        Returns the commands that were stopped on their way.
        """
        command = event.command
        stopped = []
        for command_id in list(self._by_alert.get(command.alert_id, ())):
            record = self.undecided.get(command_id)
            # Nothing of it is in the ledger: nothing of it was sent.
            if record and not record.is_kept and command_id not in effects.commands:
                self.decide(record, Outcome.VOIDED, "voided on its way", now, effects)
                stopped.append(record)
        if self.is_latest(command):
            self._set_fence(command, Fence(command.seq, is_void=True), effects)
            if command.instrument is not None and not self._by_alert.get(command.alert_id):
                self._keep_void(command, now, effects)
            self.entries.learn_void(command, now)
        waiting = self._voids.setdefault(command.alert_id, [])
        if event.reply_to not in waiting:
            waiting.append(event.reply_to)
        self._answer_void(command.alert_id, effects)
        return stopped

    def _keep_void(self, command: OrderCommand, now: datetime, effects: Effects) -> None:
        """Write an entry down that was voided before it came: its close is bounded for good."""
        detail = "voided before it came"
        record = CommandRecord(
            command, command.account, now, command.trace, Outcome.VOIDED, detail, now
        )
        effects.commands[command.command_id] = record
        self._by_alert[command.alert_id] = [command.command_id]
        self._remember(record)

    def _answer_void(self, alert_id: str, effects: Effects) -> None:
        waiting = self._voids.get(alert_id)
        if not waiting:
            return
        records = [
            record for name in self._by_alert.get(alert_id, ()) if (record := self.find(name))
        ]
        if any(record.outcome is None for record in records):
            return
        ends = [record.outcome for record in records]
        outcome = next((end for end in _TELLING if end in ends), Outcome.VOIDED)
        detail = next((r.detail for r in records if r.outcome is outcome), "nothing was ordered")
        if outcome is not Outcome.VOIDED:
            # How many accounts an alert names, only its sender knows.
            detail = f"{detail}; {OTHERS_VOIDED}" if detail else OTHERS_VOIDED
        if missing := self._missing(alert_id, records):
            effects.alarm("alert_partly_voided", alert_id=alert_id, detail=missing)
        answer = CommandReply(command_id=alert_id, decided=True, outcome=outcome, detail=detail)
        effects.replies += [(address, answer) for address in waiting]
        del self._voids[alert_id]

    def _missing(self, alert_id: str, records: list[CommandRecord]) -> str:
        """Say which commands of a voided alert were not carried out beside others that were."""
        done = [r for r in records if r.outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}]
        if not done:
            return ""
        numbers = [int(number) for r in records if (number := _number(r)).isdigit()]
        gaps = set(range(1, max(numbers, default=0) + 1)).difference(numbers)
        missing = {f"{alert_id}-{number}" for number in gaps}
        missing |= {_name(r) for r in records if r.outcome is Outcome.VOIDED}
        missing |= self._handed_back.pop(alert_id, set()).difference(_name(r) for r in records)
        if not missing:
            return ""
        kept = ", ".join(sorted(f"{_name(r)} on {r.account} is {_end(r)}" for r in done))
        return f"{kept}; never carried out: {', '.join(sorted(missing))}"

    def raise_fence(self, command: OrderCommand, effects: Effects) -> None:
        """Write down that a command of its key was taken."""
        fence = self.fence(command.stream_id, command.key)
        if fence is None or command.seq > fence.seq:
            self._set_fence(command, Fence(command.seq), effects)

    def _set_fence(self, command: OrderCommand, fence: Fence, effects: Effects) -> None:
        place = (command.stream_id, command.key)
        self._fences[place] = fence
        self._fences.move_to_end(place)
        effects.fences[place] = fence
        if len(self._fences) > FENCES_MAX:
            oldest, kept = self._fences.popitem(last=False)
            if any(line[:2] == oldest for line in self._busy):
                # A command in hand will be held against it.
                self._fences[oldest] = kept

    def _let_go(self, record: CommandRecord) -> None:
        command_id = record.command.command_id
        self.undecided.pop(command_id, None)
        self.unknown.pop(command_id, None)
        if self._busy.get(_line(record)) == command_id:
            del self._busy[_line(record)]

    def _remember(self, record: CommandRecord) -> None:
        self._decided[record.command.command_id] = record
        if len(self._decided) > DECIDED_MAX:
            _, oldest = self._decided.popitem(last=False)
            self._forget(oldest)

    def _forget(self, record: CommandRecord) -> None:
        names = self._by_alert.get(record.command.alert_id, [])
        if record.command.command_id in names:
            names.remove(record.command.command_id)
        if not names:
            self._by_alert.pop(record.command.alert_id, None)


def unreadable(command: OrderCommand) -> str:
    """Say which name in a command cannot be kept or sent; empty: all can."""
    for name, most in LENGTHS_MAX.items():
        text = getattr(command, name)
        if len(text) > most or not is_printable(text):
            return f"{name} must be at most {most} printable ASCII characters"
    return ""


def reply(record: CommandRecord) -> CommandReply:
    """Write the answer to a decided command, the same each time."""
    return CommandReply(
        command_id=record.command.command_id,
        decided=True,
        outcome=record.outcome,
        detail=record.detail,
        account=record.account,
        trace=record.trace,
    )


def undecided(command: OrderCommand, reason: str, trace: Trace) -> CommandReply:
    return CommandReply(command_id=command.command_id, decided=False, detail=reason, trace=trace)


def _name(record: CommandRecord) -> str:
    return record.command.command_id


def _number(record: CommandRecord) -> str:
    """Return the number of a command within its alert, as text; what is made of it has the same."""
    own = record.command.command_id.removeprefix(f"{record.command.alert_id}-")
    return own.partition("-")[0]


def _end(record: CommandRecord) -> str:
    return "open" if record.outcome is None else record.outcome.name


def _line(record: CommandRecord) -> tuple[str, str, str]:
    """Name what one command at a time may be open on."""
    return (record.command.stream_id, record.command.key, record.account)
