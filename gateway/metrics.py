"""What /metrics shows of the gateway."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from alertwire.wire.control import VOUCHED
from alertwire.wire.delivery import Outcome
from gateway.events import Effects
from gateway.guard import LIMIT_BREACHED

commands: Final = Counter(
    "alertwire_gateway_commands_total", "Commands decided, by outcome.", ["outcome"]
)
orders_sent: Final = Counter(
    "alertwire_gateway_orders_sent_total", "Orders handed to the broker's socket."
)
cancels_sent: Final = Counter(
    "alertwire_gateway_cancels_sent_total", "Cancels handed to the broker's socket."
)
fills: Final = Counter("alertwire_gateway_fills_total", "Executions booked.")
connected: Final = Gauge("alertwire_gateway_connected", "1 while the broker can be ordered from.")
limit_breaches: Final = Counter(
    "alertwire_limit_breaches_total", "Orders refused by a limit, by its name.", ["limit"]
)
position_drifts: Final = Gauge(
    "alertwire_gateway_position_drifts",
    "Contracts in which an account holds something else than its strategies, when last compared.",
)
halted: Final = Gauge("alertwire_halted", "Halts in force.")
command_to_ack_s: Final = Histogram(
    "alertwire_gateway_command_to_ack_seconds",
    "From a command read to the broker's acknowledgement committed.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def count(effects: Effects, halts: int) -> None:
    """Count what a turn did; `halts` are in force after it."""
    for record in effects.decided:
        if record.outcome is not None:
            commands.labels(record.outcome.name).inc()
        was_told = record.outcome is Outcome.ACCEPTED and record.detail != VOUCHED
        if was_told and record.decided_at and record.order_refs:
            waited = record.decided_at - record.taken_at
            command_to_ack_s.observe(waited.total_seconds())
    # A fill is reported again with its commission: count it once.
    fills.inc(sum(1 for r in effects.reports if r.fill is not None and r.fill.commission is None))
    halted.set(halts)
    if effects.drifts is not None:
        position_drifts.set(effects.drifts)
    for note in effects.notes:
        if note.event == LIMIT_BREACHED:
            limit_breaches.labels(note.fields["limit"]).inc()
