"""A day in the world: the seed says what goes wrong, how often, and what is asked for.

Each day turns some faults off altogether, so that the others are seen alone as well.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alertwire.configuration import ConfigurationFile, Route
from alertwire.trading import PositionScope
from alertwire.wire.alert import Action
from tests.simulation.consumer import ROUTES
from tests.simulation.evening import settle
from tests.simulation.oracle import Violation
from tests.simulation.world import Weather, World

STEPS = 30
ACTIONS = (
    *(Action.BUY, Action.BUY, Action.BUY, Action.SELL, Action.SELL),
    *(Action.EXIT, Action.TARGET, Action.REVERSE, Action.CANCEL),
)
SCOPED = ConfigurationFile(
    routes={name: Route(position_scope=PositionScope.STRATEGY) for name in ROUTES}
)
"""Rules of every other day: strategies' own positions count."""
CODEC_EVERY = 50
"""Each such seed goes through the real codec."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened on one day."""

    seed: int
    events: int
    counts: Counter[str]


class Day:
    def __init__(self, seed: int, trace: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.world = world = World(
            seed, trace=trace, uses_codec=seed % CODEC_EVERY == CODEC_EVERY - 1
        )
        if seed % 2:
            world.gateway.rules.adopt(SCOPED)
        dice = self.dice = world.dice
        world.weather = Weather(
            loss=dice.choice((0.0, 0.0, 0.05, 0.2)),
            twice=dice.choice((0.0, 0.0, 0.05)),
            slow=dice.choice((0.0, 0.02, 0.1)),
        )
        world.producer.clock = type(world.producer.clock)(
            world.schedule, dice.choice((0.0, 0.0, -20.0, 20.0))
        )
        world.gateway.messages_per_s = dice.choice((0.0, 0.0, 40.0, 5.0))
        self.max_ages_s = dice.choice(((None, 60.0), (60.0, 3.0), (2.0,)))
        self.keys = dice.choice((1, 2, 3))
        self.pause_s = dice.choice((0.05, 0.2, 0.4))
        faults = (
            (3, self.kill_gateway),
            (6, self.crash_gateway),
            (3, self.kill_producer),
            (4, self.crash_producer),
            (4, self.kill_consumer),
            (3, self.crash_consumer),
            (3, self.stop_consumer),
            (4, self.kick),
            (2, self.restart_broker),
            (3, self.lose_link),
            (2, self.mute_broker),
            (1, self.fail_disk),
            (4, self.ask_a_person),
        )
        chosen = [fault for fault in faults if dice.random() < 0.5]
        moves: list[tuple[int, Callable[[], Any]]] = [(20, self.alert), *chosen]
        self.weights = [weight for weight, _ in moves]
        self.moves = [move for _, move in moves]

    def run(self) -> Tally:
        world, dice = self.world, self.dice
        world.run(dice.choice((0.0, 1.0)))
        for _ in range(STEPS):
            dice.choices(self.moves, self.weights)[0]()
            world.run(self.pause_s * dice.random() * 2)
        settle(world)
        world.counts["orders"] = len(world.broker.book)
        return Tally(self.seed, world.schedule.events, world.counts)

    def alert(self) -> None:
        dice = self.dice
        number = dice.randrange(self.keys)
        self.world.accept(
            dice.choice(ACTIONS),
            dice.randint(1, 4),
            strategy="st"[number % 2],
            symbol=("AAPL", "AAPL", "MSFT")[number],
            route=dice.choices(("one", "both", "bare", "new"), (78, 14, 2, 6))[0],
            is_limit=dice.random() < 0.2,
            is_protected=dice.random() < 0.3,
            max_age_s=dice.choice(self.max_ages_s),
            is_readable=dice.random() > 0.01,
        )

    def kill_gateway(self) -> None:
        self.world.kill(self.world.gateway)

    def crash_gateway(self) -> None:
        self.world.gateway.fuse = self.dice.randrange(4)
        self.alert()

    def kill_producer(self) -> None:
        self.world.kill(self.world.producer)

    def crash_producer(self) -> None:
        self.world.producer.fuse = self.dice.randrange(6)
        self.alert()

    def kill_consumer(self) -> None:
        self.world.kill(self.dice.choice(self.world.consumers))

    def crash_consumer(self) -> None:
        self.dice.choice(self.world.consumers).fuse = self.dice.randrange(6)
        self.alert()

    def stop_consumer(self) -> None:
        consumer = self.dice.choice(self.world.consumers)
        consumer.stop()
        self.world.note(consumer.name, "is stopped")
        self.world.schedule.after(self.dice.choice((1.0, 3.0, 15.0)), consumer.wake)

    def kick(self) -> None:
        self.world.note("broker", "kicks")
        self.world.broker.kick()

    def restart_broker(self) -> None:
        """TWS restarts, maybe in the middle of an order."""
        self.alert()
        wait_s, down_s = self.dice.choice((0.0, 0.06, 0.1)), self.dice.choice((0.1, 2.0))
        self.world.schedule.after(wait_s, self.world.restart_broker, down_s)

    def lose_link(self) -> None:
        self.world.note("broker", "loses its link")
        self.world.broker.set_link(False)
        self.world.schedule.after(
            self.dice.choice((0.5, 3.0, 15.0)), self.world.broker.set_link, True
        )

    def mute_broker(self) -> None:
        seconds = self.dice.choice((1.0, 6.0, 20.0))
        self.world.note("broker", "is silent for {} s", seconds)
        self.world.broker.mute_until_s = self.world.schedule.now_s + seconds

    def ask_a_person(self) -> None:
        """Let somebody look what became of a command; one in ten looks at the wrong order."""
        unknown = self.world.unknown_commands()
        if unknown:
            self.world.resolve(self.dice.choice(unknown), is_wrong=self.dice.random() < 0.1)

    def fail_disk(self) -> None:
        seconds = self.dice.choice((0.01, 2.0))
        self.world.producer.disk_fails_until_s = self.world.schedule.now_s + seconds


def run_day(seed: int, trace: Callable[[str], None] | None = None) -> Tally:
    """Run one day; what breaks the protocol names the seed that shows it again."""
    try:
        return Day(seed, trace).run()
    except Exception as error:
        said = f"seed {seed}: {error}; python -m tests.simulation --seed {seed} --trace"
        raise Violation(said) from error
