"""What each strategy holds: the sum of its own fills, per account and contract.

Trades by hand and of other programs are nobody's: where the account holds something else than its
strategies together, that is drift. It is told, and no strategy takes it over. Pure state of the
desk; the ledger keeps it with the fills.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from alertwire.journal.holdings import place
from alertwire.money import ZERO
from alertwire.wire.control import StrategyHolding
from gateway.events import Effects
from gateway.figures import figure
from gateway.positions import Positions
from gateway.records import OrderRecord
from gateway.rules import Rules


@dataclass(frozen=True, slots=True)
class StrategyDrift:
    """An account holds something else than the strategies that trade it say."""

    account: str
    contract_id: int
    symbol: str
    counted: Decimal
    held: Decimal

    @property
    def words(self) -> str:
        return (
            f"strategies hold {figure(self.counted)} {self.symbol} in {self.account} by their "
            f"fills, the account holds {figure(self.held)}: was it traded by hand or by another "
            "program?"
        )


class Holdings:
    """All strategies' positions."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._held: dict[tuple[str, int], dict[str, StrategyHolding]] = defaultdict(dict)

    @property
    def matter(self) -> bool:
        """True where orders are sized by what strategies hold."""
        return self._rules.has_strategy_scope

    def adopt(self, holdings: Iterable[StrategyHolding]) -> None:
        """Take what the ledger kept."""
        for holding in holdings:
            self._held[holding.account, holding.contract_id][holding.strategy] = holding

    def fill(self, order: OrderRecord, change: Decimal, effects: Effects) -> None:
        """Count what a fill of a strategy's order, or a correction of one, changed.

        What a person closed, under no strategy's name, is closed for the strategies that held it:
        none of them may close it once more.
        """
        strategies = self._held.get((order.account, order.contract_id), {})
        if not order.strategy:
            for held in list(strategies.values()):
                if held.strategy and held.quantity * change < 0:
                    part = min(abs(held.quantity), abs(change)) * (1 if change > 0 else -1)
                    self._keep(replace(held, quantity=held.quantity + part), effects)
                    change -= part
        if not change:
            return
        old = strategies.get(order.strategy) or StrategyHolding(
            account=order.account,
            strategy=order.strategy,
            contract_id=order.contract_id,
            symbol=order.symbol,
            local_symbol=order.local_symbol,
            quantity=ZERO,
        )
        self._keep(replace(old, quantity=old.quantity + change), effects)

    def _keep(self, new: StrategyHolding, effects: Effects) -> None:
        effects.holdings[place(new)] = new
        strategies = self._held[new.account, new.contract_id]
        strategies[new.strategy] = new
        if not new.quantity:
            del strategies[new.strategy]
            if not strategies:
                del self._held[new.account, new.contract_id]

    def all(self) -> tuple[StrategyHolding, ...]:
        """Return everything that is not flat."""
        return tuple(one for strategies in self._held.values() for one in strategies.values())

    def quantity(self, account: str, strategy: str, contract_id: int) -> Decimal:
        """Signed units that the strategy holds by its fills."""
        found = self._held.get((account, contract_id), {}).get(strategy)
        return ZERO if found is None else found.quantity

    def closable(self, account: str, strategy: str, contract_id: int, held: Decimal) -> Decimal:
        """Return the strategy's position as far as the account's, `held`, can explain it.

        What was sold by hand cannot be sold again: that would open the other side. What other
        strategies hold on the other side is no reason not to close: it is theirs.
        """
        own = self.quantity(account, strategy, contract_id)
        if not own:
            return ZERO
        sign = 1 if own > 0 else -1
        others = self._held.get((account, contract_id), {})
        against = sum((abs(o.quantity) for o in others.values() if o.quantity * sign < 0), ZERO)
        return sign * min(abs(own), max(sign * held + against, ZERO))

    def drifts(self, positions: Positions) -> list[StrategyDrift]:
        """Compare what strategies hold with what their accounts hold."""
        found = []
        for (account, contract_id), strategies in self._held.items():
            counted = sum((one.quantity for one in strategies.values()), ZERO)
            held = positions.quantity(account, contract_id)
            if counted != held:
                one = next(iter(strategies.values()))
                symbol = one.local_symbol or one.symbol
                found.append(StrategyDrift(account, contract_id, symbol, counted, held))
        return found
