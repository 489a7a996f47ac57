"""The floor of the webhook: a WSGI application that does nothing, on the product's own server.

python -m loadtest.hello, with the producer's settings for host, port and threads.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from alertwire import process
from alertwire.logs import Logger
from alertwire.process import Stop
from alertwire.settings import Settings
from producer.server import Server

_BODY: Final = b'{"alert_id": "01JD9Q4ZK3T7M0V5R8XW2YB6NC", "status": "accepted"}'


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Read the request, as the webhook must, and answer as many bytes."""
    environ["wsgi.input"].read()
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))]
    )
    return [_BODY]


def run(settings: Settings, stop: Stop, _logger: Logger) -> None:
    server = Server(
        application, settings.producer_host, settings.producer_port, settings.producer_threads
    )
    server.begin()
    stop.wait()
    server.end()


if __name__ == "__main__":
    sys.exit(process.run("hello", run))
