"""Prices: one quote per contract, moved by a seeded random walk.

A price nobody watches stands still: only contracts with a subscription, a working order or a
position move. Every contract walks with a generator of its own, so what one does never depends
on how many others are watched.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from math import sqrt
from random import Random

from simulator.contracts import Contract
from simulator.seeds import digest

# A yearly volatility of 30 % over 252 days of 6.5 hours, as a fraction per square root of second.
_VOLATILITY = {"CASH": 0.00003, "FUT": 0.00008, "CRYPTO": 0.0002, "IND": 0.00005}
_USUAL_VOLATILITY = 0.000124


@dataclass(frozen=True, slots=True)
class Quote:
    """The book's top and the day's summary; sizes are whole lots."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    bid_size: int
    ask_size: int
    last_size: int
    volume: int
    high: Decimal
    low: Decimal
    open: Decimal
    close: Decimal

    @property
    def middle(self) -> Decimal:
        return (self.bid + self.ask) / 2


class Market:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._quotes: dict[int, Quote] = {}
        self._walks: dict[int, Random] = {}

    def quote(self, contract: Contract) -> Quote:
        found = self._quotes.get(contract.con_id)
        if found is None:
            rng = Random(digest("walk", self._seed, contract.con_id))
            self._walks[contract.con_id] = rng
            found = self._quotes[contract.con_id] = opening_quote(contract, rng)
        return found

    def step(self, contracts: Iterable[Contract], seconds: float) -> list[Contract]:
        """Move the given contracts by so much market time; give those whose quote changed."""
        moved: list[Contract] = []
        for contract in contracts:
            before = self.quote(contract)
            after = walk(before, contract, seconds, self._walks[contract.con_id])
            if after is not before:
                self._quotes[contract.con_id] = after
                moved.append(contract)
        return moved

    def set_price(
        self,
        contract: Contract,
        price: Decimal | None = None,
        bid: Decimal | None = None,
        ask: Decimal | None = None,
    ) -> Quote:
        """Put the book where the operator wants it: around a price, or at a bid and an ask."""
        now = self.quote(contract)
        tick = contract.min_tick
        if price is not None:
            new_bid, new_ask = around(price, contract)
        else:
            new_bid = to_tick(bid, tick) if bid is not None else now.bid
            new_ask = to_tick(ask, tick) if ask is not None else now.ask
            new_bid, new_ask = (
                (new_bid, max(new_ask, new_bid + tick))
                if bid is not None
                else (min(new_bid, new_ask - tick), new_ask)
            )
        last = to_tick(price if price is not None else (new_bid + new_ask) / 2, tick)
        quote = replace(
            now,
            bid=new_bid,
            ask=new_ask,
            last=last,
            high=max(now.high, last),
            low=min(now.low, last),
        )
        self._quotes[contract.con_id] = quote
        return quote

    def reset(self) -> None:
        self._quotes.clear()
        self._walks.clear()


def to_tick(price: Decimal, tick: Decimal) -> Decimal:
    return max((price / tick).to_integral_value(), Decimal(1)) * tick


def is_on_tick(price: Decimal, tick: Decimal) -> bool:
    return price % tick == 0


def around(price: Decimal, contract: Contract) -> tuple[Decimal, Decimal]:
    """Bid and ask around a price: a tick to each side, two basis points for dear things."""
    tick = contract.min_tick
    middle = to_tick(price, tick)
    half = max((middle / 20_000 / tick).to_integral_value(), Decimal(1)) * tick
    return max(middle - half, tick), middle + half


def opening_quote(contract: Contract, rng: Random) -> Quote:
    last = to_tick(contract.reference_price, contract.min_tick)
    bid, ask = around(last, contract)
    close = to_tick(last * Decimal(str(round(1 + rng.gauss(0, 0.008), 5))), contract.min_tick)
    return Quote(
        bid=bid,
        ask=ask,
        last=last,
        bid_size=rng.randint(1, 40) * 100,
        ask_size=rng.randint(1, 40) * 100,
        last_size=100,
        volume=rng.randint(10_000, 5_000_000),
        high=max(last, close),
        low=min(last, close),
        open=last,
        close=close,
    )


def walk(quote: Quote, contract: Contract, seconds: float, rng: Random) -> Quote:
    """Take one step of the random walk; the same quote when the step rounds to nothing."""
    tick = contract.min_tick
    sigma = _VOLATILITY.get(contract.sec_type, _USUAL_VOLATILITY) * sqrt(seconds)
    middle_ticks = float(quote.last / tick)
    steps = round(rng.gauss(0, 1) * max(sigma * middle_ticks, 0.3))
    if steps == 0:
        return quote
    last = max(quote.last + steps * tick, tick)
    bid, ask = around(last, contract)
    size = rng.randint(1, 5) * 100
    return Quote(
        bid=bid,
        ask=ask,
        last=last,
        bid_size=rng.randint(1, 40) * 100,
        ask_size=rng.randint(1, 40) * 100,
        last_size=size,
        volume=quote.volume + size,
        high=max(quote.high, last),
        low=min(quote.low, last),
        open=quote.open,
        close=quote.close,
    )
