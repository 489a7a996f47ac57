"""What wakes a thread that polls sockets: rung by any thread, heard by one."""

import contextlib
import socket


class Bell:
    """One ring per turn is enough: what is put down before it is silenced is seen after that."""

    def __init__(self) -> None:
        self._out, self._in = socket.socketpair()
        self._out.setblocking(False)
        self._in.setblocking(False)
        self._is_rung = False

    def ring(self) -> None:
        if not self._is_rung:
            self._is_rung = True
            # Full, or closed: a request may outlive its producer.
            with contextlib.suppress(OSError):
                self._in.send(b"\0")

    def silence(self) -> None:
        """Called by the thread that heard it, before it looks at what there is to do."""
        with contextlib.suppress(BlockingIOError):
            while self._out.recv(4096):
                pass
        self._is_rung = False

    def fileno(self) -> int:
        """Return the descriptor that is readable while it is rung."""
        return self._out.fileno()

    def close(self) -> None:
        self._in.close()
        self._out.close()
