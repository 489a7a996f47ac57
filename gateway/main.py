"""The gateway as a process: lock, ledger, sockets, then the floor until it is stopped."""

import asyncio
import gc
from datetime import datetime

import zmq

from alertwire import logs, process
from alertwire.clock import Clock, SystemClock
from alertwire.configuration import read_configuration
from alertwire.faults import JournalUnavailable
from alertwire.identity import run_id
from alertwire.journal.commit import GroupCommit
from alertwire.journal.ownership import Owned, owned_database
from alertwire.keys import GATEWAY
from alertwire.reload import Reload
from alertwire.settings import Settings
from alertwire.wire.bus import Bus, Leg
from alertwire.wire.sockets import hold_lock

# ib_insync's eventkit asks for an event loop at import: the top of the main thread has one.
from gateway.broker import library
from gateway.commands import CommandSocket
from gateway.complaints import listen_to_library
from gateway.control import ControlSocket, status_at_rest
from gateway.floor import Floor
from gateway.ledger import Ledger
from gateway.reports import Reports
from gateway.rules import Rules

LEDGER_IS_AWAY = "the ledger cannot be written: is its disk full, or its file locked?"
WATCH_S = 1.0
RELOAD_PAUSE_S = 1.0
"""After a commit that failed, the desk is made anew from the ledger, this much later."""


def main() -> int:
    return process.run("gateway", run)


def run(settings: Settings, stop: process.Stop, logger: logs.Logger) -> None:
    """Run the gateway until it is told to stop. Raises ConfigurationError."""
    with (
        hold_lock(settings.home / "gateway.lock", holder="gateway"),
        owned_database(
            settings.ledger_location, holder="gateway", setting="ALERTWIRE_LEDGER_URL"
        ) as owned,
    ):
        commit = GroupCommit(owned.engine)
        bus = Bus(settings, GATEWAY, logger)
        try:
            asyncio.run(_Gateway(settings, stop, logger, Ledger(commit), bus).run(owned))
        finally:
            bus.close()
            commit.close()


class _Gateway:
    """What lives as long as the process: sockets, health, and one floor after the other."""

    def __init__(
        self,
        settings: Settings,
        stop: process.Stop,
        logger: logs.Logger,
        ledger: Ledger,
        bus: Bus,
    ) -> None:
        self._settings, self._stop, self._logger, self._ledger = settings, stop, logger, ledger
        self._clock: Clock = SystemClock()
        self._started_at: datetime = self._clock.now()
        self._commands = CommandSocket(bus.bind(zmq.ROUTER, Leg.COMMANDS))
        self._reports = Reports(bus.bind(zmq.PUB, Leg.REPORTS), run_id("gateway"))
        self._control = ControlSocket(bus.bind(zmq.ROUTER, Leg.CONTROL))
        file = read_configuration(settings.config)
        self._reload = Reload(settings.config, file, lambda fresh: fresh, stop, logger)
        self._rules = Rules(file)
        self._floor: Floor | None = None

    async def run(self, owned: Owned) -> None:
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()

        def signalled() -> None:
            if self._stop.wait(0):
                loop.remove_reader(self._stop)
                stopped.set()
            elif file := self._reload.fresh():
                self._rules.adopt(file)

        loop.add_reader(self._stop, signalled)
        loop.add_reader(self._control.descriptor, self._answer)
        # A second edge of the control socket may be used up by an answer: look again now and then.
        answering = asyncio.create_task(self._keep_answering())
        owning = asyncio.create_task(_watch(owned))
        stop_health = process.serve_health(
            self._settings.health_host,
            self._settings.gateway_health_port,
            self._why_not_ready,
            setting="ALERTWIRE_GATEWAY_HEALTH_PORT",
        )
        # What is loaded stays: collections need not walk it while orders wait.
        gc.freeze()
        try:
            waiting = asyncio.create_task(stopped.wait())
            while not self._stop:
                await self._run_floor(waiting, owning)
                if owning.done():
                    owning.result()
        finally:
            answering.cancel()
            owning.cancel()
            loop.remove_reader(self._control.descriptor)
            stop_health()

    async def _run_floor(self, stopped: "asyncio.Task[bool]", owning: "asyncio.Task[None]") -> None:
        """Run one floor to its end; a commit that failed is no end of the gateway."""
        try:
            self._floor = Floor(
                self._settings,
                self._clock,
                self._logger,
                self._ledger,
                self._commands,
                self._reports,
                self._control,
                self._started_at,
                self._rules,
            )
            listen_to_library(library.__name__, self._floor.hear)
            running = asyncio.create_task(self._floor.run())
            await asyncio.wait({running, stopped, owning}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
            else:
                running.result()
        except JournalUnavailable as error:
            # Nothing of that turn was kept or sent: start again from what the ledger holds.
            self._logger.error(  # noqa: TRY400 - the disk's trouble, not a trace of ours
                "ledger_unavailable", detail=str(error), alarm=True
            )
            self._floor = None
            self._answer()
            await asyncio.wait({stopped}, timeout=RELOAD_PAUSE_S)

    def _why_not_ready(self) -> str:
        floor = self._floor
        return LEDGER_IS_AWAY if floor is None else floor.why_not_ready()

    def _answer(self) -> None:
        if self._floor is not None:
            self._floor.wake()
            return
        gateway_id = self._reports.gateway_id
        self._control.refuse_all(
            status_at_rest(LEDGER_IS_AWAY, self._settings, gateway_id, self._started_at)
        )

    async def _keep_answering(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            if self._control.has_more:
                self._answer()


async def _watch(owned: Owned) -> None:
    """Look now and then whether the ledger is still ours. Raises OwnershipLost."""
    while True:
        await asyncio.sleep(WATCH_S)
        await asyncio.to_thread(owned.check)
