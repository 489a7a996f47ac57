"""The servers that are compared, each behind the interface of `producer.server.Server`.

python -m loadtest.wsgi.contestants SERVER SUBJECT serves until SIGTERM, with the producer's
settings. Subjects: hello (bare WSGI), flask (the producer, all through Flask), lane (the producer).
"""

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

from alertwire import process
from alertwire.logs import Logger
from alertwire.process import Stop
from alertwire.settings import Settings
from loadtest.hello import application as hello
from producer import main as producer
from producer.server import Server as Granian

Application = Callable[..., Any]


class Waitress:
    """One thread reads and writes all connections, others work."""

    def __init__(self, application: Application, host: str, port: int, threads: int) -> None:
        self.port = port
        waitress = importlib.import_module("waitress.server")
        self._server = waitress.create_server(
            application, host=host, port=port, threads=threads, backlog=2048, ident=None
        )

    def begin(self) -> None:
        threading.Thread(target=self._server.run, daemon=True).start()

    def end(self) -> None:
        self._server.close()


class Cheroot:
    """CherryPy's server: a pool of threads, each with one connection."""

    def __init__(self, application: Application, host: str, port: int, threads: int) -> None:
        self.port = port
        cheroot = importlib.import_module("cheroot.wsgi")
        self._server = cheroot.Server(
            (host, port), application, numthreads=threads, request_queue_size=2048
        )
        self._server.prepare()

    def begin(self) -> None:
        threading.Thread(target=self._server.serve, daemon=True).start()

    def end(self) -> None:
        self._server.stop()


SERVERS: Final = {"granian": Granian, "waitress": Waitress, "cheroot": Cheroot}
SUBJECTS: Final = ("hello", "flask", "lane")


def main(server_name: str, subject: str) -> int:
    make_server: Any = SERVERS[server_name]

    def serve_hello(settings: Settings, stop: Stop, _logger: Logger) -> None:
        server = make_server(
            hello, settings.producer_host, settings.producer_port, settings.producer_threads
        )
        server.begin()
        stop.wait()
        server.end()

    def serve_producer(settings: Settings, stop: Stop, logger: Logger) -> None:
        producer.run(settings, stop, logger, make_server, has_lane=subject == "lane")

    return process.run(
        f"{server_name}-{subject}", serve_hello if subject == "hello" else serve_producer
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
