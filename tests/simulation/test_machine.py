"""Days of hypothesis' making: what breaks the protocol is shrunk to the shortest such day."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from alertwire.wire.alert import Action
from tests.simulation.evening import settle
from tests.simulation.world import World, passing_values

ACTIONS = st.sampled_from([action for action in Action if action is not Action.FLATTEN])
PROCESSES = st.integers(0, 3)


class Days(RuleBasedStateMachine):
    """The network is good, but for what is asked for."""

    @initialize(seed=st.integers(0, 999))
    def begin(self, seed: int) -> None:
        self.values = passing_values()
        self.values.__enter__()
        self.world = World(seed)

    @rule(
        action=ACTIONS,
        quantity=st.integers(1, 4),
        route=st.sampled_from(["one", "both", "new", "bare"]),
        strategy=st.sampled_from("st"),
        is_limit=st.booleans(),
        max_age_s=st.sampled_from([None, 60.0, 1.0]),
        is_readable=st.sampled_from([True, True, True, False]),
    )
    def accept(self, action: Action, quantity: int, **fields) -> None:
        self.world.accept(action, quantity, **fields)

    @rule(seconds=st.sampled_from([0.01, 0.1, 1.0, 3.0, 15.0]))
    def wait(self, seconds: float) -> None:
        self.world.run(seconds)

    @rule(which=PROCESSES)
    def kill(self, which: int) -> None:
        self.world.kill(self.world.processes[which])

    @rule(which=PROCESSES, points=st.integers(0, 3))
    def crash_soon(self, which: int, points: int) -> None:
        self.world.processes[which].fuse = points

    @rule(which=st.integers(0, 1), seconds=st.sampled_from([1.0, 3.0, 12.0]))
    def stop_an_executor(self, which: int, seconds: float) -> None:
        consumer = self.world.consumers[which]
        consumer.stop()
        self.world.schedule.after(seconds, consumer.wake)

    @rule(messages=st.integers(1, 5))
    def lose_messages(self, messages: int) -> None:
        self.world.to_lose = messages

    @rule()
    def kick(self) -> None:
        self.world.broker.kick()

    @rule(seconds=st.sampled_from([0.1, 2.0]))
    def restart_broker(self, seconds: float) -> None:
        self.world.restart_broker(seconds)

    @rule(is_linked=st.booleans())
    def link(self, is_linked: bool) -> None:
        self.world.broker.set_link(is_linked)

    @rule(seconds=st.sampled_from([1.0, 6.0, 20.0]))
    def mute_broker(self, seconds: float) -> None:
        self.world.broker.mute_until_s = self.world.schedule.now_s + seconds

    @rule(seconds=st.sampled_from([0.5, 2.0]))
    def fail_disk(self, seconds: float) -> None:
        self.world.producer.disk_fails_until_s = self.world.schedule.now_s + seconds

    @rule(which=st.integers(0, 3), is_wrong=st.booleans())
    def ask_a_person(self, which: int, is_wrong: bool) -> None:
        unknown = self.world.unknown_commands()
        if which < len(unknown):
            self.world.resolve(unknown[which], is_wrong=is_wrong)

    def teardown(self) -> None:
        try:
            settle(self.world)
        finally:
            self.values.__exit__(None, None, None)


class TestDays(Days.TestCase):
    settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
