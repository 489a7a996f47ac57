"""A small synchronous client of the control port, for scripts and tests."""

import json
import socket
from types import TracebackType
from typing import Any, Self


class ControlError(Exception):
    """The simulator refused a verb; the text is its reason."""


class SimulatorControl:
    """Speak to a simulator's control port.

    with SimulatorControl("127.0.0.1", 4103) as control:
        control.call("set_price", symbol="AAPL", price=200)
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 4103, timeout_s: float = 5.0) -> None:
        self._socket = socket.create_connection((host, port), timeout_s)
        self._lines = self._socket.makefile("rb")

    def call(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Carry out a verb and give its answer; ControlError when it is refused."""
        self._socket.sendall(json.dumps({"verb": verb, **arguments}).encode() + b"\n")
        line = self._lines.readline()
        if not line:
            raise ControlError("the simulator closed the connection")
        answer: dict[str, Any] = json.loads(line)
        if not answer.pop("ok"):
            raise ControlError(answer["error"])
        return answer

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
