"""The bus of one process: its ZeroMQ context, its sockets and, where there are keys, its armour."""

from enum import Enum
from functools import partial

import zmq

from alertwire.keys import GATEWAY, PRODUCER, AllowList
from alertwire.logs import Logger
from alertwire.settings import PREFIX, Settings
from alertwire.wire import sockets
from alertwire.wire.connections import Connections
from alertwire.wire.curve import Curve, open_curve


class Leg(Enum):
    """Two ends of the bus: who binds, who may connect."""

    ALERTS = (PRODUCER, AllowList.ALERTS)
    ACKS = (PRODUCER, AllowList.ALERTS, "acks")
    COMMANDS = (GATEWAY, AllowList.COMMANDS)
    REPORTS = (GATEWAY, AllowList.REPORTS)
    CONTROL = (GATEWAY, AllowList.CONTROL)

    def __init__(self, server: str, allow_list: AllowList, name: str = "") -> None:
        self.server = server
        self.allow_list = allow_list
        self._field = f"{name or allow_list.value}_endpoint"

    @property
    def setting(self) -> str:
        """The variable that names its endpoint."""
        return PREFIX + self._field.upper()

    def endpoint(self, settings: Settings) -> str:
        """Return where it is, default filled in."""
        if self is Leg.CONTROL:
            return settings.control_location
        return str(getattr(settings, self._field))


class Bus:
    """Makes the sockets of a process. A socket belongs to the thread that uses it."""

    def __init__(self, settings: Settings, role: str, logger: Logger) -> None:
        self._settings = settings
        self._role = role
        self._log = logger
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._opened: Curve | None = None
        self._connections = Connections(self._context, logger)

    def bind(self, kind: int, leg: Leg) -> "zmq.Socket[bytes]":
        """Make the end that others connect to. Raises ConfigurationError."""
        endpoint = leg.endpoint(self._settings)
        curve = self._curve(endpoint)
        return sockets.bind(
            self._context,
            kind,
            endpoint,
            setting=leg.setting,
            encrypt=None
            if curve is None
            else partial(
                curve.serve,
                allow_list=leg.allow_list,
                setting=leg.setting,
                is_local=sockets.is_loopback(endpoint),
            ),
        )

    def connect(self, kind: int, leg: Leg) -> "zmq.Socket[bytes]":
        """Make the end that connects, now or whenever the other one appears.

        Raises ConfigurationError.
        """
        return self._connect(kind, leg.endpoint(self._settings), leg.server, leg.setting)

    def connect_gateway(self, name: str, endpoint: str) -> "zmq.Socket[bytes]":
        """Make the end that sends commands to a gateway of alertwire.toml, known by its name.

        Its public key is `gateway-NAME.key`; without that file it has the first gateway's.
        Raises ConfigurationError.
        """
        own = f"{GATEWAY}-{name}"
        has_own = (self._settings.bus_keys_folder / f"{own}.key").exists()
        setting = f"gateways.{name}.commands_endpoint"
        return self._connect(zmq.DEALER, endpoint, own if has_own else GATEWAY, setting)

    def tend(self) -> None:
        """Look after the ends that connect, from their thread, several times a second.

        Tells why one is not let in, and begins anew a connection that libzmq gave up.
        """
        self._connections.tend()

    def disconnect(self, socket: "zmq.Socket[bytes]") -> None:
        """Close one end that connects; what it still had to send is lost."""
        self._connections.forget(socket)
        socket.close()

    def close(self, linger_ms: int = 0) -> None:
        """Close every socket, waiting so long for what is still to be sent."""
        self._connections.close()
        self._context.destroy(linger=linger_ms)

    def _connect(self, kind: int, endpoint: str, server: str, setting: str) -> "zmq.Socket[bytes]":
        curve = self._curve(endpoint)
        return sockets.connect(
            self._context,
            kind,
            endpoint,
            setting=setting,
            watch=partial(
                self._connections.watch,
                endpoint=endpoint,
                setting=setting,
                has_keys=curve is not None,
            ),
            encrypt=None if curve is None else partial(curve.ask, server=server),
        )

    def _curve(self, endpoint: str) -> Curve | None:
        """Return the armour for an endpoint; made once, and only where it is needed."""
        # A socket file needs none, also for a party that has no key at all.
        if not sockets.is_tcp(endpoint):
            return None
        if self._opened is None:
            self._opened = open_curve(
                self._context, self._settings.bus_keys_folder, self._role, self._log
            )
        return self._opened
