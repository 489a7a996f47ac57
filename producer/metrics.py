"""What Prometheus sees of the producer. Children are bound once: a look-up costs more."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from alertwire.wire.delivery import Outcome

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30)

ACCEPTED: Final = Counter("alertwire_alerts_accepted", "Alerts journaled.")
DUPLICATE: Final = Counter("alertwire_alerts_duplicate", "Alerts that were there already.")
LATE: Final = Counter("alertwire_alerts_late", "Alerts kept as late, for a person.")
REFUSED: Final = Counter("alertwire_alerts_refused", "Requests refused, by code.", ["code"])
_DECIDED: Final = Counter("alertwire_alerts_decided", "Alerts ended, by outcome.", ["outcome"])
DECIDED: Final = {outcome: _DECIDED.labels(outcome.name.lower()) for outcome in Outcome}
SENT: Final = Counter("alertwire_deliveries_sent", "Deliveries sent, repeats included.")
UNDECIDED: Final = Gauge("alertwire_alerts_undecided", "Alerts accepted and not yet decided.")
PARKED: Final = Gauge("alertwire_keys_parked", "Keys halted for a person.")
EXECUTORS: Final = Gauge("alertwire_executors", "Executors whose heartbeats arrive.")
WEBHOOK_SECONDS: Final = Histogram(
    "alertwire_webhook_seconds", "Request read to answer ready.", buckets=_SECONDS
)
DECISION_SECONDS: Final = Histogram(
    "alertwire_decision_seconds", "Alert accepted to its end known.", buckets=_SECONDS
)
