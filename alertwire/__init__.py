"""The kernel: what the processes on the way of an alert share.

`wire` holds the messages as values, their codec and the sockets; `journal` the tables and the
group commit; the rest is what every process needs to live: settings, logs, clock, identity,
money, process. The kernel imports no process; only `cli` sits above them all.
"""

from importlib.metadata import version

__version__ = version("alertwire")
