"""Where the time goes: the stamps that travelled with each alert, read from the journal."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

from sqlalchemy import select

from alertwire.journal.database import read_database
from alertwire.journal.tables import alerts
from alertwire.wire.delivery import Stage
from loadtest.histogram import Latencies

DUE: Final = "DUE"
ARRIVED: Final = "ARRIVED"
_ORDER: Final = (DUE, *(stage.name for stage in Stage if stage is not Stage.ACKNOWLEDGED), ARRIVED)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POLL_S: Final = 0.2

Stamps = dict[str, int]
"""Nanoseconds since 1970 by the stage's name."""


def wait_until_decided(journal: Path, timeout_s: float) -> int:
    """Wait until no alert is under way; return how many still are."""
    engine = read_database(f"sqlite:///{journal}")
    if engine is None:
        return 0
    give_up_s = time.monotonic() + timeout_s
    undecided = select(alerts.c.alert_id).where(alerts.c.state.in_(["NEW", "INFLIGHT"]))
    try:
        while True:
            with engine.connect() as connection:
                open_alerts = len(connection.execute(undecided).all())
            if not open_alerts or time.monotonic() > give_up_s:
                return open_alerts
            time.sleep(_POLL_S)
    finally:
        engine.dispose()


def read_stamps(journal: Path) -> dict[str, Stamps]:
    """Return the stamps of every alert in the journal, by alert id."""
    engine = read_database(f"sqlite:///{journal}")
    if engine is None:
        return {}
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(alerts.c.alert_id, alerts.c.trace)).all()
    finally:
        engine.dispose()
    return {alert_id: parse_stamps(trace) for alert_id, trace in rows}


def parse_stamps(trace: str) -> Stamps:
    """Read the journal's JSON; of a stage stamped twice, by a second delivery, the last counts."""
    return {
        stage: (datetime.fromisoformat(at) - _EPOCH) // timedelta(microseconds=1) * 1000
        for stage, at in json.loads(trace)["stamps"]
    }


def hop_latencies(
    stamps: Mapping[str, Stamps], due_ns: Mapping[str, int], arrived_ns: Mapping[str, int]
) -> dict[str, Latencies]:
    """Return the time between neighbouring stages of the alerts that were sent and arrived."""
    hops: dict[str, Latencies] = {}
    for alert_id, due in due_ns.items():
        if alert_id not in arrived_ns:
            continue
        at = {DUE: due, **stamps.get(alert_id, {}), ARRIVED: arrived_ns[alert_id]}
        present = [stage for stage in _ORDER if stage in at]
        for before, after in pairwise(present):
            name = f"{before} → {after}"
            hops.setdefault(name, Latencies()).record(at[after] - at[before])
    return hops
