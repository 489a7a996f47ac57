"""What /metrics shows of the gateway."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

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
command_to_ack_s: Final = Histogram(
    "alertwire_gateway_command_to_ack_seconds",
    "From a command read to the broker's acknowledgement committed.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
