"""The webhook without a journal: read, push, answer. python -m loadtest.unprotected.producer."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

import zmq

from alertwire import process
from alertwire.clock import SystemClock
from alertwire.identity import RandomIds, stream_id
from alertwire.logs import Logger
from alertwire.process import Stop
from alertwire.routes import DEFAULT_ROUTE, load_routes
from alertwire.settings import Settings
from alertwire.wire import codec, sockets
from alertwire.wire.delivery import Delivery, Mode, Stage, Trace
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading
from producer.keys import ordering_key
from producer.server import Server

_WEBHOOK: Final = "/webhook/"


class Webhook:
    """The door's reading and answering, and the publisher's sending, with nothing between."""

    def __init__(self, settings: Settings) -> None:
        self._routes = load_routes(settings, with_tokens=True)
        self._clock = SystemClock()
        self._ids = RandomIds()
        self._stream_id = stream_id()
        self._seqs: Counter[str] = Counter()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._push = sockets.bind(
            self._context, zmq.PUSH, settings.alerts_endpoint, setting="ALERTWIRE_ALERTS_ENDPOINT"
        )
        self._turn = threading.Lock()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        status, body = self._answer(environ)
        start_response(
            status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        )
        return [body]

    def _answer(self, environ: dict[str, Any]) -> tuple[str, bytes]:
        path: str = environ["PATH_INFO"]
        if not path.startswith(_WEBHOOK):
            return "200 OK", b"ready\n"
        now = self._clock.now()
        if self._routes.name_of(path[len(_WEBHOOK) :], now) is None:
            return "401 Unauthorized", b"{}"
        route = self._routes.by_name[DEFAULT_ROUTE]
        raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        reading = read_alert(raw, DEFAULT_ROUTE, route, self._ids.alert_id(), now)
        if not isinstance(reading, Reading):
            return "422 Unprocessable Entity", json.dumps(reading.body()).encode()
        alert = reading.alert
        key = ordering_key(alert, route.ordering_key)
        trace = Trace(traceparent=self._ids.traceparent()).stamped(Stage.RECEIVED, now)
        with self._turn:
            self._seqs[key] += 1
            delivery = Delivery(
                stream_id=self._stream_id,
                alert_id=alert.alert_id,
                key=key,
                seq=self._seqs[key],
                attempt=1,
                mode=Mode.EXECUTE,
                not_after=now + timedelta(seconds=route.max_age_s),
                alert=alert,
                trace=trace.stamped(Stage.PUSHED, self._clock.now()),
            )
            sockets.try_send(self._push, codec.encode(delivery))
        answer = {"alert_id": alert.alert_id, "status": "accepted", "duplicate": False}
        return "200 OK", json.dumps(answer).encode()


def run(settings: Settings, stop: Stop, _logger: Logger) -> None:
    server = Server(
        Webhook(settings),
        settings.producer_host,
        settings.producer_port,
        settings.producer_threads,
    )
    server.begin()
    stop.wait()
    server.end()


if __name__ == "__main__":
    sys.exit(process.run("unprotected-producer", run))
