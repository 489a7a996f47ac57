"""The producer: TradingView's webhook in front, the executors behind.

A request goes `door` → `dialects` (bytes to an Alert, or a refusal) → `journal` (one commit) →
200. From there the `publisher` thread takes it: it asks `dispatcher`, a pure state machine, what to
send when, and owns the sockets. It imports the kernel and nothing of the other processes.
"""
