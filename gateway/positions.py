"""What each account holds, in signed units: the broker's snapshot plus our own fills since.

The broker's position messages lag behind executions, by up to seconds, and a minimal broker sends
none. So a message that contradicts the running total counts only once no fill is recent. Pure.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from alertwire.money import ZERO
from gateway.messages import Contract, PositionUpdate
from gateway.orders import is_due

QUIET_S: Final = 3.0
"""A position message is believed against our own count this long after the last fill."""


@dataclass(slots=True)
class Holding:
    """One position. `claim` is what the broker last said, where that differs from our count."""

    contract: Contract
    quantity: Decimal = ZERO
    average_cost: Decimal | None = None
    claim: Decimal | None = None
    filled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """The broker's word replaced our count."""

    account: str
    contract: Contract
    counted: Decimal
    told: Decimal


class Positions:
    """All holdings of all accounts."""

    def __init__(self) -> None:
        self._holdings: dict[tuple[str, int], Holding] = {}
        self._claimed: set[tuple[str, int]] = set()
        self._executed: dict[tuple[str, int], datetime] = {}
        """When the newest execution of each contract happened, by the broker's word."""
        self._unsure: dict[tuple[str, int], datetime] = {}
        """Until when the snapshot of this connection may lag an execution."""
        self._began_at: datetime | None = None

    @property
    def are_told(self) -> bool:
        """The broker's snapshot was taken since this process began."""
        return self._began_at is not None

    def quantity(self, account: str, contract_id: int) -> Decimal:
        """Signed units; negative is short."""
        holding = self._holdings.get((account, contract_id))
        return ZERO if holding is None else holding.quantity

    def average_cost(self, account: str, contract_id: int) -> Decimal | None:
        """Return what the broker says that a unit cost, its multiplier in it; None: not told."""
        holding = self._holdings.get((account, contract_id))
        return None if holding is None or not holding.quantity else holding.average_cost

    def contract(self, account: str, contract_id: int) -> Contract | None:
        """Return what is known of a contract that is held, or was over this connection."""
        holding = self._holdings.get((account, contract_id))
        return None if holding is None else holding.contract

    def holdings(self) -> list[tuple[str, Holding]]:
        """Every position that is not flat, with its account."""
        return [(key[0], held) for key, held in self._holdings.items() if held.quantity]

    def executed(self, account: str, contract_id: int, at: datetime, now: datetime) -> None:
        """Take in when an execution happened, told live or by a list, whether it is booked or not.

        One from before the connection that is told after it may be in the snapshot, or not.
        """
        key, at = (account, contract_id), min(at, now)
        self._executed[key] = max(at, self._executed.get(key, at))
        # A status may have told of the fill long before: what contradicts is distrusted from now.
        if (holding := self._holdings.get(key)) is not None and holding.filled_at is not None:
            holding.filled_at = max(holding.filled_at, at)
        if self._began_at is not None and at < self._began_at:
            self._doubt(key, now)

    def is_unsure(self, account: str, contract_id: int, now: datetime) -> bool:
        """True while the snapshot of this connection may lag an execution."""
        key = (account, contract_id)
        until = self._unsure.get(key)
        if until is not None and is_due(until, now, QUIET_S):
            del self._unsure[key]
        return key in self._unsure

    def _doubt(self, key: tuple[str, int], now: datetime) -> None:
        until = self._executed[key] + timedelta(seconds=QUIET_S)
        if now < until:
            self._unsure[key] = until

    def restart(self, snapshot: tuple[PositionUpdate, ...], now: datetime) -> None:
        """Take the broker's snapshot of a new connection as the truth.

        Where it contradicts our count and an execution is recent, a lag is as likely.
        """
        counted = {key: held.quantity for key, held in self._holdings.items()}
        self._claimed.clear()
        self._unsure.clear()
        self._began_at = now
        self._holdings = {
            (update.account, update.contract.contract_id): Holding(
                update.contract, update.quantity, update.average_cost
            )
            for update in snapshot
        }
        for key, at in self._executed.items():
            if counted.get(key, ZERO) != self.quantity(*key):
                self._doubt(key, now)
            elif (holding := self._holdings.get(key)) is not None:
                # Both agree: a message that does not may be from before the execution.
                holding.filled_at = at
        self._executed.clear()

    def inquired(self, snapshot: tuple[PositionUpdate, ...], now: datetime) -> list[Drift]:
        """Take a snapshot in between, which may lag our fills; what it does not list is flat."""
        listed = {(update.account, update.contract.contract_id) for update in snapshot}
        flat = [
            PositionUpdate(
                account=account,
                contract=held.contract,
                quantity=ZERO,
                average_cost=held.average_cost or ZERO,
            )
            for account, held in self.holdings()
            if (account, held.contract.contract_id) not in listed
        ]
        told = [self.told(update, now) for update in (*snapshot, *flat)]
        return [drift for drift in told if drift is not None]

    def fill(self, account: str, contract: Contract, signed: Decimal, now: datetime) -> None:
        """Count a fill of ours, or a correction of one."""
        key = (account, contract.contract_id)
        holding = self._holdings.get(key)
        if holding is None:
            holding = self._holdings[key] = Holding(contract)
        holding.quantity += signed
        holding.filled_at = now
        if holding.claim is not None and holding.claim == holding.quantity:
            holding.claim = None
            self._unsure.pop(key, None)

    def told(self, update: PositionUpdate, now: datetime) -> Drift | None:
        """Take a position message; return the drift where it replaced our count at once."""
        key = (update.account, update.contract.contract_id)
        holding = self._holdings.get(key)
        if holding is None:
            holding = self._holdings[key] = Holding(update.contract)
        holding.average_cost = update.average_cost
        holding.contract = update.contract
        if update.quantity == holding.quantity:
            holding.claim = None
            self._unsure.pop(key, None)
            return None
        # An unsure one stays so for its time: this message may lag no less than the snapshot.
        holding.claim = update.quantity
        self._claimed.add(key)
        return self._settle(key, now)

    def is_ahead(self, update: PositionUpdate, least: Decimal, most: Decimal) -> bool:
        """Tell whether fills that nobody told yet may be in a message.

        `least` and `most` are what orders that will fill may still change, in signed units.
        """
        change = update.quantity - self.quantity(update.account, update.contract.contract_id)
        return change != ZERO and least <= change <= most

    def hold(self, update: PositionUpdate, now: datetime) -> None:
        """Keep a message that may be ahead of a fill: believed, it would count that fill twice."""
        self.fill(update.account, update.contract, ZERO, now)
        key = (update.account, update.contract.contract_id)
        self.told(update, now)
        self._unsure[key] = now + timedelta(seconds=QUIET_S)

    def tick(self, now: datetime) -> list[Drift]:
        """Believe the claims whose contracts have been quiet long enough."""
        if not self._claimed:
            return []
        return [drift for key in list(self._claimed) if (drift := self._settle(key, now))]

    def _settle(self, key: tuple[str, int], now: datetime) -> Drift | None:
        holding = self._holdings[key]
        if holding.claim is None:
            self._claimed.discard(key)
            return None
        quiet = timedelta(seconds=QUIET_S)
        # Where the clock went back, a fill that is yet to come is long ago.
        if holding.filled_at and timedelta() <= now - holding.filled_at < quiet:
            return None
        drift = Drift(key[0], holding.contract, holding.quantity, holding.claim)
        holding.quantity, holding.claim = holding.claim, None
        self._claimed.discard(key)
        return drift
