"""The sockets to the gateways: one DEALER each, so that a reply tells which of them sent it."""

from collections.abc import Iterator, Mapping

import zmq

from alertwire.faults import ConfigurationError
from alertwire.trading import Gateway
from alertwire.wire import codec, sockets
from alertwire.wire.bus import Bus, Leg
from alertwire.wire.command import OrderCommand
from consumer.plan import DEFAULT_GATEWAY


class Gateways:
    """Every gateway that can be sent to, by its name."""

    def __init__(self, bus: Bus, poller: zmq.Poller) -> None:
        self._bus = bus
        self._poller = poller
        self._places: dict[str, str] = {}
        self._dealers: dict[str, zmq.Socket[bytes]] = {}
        self._add(DEFAULT_GATEWAY, "", bus.connect(zmq.DEALER, Leg.COMMANDS))

    def use(self, gateways: Mapping[str, Gateway]) -> None:
        """Connect to those that are new or elsewhere now, and leave those that are gone.

        Raises ConfigurationError; then all stays as it was.
        """
        wanted = {name: gateway.commands_endpoint for name, gateway in gateways.items()}
        fresh = {
            name: endpoint
            for name, endpoint in wanted.items()
            if self._places.get(name) != endpoint
        }
        opened: dict[str, zmq.Socket[bytes]] = {}
        try:
            for name, endpoint in fresh.items():
                opened[name] = self._bus.connect_gateway(name, endpoint)
        except ConfigurationError:
            for dealer in opened.values():
                self._bus.disconnect(dealer)
            raise
        for name in self._places.keys() - {DEFAULT_GATEWAY}:
            if self._places[name] != wanted.get(name):
                self._remove(name)
        for name, dealer in opened.items():
            self._add(name, fresh[name], dealer)

    def send(self, name: str, command: OrderCommand) -> bool:
        """Send without waiting; False where that gateway cannot take it now."""
        dealer = self._dealers.get(name)
        return dealer is not None and sockets.try_send(dealer, codec.encode(command))

    def replies(self, ready: Mapping[object, int]) -> Iterator[tuple[str, bytes]]:
        """Yield what came from the gateways whose sockets are ready: name and frame."""
        for name, dealer in self._dealers.items():
            if dealer in ready:
                for frame in sockets.drain(dealer):
                    yield name, frame

    def _add(self, name: str, endpoint: str, dealer: "zmq.Socket[bytes]") -> None:
        self._places[name] = endpoint
        self._dealers[name] = dealer
        self._poller.register(dealer, zmq.POLLIN)

    def _remove(self, name: str) -> None:
        del self._places[name]
        dealer = self._dealers.pop(name)
        self._poller.unregister(dealer)
        self._bus.disconnect(dealer)
