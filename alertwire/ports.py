"""Ports for the processes of a trial run: free now, and nothing else takes them meanwhile.

A port that is merely free is taken by the time its process binds: by an outgoing connection, to
which the system gives any port from 32,768 on (ip(7)), or by another run beside this one. These
are below, and each is claimed until this process ends or has claimed many more.
"""

import errno
import fcntl
import os
import random
import socket
import tempfile
from collections import deque
from collections.abc import Iterator
from functools import cache
from itertools import count, islice
from pathlib import Path
from typing import Final

FIRST: Final = 12_000
END: Final = 32_000
STEP: Final = 2
"""Even ones only: a simulator's control port is the one after its own."""
CLAIMS_MAX: Final = 1_000
"""Of one process, so that a long run does not take what others beside it need."""

_TRIES: Final = (END - FIRST) // STEP
# Not from the start each time: another run may have just used those.
_steps: Final = count(random.randrange(_TRIES))
_claimed: Final[deque[int]] = deque()


def free_ports(number: int) -> list[int]:
    """Return so many ports of 127.0.0.1, all different. Raises OSError where there are not enough.

    One that is given out is given again only after all others were.
    """
    found = list(islice(_free(), number))
    if len(found) < number:
        raise OSError(errno.EADDRNOTAVAIL, f"no {number} free ports between {FIRST} and {END}")
    return found


def free_port() -> int:
    """Return one."""
    return free_ports(1)[0]


def _free() -> Iterator[int]:
    for step in islice(_steps, _TRIES):
        port = FIRST + STEP * step % (END - FIRST)
        if _claim(port) and _is_free(port):
            yield port


def _claim(port: int) -> bool:
    """Keep the other runs of this user from a port: the byte of that number in a shared file."""
    try:
        fcntl.lockf(_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    _claimed.append(port)
    if len(_claimed) > CLAIMS_MAX:
        fcntl.lockf(_claims(), fcntl.LOCK_UN, 1, _claimed.popleft())
    return True


@cache
def _claims() -> int:
    """Open the file of claims; never closed, for that would give up all of them (fcntl(2))."""
    path = Path(tempfile.gettempdir()) / f"alertwire-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # What was closed a moment ago may be bound again; what is listened on may not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
