"""The world: one schedule, one dice, a bad network, and all processes of Alertwire in it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import consumer.executor
from alertwire.wire import codec
from alertwire.wire.alert import (
    Action,
    Alert,
    Entry,
    Instrument,
    OrderType,
    QuantityType,
    SecurityType,
    Sizing,
    StopLoss,
    TakeProfit,
)
from alertwire.wire.delivery import Delivery, Outcome
from gateway.messages import Candidate, Contract
from tests.simulation.broker import Broker
from tests.simulation.consumer import Consumer
from tests.simulation.gateway import Gateway
from tests.simulation.oracle import Oracle
from tests.simulation.producer import Producer
from tests.simulation.schedule import Clock, Crash, Mortal, Schedule

CONSUMERS = 2
SYMBOLS = ("AAPL", "MSFT")
INSTRUMENTS = {
    symbol: Instrument(security_type=SecurityType.STOCK, symbol=symbol, currency="USD")
    for symbol in SYMBOLS
}
CONTRACTS = {
    symbol: Contract(
        contract_id=number,
        security_type="STK",
        symbol=symbol,
        exchange="SMART",
        currency="USD",
        local_symbol=symbol,
    )
    for number, symbol in enumerate(SYMBOLS, start=1)
}
MARKET = Entry(type=OrderType.MARKET)
LIMIT = Entry(type=OrderType.LIMIT, limit_price=Decimal(150))


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is: parts of all messages."""

    loss: float = 0.0
    twice: float = 0.0
    slow: float = 0.0
    """Seconds late; a tenth of them may be late by more than any time-out."""


CALM = Weather()


PROTECTED: dict[Action, dict[str, Any]] = {
    Action.BUY: {
        "take_profits": (TakeProfit(price=Decimal(300)),),
        "stop_loss": StopLoss(price=Decimal(1)),
    },
    Action.SELL: {
        "take_profits": (TakeProfit(price=Decimal(1)),),
        "stop_loss": StopLoss(price=Decimal(300)),
    },
}
"""What protects an entry at any price of these days."""


class World:
    """Alertwire's processes, the network between them, and the broker."""

    def __init__(
        self,
        seed: int,
        *,
        weather: Weather = CALM,
        skew_s: float = 0.0,
        messages_per_s: float = 0.0,
        trace: Callable[[str], None] | None = None,
        uses_codec: bool = False,
    ) -> None:
        self.dice = random.Random(seed)
        self.weather = weather
        self.trace = trace
        self.uses_codec = uses_codec
        self.poll_s = 0.5
        self.to_lose = 0
        """So many messages are lost from now on."""
        self.schedule = Schedule()
        self.oracle = Oracle()
        self.broker_clock = Clock(self.schedule)
        self.candidates = {name: Candidate(contract=one) for name, one in CONTRACTS.items()}
        self.counts: Counter[str] = Counter()
        self.broker = Broker(self)
        self.producer = Producer(self, skew_s)
        self.gateway = Gateway(self, messages_per_s)
        self.consumers = [Consumer(self, number) for number in range(CONSUMERS)]
        self.processes: list[Mortal] = [self.producer, self.gateway, *self.consumers]
        for process in self.processes:
            process.begin()

    def run(self, seconds: float) -> None:
        """Let time pass, and kill what runs into its crash point."""
        end_s = self.schedule.now_s + seconds
        while self.schedule.now_s < end_s:
            try:
                self.schedule.run(end_s)
            except Crash as crash:
                self.kill(crash.process)

    def kill(self, process: Mortal, down_s: float | None = None) -> None:
        """Kill -9, and start again after a while."""
        if process.is_up:
            self.counts["crashes"] += 1
            self.note(process.name, "killed")
            process.die()
            self.schedule.after(self.delay_s() if down_s is None else down_s, self._start, process)

    def accept(
        self,
        action: Action,
        quantity: int,
        *,
        strategy: str = "s",
        symbol: str = "AAPL",
        route: str = "one",
        is_limit: bool = False,
        is_protected: bool = False,
        max_age_s: float | None = None,
        is_readable: bool = True,
    ) -> None:
        """An alert comes to the door."""
        self.counts["alerts"] += 1
        no_size = action in {Action.CANCEL, Action.EXIT}
        alert = Alert(
            alert_id=f"01SEED{self.counts['alerts']:020d}",
            route=route,
            strategy=strategy,
            instrument=INSTRUMENTS[symbol],
            action=action,
            sizing=None if no_size else Sizing(type=QuantityType.UNITS, value=Decimal(quantity)),
            entry=LIMIT if is_limit else MARKET,
            **(PROTECTED.get(action, {}) if is_protected else {}),
        )
        self.producer.accept(alert, f"{strategy}|{symbol}", max_age_s, is_readable)

    def push(self, delivery: Delivery) -> bool:
        """Give a delivery to any executor that is connected, as a PUSH socket does."""
        alive = [consumer for consumer in self.consumers if consumer.is_up]
        if not alive or self.dice.random() < self.weather.loss / 4:
            # Nobody there, or nobody who can take more.
            return False
        to = self.dice.choice(alive)
        if self.trace:
            said = f"sends {delivery.alert_id} attempt {delivery.attempt} {delivery.mode.name}"
            self.note("producer", "{} to {}", said, to.name)
        self.carry(to.deliver, to.life, self.pack(delivery))
        return True

    def carry(self, act: Callable[..., None], *args: Any) -> None:
        """Send something over the network: it may be lost, come late, overtake or come twice."""
        dice = self.dice.random() if self.weather is not CALM else 0.5
        if dice < self.weather.loss or self.to_lose:
            self.to_lose = max(0, self.to_lose - 1)
            self.note("network", "loses that")
            return
        self.schedule.after(self.delay_s(), act, *args)
        if dice > 1 - self.weather.twice:
            self.schedule.after(self.delay_s(), act, *args)

    def delay_s(self) -> float:
        dice = self.dice.random()
        if dice >= self.weather.slow:
            return 0.001 + 0.02 * dice
        if dice >= self.weather.slow * 0.1:
            return 3 * self.dice.random()
        return 40 * self.dice.random()

    def short_s(self) -> float:
        """How long a process takes to look."""
        return 0.002 * self.dice.random()

    def pack(self, value: Any) -> Any:
        return codec.encode(value) if self.uses_codec else value

    def unpack(self, kind: type, frame: Any) -> Any:
        return codec.decode(kind, frame) if self.uses_codec else frame

    def note(self, who: str, text: str, *args: Any) -> None:
        if self.trace:
            self.trace(f"{self.schedule.now_s:9.3f}  {who:<10} {text.format(*args)}")

    def unknown_commands(self) -> list[str]:
        """Name those of which a person could tell by now whether the broker has their order."""
        line = self.broker.line
        commands = self.gateway.ledger.commands
        return [
            name
            for name, record in commands.items()
            if record.outcome is Outcome.UNKNOWN and not (line and line.carries(name))
        ]

    def resolve(self, command_id: str, *, is_wrong: bool = False) -> None:
        """Let a person decide an UNKNOWN command from the broker's book."""
        order = next((one for one in self.broker.book if one.ref == command_id), None)
        if is_wrong or (order and order.is_held):
            self.oracle.resolved.add(command_id[:26])
        self.counts["resolved"] += 1
        self.gateway.resolve(command_id, placed=(order is not None) is not is_wrong)

    def restart_broker(self, down_s: float) -> None:
        self.note("broker", "restarts")
        self.broker.restart()
        self.schedule.after(down_s, self._open_broker)

    def settle(self) -> None:
        """End the chaos: all are up, nothing is lost, and the market trades."""
        self.note("world", "is well from now on")
        self.weather = CALM
        self.to_lose = 0
        self.producer.disk_fails_until_s = 0.0
        for process in self.processes:
            process.fuse = None
            if not process.is_up:
                process.begin()
        for consumer_ in self.consumers:
            consumer_.wake()
        self.broker.settle()

    def _start(self, process: Mortal) -> None:
        if not process.is_up:
            self.note(process.name, "starts")
            process.begin()

    def _open_broker(self) -> None:
        self.broker.is_up = True


class PassingCodec:
    """Stands in for the codec: values pass as they are, bytes are read."""

    UnreadableAlert = codec.UnreadableAlert
    UnsupportedVersion = codec.UnsupportedVersion
    DecodeError = codec.DecodeError

    @staticmethod
    def decode(kind: type, frame: Any) -> Any:
        return codec.decode(kind, frame) if isinstance(frame, bytes) else frame


@contextmanager
def passing_values() -> Iterator[None]:
    """Let executors take values where frames are due: most seeds need no codec."""
    real = consumer.executor.codec
    consumer.executor.codec = PassingCodec  # type: ignore[assignment]
    try:
        yield
    finally:
        consumer.executor.codec = real
