"""A dispatcher in the test's hands."""

from alertwire.wire.delivery import Outcome
from producer.dispatcher import Close, Dispatcher, Plan, Waiting


class Bench:
    """A dispatcher and a clock that is turned by hand; executors speak unless told otherwise."""

    def __init__(self, *, slots: int = 32) -> None:
        self.dispatcher = Dispatcher()
        self.now_s = 100.0
        self.slots = slots
        self.speaking = {"x"}

    def add(self, alert_id: str, key: str = "k", seq: int = 1, **more: object) -> None:
        self.dispatcher.add(Waiting(alert_id, key, seq, **more))  # type: ignore[arg-type]

    def plan(self) -> Plan:
        for executor in sorted(self.speaking):
            self.dispatcher.hear(executor, self.slots, self.now_s)
        return self.dispatcher.plan(self.now_s)

    def sends(self) -> list[tuple[str, int]]:
        return [(send.alert_id, send.attempt) for send in self.plan().sends]

    def wait(self, seconds: float) -> list[tuple[str, int]]:
        """Let time pass in steps in which executors still speak; return what was sent."""
        sent = []
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s = min(self.now_s + 0.1, until_s)
            sent += self.sends()
        return sent

    def decide(self, alert_id: str, outcome: Outcome = Outcome.ACCEPTED) -> Close | None:
        return self.dispatcher.decide(alert_id, "x", outcome, "", self.now_s)

    def receive(self, alert_id: str, attempt: int = 1, executor: str = "x") -> None:
        self.dispatcher.receive(alert_id, executor, attempt, self.now_s)
