"""What Alertwire cannot carry out yet: the one place where that stands.

An alert that got here was read to its last field and is sound. A rule that falls with a release is
deleted here, and nowhere else. Refused fields are given in the native alert's names.
"""

from alertwire.wire.alert import Action, Alert
from producer.refusal import Refused, unfit


def objection(alert: Alert) -> Refused | None:
    """Say what of this alert cannot be done yet; None: all of it can."""
    if alert.good_after is not None and alert.action in {Action.CANCEL, Action.FLATTEN}:
        kind = alert.action.name.lower()
        return _not_yet("good_after", f"a delayed {kind} is not supported", "send it when due")
    return None


def _not_yet(field: str, what: str, remedy: str) -> Refused:
    return unfit(field, f"{what}: nothing was ordered; {remedy}", "not_supported")
