"""Historical bars: a seeded walk backwards from the present price.

The same bar has the same shape on every request of a run; the newest one closes at the quote.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from random import Random

from simulator.contracts import Contract
from simulator.inbound import History
from simulator.market import Quote, to_tick
from simulator.order_rules import parse_time
from simulator.seeds import digest

# TWS API: valid bar sizes, in seconds.
BARS_OF = {
    "1 secs": 1,
    "5 secs": 5,
    "10 secs": 10,
    "15 secs": 15,
    "30 secs": 30,
    "1 min": 60,
    "2 mins": 120,
    "3 mins": 180,
    "5 mins": 300,
    "10 mins": 600,
    "15 mins": 900,
    "20 mins": 1200,
    "30 mins": 1800,
    "1 hour": 3600,
    "2 hours": 7200,
    "3 hours": 10800,
    "4 hours": 14400,
    "8 hours": 28800,
    "1 day": 86400,
    "1 week": 604800,
    "1 month": 2592000,
}
_DURATIONS = {"S": 1, "D": 86400, "W": 604800, "M": 2592000, "Y": 31536000}
_MOST_BARS = 2000


@dataclass(frozen=True, slots=True)
class Bar:
    start: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    count: int


def bars(contract: Contract, quote: Quote, request: History, now: float, seed: int) -> list[Bar]:
    """List the bars of a request, oldest first."""
    size = BARS_OF[request.bar_size]
    number, _, unit = request.duration.strip().partition(" ")
    seconds = int(number or 1) * _DURATIONS.get(unit[:1].upper() or "S", 1)
    end = parse_time(request.end) if request.end else None
    last_start = int(end.timestamp() if end else now) // size * size
    count = min(max(seconds // size, 1), _MOST_BARS)
    made: list[Bar] = []
    close = quote.last
    for index in range(count):
        bar = _bar(contract, last_start - index * size, size, close, seed)
        made.append(bar)
        close = bar.open
    return made[::-1]


def _bar(contract: Contract, start: int, size: int, close: Decimal, seed: int) -> Bar:
    rng = Random(digest("bar", seed, contract.con_id, start, size))
    swing = float(close) * 0.000124 * sqrt(size)
    tick = contract.min_tick
    opened = to_tick(close + Decimal(str(round(rng.gauss(0, swing), 8))), tick)
    above = Decimal(str(round(abs(rng.gauss(0, swing / 2)), 8)))
    below = Decimal(str(round(abs(rng.gauss(0, swing / 2)), 8)))
    high = to_tick(max(opened, close) + above, tick)
    low = to_tick(max(min(opened, close) - below, tick), tick)
    volume = rng.randint(1, 200) * size
    return Bar(start, opened, high, low, close, volume, max(volume // 80, 1))
