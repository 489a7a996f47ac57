"""What stands before the application: whom to believe, and what every answer carries.

Forwarded headers are believed only where a configured proxy sent them: anyone may write them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from werkzeug.middleware.proxy_fix import ProxyFix

Network = IPv4Network | IPv6Network
Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

SUBJECT: Final = "alertwire.client_subject"
"""Where the environment holds the verified subject of the client's certificate."""
NOBODY: Final = "unknown"
"""An address that lies in no network."""
_WITH_PORT: Final = re.compile(
    r"\[(?P<v6>[0-9A-Fa-f:.]+(?:%\w+)?)\](?::\d{1,5})?|(?P<v4>\d+\.\d+\.\d+\.\d+):\d{1,5}"
)
SECURITY_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    # In the place of the server's own name.
    ("Server", "alertwire"),
)
"""OWASP REST Security Cheat Sheet, "Security headers"."""


class Front:
    """WSGI middleware around the whole application."""

    def __init__(self, app: Wsgi, proxies: Sequence[Network], subject_header: str) -> None:
        self._app = app
        # One hop: the proxy's own word about who connected to it.
        self._behind_proxy = ProxyFix(app, x_for=1, x_proto=0, x_host=0, x_port=0, x_prefix=0)
        self._proxies = tuple(proxies)
        name = subject_header.upper().replace("-", "_")
        self._subject_key = f"HTTP_{name}" if name else ""

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, *SECURITY_HEADERS], *rest)

        environ.pop(SUBJECT, None)
        if not is_within(environ.get("REMOTE_ADDR", ""), self._proxies):
            return self._app(environ, start)
        if self._subject_key:
            environ[SUBJECT] = environ.get(self._subject_key, "")
        if "," in environ.get("HTTP_X_FORWARDED_FOR", ""):
            # TradingView sends none, so the proxy tells one. More than one may be the sender's own
            # words: then nobody is known to have connected. Under X_Forwarded_For they would stand
            # in place of the proxy's, and only it can drop them (docs/deploy.md).
            environ["HTTP_X_FORWARDED_FOR"] = NOBODY
        return self._behind_proxy(environ, start)


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and CIDR networks. Raises ValueError that names the wrong one."""
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            raise ValueError(f"{text!r} is no address or network: {error}") from error
    return tuple(networks)


def plain_address(text: str) -> str:
    """Return an address without the port that some proxies write behind it, and without a zone."""
    found = _WITH_PORT.fullmatch(text.strip())
    return (found["v6"] or found["v4"]).partition("%")[0] if found else text


def is_within(address: str, networks: Sequence[Network]) -> bool:
    """Tell whether an address lies in one of the networks; what is no address lies in none."""
    if not networks:
        return False
    try:
        found = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in network for network in networks)
