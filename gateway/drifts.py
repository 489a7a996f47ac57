"""Where the broker's word and ours on what is held differ. Pure state of the desk."""

from datetime import datetime

from gateway.events import Effects
from gateway.holdings import Holdings, StrategyDrift
from gateway.positions import Drift, Positions


class Drifts:
    """Holds what strategies hold against what their accounts do."""

    def __init__(self, positions: Positions, holdings: Holdings) -> None:
        self._positions, self._holdings = positions, holdings
        self._told: set[StrategyDrift] = set()
        self._is_partial = False
        """Some of them were not compared: the snapshot may have lagged a fill."""

    def compare(self, now: datetime, effects: Effects) -> list[StrategyDrift]:
        """Return the drifts of strategies; each is told once."""
        found = self._holdings.drifts(self._positions)
        # The snapshot of a new connection may lag a fill that is counted.
        drifts = [
            drift
            for drift in found
            if not self._positions.is_unsure(drift.account, drift.contract_id, now)
        ]
        self._is_partial = len(drifts) < len(found)
        effects.drifts = len(drifts)
        for drift in drifts:
            if drift not in self._told:
                tell = effects.alarm if self._holdings.matter else effects.note
                tell("strategy_position_drifted", account=drift.account, detail=drift.words)
        self._told = set(drifts)
        return drifts

    def tick(self, now: datetime, effects: Effects) -> None:
        """Compare what could not be compared before."""
        if self._is_partial:
            self.compare(now, effects)


def note_drift(drift: Drift, effects: Effects) -> None:
    """Say that the broker's word replaced our count."""
    effects.note(
        "position_drifted",
        account=drift.account,
        symbol=drift.contract.local_symbol or drift.contract.symbol,
        counted=f"{drift.counted:f}",
        told=f"{drift.told:f}",
    )
