"""A TWS over TCP that any Interactive Brokers client library can talk to.

The simulator is a product of its own and knows nothing of the rest of Alertwire: it may import
the standard library and structlog. `command.py` alone also imports typer and the kernel, for the
settings and the log lines that all processes share.

How it is cut, from the wire inwards:

- `framing`, `handshake`, `versions`, `fields`: bytes to text fields and back.
- `inbound`, `inbound_order`: text fields to frozen requests; `outbound*`: values to bytes.
- `contracts`, `catalogue` and the listings beside them: what can be traded.
- `market`: a seeded random walk with a book; `matching`: what an order does at a quote.
- `exchange`: live orders, families, OCA groups; it emits events and knows no sockets.
- `accounts`: cash and positions; `reports`: events to the clients who may see them.
- `session`, `server`: the sockets; `faults`, `verbs`, `control`, `scenario`: what goes wrong.

Decoding, encoding, matching and the rules take values and return values. Clock, randomness and
timers are passed in.
"""
