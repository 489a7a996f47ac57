"""The layout of a state: one `bytes`, a byte per small fact; and what a world is made of."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from tests.model.safeguards import ALL, Safeguards

State = bytes

# Journal of an alert, and ledger of its command: from UNKNOWN on they share the codes.
ABSENT: Final = 0
PROMISED: Final = 1  # answered 200, in the door's memory only
GONE: Final = 2  # answered 200, and nowhere
NEW: Final = 3
INFLIGHT: Final = 4
INTENT: Final = 1
UNKNOWN: Final = 5  # in the journal: PARKED
ACCEPTED: Final = 6
REJECTED: Final = 7
EXPIRED: Final = 8
VOIDED: Final = 9
RECEIVED: Final = 10  # closed because an executor has it
SHRUGGED: Final = 11  # closed although nobody knows

# What the dispatcher knows of an alert.
AWAY: Final = 0  # not in memory: not handed over yet, or ended
WAITING: Final = 1
WRITTEN: Final = 2  # its write-ahead is on disk, its delivery did not leave
SENT: Final = 3
VOIDING: Final = 4  # the gateway is asked to void it

# What the gateway has in hand of a command, besides its row.
IDLE: Final = 0
TAKEN: Final = 1  # in memory only: waits for its contract or its turn
PLACING: Final = 2  # no byte of its order has left
AGAIN: Final = 3  # as PLACING, but an earlier connection may have carried it
UNRECORDED: Final = 4  # its order has left, its row is not written

FIRST_ID: Final = 2  # order id 1 was acknowledged before the story begins
IDS_MAX: Final = 9
COMMANDS_MAX: Final = 8  # bits of a byte

NAMES: Final = {
    UNKNOWN: "UNKNOWN",
    ACCEPTED: "ACCEPTED",
    REJECTED: "REJECTED",
    EXPIRED: "EXPIRED",
    VOIDED: "VOIDED",
    RECEIVED: "RECEIVED",
    SHRUGGED: "UNKNOWN",
}
JOURNAL_NAMES: Final = NAMES | {
    ABSENT: "-",
    PROMISED: "promised",
    GONE: "gone",
    NEW: "NEW",
    INFLIGHT: "INFLIGHT",
    UNKNOWN: "PARKED",
}
LEDGER_NAMES: Final = NAMES | {ABSENT: "-", INTENT: "INTENT"}


class Step(NamedTuple):
    """One thing that happens, to which alert (-1: to none), and where it leads."""

    what: str
    alert: int
    after: State

    def __str__(self) -> str:
        return self.what if self.alert < 0 else f"{self.what} [{self.alert + 1}]"


@dataclass(frozen=True)
class World:
    """How many alerts on which keys, what goes wrong, and which safeguards work."""

    keys: tuple[int, ...]
    """The key of each alert, in the order in which the journal numbers them."""
    contents: tuple[int, ...] = ()
    """Alerts with the same content are one alert, posted again. Default: all differ."""
    accounts: int = 1
    """Each alert is one command, and one order, for each."""
    safeguards: Safeguards = ALL
    frees_id_late: bool = True
    """TWS takes a new connection only when it has consumed or lost the bytes of the old one."""
    refuses_used_ids: bool = False
    """TWS carries an order id out once (103 and 104, or it modifies the order that lives)."""
    lists_may_lack: bool = True
    """TWS may not list an order that it has."""
    ids_may_be_reset: bool = True
    """Somebody may reset the order ids in TWS: nextValidId begins at 1 again."""
    broker_may_refuse: bool = True
    """TWS may refuse an order, and tells it on that connection only."""
    executors_may_differ: bool = True
    """An executor with other settings may be unable to plan an alert, and asks to void it."""
    alerts_may_be_voided: bool = True
    """The dispatcher may give up on an alert that executors take in silence."""
    commits_may_be_doubtful: bool = True
    """The door may be told that a commit failed which was kept."""
    unseen_may_end: bool = True
    """What the broker never saw may end unsent at recovery: too old, voided, or refused."""
    rows_are_pruned: bool = False
    """The ledger forgets commands whose alert has ended in the journal."""
    siblings_may_pass: bool = True
    """The number at the fence itself passes: it may be another account's command of the alert."""


class Model:
    """A world and where each fact lies in its states."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys = world.keys
        n, keys = len(world.keys), max(world.keys) + 1
        self.accounts = world.accounts
        count = n * self.accounts
        if count > COMMANDS_MAX:
            raise ValueError(f"at most {COMMANDS_MAX} commands fit into a state, not {count}")
        self.alerts = range(n)
        self.commands = range(count)
        """Alert by alert, one for each account."""
        self.alert_of = [c // self.accounts for c in self.commands]
        self.contents = world.contents or tuple(range(n))
        self.lines = [[i for i in range(n) if world.keys[i] == key] for key in range(keys)]
        """The alerts of each key, in order."""
        self.seq = [self.lines[world.keys[i]].index(i) + 1 for i in range(n)]
        self.slots = count + 1
        self.size = 0
        # Durable: the journal.
        self.journal = self._place(n)
        # The dispatcher's memory.
        self.status = self._place(n)
        self.due = self._place(n)  # outcomes that its next commit writes
        self.head = self._place(keys)  # the alert that leads its key, + 1
        # The network.
        self.executes = self._place(1)  # deliveries in mode EXECUTE, a bit per alert
        self.voids = self._place(1)
        self.answers = self._place(count)  # what was told of each command, a bit per outcome
        # Durable: the ledger.
        self.ledger = self._place(count)
        self.order_id = self._place(count)
        self.fence = self._place(keys)  # 2 * number + whether it is void
        # The gateway's memory.
        self.hand = self._place(count)
        self.connected = self._place(1)
        self.refused = self._place(1)  # refusals told on this connection, a bit per command
        # The broker. Entries are 16 * order id + command.
        self.next_id = self._place(1)  # nextValidId
        self.spent = self._place(1)  # order ids that it refused, a bit each
        self.wire = self._place(self.slots)  # placed on this connection, not yet read by TWS
        self.late = self._place(self.slots)  # placed on connections that are gone
        self.book = self._place(self.slots)  # its orders as they came

    def _place(self, size: int) -> int:
        self.size += size
        return self.size - size

    def first(self) -> State:
        """Nothing was posted, everything runs, the gateway is not connected yet."""
        draft = bytearray(self.size)
        draft[self.next_id] = FIRST_ID
        return bytes(draft)

    def queue(self, state: State | bytearray, place: int) -> list[int]:
        """Return what the wire, the late bytes or the book hold."""
        return list(state[place : place + self.slots].rstrip(b"\0")) if state[place] else []

    def write_queue(self, draft: bytearray, place: int, entries: list[int]) -> None:
        draft[place : place + self.slots] = bytes(entries).ljust(self.slots, b"\0")

    def siblings(self, alert: int) -> range:
        """Return the commands of an alert."""
        return range(alert * self.accounts, (alert + 1) * self.accounts)

    def is_placed(self, state: State | bytearray, command: int) -> bool:
        """True if the broker has the order of a command."""
        return any(entry & 15 == command for entry in self.queue(state, self.book))

    def is_ordered(self, state: State | bytearray, alert: int) -> bool:
        """True if the broker has an order of an alert."""
        return any(self.alert_of[entry & 15] == alert for entry in self.queue(state, self.book))

    def show(self, state: State) -> str:
        """Say in a line what lasts in a state."""
        n = len(self.alerts)
        journal = " ".join(JOURNAL_NAMES[c] for c in state[self.journal : self.journal + n])
        count = len(self.commands)
        ledger = " ".join(LEDGER_NAMES[c] for c in state[self.ledger : self.ledger + count])
        book = " ".join(
            f"{self.alert_of[e & 15] + 1}(id {e >> 4})" for e in self.queue(state, self.book)
        )
        return f"journal: {journal} | ledger: {ledger} | orders: {book or '-'}"


def told(outcome: int) -> int:
    """Return the bit of an outcome in `answers`."""
    return 1 << (outcome - UNKNOWN)
