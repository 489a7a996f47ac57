"""Load tests: how fast Alertwire is, always beside the floor that the machine allows.

Three tests, each a command of `python -m loadtest`: `zmq` (the ZeroMQ legs with the real messages),
`path` (from the POST to the order's arrival at the simulator) and `webhook` (alerts per second).

Absolute figures of a shared machine mean little, so every run takes the floor in the same minutes:
subject, floor, subject, floor …, and prints the ratio of the medians. Latency counts from the
moment a request was due, not from when the sender got round to it: a subject that stalls cannot
hide the requests that waited meanwhile ("coordinated omission").

The senders and the floors are C, built when needed: in Python they would need the core that the
subject runs on. Nothing leaves the loopback interface, and every run ends by a time limit.
"""
