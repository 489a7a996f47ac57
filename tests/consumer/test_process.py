"""The executor as a real process on real sockets."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import zmq

from alertwire.wire import codec
from alertwire.wire.command import CommandReply, OrderCommand
from alertwire.wire.delivery import Ack, AckKind, Outcome
from tests.conformance.samples import alert, delivery


class Ends:
    """The producer's and the gateway's ends of an executor's sockets."""

    def __init__(self, home: Path) -> None:
        self.context = zmq.Context()
        self.push = self.context.socket(zmq.PUSH)
        self.pull = self.context.socket(zmq.PULL)
        self.router = self.context.socket(zmq.ROUTER)
        self.environment = {
            "PATH": "/usr/bin:/bin",
            "ALERTWIRE_HOME": str(home),
            "ALERTWIRE_CONFIG": str(home / "none.toml"),
        }
        for name, socket in (
            ("ALERTS", self.push),
            ("ACKS", self.pull),
            ("COMMANDS", self.router),
        ):
            socket.linger = 0
            port = socket.bind_to_random_port("tcp://127.0.0.1")
            self.environment[f"ALERTWIRE_{name}_ENDPOINT"] = f"tcp://127.0.0.1:{port}"

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "consumer"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def ack(self, *kinds: AckKind) -> Ack:
        """Return the next ack of one of these kinds."""
        deadline_s = time.monotonic() + 15
        while time.monotonic() < deadline_s:
            if self.pull.poll(100):
                ack = codec.decode(Ack, self.pull.recv())
                if ack.kind in kinds:
                    return ack
        raise AssertionError(f"no {kinds} came")

    def command(self) -> tuple[bytes, OrderCommand]:
        assert self.router.poll(15_000), "no command came"
        sender, frame = self.router.recv_multipart()
        return sender, codec.decode(OrderCommand, frame)

    def accept(self, sender: bytes, command: OrderCommand) -> None:
        reply = CommandReply(command_id=command.command_id, decided=True, outcome=Outcome.ACCEPTED)
        self.router.send_multipart([sender, codec.encode(reply)])


@pytest.fixture
def ends(tmp_path: Path):
    opened = Ends(tmp_path)
    yield opened
    opened.context.destroy(linger=0)


def stop(process: subprocess.Popen[bytes], number: int = signal.SIGKILL) -> None:
    process.send_signal(number)
    process.communicate(timeout=15)


def test_an_alert_goes_through_a_real_executor(ends: Ends) -> None:
    process = ends.start()
    assert ends.ack(AckKind.HEARTBEAT).free_slots > 0
    ends.push.send(codec.encode(delivery(alert())))

    assert ends.ack(AckKind.RECEIVED).alert_id == alert().alert_id
    ends.accept(*ends.command())

    assert ends.ack(AckKind.DECIDED).outcome is Outcome.ACCEPTED
    stop(process, signal.SIGTERM)
    assert process.returncode == 0


def test_sigterm_waits_for_the_alert_in_hand(ends: Ends) -> None:
    process = ends.start()
    ends.ack(AckKind.HEARTBEAT)
    ends.push.send(codec.encode(delivery(alert())))
    sender, command = ends.command()

    process.send_signal(signal.SIGTERM)
    while ends.ack(AckKind.HEARTBEAT).free_slots:
        pass
    ends.accept(sender, command)

    assert ends.ack(AckKind.DECIDED).outcome is Outcome.ACCEPTED
    process.communicate(timeout=15)
    assert process.returncode == 0


def test_an_executor_killed_with_an_alert_in_hand_is_replaced_by_another(ends: Ends) -> None:
    first = ends.start()
    ends.ack(AckKind.HEARTBEAT)
    ends.push.send(codec.encode(delivery(alert())))
    _, command = ends.command()
    stop(first)

    second = ends.start()
    # What is sent before the dead one's pipe is gone is lost with it: send until it is taken.
    while not ends.router.poll(300):
        ends.push.send(codec.encode(delivery(alert(), attempt=2)))
    sender, again = ends.command()
    ends.accept(sender, again)

    assert again.command_id == command.command_id
    assert ends.ack(AckKind.DECIDED).attempt == 2
    stop(second)


def test_a_taken_health_port_is_one_line_and_exit_78(ends: Ends) -> None:
    taken = ends.context.socket(zmq.PULL)
    port = taken.bind_to_random_port("tcp://127.0.0.1")
    ends.environment["ALERTWIRE_CONSUMER_HEALTH_PORT"] = str(port)
    ends.environment["ALERTWIRE_LOG_LEVEL"] = "error"

    process = ends.start()
    _, said = process.communicate(timeout=15)
    taken.close()

    assert process.returncode == 78
    assert said.decode().startswith("consumer: ALERTWIRE_CONSUMER_HEALTH_PORT: 127.0.0.1:")
    assert said.count(b"\n") == 1
