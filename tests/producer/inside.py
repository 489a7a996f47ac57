"""The producer's parts in the test's own process: door, publisher and journal, without HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import structlog
from pydantic import SecretStr
from sqlalchemy import Engine

from alertwire.clock import SystemClock
from alertwire.configuration import Route
from alertwire.identity import RandomIds
from alertwire.journal.commit import GroupCommit
from alertwire.journal.database import open_database
from alertwire.ports import free_port
from alertwire.routes import Routes
from alertwire.settings import Settings
from producer import alerts
from producer.admission import Admission, Visitor
from producer.capacity import Capacity
from producer.door import Answer, Door, Request
from producer.publisher import Publisher
from tests.producer.processes import TOKEN


class TurnedClock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 14, 30, tzinfo=UTC) + timedelta(seconds=self.elapsed_s)

    def monotonic_s(self) -> float:
        return self.elapsed_s


@dataclass
class Inside:
    """A door on a real journal. Its publisher runs only where the test starts it."""

    engine: Engine
    commit: GroupCommit
    publisher: Publisher
    door: Door
    capacity: Capacity
    endpoints: Any
    clock: Any

    def post(self, token: str = TOKEN, **fields: Any) -> Answer:
        body = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1", **fields}
        return self.door.take(
            Request(token, lambda: json.dumps(body).encode(), Visitor("10.0.0.1"))
        )

    def load(self) -> None:
        """Take what the journal holds, as a start does."""
        for standing in alerts.undecided(self.engine):
            self.publisher.load(standing)

    def rows(self, query: str) -> list[Any]:
        return self.commit.run(lambda connection: connection.exec_driver_sql(query).all())


@contextmanager
def inside(
    folder: Path, route: Route | None = None, clock: Any = None, **changes: Any
) -> Iterator[Inside]:
    """Open a producer without its server."""
    clock = clock or SystemClock()
    alerts_endpoint, acks_endpoint = (f"tcp://127.0.0.1:{free_port()}" for _ in range(2))
    settings = Settings(
        home=folder,
        config=folder / "none.toml",
        alerts_endpoint=alerts_endpoint,
        acks_endpoint=acks_endpoint,
        **changes,
    )
    logger = structlog.get_logger()
    engine = open_database(settings.journal_location, setting="ALERTWIRE_JOURNAL_URL")
    commit = GroupCommit(engine)
    stream_id = commit.run(lambda connection: alerts.stream_of(connection, clock.now()))
    publisher = Publisher(settings, commit, clock, logger, stream_id)
    route = (route or Route()).model_copy(update={"token": SecretStr(TOKEN)})
    capacity = Capacity(settings, publisher)
    capacity.look()
    admission = Admission(settings.address_requests_per_minute_max)
    routes = Routes({"default": route})
    door = Door(routes, commit, publisher, admission, capacity, clock, RandomIds(), logger)
    endpoints = SimpleNamespace(alerts_endpoint=alerts_endpoint, acks_endpoint=acks_endpoint)
    try:
        yield Inside(engine, commit, publisher, door, capacity, endpoints, clock)
    finally:
        publisher.stop(5)
        commit.close()
