"""Which month of a continuous symbol a command is about: the one in front, or one that is held.

`ES1!` means another contract after the roll, and the position is still in the one before. What
closes or changes that position is about its month. Pure state of the desk.
"""

from datetime import datetime
from typing import Final

from alertwire.wire.alert import Action
from gateway.book import Book
from gateway.contracts import Qualified, contract_key
from gateway.directory import Directory
from gateway.records import CommandRecord, OrderRecord
from gateway.scales import Scales
from gateway.sizing import Refused

MONTH_BEHIND: Final = "held_in_another_month"
"""Alarm: an order by a continuous symbol was refused, for an older month of it is held."""


class Months:
    """Finds the month that a command is about."""

    def __init__(self, book: Book, scales: Scales, directory: Directory) -> None:
        self._book, self._scales, self._directory = book, scales, directory

    def find(self, record: CommandRecord, now: datetime) -> Qualified | Refused | None:
        """Return the contract that a command is about; None: the broker must be asked."""
        instrument = record.command.instrument
        if instrument is None:
            return None
        found = self._directory.get(contract_key(instrument, now.date()))
        if found is None and record.takes_last_contract:
            found = self._directory.last(instrument)
        if found is None or record.command.action is Action.CANCEL:
            return found
        return self._of(record, found, now)

    def _of(self, record: CommandRecord, front: Qualified, now: datetime) -> Qualified | Refused:
        """Return the month which is held or worked through the symbol, else the one in front.

        Refused where nobody can tell which of several is meant.
        """
        instrument = record.command.instrument
        if instrument is None or not front.months:
            return front
        name = instrument.source_symbol or instrument.symbol
        there, doubtful = [], []
        for month in (front, *front.months):
            is_through = self._is_through(record, month, front, now)
            if is_through is None:
                doubtful.append(month)
            elif is_through:
                there.append(month)
        if doubtful:
            return _refused(
                name, doubtful, "may be held through it, or through another number of its root"
            )
        if len(there) > 1:
            own = [one for one in there if self._scales.own(record, one.contract.contract_id)]
            there = own or there
        if len(there) > 1:
            return _refused(name, there, "are both held through it")
        return there[0] if there else front

    def _is_through(
        self, record: CommandRecord, month: Qualified, front: Qualified, now: datetime
    ) -> bool | None:
        """Tell whether something of a month is there through the symbol; None: nobody knows.

        What the strategy or account holds of a month before the front is held through the first
        number of its root, for that was there before. Of other numbers and months only the orders
        in memory tell; those that opened what strategies hold are there from the start.
        """
        depth = record.command.instrument.continuous_depth if record.command.instrument else 0
        contract_id = month.contract.contract_id
        live = self._scales.live(record, contract_id)
        if any(not o.is_leg and not o.is_absent and _depth(o) == depth for o in live):
            return True
        is_told = not self._scales.is_unsure(record, contract_id, now)
        if is_told and not self._scales.position(record, contract_id):
            return False
        is_earlier = month.contract.expiry < front.contract.expiry
        if depth == 1 and is_earlier:
            return True
        known = [
            order
            for order in self._book.orders.values()
            if (order.account, order.contract_id) == (record.account, contract_id)
            and order.filled
            and not order.is_leg
        ]
        if any(_depth(order) == depth for order in known):
            return True
        if known or not is_earlier:
            return month is front and not known
        return None


def _depth(order: OrderRecord) -> int:
    return order.instrument.continuous_depth


def _refused(name: str, months: list[Qualified], why: str) -> Refused:
    names = " and ".join(month.contract.local_symbol for month in months)
    return Refused(
        f"{name}: {names} {why}; close them by their own names first, in a new alert or in TWS",
        MONTH_BEHIND,
    )
