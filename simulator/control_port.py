"""The control port: one JSON object per line in, one per line out.

`{"verb": "set_price", "symbol": "AAPL", "price": 200}` is answered by `{"ok": true, …}` or by
`{"ok": false, "error": "…"}`.
"""

import asyncio
import json
from typing import TYPE_CHECKING, Any

import structlog

from simulator.scenario import ScenarioError, ScenarioRun, parse_scenario
from simulator.verbs import VerbError, call

if TYPE_CHECKING:
    from simulator.tws import Tws

log = structlog.get_logger("simulator")

_MAX_LINE_BYTES = 1_000_000


class ControlSession(asyncio.Protocol):
    def __init__(self, tws: "Tws", run: ScenarioRun) -> None:
        self._tws = tws
        self._run = run
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows for mypy.
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            if line.strip():
                self._reply(self.answer(bytes(line)))
        if len(self._buffer) > _MAX_LINE_BYTES:
            self._reply({"ok": False, "error": "the line is too long"})
            self._close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """Carry out one line."""
        try:
            request = json.loads(line)
        except ValueError as error:
            return {"ok": False, "error": f"not JSON: {error}"}
        if not isinstance(request, dict) or not isinstance(request.get("verb"), str):
            return {"ok": False, "error": 'a line is an object with a "verb"'}
        name = request.pop("verb")
        try:
            if name == "scenario":
                self._run.start(parse_scenario(request.get("steps", [])))
                return {"ok": True}
            return {"ok": True, **call(self._tws, name, request)}
        except (VerbError, ScenarioError) as error:
            return {"ok": False, "error": str(error)}
        except (TypeError, ValueError) as error:
            return {"ok": False, "error": f"{name}: {error}"}
        except Exception as error:
            # A fault of the simulator itself: told to the operator, who is its only reader.
            log.exception("verb_failed", verb=name)
            return {"ok": False, "error": f"{name} failed in the simulator: {error!r}"}

    def _reply(self, answer: dict[str, Any]) -> None:
        if self._transport is not None:
            self._transport.write(json.dumps(answer).encode() + b"\n")

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
