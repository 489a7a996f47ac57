"""One executor between a producer and gateways that are the suite's."""

import http.client
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import structlog

from alertwire import keys
from alertwire.conformance import vectors
from alertwire.conformance.ends import Asked, Gateway, Producer
from alertwire.conformance.subject import DEADLINE_S, POLL_S, Deviation, Subject, expect
from alertwire.ports import free_port
from alertwire.wire import codec
from alertwire.wire.delivery import Ack, AckKind, Delivery, Outcome

STOP_WITHIN_S: Final = 15.0
_GIVEN_SHOWN: Final = 300
"""Bytes of what an executor was given."""
_ENDS: Final = (AckKind.DECIDED, AckKind.RETRY)


@dataclass(frozen=True, slots=True)
class Setup:
    """What is configured around an executor. Cases of equal setups may share one."""

    toml: str = ""
    """alertwire.toml; `@NAME@` stands for the endpoint of the gateway of that name."""
    gateways: tuple[str, ...] = ()
    """Gateways beside the one at ALERTWIRE_COMMANDS_ENDPOINT."""
    has_keys: bool = False
    environment: tuple[tuple[str, str], ...] = ()


class Bench:
    """The ends and the program. Leaving the context ends it."""

    def __init__(self, command: Sequence[str], peer: Sequence[str], setup: Setup) -> None:
        self.command, self.peer, self.setup = command, peer, setup
        self._temporary = tempfile.TemporaryDirectory(prefix="alertwire-conformance-")
        self.folder = Path(self._temporary.name)
        self.home = self.folder / "home"
        self.home.mkdir()
        self.config = self.folder / "alertwire.toml"
        self.server_keys = self.folder / "servers" if setup.has_keys else None
        if self.server_keys:
            self._make_keys(self.server_keys)
        # What the suite's own ends have to say is no news of the executor.
        logger = structlog.wrap_logger(structlog.ReturnLogger(), processors=[])
        self.producer = Producer(self.server_keys, logger)
        self.gateway = Gateway(self.server_keys, logger)
        self.others = {
            name: Gateway(self.server_keys, logger, f"{keys.GATEWAY}-{name}")
            for name in setup.gateways
        }
        self.health_port = free_port()
        self.environment = {
            "ALERTWIRE_HOME": str(self.home),
            "ALERTWIRE_CONFIG": str(self.config),
            "ALERTWIRE_ALERTS_ENDPOINT": self.producer.alerts.endpoint,
            "ALERTWIRE_ACKS_ENDPOINT": self.producer.acks.endpoint,
            "ALERTWIRE_COMMANDS_ENDPOINT": self.gateway.endpoint,
            "ALERTWIRE_CONSUMER_HEALTH_PORT": str(self.health_port),
            "ALERTWIRE_LOG_FORMAT": "json",
            **dict(setup.environment),
        }
        self.write_config(setup.toml)
        self.subjects: list[Subject] = []
        self._given: list[str] = []

    @property
    def gateways(self) -> list[Gateway]:
        return [self.gateway, *self.others.values()]

    @property
    def subject(self) -> Subject:
        """The program that was started last."""
        return self.subjects[-1]

    def close(self) -> None:
        for subject in self.subjects:
            if subject.is_running:
                subject.kill()
        self.producer.close()
        for gateway in self.gateways:
            gateway.close()
        self._temporary.cleanup()

    def write_config(self, toml: str) -> None:
        """Write alertwire.toml; an empty text is no file."""
        for name, gateway in self.others.items():
            toml = toml.replace(f"@{name}@", gateway.endpoint)
        if toml:
            self.config.write_text(toml, encoding="utf-8", errors="surrogateescape")
        else:
            self.config.unlink(missing_ok=True)

    def start(
        self,
        *arguments: str,
        command: Sequence[str] = (),
        changes: Mapping[str, str] | None = None,
        errors: int | None = None,
    ) -> Subject:
        """Start the program, and wait for nothing. `errors`: a descriptor that gets its stderr."""
        environment = {**self.environment, **(changes or {})}
        self._given = [*arguments, *(f"{name}={value}" for name, value in (changes or {}).items())]
        started = Subject.start(
            command or self.command, environment, self.folder, *arguments, errors_to=errors
        )
        self.subjects.append(started)
        return started

    def ready(self) -> "Bench":
        """Have an executor that carries alerts through; the one that is there, or a new one."""
        if not self.subjects:
            self.start()
            self.heartbeat()
            self.carry_one()
        return self

    def carry_one(self) -> Ack:
        """Carry one alert through, sent again as a producer does until it is decided.

        What was sent before is then behind us: an executor takes one frame after the other.
        """
        delivery = vectors.alert()
        give_up_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < give_up_s:
            self.deliver(delivery)
            while ack := self.end_of(delivery, within_s=1.0, answer=True):
                if ack.kind is AckKind.DECIDED:
                    return ack
                time.sleep(POLL_S)
                break
            delivery = replace(delivery, attempt=delivery.attempt + 1)
        raise Deviation(f"no alert gets through to the gateway and back; {self.said()}")

    def deliver(self, delivery: Delivery | bytes) -> None:
        """Send a delivery, or whatever bytes."""
        frame = delivery if isinstance(delivery, bytes) else codec.encode(delivery)
        self.producer.send(frame)

    def heard(self) -> int:
        """Return how many acks have come, for `heartbeat` to look behind them."""
        self.producer.listen()
        return len(self.producer.history)

    def heartbeat(
        self, is_it: Callable[[Ack], bool] = lambda _: True, after: int | None = None
    ) -> Ack:
        """Wait for a heartbeat that fits: `after` so many acks, without it one still to come."""
        seen = self.heard() if after is None else after
        give_up_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < give_up_s:
            for ack in self.producer.history[seen:]:
                if ack.kind is AckKind.HEARTBEAT and is_it(ack):
                    return ack
            seen = len(self.producer.history)
            self.producer.listen(50)
        raise Deviation(f"no such heartbeat within {DEADLINE_S:g} s; {self.said()}")

    def received(self, delivery: Delivery) -> Ack:
        """Wait for RECEIVED of this attempt."""
        return self.ack(delivery.alert_id, AckKind.RECEIVED, attempt=delivery.attempt)

    def ended(self, delivery: Delivery, within_s: float = DEADLINE_S) -> Ack:
        """Wait for DECIDED or RETRY of this alert."""
        ack = self.end_of(delivery, within_s=within_s)
        if ack is None:
            raise Deviation(f"neither DECIDED nor RETRY within {within_s:g} s; {self.said()}")
        return ack

    def decided(self, delivery: Delivery, outcome: Outcome) -> Ack:
        """Wait for DECIDED with this outcome and the delivery's attempt."""
        ack = self.ended(delivery)
        seen = f"{ack.kind.name}, {ack.outcome and ack.outcome.name}, {ack.detail!r}"
        expect(
            ack.kind is AckKind.DECIDED and ack.outcome is outcome,
            f"DECIDED with {outcome.name} was expected, it acked {seen}",
        )
        expect(
            ack.attempt == delivery.attempt,
            f"DECIDED for attempt {delivery.attempt} was expected, it said {ack.attempt}",
        )
        return ack

    def handed_back(self, delivery: Delivery, within_s: float = DEADLINE_S) -> Ack:
        """Wait for RETRY with a reason."""
        ack = self.ended(delivery, within_s)
        expect(
            ack.kind is AckKind.RETRY,
            f"RETRY was expected, it acked {ack.kind.name} {ack.outcome and ack.outcome.name}",
        )
        expect(ack.detail, "RETRY came without a reason in `detail`")
        expect(
            ack.attempt == delivery.attempt,
            f"RETRY for attempt {delivery.attempt} was expected, it said {ack.attempt}",
        )
        return ack

    def end_of(self, delivery: Delivery, within_s: float, *, answer: bool = False) -> Ack | None:
        """Return DECIDED or RETRY of an alert; with `answer`, all gateways accept meanwhile."""
        give_up_s = time.monotonic() + within_s

        def is_it(ack: Ack) -> bool:
            return ack.alert_id == delivery.alert_id and ack.kind in _ENDS

        while True:
            left_s = give_up_s - time.monotonic()
            ack = self.producer.next(is_it, min(max(left_s, 0), 0.05) if answer else left_s)
            if ack or left_s <= 0:
                return ack
            for gateway in self.gateways if answer else ():
                while asked := gateway.next(lambda c: c.alert_id == delivery.alert_id, 0):
                    asked.reply()

    def ack(self, alert_id: str, *kinds: AckKind, attempt: int | None = None) -> Ack:
        """Wait for an ack of these kinds about an alert."""

        def is_it(ack: Ack) -> bool:
            return (
                ack.alert_id == alert_id
                and ack.kind in kinds
                and (attempt is None or ack.attempt == attempt)
            )

        ack = self.producer.next(is_it, DEADLINE_S)
        if ack is None:
            names = " or ".join(kind.name for kind in kinds)
            raise Deviation(f"no {names} for the alert within {DEADLINE_S:g} s; {self.said()}")
        return ack

    def acks_of(self, delivery: Delivery, *kinds: AckKind) -> list[Ack]:
        """Return every ack of these kinds about an alert that has come until now."""
        self.producer.listen()
        return [
            ack
            for ack in self.producer.history
            if ack.alert_id == delivery.alert_id and ack.kind in kinds
        ]

    def asked(
        self, delivery: Delivery, gateway: Gateway | None = None, within_s: float = DEADLINE_S
    ) -> Asked:
        """Wait for the next command of an alert at a gateway."""
        at = gateway or self.gateway
        asked = at.next(lambda command: command.alert_id == delivery.alert_id, within_s)
        if asked is None:
            self.producer.listen()
            acked = [ack for ack in self.producer.history if ack.alert_id == delivery.alert_id]
            told = ", ".join(f"{ack.kind.name} {ack.detail}".strip() for ack in acked)
            raise Deviation(
                f"no command of the alert reached the gateway; it acked {told or 'nothing'}; "
                f"{self.said()}"
            )
        return asked

    def commands_of(self, delivery: Delivery, gateway: Gateway | None = None) -> list[Any]:
        """Return every command of an alert that has come to a gateway until now."""
        at = gateway or self.gateway
        at.listen()
        return [command for command in at.history if command.alert_id == delivery.alert_id]

    def get(self, path: str) -> tuple[int, str]:
        """Ask the health port; tried until it listens."""
        give_up_s = time.monotonic() + DEADLINE_S
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.health_port, timeout=5)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode(errors="replace")
            except (OSError, http.client.HTTPException) as error:
                expect(time.monotonic() < give_up_s, f"nothing answers on the health port: {error}")
                time.sleep(POLL_S)
            finally:
                connection.close()

    def said(self) -> str:
        """Tell how the executor is, for a deviation's text."""
        if not self.subjects:
            return "it was not started"
        if not self.subject.is_running:
            code = self.subject.popen.returncode
            return f"it has ended with {code}; {self.subject.said()}"
        return self.subject.said()

    def given(self) -> str:
        """Tell what the executor was given beside the usual, for a deviation's text."""
        told = [f"{part[:_GIVEN_SHOWN]!a}" for part in self._given]
        told += [
            f"{file.name}: {file.read_bytes()[:_GIVEN_SHOWN]!r}"
            for file in (self.folder / ".env", self.config)
            if file.is_file()
        ]
        told += [
            f"{file.relative_to(self.home)} (mode {file.stat().st_mode & 0o777:04o})"
            for file in sorted((self.home / "keys" / "bus").glob("*"))
        ]
        return ", ".join(told)

    def _make_keys(self, folder: Path) -> None:
        for name in (keys.PRODUCER, keys.GATEWAY, keys.CONSUMER):
            keys.make_pair(folder, name, keys.usual_lists(name))
        target = self.home / "keys" / "bus"
        keys.bundle(folder, keys.CONSUMER, target)
        for name in self.setup.gateways:
            keys.make_pair(folder, f"{keys.GATEWAY}-{name}")
            shutil.copy(folder / f"{keys.GATEWAY}-{name}.key", target)
