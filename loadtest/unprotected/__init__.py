"""The same pipeline with the protection left out: what `loadtest cost` compares Alertwire with.

No journal, no acks, no window, no ledger: what dies takes its alerts along. For measuring only.
"""
