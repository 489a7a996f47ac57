"""Deterministic simulation: the real dispatcher, executor and desk in a world made of one seed.

Time is a number, the network and the broker are made up, and a crash drops what was not committed.
`python -m tests.simulation --seed N --trace` shows one day, event by event. What must hold is in
docs/adr/0005-delivery.md.
"""
