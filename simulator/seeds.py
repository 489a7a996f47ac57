"""Numbers that follow from a name: the same symbol has the same id and price on every run."""

from hashlib import blake2s
from math import exp

# IB's own ids of what people try first, so that a cached qualification looks familiar.
_KNOWN_IDS = {
    ("STK", "AAPL", "USD"): 265598,
    ("STK", "MSFT", "USD"): 272093,
    ("STK", "TSLA", "USD"): 76792991,
    ("STK", "SPY", "USD"): 756733,
    ("STK", "QQQ", "USD"): 320227571,
    ("STK", "IBM", "USD"): 8314,
    ("STK", "NVDA", "USD"): 4815747,
    ("CASH", "EUR", "USD"): 12087792,
    ("CASH", "GBP", "USD"): 12087797,
    ("CASH", "USD", "JPY"): 15016059,
}


def digest(*parts: object) -> int:
    """Give 64 well-mixed bits of the parts."""
    text = "\0".join(str(part) for part in parts)
    return int.from_bytes(blake2s(text.encode(), digest_size=8).digest(), "big")


def contract_id(*identity: str) -> int:
    """Id of a contract, independent of the seed: clients keep it over restarts."""
    known = _KNOWN_IDS.get((identity[0], identity[1], identity[-1]))
    return known or 100_000_000 + digest("contract", *identity) % 900_000_000


def seeded_price(seed: int, *identity: str) -> float:
    """Price of something nobody listed, between 8 and 400 and denser below."""
    return 8 * exp(digest("price", seed, *identity) / 2**64 * 3.9)
