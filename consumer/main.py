"""The executor's sockets: PULL and PUSH to the producer, DEALER to each gateway, one thread."""

import math
from typing import Final

import zmq
from prometheus_client import Counter, Gauge

from alertwire import process
from alertwire.clock import SystemClock
from alertwire.configuration import ConfigurationFile, read_configuration
from alertwire.identity import run_id
from alertwire.keys import CONSUMER
from alertwire.logs import Logger
from alertwire.process import Stop, serve_health
from alertwire.reload import Reload
from alertwire.routes import Routes, routes_of
from alertwire.settings import Settings
from alertwire.wire import codec, sockets
from alertwire.wire.bus import Bus, Leg
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Ack
from consumer.executor import Executor
from consumer.gateways import Gateways

STOP_TIMEOUT_S: Final = 5.0
"""How long alerts in hand may still be answered after SIGTERM."""

ACKS = Counter("alertwire_executor_acks_total", "Acks sent to the producer.", ["kind"])
COMMANDS = Counter("alertwire_executor_commands_total", "Commands sent to the gateway.")
IN_HAND = Gauge("alertwire_executor_alerts_in_hand", "Alerts waiting for the gateway.")


def main() -> int:
    """Run an executor until SIGTERM."""
    return process.run("consumer", run)


def run(settings: Settings, stop: Stop, logger: Logger) -> None:
    """Carry alerts from the producer to the gateway and outcomes back."""
    clock = SystemClock()

    def build(file: ConfigurationFile) -> Routes:
        fresh = routes_of(file, settings)
        gateways.use(fresh.gateways)
        return fresh

    file = read_configuration(settings.config)
    # As early as can be: a SIGHUP that nobody hears ends a process.
    reload = Reload(settings.config, file, build, stop, logger)
    bus = Bus(settings, CONSUMER, logger)
    pull = bus.connect(zmq.PULL, Leg.ALERTS)
    push = bus.connect(zmq.PUSH, Leg.ACKS)
    routes = routes_of(file, settings)
    poller = zmq.Poller()
    poller.register(pull, zmq.POLLIN)
    gateways = Gateways(bus, poller)
    gateways.use(routes.gateways)

    def send_ack(ack: Ack) -> bool:
        is_sent = sockets.try_send(push, codec.encode(ack))
        if is_sent:
            ACKS.labels(ack.kind.name.lower()).inc()
        return is_sent

    def send_command(gateway: str, command: OrderCommand) -> bool:
        is_sent = gateways.send(gateway, command)
        if is_sent:
            COMMANDS.inc()
        return is_sent

    executor = Executor(
        run_id("consumer"),
        routes,
        clock,
        logger,
        send_ack=send_ack,
        send_command=send_command,
    )

    IN_HAND.set_function(lambda: executor.in_hand)
    stop_health = serve_health(
        settings.health_host,
        settings.consumer_health_port,
        lambda: "",
        setting="ALERTWIRE_CONSUMER_HEALTH_PORT",
    )
    give_up_s = float("inf")
    while clock.monotonic_s() < give_up_s:
        if stop and not executor.is_stopping:
            give_up_s = clock.monotonic_s() + STOP_TIMEOUT_S
            # What waits in this socket was not acked: the producer gives it to another executor.
            poller.unregister(pull)
            bus.disconnect(pull)
            executor.stop()
        if executor.is_stopping and not executor.in_hand:
            break
        ready = dict(poller.poll(math.ceil(executor.next_tick_s() * 1000)))
        for gateway, frame in gateways.replies(ready):
            executor.take_reply(gateway, frame)
        if pull in ready:
            for frame in sockets.drain(pull):
                executor.take_delivery(frame)
        executor.tick()
        bus.tend()
        if fresh := reload.fresh():
            executor.use(fresh)
    stop_health()
    bus.close(linger_ms=200)
