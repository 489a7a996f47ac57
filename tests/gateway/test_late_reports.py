"""Verbs under late reports: fills that the broker tells long after, twice, or after the status.

A day here begins in the middle of things: orders half filled, fills that nobody told yet, a process
that died while it sent. The next alert comes when the one before is decided, as the producer sends.
"""

from decimal import Decimal

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from alertwire.wire.alert import Action
from alertwire.wire.delivery import Outcome
from alertwire.wire.report import Side
from gateway.messages import Execution
from gateway.positions import QUIET_S
from tests.gateway.bench import Bench, Crash, outcome
from tests.gateway.build import command, limit, position, status

DEATHS = ("intended", "committed", "placed")
LIVE = {"Submitted", "PreSubmitted"}
ROUNDS_MAX = 60
STEP = st.one_of(
    st.tuples(st.sampled_from(["market", "limit", "target"]), st.integers(-9, 9)),
    st.tuples(st.just("reverse"), st.just(0)),
    st.tuples(st.sampled_from(["fill", "late"]), st.integers(1, 5)),
    st.tuples(st.sampled_from(["tell", "status"]), st.integers(0, 4)),
    st.tuples(st.just("die"), st.integers(0, 2)),
    st.tuples(st.sampled_from(["stale", "lose", "wait"]), st.integers(0, 5)),
)
STEPS = st.lists(STEP, max_size=14)


class LateDay:
    """A desk whose broker does things and tells of them later."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.bench.connect()
        self.withheld: list[Execution] = []
        self.told = Decimal(0)
        self.told_before = Decimal(0)
        self.told_at = self.bench.now
        self.is_owed = False

    def step(self, kind: str, number: int) -> None:
        match kind:
            case "market" | "limit" if number:
                side = Action.BUY if number > 0 else Action.SELL
                fields = {"entry": limit(100)} if kind == "limit" else {}
                self.send(side, abs(number), **fields)
            case "target":
                self.send(Action.TARGET, number)
            case "reverse":
                self.send(Action.REVERSE)
            case "fill" | "late":
                self.fill_some(number)
                if kind == "fill":
                    self.tell(len(self.withheld) - 1)
            case "tell":
                self.tell(number)
            case "status":
                self.tell_status(number)
            case "die":
                self.bench.crash_at = DEATHS[number]
            case "stale":
                self.tell_old_position()
            case "lose":
                self.bench.lose()
                self.bench.connect()
            case "wait":
                self.wait(number)

    def send(self, action: Action, quantity: object = None, **fields) -> str:
        """Send an alert's command until it is decided, as executor and producer do."""
        one = command(action, quantity, key="s|AAPL", **fields)
        for _ in range(ROUNDS_MAX):
            try:
                self.bench.send(one)
                self.answer()
                if outcome(self.bench, one.command_id) is not None:
                    return one.command_id
                self.wait(1.1)
            except Crash:
                self.bench.crash()
                self.bench.connect()
        raise AssertionError("a command never ends")

    def live(self):
        return [order for order in self.bench.broker.placed if order.status in LIVE]

    def answer(self) -> None:
        """Let the broker say that it has what it was sent, and cancel what it was asked to."""
        for order in self.bench.broker.placed:
            if order.status in LIVE and order.order_id in self.bench.broker.cancels:
                order.status = "Cancelled"
            self.bench.turn(self.status_of(order))

    @staticmethod
    def status_of(order):
        return status(
            _Named(order.order_id), order.status, order.filled, perm_id=9000 + order.order_id
        )

    def fill_some(self, units: int) -> None:
        if live := self.live():
            order = live[0]
            part = min(Decimal(units), order.quantity - order.filled)
            self.withheld.append(self.bench.broker.fill(order, part, self.bench.now))

    def tell(self, number: int) -> None:
        """Tell one of the fills that were not told, whichever came first."""
        if not self.withheld:
            return
        execution = self.withheld.pop(number % len(self.withheld))
        self.told_before, self.told_at = self.told, self.bench.now
        self.told += execution.quantity * (1 if execution.side.name == "BUY" else -1)
        self.bench.turn(execution)
        self.bench.turn(execution)

    def tell_status(self, number: int) -> None:
        """Tell how far an order is, which may be ahead of the fills that were told."""
        if placed := self.bench.broker.placed:
            self.bench.turn(self.status_of(placed[number % len(placed)]))

    def tell_old_position(self) -> None:
        """Tell the position as it was before the last fill; it is told again within seconds."""
        if (self.bench.now - self.told_at).total_seconds() < QUIET_S:
            self.bench.turn(position(self.told_before))
            self.is_owed = True

    def wait(self, seconds: float) -> None:
        if self.is_owed:
            self.bench.turn(position(self.bench.broker.position))
            self.is_owed = False
        if self.bench.is_asked:
            self.bench.answer_inquiry()
        self.bench.wait(seconds)

    def finish(self) -> None:
        """Let everything happen and be told; limits alone rest."""
        self.bench.crash_at = ""
        for _ in range(ROUNDS_MAX):
            self.answer()
            resting = {
                order.order_id
                for order in self.bench.broker.placed
                if order.limit_price is not None
            }
            for order in self.live():
                if order.order_id not in resting:
                    part = order.quantity - order.filled
                    self.withheld.append(self.bench.broker.fill(order, part, self.bench.now))
            while self.withheld:
                self.tell(0)
            self.wait(3.1)
            if not self.bench.desk.register.undecided:
                return
        raise AssertionError("commands never end")


class _Named:
    def __init__(self, order_id: int) -> None:
        self.order_id, self.client_id = order_id, 1


@settings(max_examples=100, deadline=None)
@given(STEPS, st.integers(-9, 9))
@example(
    [("market", 2), ("reverse", 0), ("reverse", 0), ("target", 1), ("fill", 2), ("fill", 4)], 0
)
@example([("market", 1), ("fill", 1), ("die", 0), ("market", 1), ("stale", 0)], 0)
def test_a_target_is_reached_whatever_is_told_late(steps, target):
    day = LateDay()
    for step in steps:
        day.step(*step)

    ref = day.send(Action.TARGET, target)
    day.finish()

    event(str(outcome(day.bench, ref)))
    if outcome(day.bench, ref) is Outcome.ACCEPTED:
        # A flat target is an exit: what fills after it of a market order is said, not undone.
        detail = day.bench.kept["commands"][ref].detail
        is_said = not target and "exit again after it fills" in detail
        assert day.bench.broker.position == target or (is_said and day.bench.alarms)
        assert day.live() == []
    else:
        assert day.bench.alarms


@settings(max_examples=100, deadline=None)
@given(STEPS, st.none() | st.integers(1, 9))
@example([("market", 1), ("fill", 1), ("lose", 0), ("stale", 0)], None)
@example([("market", 1), ("late", 1), ("stale", 0), ("wait", 0)], None)
def test_a_reversal_is_never_doubled_whatever_is_told_late(steps, wanted):
    day = LateDay()
    for step in steps:
        day.step(*step)
    # Of a limit that filled and nobody told, no reversal can know.
    day.answer()

    ref = day.send(Action.REVERSE, wanted)
    day.finish()

    own = [order for order in day.bench.broker.placed if order.ref == ref]
    traded = sum(order.filled if order.side is Side.BUY else -order.filled for order in own)
    before = day.bench.broker.position - traded
    event(str(outcome(day.bench, ref)))
    if outcome(day.bench, ref) is Outcome.ACCEPTED:
        turned = -before if wanted is None else (-wanted if before > 0 else wanted)
        assert (len(own), day.bench.broker.position) == (1, turned)
    else:
        assert (own, before) == ([], 0) or day.bench.alarms


@settings(max_examples=100, deadline=None)
@given(STEPS, st.sampled_from([Action.EXIT, Action.FLATTEN]))
@example([("market", 2), ("late", 1), ("reverse", 0), ("fill", 1), ("stale", 0)], Action.FLATTEN)
def test_a_close_never_opens_the_other_side_whatever_is_told_late(steps, action):
    day = LateDay()
    for step in steps:
        day.step(*step)
    # Of a limit that filled and nobody told, no exit can know.
    day.answer()

    ref = day.send(action)
    resting = {one.order_id for one in day.live() if one.limit_price is not None}
    day.finish()

    own = [order for order in day.bench.broker.placed if order.ref == ref]
    event(str(outcome(day.bench, ref)))
    if outcome(day.bench, ref) is Outcome.ACCEPTED:
        # An entry at the market that still worked fills after an exit, and that is said.
        detail = day.bench.kept["commands"][ref].detail
        assert not day.bench.broker.position or "exit again after it fills" in detail
        assert action is Action.EXIT or (not resting and not day.bench.broker.position)
    else:
        assert own == []
        assert day.bench.alarms
