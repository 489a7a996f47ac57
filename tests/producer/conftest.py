"""Producers for the tests: one of their own, or one that a module shares."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.producer.processes import Producer


@pytest.fixture
def producer(tmp_path: Path) -> Iterator[Producer]:
    started = Producer(tmp_path / "home").start()
    yield started
    started.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Producer]:
    started = Producer(tmp_path_factory.mktemp("shared") / "home").start()
    yield started
    started.close()
