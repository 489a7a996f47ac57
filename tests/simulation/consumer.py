"""An executor process around the real `Executor`; it keeps nothing, may be stopped and may wake."""

from functools import partial
from typing import Any

from alertwire.configuration import Account, Route
from alertwire.routes import Routes
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Ack
from consumer.executor import Executor
from consumer.plan import DEFAULT_GATEWAY
from tests.simulation.schedule import Clock, Mortal

ACCOUNTS = ("DU1234567", "DU7654321")
ROUTES = {
    "one": Route(accounts=(Account(id=ACCOUNTS[0]),)),
    "both": Route(accounts=tuple(Account(id=name) for name in ACCOUNTS)),
    # The broker manages two accounts: naming none is refused.
    "bare": Route(),
    # Only the first executor has read its file again.
    "new": Route(accounts=(Account(id=ACCOUNTS[1]),)),
}


class Silence:
    """A logger that says nothing."""

    def debug(self, *_: Any, **__: Any) -> None:
        """Say nothing."""

    info = warning = error = debug


class Consumer(Mortal):
    def __init__(self, world: Any, number: int) -> None:
        super().__init__(world.schedule, f"executor {number}")
        self.world = world
        self.clock = Clock(world.schedule)
        self.is_stopped = False
        self.routes = Routes({k: v for k, v in ROUTES.items() if k != "new" or not number})

    def begin(self) -> None:
        super().begin()
        self.is_stopped = False
        self.unread: list[tuple[Any, Any]] = []
        self.executor = Executor(
            f"{self.name}, life {self.life}",
            self.routes,
            self.clock,
            Silence(),  # type: ignore[arg-type]
            send_ack=self._send_ack,
            send_command=self._send_command,
        )
        self._tick()

    def deliver(self, life: int, frame: Any) -> None:
        """Take a delivery off the network, unless it was for a process that is dead."""
        if self.is_up and life == self.life:
            self._read(self.executor.take_delivery, frame)

    def answer(self, life: int, frame: Any) -> None:
        """Take the gateway's reply."""
        if self.is_up and life == self.life:
            self._read(partial(self.executor.take_reply, DEFAULT_GATEWAY), frame)

    def stop(self) -> None:
        """Sleep in the middle of work, as under SIGSTOP."""
        self.is_stopped = self.is_up

    def wake(self) -> None:
        if self.is_up and self.is_stopped:
            self.is_stopped = False
            unread, self.unread = self.unread, []
            for take, frame in unread:
                self.after(self.world.short_s(), take, frame)

    def _read(self, take: Any, frame: Any) -> None:
        if self.is_stopped:
            self.unread.append((take, frame))
        else:
            take(frame)

    def _tick(self) -> None:
        if not self.is_stopped:
            self.executor.tick()
        self.after(max(self.executor.next_tick_s(), 0.1), self._tick)

    def _send_ack(self, ack: Ack) -> bool:
        self.crash_point()
        if self.world.trace and ack.kind.name != "HEARTBEAT":
            outcome = ack.outcome.name if ack.outcome else ""
            said = f"{ack.kind.name} {ack.alert_id} attempt {ack.attempt} {outcome} {ack.detail}"
            self.world.note(self.name, said)
        if not self.world.producer.is_up:
            return False
        self.world.carry(self.world.producer.hear, self.world.pack(ack))
        return True

    def _send_command(self, _gateway: str, command: OrderCommand) -> bool:
        self.crash_point()
        if not self.world.gateway.is_up:
            return False
        address = f"{self.name[-1]}:{self.life}".encode()
        self.world.carry(self.world.gateway.receive, address, self.world.pack(command))
        return True
