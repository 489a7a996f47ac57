"""What one currency costs in another by the market, where the account's ledger tells no rate.

TWS tells the rates of those currencies alone in which an account holds something (TWS API: "Account
Summary", `$LEDGER:ALL`). For another one the pair is looked up at IDEALPRO, which trades each pair
in one direction only, and a snapshot of it is taken. Where there is no pair, it goes over the
dollar. The side of the book is the one that gives less money. Pure state.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from alertwire.money import ONE
from alertwire.wire.alert import Instrument, SecurityType
from alertwire.wire.report import Side
from gateway import contracts
from gateway.contracts import Qualified
from gateway.events import QueryContract, QueryQuote, Request
from gateway.figures import figure
from gateway.messages import Contract, ContractQueryFailed, ContractsFound
from gateway.quotes import QuoteOf, Quotes, shown
from gateway.sizing import Refused

PAIR_AGAIN_S: Final = 600.0
"""A pair that the broker does not know is looked up again after so long."""
ANSWER_AGAIN_S: Final = 5.0
"""And one about which it gave no answer."""
PAIRS_MAX: Final = 500
"""Pairs that are remembered, known or not."""
HUB: Final = "USD"
"""Every currency that IB changes has a pair with it."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency is worth in another: `up` / `down`. `source` tells from where."""

    up: Decimal = ONE
    down: Decimal = ONE
    source: str = ""

    def of(self, amount: Decimal) -> Decimal:
        """Change an amount."""
        return amount * self.up / self.down


@dataclass(frozen=True, slots=True)
class Pair:
    """Asks for the contract in which a unit of `base` is bought for `quote`."""

    base: str
    quote: str

    @property
    def instrument(self) -> Instrument:
        return Instrument(security_type=SecurityType.FOREX, symbol=self.base, currency=self.quote)

    def __str__(self) -> str:
        return f"{self.base}.{self.quote}"


@dataclass(frozen=True, slots=True)
class _Missing:
    reason: str
    until: datetime
    is_final: bool = True


_Leg = tuple[Pair, Contract]
"""A change from the pair's first currency, and the contract of it in the one or other direction."""


class Rates:
    """The pairs that were looked up over this connection."""

    def __init__(self) -> None:
        self._pairs: dict[Pair, Contract | _Missing] = {}

    def forget(self) -> None:
        """The connection is gone."""
        self._pairs.clear()

    def found(self, pair: Pair, message: ContractsFound, now: datetime) -> None:
        verdict = contracts.choose(pair.instrument, message.candidates, now.date())
        if isinstance(verdict, Qualified):
            self._keep(pair, verdict.contract)
        else:
            self._keep(pair, _Missing(verdict.reason, now + timedelta(seconds=PAIR_AGAIN_S)))

    def not_found(self, pair: Pair, message: ContractQueryFailed, now: datetime) -> None:
        wait_s = PAIR_AGAIN_S if message.is_final else ANSWER_AGAIN_S
        until = now + timedelta(seconds=wait_s)
        self._keep(pair, _Missing(message.reason, until, message.is_final))

    def needs(
        self, of: str, to: str, quotes: Quotes, now: datetime
    ) -> list[tuple[object, Request]]:
        """Return what must be asked before `rate` knows more, each with its key."""
        way = self._way(of, to, now)
        if isinstance(way, Refused):
            return []
        if isinstance(way, Pair):
            query = contracts.query(way.instrument)
            return [] if isinstance(query, Refused) else [(way, QueryContract(way, query))]
        return [
            (QuoteOf(contract.contract_id), QueryQuote(contract))
            for _, contract in way
            if quotes.find(contract.contract_id, now) is None
        ]

    def rate(self, of: str, to: str, quotes: Quotes, now: datetime) -> Rate | Refused:
        """Return what one unit of currency `of` brings in currency `to` at the market."""
        way = self._way(of, to, now)
        if isinstance(way, Refused):
            return way
        if isinstance(way, Pair):
            return Refused(f"{way} was not looked up")
        rates = [_at_market(leg, quotes, now) for leg in way]
        rate = Rate()
        for one in rates:
            if isinstance(one, Refused):
                return one
            said = " and ".join(filter(None, (rate.source, one.source)))
            rate = Rate(rate.up * one.up, rate.down * one.down, said)
        return rate

    def _way(self, of: str, to: str, now: datetime) -> list[_Leg] | Pair | Refused:
        """Return the changes that lead from one currency to the other, or what to look up first."""
        direct = self._find(of, to, now)
        if not isinstance(direct, Refused):
            return direct if isinstance(direct, Pair) else [direct]
        if HUB in {of, to}:
            return direct
        legs = []
        for pair in (Pair(of, HUB), Pair(HUB, to)):
            found = self._find(pair.base, pair.quote, now)
            if isinstance(found, Pair):
                return found
            if isinstance(found, Refused):
                return Refused(f"{direct.reason}; over {HUB}: {found.reason}")
            legs.append(found)
        return legs

    def _find(self, of: str, to: str, now: datetime) -> _Leg | Pair | Refused:
        ways = Pair(of, to), Pair(to, of)
        known = [self._known(pair, now) for pair in ways]
        for one in known:
            if isinstance(one, Contract):
                return ways[0], one
            if one is not None and not one.is_final:
                # Asking for the other direction would take as long, and then for this one again.
                return Refused(one.reason)
        for pair, one in zip(ways, known, strict=True):
            if one is None:
                return pair
        reasons = [one.reason for one in known if isinstance(one, _Missing)]
        return Refused(f"neither {ways[0]} nor {ways[1]} is traded ({'; '.join(reasons)})")

    def _known(self, pair: Pair, now: datetime) -> Contract | _Missing | None:
        found = self._pairs.get(pair)
        return None if isinstance(found, _Missing) and now > found.until else found

    def _keep(self, pair: Pair, found: Contract | _Missing) -> None:
        self._pairs.pop(pair, None)
        self._pairs[pair] = found
        if len(self._pairs) > PAIRS_MAX:
            del self._pairs[next(iter(self._pairs))]


def _at_market(leg: _Leg, quotes: Quotes, now: datetime) -> Rate | Refused:
    """Sell the first currency at the bid, or buy the other at the ask: what brings less."""
    pair, contract = leg
    is_straight = contract.symbol == pair.base
    quote = quotes.find(contract.contract_id, now)
    price = None if quote is None else shown(quote, Side.SELL if is_straight else Side.BUY)
    if price is None:
        why = (quote.reason if quote else "") or "the broker tells no price"
        return Refused(f"no price of {contract.symbol}.{contract.currency}: {why}")
    said = f"at {figure(price.value)} {contract.currency} for a {contract.symbol} ({price.source})"
    return Rate(price.value, ONE, said) if is_straight else Rate(ONE, price.value, said)
