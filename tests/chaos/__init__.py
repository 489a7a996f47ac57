"""Chaos: a whole installation under fire, counted from the broker's book.

Real processes, real sockets, the real broker library. A byte proxy stands between each pair of
processes (`proxy`), reads the frames that pass (`frames`), and kills a process just before or just
after one of them (`steps`), so that each step of the crash matrix is hit from outside and the
product needs no switches for its tests. Meanwhile the broker and the disk fail (`troubles`) and
alerts keep coming (`sender`). At the end there is peace, and `verdict` holds the journal against
the broker's book. `python -m tests.chaos --help` tells the rest.
"""
