"""The executor: pulls an alert, plans it, has the gateway carry the commands out, acks.

It keeps nothing on disk and decides nothing that matters after a crash: killed at any point, the
producer delivers again and the gateway's ledger answers. `plan` is the pure middle, `executor` the
pure protocol, `main` the sockets. README.md is the contract that an executor in any language keeps.
"""
