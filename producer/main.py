"""The life of the producer: what is opened in which order, and how it ends."""

import gc
from collections.abc import Callable
from typing import Any, Final, Protocol

from alertwire import logs, process
from alertwire.clock import SystemClock
from alertwire.configuration import read_configuration
from alertwire.faults import JournalUnavailable
from alertwire.identity import RandomIds
from alertwire.journal.commit import GroupCommit
from alertwire.journal.ownership import owned_database
from alertwire.process import Stop
from alertwire.reload import Reload
from alertwire.routes import DEFAULT_ROUTE, routes_of
from alertwire.settings import Settings, listed
from alertwire.wire.sockets import hold_lock
from producer import alerts
from producer.admission import Admission
from producer.app import make_app
from producer.capacity import Capacity
from producer.door import Door
from producer.front import Front, read_networks
from producer.letters import Letters
from producer.publisher import Publisher
from producer.server import Server

WATCH_S: Final = 1.0
PUBLISHER_STOP_TIMEOUT_S: Final = 1.5


class ProducerFailed(RuntimeError):  # noqa: N818 - the event, not its handling
    """The publisher died: accepted alerts would lie there, so the process ends and says so."""


class AnyServer(Protocol):
    """What serves the application; `producer.server.Server` unless servers are being compared."""

    port: int

    def begin(self) -> None: ...
    def end(self) -> None: ...


MakeServer = Callable[[Callable[..., Any], str, int, int], AnyServer]


def main() -> int:
    """Run the producer; return its exit code."""
    return process.run("producer", run)


def run(
    settings: Settings,
    stop: Stop,
    logger: logs.Logger,
    make_server: MakeServer = Server,
    *,
    has_lane: bool = True,
) -> None:
    """Run the producer until `stop`. Raises ConfigurationError where it cannot start."""
    file = read_configuration(settings.config)
    routes = routes_of(file, settings, with_tokens=True)
    secrets = routes.secrets()
    logger = logs.configure("producer", settings, secrets)
    reload = Reload(
        settings.config,
        file,
        lambda fresh: routes_of(fresh, settings, with_tokens=True),
        stop,
        logger,
    )
    clock = SystemClock()
    with (
        hold_lock(settings.home / "producer.lock", holder="producer"),
        owned_database(
            settings.journal_location, holder="producer", setting="ALERTWIRE_JOURNAL_URL"
        ) as owned,
    ):
        commit = GroupCommit(owned.engine)
        stream_id = commit.run(lambda connection: alerts.stream_of(connection, clock.now()))
        publisher = Publisher(settings, commit, clock, logger, stream_id)
        for standing in alerts.undecided(owned.engine):
            publisher.load(standing)
        # What is loaded stays: collections need not walk it while alerts come in.
        gc.freeze()

        def why_not_ready() -> str:
            try:
                commit.run(lambda _connection: None)
            except JournalUnavailable as error:
                return f"the journal cannot be written: {error}"
            return publisher.why_not_ready() or capacity.why_not_ready(clock.now())

        capacity = Capacity(settings, publisher)
        capacity.look()
        proxies = read_networks(listed(settings.trusted_proxies))
        admission = Admission(settings.address_requests_per_minute_max)
        door = Door(routes, commit, publisher, admission, capacity, clock, RandomIds(), logger)
        letters = Letters(commit, door, publisher, clock, logger)
        app = make_app(door, letters, why_not_ready, has_lane=has_lane)
        server = make_server(
            Front(app, proxies, settings.client_subject_header),
            settings.producer_host,
            settings.producer_port,
            settings.producer_threads,
        )
        publisher.start()
        server.begin()
        _say_where(settings, server.port, logger, list(routes.by_name))
        try:
            while not stop.wait(WATCH_S):
                owned.check()
                if reason := publisher.why_dead():
                    raise ProducerFailed(reason)
                capacity.look()
                if fresh := reload.fresh():
                    secrets += fresh.secrets()
                    door.use(fresh)
        finally:
            server.end()
            publisher.stop(PUBLISHER_STOP_TIMEOUT_S)
            commit.close()


def _say_where(settings: Settings, port: int, logger: logs.Logger, names: list[str]) -> None:
    """Tell the trader what to enter, but for the token: logs are read by many."""
    if settings.webhook_token.get_secret_value():
        place = "ALERTWIRE_WEBHOOK_TOKEN"
    elif names == [DEFAULT_ROUTE]:
        place = str(settings.keys_folder / "webhook-token")
    else:
        place = str(settings.config)
    logger.info(
        "webhook_opened",
        url=f"http://{settings.producer_host}:{port}/webhook/<token>",
        token_is_in=place,
        routes=names,
    )
