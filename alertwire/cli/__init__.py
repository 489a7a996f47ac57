"""The command line: one module per group of verbs, above all processes.

Verbs that run a process import it when called, so that `alertwire send` does not wait for
ib_insync.
"""
