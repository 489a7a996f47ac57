"""Who may knock: what strangers are answered, and each route's own rule.

Counting is done by `limits`, the engine of flask-limiter: the webhook does not go through Flask's
routing. Its memory has no bound of its own, and it looks through all of it now and then: so there
are so many counters and no more, each for all addresses that fall to it.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest
from ipaddress import ip_address
from typing import Final

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from alertwire.configuration import TRADINGVIEW, Route
from producer.front import Network, is_within, read_networks
from producer.redaction import secrets_in
from producer.refusal import Refused

_TRADINGVIEW: Final = read_networks(
    ("52.89.214.238", "34.212.75.30", "54.218.53.128", "52.32.178.7")
)
"""Where TradingView's webhooks come from (help center: "About webhooks")."""
WRONG_TOKENS_MAX: Final = 10
WRONG_TOKENS_WINDOW_S: Final = 600
LOCK_OUT_S: Final = 900
COUNTERS_MAX: Final = 1024
"""Counters of each kind. Sharing one with a guesser costs nothing: a right token is not counted."""
_NETWORK_BYTES: Final = 8
"""Of an IPv6 address: a /64 is one sender's (RFC 4291, 2.5.1)."""

_Flood = SlidingWindowCounterRateLimiter
_Strikes = FixedWindowRateLimiter


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request: the address, and the subject that a trusted proxy verified."""

    address: str
    subject: str = ""


class Admission:
    """All visitors of the webhook. Used by any number of threads."""

    def __init__(self, requests_per_minute_max: int) -> None:
        storage = MemoryStorage()
        self._flood = _Flood(storage)
        self._strikes = _Strikes(storage)
        self._requests = RateLimitItemPerMinute(requests_per_minute_max)
        self._wrong_tokens = RateLimitItemPerSecond(
            WRONG_TOKENS_MAX, WRONG_TOKENS_WINDOW_S, namespace="wrong-tokens"
        )
        self._lock = RateLimitItemPerSecond(1, LOCK_OUT_S, namespace="locked-out")

    def refuse_stranger(self, visitor: Visitor) -> Refused:
        """Count a request without a valid token against its sender, and answer it.

        One with a valid token is never turned away for what came from its address: many share
        TradingView's, and behind a proxy that nobody configured all share the proxy's.
        """
        if not self._flood.hit(self._requests, counter_of(visitor.address)):
            return too_many("more requests than one address may send; slow down", 60)
        return self._strike(visitor, NO_SUCH_TOKEN)

    def admit(self, visitor: Visitor, route_name: str, route: Route) -> Refused | None:
        """Say why this sender may not use the route; None: it may."""
        allowed = _allowed(route.addresses)
        if allowed and not is_within(visitor.address, allowed):
            return Refused(
                403,
                "address",
                f"route {route_name} takes no alerts from {visitor.address}; its addresses are in "
                f"alertwire.toml, and a proxy in front must be in ALERTWIRE_TRUSTED_PROXIES",
            )
        if route.client_subjects and not any(
            wanted in visitor.subject for wanted in route.client_subjects
        ):
            return Refused(
                403,
                "certificate",
                f"route {route_name} wants a client certificate whose subject a trusted proxy has "
                f"verified; see docs/security.md",
            )
        return None

    def refuse_body(self, visitor: Visitor, route: Route, raw_body: bytes) -> Refused | None:
        """Say why a body may not use the route, whose secret it must hold; None: it may."""
        wanted = route.secret.get_secret_value().encode()
        if not wanted or any(compare_digest(wanted, each) for each in secrets_in(raw_body)):
            return None
        return self._strike(visitor, NO_SECRET)

    def _strike(self, visitor: Visitor, refused: Refused) -> Refused:
        counter = counter_of(visitor.address)
        if not self._strikes.test(self._lock, counter):
            return LOCKED_OUT
        if not self._strikes.hit(self._wrong_tokens, counter):
            self._strikes.hit(self._lock, counter)
            return LOCKED_OUT
        return refused


def counter_of(address: str) -> str:
    """Name the counter of an address; an IPv6 one shares it with its whole /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return "nobody"
    mapped = getattr(found, "ipv4_mapped", None)
    network = (mapped or found).packed[:_NETWORK_BYTES]
    return str(zlib.crc32(network) % COUNTERS_MAX)


def too_many(message: str, retry_after_s: int) -> Refused:
    return Refused(429, "rate", message, retry_after_s=retry_after_s)


@lru_cache(maxsize=1024)
def _allowed(addresses: tuple[str, ...]) -> tuple[Network, ...]:
    named = _TRADINGVIEW if TRADINGVIEW in addresses else ()
    return (*named, *read_networks(entry for entry in addresses if entry != TRADINGVIEW))


NO_SUCH_TOKEN: Final = Refused(
    401, "token", "the address holds no valid token; see the keys folder of ALERTWIRE_HOME"
)
NO_SECRET: Final = Refused(
    401,
    "secret",
    "this route wants its secret in the alert's body; see `secret` of the route in alertwire.toml",
    "secret",
)
LOCKED_OUT: Final = too_many(
    f"more than {WRONG_TOKENS_MAX} wrong tokens in {WRONG_TOKENS_WINDOW_S // 60} minutes: this "
    f"address is locked out for {LOCK_OUT_S // 60} minutes",
    LOCK_OUT_S,
)
