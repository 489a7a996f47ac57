"""How long the producer takes to be back with many undelivered alerts, and how much it holds.

Each turn writes a journal, starts the producer on it, and waits until the webhook has accepted an
alert. The floor is the same start with an empty journal.
"""

import http.client
import json
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any, Final

from alertwire.identity import RandomIds
from alertwire.journal.database import open_database
from alertwire.journal.tables import alerts
from alertwire.journal.traces import write_trace
from alertwire.ports import free_ports
from alertwire.wire import codec
from loadtest import samples
from loadtest.children import ChildFailed, Children, environment_with
from loadtest.progress import Progress
from loadtest.report import Report
from loadtest.rounds import FLOOR, interleaved

_ROWS_AT_ONCE: Final = 5000
_START_TIMEOUT_S: Final = 120.0
_POLL_S: Final = 0.01
_KIB_PER_MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run measures: so many alerts, once over each number of keys."""

    rounds: int
    alerts: int
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Back:
    """A producer that is back."""

    seconds: float
    memory_mib: float


def run(plan: Plan, folder: Path, report: Report, progress: Progress) -> None:
    """Measure each number of keys in turn with the empty journal, and fill the report."""
    progress.subject("restart")
    runs = {FLOOR: partial(_start, 0, 1, folder)}
    runs |= {_name(plan, keys): partial(_start, plan.alerts, keys, folder) for keys in plan.keys}
    found: dict[str, list[Back]] = {}
    for turn in interleaved(runs, plan.rounds, progress.turn):
        found.setdefault(turn.contestant, []).append(turn.result)
    for name, backs in found.items():
        report.add_counts(
            "no alerts" if name == FLOOR else name,
            {
                "ms until an alert is accepted": round(median(b.seconds for b in backs) * 1000),
                "MiB of memory": round(median(b.memory_mib for b in backs)),
            },
        )


def _name(plan: Plan, keys: int) -> str:
    return f"{plan.alerts} alerts over {keys} key{'s' if keys > 1 else ''}"


def _start(count: int, keys: int, folder: Path) -> Back:
    home = Path(mkdtemp(dir=folder))
    write_journal(home, count, keys)
    port, alerts_port, acks_port = free_ports(3)
    token = secrets.token_urlsafe(24)
    environment = environment_with(
        {
            "ALERTWIRE_HOME": str(home),
            "ALERTWIRE_CONFIG": str(home / "alertwire.toml"),
            "ALERTWIRE_WEBHOOK_TOKEN": token,
            "ALERTWIRE_PRODUCER_PORT": str(port),
            "ALERTWIRE_ALERTS_ENDPOINT": f"tcp://127.0.0.1:{alerts_port}",
            "ALERTWIRE_ACKS_ENDPOINT": f"tcp://127.0.0.1:{acks_port}",
            "ALERTWIRE_DISK_FREE_MIN_MIB": "0",
        }
    )
    body = samples.body(samples.SYMBOLS_MAX - 1, "after the restart")
    with Children(home) as children:
        started_s = time.monotonic()
        child = children.start("producer", [sys.executable, "-m", "producer"], environment)
        while not _is_accepted(port, token, body):
            children.check()
            if time.monotonic() - started_s > _START_TIMEOUT_S:
                raise ChildFailed(f"the producer is not back:\n{children.log_tail('producer')}")
            time.sleep(_POLL_S)
        return Back(time.monotonic() - started_s, _memory_mib(child.pid))


def write_journal(home: Path, count: int, keys: int) -> None:
    engine = open_database(f"sqlite:///{home}/journal.db", setting="ALERTWIRE_JOURNAL_URL")
    rows = _rows(count, keys)
    while batch := [row for _, row in zip(range(_ROWS_AT_ONCE), rows, strict=False)]:
        with engine.begin() as connection:
            connection.execute(alerts.insert(), batch)
    engine.dispose()


def _rows(count: int, keys: int) -> Iterator[dict[str, Any]]:
    """Make undelivered alerts as the door writes them."""
    ids, now = RandomIds(), datetime.now(UTC)
    delivery = samples.delivery(0)
    sample = delivery.alert
    assert sample is not None, "the sample holds an alert"  # noqa: S101
    for number in range(count):
        alert = replace(sample, alert_id=ids.alert_id(), strategy=f"strategy-{number % keys}")
        yield {
            "alert_id": alert.alert_id,
            "route": alert.route,
            "strategy": alert.strategy,
            "symbol": "NASDAQ:AAPL",
            "action": "buy",
            "key": f"{alert.strategy}|stock AAPL USD",
            "seq": number // keys + 1,
            "state": "NEW",
            "attempts": 0,
            "identity": f"default id {number}",
            "accepted_at": now,
            "not_after": now,
            "raw_body": samples.body(0, str(number)),
            "message": codec.encode(alert),
            "trace": write_trace(delivery.trace),
        }


def _is_accepted(port: int, token: str, body: bytes) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", f"/webhook/{token}", body)
        answer = connection.getresponse()
        return answer.status == http.client.OK and bool(json.loads(answer.read())["alert_id"])
    except OSError:
        return False
    finally:
        connection.close()


def _memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / _KIB_PER_MIB
    raise ChildFailed("the system does not tell a process's memory in /proc")
