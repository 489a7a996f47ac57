"""The contracts that were looked up today, for all who order in them or ask about them."""

from datetime import timedelta
from typing import Final

from alertwire.wire.alert import Instrument
from gateway.contracts import ContractKey, Qualified

LAST_DAYS: Final = 7
"""So many days back a contract is remembered for closes, over a weekend and its holidays."""


class Directory:
    """Keeps each contract for its day: fronts change, and terms name the hours of a few days."""

    def __init__(self) -> None:
        self._known: dict[ContractKey, Qualified] = {}

    def get(self, key: ContractKey) -> Qualified | None:
        return self._known.get(key)

    def last(self, instrument: Instrument) -> Qualified | None:
        """Return what it was when it was last looked up, on whatever day."""
        days = [key for key in self._known if key.instrument == instrument]
        return self._known[max(days, key=lambda key: key.day)] if days else None

    def keep(self, key: ContractKey, qualified: Qualified) -> None:
        """Use this contract for all further orders of the day, and for closes of days after it."""
        since = key.day - timedelta(days=LAST_DAYS)
        self._known = {
            known: one
            for known, one in self._known.items()
            if known.day >= since and (known.instrument != key.instrument or known.day > key.day)
        }
        self._known[key] = qualified
