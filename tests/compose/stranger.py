"""Connects to every endpoint of the bus plain, with a key that nobody allowed, with the executor's.

Runs in a container on that network. Prints, as JSON, who was let in.
"""

import json
import sys
import time
from pathlib import Path
from typing import Final

import zmq

KEYS: Final = Path("/var/lib/executor")
WATCHED_S: Final = 5.0
"""Longer than a handshake may take."""
ENDPOINTS: Final = {
    "producer:5555": zmq.PULL,
    "producer:5556": zmq.PUSH,
    "gateway:5557": zmq.DEALER,
    "gateway:5558": zmq.SUB,
}


def key(name: str) -> bytes:
    return (KEYS / name).read_bytes().strip()


def connect(socket: "zmq.Socket[bytes]", place: str, who: str) -> "zmq.Socket[bytes]":
    """Connect as somebody; return the monitor."""
    if who != "plain":
        pair = (key("consumer.key"), key("consumer.key_secret"))
        socket.curve_serverkey = key(f"{place.partition(':')[0]}.key")
        socket.curve_publickey, socket.curve_secretkey = (
            pair if who == "executor" else zmq.curve_keypair()
        )
    monitor = socket.get_monitor_socket(zmq.EVENT_CONNECTED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
    socket.connect(f"tcp://{place}")
    return monitor


def outcome(monitor: "zmq.Socket[bytes]") -> str:
    seen = set()
    while monitor.poll(0):
        seen.add(int.from_bytes(monitor.recv_multipart()[0][:2], sys.byteorder))
    if zmq.EVENT_HANDSHAKE_SUCCEEDED in seen:
        return "in"
    return "out" if zmq.EVENT_CONNECTED in seen else "never reached"


def main() -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    # Kept: a socket that nobody holds is closed.
    sockets = []
    monitors = {}
    for place, kind in ENDPOINTS.items():
        for who in ("plain", "unknown", "executor"):
            sockets.append(context.socket(kind))
            monitors[f"{who} at {place}"] = connect(sockets[-1], place, who)
    time.sleep(WATCHED_S)
    found = {name: outcome(monitor) for name, monitor in monitors.items()}
    sys.stdout.write(json.dumps(found))
    context.destroy(linger=0)


if __name__ == "__main__":
    main()
