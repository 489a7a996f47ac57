"""An executor that acks nothing and waits for nothing. python -m loadtest.unprotected.consumer."""

import sys
from typing import Final

import zmq

from alertwire import process
from alertwire.logs import Logger
from alertwire.process import Stop, serve_health
from alertwire.routes import load_routes
from alertwire.settings import Settings
from alertwire.wire import codec, sockets
from alertwire.wire.delivery import Delivery
from consumer.plan import Planned, plan

_POLL_MS: Final = 100


def run(settings: Settings, stop: Stop, _logger: Logger) -> None:
    """Plan each delivery and pass its commands on; replies are thrown away."""
    routes = load_routes(settings)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    pull = sockets.connect(
        context, zmq.PULL, settings.alerts_endpoint, setting="ALERTWIRE_ALERTS_ENDPOINT"
    )
    dealer = sockets.connect(
        context, zmq.DEALER, settings.commands_endpoint, setting="ALERTWIRE_COMMANDS_ENDPOINT"
    )
    stop_health = serve_health(
        settings.health_host,
        settings.consumer_health_port,
        lambda: "",
        setting="ALERTWIRE_CONSUMER_HEALTH_PORT",
    )
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    poller.register(dealer, zmq.POLLIN)
    while not stop:
        poller.poll(_POLL_MS)
        for frame in sockets.drain(pull):
            delivery = codec.decode(Delivery, frame)
            planned = plan(delivery, delivery.alert, routes) if delivery.alert else None
            if isinstance(planned, Planned):
                for command in planned.commands:
                    sockets.try_send(dealer, codec.encode(command))
        for _ in sockets.drain(dealer):
            pass
    stop_health()
    context.destroy(linger=0)


if __name__ == "__main__":
    sys.exit(process.run("unprotected-consumer", run))
