"""The only process that talks to the broker: commands in, orders out, reports on every change.

It may import the kernel `alertwire` and nothing of the other processes. From the middle outwards:

- `desk` decides: state + event + time → effects, no I/O. Beside it the parts that it is made of:
  `register` (what is known, voided, busy), `dealer` (a command's way to its order), `cancels`,
  `recovery` (what the broker never saw), `link` (ready or why not, and what its lists prove),
  `book` (orders and what the broker says of them), `positions`, `clerk` (what a person asks).
- `sizing`, `tickets`, `contracts`, `orders`, `order_ids`, `errors`, `pacer`: pure rules and tables.
- `events`, `messages`, `records`: the values that travel between them.
- `floor` runs the desk: one turn drains the sockets, steps the desk, commits once, then sends.
- `broker` is the only importer of ib_insync; `ledger` the only one that knows SQL; `commands`,
  `control` and `reports` own the ZeroMQ sockets.
"""
