"""Byte proxies between the processes, all in one thread, and the trap that one frame springs."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.frames import Sight

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Handling:
    """What to do with a frame: held frames, and all behind them, pass so much later."""

    is_forwarded: bool = True
    is_cut: bool = False
    hold_s: float = 0.0
    then: Callable[[], None] | None = None


PASS = Handling()
Watch = Callable[[Sight], Handling]


@dataclass
class Line:
    """One address that a process connects to instead of the other's own."""

    name: str
    upstream_port: int
    up: Callable[[], Any]
    down: Callable[[], Any]
    port: int = 0


class Proxies:
    """All lines, served by one thread of their own. `watch` is called there, for each sight."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.loop = asyncio.new_event_loop()
        self._servers: list[asyncio.Server] = []
        self._sides: dict[str, set[_Side]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="proxies", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def open(self, line: Line) -> int:
        """Serve a line; return the port to connect to."""

        async def serve() -> asyncio.Server:
            return await self.loop.create_server(lambda: self._accepted(line), HOST, 0)

        server = asyncio.run_coroutine_threadsafe(serve(), self.loop).result(10)
        self._servers.append(server)
        line.port = server.sockets[0].getsockname()[1]
        return line.port

    def cut(self, name: str) -> None:
        """End all connections of a line, whatever is under way on them. From any thread."""

        def end() -> None:
            for side in list(self._sides.get(name, ())):
                side.abort()

        self.loop.call_soon_threadsafe(end)

    def close(self) -> None:
        async def end() -> None:
            for server in self._servers:
                server.close()
            for side in [each for sides in self._sides.values() for each in sides]:
                side.abort()
            await asyncio.sleep(0)

        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def _accepted(self, line: Line) -> "_Side":
        sides = self._sides.setdefault(line.name, set())
        near, far = _Side(self, line.up(), sides), _Side(self, line.down(), sides)
        near.peer, far.peer = far, near
        near.upstream_port = line.upstream_port
        return near

    def connect(self, near: "_Side") -> None:
        async def connect() -> None:
            try:
                await self.loop.create_connection(lambda: near.peer, HOST, near.upstream_port)
            except OSError:
                near.abort()
            else:
                near.begin()

        task = self.loop.create_task(connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)


@dataclass(eq=False)
class _Side(asyncio.Protocol):
    """One half of a connection through a proxy: reads from its process, writes to the other's."""

    proxies: Proxies
    parser: Any
    sides: set["_Side"]
    peer: Any = None
    upstream_port: int = 0
    transport: Any = None
    held: list[bytes] | None = None
    is_lost: bool = False
    early: list[bytes] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.sides.add(self)
        if self.upstream_port:
            self.transport.pause_reading()
            self.proxies.connect(self)

    def begin(self) -> None:
        if self.is_lost:
            self.peer.abort()
        else:
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        for raw, sight in self.parser.feed(data):
            if self.held is not None:
                self.held.append(raw)
                continue
            handling = self.proxies.watch(sight) if sight else PASS
            if handling.hold_s:
                self.held = [raw]
                self.proxies.loop.call_later(handling.hold_s, self.release)
            elif handling.is_forwarded:
                self.peer.write(raw)
            if handling.then is not None:
                handling.then()
            if handling.is_cut:
                self._cut(is_flushed=handling.is_forwarded)
                return

    def write(self, raw: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(raw)

    def release(self) -> None:
        """Let go what was held, though its sender may be long dead."""
        held, self.held = self.held or [], None
        for raw in held:
            self.peer.write(raw)
        if self.is_lost:
            self.peer.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self.sides.discard(self)
        if self.held is None:
            self.peer.close()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        for side in (self, self.peer):
            side.held = None
            if side.transport is not None:
                side.transport.abort()

    def _cut(self, *, is_flushed: bool) -> None:
        if is_flushed:
            self.peer.close()
            self.close()
        else:
            self.abort()
