"""How long an alert counts: until when it may be carried out, since when an equal one is a twin."""

from datetime import datetime, timedelta

from alertwire.configuration import AgeFrom, Route
from alertwire.wire.alert import Action, Alert
from producer.acceptance import SENDER_ID_MEMORY
from producer.dialects.reading import Reading


def not_after(reading: Reading, route: Route, now: datetime) -> datetime | None:
    """Return when the alert has grown too old to be carried out; None: never."""
    age_s = reading.max_age_s
    if age_s is None:
        age_s = route.exit_max_age_s if _is_exit(reading.alert) else route.max_age_s
    return None if age_s is None else _begin(reading.alert, route, now) + timedelta(seconds=age_s)


def twins_since(reading: Reading, route: Route, now: datetime) -> datetime | None:
    """Return since when an equal alert is the same one; None: none is."""
    if reading.alert.sender_id:
        return now - SENDER_ID_MEMORY
    return now - timedelta(seconds=route.deduplicate_s) if route.deduplicate_s else None


def _begin(alert: Alert, route: Route, now: datetime) -> datetime:
    """Return since when the alert's age counts: one from the future is as old as it looks to us."""
    if route.age_from is AgeFrom.ARRIVAL or alert.fired_at is None:
        return now
    return min(alert.fired_at, now)


def _is_exit(alert: Alert) -> bool:
    """Whether the alert takes risk away, however it says so: that must not grow too old."""
    if alert.action in {Action.EXIT, Action.CANCEL, Action.FLATTEN, Action.MODIFY}:
        return True
    is_target = alert.action is Action.TARGET
    return is_target and alert.sizing is not None and alert.sizing.value == 0
