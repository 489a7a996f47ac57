"""The contracts that were looked up today, for all who order in them or ask about them."""

from gateway.contracts import ContractKey, Qualified


class Directory:
    """Keeps each contract for its day: fronts change, and terms name the hours of a few days."""

    def __init__(self) -> None:
        self._known: dict[ContractKey, Qualified] = {}

    def get(self, key: ContractKey) -> Qualified | None:
        return self._known.get(key)

    def keep(self, key: ContractKey, qualified: Qualified) -> None:
        """Use this contract for all further orders of the day; those of days before go."""
        self._known = {k: v for k, v in self._known.items() if k.day >= key.day}
        self._known[key] = qualified
