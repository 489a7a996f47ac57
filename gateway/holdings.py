"""What each strategy holds: the sum of its own fills, per account and contract.

What an order that is about the account's position closes of other strategies is closed for them:
none of them may close it once more. Trades by hand and of other programs are nobody's: where the
account holds something else than its strategies together, that is drift. It is told, and no
strategy takes it over. Pure state of the desk; the ledger keeps it with the fills.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from alertwire.journal.holdings import place
from alertwire.money import ZERO
from alertwire.wire.alert import Action
from alertwire.wire.control import StrategyHolding
from gateway.events import Effects
from gateway.figures import figure
from gateway.positions import Positions
from gateway.records import OrderRecord
from gateway.rules import Rules
from gateway.tally import CLOSES

TAKEN: Final = "strategy_position_taken"
"""Event: an order about the account's position closed what other strategies held."""
BY_POSITION: Final = CLOSES | {Action.TARGET, Action.REVERSE}
"""Actions whose size follows from a position."""


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
        self._early: list[tuple[OrderRecord, Decimal]] = []
        """Fills that were told before anybody knew what the account holds, oldest first."""

    @property
    def matter(self) -> bool:
        """True where orders are sized by what strategies hold."""
        return self._rules.has_strategy_scope

    def adopt(self, holdings: Iterable[StrategyHolding]) -> None:
        """Take what the ledger kept."""
        for holding in holdings:
            self._held[holding.account, holding.contract_id][holding.strategy] = holding

    def is_wide(self, order: OrderRecord) -> bool:
        """True for an order that was sized by the account's position, whoever holds it."""
        is_sized = order.action in BY_POSITION and not order.is_leg
        return not order.strategy or (is_sized and not self._rules.is_own(order))

    def begin(self, positions: Positions, now: datetime, effects: Effects) -> None:
        """Count the fills that were told before the first snapshot, which holds them.

        Where it may lag them, what the strategies held by the ledger says what was there.
        """
        early, self._early = self._early, []
        later: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        for order, change in early:
            later[order.account, order.contract_id] += change
        for order, change in early:
            where = (order.account, order.contract_id)
            later[where] -= change
            held = positions.quantity(*where) - later[where]
            if positions.is_unsure(*where, now):
                held = sum(self._of(*where).values(), change)
            self.fill(order, change, held, effects)

    def fill(
        self, order: OrderRecord, change: Decimal, held: Decimal | None, effects: Effects
    ) -> None:
        """Count what a fill of an order, or a correction of one, changed.

        `held` is what the account holds after it; None: not known yet, and `begin` counts it.
        """
        if held is None:
            self._early.append((order, change))
            return
        where = (order.account, order.contract_id)
        before = self._of(*where)
        if self.is_wide(order) and change * order.signed > 0:
            after = spread(before, order.strategy, change, held)
        else:
            after = {**before, order.strategy: before.get(order.strategy, ZERO) + change}
        if order.strategy not in before:
            self._held[where][order.strategy] = StrategyHolding(
                account=order.account,
                strategy=order.strategy,
                contract_id=order.contract_id,
                symbol=order.symbol,
                local_symbol=order.local_symbol,
                quantity=ZERO,
            )
        self._set(*where, order.strategy, after, effects)

    def set_off(self, account: str, contract_id: int, effects: Effects) -> None:
        """Take what strategies hold against each other as closed: their account was made flat.

        Else the close of one of them would open what the other one held against it.
        """
        self._set(
            account, contract_id, "", dict.fromkeys(self._of(account, contract_id), ZERO), effects
        )

    def _of(self, account: str, contract_id: int) -> dict[str, Decimal]:
        held = self._held.get((account, contract_id), {})
        return {strategy: holding.quantity for strategy, holding in held.items()}

    def _set(
        self,
        account: str,
        contract_id: int,
        strategy: str,
        after: dict[str, Decimal],
        effects: Effects,
    ) -> None:
        """Keep what strategies hold now, and say what `strategy` took from others."""
        taken = []
        for old in list(self._held.get((account, contract_id), {}).values()):
            quantity = after.get(old.strategy, ZERO)
            if quantity != old.quantity or not quantity:
                self._keep(replace(old, quantity=quantity), effects)
            if quantity != old.quantity and old.strategy not in {strategy, ""}:
                told = figure(old.quantity)
                taken.append(f"{old.strategy} held {told} {old.symbol}, holds {figure(quantity)}")
        if taken and self.matter:
            effects.note(TAKEN, account=account, strategy=strategy, detail="; ".join(taken))

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

    def closable(
        self,
        account: str,
        strategy: str,
        contract_id: int,
        held: Decimal,
        coming: Iterable[OrderRecord] = (),
    ) -> Decimal:
        """Return the strategy's position as far as the account's, `held`, can explain it.

        Orders that are `coming`, about the account's position, have filled then.

        What was sold by hand cannot be sold again: that would open the other side. What other
        strategies hold on the other side is no reason not to close: it is theirs.
        """
        units = self._of(account, contract_id)
        for order in coming:
            change = order.signed * order.remaining
            held += change
            units = spread(units, order.strategy, change, held)
        own = units.get(strategy, ZERO)
        if not own:
            return ZERO
        sign = 1 if own > 0 else -1
        against = sum((abs(one) for one in units.values() if one * sign < 0), ZERO)
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


def spread(
    before: Mapping[str, Decimal], strategy: str, change: Decimal, held: Decimal
) -> dict[str, Decimal]:
    """Share a fill of an order about the account's position out among those who hold it.

    `held` is what the account holds after it. What makes the position larger is the strategy's.
    What makes it smaller is taken from the strategy first, then from others, and what nobody holds
    was somebody's by hand. Where nothing is left or the account turns round, nobody holds anything
    but the strategy what is there.
    """
    after = dict(before)
    was = held - change
    if held * change > 0 and was * change > 0:
        after[strategy] = after.get(strategy, ZERO) + change
        return after
    if not held or held * change > 0:
        return {strategy: held}
    left = abs(change)
    for name in sorted(after, key=lambda name: name != strategy):
        if after[name] * change < 0:
            part = min(abs(after[name]), left)
            after[name] += part if change > 0 else -part
            left -= part
    return after
