"""A simulator that listens: TWS protocol on one port, control on another, a market that moves.

async with Simulator(SimulatorOptions(port=0)) as simulator:
    ...  # connect to simulator.port, steer through simulator.control_port
"""

import asyncio
from collections.abc import Callable
from errno import EADDRINUSE
from types import TracebackType
from typing import Self

import structlog

from simulator.control_port import ControlSession
from simulator.options import SimulatorOptions
from simulator.scenario import Scenario, ScenarioRun, load_scenario
from simulator.session import Session
from simulator.tws import Tws

log = structlog.get_logger("simulator")


class ListenError(Exception):
    """A port this simulator was told to listen on cannot be had."""

    def __init__(self, host: str, port: int, purpose: str, error: Exception) -> None:
        super().__init__(f"{host}:{port} ({purpose}): {error}")
        self.host, self.port, self.purpose = host, port, purpose
        self.is_taken = isinstance(error, OSError) and error.errno == EADDRINUSE
        self.reason = getattr(error, "strerror", None) or str(error)


class Simulator:
    def __init__(self, options: SimulatorOptions) -> None:
        self.options = options
        self.port = options.port
        self.control_port = 0
        self.tws: Tws
        self._servers: list[asyncio.Server] = []
        self._market: asyncio.Task[None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()

    async def __aenter__(self) -> Self:
        scenario = load_scenario(self.options.scenario) if self.options.scenario else Scenario(())
        self.tws = Tws(self.options, self._later)
        server = await self._listen("TWS protocol", self.options.port, lambda: Session(self.tws))
        self.port = server.sockets[0].getsockname()[1]
        wanted = self.options.control_port
        if wanted is None:
            # A port chosen by the system has no reliable neighbour.
            wanted = self.port + 1 if self.options.port else 0
        self.run = ScenarioRun(self.tws, self._later)
        try:
            control = await self._listen(
                "control", wanted, lambda: ControlSession(self.tws, self.run)
            )
        except ListenError:
            await self._close_servers()
            raise
        self.control_port = control.sockets[0].getsockname()[1]
        self.run.start(scenario)
        if self.options.tick_interval_s > 0:
            self._market = asyncio.create_task(self._move_market())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._market is not None:
            self._market.cancel()
            await asyncio.gather(self._market, return_exceptions=True)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        await self._close_servers()
        for session in list(self.tws.sessions):
            session.abandon()
        # One turn of the loop lets the transports say goodbye.
        await asyncio.sleep(0)

    async def _listen(
        self, purpose: str, port: int, make: Callable[[], asyncio.Protocol]
    ) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(make, self.options.host, port)
        except (OSError, OverflowError) as error:
            raise ListenError(self.options.host, port, purpose, error) from error
        self._servers.append(server)
        return server

    async def _close_servers(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        """Run something after so many market seconds."""
        loop = asyncio.get_running_loop()

        def run() -> None:
            self._timers.discard(timer)
            action()

        timer = loop.call_later(delay_s / self.options.time_scale, run)
        self._timers.add(timer)

    async def _move_market(self) -> None:
        while True:
            await asyncio.sleep(self.options.tick_interval_s)
            try:
                self.tws.tick()
            except Exception:
                # Prices that stop for ever would look like a quiet market.
                log.exception("market_step_failed")


async def run(
    options: SimulatorOptions,
    stopped: asyncio.Event,
    on_ready: Callable[[Simulator], None] = lambda _simulator: None,
) -> None:
    """Serve until told to stop."""
    async with Simulator(options) as simulator:
        on_ready(simulator)
        await stopped.wait()
