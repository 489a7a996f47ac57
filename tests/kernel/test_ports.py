"""Ports of trial runs: nobody else gets them."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from alertwire import ports
from alertwire.ports import free_port, free_ports

EPHEMERAL_FIRST = 32_768
SAYS = """
from itertools import count
from alertwire import ports
ports._steps = count({start})
print(*ports.free_ports({number}), flush=True)
input()
"""


@contextmanager
def process(start: int, number: int) -> Iterator[list[int]]:
    """Have another process claim ports, from this step on; yield which."""
    with subprocess.Popen(
        [sys.executable, "-c", SAYS.format(start=start, number=number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        yield [int(port) for port in other.stdout.readline().split()]
        other.communicate("\n")


def test_they_are_below_those_of_outgoing_connections_and_can_be_listened_on() -> None:
    found = free_ports(20)

    assert len(set(found)) == 20
    for port in found:
        assert port + 1 < EPHEMERAL_FIRST
        socket.create_server(("127.0.0.1", port)).close()


def test_what_a_process_claimed_no_other_gets_until_it_ends() -> None:
    start = (free_port() - ports.FIRST) // ports.STEP + 1
    with process(start, 50) as first, process(start, 50) as second:
        assert len(set(first)) == len(set(second)) == 50
        assert not set(first) & set(second)

    with process(start, 50) as third:
        assert set(first) & set(third)


def test_a_process_gives_back_what_it_claimed_long_ago() -> None:
    start = (free_port() - ports.FIRST) // ports.STEP + 1
    with process(start, ports.CLAIMS_MAX + 50) as first, process(start, 50) as second:
        assert set(first[:50]) & set(second)


def test_one_that_is_listened_on_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        monkeypatch.setattr(ports, "_steps", iter(range((port - ports.FIRST) // ports.STEP, 99999)))
        assert free_port() != port


def test_too_few_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_TRIES", 5)

    with pytest.raises(OSError, match="no 6 free ports between 12000 and 32000"):
        free_ports(6)
