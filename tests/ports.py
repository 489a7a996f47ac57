"""Ports that are free now and that nothing else will take meanwhile.

Below the range from which the system picks ports for outgoing connections, and each worker of the
tests from a part of its own: a port that was merely free would be taken before its process binds.
"""

import itertools
import os
import socket
from typing import Final

FIRST: Final = 12_000
PART: Final = 4_000
"""Ports of one worker; ip_local_port_range begins at 32,768 (ip(7))."""
_WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw") or 0) % 5
# Not from the start each time: another run on this machine may have just used those.
_STEPS: Final = itertools.count(os.getpid() * 97)


def free_ports(count: int) -> list[int]:
    """Return so many ports."""
    found: list[int] = []
    while len(found) < count:
        # Even ones only: a simulator's control port is the one after its own.
        port = FIRST + _WORKER * PART + 2 * next(_STEPS) % PART
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def free_port() -> int:
    """Return one."""
    return free_ports(1)[0]
