"""An exhaustive model of the delivery protocol: every state that any order of events can reach.

Door and dispatcher (one process), any number of executors, gateway and broker, as small steps on
one packed state. What lasts is the journal, the ledger with its fences, and the broker's book. All
else may be lost at any time, as often as it likes: kill -9 of any process, the connection to the
broker, any message on any hop. Nothing is bounded but the number of alerts, so there is no count
of crashes to raise.

- `state`: the layout of a state, and what a world is made of
- `safeguards`: what the protocol does for safety, each removable
- `producer`, `gateway`, `broker`: the steps of each process
- `invariants`: what must hold in every state
- `explorer`: breadth-first search, the shortest counterexample, and liveness
- `cases`: the sizes that are explored, and the safeguards whose removal must be noticed

Executors need no state. A message once sent is never taken off the model's network: it may arrive
at any later moment, any number of times, or never. That is what losses, re-sends, full queues,
stopped and killed executors amount to, for any number of them.

What it does not show: more alerts than are listed in `cases`; fills, cancels, sizes and brackets;
disks that lie, restored backups, two producers or two gateways; a person who resolves wrongly;
order ids that were reset to anything but 1. Time is only "may be too old at any moment", so an
alert may grow fresh again. Liveness is that a good path exists, not that it will be taken.
"""
